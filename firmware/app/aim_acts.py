"""What each act does that turns a dome to a place, or tells a silent one where it looks."""

from firmware.app.dome_acts import dome_outcome, take_dome
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.app.dome_acts import Outcome
    from firmware.app.station import Station
    from firmware.commands.message import Command
    from firmware.commands.service import CommandService

NO_HOME = "ptz.no_home"


class AimActs:
    """Does what commands ask of places.

    Args:
        stations: the cameras by name.
    """

    __slots__ = ("_stations",)

    def __init__(self, stations: "dict[str, Station]") -> None:
        self._stations = stations

    def register(self, commands: "CommandService") -> None:
        """Tell the command service what does each act."""
        commands.register("ptz.go_to", self._go_to)
        commands.register("ptz.step_by", self._step_by)
        commands.register("ptz.home", self._home)
        commands.register("ptz.calibrate", self._calibrate)

    def _go_to(self, command: "Command", now_ms: int) -> "Outcome":
        dome, refusal = take_dome(self._stations, command, now_ms)
        if dome is None:
            return refusal
        return dome_outcome(dome.aiming().go_to(*_place(command), now_ms))

    def _step_by(self, command: "Command", now_ms: int) -> "Outcome":
        dome, refusal = take_dome(self._stations, command, now_ms)
        if dome is None:
            return refusal
        return dome_outcome(dome.aiming().step_by(*_place(command), now_ms))

    def _home(self, command: "Command", now_ms: int) -> "Outcome":
        dome, refusal = take_dome(self._stations, command, now_ms)
        if dome is None:
            return refusal
        number = dome.settings.home_preset
        if not number:
            return dome_outcome(dome.report.refuse("home", NO_HOME, now_ms))
        return dome_outcome(dome.preset("go", number, now_ms))

    def _calibrate(self, command: "Command", now_ms: int) -> "Outcome":
        dome, refusal = take_dome(self._stations, command, now_ms)
        if dome is None:
            return refusal
        from firmware.app.rate_desk import reckoning_of  # noqa: PLC0415 - an engineer, once

        reckoning = reckoning_of(dome)
        if command.text("do") == "forget":
            reckoning.forget()
            return "", {}
        place = (command.number("pan_cdeg"), command.number("tilt_cdeg"))
        code = reckoning.mark(*place, now_ms)
        if code:
            if not any(reckoning.rates.values()):
                dome.reckoning = None
            return dome_outcome(code)
        return "", {axis: len(reckoning.rates[axis]) for axis in sorted(reckoning.rates)}


def _place(command: "Command") -> "tuple[int, int, int]":
    """Read a place, or a way to it."""
    return (
        command.number("pan_cdeg"),
        command.number("tilt_cdeg"),
        command.number("zoom_permille"),
    )
