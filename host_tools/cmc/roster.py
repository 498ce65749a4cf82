"""Who may act on footage, in which roles, from which machines: a list that the authority signs.

`roster.cose` in the CMC's folder is a COSE_Sign1 (ES256, external_aad "lamppost roster") over

    {"persons": {name: [[role, ...], public key]}, "workstations": {name: public key}}

Where it is there, whoever is not in it is refused, and whoever is must hold the private key that
belongs to their entry; where it lists workstations, so must the machine. Where there is none,
people are who they say they are.
"""

import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, Self, cast

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from firmware.cbor.decode import loads
from firmware.cbor.encode import dumps
from firmware.cose import sign1
from firmware.errors import RemoteProtocolError
from firmware.policy.rules import ROLES
from hal.linux.cipher import OpenSslCipher
from host_tools.authority import Authority
from host_tools.cmc.footage import Person, RefusedError
from host_tools.evidence.signing import Signer
from host_tools.keystore import write_private

ROSTER_FILE = "roster.cose"
EXTERNAL_AAD, LOGIN_AAD = b"lamppost roster", b"lamppost login"
COORDINATE_BYTES = 32
CHALLENGE_BYTES = 32


class Proof(Protocol):
    """What somebody brings along to show who they are."""

    def is_person(self, key: bytes) -> bool:
        """Tell whether they hold the private key that belongs to a person's public one."""
        ...

    def is_workstation(self, key: bytes) -> bool:
        """Tell the same of the machine that they sit at."""
        ...


@dataclass(frozen=True)
class Login:
    """Private keys as PEM files, or nothing.

    Attributes:
        person: their own.
        workstation: of the machine that they sit at.
    """

    person: Path | None = None
    workstation: Path | None = None

    def is_person(self, key: bytes) -> bool:
        """As `Proof` says."""
        return _holds(self.person, key)

    def is_workstation(self, key: bytes) -> bool:
        """As `Proof` says."""
        return _holds(self.workstation, key)


@dataclass
class Roster:
    """The list, by name."""

    persons: dict[str, tuple[list[str], bytes]] = field(
        default_factory=dict[str, tuple[list[str], bytes]]
    )
    workstations: dict[str, bytes] = field(default_factory=dict[str, bytes])

    @classmethod
    def read(cls, path: Path, authority_key: bytes) -> Self:
        """Read a list.

        Raises:
            RefusedError: the file is not one that the authority signed; nobody is let in then.
        """
        try:
            payload = sign1.verify(OpenSslCipher(), authority_key, path.read_bytes(), EXTERNAL_AAD)
            value = cast("dict[str, dict[str, list[object]]]", loads(payload))
            persons = {
                name: (cast("list[str]", entry[0]), cast("bytes", entry[1]))
                for name, entry in value["persons"].items()
            }
            return cls(persons, cast("dict[str, bytes]", value["workstations"]))
        except (RemoteProtocolError, KeyError, TypeError, AttributeError, IndexError) as error:
            raise RefusedError(
                "C31", f"{path}: is no roster that the authority signed; restore it or sign anew"
            ) from error

    def write(self, path: Path, authority: Authority) -> None:
        """Sign the list and put it in place of the one before."""
        persons = {name: [roles, key] for name, (roles, key) in self.persons.items()}
        payload = dumps({"persons": persons, "workstations": dict(self.workstations)})
        write_private(path, authority.sign(payload, EXTERNAL_AAD))

    def add_person(self, name: str, roles: list[str], key: bytes) -> None:
        """Take a person up, or change their entry; ValueError for a role that there is not."""
        unknown = [role for role in roles if role not in ROLES]
        if unknown or not roles or not name.strip() or not name.isprintable():
            raise ValueError(f"{name!r} as {', '.join(roles)!r}: give a name and of {ROLES}")
        for other, (_, held) in self.persons.items():
            is_same = Person(name, "").is_same(other)
            if other != name and (held == key or is_same):
                raise ValueError(
                    f"{name!r}: the roster has {other!r} with "
                    f"{'that name' if is_same else 'the same key'}; remove it first"
                )
        self.persons[name] = (roles, key)

    def admit(self, who: Person, login: Proof) -> str:
        """Let somebody in who is in the list and holds the keys that belong to it.

        Returns:
            the name of their workstation; "" where none are registered.

        Raises:
            RefusedError: they are not in the list, not in that role, or hold no such key.
        """
        entry = self.persons.get(who.name)
        if entry is None:
            raise RefusedError("C31", f"{who.name!r} is not in the roster; have them added")
        roles, key = entry
        if who.role not in roles:
            raise RefusedError(
                "C31", f"{who.name} is in the roster as {', '.join(roles)}, not as {who.role}"
            )
        twins = [name for name, (_, other) in self.persons.items() if other == key]
        if len(twins) > 1:
            raise RefusedError(
                "C31",
                f"{' and '.join(twins)} have the same key in the roster; a key stands for one "
                "person: have one of them taken out",
            )
        if not login.is_person(key):
            raise RefusedError(
                "C31", f"that is not the key of {who.name}; give --key their private key"
            )
        if not self.workstations:
            return ""
        found = [name for name, key in self.workstations.items() if login.is_workstation(key)]
        if not found:
            raise RefusedError(
                "C31", "this machine is not in the roster; give --workstation its private key"
            )
        return found[0]


def _holds(path: Path | None, key: bytes) -> bool:
    """Tell whether a file holds the private key that belongs to a public one: it must sign."""
    if path is None:
        return False
    try:
        loaded = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError):
        return False
    if not isinstance(loaded, ec.EllipticCurvePrivateKey) or loaded.curve.name != "secp256r1":
        return False
    challenge = secrets.token_bytes(CHALLENGE_BYTES)
    signed = Signer(loaded).sign(challenge, LOGIN_AAD)
    try:
        return sign1.verify(OpenSslCipher(), key, signed, LOGIN_AAD) == challenge
    except RemoteProtocolError:
        return False


def public_key(path: Path) -> bytes:
    """Read a public key on P-256 from PEM: x and y; ValueError when it is none."""
    key = serialization.load_pem_public_key(path.read_bytes())
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != "secp256r1":
        raise ValueError(f"{path}: is no key on the curve P-256; make one with openssl ecparam")
    numbers = key.public_numbers()
    return b"".join(one.to_bytes(COORDINATE_BYTES, "big") for one in (numbers.x, numbers.y))
