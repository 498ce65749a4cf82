"""Footage that was asked for and will be dead before anybody has it, for the page."""

from collections.abc import Callable
from pathlib import Path

from host_tools.cmc.requests import ACCEPTED, ASKED, URGENT_MS, Register


def urgent_requests(path: Path, utc_ms: Callable[[], int]) -> list[dict[str, object]]:
    """List requests that nobody exported and whose footage begins to die within 48 h.

    Names neither case nor person: the page stands where many can see it.

    Args:
        path: of the register; an absent one has no requests.
        utc_ms: the CMC's clock.

    Returns:
        id, state, unit and dies_utc_ms of each, what dies first in front; what is all dead is no
        longer urgent, only lost.
    """
    if not path.exists():
        return []
    register = Register(path, utc_ms)
    try:
        cases = register.cases()
    finally:
        register.close()
    now_utc_ms = utc_ms()
    return [
        {
            "id": case.id,
            "state": case.state,
            "unit": case.footage.unit,
            "dies_utc_ms": case.footage.first_dies_utc_ms(),
        }
        for case in cases
        if case.state in {ASKED, ACCEPTED}
        and case.footage.first_dies_utc_ms() - now_utc_ms < URGENT_MS
        and case.footage.last_dies_utc_ms() > now_utc_ms
    ]
