"""The keys of a council's fleet in one folder, and what a unit is given of them.

    authority.pem           the authority's private key, P-256
    units/<unit>.cbor       keys.cbor of that unit: {1: {key id: secret}, 2: {key id: public key}}

Every file has mode 0600 and is written whole or not at all. Secrets of key chains are never kept
here: a claim makes them, the unit and the keyholder take them, and nobody else has them.
"""

import hashlib
import hmac
import os
import secrets
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from firmware.cbor.decode import loads
from firmware.cbor.encode import dumps
from firmware.commands import message
from firmware.commands.message import Command
from firmware.cose import mac0
from firmware.errors import RemoteProtocolError
from firmware.keys.ratchet import epoch_of
from firmware.telemetry import topics
from host_tools import authority
from host_tools.authority import Authority

if TYPE_CHECKING:
    from firmware.cbor.encode import Value

COMMAND_KEY_ID = b"command"
SECRET_BYTES = 32
AUTHORITY_FILE = "authority.pem"
CLAIM_FILE = "claim.cbor"
KEYS_FILE = "keys.cbor"
PERMIT_FILE = "permit.cose"
COMMAND_LIFE_MS = 5_000


class KeystoreError(Exception):
    """A file of keys cannot be used; the text names the file and the remedy."""


class HeldKeys:
    """Keys by id, as the port `hal.api.cipher.Keys` has it."""

    def __init__(self, held: Mapping[bytes, bytes], public_keys: Mapping[bytes, bytes]) -> None:
        self._held = dict(held)
        self._public_keys = dict(public_keys)

    def mac(self, key_id: bytes, data: bytes) -> bytes:
        """HMAC-SHA256 with the named key; b"" when there is no such key."""
        held = self._held.get(key_id)
        return hmac.digest(held, data, hashlib.sha256) if held else b""

    def public_key(self, key_id: bytes) -> bytes:
        """The named P-256 public key, x and y, 64 bytes; b"" when there is none."""
        return self._public_keys.get(key_id, b"")

    def to_file(self) -> bytes:
        """Give the content of keys.cbor."""
        return dumps({1: self._held, 2: self._public_keys})


@dataclass(frozen=True)
class Claim:
    """What makes a unit the council's own.

    Attributes:
        data: the content of claim.cbor, for the unit.
        chains: name to (epoch, secret), for the keyholder; kept by nobody else.
    """

    data: bytes
    chains: Mapping[str, tuple[int, bytes]]


