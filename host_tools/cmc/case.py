"""A request for footage and what became of it, read from its records.

    asked -> accepted -> exported -> released
    asked -> refused
    asked, accepted or exported -> withdrawn

What is refused, withdrawn or released is over: no later record brings it back.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import get_type_hints

from host_tools.cmc.footage import (
    EXPORT,
    HOLD,
    KEYS,
    RELEASE,
    REQUEST,
    REVIEW,
    WARNING,
    WITHDRAW,
    Footage,
    Person,
)
from host_tools.cmc.journal import Record

NEEDS = {
    REVIEW: REQUEST,
    KEYS: REVIEW,
    EXPORT: KEYS,
    RELEASE: EXPORT,
    WITHDRAW: REQUEST,
    HOLD: REVIEW,
    WARNING: REQUEST,
}
ASKED, ACCEPTED, REFUSED, EXPORTED, RELEASED, WITHDRAWN = (
    "asked",
    "accepted",
    "refused",
    "exported",
    "released",
    "withdrawn",
)
LEAVING = (KEYS, EXPORT, RELEASE)
WHO = ("person", "role")


@dataclass(frozen=True)
class Case:
    """A request and what became of it."""

    id: str
    state: str
    footage: Footage
    asked_by: Person
    records: list[Record]

    def record(self, kind: str) -> Record:
        """The newest record of a kind that is there."""
        return next(record for record in reversed(self.records) if record.kind == kind)

    def of_kind(self, kind: str) -> list[Record]:
        """List the records of a kind, oldest first."""
        return [record for record in self.records if record.kind == kind]

    def person(self, kind: str) -> Person:
        """Tell who did what the newest record of a kind is about."""
        return _person(self.record(kind))


def case_of(records: Sequence[Record]) -> Case | None:
    """Read a request and what became of it; None where the first record is no request.

    Args:
        records: of one request, oldest first.
    """
    if not records or records[0].kind != REQUEST:
        return None
    body = {name: value for name, value in records[0].body.items() if name not in WHO}
    kinds = get_type_hints(Footage)
    is_whose = all(isinstance(records[0].body.get(name), str) for name in WHO)
    if not is_whose or any(type(value) is not kinds.get(name) for name, value in body.items()):
        return None
    try:
        footage = Footage(**body)  # type: ignore[arg-type]
    except TypeError:  # a field is missing
        return None
    first = records[0]
    return Case(first.request, state_of(records), footage, _person(first), list(records))


def _person(record: Record) -> Person:
    return Person(*(str(record.body.get(name, "")) for name in WHO))


def state_of(records: Iterable[Record]) -> str:
    """Tell what became of a request."""
    state = ASKED
    for record in records:
        if state in {REFUSED, RELEASED, WITHDRAWN}:
            break
        if record.kind == REVIEW:
            state = ACCEPTED if record.body.get("is_accepted") is True else REFUSED
        elif record.kind == EXPORT:
            state = EXPORTED
        elif record.kind == RELEASE:
            state = RELEASED
        elif record.kind == WITHDRAW:
            state = WITHDRAWN
    return state


def faults_of(records: Sequence[Record]) -> list[str]:
    """Tell every record that cannot be, by those before it, whatever its hash says."""
    faults: list[str] = []
    before: dict[str, list[Record]] = {}
    for record in records:
        own = before.setdefault(record.request, [])
        fault = _fault(record, own)
        if fault:
            faults.append(f"record {record.number}: {record.kind} of {record.request} {fault}")
        own.append(record)
    return faults


def _fault(record: Record, before: list[Record]) -> str:
    if record.kind == REQUEST and case_of([record]) is None:
        return "has fields that no request has"
    needed = NEEDS.get(record.kind, "")
    is_there = any(one.kind == needed and _is_yes(one) for one in before)
    if needed and not is_there:
        return f"without {needed}"
    if record.kind in {REQUEST, REVIEW} and any(one.kind == record.kind for one in before):
        return "where there is one already"
    if record.kind == REVIEW:
        return "by the person who asked" if _is_same_person(record, before) else ""
    return _fault_of_leaving(record, before) if record.kind in LEAVING else ""


def _fault_of_leaving(record: Record, before: list[Record]) -> str:
    if any(one.kind == WITHDRAW for one in before):
        return "after it was withdrawn"
    if record.kind != RELEASE:
        is_over = any(one.kind == RELEASE for one in before)
        return "after it was released" if is_over else ""
    made = [one.body.get("manifest") for one in before if one.kind == EXPORT]
    return "" if record.body.get("manifest") in made else "of a copy that no export made"


def _is_same_person(review: Record, before: list[Record]) -> bool:
    asked = next(one for one in before if one.kind == REQUEST)
    return _person(review).is_same(_person(asked).name)


def _is_yes(record: Record) -> bool:
    return record.kind != REVIEW or record.body.get("is_accepted") is True
