"""What each act on a tour does."""

from firmware.app.dome_acts import dome_outcome, find_dome
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.app.dome_acts import Outcome
    from firmware.app.station import Station
    from firmware.commands.message import Command
    from firmware.commands.service import CommandService


class TourActs:
    """Does what commands ask of tours.

    Args:
        stations: the cameras by name.
    """

    __slots__ = ("_stations",)

    def __init__(self, stations: "dict[str, Station]") -> None:
        self._stations = stations

    def register(self, commands: "CommandService") -> None:
        """Tell the command service what does each act."""
        commands.register("ptz.tour", self._tour)
        commands.register("ptz.tour_end", self._tour_end)

    def _tour(self, command: "Command", now_ms: int) -> "Outcome":
        dome, refusal = find_dome(self._stations, command)
        if dome is None:
            return refusal
        return dome_outcome(dome.hands.tour.start(command.text("plan"), now_ms))

    def _tour_end(self, command: "Command", now_ms: int) -> "Outcome":
        station = self._stations.get(command.text("camera"))
        if station is None or station.dome is None:
            return find_dome(self._stations, command)[1]
        station.dome.hands.tour.end(now_ms)
        return "", {}
