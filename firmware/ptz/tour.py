"""Goes from preset to preset by itself, and lets go the moment that a person takes the dome.

    idle    --start-->   going       a plan is given
    going   --arrive-->  dwelling    the preset is reached, or given up
    dwelling --leave-->  going       the time there is over: on to the next
    any     --yield-->   waiting     a person moves the dome, goes to a preset or stops it
    waiting --resume-->  going       nobody has touched it for a while: the same preset again
    any     --end-->     idle        a person ended the tour

A plan is text: "3:20 4:15" stays 20 s at preset 3, then 15 s at preset 4, and so on for ever. One
step "3:0" means: go there once, and again whenever people have let go; that is parking.
"""

from firmware.machine import Machine
from firmware.ptz.drive import LOST, SEEKING
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
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

STOP_COUNT_MAX = 32
PRESET_MAX = 255
DWELL_MS_MIN, DWELL_MS_MAX = 2_000, 3_600_000
DIGIT_COUNT_MAX = 4
RESUME_MS = 30_000
RETRY_MS = 5_000
MS_PER_S = 1000


def read_plan(text: str) -> "list[tuple[int, int]]":
    """Turn the text of a plan into stops.

    Args:
        text: "preset:seconds" one after the other, 1 to 32 of them; presets 1 to 255, 2 to 3600
            seconds, or a single one with 0 seconds.

    Returns:
        (preset, dwell_ms) for each stop; empty when the text is no plan.
    """
    stops: list[tuple[int, int]] = []
    for word in text.split():
        preset, colon, dwell = word.partition(":")
        if not colon or not _is_number(preset) or not _is_number(dwell):
            return []
        stops.append((int(preset), int(dwell) * MS_PER_S))
    is_parking = len(stops) == 1 and stops[0][1] == 0
    for number, dwell_ms in stops:
        is_dwell = is_parking or DWELL_MS_MIN <= dwell_ms <= DWELL_MS_MAX
        if not 1 <= number <= PRESET_MAX or not is_dwell:
            return []
    return stops if len(stops) <= STOP_COUNT_MAX else []


class Tour:
    """The tour of one dome.

    Args:
        dome: is sent to presets, with every check that a person's wish gets.
    """

    __slots__ = ("_dome", "_due_ms", "_index", "_is_sought", "_stops", "machine", "refused_count")

    def __init__(self, dome: "PtzService") -> None:
        self._dome = dome
        self.machine = Machine(NEXT, IDLE)
        self._stops: list[tuple[int, int]] = []
        self._index = 0
        self._due_ms = 0
        self._is_sought = False
        self.refused_count = 0
        """Stops that were passed over because the preset was refused."""

    def start(self, text: str, now_ms: int) -> str:
        """Begin a tour, in place of the one before; "" or "ptz.plan" when the text is none."""
        stops = read_plan(text)
        if not stops:
            return self._dome.report.refuse("tour", "ptz.plan", now_ms)
        self._stops, self._index, self._due_ms = stops, 0, now_ms
        self.machine.on_event(START)
        self._is_sought = False
        self._dome.report.emit("ptz.tour_started", now_ms, {"stops": len(stops)})
        return ""

    def end(self, now_ms: int) -> None:
        """End the tour; the dome stays where it is, or is stopped on its way."""
        if not self.machine.on_event(END):
            return
        if self._dome.drive.state == SEEKING:
            self._dome.drive.stop("tour")
        self._dome.report.emit("ptz.tour_ended", now_ms)

    def on_person(self, now_ms: int) -> None:
        """Hear that a person wants the dome: they have it until they let it be for a while."""
        if self.machine.on_event(YIELD):
            self._due_ms = now_ms + RESUME_MS

    def is_driving(self) -> bool:
        """Whether the tour has the dome now."""
        return self.machine.state in {GOING, DWELLING}

    def step(self, now_ms: int) -> None:
        """Go on with the tour when it is time."""
        state = self.machine.state
        if state == IDLE or self._dome.drive.state == LOST:
            return
        if state == GOING and self._is_sought:
            if self._dome.drive.state != SEEKING:
                self.machine.on_event(ARRIVE)
                self._is_sought = False
                self._due_ms = now_ms + self._stops[self._index][1]
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

    def _go(self, now_ms: int) -> None:
        """Set off to the next stop; one that is refused is passed over, with a pause."""
        self._is_sought = not self._dome.seek(self._stops[self._index][0], now_ms)
        if not self._is_sought:
            self.refused_count += 1
            self._index = (self._index + 1) % len(self._stops)
            self._due_ms = now_ms + RETRY_MS


def _is_number(text: str) -> bool:
    """Whether a text is up to four digits and nothing else; "isdigit" takes far more."""
    return 1 <= len(text) <= DIGIT_COUNT_MAX and all("0" <= letter <= "9" for letter in text)
