"""Dead reckoning for a head that never tells where it looks: known speeds, and a growing doubt.

An engineer says where it looks (a mark), drives one axis at one speed, and says again where it
looks: that gives the speed in degrees for that speed byte. From then on the place is what the
head was told, added up from the last mark. Every way adds doubt, and so does every start and stop;
past DOUBT_CDEG_MAX the place counts as unknown until the next mark. Whatever moves the head by
itself (a preset, a lost line) ends it at once.

It is never used where there is a privacy zone: a head that does not answer may have lost its power
and turned home, and nobody would know.
"""

from firmware.ptz import drive as states
from firmware.ptz.place import AXES
from firmware.units import CDEG_PER_TURN, signed_cdeg, wrap_cdeg
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.ptz.approach import Approach
    from firmware.ptz.service import PtzService

    Rates = dict[str, dict[int, int]]

TURNING = ("pan", "tilt")
FINE = 1000  # parts of a cdeg
MS_PER_S = 1000
MARK_CDEG = 20  # how well an engineer reads an angle
SLIP_PERMILLE, GUESS_PERMILLE = 20, 300  # of every way, at a speed that was learned or not
PACE_MAX = 500  # it goes to a place no faster: starts and stops bring doubt
FINE_MS = 300  # what would be there sooner goes slower first
EXACT_CDEG = 20
LAG_MS = 30  # a start or a stop is early or late by so much
DOUBT_CDEG_MAX = 500
RATE_COUNT_MAX = 16
WAY_CDEG_MIN = 300  # shorter ways tell nothing of a speed
LOOK_MS = 100  # how often the place is told
RANGE, ZONE, LINE, TELLS = "ptz.range", "ptz.zone", "ptz.line", "ptz.tells"
TILT_CDEG_MAX = 9_000


