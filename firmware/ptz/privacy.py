"""Where private windows fall in the picture, in integers, and always rather too large.

A zone is a rectangle in pan and tilt: left and right (clockwise from left), low and high, in
hundredths of a degree. The part of it that can be near the view is outlined by points, each is
projected as a lens without distortion does it, and the box around them, a little widened, is what
must be filled. Where the sum does not come out (a zone around the zenith, partly behind the
camera) the whole picture counts as private.
"""

from firmware.units import CDEG_PER_TURN, wrap_cdeg
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    Zone = tuple[int, int, int, int]
    Rect = tuple[int, int, int, int]

PERMILLE = 1000
WHOLE = (0, 0, PERMILLE, PERMILLE)
MARGIN_PERMILLE = 15
SIDE_POINT_COUNT = 8
UNIT_BITS = 20
UNIT = 1 << UNIT_BITS
RIGHT_ANGLE_CDEG = 9000
STEEP_CDEG = 8500  # from here on a view can hold the zenith or nadir
TURNING_CDEG = 8_000
GRAZING = UNIT >> 4  # a point this near to 90 degrees off the axis has no place in a picture

# Sine of 0 to 90 whole degrees, in 1/2**20.
SINE = (
    0, 18300, 36595, 54878, 73145, 91389, 109606, 127789, 145934, 164033, 182083, 200078,
    218011, 235878, 253673, 271391, 289027, 306574, 324028, 341383, 358634, 375776, 392803,
    409711, 426494, 443147, 459665, 476044, 492277, 508360, 524288, 540057, 555661, 571095,
    586356, 601438, 616338, 631049, 645568, 659890, 674012, 687928, 701634, 715127, 728402,
    741455, 754282, 766880, 779244, 791370, 803256, 814897, 826289, 837430, 848316, 858943,
    869309, 879410, 889243, 898805, 908093, 917105, 925838, 934288, 942454, 950333, 957922,
    965219, 972223, 978930, 985339, 991448, 997255, 1002758, 1007956, 1012847, 1017429,
    1021701, 1025662, 1029311, 1032646, 1035666, 1038371, 1040760, 1042832, 1044586, 1046022,
    1047139, 1047937, 1048416, 1048576,
)  # fmt: skip


