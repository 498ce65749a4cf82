"""What is told of a request, the same to the command line and to the page."""

from dataclasses import asdict

from host_tools.cmc.case import Case
from host_tools.cmc.footage import REVIEW, WITHDRAW, Footage
from host_tools.cmc.holds import hold_states
from host_tools.cmc.requests import URGENT_MS
from host_tools.cmc.warnings import warning_days
from host_tools.evidence.moment import iso

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000


def countdown(footage: Footage, now_utc_ms: int) -> tuple[str, bool]:
    """Tell the day on which the footage dies and what is left; True when that is urgent."""
    dies_utc_ms, last_utc_ms = footage.first_dies_utc_ms(), footage.last_dies_utc_ms()
    left_ms = dies_utc_ms - now_utc_ms
    if last_utc_ms <= now_utc_ms:
        return f"all of it is dead since {iso(last_utc_ms)}", False
    if left_ms <= 0:
        return f"its beginning is dead; the last dies {iso(last_utc_ms)}", True
    days, rest = divmod(left_ms, DAY_MS)
    text = f"{days} d {rest // HOUR_MS} h {rest % HOUR_MS // MINUTE_MS} min"
    return f"{iso(dies_utc_ms)}, in {text}", left_ms <= URGENT_MS


def warning_words(case: Case, now_utc_ms: int) -> str:
    """Tell that a request is about to die unexported; "" where it is not."""
    days = warning_days(case, now_utc_ms)
    if not days:
        return ""
    return f"less than {days} {'day' if days == 1 else 'days'} left, and nobody has exported it"


def case_json(case: Case, now_utc_ms: int) -> dict[str, object]:
    """Tell all of a request as plain JSON.

    Args:
        case: with its records.
        now_utc_ms: the keyholder's clock.
    """
    dies, is_urgent = countdown(case.footage, now_utc_ms)
    return {
        "id": case.id,
        "state": case.state,
        "asked_by": case.asked_by.name,
        "footage": asdict(case.footage),
        "dies_utc_ms": case.footage.first_dies_utc_ms(),
        "last_dies_utc_ms": case.footage.last_dies_utc_ms(),
        "dies": dies,
        "is_urgent": is_urgent,
        "warning_days": warning_days(case, now_utc_ms),
        "holds": [
            {**asdict(state), "words": state.words(case.footage.unit)}
            for state in hold_states(case, now_utc_ms)
        ],
        "decisions": [
            {"kind": record.kind, "utc_ms": record.utc_ms}
            | {key: record.body.get(key, "") for key in ("person", "role", "reason")}
            for record in case.records
            if record.kind in {REVIEW, WITHDRAW}
        ],
        "records": [asdict(record) for record in case.records],
    }
