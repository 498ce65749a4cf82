"""Footage that was asked for and will be dead before anybody has it, for the page."""

from collections.abc import Callable
from pathlib import Path

from host_tools.cmc.requests import URGENT_MS, Register
from host_tools.cmc.warnings import note_warnings, warning_days


def urgent_requests(path: Path, utc_ms: Callable[[], int]) -> list[dict[str, object]]:
    """List requests that nobody exported and whose footage begins to die within 7 days.

    What is listed stands in the register as a warning from then on. Names neither case nor person:
    the page stands where many can see it.

    Args:
        path: of the register; an absent one has no requests.
        utc_ms: the keyholder's clock.

    Returns:
        id, state, unit, dies_utc_ms, days (the warning: 7, 3 or 1) and is_urgent (within 48 h) of
        each, what dies first in front; what is all dead needs no warning, it is lost.
    """
    if not path.exists():
        return []
    now_utc_ms = utc_ms()
    register = Register(path, utc_ms)
    try:
        note_warnings(register, now_utc_ms)
        cases = register.cases()
    finally:
        register.close()
    return [
        {
            "id": case.id,
            "state": case.state,
            "unit": case.footage.unit,
            "dies_utc_ms": case.footage.first_dies_utc_ms(),
            "days": warning_days(case, now_utc_ms),
            "is_urgent": case.footage.first_dies_utc_ms() - now_utc_ms < URGENT_MS,
        }
        for case in cases
        if warning_days(case, now_utc_ms)
    ]
