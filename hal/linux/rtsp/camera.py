"""A camera by RTSP: its picture track alone, read without a decoder."""

from hal.api.errors import PortError
from hal.api.media import AccessUnit, PictureMeasures, StreamParameters
from hal.linux.media_queue import PictureQueue, added
from hal.linux.rtsp.address import Address
from hal.linux.rtsp.counts import picture_counts
from hal.linux.rtsp.eye import LazyEye
from hal.linux.rtsp.loop import Opening, shared_loop
from hal.linux.rtsp.offers import PICTURE, choose, make_picture_track
from hal.linux.rtsp.picture_track import PictureTrack
from hal.linux.rtsp.sdp import Media
from hal.linux.wake import Wake


class RtspCamera:
    """Coded pictures of one source.

    Args:
        url: see `hal.linux.rtsp.address.Address`.
        wake: told when pictures came.
        is_udp: packets by UDP; the default is inside the connection. rtsps is never by UDP.
        queue_bytes_max: bound of what waits for the core.

    Raises:
        PortRefused: the URL is none of RTSP.
    """

    def __init__(
        self, url: str, wake: Wake, is_udp: bool = False, queue_bytes_max: int = 10_000_000
    ) -> None:
        self._address = Address(url)
        self.name = self._address.url
        self.dropped_count = 0
        self._dropped_before_count = 0
        self._before: dict[str, int] = {}
        self._wake = wake
        self._is_udp = is_udp
        self._queue_bytes_max = queue_bytes_max
        self._receiver: _Receiver | None = None
        self._opening: Opening | None = None

    def open(self) -> None:
        """Begin to receive."""
        assert self._receiver is None
        self._receiver = _Receiver(self.name, self._wake, self._queue_bytes_max)
        self._opening = shared_loop().open(self._address, self._receiver, is_udp=self._is_udp)

    def close(self) -> None:
        """Stop receiving; idempotent."""
        if self._receiver is not None and self._opening is not None:
            self._opening.close()
            self._count(self._receiver)
            self._dropped_before_count = self.dropped_count
            self._before = self.counts()
        self._receiver = self._opening = None

    def read(self) -> AccessUnit | None:
        """Hand over the next access unit, or None when there is none yet.

        Raises:
            PortAbsent, PortRefused, PortLost: told by the loop; again until `close`.
        """
        receiver, opening = self._receiver, self._opening
        if receiver is None or opening is None:
            return None
        trouble: PortError | None = opening.trouble
        unit = receiver.queue.take()
        if unit is None:
            self._count(receiver)
            if not receiver.queue.is_empty():
                self._wake.notify()  # what waits is read otherwise than what was read
            elif trouble is not None:
                raise trouble
        return unit

    def parameters(self) -> StreamParameters | None:
        """How to read what was read last; None until the first keyframe."""
        return self._receiver.queue.parameters if self._receiver else None

    def clock_offset_ms(self) -> int | None:
        """How far its clock is ahead by its sender reports; None before the first."""
        session = self._opening.session if self._opening is not None else None
        return session.clock.offset_ms() if session is not None else None

    def clock_doubt_ms(self) -> int:
        """How far apart its reports are, and what holds them back on the way."""
        session = self._opening.session if self._opening is not None else None
        return session.clock.doubt_ms() if session is not None else 0

    def counts(self) -> dict[str, int]:
        """What was wrong with what came, by name; over all openings."""
        receiver, opening = self._receiver, self._opening
        if receiver is None or receiver.track is None or opening is None:
            return dict(self._before)
        found = picture_counts(receiver.track, opening.session)
        found["headless"] += receiver.queue.passed_count
        found["broken"] = receiver.eye.broken_count()
        return added(self._before, found)

    def measures(self) -> PictureMeasures | None:
        """The newest measured picture; None before the first."""
        return self._receiver.eye.measures() if self._receiver else None

    def still(self, zones: list[tuple[int, int, int, int]]) -> bytes:
        """Make a JPEG, at most 1280 wide, of the newest keyframe with zones filled."""
        return self._receiver.eye.still(zones) if self._receiver else b""

    def _count(self, receiver: "_Receiver") -> None:
        self.dropped_count = self._dropped_before_count + receiver.dropped_count()


class _Receiver:
    """Everything of one opening; what the loop still reads for an earlier one ends there."""

    def __init__(self, name: str, wake: Wake, queue_bytes_max: int) -> None:
        self.queue = PictureQueue(queue_bytes_max)
        self.eye = LazyEye()
        self.track: PictureTrack | None = None
        self._name = name
        self._wake = wake
        self._shown: StreamParameters | None = None
        self._has_news = False

    def choose(self, offers: list[Media]) -> Media:
        """Choose the picture track; PortError when there is none."""
        return choose(self._name, PICTURE, offers)

    def read(self, media: Media) -> PictureTrack:
        """Make what reads it."""
        self.track = make_picture_track(self._name, media, self._deliver)
        return self.track

    def on_step(self, now_ms: int) -> Wake | None:
        """Ask to wake the core if pictures came."""
        self.eye.look_when_due(now_ms)
        has_news, self._has_news = self._has_news, False
        return self._wake if has_news else None

    def on_trouble(self) -> None:
        """Wake the core, which will find out why."""
        self._wake.notify()

    def dropped_count(self) -> int:
        """Access units lost on the way or left out by the queue."""
        track = self.track
        lost_count = track.damaged_count + track.skipped_count if track else 0
        return self.queue.dropped_count + lost_count

    def _deliver(self, unit: AccessUnit) -> None:
        self._has_news = True
        assert self.track is not None
        parameters = self.track.parameters
        if unit.is_keyframe:
            if parameters is not None and parameters is not self._shown:
                self._shown = parameters
                self.eye.set_stream(parameters.codec, parameters.extradata)
            self.eye.offer(unit.data, unit.now_ms)
        self.queue.put(unit, parameters)
