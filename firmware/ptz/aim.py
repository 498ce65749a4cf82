"""Turns a dome to a place by its speeds, watching what it tells: absolute and relative moves.

    idle     --go-->      driving     a way is found that limits and zones let through
    driving  --stop-->    settling    every axis is there, by what was heard
    settling --drive-->   driving     it stands, and not quite there: once more
    any      --end-->     idle        it is there, it was given up, or somebody else moves it

The move is a lease as any other: it is renewed only when a position comes that shows progress,
so that a head which stops telling is stopped within a second. On the way it is kept off limits
and zones like a person's move.
"""

from firmware.machine import Machine
from firmware.ptz import drive as states
from firmware.ptz.approach import Approach
from firmware.ptz.bounds import LIMIT, ZONE
from firmware.ptz.path import is_within, plan
from firmware.ptz.place import AXES
from firmware.ptz.privacy import PERMILLE
from firmware.units import CDEG_PER_TURN, signed_cdeg, wrap_cdeg
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.ptz.service import PtzService

    Aim = tuple[int, int, int]
    Value = int | str | bytes | bool

IDLE, DRIVING, SETTLING = "idle", "driving", "settling"
GO, STOP, DRIVE, END = "go", "stop", "drive", "end"
NEXT = {
    (IDLE, GO): DRIVING,
    (DRIVING, GO): DRIVING,
    (SETTLING, GO): DRIVING,
    (DRIVING, STOP): SETTLING,
    (SETTLING, DRIVE): DRIVING,
    (DRIVING, END): IDLE,
    (SETTLING, END): IDLE,
}

RANGE, UNKNOWN = "ptz.range", "ptz.no_position"
ARRIVED, STUCK, SILENT, MISSED, OTHER = "arrived", "stuck", "silent", "missed", "other"
TILT_CDEG_MAX = 9_000
NEAR_CDEG, NEAR_PERMILLE = 15, 5  # so near counts as there
PASSED_CDEG = 200  # so near to a corner of the way the next leg begins
ENOUGH_CDEG, ENOUGH_PERMILLE = 100, 20  # so near is good enough when tries are over
TRY_COUNT_MAX = 6
NO_PROGRESS_MS = 3_000
AGAIN_MS = 500  # what was held back altogether is tried again so much later
REPLY_BYTES = 7
THINK_MS = 5  # a head that is well needs no longer until it answers
STEP = 10  # this much nearer is progress
WHOLE_MS_MAX = 120_000
ZOOM_WEIGHT = 10


