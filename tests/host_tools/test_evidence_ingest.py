"""From packets on the wire to the export: what a camera changes or reorders comes back right."""

from pathlib import Path

import av

from hal.api.media import AccessUnit, StreamParameters
from hal.linux.media_queue import PictureQueue
from hal.linux.nal import Framing
from hal.linux.rtsp.offers import make_picture_track
from host_tools.evidence import verify_alone
from tests.hal import rtsp_packets as paper
from tests.host_tools.evidence_rig import PICTURE, PoolRig, export, request
from tests.host_tools.test_evidence import hashes, make_clip

PIECE_BYTES = 1300
RTP_HZ = 90_000


class WireCamera:
    """Sends clips as one RTP stream, as a camera does that is set otherwise under way."""

    def __init__(self) -> None:
        self.queue = PictureQueue()
        self.track = make_picture_track("cam", paper.media(), self._deliver)
        self._sequence = 0
        self._ticks = 0xFFFF_0000  # wraps soon
        self._now_ms = 0

    def send(self, clip: Path) -> list[int]:
        """Send a clip; returns when its pictures are shown, in ticks from its first."""
        with av.open(str(clip)) as film:
            stream = film.streams.video[0]
            assert stream.time_base is not None
            hz = int(1 / stream.time_base)
            framing = Framing("h264", bytes(stream.codec_context.extradata or b""))
            packets = [packet for packet in film.demux(stream) if packet.size]
            shown = [(packet.pts or 0) * RTP_HZ // hz for packet in packets]
            for packet, pts in zip(packets, shown, strict=True):
                units = framing.units(bytes(packet))
                units = [*framing.sets, *units] if packet.is_keyframe else units
                self._send(units, self._ticks + pts)
        self._ticks += max(shown) + RTP_HZ // 25
        return sorted(one - min(shown) for one in shown)

    def _send(self, units: list[bytes], ticks: int) -> None:
        payloads = [one for unit in units for one in paper.fu_a(unit, PIECE_BYTES)]
        for at, payload in enumerate(payloads):
            packet = paper.rtp(self._sequence, ticks, payload, at == len(payloads) - 1)
            self.track.packet(packet, 0, len(packet), self._now_ms)
            self._sequence += 1
        self.track.flush()
        self._now_ms += 40

    def _deliver(self, unit: AccessUnit) -> None:
        self.queue.put(unit, self.track.parameters)

    def record(self, rig: PoolRig) -> list[StreamParameters]:
        """Let the core read it, batch after batch; returns the parameters of each."""
        seen: list[StreamParameters] = []
        while not self.queue.is_empty():
            units: list[AccessUnit] = []
            while (unit := self.queue.take()) is not None:
                units.append(unit)
            if units:
                assert self.queue.parameters is not None
                seen.append(self.queue.parameters)
                rig.open(PICTURE, seen[-1])
            for unit in units:
                rig.give(PICTURE, unit)
        return seen


def shown_ticks(path: Path) -> list[int]:
    """When the pictures of an export are shown, in ticks from its first."""
    with av.open(str(path)) as film:
        times = sorted(
            packet.pts or 0 for packet in film.demux(film.streams.video[0]) if packet.size
        )
    return [one - times[0] for one in times]


def test_b_pictures_and_a_change_of_parameters_come_back_frame_by_frame_with_their_times(
    tmp_path: Path,
):
    small, large = tmp_path / "small.mp4", tmp_path / "large.mp4"
    make_clip(small, "320x240", 3)
    make_clip(large, "480x272", 2)
    camera, rig = WireCamera(), PoolRig(tmp_path / "pool")
    times = [camera.send(clip) for clip in (small, large, small)]
    seen = camera.record(rig)  # the core was late: all of it waits in one queue
    rig.settle()
    assert [one.width_px for one in seen] == [320, 480, 320]
    assert (camera.track.change_count, camera.track.damaged_count) == (2, 0)
    result = export(rig.path, rig.release, request(0, 60_000), tmp_path / "out")
    assert len(result.files) == 3, "a new file where it is read otherwise"
    for path, clip, ticks in zip(result.paths(), (small, large, small), times, strict=True):
        assert hashes(path) == hashes(clip, "-an"), path.name
        assert shown_ticks(path) == ticks, path.name
    assert verify_alone.check(result.folder)[0] == []


def test_times_that_jump_leave_one_film_that_goes_on(tmp_path: Path):
    clip = tmp_path / "clip.mp4"
    make_clip(clip, seconds=2)
    for jump_s in (-3600, -5, 3600):
        camera, rig = WireCamera(), PoolRig(tmp_path / f"pool{jump_s}")
        camera.send(clip)
        camera._ticks += jump_s * RTP_HZ
        camera.send(clip)
        camera.record(rig)
        rig.settle()
        result = export(rig.path, rig.release, request(0, 60_000), tmp_path / f"out{jump_s}")
        assert len(result.files) == 1
        assert hashes(result.paths()[0]) == hashes(clip, "-an") * 2, jump_s
        got = shown_ticks(result.paths()[0])
        assert 3.5 * RTP_HZ < got[-1] < 6 * RTP_HZ, (jump_s, got[-1] / RTP_HZ)
        assert camera.track.jump_count == 1, jump_s
