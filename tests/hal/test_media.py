"""Pictures and sound keep their promises with a real RTSP server, and a film file."""

import contextlib
import hashlib
import io
import subprocess

import av
import numpy as np
import pytest
from tests.hal.real_world import RealWorld, run_checks
from tests.hal.servers import Proxy, film, free_port, program, rtsp

from hal.api.errors import PortAbsent, PortError, PortLost, PortRefused
from hal.conformance import media as checks
from hal.conformance.world import wait_until
from hal.linux.camera import StreamCamera
from hal.linux.digital import SessionGate
from hal.linux.microphone import TrackMicrophone
from hal.linux.nal import join_annex_b, split_lengths
from hal.linux.wake import Wake


class RtspWorld(RealWorld):
    """A server behind a proxy that remembers which tracks were set up."""

    def __init__(self, server, path="both"):
        self.proxy = Proxy(server.port)
        self.wake = Wake()
        self.url = f"rtsp://127.0.0.1:{self.proxy.port}/{path}"

    def sound_count(self):
        return len([line for line in self.proxy.requests("SETUP") if "stream=1" in line])

    def picture_count(self):
        return len([line for line in self.proxy.requests("SETUP") if "stream=0" in line])

    def close(self):
        self.proxy.close()
        self.wake.close()


class FilmWorld(RealWorld):
    """A film file; its sound is never opened by a camera, which has no say in it here."""

    def __init__(self):
        self.wake = Wake()

    def sound_count(self):
        return 0

    def close(self):
        self.wake.close()


def make_with(world_of, port_of):
    @contextlib.contextmanager
    def make():
        world = world_of()
        port = port_of(world)
        try:
            yield port, world
        finally:
            port.close()
            world.close()

    return make


def test_every_promise_of_a_camera_holds_with_a_real_server(tmp_path):
    with rtsp(tmp_path, film()) as server:
        make = make_with(lambda: RtspWorld(server), lambda w: StreamCamera(w.url, w.wake))
        assert len(run_checks(checks, "check_camera", make)) == 4


def test_every_promise_of_a_camera_holds_with_a_film():
    make = make_with(FilmWorld, lambda world: StreamCamera(str(film()), world.wake))
    assert len(run_checks(checks, "check_camera", make)) == 4


@pytest.mark.slow
def test_every_promise_of_a_microphone_holds_for_every_codec(tmp_path):
    codecs = {"both": "aac", "alaw": "alaw", "ulaw": "ulaw", "opus": "opus"}
    with rtsp(tmp_path, film()) as server:
        for path, codec in codecs.items():
            make = make_with(
                lambda path=path: RtspWorld(server, path), lambda w: TrackMicrophone(w.url, w.wake)
            )
            names = {} if path == "both" else {"check_microphone_hears_while_open"}
            assert len(run_checks(checks, "check_microphone", make, names)) == (1 if names else 4)
            world = RtspWorld(server, path)
            microphone = TrackMicrophone(world.url, world.wake)
            microphone.open()
            assert wait_until(world, microphone.parameters, 10000), path
            assert microphone.parameters().codec == codec
            microphone.close()
            world.close()


def test_the_picture_never_sets_up_the_sound_nor_the_sound_the_picture(tmp_path):
    with rtsp(tmp_path, film()) as server:
        world = RtspWorld(server)
        camera = StreamCamera(world.url, world.wake)
        microphone = TrackMicrophone(world.url, world.wake)
        gate = SessionGate("yard", microphone)
        camera.open()
        checks._take(camera, world, 20)
        assert (world.picture_count(), world.sound_count()) == (1, 0)
        assert not gate.get()
        gate.set(True)
        microphone.open()
        checks._take(microphone, world, 20)
        assert (world.picture_count(), world.sound_count()) == (1, 1)
        dropped_count = camera.dropped_count
        gate.set(False)
        microphone.close()
        assert wait_until(world, lambda: not gate.get(), 1000), "the session lives on"
        assert wait_until(world, lambda: world.proxy.requests("TEARDOWN"), 1000)
        checks._take(camera, world, 20)
        assert (world.picture_count(), world.sound_count()) == (1, 1)
        assert camera.dropped_count == dropped_count, "switching sound cost a picture"
        camera.close()
        world.close()


def slice_hashes(units):
    """The hash of each slice, without the zeros that belong to the framing."""
    slices = [unit.rstrip(b"\x00") for unit in units if unit and unit[0] & 0x1F in {1, 5}]
    return [hashlib.sha256(one).hexdigest()[:16] for one in slices]


def film_slices():
    """The slices of the film, read by another path: ffmpeg's own Annex B."""
    command = [program("ffmpeg"), "-v", "error", "-i", str(film()), "-map", "0:v", "-c", "copy"]
    command += ["-bsf:v", "h264_mp4toannexb", "-f", "h264", "-"]
    data = subprocess.run(command, check=True, capture_output=True).stdout
    return slice_hashes(data.split(b"\x00\x00\x01"))


