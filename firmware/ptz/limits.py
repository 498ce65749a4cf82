"""Keeps a move off soft stops and away from private zones: slowed before an edge, stopped at it.

A view is taken as a cone around its axis, and that as a box in pan and tilt, which is never
smaller than the picture. The box is stretched by how far the axis can be from where it was last
heard, and by how far the move can lead until a stop would take hold. A move whose stretched box
meets a zone is slowed, then taken apart, then refused. A view that meets a zone already may only
turn away from the middle of it.
"""

from firmware.ptz.model import fov_cdeg, within_limits
from firmware.ptz.privacy import PERMILLE, RIGHT_ANGLE_CDEG, UNIT, cosine, sine
from firmware.units import CDEG_PER_TURN, signed_cdeg, wrap_cdeg
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.ptz.model import PtzSettings

    Move = tuple[int, int, int]
    Aim = tuple[int, int, int]
    Zone = tuple[int, int, int, int]
    Box = tuple[int, int, int, int]

STILL = (0, 0, 0)
HALF_TURN_CDEG = CDEG_PER_TURN // 2
CONE_PERMILLE = 1148  # half the diagonal of a 16:9 view is at most so much of half its width
SLACK_CDEG = 25  # what the table of sines can be off, near a right angle
SLOWEST_PERMILLE = 16  # the slowest byte
PARTS_PERMILLE = (1000, 700, 500, 350, 250, 175, 125, 90, 60, 30, 15)
MS_PER_S = 1000


class Reach:
    """How far a view can be from where it was heard, and how far a move can still lead.

    Args:
        drift_cdeg: what the axis can be off.
        drift_permille: what the zoom can be off.
        horizon_ms: from a decision until the stop that follows has taken hold.
        past_cdeg: what the axis can have gone that the margin of a soft stop does not stand for.
    """

    __slots__ = ("drift_cdeg", "drift_permille", "horizon_ms", "past_cdeg")

    def __init__(
        self, drift_cdeg: int, drift_permille: int, horizon_ms: int, past_cdeg: int = 0
    ) -> None:
        self.drift_cdeg = drift_cdeg
        self.drift_permille = drift_permille
        self.horizon_ms = horizon_ms
        self.past_cdeg = past_cdeg


def speed_cdeg_per_s(settings: "PtzSettings", permille: int) -> int:
    """Tell how fast an axis can be at a part of full speed; more than 1000 is by itself.

    Heads are finer at the low end than a straight line, so a straight line is never too slow.
    """
    if permille > PERMILLE or (settings.has_turbo and permille == PERMILLE):
        return settings.speed_cdeg_per_s_max
    told = min(settings.told_cdeg_per_s_max, settings.speed_cdeg_per_s_max)
    return permille * told // PERMILLE + told // 100


