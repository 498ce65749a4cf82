"""The keyholder of a site that stands alone: sealed until somebody vouches for the time.

It holds, steps and releases as the CMC's does, for the same requests of two people, and differs in
whose clock it goes by. Whatever happens to that clock is a record of a list that only grows.

Files, beside `keyholder.sqlite` and `evidence.sqlite`:

    sealed_clock.sqlite     the clock
    sealed_clock.cbor       who may vouch: {name: [kind, public key]}
    sealed_clock.journal    what happened to it
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from firmware.cbor.decode import loads
from firmware.cbor.encode import dumps
from firmware.cose import sign1
from firmware.errors import RemoteProtocolError
from firmware.keys.ratchet import EPOCH_MS, epoch_of
from hal.linux.cipher import OpenSslCipher
from host_tools.cmc.footage import Person, RefusedError
from host_tools.cmc.journal import Journal, Record
from host_tools.cmc.keyholder import (
    KEYHOLDER_FILE,
    Keyholder,
    ReleaseRefusedError,
    SegmentName,
)
from host_tools.cmc.requests import Register
from host_tools.cmc.sealed_clock import (
    ACCEPTED,
    OPERATOR,
    SOURCE,
    ClockState,
    Power,
    SealedClock,
    kernel_power,
)
from host_tools.keystore import write_private

CLOCK_FILE, VOUCHERS_FILE = "sealed_clock.sqlite", "sealed_clock.cbor"
JOURNAL_FILE = "sealed_clock.journal"
EXTERNAL_AAD = b"lamppost time"
PUBLIC_KEY_BYTES = 64
Vouchers = dict[str, tuple[str, bytes]]
"""Name to kind (OPERATOR or SOURCE) and public key, 64 bytes."""


class SiteKeyholder(Keyholder):
    """Holds the chains of a site's units.

    Args:
        folder: made by `create_site`.
        power: which boot it is, and how long it has been powered; None for the kernel's.
    """

    def __init__(self, folder: Path, power: Power | None = None) -> None:
        power = power or kernel_power()
        self.clock = SealedClock(folder / CLOCK_FILE, power)
        self.journal = Journal(folder / JOURNAL_FILE)
        self._vouchers = _read_vouchers(folder / VOUCHERS_FILE)
        super().__init__(folder / KEYHOLDER_FILE, self.clock.utc_ms, power.boot_ms)
        self.clock.begin(self.newest_first_epoch() * EPOCH_MS)
        self.step()

    def close(self) -> None:
        """Let go of the files; idempotent."""
        super().close()
        self.clock.close()
        self.journal.close()

    def add(self, unit: str, chain: str, epoch: int, secret: bytes) -> None:
        """Take a chain over; it is at least the time at which the chain begins."""
        super().add(unit, chain, epoch, secret)
        self.clock.begin(epoch * EPOCH_MS)

    def state(self) -> ClockState:
        """Tell what the clock knows."""
        return self.clock.step()

    def step(self) -> int:
        """Bring every chain up to the clock; call it at least once a minute.

        Where the store has been sealed for too long, what was recorded before this boot dies.
        """
        state = self.clock.step()
        moved_count = super().step()
        if state.must_erase():
            first = epoch_of(state.begun_utc_ms) + 1
            erased_count = self.advance(first)
            self.clock.erased()
            if erased_count:
                told = {"first_epoch": first, "sealed_ms": state.sealed_ms}
                self._note("erased", state, told)
            moved_count += erased_count
        return moved_count

    def release(
        self,
        register: Register,
        request_id: str,
        who: Person,
        chain: str,
        wanted: Sequence[SegmentName],
    ) -> dict[SegmentName, bytes]:
        """Hand over content keys as the CMC's keyholder does; refused while sealed."""
        state = self.state()
        if not state.is_open:
            self._note("refused", state, {"request": request_id, "person": who.name})
            raise ReleaseRefusedError(
                "C28",
                "the store is sealed: nobody vouched for the time since the power came back, so "
                "footage could be older than 31 days; `lamppost keyholder challenge` begins that",
            )
        return super().release(register, request_id, who, chain, wanted)

    def challenge(self) -> bytes:
        """Ask for the time; the answer must hold these bytes."""
        return self.clock.challenge()

    def vouch(self, statement: bytes) -> str:
        """Take a statement of the time, a COSE_Sign1 of {1: challenge, 2: utc_ms, 3: person}.

        Returns:
            ACCEPTED, or WAITS where a second source must say the same.

        Raises:
            RefusedError: nobody who may vouch signed it, or it answers no fresh challenge.
        """
        try:
            name, kind, payload = self._signer_of(statement)
            challenge, utc_ms, person = _parse(payload)
            verdict = self.clock.answer(challenge, utc_ms, name, kind)
        except RefusedError as refusal:
            self._note("not_trusted", self.state(), {"why": str(refusal)})
            raise
        told = {"name": name, "kind": kind, "person": person, "told_utc_ms": utc_ms}
        self._note("trusted" if verdict == ACCEPTED else "waits", self.state(), told)
        self.step()
        return verdict

    def _signer_of(self, statement: bytes) -> tuple[str, str, bytes]:
        for name, (kind, key) in sorted(self._vouchers.items()):
            try:
                payload = sign1.verify(OpenSslCipher(), key, statement, EXTERNAL_AAD)
            except RemoteProtocolError:
                continue
            return name, kind, payload
        raise RefusedError(
            "C28",
            "the statement is signed by none of "
            f"{', '.join(sorted(self._vouchers)) or 'nobody'}; have one of them sign it",
        )

    def _note(self, kind: str, state: ClockState, body: Mapping[str, object]) -> Record:
        with self.journal.writing():
            return self.journal.append(kind, "", state.utc_ms, body)