class Aiming:
    """The absolute moves of one dome.

    Args:
        dome: that is turned.
    """

    __slots__ = (
        "_again_ms",
        "_axes",
        "_begun_ms",
        "_best",
        "_dome",
        "_held",
        "_next_pace_permille",
        "_pace_permille",
        "_progress_ms",
        "_try_count",
        "_way",
        "machine",
        "reached_count",
    )

    def __init__(self, dome: "PtzService") -> None:
        self._dome = dome
        byte_count = len(dome.protocol.stop()) + REPLY_BYTES
        step_ms = dome.settings.pacing_ms + byte_count * 10_000 // dome.settings.baud + THINK_MS
        self._axes = {
            "pan": Approach(dome.settings, NEAR_CDEG),
            "tilt": Approach(dome.settings, NEAR_CDEG),
            "zoom": Approach(dome.settings, NEAR_PERMILLE, is_zoom=True, step_ms=step_ms),
        }
        self._way: list[Aim] = []
        self._best = 0
        self._begun_ms = self._progress_ms = 0
        self._try_count = 0
        self._again_ms = 0
        self._pace_permille = self._next_pace_permille = PERMILLE
        self._held: list[int] = []  # axes that a limit or a zone lets go nowhere just now
        self.machine = Machine(NEXT, IDLE)
        self.reached_count = 0

    def go_slowly(self, goal: "Aim", pace_permille: int, now_ms: int) -> str:
        """Turn to a place no faster than a speed, 1 to 1000; the answers are those of `go_to`."""
        self._next_pace_permille = pace_permille
        return self.go_to(goal[0], goal[1], goal[2], now_ms)

    def go_to(self, pan_cdeg: int, tilt_cdeg: int, zoom_permille: int, now_ms: int) -> str:
        """Turn to a place.

        Args:
            pan_cdeg: 0 to 35999.
            tilt_cdeg: -9000 to 9000, up positive.
            zoom_permille: 0 wide to 1000 tele.
            now_ms: monotonic.

        Returns:
            "" or why not: "ptz.range", "ptz.no_position" (it does not tell where it looks, or not
            yet), "ptz.limit", "ptz.zone" (the place or every way there shows what must not be
            seen), "ptz.line".
        """
        if self._dome.reckoning is not None:
            zoom_permille = self._dome.sight.aim()[2]  # nobody knows it, so it is left alone
        goal = (pan_cdeg, tilt_cdeg, zoom_permille)
        pace_permille, self._next_pace_permille = self._next_pace_permille, PERMILLE
        is_in_range = 0 <= pan_cdeg < CDEG_PER_TURN and abs(tilt_cdeg) <= TILT_CDEG_MAX
        if not is_in_range or not 0 <= zoom_permille <= PERMILLE:
            return self._dome.report.refuse("go_to", RANGE, now_ms)
        refusal = self._fault(goal)
        if refusal:
            return self._dome.report.refuse("go_to", refusal, now_ms)
        way = plan(self._dome.settings, self._dome.sight.aim(), goal)
        if not way:
            return self._dome.report.refuse("go_to", ZONE, now_ms)
        self._way, self._pace_permille = way, pace_permille
        self.machine.on_event(GO)
        self._begun_ms = now_ms
        self._try_count = 0
        for axis in AXES:
            self._axes[axis].forget()
        self._begin_leg(now_ms)
        self._drive(now_ms)
        return ""

    def step_by(self, pan_cdeg: int, tilt_cdeg: int, zoom_permille: int, now_ms: int) -> str:
        """Turn by so much from where it looks now; the answers are those of `go_to`."""
        if not self._dome.sight.is_known():
            return self._dome.report.refuse("go_to", UNKNOWN, now_ms)
        pan, tilt, zoom = self._dome.sight.aim()
        goal = (wrap_cdeg(pan + pan_cdeg), tilt + tilt_cdeg, zoom + zoom_permille)
        return self.go_to(goal[0], goal[1], goal[2], now_ms)

    def is_busy(self) -> bool:
        """Whether it is on the way."""
        return self.machine.state != IDLE

    def cancel(self, now_ms: int) -> None:
        """Hear that something else is done with the dome."""
        self._end(OTHER, now_ms)

    def step(self, now_ms: int) -> None:
        """Halt an axis that is there before it was heard to be, and give up what leads nowhere."""
        if not self.is_busy():
            return
        dome = self._dome
        if dome.drive.state in {states.LOST, states.CLOSED, states.SEEKING}:
            self._end(OTHER, now_ms)
        elif not dome.sight.is_located():
            self._give_up(SILENT, now_ms)
        elif now_ms - min(self._progress_ms, self._begun_ms + WHOLE_MS_MAX) >= self._patience_ms():
            self._give_up(STUCK, now_ms)
        elif self.machine.state == DRIVING and dome.drive.state == states.MOVING:
            self._halt_in_time(now_ms)

    def halt_due_ms(self) -> int:
        """Tell when `step` has an axis to halt; nothing may be on the line then."""
        due_ms = states.NEVER_MS
        if self.machine.state == DRIVING and self._dome.drive.state == states.MOVING:
            for axis in AXES:
                halt_ms = self._axes[axis].halt_ms
                due_ms = min(due_ms, halt_ms) if halt_ms >= 0 else due_ms
        return due_ms

    def hear(self, axis: str, begun_ms: int, now_ms: int) -> None:
        """Hear that an axis was told, as it was when it was asked for; renews what leads there."""
        if not self.is_busy():
            return
        place, drive = self._dome.place, self._dome.drive
        self._tell(now_ms)
        self._axes[axis].hear(self._left(axis), begun_ms)
        self._note_progress(now_ms)
        if self.machine.state == SETTLING:
            if place.still_count and drive.state == states.IDLE:
                self._judge(now_ms)
        elif drive.state in {states.MOVING, states.IDLE}:
            if len(self._way) > 1 and self._is_passed():
                self._way.pop(0)
                self._begin_leg(now_ms)
                self._drive(now_ms)
            else:
                self._drive(now_ms, axis)

    def _fault(self, goal: "Aim") -> str:
        dome = self._dome
        if not dome.sight.is_known():
            return UNKNOWN
        if not is_within(dome.settings, goal):
            return LIMIT
        return ZONE if dome.sight.shows_zone(goal) else ""

    def _left(self, axis: str) -> int:
        """Tell how far an axis is from the end of the leg."""
        index = AXES.index(axis)
        left = self._way[0][index] - self._dome.sight.aim()[index]
        return signed_cdeg(left) if index == 0 else left

    def _sum(self) -> int:
        axes = self._axes
        return (
            abs(axes["pan"].left) + abs(axes["tilt"].left) + abs(axes["zoom"].left) * ZOOM_WEIGHT
        )

    def _begin_leg(self, now_ms: int) -> None:
        for axis in AXES:
            self._axes[axis].begin(self._left(axis))
        self._best = self._sum()
        self._progress_ms = now_ms
        self._held = []

    def _patience_ms(self) -> int:
        """Tell how long it may take until a position shows progress."""
        return NO_PROGRESS_MS + 4 * self._axes["pan"].gap_ms

    def _note_progress(self, now_ms: int) -> None:
        if self._sum() <= self._best - STEP:
            self._best = self._sum()
            self._progress_ms = now_ms

    def _is_passed(self) -> bool:
        """Whether it is near enough to a corner of the way."""
        axes = self._axes
        return max(abs(axes["pan"].left), abs(axes["tilt"].left)) <= PASSED_CDEG

    def _tell(self, now_ms: int) -> None:
        """Tell each axis what the head is told now."""
        drive = self._dome.drive
        move = drive.move if drive.state == states.MOVING else states.STILL
        for index, axis in enumerate(AXES):
            self._axes[axis].tell(move[index], now_ms)

    def _drive(self, now_ms: int, only: str = "") -> None:
        """Ask for what leads on, as far as it may be; stop when nothing does.

        Args:
            now_ms: monotonic.
            only: the axis that was heard, whose speed is thought over; all when empty. One that
                was held back is tried again in any case.
        """
        drive = self._dome.drive
        move = list(drive.move) if drive.state == states.MOVING else [0, 0, 0]
        for index, axis in enumerate(AXES):
            if axis == only or not only or index in self._held:
                move[index] = self._slowed(index, self._axes[axis].speed(now_ms), now_ms)
        wish = (move[0], move[1], move[2])
        if wish == states.STILL:
            self._settle(now_ms)
            return
        if now_ms < self._again_ms:
            return
        allowed = self._dome.bounds.limited(wish, now_ms)
        self._held = [index for index in range(len(AXES)) if wish[index] and not allowed[index]]
        if allowed == states.STILL:
            self._again_ms = now_ms + AGAIN_MS
            if self._dome.drive.state == states.MOVING:
                self._dome.drive.stop("zone")
            return  # whatever holds it back: without progress it is given up
        if self._dome.set_motion("go_to", allowed, None, now_ms):
            self._end(OTHER, now_ms)
        self._tell(now_ms)

    def _slowed(self, index: int, speed: int, now_ms: int) -> int:
        """Take off what a speed has over the pace, or a soft stop allows; a lens has one speed."""
        if AXES[index] == "zoom":
            return speed
        reckoning, approach = self._dome.reckoning, self._axes[AXES[index]]
        most = PERMILLE if approach.left > 0 else -PERMILLE
        most = min(abs(self._dome.bounds.slowed(index, most, now_ms)), self._pace_permille)
        if reckoning is not None:
            return reckoning.steer(index, approach, most, now_ms)
        return max(-most, min(most, speed))

    def _halt_in_time(self, now_ms: int) -> None:
        move = list(self._dome.drive.move)
        before = tuple(move)
        for index, axis in enumerate(AXES):
            halt_ms = self._axes[axis].halt_ms
            if 0 <= halt_ms <= now_ms:
                self._axes[axis].halt_ms = -1
                move[index] = 0
        if tuple(move) == before:
            return
        if not any(move):
            self._settle(now_ms)
        else:
            self._dome.drive.trim((move[0], move[1], move[2]), "go_to")
            self._tell(now_ms)

    def _settle(self, now_ms: int) -> None:
        """Stop, and look again when it stands."""
        self.machine.on_event(STOP)
        self._dome.drive.stop("go_to")
        self._tell(now_ms)  # what it goes on until it is heard again is no effort of ours

    def _judge(self, now_ms: int) -> None:
        """It stands: there, near enough, or to be driven once more."""
        if len(self._way) == 1 and all(axis.is_there() for axis in self._axes.values()):
            self._arrive(now_ms)
            return
        self._try_count += 1
        is_reckoned = self._dome.reckoning is not None  # then tries bring more doubt than they end
        is_over = self._try_count >= TRY_COUNT_MAX or (is_reckoned and self._is_enough())
        if not is_over:
            self.machine.on_event(DRIVE)
            self._progress_ms = now_ms
            self._best = self._sum()
            self._drive(now_ms)
            return
        if self._is_enough():
            self._arrive(now_ms)
        else:
            self._give_up(MISSED, now_ms)

    def _is_enough(self) -> bool:
        """Whether it is near enough when no more tries are to be made."""
        pan, tilt, zoom = [abs(self._axes[axis].left) for axis in AXES]
        is_near = max(pan, tilt) <= ENOUGH_CDEG and zoom <= ENOUGH_PERMILLE
        return is_near and len(self._way) == 1

    def _arrive(self, now_ms: int) -> None:
        self.reached_count += 1
        self._end(ARRIVED, now_ms)

    def _give_up(self, cause: str, now_ms: int) -> None:
        if self._dome.drive.state == states.MOVING:
            self._dome.drive.stop("go_to")
        self._end(cause, now_ms)

    def _end(self, cause: str, now_ms: int) -> None:
        if self.machine.on_event(END):
            pan, tilt, zoom = self._dome.sight.aim()
            told: dict[str, Value] = {"cause": cause, "pan_cdeg": pan, "tilt_cdeg": tilt}
            told["zoom_permille"] = zoom
            self._dome.report.emit("ptz.went_to", now_ms, told)
