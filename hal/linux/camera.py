"""A camera on Linux: RTSP, HTTP, V4L2 or a film file, through PyAV, without its sound."""

from typing import TYPE_CHECKING, Any

from hal.api.errors import PortError, PortRefused
from hal.api.media import AccessUnit, PictureMeasures, StreamParameters
from hal.linux.media_queue import PictureQueue, added
from hal.linux.nal import (
    Framing,
    join_annex_b,
    join_lengths,
    parameter_sets,
    starts_picture,
)
from hal.linux.picture import PictureEye, still
from hal.linux.pull import Pull, boot_ms, ticks_of
from hal.linux.source import PICTURE, Source
from hal.linux.wake import Wake

if TYPE_CHECKING:
    from av import VideoFrame
    from av.packet import Packet
    from av.stream import Stream

CODECS = {"h264": "h264", "hevc": "hevc", "mjpeg": "jpeg"}
USUAL_RATE_HZ = 25
NO_TIME = -(1 << 62)


class StreamCamera:
    """Coded pictures of one source.

    Args:
        url: see `hal.linux.source.Source`.
        wake: told when a picture came.
        queue_bytes_max: bound of what waits for the core.
    """

    def __init__(self, url: str, wake: Wake, queue_bytes_max: int = 10_000_000) -> None:
        self._source = Source(url)
        self.name = self._source.name
        self.dropped_count = 0
        self._dropped_before_count = 0
        self._before: dict[str, int] = {}
        self._queue_bytes_max = queue_bytes_max
        self._wake = wake
        self._receiver: _Receiver | None = None

    def open(self) -> None:
        """Begin to receive, in a thread."""
        assert self._receiver is None
        self._receiver = _Receiver(self._source, self._wake, self._queue_bytes_max)

    def close(self) -> None:
        """Stop receiving; idempotent."""
        if self._receiver is not None:
            self._receiver.pull.stop()
            self._count(self._receiver)
            self._dropped_before_count = self.dropped_count
            self._before = self.counts()
            self._receiver = None

    def read(self) -> AccessUnit | None:
        """Hand over the next access unit, or None when there is none yet.

        Raises:
            PortAbsent, PortRefused, PortLost: told by the thread; again until `close`.
        """
        receiver = self._receiver
        if receiver is None:
            return None
        unit = receiver.queue.take()
        self._count(receiver)
        trouble: PortError | None = receiver.pull.trouble
        if unit is None and not receiver.queue.is_empty():
            self._wake.notify()  # what waits is read otherwise than what was read
        elif unit is None and trouble is not None:
            raise trouble
        return unit

    def parameters(self) -> StreamParameters | None:
        """How to read the access units; None until the first keyframe."""
        return self._receiver.queue.parameters if self._receiver else None

    def clock_offset_ms(self) -> int | None:
        """None: libavformat's word for it is not measured."""
        return None

    def clock_doubt_ms(self) -> int:
        """Nothing is measured."""
        return 0

    def counts(self) -> dict[str, int]:
        """What was wrong with what came, by name."""
        found = self._receiver.counts() if self._receiver else {}
        return added(self._before, found)

    def measures(self) -> PictureMeasures | None:
        """The newest measured picture; None before the first."""
        latest = self._receiver.latest() if self._receiver else None
        return latest[1] if latest else None

    def still(self, zones: list[tuple[int, int, int, int]]) -> bytes:
        """Make a JPEG, at most 1280 wide, of the newest decoded keyframe with zones filled."""
        latest = self._receiver.latest() if self._receiver else None
        return still(latest[0], zones) if latest else b""

    def _count(self, receiver: "_Receiver") -> None:
        self.dropped_count = self._dropped_before_count + receiver.queue.dropped_count


