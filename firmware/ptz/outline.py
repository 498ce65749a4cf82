"""Turns a zone with many corners into rectangles that cover it, which is all that the rest knows.

The outline is cut into slabs of equal height; each slab is as wide as the widest that the outline
reaches in it. The cover is never smaller than the outline. Between corners the outline runs
straight in pan and tilt, by the shorter way round.
"""

from firmware.units import CDEG_PER_TURN, signed_cdeg, wrap_cdeg
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    Point = tuple[int, int]
    Zone = tuple[int, int, int, int]

SLAB_COUNT_MAX = 12
SLAB_CDEG_MIN = 100


def slabs(outline: "list[Point]") -> "list[Zone]":
    """Cover an outline with rectangles.

    Args:
        outline: corners, pan 0 to 35999 and tilt -9000 to 9000, spanning less than half a turn.

    Returns:
        zones: left, right (clockwise from left), low, high; from the lowest up.
    """
    if not outline:
        return []
    corners = _unrolled(outline)
    low = min(tilt for _, tilt in corners)
    high = max(tilt for _, tilt in corners)
    count = min(max((high - low) // SLAB_CDEG_MIN, 1), SLAB_COUNT_MAX)
    found: list[Zone] = []
    for index in range(count):
        floor = low + (high - low) * index // count
        roof = low + (high - low) * (index + 1) // count
        reach = _reach(corners, floor, roof)
        if reach is not None:
            left = wrap_cdeg(reach[0])
            # A right edge of exactly one turn would read as an empty zone.
            right = wrap_cdeg(max(reach[1], reach[0] + 1))
            found.append((left, right, floor, roof))
    return found


def _unrolled(outline: "list[Point]") -> "list[Point]":
    """Give the corners with pans that do not jump at north."""
    pan = outline[0][0]
    corners = [(pan, outline[0][1])]
    for index in range(1, len(outline)):
        pan += signed_cdeg(outline[index][0] - outline[index - 1][0])
        corners.append((pan, outline[index][1]))
    return corners


def _reach(corners: "list[Point]", floor: int, roof: int) -> "tuple[int, int] | None":
    """Find how far left and right the sides reach between two tilts; None for not at all."""
    left, right = 2 * CDEG_PER_TURN, -2 * CDEG_PER_TURN
    for index in range(len(corners)):
        one, other = corners[index - 1], corners[index]
        if one[1] > other[1]:
            one, other = other, one
        if other[1] < floor or one[1] > roof:
            continue
        for tilt in (max(one[1], floor), min(other[1], roof)):
            rise = other[1] - one[1]
            if not rise:
                left, right = min(left, one[0], other[0]), max(right, one[0], other[0])
                continue
            run = (other[0] - one[0]) * (tilt - one[1])
            left = min(left, one[0] + run // rise)
            right = max(right, one[0] - -run // rise)
    return (left, right) if left <= right else None
