"""Our RTSP client keeps the promises of camera and microphone with a real server."""

import contextlib
import signal
from pathlib import Path

import pytest
from tests.hal.certificates import Authority
from tests.hal.real_world import run_checks
from tests.hal.servers import Proxy, Server, film, free_port, rtsp
from tests.hal.test_media import RtspWorld, film_slices, make_with, slice_hashes

from hal.api.errors import PortAbsent, PortError, PortLost, PortRefused
from hal.conformance import media as checks
from hal.conformance.world import wait_until
from hal.linux.digital import SessionGate
from hal.linux.nal import split_lengths
from hal.linux.rtsp.camera import RtspCamera
from hal.linux.rtsp.microphone import RtspMicrophone

CODECS = {"both": "aac", "alaw": "alaw", "ulaw": "ulaw", "opus": "opus"}


def server_with(folder, *words):
    """A server with a guard of its own; see `rtsp_server.py`."""
    port = free_port()
    script = Path(__file__).with_name("rtsp_server.py")
    command = ["/usr/bin/python3", str(script), str(port), str(film()), *words]
    return Server(command, port, folder)


def trouble_of(port, world):
    told = []

    def is_told():
        try:
            while port.read() is not None:
                pass
        except PortError as trouble:
            told.append(trouble)
        return bool(told)

    assert wait_until(world, is_told, 20_000), "silence"
    port.close()
    return told[0]


@contextlib.contextmanager
def world_of(server, path="both"):
    world = RtspWorld(server, path)
    try:
        yield world
    finally:
        world.close()


def test_every_promise_of_a_camera_holds_by_tcp_and_by_udp(tmp_path):
    with rtsp(tmp_path, film()) as server:
        make = make_with(lambda: RtspWorld(server), lambda w: RtspCamera(w.url, w.wake))
        assert len(run_checks(checks, "check_camera", make)) == 4
        near = f"rtsp://127.0.0.1:{server.port}/both"
        make = make_with(
            lambda: RtspWorld(server), lambda w: RtspCamera(near, w.wake, is_udp=True)
        )
        assert len(run_checks(checks, "check_camera", make)) == 4


@pytest.mark.slow
def test_every_promise_of_a_microphone_holds_for_every_codec(tmp_path):
    with rtsp(tmp_path, film()) as server:
        for path, codec in CODECS.items():
            make = make_with(
                lambda path=path: RtspWorld(server, path), lambda w: RtspMicrophone(w.url, w.wake)
            )
            names = {} if path == "both" else {"check_microphone_hears_while_open"}
            assert len(run_checks(checks, "check_microphone", make, names)) == (1 if names else 4)
            with world_of(server, path) as world:
                microphone = RtspMicrophone(world.url, world.wake)
                microphone.open()
                assert wait_until(world, microphone.parameters, 10000), path
                assert microphone.parameters().codec == codec
                microphone.close()


def test_the_picture_never_sets_up_the_sound_nor_the_sound_the_picture(tmp_path):
    with rtsp(tmp_path, film()) as server, world_of(server) as world:
        camera = RtspCamera(world.url, world.wake)
        microphone = RtspMicrophone(world.url, world.wake)
        gate = SessionGate("yard", microphone)
        camera.open()
        checks._take(camera, world, 20)
        assert (world.picture_count(), world.sound_count()) == (1, 0)
        assert not gate.get()
        gate.set(True)
        microphone.open()
        checks._take(microphone, world, 20)
        assert (world.picture_count(), world.sound_count()) == (1, 1)
        gate.set(False)
        microphone.close()
        assert wait_until(world, lambda: not gate.get(), 1000), "the session lives on"
        assert wait_until(world, lambda: world.proxy.requests("TEARDOWN"), 1000)
        checks._take(camera, world, 20)
        assert (world.picture_count(), world.sound_count()) == (1, 1)
        assert camera.dropped_count == 0, "switching sound cost a picture"
        for _ in range(20):  # opened and closed at once, at every stage of the conversation
            microphone.open()
            world.pause(3 * _)
            microphone.close()
            assert wait_until(world, lambda: not microphone.has_session(), 2000)
        camera.close()


