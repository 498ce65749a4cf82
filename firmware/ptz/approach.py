"""Brings one axis to a place by its speed, from positions that are old when they are heard.

Heads differ in what a speed byte means by more than an order of magnitude, and few say. So what
was asked for is added up (`effort`: permille times milliseconds), and what came of it gives the
gain that turns the next wished speed into permille. The wished speed is the one that would be
there soon after the next position is heard, so that it goes the slower the nearer it is.
"""

from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.ptz.model import PtzSettings

MS_PER_S = 1000
FULL = 1000
PERMILLE_MIN, PERMILLE_MAX = 16, 999  # the slowest byte; full deflection can be turbo
RISE, FALL = 2, 5  # how much more or less a speed may become at once
ALIKE_PARTS = 6  # a speed that differs by less than a sixth is not told anew
LEAD_MS = 150  # from a decision until the axis slows down
SPAN_MS = 250  # with the time between two positions, how soon to be there
EFFORT_MIN, ZOOM_EFFORT_MIN = 10 * FULL, 100 * FULL  # less says nothing
FIRST_GAP_MS, GAP_MS_MAX = 300, 2_400
SLOWEST_PARTS = 200


class Approach:
    """One axis on its way.

    Args:
        settings: of the head.
        tolerance: so near counts as there, cdeg or permille.
        is_zoom: it has one speed, and 1 stands for it.
        step_ms: from a decision until it can be halted again, if the head answers at once.
    """

    __slots__ = (
        "_effort",
        "_effort_min",
        "_fastest_per_s",
        "_full",
        "_gain_per_s",
        "_heard_ms",
        "_is_learned",
        "_learn_left",
        "_start_ms",
        "_step_ms",
        "_told",
        "_told_ms",
        "gap_ms",
        "halt_ms",
        "left",
        "tolerance",
    )

    def __init__(
        self, settings: "PtzSettings", tolerance: int, is_zoom: bool = False, step_ms: int = 0
    ) -> None:
        fastest = settings.zoom_permille_per_s_max if is_zoom else settings.told_cdeg_per_s_max
        self._fastest_per_s = self._gain_per_s = fastest
        self._full = 1 if is_zoom else FULL
        self._effort_min = ZOOM_EFFORT_MIN if is_zoom else EFFORT_MIN
        self._step_ms = step_ms
        self._start_ms = settings.pacing_ms  # from a decision until the frame begins
        self._is_learned = False
        self._heard_ms = -1
        self._told = self._told_ms = self._effort = self._learn_left = 0
        self.gap_ms = FIRST_GAP_MS
        self.left = 0
        self.halt_ms = -1
        self.tolerance = tolerance

    def is_there(self) -> bool:
        """Whether it is near enough by what was heard last; for a lens half its least step is."""
        step = self._rate(1) * (self._step_ms - self._start_ms) // (2 * MS_PER_S)
        least = min(step, 2 * self.tolerance) if self._full == 1 else 0
        return abs(self.left) <= max(self.tolerance, least)

    def forget(self) -> None:
        """Forget what was learned: at another speed it can be wrong by far, so begin gently."""
        self._gain_per_s = self._fastest_per_s
        self._is_learned = False

    def begin(self, left: int) -> None:
        """Hear of a new goal, so far away."""
        self.left = self._learn_left = left
        self._effort = 0
        self._heard_ms = -1
        self.halt_ms = -1

    def tell(self, told: int, now_ms: int) -> None:
        """Hear what it is told from now on, permille, or -1, 0, 1 of the zoom."""
        if told != self._told:
            self._add_effort(now_ms)
            if told and told * self._told <= 0:  # it sets off or turns about
                self._effort, self._learn_left = 0, self.left
            self._told = told

    def hear(self, left: int, heard_ms: int) -> None:
        """Take how far it was from its goal at a moment."""
        self._add_effort(heard_ms)
        if 0 <= self._heard_ms < heard_ms:
            self.gap_ms = min(heard_ms - self._heard_ms, GAP_MS_MAX)
            self._learn(left)
        self.left = left
        self._heard_ms = heard_ms

    def speed(self, now_ms: int) -> int:
        """Tell what to ask for now: permille, or -1, 0, 1 of the zoom; 0 when it is there."""
        self.halt_ms = -1
        sense = 1 if self.left > 0 else -1
        left = abs(self.left)
        before = self._told * sense  # below 0: it goes the other way
        if before > 0:  # it has gone on since it was heard
            left -= self._rate(before) * (now_ms - self._heard_ms + LEAD_MS) // MS_PER_S
        if self.is_there() or left <= 0:
            return 0
        told = self._permille(left, before) if self._full == FULL else 1
        there_ms = left * MS_PER_S // max(self._rate(told), 1)
        if there_ms < self.gap_ms + LEAD_MS:
            start_ms = 0 if before > 0 else self._start_ms
            self.halt_ms = now_ms + max(there_ms + start_ms, self._step_ms if start_ms else 0)
        return sense * told

    def _permille(self, left: int, before: int) -> int:
        want_per_s = left * MS_PER_S // (self.gap_ms + SPAN_MS)
        permille = want_per_s * FULL // self._gain_per_s
        if before > 0:
            permille = max(before // FALL, min(permille, before * RISE))
            if abs(permille - before) * ALIKE_PARTS < before:
                permille = before
        return max(PERMILLE_MIN, min(permille, PERMILLE_MAX))

    def _rate(self, told: int) -> int:
        """Tell how fast it goes at what it is told, cdeg or permille a second."""
        return self._gain_per_s * told // self._full

    def _add_effort(self, now_ms: int) -> None:
        if now_ms > self._told_ms:
            self._effort += abs(self._told) * FULL // self._full * (now_ms - self._told_ms)
            self._told_ms = now_ms

    def _learn(self, left: int) -> None:
        """Learn from how far an effort has led; a first try says more than a guess."""
        if self._effort < self._effort_min:
            return
        gain_per_s = abs(self._learn_left - left) * FULL * MS_PER_S // self._effort
        self._effort, self._learn_left = 0, left
        gain_per_s = max(gain_per_s, self._fastest_per_s // SLOWEST_PARTS)
        gain_per_s = min(gain_per_s, self._fastest_per_s * 2)
        self._gain_per_s = (self._gain_per_s + gain_per_s) // 2 if self._is_learned else gain_per_s
        self._is_learned = True