class _Receiver:
    """Everything of one opening; a late thread of an earlier one can reach nothing of this."""

    def __init__(self, source: Source, wake: Wake, queue_bytes_max: int) -> None:
        self.queue = PictureQueue(queue_bytes_max)
        self.parameters: StreamParameters | None = None
        self._source = source
        self._codec = ""
        self._framing: Framing | None = None
        self._eye: PictureEye | None = None
        self._broken_before_count = self._change_count = 0
        self._sets: list[bytes] = []
        self._size_px = (0, 0)
        self._timescale = (1, 1)
        self._unit: _OpenUnit | None = None
        self._dts = NO_TIME
        self.pull = Pull(source, PICTURE, self._on_stream, self._on_packet, wake.notify)

    def latest(self) -> "tuple[VideoFrame, PictureMeasures] | None":
        """The newest decoded picture and its measures."""
        return self._eye.latest if self._eye else None

    def counts(self) -> dict[str, int]:
        """As `Camera.counts`, of this opening."""
        eye = self._eye
        broken_count = self._broken_before_count + (eye.broken_count if eye is not None else 0)
        return {
            "broken": broken_count,
            "changes": self._change_count,
            "headless": self.queue.passed_count,
        }

    def _on_stream(self, stream: "Stream") -> None:
        context = stream.codec_context
        name = context.name
        if name not in CODECS:
            raise PortRefused(
                f"source {self._source.name}: codec {name} is not one of h264, hevc, mjpeg; "
                "change the camera's settings"
            )
        self._codec = CODECS[name]
        extradata = bytes(context.extradata or b"")
        if self._codec != "jpeg":
            self._framing = Framing(self._codec, extradata)
            self._sets = self._framing.sets
        base = stream.time_base
        assert base is not None
        self._timescale = (base.numerator, base.denominator)
        self._size_px = (getattr(context, "width", 0), getattr(context, "height", 0))
        self._eye = PictureEye(self._codec, join_annex_b(self._sets))

    def _on_packet(self, packet: "Packet[Any]", offset: int) -> None:
        """Collect the packets of one access unit: a keyframe of several slices may come as two."""
        data = bytes(packet)
        units = self._framing.units(data) if self._framing else [data]
        ticks = ticks_of(packet)
        if self._unit is not None and self._is_next(self._unit, ticks, offset, units):
            if self._unit.dts is None:
                self._date(self._unit, packet, ticks, offset)
            self._finish(self._unit)
            self._unit = None
        if self._unit is None:
            self._unit = _OpenUnit(ticks, packet.pts, offset)
        self._unit.units += units
        self._unit.is_keyframe = self._unit.is_keyframe or packet.is_keyframe
        if self._framing is None or self._source.is_file:
            self._finish(self._unit)
            self._unit = None

    def _is_next(
        self, unit: "_OpenUnit", ticks: int | None, offset: int, units: list[bytes]
    ) -> bool:
        """Tell whether a packet belongs to another picture than the open one."""
        if ticks is None or unit.dts is None:
            return starts_picture(self._codec, units)
        return unit.dts != ticks + offset

    def _date(
        self, unit: "_OpenUnit", following: "Packet[Any]", ticks: int | None, offset: int
    ) -> None:
        """Give a picture without a time the one just before the picture that follows.

        GStreamer's and some cameras' first packet has none, and it is the keyframe.
        """
        gap = following.duration or self._timescale[1] // USUAL_RATE_HZ
        known = ticks + offset if ticks is not None else self._dts // self._timescale[0] + 2 * gap
        unit.dts = unit.pts = known - gap

    def _finish(self, unit: "_OpenUnit") -> None:
        """Hand a whole access unit to the core, and a keyframe to the eye."""
        scale, timescale = self._timescale
        assert unit.dts is not None
        self._dts = max(self._dts, unit.dts * scale)
        is_keyframe = unit.is_keyframe or self._framing is None
        data = join_lengths(unit.units) if self._framing else unit.units[0]
        if is_keyframe:
            self._look(unit, timescale)
        access = AccessUnit(data, unit.now_ms, unit.pts * scale, self._dts, is_keyframe)
        self.queue.put(access, self.parameters)

    def _look(self, unit: "_OpenUnit", timescale: int) -> None:
        """Keep parameters and measures up to date; both may change at a keyframe alone."""
        assert self._eye is not None
        sets = parameter_sets(self._codec, unit.units) if self._framing else []
        if sets and sets != self._sets:
            self._sets = sets
            self._change_count += self.parameters is not None
            self._broken_before_count += self._eye.broken_count
            self._eye = PictureEye(self._codec, join_annex_b(sets))
            self.parameters = None
        whole = join_annex_b(unit.units) if self._framing else unit.units[0]
        self._eye.offer(whole, unit.now_ms)
        if self._eye.latest:
            frame = self._eye.latest[0]
            self._size_px = (frame.width, frame.height)
        if self.parameters is None or self._size_px != _size(self.parameters):
            self.parameters = StreamParameters(
                self._codec, timescale, join_annex_b(self._sets), *self._size_px
            )


class _OpenUnit:
    """An access unit whose packets are still coming."""

    __slots__ = ("dts", "is_keyframe", "now_ms", "pts", "units")

    def __init__(self, ticks: int | None, pts: int | None, offset: int) -> None:
        self.dts = ticks + offset if ticks is not None else None
        self.pts = pts + offset if pts is not None else self.dts or 0
        self.now_ms = boot_ms()
        self.is_keyframe = False
        self.units: list[bytes] = []


def _size(parameters: StreamParameters) -> tuple[int, int]:
    return (parameters.width_px, parameters.height_px)