def test_pictures_are_byte_for_byte_those_of_the_film(tmp_path):
    want = film_slices()
    with rtsp(tmp_path, film()) as server:
        for is_udp in (False, True):
            with world_of(server) as world:
                url = f"rtsp://127.0.0.1:{server.port}/both"
                camera = RtspCamera(url, world.wake, is_udp=is_udp)
                camera.open()
                got = checks._take(camera, world, 130)
                offset_ms = camera._opening.session.clock.offset_ms()
                assert offset_ms is not None
                assert abs(offset_ms) < 2000, "one clock, two answers"
                camera.close()
            hashes = [one for unit in got for one in slice_hashes(split_lengths(unit.data, 4))]
            assert len(hashes) >= 130
            assert hashes == want[: len(hashes)], is_udp


def test_guards_are_passed_with_the_right_password_and_refused_with_another(tmp_path):
    authority = Authority(tmp_path)
    certificate, key = authority.issue("camera")
    guards = {"guarded": "rtsp", "digest": "rtsp", f"tls:{certificate}:{key}": "rtsps"}
    for word, scheme in guards.items():
        with (
            server_with(tmp_path, word) as server,
            world_of(server) as world,
            pytest.MonkeyPatch.context() as patch,
        ):
            patch.setenv("SSL_CERT_FILE", authority.path("ca.pem"))
            host = f"127.0.0.1:{server.port}/both"
            camera = RtspCamera(f"{scheme}://viewer:lamp@{host}", world.wake)
            camera.open()
            assert checks._take(camera, world, 20)[0].is_keyframe, word
            camera.close()
            bad = RtspCamera(f"{scheme}://viewer:lamp-no@{host}", world.wake)
            bad.open()
            trouble = trouble_of(bad, world)
            assert isinstance(trouble, PortRefused), (word, trouble)
            assert f"{scheme}://{host}" in str(trouble)
            assert "lamp-no" not in str(trouble)
            if scheme == "rtsps":
                patch.delenv("SSL_CERT_FILE")
                camera.open()
                trouble = trouble_of(camera, world)
                assert isinstance(trouble, PortRefused), trouble
                assert "SSL_CERT_FILE" in str(trouble)


def test_what_is_absent_cut_or_killed_is_told_and_can_be_opened_again(tmp_path):
    with rtsp(tmp_path, film()) as server, world_of(server) as world:
        nobody = RtspCamera(f"rtsp://viewer:lamp@127.0.0.1:{free_port()}/both", world.wake)
        checks.check_media_absent_is_told(nobody, world)
        wrong = RtspCamera(world.url.replace("both", "none"), world.wake)
        checks.check_media_absent_is_told(wrong, world)
        mute = RtspMicrophone(world.url.replace("both", "silent"), world.wake)
        checks.check_media_absent_is_told(mute, world)
        nameless = RtspCamera("rtsp://no-such-host.invalid/both", world.wake)
        checks.check_media_absent_is_told(nameless, world)
        camera = RtspCamera(world.url, world.wake)
        camera.open()
        checks._take(camera, world, 5)
        world.proxy.cut()
        assert isinstance(trouble_of(camera, world), PortLost)
        world.proxy.mend()
        camera.open()
        assert checks._take(camera, world, 3)[0].is_keyframe, "after the cut"
        server.end(signal.SIGKILL)
        assert isinstance(trouble_of(camera, world), PortLost)
        camera.open()
        assert isinstance(trouble_of(camera, world), (PortAbsent, PortLost))
        server.start()
        camera.open()
        assert checks._take(camera, world, 3)[0].is_keyframe, "after the kill"
        camera.close()


def test_a_server_that_is_no_camera_is_told(tmp_path):
    with rtsp(tmp_path, film()) as server, Proxy(server.port) as proxy, world_of(server) as world:
        camera = RtspCamera(f"rtsps://127.0.0.1:{proxy.port}/both", world.wake)
        camera.open()
        trouble = trouble_of(camera, world)
        assert isinstance(trouble, PortRefused), trouble


def test_a_late_core_loses_whole_groups_and_they_are_counted(tmp_path):
    with rtsp(tmp_path, film()) as server, world_of(server) as world:
        camera = RtspCamera(world.url, world.wake, queue_bytes_max=60_000)
        camera.open()
        queue = camera._receiver.queue
        assert wait_until(world, lambda: queue.dropped_count > 0, 20_000)
        assert checks._take(camera, world, 1)[0].is_keyframe, "began in the middle of a group"
        count = camera.dropped_count
        assert count > 0
        camera.close()
        camera.open()
        assert camera.dropped_count >= count, "a counter fell"
        camera.close()
