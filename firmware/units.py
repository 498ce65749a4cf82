"""Integer arithmetic on quantities."""

CDEG_PER_TURN = 36000


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
