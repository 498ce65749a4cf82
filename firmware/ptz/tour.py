"""Goes from preset to preset by itself, and lets go the moment that a person takes the dome.

    idle    --start-->   going       a plan is given
    going   --arrive-->  dwelling    the preset is reached, or given up
    dwelling --leave-->  going       the time there is over: on to the next
    any     --yield-->   waiting     a person takes the dome, or it may not move by itself now
    waiting --resume-->  going       nobody has touched it for a while: the same preset again
    any     --end-->     idle        a person, or the hour, ended the tour

A pattern is played while dwelling at the preset where it begins. Plans: `firmware.ptz.plan`.
"""

from firmware.machine import Machine
from firmware.ptz.drive import LOST, MOVING, SEEKING
from firmware.ptz.plan import NO_PATTERN, PLAN, preset_fault, read_plan
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.ptz.pattern import Player
    from firmware.ptz.plan import Stops
    from firmware.ptz.service import PtzService

IDLE, GOING, DWELLING, WAITING = "idle", "going", "dwelling", "waiting"
START, ARRIVE, LEAVE, YIELD, RESUME, END = "start", "arrive", "leave", "yield", "resume", "end"

NEXT = {
    (IDLE, START): GOING,
    (GOING, ARRIVE): DWELLING,
    (GOING, YIELD): WAITING,
    (GOING, START): GOING,
    (GOING, END): IDLE,
    (DWELLING, LEAVE): GOING,
    (DWELLING, YIELD): WAITING,
    (DWELLING, START): GOING,
    (DWELLING, END): IDLE,
    (WAITING, YIELD): WAITING,
    (WAITING, RESUME): GOING,
    (WAITING, START): GOING,
    (WAITING, END): IDLE,
}

RESUME_MS = 30_000
RETRY_MS = 5_000
NEVER_MS = 1 << 62


