"""Where a paper is good: a place by name, and the circle that the unit must stand in."""

from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.policy.fields import Fields

    Position = tuple[int, int]

UDEG_PER_DEG = 1_000_000
MM_PER_UDEG = 111  # of latitude; 111.3 m in a thousandth of a degree
TURN_UDEG = 360 * UDEG_PER_DEG


class Place:
    """A place with a radius.

    Attributes:
        name: as the unit's own settings call it.
        lat_udeg: latitude, millionths of a degree, north positive.
        lon_udeg: longitude, millionths of a degree, east positive.
        radius_m: how far from there the unit may be.
    """

    __slots__ = ("lat_udeg", "lon_udeg", "name", "radius_m")

    def __init__(self, fields: "Fields") -> None:
        self.name = fields.text("name", "C09")
        self.lat_udeg = fields.number("lat_udeg", "C09", -90 * UDEG_PER_DEG, 90 * UDEG_PER_DEG)
        self.lon_udeg = fields.number("lon_udeg", "C09", -180 * UDEG_PER_DEG, 180 * UDEG_PER_DEG)
        self.radius_m = fields.number("radius_m", "C09", 5, 5_000)
        fields.close()

    def holds(self, position: "Position") -> bool:
        """Tell whether a position (lat_udeg, lon_udeg) is inside the circle."""
        north_mm = (position[0] - self.lat_udeg) * MM_PER_UDEG
        east_udeg = (position[1] - self.lon_udeg + TURN_UDEG // 2) % TURN_UDEG - TURN_UDEG // 2
        east_mm = east_udeg * MM_PER_UDEG * _cos_permille(self.lat_udeg) // 1000
        radius_mm = self.radius_m * 1000
        return north_mm * north_mm + east_mm * east_mm <= radius_mm * radius_mm


def _cos_permille(angle_udeg: int) -> int:
    """Cosine of -90 to 90 degrees to 2 permille: Bhaskara's fraction, without floats."""
    tenths = angle_udeg // (UDEG_PER_DEG // 10)
    square = tenths * tenths
    return 1000 * (3_240_000 - 4 * square) // (3_240_000 + square)
