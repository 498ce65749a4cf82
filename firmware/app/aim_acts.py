"""What each act does that turns a dome to a place, or tells a silent one where it looks."""

from firmware.app.dome_acts import HELD
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.app.dome_acts import Opening, Outcome
    from firmware.commands.message import Command
    from firmware.ptz.service import PtzService

NO_HOME = "ptz.no_home"


def register(opening: "Opening") -> None:
    """Tell the command service what does each act on places."""
    opening.add(
        "ptz.go_to",
        HELD,
        lambda dome, told, now_ms: dome.aiming().go_to(*_place(told), now_ms),
    )
    opening.add(
        "ptz.step_by",
        HELD,
        lambda dome, told, now_ms: dome.aiming().step_by(*_place(told), now_ms),
    )
    opening.add("ptz.home", HELD, _home)
    opening.add("ptz.calibrate", HELD, _calibrate)


def _home(dome: "PtzService", command: "Command", now_ms: int) -> str:
    del command
    number = dome.settings.home_preset
    if not number:
        return dome.report.refuse("home", NO_HOME, now_ms)
    return dome.preset("go", number, now_ms)


def _calibrate(dome: "PtzService", command: "Command", now_ms: int) -> "str | Outcome":
    from firmware.app.rate_desk import reckoning_of  # noqa: PLC0415 - an engineer, once

    reckoning = reckoning_of(dome)
    if command.text("do") == "forget":
        reckoning.forget()
        return ""
    place = (command.number("pan_cdeg"), command.number("tilt_cdeg"))
    code = reckoning.mark(*place, now_ms)
    if code:
        if not any(reckoning.rates.values()):
            dome.reckoning = None
        return code
    return "", {axis: len(reckoning.rates[axis]) for axis in sorted(reckoning.rates)}


def _place(command: "Command") -> "tuple[int, int, int]":
    """Read a place, or a way to it."""
    return (
        command.number("pan_cdeg"),
        command.number("tilt_cdeg"),
        command.number("zoom_permille"),
    )
