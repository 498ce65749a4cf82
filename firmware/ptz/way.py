"""How far a head was driven without telling: its encoder may be lost, or it stands at an end.

While an axis is driven, the way that it can go adds up, since it last told something new and
before that since the time before: what it told last can be what it froze at. The sum stands for
how far it can look from where it says. Something new that it tells at rest sets it to nothing, so
that a healthy head owes nothing once it has told where it came to stand.
"""

from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    Move = tuple[int, int, int]

AXES = ("pan", "tilt", "zoom")
MS_PER_S = 1000
COAST_MS = 400  # from the end of a wish until the head stands
LEAST = 200  # so little a head can owe that was stopped before it had set off
TILT_END_CDEG = 8_990  # driven on past straight up or down, a head stands or turns about
ZOOM_LOW_PERMILLE, ZOOM_HIGH_PERMILLE = 2, 998


class Ways:
    """The ways owed by one head, axis by axis."""

    __slots__ = ("_before", "_fastest_per_s", "_is_driven", "_now_ms", "_owed", "_told")

    def __init__(self) -> None:
        self._now_ms = 0
        self._told: dict[str, int] = {}
        self._owed = [0, 0, 0]  # since it told something new, thousandths of cdeg or permille
        self._before = [0, 0, 0]  # and before that: it can be what it froze at
        self._fastest_per_s = [0, 0, 0]
        self._is_driven = [False, False, False]

    def hear(self, axis: str, value: int) -> None:
        """Take what the head tells of one axis."""
        if self._told.get(axis) != value:
            self._told[axis] = value
            index = AXES.index(axis)
            self._before[index] = self._owed[index] if self._is_driven[index] else 0
            self._owed[index] = 0

    def run(self, speeds_per_s: "Move", now_ms: int) -> None:
        """Hear how fast each axis can have gone since the last call, with its direction."""
        span_ms, self._now_ms = now_ms - self._now_ms, now_ms
        for index in range(len(AXES)):
            speed = speeds_per_s[index]
            if self._is_driven[index] and not speed and self._owed[index] + self._before[index]:
                self._owed[index] += self._fastest_per_s[index] * COAST_MS
                self._fastest_per_s[index] = 0
            self._is_driven[index] = speed != 0
            if not speed or self._is_at_end(index, speed):
                continue
            self._owed[index] += abs(speed) * span_ms
            self._fastest_per_s[index] = max(self._fastest_per_s[index], abs(speed))

    def cdeg(self) -> int:
        """Tell how far pan or tilt can be from what was told; 0 for not at all."""
        return max(self._way(0), self._way(1))

    def permille(self) -> int:
        """Tell how far the zoom can be from what was told; 0 for not at all."""
        return self._way(2)

    def _way(self, index: int) -> int:
        way = (self._owed[index] + self._before[index]) // MS_PER_S
        return way if way >= LEAST else 0

    def _is_at_end(self, index: int, speed: int) -> bool:
        """Whether it said that it stands where it can go no further this way."""
        told = self._told.get(AXES[index])
        if told is None or index == 0:
            return False
        if index == 1:
            return abs(told) >= TILT_END_CDEG and (told > 0) == (speed > 0)
        return told >= ZOOM_HIGH_PERMILLE if speed > 0 else told <= ZOOM_LOW_PERMILLE