class Keystore:
    """Every key of the fleet but those of recordings.

    Args:
        folder: of this keystore; made, with a fresh authority key, where there is none.

    Raises:
        KeystoreError: a file is not readable as what it should be.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._units: dict[str, HeldKeys] = {}
        path = folder / AUTHORITY_FILE
        if not path.exists():
            write_private(path, Authority.make().to_pem())
        try:
            self.authority = Authority.from_pem(_read(path))
        except ValueError as error:
            raise KeystoreError(
                f"{path}: {error}; restore it from your backup, "
                "or move it away to begin with a new authority"
            ) from error

    def keys(self, unit: str) -> HeldKeys:
        """Give the keys of a unit; made and kept when it is named for the first time.

        Args:
            unit: a name that can stand in a topic.

        Raises:
            KeystoreError: the unit's file is damaged, or it has no such name.
        """
        held = self._units.get(unit)
        if held is not None:
            return held
        if not topics.is_name(unit):
            raise KeystoreError(f"unit {unit!r}: a name has 1 to 48 of A-Z a-z 0-9 - _")
        path = self._folder / "units" / f"{unit}.cbor"
        if path.exists():
            held = read_keys(path)
        else:
            fresh = {COMMAND_KEY_ID: secrets.token_bytes(SECRET_BYTES)}
            held = HeldKeys(fresh, {authority.KEY_ID: self.authority.public_key()})
            write_private(path, held.to_file())
        self._units[unit] = held
        return held

    def seal(self, unit: str, topic: str, payload: bytes) -> bytes:
        """Seal a command or a cursor for a unit; the topic is covered by the MAC."""
        return mac0.seal(self.keys(unit), COMMAND_KEY_ID, payload, topic.encode())

    def claim(self, unit: str, chains: Sequence[str], utc_ms: int) -> Claim:
        """Make a claim for a unit, with fresh secrets for its key chains.

        Args:
            unit: whom it is for.
            chains: "picture", and "sound:<grant id>" for each grant.
            utc_ms: the keyholder's clock; the chains begin with its epoch.
        """
        epoch = epoch_of(utc_ms)
        fresh = {name: (epoch, secrets.token_bytes(SECRET_BYTES)) for name in chains}
        held, public_keys = _parse_keys(self.keys(unit).to_file())
        return Claim(dumps({1: unit, 2: held, 3: public_keys, 4: fresh, 5: utc_ms}), fresh)


class CommandSigner:
    """Numbers, dates and seals the commands to one unit.

    Args:
        keystore: holds the unit's key.
        unit: whom the commands are for.
        utc_ms: wall clock of the CMC.
        life_ms: how long a command is worth something; a unit takes at most 60,000.
    """

    def __init__(
        self,
        keystore: Keystore,
        unit: str,
        utc_ms: Callable[[], int],
        life_ms: int = COMMAND_LIFE_MS,
    ) -> None:
        self._keystore = keystore
        self._unit = unit
        self._utc_ms = utc_ms
        self._life_ms = life_ms
        self._topic = topics.topic(unit, topics.COMMAND)
        self._sequence_next = 1

    def resume(self, floor: int) -> None:
        """Go on above what the unit told in its birth or heartbeat."""
        self._sequence_next = max(self._sequence_next, floor)

    def seal(self, command: Command) -> bytes:
        """Set unit, sequence, issue and expiry of a command and seal it."""
        command.unit = self._unit
        command.sequence = self._sequence_next
        self._sequence_next += 1
        command.issued_utc_ms = self._utc_ms()
        command.expires_utc_ms = command.issued_utc_ms + self._life_ms
        return self._keystore.seal(self._unit, self._topic, message.encode(command))


def write_private(path: Path, data: bytes) -> None:
    """Write a file whole or not at all, readable by its owner alone."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    number, name = tempfile.mkstemp(prefix=path.name, dir=path.parent)  # of mode 0600
    try:
        with os.fdopen(number, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


def read_keys(path: Path) -> HeldKeys:
    """Read a keys.cbor.

    Args:
        path: of the file.

    Raises:
        KeystoreError: it is missing, or not what `HeldKeys.to_file` writes.
    """
    try:
        held, public_keys = _parse_keys(_read(path))
    except RemoteProtocolError as error:
        raise KeystoreError(
            f"{path}: {error}; restore it from your backup, or delete it and claim the unit again"
        ) from error
    return HeldKeys(held, public_keys)


def permit_file(grant_camera: str = "") -> str:
    """Name the file of the permit, or of a camera's grant."""
    return f"grant-{grant_camera}.cose" if grant_camera else PERMIT_FILE


def _parse_keys(data: bytes) -> tuple[dict[bytes, bytes], dict[bytes, bytes]]:
    """Read secrets and public keys; RemoteProtocolError when they are not there."""
    value = loads(data)
    if not isinstance(value, dict):
        raise RemoteProtocolError("not a file of keys")
    return _by_id(value.get(1)), _by_id(value.get(2))


def _by_id(found: "Value") -> dict[bytes, bytes]:
    """Check a map of key id to key."""
    if not isinstance(found, dict):
        raise RemoteProtocolError("not a file of keys")
    keys = {
        key_id: key
        for key_id, key in found.items()
        if isinstance(key_id, bytes) and isinstance(key, bytes)
    }
    if len(keys) != len(found):
        raise RemoteProtocolError("not a file of keys")
    return keys


def _read(path: Path) -> bytes:
    """Read a file; KeystoreError where it cannot be."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise KeystoreError(f"{path}: {error.strerror}; check the path and its owner") from error
