"""Integer arithmetic on quantities, and the one place where a value is clamped."""

CDEG_PER_TURN = 36000


class Clamp:
    """Keeps a value inside its range and counts how often it had to.

    Args:
        low: least value let through.
        high: greatest value let through.
    """

    __slots__ = ("clamped_count", "high", "low")

    def __init__(self, low: int, high: int) -> None:
        assert low <= high
        self.low = low
        self.high = high
        self.clamped_count = 0

    def __call__(self, value: int) -> int:
        """Return the value, or the nearest end of the range."""
        if self.low <= value <= self.high:
            return value
        self.clamped_count += 1
        return self.low if value < self.low else self.high


def wrap_cdeg(angle_cdeg: int) -> int:
    """Bring an angle into 0..35999 hundredths of a degree."""
    return angle_cdeg % CDEG_PER_TURN


def signed_cdeg(angle_cdeg: int) -> int:
    """Bring an angle into -18000..17999 hundredths of a degree."""
    return (angle_cdeg + CDEG_PER_TURN // 2) % CDEG_PER_TURN - CDEG_PER_TURN // 2


def div_round(numerator: int, denominator: int) -> int:
    """Divide to the nearest integer, halves away from zero; denominator above 0."""
    assert denominator > 0
    if numerator >= 0:
        return (numerator + denominator // 2) // denominator
    return -((-numerator + denominator // 2) // denominator)
