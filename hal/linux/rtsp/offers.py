"""Chooses a track out of what a camera offers, and makes what reads it."""

import base64
import binascii

from hal.api.errors import PortAbsent, PortRefused
from hal.api.media import StreamParameters
from hal.linux.rtsp import picture_track, sound_track
from hal.linux.rtsp.payloads import H264Track, HevcTrack
from hal.linux.rtsp.picture_track import PictureTrack
from hal.linux.rtsp.sdp import Media
from hal.linux.rtsp.sound_track import SIZE_BITS_MAX, AacTrack, SoundTrack

PICTURE, SOUND = "video", "audio"
PICTURES = ("H264", "H265")
SOUNDS = {"PCMA": "alaw", "PCMU": "ulaw", "OPUS": "opus", "MPEG4-GENERIC": "aac"}
WORDS = {PICTURE: "picture", SOUND: "sound track"}
REMEDY = 'change the camera\'s settings, or set ingest = "libav"'


def choose(name: str, kind: str, offers: list[Media]) -> Media:
    """Take the first track of a kind that we read.

    Raises:
        PortAbsent: there is no track of the kind.
        PortRefused: none of them is one that we read.
    """
    known = PICTURES if kind == PICTURE else tuple(SOUNDS)
    tracks = [media for media in offers if media.kind == kind]
    if not tracks:
        raise PortAbsent(f"source {name}: it has no {WORDS[kind]}")
    readable = [media for media in tracks if media.encoding in known]
    if not readable:
        found = ", ".join(media.encoding or "unknown" for media in tracks)
        raise PortRefused(
            f"source {name}: its {WORDS[kind]} is {found}, not one of {', '.join(known)}; {REMEDY}"
        )
    return readable[0]


def make_picture_track(name: str, media: Media, deliver: picture_track.Deliver) -> PictureTrack:
    """Make what reads a picture track.

    Raises:
        PortRefused: its packets are interleaved in a way that no camera uses.
    """
    if media.encoding == "H265":
        if media.number("sprop-max-don-diff", 0):
            raise PortRefused(f"source {name}: H.265 out of decoding order; {REMEDY}")
        sets = [media.parameters.get(f"sprop-{one}", "") for one in ("vps", "sps", "pps")]
        return HevcTrack("hevc", media, _decoded(",".join(sets)), deliver)
    if media.number("packetization-mode", 0) > 1:
        raise PortRefused(f"source {name}: H.264 in interleaved mode; {REMEDY}")
    sets_text = media.parameters.get("sprop-parameter-sets", "")
    return H264Track("h264", media, _decoded(sets_text), deliver)


def make_sound_track(name: str, media: Media, deliver: sound_track.Deliver) -> SoundTrack:
    """Make what reads a sound track.

    Raises:
        PortRefused: AAC in a mode other than that of RFC 3640 with sizes.
    """
    codec = SOUNDS[media.encoding]
    extradata = b""
    if codec == "aac":
        mode = media.parameters.get("mode", "").lower()
        is_readable = mode in {"aac-hbr", "aac-lbr"}
        if not is_readable or not 0 < media.number("sizelength", 13) <= SIZE_BITS_MAX:
            raise PortRefused(f"source {name}: AAC in mode {mode!r}; {REMEDY}")
        extradata = _unhexed(media.parameters.get("config", ""))
    rate, channels = media.clock_hz, media.channel_count
    parameters = StreamParameters(
        codec, rate, extradata, sample_rate_hz=rate, channel_count=channels
    )
    make = AacTrack if codec == "aac" else SoundTrack
    return make(media, parameters, deliver)


def _decoded(text: str) -> list[bytes]:
    """Read sets in Base64 with commas between; those that make no sense are left out."""
    sets: list[bytes] = []
    for word in text.split(","):
        try:
            sets.append(base64.b64decode(word.strip(), validate=True))
        except (binascii.Error, ValueError):
            continue
    return [one for one in sets if len(one) > 3]  # noqa: PLR2004


def _unhexed(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""
