"""Where a dome looks, as far as its replies tell: asked axis by axis, and how stale that is."""

from firmware.ptz.way import Ways
from firmware.units import signed_cdeg
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    Position = tuple[int, int, int]

AXES = ("pan", "tilt", "zoom")
STILL_CDEG = 5  # two rounds that differ by no more were made standing
STILL_PERMILLE = 2
MS_PER_S = 1000
MISS_MS_MAX = 1_500  # after this long a head can have turned away and back
COAST_MS = 1500  # a frame's wait for the line, a head's delay, and its way to stand
BY_ITSELF_PERMILLE = 1001  # to a preset, home or wherever a head goes unasked


class Pace:
    """How fast a head can be going, by what it was told lately."""

    __slots__ = ("_now_permille", "_past")

    def __init__(self) -> None:
        self._now_permille = 0
        self._past: list[tuple[int, int]] = []

    def tell(self, permille: int, now_ms: int) -> None:
        """Hear how fast it is told to go, 0 to 1000; what it was told before counts a while."""
        if permille < self._now_permille:
            # What is slower than this one and ends earlier than it says nothing more.
            self._past = [row for row in self._past if row[1] > self._now_permille]
            self._past.append((now_ms + COAST_MS, self._now_permille))
        self._now_permille = permille

    def most(self, since_ms: int) -> int:
        """Tell the fastest it can have been since a moment, permille of full speed."""
        self._past = [row for row in self._past if row[0] >= since_ms]
        return max([self._now_permille] + [row[1] for row in self._past])


class Place:
    """Collects position replies in rounds of pan, tilt and zoom.

    Attributes:
        is_missed: a reply did not come, and no round was completed since: it may turn by itself.
    """

    __slots__ = (
        "_heard",
        "_last",
        "_round",
        "_still_ms",
        "has_round",
        "is_missed",
        "pan",
        "still_count",
        "tilt",
        "ways",
        "zoom",
    )

    def __init__(self) -> None:
        self.pan = 0
        self.tilt = 0
        self.zoom = 0
        self.has_round = False
        self.is_missed = False
        self.still_count = 0  # rounds in a row that were alike
        self.ways = Ways()
        self._heard = {"pan": 0, "tilt": 0, "zoom": 0}
        self._round: dict[str, int] = {}
        self._last: tuple[int, int, int] | None = None
        self._still_ms = 0  # until when it stood, as it was last heard

    def forget(self) -> None:
        """Take nothing for known any more."""
        self.has_round = False
        self.still_count = 0
        self._round = {}
        self._last = None

    def unsettle(self, now_ms: int) -> None:
        """Hear that something is set in motion now: what stood until now does so no longer."""
        if self.still_count:
            self._still_ms = now_ms
        self.doubt()

    def doubt(self) -> None:
        """Hear that rounds which are alike mean nothing: it is being driven."""
        self.still_count = 0
        self._last = None

    def miss(self, now_ms: int) -> None:
        """Hear that a reply did not come: it may be turning by itself, homing say.

        One round that is like the last before shows that it does not, when it comes soon.
        """
        self.still_count = 0
        self.is_missed = True
        if now_ms - self.oldest_ms() > MISS_MS_MAX:
            self._last = None

    def take(self, axis: str, value: int, now_ms: int) -> bool:
        """Take one axis, in cdeg or permille; True when that completes a round."""
        self._heard[axis] = now_ms
        self.ways.hear(axis, value)
        self._round[axis] = value
        if self.has_round:
            self._set(axis, value)
        if len(self._round) < len(AXES):
            return False
        row = (self._round["pan"], self._round["tilt"], self._round["zoom"])
        self._round = {}
        self.pan, self.tilt, self.zoom = row
        self.has_round = True
        self.is_missed = False
        self.still_count = self.still_count + 1 if self._is_like(row) else 0
        self._last = row
        return True

    def oldest_ms(self) -> int:
        """Tell when the axis was heard that was heard longest ago."""
        return min(self._heard["pan"], self._heard["tilt"], self._heard["zoom"])

    def drift(self, per_s: int, now_ms: int) -> int:
        """Tell how far an axis that runs this fast can be from what was heard; 0 when still."""
        if self.still_count:
            return 0
        return (now_ms - max(self.oldest_ms(), self._still_ms)) * per_s // MS_PER_S

    def _set(self, axis: str, value: int) -> None:
        if axis == "pan":
            self.pan = value
        elif axis == "tilt":
            self.tilt = value
        else:
            self.zoom = value

    def _is_like(self, row: "tuple[int, int, int]") -> bool:
        if self._last is None:
            return False
        pan, tilt, zoom = self._last
        return (
            abs(signed_cdeg(row[0] - pan)) <= STILL_CDEG
            and abs(row[1] - tilt) <= STILL_CDEG
            and abs(row[2] - zoom) <= STILL_PERMILLE
        )
