"""What each act on tours, patterns, switches, menus and on who has a dome does."""

from firmware.app.dome_acts import FREE, HELD, PLAIN, dome_outcome
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.app.dome_acts import Opening, Outcome
    from firmware.app.tour_desk import TourDesk
    from firmware.commands.message import Argument, Command
    from firmware.ptz.service import PtzService


def register(opening: "Opening", desk: "TourDesk") -> None:
    """Tell the command service what does each act.

    Args:
        opening: finds the dome.
        desk: keeps tours and patterns.
    """
    _register_tours(opening, desk)
    opening.add(
        "ptz.pattern",
        HELD,
        lambda dome, told, now_ms: dome.hands.pattern(
            told.text("do"), told.number("number"), told.number("preset"), now_ms
        ),
    )
    opening.add(
        "ptz.switch",
        PLAIN,
        lambda dome, told, now_ms: dome.hands.switch(
            told.text("what"), told.number("level") > 0, now_ms
        ),
    )
    opening.add(
        "ptz.menu", HELD, lambda dome, told, now_ms: dome.hands.menu(told.text("do"), now_ms)
    )
    opening.add(
        "ptz.hand_over",
        PLAIN,
        lambda dome, told, now_ms: dome.hands.hold.hand_over(
            told.person, told.role, told.text("to"), now_ms
        ),
    )
    opening.add(
        "ptz.release",
        PLAIN,
        lambda dome, told, now_ms: dome.hands.hold.release(told.person, told.role, now_ms),
    )
    opening.add(
        "ptz.reason",
        PLAIN,
        lambda dome, told, now_ms: dome.hands.dwell.explain(
            told.person, told.text("text"), now_ms
        ),
    )


def _register_tours(opening: "Opening", desk: "TourDesk") -> None:
    opening.add(
        "ptz.tour",
        HELD,
        lambda dome, told, now_ms: dome.hands.tour.start(told.text("plan"), now_ms),
    )
    opening.add("ptz.tour_end", FREE, lambda dome, _, now_ms: desk.end(dome.name, now_ms))
    opening.add("ptz.tour_keep", PLAIN, lambda dome, told, now_ms: _keep(desk, dome, told, now_ms))
    opening.add(
        "ptz.tour_drop",
        PLAIN,
        lambda dome, told, now_ms: desk.drop(dome.name, told.text("name"), now_ms),
    )
    opening.add(
        "ptz.tour_run",
        HELD,
        lambda dome, told, now_ms: desk.run(dome.name, told.text("name"), now_ms),
    )
    opening.add("ptz.tour_list", PLAIN, lambda dome, _, __: ("", _listed(desk, dome)))


def _keep(desk: "TourDesk", dome: "PtzService", command: "Command", now_ms: int) -> "Outcome":
    name, plan, hours = command.text("name"), command.text("plan"), command.text("hours")
    code, stop = desk.keep(dome.name, name, plan, hours, now_ms)
    code, detail = dome_outcome(code)
    if stop:
        detail["stop"] = stop
    return code, detail


def _listed(desk: "TourDesk", dome: "PtzService") -> "dict[str, Argument]":
    kept = desk.kept[dome.name]
    return {name: kept[name][1] + " " + kept[name][0] for name in sorted(kept)}
