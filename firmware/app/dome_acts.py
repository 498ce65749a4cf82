"""What each act on a dome does, and how a command finds its dome."""

from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.app.station import Station
    from firmware.commands.message import Argument, Command
    from firmware.commands.service import CommandService
    from firmware.ptz.hold import Hold
    from firmware.ptz.service import PtzService
    from hal.api._typing import Callable

    Outcome = tuple[str, dict[str, Argument]]
    DomeAct = Callable[[PtzService, Command, int], str | Outcome | None]

UNKNOWN_CAMERA = "command.unknown_camera"
NO_DOME = "ptz.not_fitted"
NO_LINE = "port.absent"
MS_PER_S = 1000

REMEDIES = {
    "ptz.range": "speeds are -1000 to 1000 permille, presets 1 to 255, auxiliaries 1 to 8",
    "ptz.reserved": "that head keeps this preset for a function; choose another number",
    "ptz.line": "the serial line is not there; check the adapter",
    "ptz.limit": "a soft stop is reached; move the other way",
    "ptz.zone": "it could show a private place; move away from it, or zoom in first",
    "ptz.no_position": "nobody knows where it looks; wait for its replies, or calibrate it",
    "ptz.tells": "this dome tells where it looks; nothing has to be calibrated",
    "ptz.no_home": "no home is set; name one of its presets as home_preset in the site file",
    "ptz.unlearned": "nobody knows what that preset shows; look there and set it anew",
    "ptz.plan": "a plan is preset:seconds, such as 1:20 2:15, or p1:5 for a pattern",
    "ptz.not_holder": "only who has the dome, or a supervisor, can give it away",
    "ptz.hours": 'hours are "by hand", or from when to when, such as 22:00-06:00',
    "ptz.no_tour": "no tour is kept under that name; see ptz.tour_list",
    "ptz.no_room": "8 tours are kept for a dome; drop one, or make the plans shorter",
    "ptz.no_pattern": "no such pattern is kept; record it first",
    "ptz.recording": "a pattern is being recorded; keep it first",
    "ptz.not_recording": "that pattern is not being recorded; record it first",
    "ptz.no_switch": "this dome has no such switch; the birth lists what it has",
    "ptz.no_menu": "open the menu first; a head without one has none in its profile",
    "ptz.full": "too much is waiting for the dome; ask again in a second",
}
CLAUSES = {"ptz.zone": "C21", "ptz.unlearned": "C21", "ptz.not_holder": "C67"}
HELD, PLAIN, FREE = 2, 1, 0  # how an act is opened, see `Opening.add`


class Opening:
    """Opens acts on domes: finds the dome, or says why not, and turns its code into an outcome.

    Args:
        stations: the cameras by name.
        commands: that take each act by its name.
    """

    __slots__ = ("_acts", "_commands", "_do_it", "_stations")

    def __init__(self, stations: "dict[str, Station]", commands: "CommandService") -> None:
        self._stations = stations
        self._commands = commands
        self._acts: dict[str, tuple[int, DomeAct]] = {}
        self._do_it = self._do

    def add(self, name: str, way: int, act: "DomeAct") -> None:
        """Take one act.

        Args:
            name: of the act.
            way: HELD for what moves the dome, so that the person has it or takes it; PLAIN for
                what anybody may do while there is a line; FREE for what waits for nothing, a stop.
            act: does it, and answers with a code, a whole outcome, or nothing.
        """
        self._acts[name] = (way, act)
        self._commands.register(name, self._do_it)

    def _do(self, command: "Command", now_ms: int) -> "Outcome":
        way, act = self._acts[command.act]
        station = self._stations.get(command.text("camera"))
        if station is None:
            return unknown_camera(command, self._stations)
        dome = station.dome
        if dome is None:
            return NO_DOME, {"remedy": "this camera is fixed"}
        if way >= PLAIN and not station.has_line():
            return NO_LINE, {"remedy": "the serial line is not there; check the adapter"}
        if way == HELD:
            code = dome.hands.take(command.person, command.role, now_ms)
            if code:
                return _held(dome.hands.hold, code, now_ms)
        done = act(dome, command, now_ms)
        return done if isinstance(done, tuple) else dome_outcome(done or "")


def register(opening: Opening) -> None:
    """Tell the command service what does each act on a dome."""
    opening.add(
        "ptz.move",
        HELD,
        lambda dome, told, now_ms: dome.move(
            told.number("pan"), told.number("tilt"), told.number("zoom"), now_ms
        ),
    )
    opening.add("ptz.stop", FREE, _stop)
    opening.add(
        "ptz.preset",
        HELD,
        lambda dome, told, now_ms: dome.preset(told.text("do"), told.number("number"), now_ms),
    )
    opening.add(
        "ptz.aux",
        PLAIN,
        lambda dome, told, now_ms: dome.aux(
            told.number("number"), told.number("level") > 0, now_ms
        ),
    )
    opening.add(
        "ptz.lens",
        HELD,
        lambda dome, told, now_ms: dome.lens(told.number("focus"), told.number("iris"), now_ms),
    )


def _stop(dome: "PtzService", command: "Command", now_ms: int) -> str:
    dome.hands.on_person(now_ms, command.person)
    return dome.stop(now_ms)


def _held(hold: "Hold", code: str, now_ms: int) -> "Outcome":
    """Say who has the dome, and for how long."""
    free_ms = hold.left_ms(now_ms)
    told = (hold.person, hold.role or "handed over", -(-free_ms // MS_PER_S))
    detail: dict[str, Argument] = {"holder": hold.person, "role": hold.role, "free_in_ms": free_ms}
    detail["clause"] = "C67"
    detail["remedy"] = "%s (%s) has the dome; it is free in %d s if they let it be" % told
    return code, detail


def unknown_camera(command: "Command", stations: "dict[str, Station]") -> "Outcome":
    """Say which cameras there are."""
    names = ", ".join(sorted(stations))
    return UNKNOWN_CAMERA, {"camera": command.text("camera"), "remedy": "cameras: " + names}


def dome_outcome(code: str) -> "Outcome":
    """Turn what the dome's service answered into the outcome of a command."""
    if not code:
        return "", {}
    return code, {"clause": CLAUSES.get(code, ""), "remedy": REMEDIES.get(code, "")}
