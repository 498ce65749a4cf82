"""Who asked for footage, who reviewed it, who exported it, and who was given it: four records.

Each is of its own kind and names the one request that it belongs to. Nothing happens without the
record before it, and what stands in no row of ACTS is refused. Every release of keys is a record
of the same list. Source: docs/formats/evidence.md, "The four records".
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path

from host_tools.cmc.access import Access
from host_tools.cmc.footage import (
    EXPORT,
    KEYS,
    LIST,
    RELEASE,
    REQUEST,
    REVIEW,
    Footage,
    Person,
    RefusedError,
    check_footage,
    given,
    may,
)
from host_tools.cmc.journal import Journal, Record

NEEDS = {REVIEW: REQUEST, KEYS: REVIEW, EXPORT: KEYS, RELEASE: EXPORT}
REGISTER_FILE = "evidence.sqlite"
FEES = ("none", "due", "paid", "waived")
URGENT_MS = 48 * 3_600_000
ASKED, ACCEPTED, REFUSED, EXPORTED, RELEASED = (
    "asked",
    "accepted",
    "refused",
    "exported",
    "released",
)


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


class Register:
    """The four records of every request.

    Args:
        path: of the register's file; unlike the keyholder's it belongs in the backup.
        utc_ms: the CMC's clock.
        access: lets people in; None for a register that only the table of roles guards.
    """

    def __init__(
        self, path: Path, utc_ms: Callable[[], int], access: Access | None = None
    ) -> None:
        self._journal = Journal(path)
        self._utc_ms = utc_ms
        self._access = access

    def close(self) -> None:
        """Let go of the file; idempotent."""
        self._journal.close()

    def request(self, who: Person, footage: Footage) -> str:
        """Ask for footage; returns the id of the request."""
        with self._door(REQUEST, who):
            now_utc_ms = self._utc_ms()
            check_footage(footage, now_utc_ms)
            with self._journal.writing():
                number = len(self._journal.records(REQUEST)) + 1
                request_id = f"E-{number:04d}"
                body = {"person": who.name, "role": who.role, **asdict(footage)}
                self._journal.append(REQUEST, request_id, now_utc_ms, body)
        return request_id

    def review(self, request_id: str, who: Person, is_accepted: bool, reason: str) -> Case:
        """Accept or refuse a request; another person than the one who asked.

        Returns:
            the case after it.

        Raises:
            RefusedError: the role may not, it is the same person, or it was reviewed already.
        """
        with self._door(REVIEW, who, request_id), self._journal.writing():
            given("a review", reason=reason)
            case = self.case(request_id)
            if who.is_same(case.asked_by.name):
                raise RefusedError(
                    "C31", f"{who.name} asked for {request_id}; another person must review it"
                )
            if case.state != ASKED:
                raise RefusedError("C31", f"{request_id} is {case.state} already; ask anew")
            if is_accepted and case.footage.last_dies_utc_ms() <= self._utc_ms():
                raise RefusedError("C28", f"{request_id}: all of it is dead by now (31 days)")
            body = {
                "person": who.name,
                "role": who.role,
                "is_accepted": is_accepted,
                "reason": reason,
            }
            self._journal.append(REVIEW, request_id, self._utc_ms(), body)
        return self.case(request_id)

    def authorised(self, request_id: str, who: Person) -> Case:
        """Give a case whose footage this person may export now."""
        with self._door(EXPORT, who, request_id):
            case = self.case(request_id)
            if case.state == ASKED:
                raise RefusedError("C31", f"{request_id} was not reviewed; another person must")
            if case.state == REFUSED:
                reason = case.record(REVIEW).body["reason"]
                raise RefusedError("C31", f"{request_id} was refused: {reason}")
            return case

    def note_keys(self, request_id: str, who: Person, released: Mapping[str, object]) -> None:
        """Write down which keys are about to be handed over."""
        self._note(KEYS, request_id, who, released)

    def note_export(self, request_id: str, who: Person, exported: Mapping[str, object]) -> None:
        """Write down what was exported: folder, hash of the manifest, how long it is kept."""
        self._note(EXPORT, request_id, who, exported)

    def release(self, request_id: str, who: Person, copy: Mapping[str, object]) -> None:
        """Write down that a copy is given away.

        Args:
            request_id: which.
            who: gives it.
            copy: recipient, legal_basis, fee, and what was verified: manifest and items.

        Raises:
            RefusedError: the role may not, something is not told, or it is not the export.
        """
        with self._door(RELEASE, who, request_id):
            texts = {key: str(copy.get(key, "")) for key in ("recipient", "legal_basis")}
            given("a release", **texts)
            if copy.get("fee") not in FEES:
                raise RefusedError(
                    "C52", f"fee {copy.get('fee')!r}: must be one of {', '.join(FEES)}"
                )
            exports = [record.body.get("manifest") for record in self._of(request_id, EXPORT)]
            if copy.get("manifest") not in exports:
                raise RefusedError(
                    "C52",
                    f"that folder is no export of {request_id}; give the folder it was made into",
                )
            self._note(RELEASE, request_id, who, copy)

    def case(self, request_id: str) -> Case:
        """Give a request with all of its records; RefusedError where there is none."""
        records = self._of(request_id, "")
        if not records or records[0].kind != REQUEST:
            raise RefusedError(
                "C52", f"there is no request {request_id!r}; `lamppost evidence list` names them"
            )
        body = dict(records[0].body)
        asked_by = Person(str(body.pop("person")), str(body.pop("role")))
        return Case(request_id, _state(records), Footage(**body), asked_by, records)  # type: ignore[arg-type]

    def looked_at(self, who: Person) -> list[Case]:
        """List every request to somebody; that they looked is written down."""
        with self._door(LIST, who):
            return self.cases()

    def cases(self) -> list[Case]:
        """List every request, what dies first in front."""
        found = [self.case(record.request) for record in self._journal.records(REQUEST)]
        return sorted(found, key=lambda case: case.footage.first_dies_utc_ms())

    def check(self) -> list[str]:
        """Tell what was changed in the register, and every record without the one it needs."""
        faults = self._journal.check() + (self._access.check() if self._access else [])
        seen: set[tuple[str, str]] = set()
        for record in self._journal.records():
            needed = NEEDS.get(record.kind, "")
            if needed and (record.request, needed) not in seen:
                faults.append(
                    f"record {record.number}: {record.kind} of {record.request} without {needed}"
                )
            if record.kind != REVIEW or record.body.get("is_accepted") is True:
                seen.add((record.request, record.kind))
        return faults

    def _door(self, act: str, who: Person, request_id: str = "") -> AbstractContextManager[None]:
        """Let somebody in who may do this, by the roster too where there is one."""
        if self._access is not None:
            return self._access.act(act, who, request_id)
        may(act, who)
        return nullcontext()

    def _note(self, kind: str, request_id: str, who: Person, body: Mapping[str, object]) -> None:
        with self._journal.writing():
            state = self.case(request_id).state
            if state in {ASKED, REFUSED}:
                raise RefusedError("C31", f"{request_id} is {state}; nothing of it may leave")
            full = {"person": who.name, "role": who.role, **body}
            self._journal.append(kind, request_id, self._utc_ms(), full)

    def _of(self, request_id: str, kind: str) -> Sequence[Record]:
        return self._journal.records(kind, request_id)


def _state(records: Sequence[Record]) -> str:
    state = ASKED
    for record in records:
        if record.kind == REVIEW:
            state = ACCEPTED if record.body["is_accepted"] is True else REFUSED
        elif record.kind == EXPORT:
            state = EXPORTED
        elif record.kind == RELEASE:
            state = RELEASED
    return state
