"""What each act of a command does: the one place where commands meet the services."""

from firmware.health.catalogue import name_of
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.app.station import Station
    from firmware.commands.message import Argument, Command
    from firmware.commands.service import CommandService
    from firmware.health.service import HealthService
    from firmware.ptz.service import PtzService

    Outcome = tuple[str, dict[str, Argument]]

UNKNOWN_CAMERA = "command.unknown_camera"
NO_DOME = "ptz.not_fitted"
NO_LINE = "port.absent"

DOME_REASONS = {
    "ptz.range": ("", "speeds are -1000 to 1000 permille, presets 1 to 255, auxiliaries 1 to 8"),
    "ptz.reserved": ("", "that head keeps this preset for a function; choose another number"),
    "ptz.line": ("", "the serial line is not there; check the adapter"),
    "ptz.limit": ("", "a soft stop is reached; move the other way"),
    "ptz.zone": ("C21", "it could show a private place; move away from it, or zoom in first"),
    "ptz.unlearned": ("C21", "nobody knows what that preset shows; look there and set it anew"),
    "ptz.plan": ("", "a plan is preset:seconds, such as 1:20 2:15, or one preset with 0 seconds"),
    "ptz.full": ("", "too much is waiting for the dome; ask again in a second"),
}
SOUND_REMEDIES = {
    "sound.not_permitted": "install a grant for this camera at this place; PSS never has sound",
    "sound.failed": "switch sound off, see to the gate and the indicator, then switch it on",
    "sound.closing": "ask again in a second",
}


class Acts:
    """Does what commands ask for.

    Args:
        stations: the cameras.
        health: for acknowledgements.
    """

    __slots__ = ("_health", "_stations", "stills_wanted")

    def __init__(self, stations: "list[Station]", health: "HealthService") -> None:
        self._stations = {station.name: station for station in stations}
        self._health = health
        self.stills_wanted: set[str] = set()
        """Cameras of which a still was asked for and not yet sent."""

    def register(self, commands: "CommandService") -> None:
        """Tell the command service what does each act."""
        commands.register("ptz.move", self._move)
        commands.register("ptz.stop", self._stop)
        commands.register("ptz.preset", self._preset)
        commands.register("ptz.aux", self._aux)
        commands.register("ptz.lens", self._lens)
        commands.register("ptz.tour", self._tour)
        commands.register("ptz.tour_end", self._tour_end)
        commands.register("sound.on", self._sound_on)
        commands.register("sound.off", self._sound_off)
        commands.register("fault.acknowledge", self._acknowledge)
        commands.register("still.take", self._still)

    def _move(self, command: "Command", now_ms: int) -> "Outcome":
        dome, refusal = self._dome(command)
        if dome is None:
            return refusal
        dome.hands.on_person(now_ms)
        speeds = (command.number("pan"), command.number("tilt"), command.number("zoom"))
        return _dome_outcome(dome.move(*speeds, now_ms))

    def _stop(self, command: "Command", now_ms: int) -> "Outcome":
        station = self._stations.get(command.text("camera"))
        if station is None or station.dome is None:
            return self._dome(command)[1]
        station.dome.hands.on_person(now_ms)
        return _dome_outcome(station.dome.stop(now_ms))

    def _preset(self, command: "Command", now_ms: int) -> "Outcome":
        dome, refusal = self._dome(command)
        if dome is None:
            return refusal
        dome.hands.on_person(now_ms)
        return _dome_outcome(dome.preset(command.text("do"), command.number("number"), now_ms))

    def _aux(self, command: "Command", now_ms: int) -> "Outcome":
        dome, refusal = self._dome(command)
        if dome is None:
            return refusal
        return _dome_outcome(
            dome.aux(command.number("number"), command.number("level") > 0, now_ms)
        )

    def _lens(self, command: "Command", now_ms: int) -> "Outcome":
        dome, refusal = self._dome(command)
        if dome is None:
            return refusal
        return _dome_outcome(dome.lens(command.number("focus"), command.number("iris"), now_ms))

    def _tour(self, command: "Command", now_ms: int) -> "Outcome":
        dome, refusal = self._dome(command)
        if dome is None:
            return refusal
        return _dome_outcome(dome.hands.tour.start(command.text("plan"), now_ms))

    def _tour_end(self, command: "Command", now_ms: int) -> "Outcome":
        station = self._stations.get(command.text("camera"))
        if station is None or station.dome is None:
            return self._dome(command)[1]
        station.dome.hands.tour.end(now_ms)
        return "", {}

    def _sound_on(self, command: "Command", now_ms: int) -> "Outcome":
        station = self._stations.get(command.text("camera"))
        if station is None:
            return _unknown_camera(command, self._stations)
        if station.sound is None:
            return "sound.not_fitted", {"remedy": "this camera has no microphone"}
        code = station.sound.switch_on(now_ms)
        if not code:
            return "", {}
        return code, {"clause": station.sound.clause, "remedy": SOUND_REMEDIES.get(code, "")}

    def _sound_off(self, command: "Command", now_ms: int) -> "Outcome":
        station = self._stations.get(command.text("camera"))
        if station is None:
            return _unknown_camera(command, self._stations)
        if station.sound is not None:
            station.sound.switch_off(now_ms)
        return "", {}

    def _acknowledge(self, command: "Command", now_ms: int) -> "Outcome":
        name = name_of(command.number("fault"))
        if not name:
            return "fault.unknown", {"remedy": "take the fault's number from the heartbeat"}
        subject = command.text("subject")
        return self._health.acknowledge(name, subject, command.person, now_ms), {}

    def _still(self, command: "Command", now_ms: int) -> "Outcome":
        del now_ms
        name = command.text("camera")
        if name not in self._stations:
            return _unknown_camera(command, self._stations)
        self.stills_wanted.add(name)
        return "", {}

    def _dome(self, command: "Command") -> "tuple[PtzService | None, Outcome]":
        """Find the dome a command is for, or say why there is none that could obey."""
        station = self._stations.get(command.text("camera"))
        if station is None:
            return None, _unknown_camera(command, self._stations)
        if station.dome is None:
            return None, (NO_DOME, {"remedy": "this camera is fixed"})
        if not station.has_line():
            return None, (NO_LINE, {"remedy": "the serial line is not there; check the adapter"})
        return station.dome, ("", {})


def _unknown_camera(command: "Command", stations: "dict[str, Station]") -> "Outcome":
    """Say which cameras there are."""
    names = ", ".join(sorted(stations))
    return UNKNOWN_CAMERA, {"camera": command.text("camera"), "remedy": "cameras: " + names}


def _dome_outcome(code: str) -> "Outcome":
    """Turn what the dome's service answered into the outcome of a command."""
    if not code:
        return "", {}
    clause, remedy = DOME_REASONS.get(code, ("", ""))
    return code, {"clause": clause, "remedy": remedy}