def create_site(folder: Path, vouchers: Vouchers, erase_after_ms: int) -> None:
    """Make the store of a site; it begins sealed and knows no time.

    Raises:
        ValueError: there is one, nobody may vouch alone, a key has another length, or it would
            stay sealed for too long.
    """
    if not any(kind == OPERATOR for kind, _ in vouchers.values()):
        raise ValueError("nobody may vouch alone; name an operator and their public key")
    for name, (kind, key) in vouchers.items():
        if kind not in {OPERATOR, SOURCE} or len(key) != PUBLIC_KEY_BYTES:
            raise ValueError(f"{name}: must be an operator or a source, with a P-256 key")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    SealedClock.create(folder / CLOCK_FILE, erase_after_ms)
    write_private(
        folder / VOUCHERS_FILE,
        dumps({name: [kind, key] for name, (kind, key) in vouchers.items()}),
    )


def open_keyholder(folder: Path, utc_ms: Callable[[], int]) -> Keyholder:
    """Open the keyholder of a folder: a sealed one where the folder has a sealed clock.

    Args:
        folder: of the CMC, or of the site.
        utc_ms: the CMC's clock; a site's store does not go by it.
    """
    if (folder / CLOCK_FILE).exists():
        return SiteKeyholder(folder)
    return Keyholder(folder / KEYHOLDER_FILE, utc_ms)


def statement(challenge: bytes, utc_ms: int, person: str) -> bytes:
    """Give the payload that somebody who may vouch signs, with EXTERNAL_AAD."""
    return dumps({1: challenge, 2: utc_ms, 3: person})


def _parse(payload: bytes) -> tuple[bytes, int, str]:
    try:
        value = loads(payload)
    except RemoteProtocolError:
        value = None
    fields = value if isinstance(value, dict) else {}
    challenge, utc_ms, person = (fields.get(key) for key in (1, 2, 3))
    if (
        not isinstance(challenge, bytes)
        or type(utc_ms) is not int
        or utc_ms <= 0
        or not isinstance(person, str)
    ):
        raise RefusedError(
            "C28", "the statement does not say {1: challenge, 2: utc_ms, 3: person}"
        )
    return challenge, utc_ms, person


def _read_vouchers(path: Path) -> Vouchers:
    value = loads(path.read_bytes())
    found: Vouchers = {}
    for name, entry in value.items() if isinstance(value, dict) else ():
        if isinstance(entry, list) and isinstance(entry[0], str) and isinstance(entry[1], bytes):
            found[str(name)] = (entry[0], entry[1])
    return found
