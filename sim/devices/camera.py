"""A camera that costs nothing: small false access units on a virtual clock, for long runs.

Nothing is drawn or coded; each access unit has one NAL unit that says which picture it is, so that
a checker can tell which pictures arrived. Faults: refused (`refusal`), frozen, dark, gone.
The camera that draws and codes is in `sim.devices.coded`.
"""

from hal.api._typing import TYPE_CHECKING
from hal.api.errors import PortAbsent, PortLost, PortRefused
from hal.api.media import AccessUnit, PictureMeasures, StreamParameters

if TYPE_CHECKING:
    from collections.abc import Callable

    from sim.devices.clock import SimClock

TIMESCALE = 90_000
EXTRADATA = bytes.fromhex("0000000167f4000aa6c8800000000168ce3880")
KEYFRAME, DELTA = 0x65, 0x41
MEASURE_MS = 1_000
QUEUE_COUNT_MAX = 64
PERMILLE = 1000
FALSE_JPEG_HEAD = bytes.fromhex("ffd8ffe000104a46494600010100000100010000")
FALSE_JPEG_TAIL = b"\xff\xd9"


class ScriptedCamera:
    """Pictures that a scenario decides.

    Args:
        clock: the unit's clock; its timeline drives the pictures.
        name: how a person finds it.
        gap_ms: from one picture to the next.
        group_count: pictures from one keyframe to the next.
        on_news: called when a picture is ready.
    """

    def __init__(
        self,
        clock: "SimClock",
        name: str,
        gap_ms: int = 1_000,
        group_count: int = 10,
        on_news: "Callable[[], None] | None" = None,
    ) -> None:
        self.name = name
        self.dropped_count = 0
        self.made_count = 0
        self.still_count = 0
        self.last_zones: list[tuple[int, int, int, int]] = []
        self.picture_bytes = 600
        self.offset_ms: int | None = None
        self.doubt_ms = 0
        self.wrong_counts: dict[str, int] = {}
        """What the scenario wants to have been wrong with what came."""
        self.is_absent = False
        self.is_refusing = False
        self.is_frozen = False
        self.is_dark = False
        self._clock = clock
        self._gap_ms = gap_ms
        self._group_count = group_count
        self._on_news = on_news
        self._queue: list[AccessUnit] = []
        self._measures: PictureMeasures | None = None
        self._is_open = False
        self._is_lost = False
        self._is_waiting_key = False
        self._opening = 0
        self._picture_index = 0

    def open(self) -> None:
        """Begin to receive."""
        if self._is_open:
            return
        self._is_open = True
        self._is_lost = False
        self._is_waiting_key = False
        self._opening += 1
        self._picture_index = 0
        self._plan_picture()

    def close(self) -> None:
        """Stop receiving; idempotent."""
        self._is_open = False
        self._queue = []
        self._measures = None

    def lose(self) -> None:
        """Fault: the stream stops now; it can be opened again."""
        self._is_lost = True

    def read(self) -> "AccessUnit | None":
        """Hand over the next access unit, or None.

        Raises:
            PortAbsent: the camera cannot be reached.
            PortRefused: the camera says no.
            PortLost: the stream stopped.
        """
        if not self._is_open:
            return None
        if self._queue:
            return self._queue.pop(0)
        if self.is_absent:
            raise PortAbsent("camera %s does not answer; look at its cable" % self.name)
        if self.is_refusing:
            raise PortRefused("camera %s refuses; look at its password" % self.name)
        if self._is_lost:
            raise PortLost("camera %s stopped; open it again" % self.name)
        return None

    def parameters(self) -> "StreamParameters | None":
        """How to read the pictures; None until the first."""
        if not self._is_open or self._picture_index == 0:
            return None
        return StreamParameters("h264", TIMESCALE, EXTRADATA, 640, 360)

    def measures(self) -> "PictureMeasures | None":
        """The newest measured picture."""
        return self._measures

    def clock_offset_ms(self) -> "int | None":
        """Tell what the scenario wants."""
        return self.offset_ms

    def clock_doubt_ms(self) -> int:
        """Tell what the scenario wants."""
        return self.doubt_ms

    def counts(self) -> "dict[str, int]":
        """Count what the scenario wants."""
        return dict(self.wrong_counts)

    def still(self, zones: "list[tuple[int, int, int, int]]") -> bytes:
        """Make a JPEG that only says that it is one; b"" where no honest one can be made."""
        if not self._is_open or self._picture_index == 0 or not are_zones(zones):
            return b""
        self.still_count += 1
        self.last_zones = list(zones)
        shown = b"" if (0, 0, 1000, 1000) in zones else bytes(self.picture_bytes)
        return FALSE_JPEG_HEAD + shown + FALSE_JPEG_TAIL

    def _plan_picture(self) -> None:
        opening = self._opening
        self._clock.timeline.after(self._gap_ms, lambda: self._make(opening))

    def _make(self, opening: int) -> None:
        if not self._is_open or opening != self._opening or self._is_lost:
            return
        self._plan_picture()
        if self.is_absent or self.is_refusing:
            if self._on_news is not None:
                self._on_news()
            return
        self._offer(self._picture_index % self._group_count == 0)
        self._picture_index += 1
        self.made_count += 1
        self._measure()
        if self._on_news is not None:
            self._on_news()

    def _offer(self, is_keyframe: bool) -> None:
        """Queue one picture; when the core is late, whole groups go."""
        if is_keyframe:
            self._is_waiting_key = False
        if len(self._queue) >= QUEUE_COUNT_MAX:
            self._is_waiting_key = True
        if self._is_waiting_key:
            self.dropped_count += 1
            return
        mark = b"%08d" % self._picture_index
        nal = bytes([KEYFRAME if is_keyframe else DELTA]) + mark
        nal += b"\x5a" * (self.picture_bytes - len(nal) - 4)
        pts = self._picture_index * self._gap_ms * (TIMESCALE // 1000)
        data = len(nal).to_bytes(4, "big") + nal
        self._queue.append(AccessUnit(data, self._clock.now_ms(), pts, pts, is_keyframe))

    def _measure(self) -> None:
        now_ms = self._clock.now_ms()
        if self._measures is not None and now_ms - self._measures.now_ms < MEASURE_MS:
            return
        luma_permille = 20 if self.is_dark else 480
        sharpness = 5 if self.is_dark else 450
        change_ppm = 0 if self.is_frozen else 8000
        self._measures = PictureMeasures(now_ms, luma_permille, sharpness, change_ppm)


def are_zones(zones: "list[tuple[int, int, int, int]]") -> bool:
    """Tell whether each rectangle lies in the picture and has its edges in order."""
    return all(
        0 <= left <= right <= PERMILLE and 0 <= top <= bottom <= PERMILLE
        for left, top, right, bottom in zones
    )
