"""The camera that draws the street and codes it, in virtual time.

Costs some milliseconds of real time a picture; long runs take `sim.devices.camera` instead.
"""

import numpy as np
from numpy.typing import NDArray

from hal.api._typing import TYPE_CHECKING
from hal.api.errors import PortLost
from hal.api.media import AccessUnit, PictureMeasures, StreamParameters
from sim.devices.camera import are_zones
from sim.devices.coder import TIMESCALE, PictureCoder, is_keyframe, jpeg
from sim.devices.lettering import stamp
from sim.devices.street import Street

if TYPE_CHECKING:
    from collections.abc import Callable

    from sim.devices.clock import SimClock

    Look = Callable[[], tuple[int, int, int]]

QUEUE_COUNT_MAX = 60
MEASURE_MS = 1_000
GREY = 128


class CodedCamera:
    """Pictures of a street that follow a dome.

    Args:
        clock: the unit's clock; its timeline drives the pictures.
        name: how a person finds it.
        street: what is seen; its size is the size of the pictures.
        look: tells pan_cdeg, tilt_cdeg and zoom_permille now.
        on_news: called when a picture is ready.
    """

    pictures_per_s = 10

    def __init__(
        self,
        clock: "SimClock",
        name: str,
        street: Street,
        look: "Look",
        on_news: "Callable[[], None] | None" = None,
    ) -> None:
        self.name = name
        self.dropped_count = 0
        self.made_count = 0
        self._clock = clock
        self._street = street
        self._look = look
        self._on_news = on_news
        self._coder: PictureCoder | None = None
        self._queue: list[AccessUnit] = []
        self._picture: NDArray[np.uint8] | None = None
        self._measured: NDArray[np.uint8] | None = None
        self._measures: PictureMeasures | None = None
        self._is_waiting_key = False
        self._is_lost = False
        self._opening = 0

    def open(self) -> None:
        """Begin to receive."""
        if self._coder is not None:
            return
        street = self._street
        self._coder = PictureCoder(street.width_px, street.height_px, self.pictures_per_s)
        self._is_lost = False
        self._is_waiting_key = False
        self._opening += 1
        self._plan_picture()

    def close(self) -> None:
        """Stop receiving; idempotent."""
        self._coder = None
        self._queue = []
        self._picture = None
        self._measured = None
        self._measures = None

    def lose(self) -> None:
        """Fault: the stream stops now; it can be opened again."""
        self._is_lost = True

    def read(self) -> "AccessUnit | None":
        """Hand over the next access unit, or None.

        Raises:
            PortLost: the stream stopped.
        """
        if self._queue:
            return self._queue.pop(0)
        if self._coder is not None and self._is_lost:
            raise PortLost("camera %s stopped; open it again" % self.name)
        return None

    def parameters(self) -> "StreamParameters | None":
        """How to read the pictures; None until the first."""
        if self._coder is None or not self._coder.parameter_sets:
            return None
        extradata = b"".join(b"\0\0\0\1" + unit for unit in self._coder.parameter_sets)
        street = self._street
        return StreamParameters("h264", TIMESCALE, extradata, street.width_px, street.height_px)

    def measures(self) -> "PictureMeasures | None":
        """The newest measured picture, about one a second."""
        return self._measures

    def clock_offset_ms(self) -> "int | None":
        """Tell that it tells no time."""
        return None

    def clock_doubt_ms(self) -> int:
        """Nothing is measured."""
        return 0

    def counts(self) -> "dict[str, int]":
        """Nothing is wrong with what comes whole or not at all."""
        return {}

    def still(self, zones: "list[tuple[int, int, int, int]]") -> bytes:
        """Make a JPEG of the newest picture with rectangles filled; b"" where there is none."""
        if self._picture is None or not are_zones(zones):
            return b""
        return jpeg(filled(self._picture, zones))

    def _plan_picture(self) -> None:
        opening = self._opening
        self._clock.timeline.after(1000 // self.pictures_per_s, lambda: self._make(opening))

    def _make(self, opening: int) -> None:
        coder = self._coder
        if coder is None or opening != self._opening or self._is_lost:
            return
        self._plan_picture()
        world_ms = self._clock.timeline.now_ms()
        pan_cdeg, tilt_cdeg, zoom_permille = self._look()
        picture = self._street.frame(pan_cdeg, tilt_cdeg, zoom_permille, world_ms)
        stamp(picture, clock_text(self._clock.true_utc_ms()), 8, 8)
        self._picture = picture
        self.made_count += 1
        self._offer(coder.code(picture, world_ms * (TIMESCALE // 1000)), world_ms)
        self._measure(picture)
        if self._on_news is not None:
            self._on_news()

    def _offer(self, units: list[bytes], world_ms: int) -> None:
        """Queue one picture; when the core is late, whole groups go."""
        is_key = is_keyframe(units)
        if is_key and len(self._queue) < QUEUE_COUNT_MAX:
            self._is_waiting_key = False
        if len(self._queue) >= QUEUE_COUNT_MAX:
            self._is_waiting_key = True
        if self._is_waiting_key:
            self.dropped_count += 1
            return
        data = b"".join(len(unit).to_bytes(4, "big") + unit for unit in units)
        pts = world_ms * (TIMESCALE // 1000)
        self._queue.append(AccessUnit(data, self._clock.now_ms(), pts, pts, is_key))

    def _measure(self, picture: NDArray[np.uint8]) -> None:
        now_ms = self._clock.now_ms()
        if self._measures is not None and now_ms - self._measures.now_ms < MEASURE_MS:
            return
        grey = picture[:, :, 1]
        before = grey if self._measured is None else self._measured
        self._measures = PictureMeasures(now_ms, *measured(grey, before))
        self._measured = grey.copy()


def measured(grey: NDArray[np.uint8], before: NDArray[np.uint8]) -> tuple[int, int, int]:
    """Measure a grey picture: luma_permille, sharpness, change_ppm to the one before."""
    wide = grey.astype(np.int32)
    edges = 4 * wide[1:-1, 1:-1] - wide[:-2, 1:-1] - wide[2:, 1:-1]
    edges -= wide[1:-1, :-2] + wide[1:-1, 2:]
    change = np.abs(wide - before.astype(np.int32)).mean()
    return int(wide.mean() * 1000 / 255), int(edges.var()), int(change * 1_000_000 / 255)


def filled(
    picture: NDArray[np.uint8], zones: "list[tuple[int, int, int, int]]"
) -> NDArray[np.uint8]:
    """Copy a picture with rectangles (in permille of it) filled with grey."""
    copy = picture.copy()
    height, width = copy.shape[:2]
    for left, top, right, bottom in zones:
        rows = slice(height * top // 1000, -(-height * bottom // 1000))
        copy[rows, width * left // 1000 : -(-width * right // 1000)] = GREY
    return copy


def clock_text(utc_ms: int) -> str:
    """Write the time of day and the day of the year count, as cameras do in a corner."""
    second = utc_ms // 1000
    day, rest = divmod(second, 86_400)
    return "DAY %d %02d:%02d:%02d" % (day, rest // 3600, rest // 60 % 60, rest % 60)
