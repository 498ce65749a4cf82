"""A real RTSP server (GStreamer) for one film; run it with Debian's /usr/bin/python3.

usage: rtsp_server.py PORT FILM.mp4 [guarded | digest | tls:CERTIFICATE:KEY]

/both      picture and AAC sound, each client its own from the start
/silent    picture alone
/alaw      picture and G.711 A-law
/ulaw      picture and G.711 mu-law
/opus      picture and Opus

With a word only user "viewer" with password "lamp" gets anything: "guarded" asks by Basic,
"digest" by Digest, and "tls" speaks RTSPS and asks by Basic.
"""

# Debian's interpreter and bindings, so nothing of ours is imported and no type is known
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")

from gi.repository import Gio, GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

PICTURE = "d.video_0 ! queue ! h264parse ! rtph264pay name=pay0 pt=96 config-interval=-1"
DECODED = "d.audio_0 ! queue ! aacparse ! avdec_aac ! audioconvert ! audioresample ! audio/x-raw"
NARROW = f"{DECODED},rate=8000,channels=1"
SOUNDS = {
    "/both": "d.audio_0 ! queue ! aacparse ! rtpmp4gpay name=pay1 pt=97",
    "/silent": "",
    "/alaw": f"{NARROW} ! alawenc ! rtppcmapay name=pay1 pt=8",
    "/ulaw": f"{NARROW} ! mulawenc ! rtppcmupay name=pay1 pt=0",
    "/opus": f"{DECODED},rate=48000,channels=1 ! opusenc ! rtpopuspay name=pay1 pt=97",
}


def factory(film: str, sound: str) -> "GstRtspServer.RTSPMediaFactory":
    """Make the source behind one mount."""
    made = GstRtspServer.RTSPMediaFactory()
    made.set_launch(f"( filesrc location={film} ! qtdemux name=d {PICTURE} {sound} )")
    made.set_shared(False)
    role = "viewer, media.factory.access=(boolean)true, media.factory.construct=(boolean)true"
    made.add_role_from_structure(Gst.Structure.from_string(role)[0])
    return made


def guard(server: "GstRtspServer.RTSPServer", word: str) -> None:
    """Let nobody in but user "viewer" with password "lamp"."""
    auth = GstRtspServer.RTSPAuth()
    viewer = GstRtspServer.RTSPToken()
    viewer.set_string("media.factory.role", "viewer")
    kind, *files = word.split(":")
    if kind == "digest":
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        auth.add_digest("viewer", "lamp", viewer)
    else:
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic("viewer", "lamp"), viewer)
    if kind == "tls":
        auth.set_tls_certificate(Gio.TlsCertificate.new_from_files(*files))
    server.set_auth(auth)


def main() -> None:
    """Serve until killed."""
    port, film, *words = sys.argv[1:]
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(port)
    if words:
        guard(server, words[0])
    for path, sound in SOUNDS.items():
        server.get_mount_points().add_factory(path, factory(film, sound))
    server.attach(None)
    GLib.MainLoop().run()


main()