class Tour:
    """The tour of one dome.

    Args:
        dome: is sent to presets, with every check that a person's wish gets.

    Attributes:
        text: of the plan under way; "" for none.
        name: under which it is kept; "" for one that was only given.
        is_scheduled: the hour began it, and ends it.
        patterns: number to (preset where it begins, rows as `pattern.Recorder.pack` made them).
        patterns_count: rises with each change of `patterns`.
        refused_count: stops that were passed over because the preset was refused.
        held_count: how often it had to wait because the dome might not move by itself.
    """

    __slots__ = (
        "_dome",
        "_due_ms",
        "_index",
        "_is_aimed",
        "_is_sought",
        "_player",
        "_stops",
        "held_count",
        "is_scheduled",
        "machine",
        "name",
        "patterns",
        "patterns_count",
        "refused_count",
        "text",
    )

    def __init__(self, dome: "PtzService") -> None:
        self._dome = dome
        self.machine = Machine(NEXT, IDLE)
        self._stops: Stops = []
        self._index = 0
        self._due_ms = 0
        self._is_sought = self._is_aimed = False
        self._player: Player | None = None
        self.text = ""
        self.name = ""
        self.is_scheduled = False
        self.patterns: dict[int, tuple[int, bytes]] = {}
        self.patterns_count = 0
        self.refused_count = 0
        self.held_count = 0

    def fault(self, text: str) -> str:
        """Say why a plan may not be kept or begun: "" or a code, with the stop after a space."""
        stops = read_plan(text)
        if not stops:
            return PLAN
        for number, _, _ in stops:
            if number < 0 and -number not in self.patterns:
                return NO_PATTERN + " p%d" % -number
            fault = preset_fault(self._dome, self._preset_of(number))
            if fault:
                return fault + " %d" % self._preset_of(number)
        return ""

    def start(self, text: str, now_ms: int, name: str = "") -> str:
        """Begin a tour at a person's wish, in place of the one before.

        Returns:
            "" or why not: "ptz.plan" when the text is none, else what is against one of its stops.
        """
        fault = self.fault(text).partition(" ")[0]
        if fault:
            return self._dome.report.refuse("tour", fault, now_ms)
        self.begin(text, now_ms, name, is_scheduled=False)
        return ""

    def begin(self, text: str, now_ms: int, name: str, is_scheduled: bool) -> None:
        """Begin a tour that was checked when it was kept; stops refused now are passed over."""
        stops = read_plan(text)
        if not stops:
            self.refused_count += 1
            return
        self._leave_off(now_ms)
        self._stops, self._index, self._due_ms = stops, 0, now_ms
        self.text, self.name, self.is_scheduled = text, name, is_scheduled
        self.machine.on_event(START)
        self._is_sought = False
        self._dome.report.emit("ptz.tour_started", now_ms, {"stops": len(stops), "name": name})

    def end(self, now_ms: int) -> None:
        """End the tour; the dome stays where it is, or is stopped on its way."""
        if not self.machine.on_event(END):
            return
        self._leave_off(now_ms)
        if self._dome.drive.state == SEEKING:
            self._dome.drive.stop("tour")
        name, self.text, self.name, self.is_scheduled = self.name, "", "", False
        self._dome.report.emit("ptz.tour_ended", now_ms, {"name": name})

    def on_person(self, now_ms: int) -> None:
        """Hear that a person wants the dome: they have it until they let it be for a while."""
        if self.machine.on_event(YIELD):
            self._player, self._is_aimed = None, False
            self._due_ms = now_ms + RESUME_MS

    def hold_back(self, now_ms: int) -> None:
        """Hear that the dome may not move by itself now; it is asked again after a while."""
        if self.is_driving():
            self.held_count += 1
            self._leave_off(now_ms)
            if self._dome.drive.state == SEEKING:
                self._dome.drive.stop("tour")
        if self.machine.on_event(YIELD):
            self._due_ms = max(self._due_ms, now_ms + RETRY_MS)

    def is_driving(self) -> bool:
        """Whether the tour has the dome now."""
        return self.machine.state in {GOING, DWELLING}

    def due_ms(self) -> int:
        """Tell when `step` has something to do that cannot wait for the dome's next turn."""
        return NEVER_MS if self._player is None else self._player.due_ms()

    def step(self, now_ms: int) -> None:
        """Go on with the tour when it is time."""
        state = self.machine.state
        if state == IDLE or self._dome.drive.state == LOST:
            return
        if state == GOING and self._is_sought:
            is_aiming = self._is_aimed and self._dome.aiming().is_busy()
            if self._dome.drive.state != SEEKING and not is_aiming:
                self._arrive(now_ms)
            return
        if self._player is not None and not self._play(now_ms):
            return
        if now_ms < self._due_ms:
            return
        if state == DWELLING:
            if not self._stops[self._index][1]:
                return  # parked
            self._index = (self._index + 1) % len(self._stops)
            self.machine.on_event(LEAVE)
        elif state == WAITING:
            self.machine.on_event(RESUME)
        self._go(now_ms)

    def _arrive(self, now_ms: int) -> None:
        number, dwell_ms, _ = self._stops[self._index]
        self.machine.on_event(ARRIVE)
        self._is_sought = False
        self._due_ms = now_ms + dwell_ms
        if -number in self.patterns:
            from firmware.ptz.pattern import Player  # noqa: PLC0415 - few units play one

            self._player = Player(self._dome, self.patterns[-number][1], now_ms)

    def _play(self, now_ms: int) -> bool:
        """Play on; True when the pattern is over, and the stay after it begins."""
        assert self._player is not None
        if not self._player.step(now_ms):
            return False
        self.refused_count += self._player.refused_count
        self._player = None
        self._due_ms = now_ms + self._stops[self._index][1]
        return True

    def _go(self, now_ms: int) -> None:
        """Set off to the next stop; one that is refused is passed over, with a pause."""
        stop, _, speed_permille = self._stops[self._index]
        number = self._preset_of(stop)
        fault = preset_fault(self._dome, number)
        self._is_sought = not (fault or self._travel(number, speed_permille, now_ms))
        if not self._is_sought:
            self.refused_count += 1
            self._index = (self._index + 1) % len(self._stops)
            self._due_ms = now_ms + RETRY_MS

    def _travel(self, number: int, speed_permille: int, now_ms: int) -> str:
        """Set off to a preset, at a speed of ours where it can be held; "" or why not."""
        place = self._dome.sight.presets.get(number)
        self._is_aimed = bool(speed_permille and place and self._dome.sight.is_known())
        if not self._is_aimed or place is None:
            return self._dome.seek(number, now_ms)
        return self._dome.aiming().go_slowly(place, speed_permille, now_ms)

    def _preset_of(self, number: int) -> int:
        """Give the preset of a stop: where its pattern begins, or 0 when there is none."""
        return number if number > 0 else self.patterns.get(-number, (0, b""))[0]

    def _leave_off(self, now_ms: int) -> None:
        """Drop a pattern half played or a way half gone, and stop the move of it."""
        if self._is_aimed:
            self._dome.end_aiming(now_ms)
        is_ours = self._player is not None or self._is_aimed
        if is_ours and self._dome.drive.state == MOVING:
            self._dome.drive.stop("tour")
        self._player, self._is_aimed = None, False
