"""Reads the privacy zones of a permit: rectangles or outlines, to be avoided or to be filled."""

from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.policy.fields import Fields

    Edges = tuple[int, int, int, int]
    Point = tuple[int, int]

CLAUSE = "C21"
DOME, PICTURE = "dome", "picture"
AVOID, WITHHOLD = "avoid", "withhold"
"""What a dome does about a zone: never look there, or fill it and keep no picture."""

ZONE_COUNT_MAX = 256
EDGE_COUNT = 4
POINT_COUNT_MIN, POINT_COUNT_MAX = 3, 32
TURN_CDEG, TILT_CDEG_MAX, PERMILLE = 36_000, 9_000, 1_000


class Zone:
    """One privacy zone.

    Args:
        camera: whose.
        space: DOME or PICTURE.

    Attributes:
        rule: AVOID or WITHHOLD; AVOID where the permit says nothing.
        rectangle: (left pan, low tilt, right pan, high tilt) in hundredths of a degree, clockwise
            from left to right, or (left, top, right, bottom) in permille of a fixed camera's
            picture; None where there is an outline.
        outline: corners (pan, tilt) in hundredths of a degree; empty where there is a rectangle.
    """

    __slots__ = ("camera", "outline", "rectangle", "rule", "space")

    def __init__(self, camera: str, space: str) -> None:
        self.camera = camera
        self.space = space
        self.rule = AVOID
        self.rectangle: Edges | None = None
        self.outline: list[Point] = []


def read_zones(found: "Fields") -> "list[Zone]":
    """Read the list of zones, which may be empty and must be there."""
    return [_read(entry) for entry in found.tables("zones", CLAUSE, 0, ZONE_COUNT_MAX)]


def _read(entry: "Fields") -> Zone:
    """Read one zone, and tell what is wrong with it."""
    zone = Zone(entry.text("camera", CLAUSE), entry.text("space", CLAUSE, (DOME, PICTURE)))
    is_dome = zone.space == DOME
    if is_dome and entry.has("rule"):
        zone.rule = entry.text("rule", CLAUSE, (AVOID, WITHHOLD))
    if is_dome and entry.has("polygon"):
        zone.outline = _read_outline(entry)
    else:
        edges = entry.numbers("rectangle", CLAUSE, EDGE_COUNT)
        if edges and not (_is_dome_zone(edges) if is_dome else _is_picture_zone(edges)):
            entry.fault("rectangle", CLAUSE, "%r is out of order or range" % (edges,))
        elif edges:
            zone.rectangle = (edges[0], edges[1], edges[2], edges[3])
    entry.close()
    return zone


def _read_outline(entry: "Fields") -> "list[Point]":
    """Read corners; each side takes the shorter way round, and all span less than half a turn."""
    numbers = entry.numbers_between("polygon", CLAUSE, 2 * POINT_COUNT_MIN, 2 * POINT_COUNT_MAX)
    points = [(numbers[at], numbers[at + 1]) for at in range(0, len(numbers) - 1, 2)]
    if len(numbers) % 2:
        entry.fault("polygon", CLAUSE, "must be pairs of pan and tilt")
    for pan, tilt in points:
        if not 0 <= pan < TURN_CDEG or abs(tilt) > TILT_CDEG_MAX:
            told = "corner (%d, %d) is out of range: pan 0 to 35999, tilt -9000 to 9000"
            entry.fault("polygon", CLAUSE, told % (pan, tilt))
            return []
    if points and not _is_outline(points):
        told = "must span less than half a turn of pan and enclose something; use a rectangle"
        entry.fault("polygon", CLAUSE, told)
        return []
    return points


def _is_outline(points: "list[Point]") -> bool:
    """Tell whether corners enclose something and do not go round the camera."""
    half_turn_cdeg = TURN_CDEG // 2
    place_cdeg = least_cdeg = most_cdeg = points[0][0]
    for index in range(len(points)):
        step_cdeg = points[(index + 1) % len(points)][0] - points[index][0]
        place_cdeg += (step_cdeg + half_turn_cdeg) % TURN_CDEG - half_turn_cdeg
        least_cdeg, most_cdeg = min(least_cdeg, place_cdeg), max(most_cdeg, place_cdeg)
    tilts = [tilt for _, tilt in points]
    is_closed = place_cdeg == points[0][0]
    return is_closed and 0 < most_cdeg - least_cdeg < half_turn_cdeg and min(tilts) < max(tilts)


def _is_dome_zone(edges: "list[int]") -> bool:
    """Tell whether (left pan, low tilt, right pan, high tilt) can be a zone."""
    left, low, right, high = edges
    is_pan = 0 <= left < TURN_CDEG and 0 <= right <= TURN_CDEG and left != right
    return is_pan and -TILT_CDEG_MAX <= low < high <= TILT_CDEG_MAX


def _is_picture_zone(edges: "list[int]") -> bool:
    """Tell whether (left, top, right, bottom) can be a zone."""
    left, top, right, bottom = edges
    return 0 <= left < right <= PERMILLE and 0 <= top < bottom <= PERMILLE
