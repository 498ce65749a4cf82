"""What each act of a command does: the one place where commands meet the services."""

from firmware.app import aim_acts, dome_acts, tour_acts
from firmware.app.dome_acts import unknown_camera
from firmware.health.catalogue import name_of
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.app.station import Station
    from firmware.app.tour_desk import TourDesk
    from firmware.commands.message import Argument, Command
    from firmware.commands.service import CommandService
    from firmware.health.service import HealthService

    Outcome = tuple[str, dict[str, Argument]]

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
        tours: keeps the tours of domes.
    """

    __slots__ = ("_health", "_stations", "_tours", "stills_wanted")

    def __init__(
        self, stations: "list[Station]", health: "HealthService", tours: "TourDesk"
    ) -> None:
        self._tours = tours
        self._stations = {station.name: station for station in stations}
        self._health = health
        self.stills_wanted: set[str] = set()
        """Cameras of which a still was asked for and not yet sent."""

    def register(self, commands: "CommandService") -> None:
        """Tell the command service what does each act."""
        opening = dome_acts.Opening(self._stations, commands)
        dome_acts.register(opening)
        aim_acts.register(opening)
        tour_acts.register(opening, self._tours)
        commands.register("sound.on", self._sound_on)
        commands.register("sound.off", self._sound_off)
        commands.register("fault.acknowledge", self._acknowledge)
        commands.register("still.take", self._still)

    def _sound_on(self, command: "Command", now_ms: int) -> "Outcome":
        station = self._stations.get(command.text("camera"))
        if station is None:
            return unknown_camera(command, self._stations)
        if station.sound is None:
            return "sound.not_fitted", {"remedy": "this camera has no microphone"}
        code = station.sound.switch_on(now_ms)
        if not code:
            return "", {}
        return code, {"clause": station.sound.clause, "remedy": SOUND_REMEDIES.get(code, "")}

    def _sound_off(self, command: "Command", now_ms: int) -> "Outcome":
        station = self._stations.get(command.text("camera"))
        if station is None:
            return unknown_camera(command, self._stations)
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
            return unknown_camera(command, self._stations)
        self.stills_wanted.add(name)
        return "", {}