def sine(angle_cdeg: int) -> int:
    """Give the sine of any angle in 1/2**20."""
    angle_cdeg = wrap_cdeg(angle_cdeg)
    if angle_cdeg >= CDEG_PER_TURN // 2:
        return -sine(angle_cdeg - CDEG_PER_TURN // 2)
    if angle_cdeg > RIGHT_ANGLE_CDEG:
        angle_cdeg = CDEG_PER_TURN // 2 - angle_cdeg
    degree, rest = angle_cdeg // 100, angle_cdeg % 100
    if not rest:
        return SINE[degree]
    small = rest * 18301 // 100  # less than a degree: the angle is its own sine
    return (
        SINE[degree] * (UNIT - (small * small >> (UNIT_BITS + 1))) + SINE[90 - degree] * small
    ) >> UNIT_BITS


def cosine(angle_cdeg: int) -> int:
    """Give the cosine of any angle in 1/2**20."""
    return sine(angle_cdeg + RIGHT_ANGLE_CDEG)


class View:
    """One aim of the camera.

    Args:
        pan_cdeg: 0 to 35999, clockwise.
        tilt_cdeg: -9000 to 9000, positive up.
        fov_cdeg: width of the view; its height is 9/16 of that.
    """

    __slots__ = (
        "_cos_tilt",
        "_scale",
        "_sin_tilt",
        "pan_cdeg",
        "reach_pan_cdeg",
        "reach_tilt_cdeg",
        "tilt_cdeg",
    )

    def __init__(self, pan_cdeg: int, tilt_cdeg: int, fov_cdeg: int) -> None:
        half_cdeg = fov_cdeg // 2
        self.pan_cdeg = pan_cdeg
        self.tilt_cdeg = tilt_cdeg
        self._sin_tilt, self._cos_tilt = sine(tilt_cdeg), cosine(tilt_cdeg)
        self._scale = (cosine(half_cdeg), sine(half_cdeg))
        corner_cdeg = half_cdeg + half_cdeg * 9 // 16  # no point of the view is farther off
        self.reach_tilt_cdeg = corner_cdeg
        steep_cdeg = abs(tilt_cdeg) + corner_cdeg
        self.reach_pan_cdeg = CDEG_PER_TURN // 2
        if steep_cdeg < STEEP_CDEG:
            wide_cdeg = corner_cdeg * UNIT // cosine(steep_cdeg)
            self.reach_pan_cdeg = min(self.reach_pan_cdeg, wide_cdeg)

    def place(self, pan_off_cdeg: int, elevation_cdeg: int) -> "tuple[int, int] | None":
        """Find a direction in the picture: permille right and down; None when not in front.

        Args:
            pan_off_cdeg: clockwise from the view's own pan.
            elevation_cdeg: up from the horizon.
        """
        sin_e, cos_e = sine(elevation_cdeg), cosine(elevation_cdeg)
        ahead = cos_e * cosine(pan_off_cdeg) >> UNIT_BITS
        depth = (sin_e * self._sin_tilt + ahead * self._cos_tilt) >> UNIT_BITS
        if depth < GRAZING:
            return None
        across = cos_e * sine(pan_off_cdeg) >> UNIT_BITS
        up = (sin_e * self._cos_tilt - ahead * self._sin_tilt) >> UNIT_BITS
        cos_half, sin_half = self._scale
        below = depth * sin_half
        return (
            500 + 500 * across * cos_half // below,
            500 - 500 * 16 * up * cos_half // (9 * below),
        )


def project(zone: "Zone", view: View, drift_cdeg: int = 0) -> "list[Rect]":
    """Find what of the picture a zone may cover.

    Args:
        zone: left, right (clockwise from left), low, high, cdeg.
        view: where the camera looks.
        drift_cdeg: how far it may really be from there, on either axis.

    Returns:
        rectangles (left, top, right, bottom) in permille of the picture; none when out of view.
    """
    low = max(zone[2] - drift_cdeg, view.tilt_cdeg - view.reach_tilt_cdeg, -RIGHT_ANGLE_CDEG)
    high = min(zone[3] + drift_cdeg, view.tilt_cdeg + view.reach_tilt_cdeg, RIGHT_ANGLE_CDEG)
    if low > high:
        return []
    width = wrap_cdeg(zone[1] - zone[0]) + 2 * drift_cdeg
    if zone[1] - zone[0] >= CDEG_PER_TURN or width >= CDEG_PER_TURN:
        width = CDEG_PER_TURN
    left = wrap_cdeg(zone[0] - drift_cdeg - view.pan_cdeg)
    found: list[Rect] = []
    for turn in (-2 * CDEG_PER_TURN, -CDEG_PER_TURN, 0):
        piece_left = max(left + turn, -view.reach_pan_cdeg)
        piece_right = min(left + turn + width, view.reach_pan_cdeg)
        if piece_left <= piece_right:
            rect = _box((piece_left, piece_right, low, high), view)
            if rect is not None:
                found.append(rect)
    return found


def _box(piece: "Zone", view: View) -> "Rect | None":
    """Draw the box around a piece of a zone near the view, clipped to the picture."""
    left, right, low, high = piece
    places: list[tuple[int, int]] = []
    hidden_count = 0
    for index in range(SIDE_POINT_COUNT + 1):
        pan = left + (right - left) * index // SIDE_POINT_COUNT
        tilt = low + (high - low) * index // SIDE_POINT_COUNT
        for point in ((pan, low), (pan, high), (left, tilt), (right, tilt)):
            spot = view.place(*point)
            if spot is None:
                hidden_count += 1
            else:
                places.append(spot)
    if not places:
        return WHOLE if left <= 0 <= right and low <= view.tilt_cdeg <= high else None
    if hidden_count:
        return WHOLE
    columns = [spot[0] for spot in places]
    rows = [spot[1] for spot in places]
    rect = (
        max(min(columns) - MARGIN_PERMILLE, 0),
        max(min(rows) - MARGIN_PERMILLE, 0),
        min(max(columns) + 1 + MARGIN_PERMILLE, PERMILLE),
        min(max(rows) + 1 + MARGIN_PERMILLE, PERMILLE),
    )
    return rect if rect[0] < rect[2] and rect[1] < rect[3] else None


def hull(one: "Rect", other: "Rect") -> "Rect":
    """Give the smallest rectangle that holds both."""
    return (
        min(one[0], other[0]),
        min(one[1], other[1]),
        max(one[2], other[2]),
        max(one[3], other[3]),
    )


def zones_in_view(
    zones: "tuple[Zone, ...]",
    aim: "tuple[int, int]",
    fovs_cdeg: "tuple[int, int]",
    drift_cdeg: int,
) -> "list[Rect]":
    """Find what of the picture any zone may cover.

    Args:
        zones: all of them.
        aim: pan and tilt, cdeg.
        fovs_cdeg: widest and narrowest view that the lens can have just now.
        drift_cdeg: how far the aim may be wrong, on either axis.
    """
    found: list[Rect] = []
    wide = View(aim[0], aim[1], fovs_cdeg[0])
    if drift_cdeg and abs(aim[1]) + drift_cdeg >= TURNING_CDEG:
        # So near to straight down, an error in tilt turns the picture about its middle.
        reach_cdeg = wide.reach_tilt_cdeg + drift_cdeg
        is_near = [
            zone[2] <= aim[1] + reach_cdeg and zone[3] >= aim[1] - reach_cdeg for zone in zones
        ]
        return [WHOLE] if any(is_near) else []
    for zone in zones:
        found += [outward(rect, fovs_cdeg) for rect in project(zone, wide, drift_cdeg)]
    return found


def outward(rect: "Rect", fovs_cdeg: "tuple[int, int]") -> "Rect":
    """Give what a rectangle of the widest picture can cover while the lens goes in.

    What is in a picture moves straight away from its middle then, and nothing comes in.

    Args:
        rect: in the widest picture.
        fovs_cdeg: widest and narrowest view.
    """
    if fovs_cdeg[0] == fovs_cdeg[1]:
        return rect
    wide, tele = fovs_cdeg[0] // 2, fovs_cdeg[1] // 2
    below = cosine(wide) * sine(tele)
    more = sine(wide) * cosine(tele)
    far = [500 + (edge - 500) * more // below for edge in rect]
    grown = (far[0], far[1], far[2] + 1, far[3] + 1)
    box = hull(rect, grown)
    return max(box[0], 0), max(box[1], 0), min(box[2], PERMILLE), min(box[3], PERMILLE)
