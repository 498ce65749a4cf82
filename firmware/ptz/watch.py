"""Notices that a dome does not do what it is told: stuck, turning by itself, off its presets."""

from firmware.units import signed_cdeg
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.ptz.place import Position

STUCK, DISAGREES, DRIFTED = "dome.stuck", "dome.disagrees", "dome.preset_drifted"
STUCK_MS = 4_000  # driven so long without a change
WRONG_MS = 2_000  # going the wrong way for so long
REST_MS = 4_000  # so long after the last motion a head stands
STEP_CDEG = 20  # less than this is noise
END_CDEG = 100  # so near to where an axis once ended it may be at its end again
END_COUNT_MAX = 8
SLOW_PERMILLE = 100  # slower moves may take longer than STUCK_MS to show
PRESET_CDEG, PRESET_PERMILLE = 50, 20


class Axis:
    """Watches pan or tilt."""

    __slots__ = (
        "_ends",
        "_has_gone",
        "_last_cdeg",
        "_sense",
        "_since_ms",
        "is_stuck",
        "is_wrong",
    )

    def __init__(self) -> None:
        self._ends: list[int] = []
        self._sense = 0
        self._since_ms = 0
        self._last_cdeg = 0
        self._has_gone = False
        self.is_stuck = self.is_wrong = False

    def look(self, told_permille: int, place_cdeg: int, now_ms: int) -> None:
        """Compare what the axis is told with where it is."""
        sense = 0
        if abs(told_permille) >= SLOW_PERMILLE:
            sense = 1 if told_permille > 0 else -1
        if sense != self._sense:
            self._sense = sense
            self._has_gone = False
            self._restart(place_cdeg, now_ms)
            return
        if not sense:
            return
        stepped_cdeg = signed_cdeg(place_cdeg - self._last_cdeg) * sense
        if stepped_cdeg >= STEP_CDEG:
            self.is_stuck = self.is_wrong = False
            self._has_gone = True
            self._restart(place_cdeg, now_ms)
        elif stepped_cdeg <= -STEP_CDEG:
            self._last_cdeg = place_cdeg
            self.is_wrong = now_ms - self._since_ms >= WRONG_MS
        elif now_ms - self._since_ms >= STUCK_MS:
            self._judge_standing(place_cdeg)

    def _judge_standing(self, place_cdeg: int) -> None:
        """Tell an end of travel, which an axis runs into, from an axis that is stuck."""
        is_end = any(abs(signed_cdeg(place_cdeg - end)) <= END_CDEG for end in self._ends)
        if self._has_gone and not is_end and len(self._ends) < END_COUNT_MAX:
            self._ends.append(place_cdeg)
        self.is_stuck = not self._has_gone and not is_end

    def _restart(self, place_cdeg: int, now_ms: int) -> None:
        self._since_ms = now_ms
        self._last_cdeg = place_cdeg


class Watch:
    """Watches one dome, round of replies by round.

    Attributes:
        is_drifted: the last preset was not where it was when it was set.
        is_astray: the head turns though nobody told it to.
    """

    __slots__ = ("_last", "_pan", "_quiet_ms", "_tilt", "is_astray", "is_drifted")

    def __init__(self) -> None:
        self._pan = Axis()
        self._tilt = Axis()
        self._quiet_ms = -1  # since when nothing moves it; -1 while something does
        self._last: Position | None = None
        self.is_astray = False
        self.is_drifted = False

    def look(self, move: "Position | None", aim: "Position", now_ms: int) -> None:
        """Take a complete round.

        Args:
            move: what it is told: pan and tilt in permille, and zoom; None on the way to a preset.
            aim: where it says it looks.
            now_ms: monotonic.
        """
        if move is None or move != (0, 0, 0):
            self._quiet_ms = -1
            self.is_astray = False
        elif self._quiet_ms < 0:
            self._quiet_ms = now_ms
        told = move or (0, 0, 0)
        self._pan.look(told[0], aim[0], now_ms)
        self._tilt.look(told[1], aim[1], now_ms)
        last, self._last = self._last, aim
        if last is not None and 0 <= self._quiet_ms <= now_ms - REST_MS:
            turned = max(abs(signed_cdeg(aim[0] - last[0])), abs(aim[1] - last[1]))
            self.is_astray = turned >= STEP_CDEG

    def arrived(self, learned: "Position | None", aim: "Position") -> None:
        """Compare where a preset led with where it looked when it was set."""
        if learned is not None:
            self.is_drifted = (
                abs(signed_cdeg(aim[0] - learned[0])) > PRESET_CDEG
                or abs(aim[1] - learned[1]) > PRESET_CDEG
                or abs(aim[2] - learned[2]) > PRESET_PERMILLE
            )

    def found(self) -> "list[tuple[str, bool]]":
        """Tell of each fault whether it is there."""
        return [
            (STUCK, self._pan.is_stuck or self._tilt.is_stuck),
            (DISAGREES, self.is_astray or self._pan.is_wrong or self._tilt.is_wrong),
            (DRIFTED, self.is_drifted),
        ]
