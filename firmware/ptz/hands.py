"""Who has the dome: a person before a tour, always; safety before both stands in the drive."""

from firmware.ptz import drive as states
from firmware.ptz.dwell import Dwell
from firmware.ptz.hold import Hold
from firmware.ptz.plan import PATTERN_MAX, preset_fault
from firmware.ptz.tour import Tour
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.ptz.menu import Menu
    from firmware.ptz.pattern import Recorder
    from firmware.ptz.service import PtzService
    from firmware.ptz.switches import Switches

NO_PATTERN, RECORDING, NOT_RECORDING = "ptz.no_pattern", "ptz.recording", "ptz.not_recording"
RANGE, NO_SWITCH, NO_MENU = "ptz.range", "ptz.no_switch", "ptz.no_menu"


class Hands:
    """What is done with one dome, by people and by itself.

    Args:
        dome: that is driven.

    Attributes:
        switches: what it can switch by name; None until the settings are known.
    """

    __slots__ = ("_dome", "_menu", "_recorder", "_wanted", "dwell", "hold", "switches", "tour")

    def __init__(self, dome: "PtzService") -> None:
        self._dome = dome
        self._recorder: Recorder | None = None
        self._wanted: tuple[int, int] | None = None  # pattern, preset it begins at, on the way
        self._menu: Menu | None = None
        self.switches: Switches | None = None
        self.hold = Hold(dome.report)
        self.tour = Tour(dome)
        self.dwell = Dwell(dome)

    def on_person(self, now_ms: int, person: str = "") -> None:
        """Hear that a person is about to change what the dome looks at."""
        self.tour.on_person(now_ms)
        self.dwell.on_person(now_ms, person)
        if self._menu is not None:
            self._menu.on_person(now_ms)

    def take(self, person: str, role: str, now_ms: int) -> str:
        """Take the dome for a person who is about to move it; "" or "ptz.held"."""
        refusal = self.hold.take(person, role, now_ms)
        if not refusal:
            self.on_person(now_ms, person)
        return refusal

    def activity(self) -> str:
        """Say in a word or two what the dome does by itself, or for whom it waits; "" for none."""
        if self._recorder is not None:
            return "recording pattern %d" % self._recorder.number
        if self._menu is not None and self._menu.is_open:
            return "menu"
        tour = self.tour
        if tour.machine.state == "idle":
            return ""
        word = "tour waiting" if tour.machine.state == "waiting" else "tour"
        return (word + " " + tour.name).strip()

    def due_ms(self) -> int:
        """Tell when `step` has something to do that cannot wait for the dome's next turn."""
        return self.tour.due_ms()

    def step(self, now_ms: int) -> None:
        """Let a tour go on, and count how long a person has looked at one thing."""
        self.hold.step(now_ms)
        self._record(now_ms)
        if self._menu is not None:
            self._menu.step(now_ms)
            if self._menu.is_open:
                self.tour.hold_back(now_ms)
        self.tour.step(now_ms)
        if self.tour.is_driving():
            self.dwell.forget(now_ms)
        else:
            self.dwell.step(now_ms)

    def switch(self, name: str, is_on: bool, now_ms: int) -> str:
        """Switch something of the dome by its name; "" or why not."""
        if self.switches is None:
            return self._dome.report.refuse("switch", NO_SWITCH, now_ms)
        return self.switches.switch(name, is_on, now_ms)

    def menu(self, key: str, now_ms: int) -> str:
        """Open, steer or close the head's own menu; "" or why not, see `menu.Menu.press`."""
        if self._menu is None and self.switches is not None:
            from firmware.ptz.menu import Menu  # noqa: PLC0415 - few domes have one

            self._menu = Menu(self._dome, self.switches)
        if self._menu is None:
            return self._dome.report.refuse("menu", NO_MENU, now_ms)
        return self._menu.press(key, now_ms)

    def pattern(self, act: str, number: int, preset: int, now_ms: int) -> str:
        """Record, keep, run or drop a pattern of moves.

        Args:
            act: "record" goes to the preset and then writes down every move; "keep" ends that;
                "run" plays it for ever; "drop" forgets it.
            number: 1 to 4.
            preset: where it begins; for "record" only.
            now_ms: monotonic.

        Returns:
            "" or why not.
        """
        refusal = ""
        if not 1 <= number <= PATTERN_MAX:
            refusal = RANGE
        elif act == "record":
            refusal = self._begin_recording(number, preset, now_ms)
        elif act == "keep":
            refusal = self._end_recording(number, now_ms)
        elif number not in self.tour.patterns:
            refusal = NO_PATTERN
        elif act == "run":
            return self.tour.start("p%d:2" % number, now_ms)
        else:
            del self.tour.patterns[number]
            self.tour.patterns_count += 1
        return self._dome.report.refuse("pattern", refusal, now_ms) if refusal else ""

    def _begin_recording(self, number: int, preset: int, now_ms: int) -> str:
        if self._recorder is not None or self._wanted is not None:
            return RECORDING
        fault = preset_fault(self._dome, preset) or self._dome.seek(preset, now_ms)
        if not fault:
            self._wanted = (number, preset)
        return fault

    def _end_recording(self, number: int, now_ms: int) -> str:
        if self._recorder is None or self._recorder.number != number:
            return NOT_RECORDING
        self._keep(now_ms)
        return ""

    def _record(self, now_ms: int) -> None:
        """Begin when the preset is reached, write on, and end when the dome goes elsewhere."""
        state = self._dome.drive.state
        if self._wanted is not None and state != states.SEEKING:
            from firmware.ptz.pattern import Recorder  # noqa: PLC0415 - few units record one

            (number, preset), self._wanted = self._wanted, None
            if state != states.LOST and not self.tour.is_driving():
                self._recorder = Recorder(number, preset, now_ms)
        if self._recorder is None:
            return
        move = self._dome.drive.move if state == states.MOVING else states.STILL
        is_elsewhere = state in {states.SEEKING, states.LOST} or self.tour.is_driving()
        if is_elsewhere or not self._recorder.step(move, now_ms):
            self._keep(now_ms)

    def _keep(self, now_ms: int) -> None:
        recorder, self._recorder = self._recorder, None
        assert recorder is not None
        data = recorder.pack(now_ms)
        if data:
            self.tour.patterns[recorder.number] = (recorder.preset, data)
            self.tour.patterns_count += 1
        fields = {"number": recorder.number, "data_bytes": len(data)}
        self._dome.report.emit("ptz.pattern_kept", now_ms, dict(fields))
