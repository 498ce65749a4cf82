"""Warnings before requested footage dies that nobody has exported: 7, 3 and 1 days before.

A warning is a record of the register, one of each kind at most, and lengthens nothing. What is
asked for with two days left is warned of once, as three days; a CMC that was off tells the
narrowest warning that is due and none of those that it slept through.
"""

from host_tools.cmc.case import ACCEPTED, ASKED, Case
from host_tools.cmc.footage import WARNING
from host_tools.cmc.requests import Register

DAY_MS = 86_400_000
DAYS = (1, 3, 7)


def warning_days(case: Case, now_utc_ms: int) -> int:
    """Tell which warning a request stands under: 7, 3 or 1; 0 for none, or when nobody waits.

    Args:
        case: with its records.
        now_utc_ms: the keyholder's clock, which decides when footage dies.
    """
    left_ms = case.footage.first_dies_utc_ms() - now_utc_ms
    if case.state not in {ASKED, ACCEPTED} or case.footage.last_dies_utc_ms() <= now_utc_ms:
        return 0
    return next((days for days in DAYS if left_ms <= days * DAY_MS), 0)


def note_warnings(register: Register, now_utc_ms: int) -> int:
    """Write down each warning that is due and was not; returns how many those were."""
    count = 0
    for case in register.cases():
        days = warning_days(case, now_utc_ms)
        if days and not _is_noted(case, days):
            count += register.note_warning(case.id, days, case.footage.first_dies_utc_ms())
    return count


def _is_noted(case: Case, days: int) -> bool:
    told = [record.body.get("days") for record in case.of_kind(WARNING)]
    return any(isinstance(one, int) and one <= days for one in told)