class Reckoning:
    """The reckoned place of one head.

    Args:
        dome: that does not answer.

    Attributes:
        rates: axis to speed (permille) to hundredths of a degree a second.
        rates_count: rises with each change of `rates`.
        is_known: whether the place counts.
        doubt_cdeg: how far it can be off.
    """

    __slots__ = (
        "_dome",
        "_doubt",
        "_driven",
        "_look_ms",
        "_marked",
        "_move",
        "_now_ms",
        "_place",
        "is_known",
        "rates",
        "rates_count",
    )

    def __init__(self, dome: "PtzService") -> None:
        self._dome = dome
        self._place = [0, 0]  # thousandths of a cdeg
        self._doubt = 0
        self._move = (0, 0)
        self._now_ms = self._look_ms = 0
        self._marked: tuple[int, int] | None = None
        self._driven: dict[tuple[int, int], int] = {}  # (axis, permille) to ms, since the mark
        self.is_known = False
        self.rates: Rates = {"pan": {}, "tilt": {}}
        self.rates_count = 0

    @property
    def doubt_cdeg(self) -> int:
        """How far the place can be off."""
        return self._doubt // FINE

    def mark(self, pan_cdeg: int, tilt_cdeg: int, now_ms: int) -> str:
        """Hear where it looks, standing; learns a speed when one was driven since the last mark.

        Returns:
            "" or why not: "ptz.range", "ptz.tells" (it answers, so nothing has to be reckoned),
            "ptz.zone" (there are privacy zones), "ptz.line" (it is not standing, or has no line).
        """
        refusal = self._fault(pan_cdeg, tilt_cdeg)
        if refusal:
            return self._dome.report.refuse("calibrate", refusal, now_ms)
        self.follow(now_ms)
        if self._marked is not None:
            self._learn((pan_cdeg, tilt_cdeg))
        self._marked = (pan_cdeg, tilt_cdeg)
        self._driven = {}
        self._place = [pan_cdeg * FINE, tilt_cdeg * FINE]
        self._doubt = MARK_CDEG * FINE
        self.is_known = True
        self._tell(now_ms)
        return ""

    def forget(self) -> None:
        """Forget every speed and the place."""
        self.rates = {"pan": {}, "tilt": {}}
        self.rates_count += 1
        self.lose()

    def lose(self) -> None:
        """Hear that it turned by itself, or may have: the next mark begins anew."""
        self._move = (0, 0)
        self._marked = None
        self._driven = {}
        self._give_up()

    def rate(self, axis: str, permille: int) -> int:
        """Tell how fast an axis turns, cdeg a second; -1 when no speed of it is known."""
        rates = self.rates[axis]
        if not permille:
            return 0
        if not rates:
            return -1
        before, rate_before = 0, 0
        for known in sorted(rates):
            if permille <= known:
                part = (permille - before) * (rates[known] - rate_before)
                return rate_before + part // (known - before)
            before, rate_before = known, rates[known]
        return rate_before * permille // before

    def steer(self, index: int, approach: "Approach", most_permille: int, now_ms: int) -> int:
        """Give the speed to go on with, of those that were learned, and plan where it halts.

        Args:
            index: 0 for pan, 1 for tilt.
            approach: of that axis.
            most_permille: it shall go no faster.
            now_ms: monotonic.

        Returns:
            permille; a speed is kept to the end when its stop is exact enough, else a slower one
            ends the way.
        """
        if approach.is_there():
            return 0
        rates, most = self.rates[TURNING[index]], min(most_permille, PACE_MAX)
        sense = 1 if approach.left > 0 else -1
        told = self._dome.drive.move[index] * sense
        best = 0
        for known in sorted(rates):
            there_ms = abs(approach.left) * MS_PER_S // rates[known]
            is_exact = known == told and rates[known] * LAG_MS < EXACT_CDEG * MS_PER_S
            if not best or (known <= most and (there_ms >= FINE_MS or is_exact)):
                best = known
                approach.halt_ms = now_ms + there_ms
        return sense * best

    def due_ms(self, now_ms: int) -> int:
        """Tell when to follow again."""
        return now_ms + LOOK_MS if self._move != (0, 0) else states.NEVER_MS

    def follow(self, now_ms: int) -> None:
        """Add up what the head was told since the last call."""
        drive = self._dome.drive
        span_ms, self._now_ms = now_ms - self._now_ms, now_ms
        if drive.state in {states.LOST, states.CLOSED, states.SEEKING}:
            self.lose()
            return
        told = drive.move if drive.state == states.MOVING else states.STILL
        for index in range(len(TURNING)):
            self._turn(index, span_ms)
            self._start(index, told[index])
        was_turning, self._move = self._move != (0, 0), (told[0], told[1])
        if was_turning and self._move == (0, 0):
            self._look_ms = now_ms
        if self.is_known and now_ms >= self._look_ms:
            self._tell(now_ms)

    def _fault(self, pan_cdeg: int, tilt_cdeg: int) -> str:
        dome = self._dome
        if not 0 <= pan_cdeg < CDEG_PER_TURN or abs(tilt_cdeg) > TILT_CDEG_MAX:
            return RANGE
        if dome.protocol.query(AXES[0]):
            return TELLS
        if dome.settings.zones:
            return ZONE
        return "" if dome.drive.state == states.IDLE else LINE

    def _turn(self, index: int, span_ms: int) -> None:
        """Go on with an axis as it was told until now."""
        permille = self._move[index]
        if not permille:
            return
        key = (index, permille)
        self._driven[key] = self._driven.get(key, 0) + span_ms
        rate = self.rate(TURNING[index], abs(permille))
        if rate < 0:
            self._give_up()
            return
        way = rate * span_ms * FINE // MS_PER_S
        self._place[index] += way if permille > 0 else -way
        is_learned = abs(permille) in self.rates[TURNING[index]]
        self._doubt += way * (SLIP_PERMILLE if is_learned else GUESS_PERMILLE) // 1000

    def _start(self, index: int, told: int) -> None:
        """Take the doubt that a change of speed brings."""
        if told != self._move[index]:
            change = self._speed(index, told) - self._speed(index, self._move[index])
            self._doubt += abs(change) * LAG_MS * FINE // MS_PER_S

    def _speed(self, index: int, permille: int) -> int:
        """Tell how fast an axis turns, with its direction; 0 when no speed of it is known."""
        rate = max(self.rate(TURNING[index], abs(permille)), 0)
        return rate if permille > 0 else -rate

    def _learn(self, place: "tuple[int, int]") -> None:
        """Learn the one speed that was driven between two marks."""
        if len(self._driven) != 1 or self._marked is None:
            return
        for (index, permille), span_ms in self._driven.items():
            way = place[index] - self._marked[index]
            way = signed_cdeg(way) if index == 0 else way
            way = way if permille > 0 else -way
            rates = self.rates[TURNING[index]]
            is_room = abs(permille) in rates or len(rates) < RATE_COUNT_MAX
            if way >= WAY_CDEG_MIN and span_ms > 0 and is_room:
                rates[abs(permille)] = way * MS_PER_S // span_ms
                self.rates_count += 1

    def _tell(self, now_ms: int) -> None:
        """Hand the place on as a head that answers would, as long as it is worth something."""
        dome = self._dome
        pan_cdeg, tilt_cdeg = self._place[0] // FINE, self._place[1] // FINE
        if self.doubt_cdeg > DOUBT_CDEG_MAX or abs(tilt_cdeg) > TILT_CDEG_MAX:
            self._give_up()
            return
        self._look_ms = now_ms + LOOK_MS
        for axis, value in (("pan", wrap_cdeg(pan_cdeg)), ("tilt", tilt_cdeg), ("zoom", 0)):
            dome.place.take(axis, value, now_ms)
            if self._move != (0, 0):
                dome.place.doubt()
            dome.hear_axis(axis, now_ms, now_ms)

    def _give_up(self) -> None:
        """Nobody knows any more where it looks; what is driven still counts for a speed."""
        if self.is_known:
            self.is_known = False
            self._dome.place.forget()
