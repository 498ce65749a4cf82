"""Who asked for footage, who reviewed it, who exported it, and who was given it: four records.

Each is of its own kind and names the one request that it belongs to. Nothing happens without the
record before it, and what stands in no row of ACTS is refused. Every release of keys is a record
of the same list. Source: docs/formats/evidence.md, "The four records".
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from pathlib import Path

from firmware.policy.rules import OPERATOR
from host_tools.cmc.access import Access
from host_tools.cmc.case import (
    ACCEPTED,
    ASKED,
    EXPORTED,
    REFUSED,
    RELEASED,
    WITHDRAWN,
    Case,
    case_of,
    faults_of,
)
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
    RefusedError,
    check_footage,
    given,
    may,
)
from host_tools.cmc.journal import Journal, Record

REGISTER_FILE = "evidence.sqlite"
FEES = ("none", "due", "paid", "waived")
URGENT_MS = 48 * 3_600_000


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
        if access is not None:
            access.register = self._journal

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

    def withdraw(self, request_id: str, who: Person, reason: str) -> Case:
        """Take a request back: nothing of it may leave any more, and its hold is lifted.

        An operator may take back what they asked for themselves until it is accepted.

        Returns:
            the case after it.

        Raises:
            RefusedError: the role may not, it is somebody else's, or it is over.
        """
        with self._door(WITHDRAW, who, request_id), self._journal.writing():
            given("a withdrawal", reason=reason)
            case = self.case(request_id)
            if case.state not in {ASKED, ACCEPTED, EXPORTED}:
                raise RefusedError("C52", f"{request_id} is {case.state} already; it stays so")
            is_own = case.state == ASKED and who.is_same(case.asked_by.name)
            if who.role == OPERATOR and not is_own:
                raise RefusedError(
                    "C31",
                    f"{request_id} of {case.asked_by.name} is {case.state}; an operator takes "
                    "back only their own before it is accepted: ask a supervisor",
                )
            body = {"person": who.name, "role": who.role, "reason": reason}
            self._journal.append(WITHDRAW, request_id, self._utc_ms(), body)
        return self.case(request_id)

    def authorised(self, request_id: str, who: Person) -> Case:
        """Give a case whose footage this person may export now."""
        with self._door(EXPORT, who, request_id):
            case = self.case(request_id)
            self._check_whole()
            if case.state == ASKED:
                raise RefusedError("C31", f"{request_id} was not reviewed; another person must")
            if case.state == REFUSED:
                reason = case.record(REVIEW).body.get("reason", "")
                raise RefusedError("C31", f"{request_id} was refused: {reason}")
            _not_over(case)
            return case

    def note_keys(self, request_id: str, who: Person, released: Mapping[str, object]) -> None:
        """Write down which keys are about to be handed over."""
        self._note(KEYS, request_id, who, released)

    def note_export(self, request_id: str, who: Person, exported: Mapping[str, object]) -> None:
        """Write down what was exported: folder, hash of the manifest, how long it is kept."""
        self._note(EXPORT, request_id, who, exported)

    def note_hold(self, request_id: str, who: Person, held: Mapping[str, object]) -> None:
        """Write down what became of a hold that follows from what somebody decided."""
        with self._journal.writing():
            full = {"person": who.name, "role": who.role, **held}
            self._journal.append(HOLD, self.case(request_id).id, self._utc_ms(), full)

    def note_warning(self, request_id: str, days: int, dies_utc_ms: int) -> bool:
        """Write down a warning; False when another process was quicker."""
        with self._journal.writing():
            told = [record.body.get("days") for record in self._of(request_id, WARNING)]
            if days in told:
                return False
            body = {"days": days, "dies_utc_ms": dies_utc_ms}
            self._journal.append(WARNING, request_id, self._utc_ms(), body)
        return True

    def news(self, number: int) -> tuple[int, list[Case]]:
        """Give what is new since a record.

        Args:
            number: of the newest record that was read; 0 for none. Above what is there, as after
                a restore, all is new.

        Returns:
            number of the newest record, and the requests that have newer ones than `number`.
        """
        newest = self._journal.newest()
        changed = self._journal.requests_since(number if number <= newest else 0)
        found = [case_of(self._of(request_id, "")) for request_id in changed]
        return newest, [case for case in found if case is not None]

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
        case = case_of(records)
        if case is None and records and records[0].kind == REQUEST:
            raise RefusedError(
                "C10", f"{request_id} cannot be read; restore the register from your backup"
            )
        if case is None:
            raise RefusedError(
                "C52", f"there is no request {request_id!r}; `lamppost evidence list` names them"
            )
        return case

    def cases(self) -> list[Case]:
        """List every request that can be read, what dies first in front."""
        records: dict[str, list[Record]] = {}
        for record in self._journal.records():
            records.setdefault(record.request, []).append(record)
        found = [case for case in map(case_of, records.values()) if case is not None]
        return sorted(found, key=lambda case: case.footage.first_dies_utc_ms())

    def check(self) -> list[str]:
        """Tell what was changed in the register, and every record without the one it needs."""
        return self._faults() + (self._access.check() if self._access else [])

    def _faults(self) -> list[str]:
        return self._journal.check() + faults_of(self._journal.records())

    def _check_whole(self) -> None:
        """Let nothing leave on the word of a register that was tampered with."""
        faults = self._faults()
        if faults:
            raise RefusedError(
                "C10", f"the register is not whole: {faults[0]}; restore it from your backup"
            )

    def _door(self, act: str, who: Person, request_id: str = "") -> AbstractContextManager[None]:
        """Let somebody in who may do this, by the roster too where there is one."""
        if self._access is not None:
            return self._access.act(act, who, request_id)
        may(act, who)
        return nullcontext()

    def _note(self, kind: str, request_id: str, who: Person, body: Mapping[str, object]) -> None:
        with self._journal.writing():
            case = self.case(request_id)
            if case.state in {ASKED, REFUSED, WITHDRAWN}:
                raise RefusedError("C31", f"{request_id} is {case.state}; nothing of it may leave")
            if kind != RELEASE:
                _not_over(case)
            self._check_whole()
            full = {"person": who.name, "role": who.role, **body}
            self._journal.append(kind, request_id, self._utc_ms(), full)

    def _of(self, request_id: str, kind: str) -> Sequence[Record]:
        return self._journal.records(kind, request_id)


def _not_over(case: Case) -> None:
    """Refuse to export what was taken back or given away already."""
    if case.state == WITHDRAWN:
        reason = case.record(WITHDRAW).body.get("reason", "")
        raise RefusedError("C31", f"{case.id} was withdrawn: {reason}")
    if case.state == RELEASED:
        raise RefusedError(
            "C52",
            f"{case.id} is released already; give further copies of that export, or ask anew",
        )
