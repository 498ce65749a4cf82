"""What each act on tours, patterns, switches, menus and on who has a dome does."""

from firmware.app.dome_acts import dome_outcome, find_dome, take_dome
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.app.dome_acts import Outcome
    from firmware.app.station import Station
    from firmware.app.tour_desk import TourDesk
    from firmware.commands.message import Command
    from firmware.commands.service import CommandService


class TourActs:
    """Does what commands ask of tours.

    Args:
        stations: the cameras by name.
        desk: keeps tours and patterns.
    """

    __slots__ = ("_desk", "_stations")

    def __init__(self, stations: "dict[str, Station]", desk: "TourDesk") -> None:
        self._stations = stations
        self._desk = desk

    def register(self, commands: "CommandService") -> None:
        """Tell the command service what does each act."""
        commands.register("ptz.tour", self._tour)
        commands.register("ptz.tour_end", self._tour_end)
        commands.register("ptz.tour_keep", self._tour_keep)
        commands.register("ptz.tour_drop", self._tour_drop)
        commands.register("ptz.tour_run", self._tour_run)
        commands.register("ptz.tour_list", self._tour_list)
        commands.register("ptz.pattern", self._pattern)
        commands.register("ptz.switch", self._switch)
        commands.register("ptz.menu", self._menu)
        commands.register("ptz.hand_over", self._hand_over)
        commands.register("ptz.release", self._release)
        commands.register("ptz.reason", self._reason)

    def _tour(self, command: "Command", now_ms: int) -> "Outcome":
        dome, refusal = take_dome(self._stations, command, now_ms)
        if dome is None:
            return refusal
        return dome_outcome(dome.hands.tour.start(command.text("plan"), now_ms))

    def _tour_end(self, command: "Command", now_ms: int) -> "Outcome":
        station = self._stations.get(command.text("camera"))
        if station is None or station.dome is None:
            return find_dome(self._stations, command)[1]
        self._desk.end(station.name, now_ms)
        return "", {}

    def _tour_keep(self, command: "Command", now_ms: int) -> "Outcome":
        dome, refusal = find_dome(self._stations, command)
        if dome is None:
            return refusal
        name, plan, hours = command.text("name"), command.text("plan"), command.text("hours")
        code, stop = self._desk.keep(dome.name, name, plan, hours, now_ms)
        code, detail = dome_outcome(code)
        if stop:
            detail["stop"] = stop
        return code, detail

    def _tour_drop(self, command: "Command", now_ms: int) -> "Outcome":
        dome, refusal = find_dome(self._stations, command)
        if dome is None:
            return refusal
        return dome_outcome(self._desk.drop(dome.name, command.text("name"), now_ms))

    def _tour_run(self, command: "Command", now_ms: int) -> "Outcome":
        dome, refusal = take_dome(self._stations, command, now_ms)
        if dome is None:
            return refusal
        return dome_outcome(self._desk.run(dome.name, command.text("name"), now_ms))

    def _tour_list(self, command: "Command", now_ms: int) -> "Outcome":
        del now_ms
        dome, refusal = find_dome(self._stations, command)
        if dome is None:
            return refusal
        kept = self._desk.kept[dome.name]
        return "", {name: kept[name][1] + " " + kept[name][0] for name in sorted(kept)}

    def _pattern(self, command: "Command", now_ms: int) -> "Outcome":
        todo, number = command.text("do"), command.number("number")
        dome, refusal = take_dome(self._stations, command, now_ms)
        if dome is None:
            return refusal
        return dome_outcome(dome.hands.pattern(todo, number, command.number("preset"), now_ms))

    def _switch(self, command: "Command", now_ms: int) -> "Outcome":
        dome, refusal = find_dome(self._stations, command)
        if dome is None:
            return refusal
        is_on = command.number("level") > 0
        return dome_outcome(dome.hands.switch(command.text("what"), is_on, now_ms))

    def _menu(self, command: "Command", now_ms: int) -> "Outcome":
        dome, refusal = take_dome(self._stations, command, now_ms)
        if dome is None:
            return refusal
        return dome_outcome(dome.hands.menu(command.text("do"), now_ms))

    def _hand_over(self, command: "Command", now_ms: int) -> "Outcome":
        dome, refusal = find_dome(self._stations, command)
        if dome is None:
            return refusal
        hold = dome.hands.hold
        return dome_outcome(
            hold.hand_over(command.person, command.role, command.text("to"), now_ms)
        )

    def _release(self, command: "Command", now_ms: int) -> "Outcome":
        dome, refusal = find_dome(self._stations, command)
        if dome is None:
            return refusal
        return dome_outcome(dome.hands.hold.release(command.person, command.role, now_ms))

    def _reason(self, command: "Command", now_ms: int) -> "Outcome":
        dome, refusal = find_dome(self._stations, command)
        if dome is None:
            return refusal
        dome.hands.dwell.explain(command.person, command.text("text"), now_ms)
        return "", {}
