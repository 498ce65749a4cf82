"""How somebody at the page shows who they are: their key signs what they ask for.

    signed = "lamppost page" LF challenge LF text of the act, in UTF-8
    signature = ES256 over it, r and s, 64 bytes

The private key stays in the browser. A challenge is good once and for two minutes, and the
signature is over the very text that is done, so none can be kept, replayed or put to another act.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

CHALLENGE_BYTES = 32
CHALLENGE_LIFE_MS = 120_000
CHALLENGE_COUNT_MAX = 64
COORDINATE_BYTES = 32


class Challenges:
    """The challenges that were given out and not used; bounded, the oldest go first.

    Args:
        now_ms: monotonic.
    """

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._given: dict[str, int] = {}

    def give(self) -> str:
        """Give a new one out, as hex."""
        if len(self._given) >= CHALLENGE_COUNT_MAX:
            del self._given[next(iter(self._given))]
        challenge = secrets.token_hex(CHALLENGE_BYTES)
        self._given[challenge] = self._now_ms() + CHALLENGE_LIFE_MS
        return challenge

    def use(self, challenge: str) -> bool:
        """Tell whether one was given out, is not used and not too old; it is used then."""
        return self._given.pop(challenge, -1) > self._now_ms()


@dataclass(frozen=True)
class SignedLogin:
    """Signatures over one act.

    Attributes:
        signed: what they are over; b"" where the challenge was not good, which proves nothing.
        person: by the person's key.
        workstation: by the machine's.
    """

    signed: bytes
    person: bytes = b""
    workstation: bytes = b""

    def is_person(self, key: bytes) -> bool:
        """Tell whether the person's signature is by the private half of a key (x and y)."""
        return self._is_by(key, self.person)

    def is_workstation(self, key: bytes) -> bool:
        """Tell the same of the machine's signature."""
        return self._is_by(key, self.workstation)

    def _is_by(self, key: bytes, signature: bytes) -> bool:
        if not self.signed or len(signature) != 2 * COORDINATE_BYTES:
            return False
        r, s = _halves(signature)
        try:
            public = ec.EllipticCurvePublicNumbers(*_halves(key), ec.SECP256R1()).public_key()
            der = utils.encode_dss_signature(r, s)
            public.verify(der, self.signed, ec.ECDSA(hashes.SHA256()))
        except (InvalidSignature, ValueError):
            return False
        return True


def signed_text(challenge: str, act: str) -> bytes:
    """Give the bytes that are signed for an act."""
    return f"lamppost page\n{challenge}\n{act}".encode()


def _halves(data: bytes) -> tuple[int, int]:
    half = COORDINATE_BYTES
    return int.from_bytes(data[:half], "big"), int.from_bytes(data[half:], "big")