def slowed(settings: "PtzSettings", permille: int, room_cdeg: int, horizon_ms: int) -> int:
    """Give the part of a speed, never none, at which a way takes a time; see above."""
    told = min(settings.told_cdeg_per_s_max, settings.speed_cdeg_per_s_max)
    most_per_s = room_cdeg * MS_PER_S // horizon_ms - told // 100
    most = max(most_per_s * PERMILLE // told, SLOWEST_PERMILLE)
    return max(-most, min(most, permille))


def view_box(aim: "tuple[int, int]", width_cdeg: int, spread: "tuple[int, int]") -> "Box":
    """Give the box that holds all a view can show: middle pan and tilt, reach to either side.

    Args:
        aim: pan and tilt, cdeg.
        width_cdeg: of the view, at its widest.
        spread: how far the aim can be off, in pan and in tilt, cdeg.
    """
    cone_cdeg = width_cdeg * CONE_PERMILLE // (2 * PERMILLE) + SLACK_CDEG
    steep_cdeg = abs(aim[1]) + spread[1]
    reach_tilt = cone_cdeg + spread[1]
    if steep_cdeg + cone_cdeg >= RIGHT_ANGLE_CDEG:
        return aim[0], aim[1], HALF_TURN_CDEG, reach_tilt
    part = sine(cone_cdeg) * UNIT // cosine(steep_cdeg)
    low, high = cone_cdeg, RIGHT_ANGLE_CDEG  # the least angle with a sine of at least that part
    while low < high:
        middle = (low + high) // 2
        if sine(middle) < part:
            low = middle + 1
        else:
            high = middle
    return aim[0], aim[1], min(low + SLACK_CDEG + spread[0], HALF_TURN_CDEG), reach_tilt


def is_met(box: "Box", zone: "Zone") -> bool:
    """Whether a box and a zone have a point in common."""
    pan, tilt, reach_pan, reach_tilt = box
    if zone[2] > tilt + reach_tilt or zone[3] < tilt - reach_tilt:
        return False
    if zone[1] - zone[0] >= CDEG_PER_TURN or reach_pan >= HALF_TURN_CDEG:
        return True
    width = wrap_cdeg(zone[1] - zone[0])
    # From the zone's left edge, clockwise, to the middle of the box.
    past = wrap_cdeg(pan - zone[0])
    return past <= width + reach_pan or past >= CDEG_PER_TURN - reach_pan


def is_away(move: "Move", aim: "tuple[int, int]", zone: "Zone") -> bool:
    """Whether a move leads away from the middle of a zone on every axis that it turns."""
    if move[2] < 0 or move == STILL:
        return False
    is_round = zone[1] - zone[0] >= CDEG_PER_TURN
    width = CDEG_PER_TURN if is_round else wrap_cdeg(zone[1] - zone[0])
    across = signed_cdeg(aim[0] - zone[0] - width // 2)
    above = aim[1] - (zone[2] + zone[3]) // 2
    is_pan_bad = move[0] != 0 and (is_round or (move[0] > 0) != (across >= 0))
    return not is_pan_bad and not (move[1] != 0 and (move[1] > 0) != (above >= 0))


def is_clear(settings: "PtzSettings", move: "Move", aim: "Aim", reach: Reach) -> bool:
    """Whether a move keeps off every zone that is to be avoided, for as long as it can lead."""
    now_box = _box(settings, STILL, aim, reach)
    then_box = _box(settings, move, aim, reach)
    for zone in settings.fences:
        if is_met(now_box, zone):
            if not is_away(move, (aim[0], aim[1]), zone):
                return False
        elif is_met(then_box, zone):
            return False
    return True


def limited(settings: "PtzSettings", move: "Move", aim: "Aim", reach: Reach) -> "Move":
    """Give the most of a move that may be made: all, slower, on one axis, or nothing."""
    move = within_limits(settings, move, (aim[0], aim[1]), reach.past_cdeg)
    if not settings.fences or move == STILL:
        return move
    pan, tilt, zoom = move
    for whole in ((pan, tilt, zoom), (pan, tilt, 0), (pan, 0, 0), (0, tilt, 0), (0, 0, zoom)):
        if whole == STILL:
            continue
        for part in PARTS_PERMILLE:
            less = (_part(whole[0], part), _part(whole[1], part), whole[2])
            if is_clear(settings, less, aim, reach):
                return less
            if not (whole[0] or whole[1]):
                break
    return STILL


def _part(permille: int, part: int) -> int:
    """Give a part of a speed, never none of it."""
    if not permille:
        return 0
    less = max(abs(permille) * part // PERMILLE, 1)
    return less if permille > 0 else -less


def _box(settings: "PtzSettings", move: "Move", aim: "Aim", reach: Reach) -> "Box":
    """Give the box that a move can show until it is stopped."""
    pan_cdeg, tilt_cdeg = [
        speed_cdeg_per_s(settings, abs(permille)) * reach.horizon_ms // MS_PER_S if permille else 0
        for permille in move[:2]
    ]
    zoom = aim[2] - reach.drift_permille
    if move[2] < 0:
        zoom -= settings.zoom_permille_per_s_max * reach.horizon_ms // MS_PER_S
    # Half of the way to the middle, half as spread: the box holds both ends.
    half_pan, half_tilt = (pan_cdeg + 1) // 2, (tilt_cdeg + 1) // 2
    middle = (
        wrap_cdeg(aim[0] + (half_pan if move[0] > 0 else -half_pan)),
        aim[1] + (half_tilt if move[1] > 0 else -half_tilt),
    )
    spread = (reach.drift_cdeg + half_pan, reach.drift_cdeg + half_tilt)
    return view_box(middle, fov_cdeg(settings, max(zoom, 0)), spread)
