"""The door in front of everything about footage: who is let in, and a record of each who came.

`access.journal` in the CMC's folder is a list that only grows, as the register is: "view" for
each list that somebody looked at, "admitted" for each act, "refused" for each that was not let.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from host_tools.cmc.footage import LIST, Person, RefusedError, may
from host_tools.cmc.journal import Journal
from host_tools.cmc.roster import ROSTER_FILE, Login, Proof, Roster
from host_tools.keystore import Keystore

ACCESS_FILE = "access.journal"
VIEW, ADMITTED, REFUSED = "view", "admitted", "refused"


class Access:
    """Lets people in, by the roster where there is one.

    Args:
        cmc: folder of the CMC.
        keys: folder of its keystore, whose authority signs the roster.
        utc_ms: the CMC's clock.
        login: what whoever acts brings along.
    """

    def __init__(
        self, cmc: Path, keys: Path, utc_ms: Callable[[], int], login: Proof | None = None
    ) -> None:
        self._roster = cmc / ROSTER_FILE
        self._keys = keys
        self._utc_ms = utc_ms
        self._login: Proof = login or Login()
        self._journal = Journal(cmc / ACCESS_FILE)
        self.register: Journal | None = None
        """The journal whose newest record each record here names, so that none can be cut off."""

    def close(self) -> None:
        """Let go of the file; idempotent."""
        self._journal.close()

    def admit(self, act: str, who: Person, request_id: str = "") -> None:
        """Let somebody act; RefusedError where they may not. Either is written down."""
        workstation = ""
        try:
            may(act, who)
            if self._roster.exists():
                authority_key = Keystore(self._keys).authority.public_key()
                workstation = Roster.read(self._roster, authority_key).admit(who, self._login)
        except RefusedError as refusal:
            self._note_refusal(act, who, request_id, refusal)
            raise
        self._note(VIEW if act == LIST else ADMITTED, act, who, request_id, workstation)

    @contextmanager
    def act(self, act: str, who: Person, request_id: str = "") -> Generator[None]:
        """Let somebody act, and write down as well what is refused while they do."""
        self.admit(act, who, request_id)
        try:
            yield
        except RefusedError as refusal:
            self._note_refusal(act, who, request_id, refusal)
            raise

    def _note_refusal(self, act: str, who: Person, request_id: str, refusal: RefusedError) -> None:
        self._note(REFUSED, act, who, request_id, f"{refusal} ({refusal.clause})")

    def check(self) -> list[str]:
        """Tell every record that is not as it was written, and what is gone of the register."""
        faults = [f"access: {fault}" for fault in self._journal.check()]
        if self.register is None:
            return faults
        there = {record.number: record.sha256 for record in self.register.records()}
        for record in self._journal.records():
            number = record.body.get("register_number")
            if isinstance(number, int) and there.get(number) != record.body.get("register_sha256"):
                faults.append(
                    f"access record {record.number} saw record {number} of the register, which is "
                    "gone or another now"
                )
                break
        return faults

    def _note(self, kind: str, act: str, who: Person, request_id: str, more: str) -> None:
        body: dict[str, object] = {"act": act, "person": who.name, "role": who.role}
        body["why" if kind == REFUSED else "workstation"] = more
        seen = self.register.record(self.register.newest()) if self.register else None
        if seen is not None:
            body["register_number"], body["register_sha256"] = seen.number, seen.sha256
        with self._journal.writing():
            self._journal.append(kind, request_id, self._utc_ms(), body)
