"""Plans the way from one place to another: inside soft stops, round what no view may meet.

A way is a list of places, each at most a third of a turn from the one before. Direct comes first,
then one axis after the other, then the other way round; the first of them whose views, at their
widest, keep off every fence is taken.
"""

from firmware.ptz.limits import is_met, view_box
from firmware.ptz.model import fov_cdeg
from firmware.units import CDEG_PER_TURN, signed_cdeg, wrap_cdeg
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.ptz.model import PtzSettings

    Aim = tuple[int, int, int]
    Leg = tuple[int, int]

LEG_CDEG_MAX = 12_000
PIECE_CDEG_MAX = 3_000  # a way is judged in pieces: a box round all of it would be too big


def is_within(settings: "PtzSettings", place: "Aim") -> bool:
    """Whether a place is inside the soft stops, with their margin."""
    margin = settings.limit_margin_cdeg
    low, high = settings.tilt_limits_cdeg
    if not low <= place[1] <= high:
        return False
    if settings.pan_limits_cdeg is None:
        return True
    left, right = settings.pan_limits_cdeg
    return margin <= wrap_cdeg(place[0] - left) <= wrap_cdeg(right - left) - margin


def plan(settings: "PtzSettings", start: "Aim", goal: "Aim") -> "list[Aim]":
    """Find a way; nothing when there is none that may be gone.

    Args:
        settings: of the head, with limits and fences.
        start: pan, tilt and zoom where it looks now.
        goal: where it shall look.
    """
    fov = fov_cdeg(settings, min(start[2], goal[2]))
    tilt_way = goal[1] - start[1]
    for pan_way in _pan_ways(settings, start[0], goal[0]):
        for legs in (
            [(pan_way, tilt_way)],
            [(pan_way, 0), (0, tilt_way)],
            [(0, tilt_way), (pan_way, 0)],
        ):
            if _is_clear(settings, start, legs, fov):
                return _places(start, legs, goal)
    return []


def _pan_ways(settings: "PtzSettings", start_cdeg: int, goal_cdeg: int) -> "list[int]":
    """List the ways to turn, the better first; soft stops leave one."""
    if settings.pan_limits_cdeg is not None:
        left = settings.pan_limits_cdeg[0]
        return [wrap_cdeg(goal_cdeg - left) - wrap_cdeg(start_cdeg - left)]
    way = signed_cdeg(goal_cdeg - start_cdeg)
    return [way, way - CDEG_PER_TURN if way > 0 else way + CDEG_PER_TURN]


def _is_clear(settings: "PtzSettings", start: "Aim", legs: "list[Leg]", fov: int) -> bool:
    """Whether no view on the way meets a fence that the first of them does not meet already."""
    here = view_box((start[0], start[1]), fov, (0, 0))
    fences = [zone for zone in settings.fences if not is_met(here, zone)]
    if not fences:
        return True
    pan, tilt = start[0], start[1]
    for pan_way, tilt_way in legs:
        count = max(1, -(-max(abs(pan_way), abs(tilt_way)) // PIECE_CDEG_MAX))
        spread = (abs(pan_way) // count // 2 + 1, abs(tilt_way) // count // 2 + 1)
        for piece in range(count):
            part = 2 * piece + 1  # the middle of the piece, in halves of one
            middle = (pan + pan_way * part // (2 * count), tilt + tilt_way * part // (2 * count))
            box = view_box((wrap_cdeg(middle[0]), middle[1]), fov, spread)
            if any(is_met(box, zone) for zone in fences):
                return False
        pan, tilt = pan + pan_way, tilt + tilt_way
    return True


def _places(start: "Aim", legs: "list[Leg]", goal: "Aim") -> "list[Aim]":
    """Turn legs into places, long ones cut; the zoom is changed on the last."""
    places: list[Aim] = []
    pan, tilt = start[0], start[1]
    for pan_way, tilt_way in legs:
        count = max(1, -(-abs(pan_way) // LEG_CDEG_MAX))
        for step in range(1, count + 1):
            place = (pan + pan_way * step // count, tilt + tilt_way * step // count)
            places.append((wrap_cdeg(place[0]), place[1], start[2]))
        pan, tilt = pan + pan_way, tilt + tilt_way
    places[-1] = goal
    return places
