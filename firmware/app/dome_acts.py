"""What each act on a dome does, and how a command finds its dome."""

from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.app.station import Station
    from firmware.commands.message import Argument, Command
    from firmware.commands.service import CommandService
    from firmware.ptz.service import PtzService

    Outcome = tuple[str, dict[str, Argument]]

UNKNOWN_CAMERA = "command.unknown_camera"
NO_DOME = "ptz.not_fitted"
NO_LINE = "port.absent"
MS_PER_S = 1000

DOME_REASONS = {
    "ptz.range": ("", "speeds are -1000 to 1000 permille, presets 1 to 255, auxiliaries 1 to 8"),
    "ptz.reserved": ("", "that head keeps this preset for a function; choose another number"),
    "ptz.line": ("", "the serial line is not there; check the adapter"),
    "ptz.limit": ("", "a soft stop is reached; move the other way"),
    "ptz.zone": ("C21", "it could show a private place; move away from it, or zoom in first"),
    "ptz.no_position": ("", "nobody knows where it looks; wait for its replies, or calibrate it"),
    "ptz.tells": ("", "this dome tells where it looks; nothing has to be calibrated"),
    "ptz.no_home": ("", "no home is set; name one of its presets as home_preset in the site file"),
    "ptz.unlearned": ("C21", "nobody knows what that preset shows; look there and set it anew"),
    "ptz.plan": ("", "a plan is preset:seconds, such as 1:20 2:15, or p1:5 for a pattern"),
    "ptz.not_holder": ("C67", "only who has the dome, or a supervisor, can give it away"),
    "ptz.hours": ("", 'hours are "by hand", or from when to when, such as 22:00-06:00'),
    "ptz.no_tour": ("", "no tour is kept under that name; see ptz.tour_list"),
    "ptz.no_room": ("", "8 tours are kept for a dome; drop one, or make the plans shorter"),
    "ptz.no_pattern": ("", "no such pattern is kept; record it first"),
    "ptz.recording": ("", "a pattern is being recorded; keep it first"),
    "ptz.not_recording": ("", "that pattern is not being recorded; record it first"),
    "ptz.no_switch": ("", "this dome has no such switch; the birth lists what it has"),
    "ptz.no_menu": ("", "open the menu first; a head without one has none in its profile"),
    "ptz.full": ("", "too much is waiting for the dome; ask again in a second"),
}


class DomeActs:
    """Does what commands ask of domes.

    Args:
        stations: the cameras by name.
    """

    __slots__ = ("_stations",)

    def __init__(self, stations: "dict[str, Station]") -> None:
        self._stations = stations

    def register(self, commands: "CommandService") -> None:
        """Tell the command service what does each act."""
        commands.register("ptz.move", self._move)
        commands.register("ptz.stop", self._stop)
        commands.register("ptz.preset", self._preset)
        commands.register("ptz.aux", self._aux)
        commands.register("ptz.lens", self._lens)

    def _move(self, command: "Command", now_ms: int) -> "Outcome":
        dome, refusal = take_dome(self._stations, command, now_ms)
        if dome is None:
            return refusal
        speeds = (command.number("pan"), command.number("tilt"), command.number("zoom"))
        return dome_outcome(dome.move(*speeds, now_ms))

    def _stop(self, command: "Command", now_ms: int) -> "Outcome":
        station = self._stations.get(command.text("camera"))
        if station is None or station.dome is None:
            return find_dome(self._stations, command)[1]
        station.dome.hands.on_person(now_ms, command.person)
        return dome_outcome(station.dome.stop(now_ms))

    def _preset(self, command: "Command", now_ms: int) -> "Outcome":
        dome, refusal = take_dome(self._stations, command, now_ms)
        if dome is None:
            return refusal
        return dome_outcome(dome.preset(command.text("do"), command.number("number"), now_ms))

    def _aux(self, command: "Command", now_ms: int) -> "Outcome":
        dome, refusal = find_dome(self._stations, command)
        if dome is None:
            return refusal
        return dome_outcome(
            dome.aux(command.number("number"), command.number("level") > 0, now_ms)
        )

    def _lens(self, command: "Command", now_ms: int) -> "Outcome":
        dome, refusal = take_dome(self._stations, command, now_ms)
        if dome is None:
            return refusal
        return dome_outcome(dome.lens(command.number("focus"), command.number("iris"), now_ms))


def find_dome(
    stations: "dict[str, Station]", command: "Command"
) -> "tuple[PtzService | None, Outcome]":
    """Find the dome a command is for, or say why there is none that could obey."""
    station = stations.get(command.text("camera"))
    if station is None:
        return None, unknown_camera(command, stations)
    if station.dome is None:
        return None, (NO_DOME, {"remedy": "this camera is fixed"})
    if not station.has_line():
        return None, (NO_LINE, {"remedy": "the serial line is not there; check the adapter"})
    return station.dome, ("", {})


def take_dome(
    stations: "dict[str, Station]", command: "Command", now_ms: int
) -> "tuple[PtzService | None, Outcome]":
    """Find the dome a command is for, for somebody who will move it, and let them have it."""
    dome, refusal = find_dome(stations, command)
    if dome is None:
        return None, refusal
    code = dome.hands.take(command.person, command.role, now_ms)
    if not code:
        return dome, ("", {})
    hold = dome.hands.hold
    free_ms = hold.left_ms(now_ms)
    told = (hold.person, hold.role or "handed over", -(-free_ms // MS_PER_S))
    detail: dict[str, Argument] = {"holder": hold.person, "role": hold.role, "free_in_ms": free_ms}
    detail["clause"] = "C67"
    detail["remedy"] = "%s (%s) has the dome; it is free in %d s if they let it be" % told
    return None, (code, detail)


def unknown_camera(command: "Command", stations: "dict[str, Station]") -> "Outcome":
    """Say which cameras there are."""
    names = ", ".join(sorted(stations))
    return UNKNOWN_CAMERA, {"camera": command.text("camera"), "remedy": "cameras: " + names}


def dome_outcome(code: str) -> "Outcome":
    """Turn what the dome's service answered into the outcome of a command."""
    if not code:
        return "", {}
    clause, remedy = DOME_REASONS.get(code, ("", ""))
    return code, {"clause": clause, "remedy": remedy}