def test_pictures_from_the_wire_are_byte_for_byte_those_of_the_film(tmp_path):
    want = film_slices()
    with rtsp(tmp_path, film()) as server:
        world = RtspWorld(server)
        camera = StreamCamera(world.url, world.wake)
        camera.open()
        got = checks._take(camera, world, 120)
        extradata = camera.parameters().extradata
        camera.close()
        world.close()
    hashes = [one for unit in got for one in slice_hashes(split_lengths(unit.data, 4))]
    assert hashes == want[: len(hashes)]
    assert len(hashes) >= len(got)
    whole = extradata + b"".join(join_annex_b(split_lengths(unit.data, 4)) for unit in got)
    with av.open(io.BytesIO(whole), format="h264") as container:
        assert len(list(container.decode(video=0))) == len(got), "not every picture decodes"


def test_a_late_core_loses_whole_groups_and_they_are_counted():
    world = FilmWorld()
    camera = StreamCamera(str(film()), world.wake, queue_bytes_max=200_000)
    camera.open()
    assert wait_until(world, lambda: camera._receiver.queue.dropped_count > 40, 20000)
    units = checks._take(camera, world, 1)
    assert units[0].is_keyframe, "began in the middle of a group"
    assert camera.dropped_count > 40
    count = camera.dropped_count
    camera.close()
    camera.open()
    assert camera.dropped_count >= count, "a counter fell"
    camera.close()
    world.close()


def test_zones_are_filled_in_a_still_and_the_rest_is_shown():
    world = FilmWorld()
    camera = StreamCamera(str(film()), world.wake)
    camera.open()
    checks._take(camera, world, 1)
    assert wait_until(world, camera.measures, 5000)
    with av.open(io.BytesIO(camera.still([(0, 0, 500, 1000)])), format="mjpeg") as container:
        grey = next(container.decode(video=0)).to_ndarray(format="gray").astype(int)
    half = grey.shape[1] // 2
    assert np.abs(grey[:, : half - 8] - 128).max() <= 4, "something shows through"
    assert grey[:, half + 16 :].std() > 10, "the rest is not shown"
    camera.close()
    world.close()


def trouble_of(url):
    """Open a source; returns the error that `read` raises."""
    world = FilmWorld()
    camera = StreamCamera(url, world.wake)
    camera.open()
    told = []

    def is_told():
        try:
            camera.read()
        except PortError as trouble:
            told.append(trouble)
        return bool(told)

    assert wait_until(world, is_told, 20000), url
    camera.close()
    world.close()
    assert "lamp" not in str(told[0]).replace("lamppost", ""), "the password was told"
    return told[0]


def test_what_a_source_refuses_is_told_by_its_class_and_without_the_password(tmp_path):
    port = free_port()
    note = tmp_path / "note.mp4"
    note.write_bytes(b"no film at all" * 100)
    assert isinstance(trouble_of(f"rtsp://viewer:lamp@127.0.0.1:{port}/both"), PortAbsent)
    assert isinstance(trouble_of(str(note)), PortRefused)
    assert isinstance(trouble_of(str(tmp_path / "none.mp4")), PortAbsent)
    with rtsp(tmp_path, film(), is_guarded=True) as server:
        address = f"127.0.0.1:{server.port}/both"
        refused = trouble_of(f"rtsp://viewer:lamp-no@{address}")
        assert isinstance(refused, PortRefused), repr(refused)
        assert f"rtsp://{address}" in str(refused), str(refused)
        world = FilmWorld()
        camera = StreamCamera(f"rtsp://viewer:lamp@{address}", world.wake)
        camera.open()
        checks._take(camera, world, 3)
        assert camera.name == f"rtsp://{address}"
        camera.close()
        world.close()
    for url in ("gopher://host/x", "ftp://host"):
        with contextlib.suppress(PortRefused):
            StreamCamera(url, world.wake)
            raise AssertionError(url)


def test_a_silent_film_has_no_microphone_and_a_cut_is_told(tmp_path):
    with rtsp(tmp_path, film()) as server:
        world = RtspWorld(server, "silent")
        checks.check_media_absent_is_told(TrackMicrophone(world.url, world.wake), world)
        camera = StreamCamera(world.url, world.wake)
        camera.open()
        checks._take(camera, world, 5)
        world.proxy.cut()
        told = []

        def is_told():
            try:
                camera.read()
            except PortLost as trouble:
                told.append(trouble)
            return bool(told)

        assert wait_until(world, is_told, 20000), "nobody noticed"
        camera.close()
        world.proxy.mend()
        camera.open()
        assert checks._take(camera, world, 3)[0].is_keyframe, "after the cut"
        camera.close()
        world.close()


@pytest.mark.slow
def test_a_film_goes_round_and_its_times_go_on(tmp_path):
    short = tmp_path / "short.mp4"
    command = [program("ffmpeg"), "-v", "error", "-i", str(film()), "-t", "2", "-c", "copy"]
    subprocess.run([*command, str(short)], check=True)
    world = FilmWorld()
    camera = StreamCamera(str(short), world.wake)
    start_ms = world.now_ms()
    camera.open()
    units = checks._take(camera, world, 130)
    span_ms = world.now_ms() - start_ms
    timescale = camera.parameters().timescale
    camera.close()
    world.close()
    film_ms = (units[-1].dts - units[0].dts) * 1000 // timescale
    assert abs(film_ms - span_ms) < 700, (film_ms, span_ms)
    for index in range(1, len(units)):
        assert units[index].dts > units[index - 1].dts, index
