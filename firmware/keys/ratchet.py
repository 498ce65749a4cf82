"""The key chain of a recording: whoever holds S(e) can reach every later key and no earlier one.

    S(e+1) = HMAC-SHA256(S(e), "next")
    content key = HMAC-SHA256(S(e), "content" | label)

The unit holds the S of the epoch in progress, so a stolen unit cannot read its own past. The
keyholder holds the S of 31 days ago and steps it on its own clock, so what is older is readable to
nobody. Format and vectors: docs/formats/keys.md.
"""

from firmware.errors import DamagedError
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.cbor.encode import Value
    from hal.api.cipher import Cipher

EPOCH_MS = 600_000
LIFE_MS = 2_678_400_000  # 31 days of UTC (C28)
SECRET_BYTES = 32
STEP_COUNT_MAX = LIFE_MS // EPOCH_MS
MAP_EPOCH, MAP_SECRET = 1, 2


def epoch_of(utc_ms: int) -> int:
    """Number of the epoch that a moment of UTC falls in."""
    return utc_ms // EPOCH_MS


def oldest_epoch(utc_ms: int) -> int:
    """Number of the oldest epoch that may still be read at a moment of UTC; 0 or more.

    An epoch goes as soon as its first millisecond is 31 days old, so what it holds dies up to one
    epoch early and never late.
    """
    return max(0, (utc_ms - LIFE_MS) // EPOCH_MS + 1)


class Ratchet:
    """One chain at one epoch.

    Args:
        cipher: does the hashing.
        epoch: number of the epoch that `secret` belongs to, 0 or more.
        secret: S(epoch), 32 bytes.
    """

    __slots__ = ("_cipher", "_secret", "epoch")

    def __init__(self, cipher: "Cipher", epoch: int, secret: bytes) -> None:
        assert epoch >= 0
        assert len(secret) == SECRET_BYTES
        self._cipher = cipher
        self._secret = secret
        self.epoch = epoch

    def advance(self, epoch: int) -> bool:
        """Step forward to an epoch and forget every secret on the way.

        A single call takes at most 4464 steps (31 days), about a second on a board; call again
        until it is there. Recording under the epoch reached so far only shortens a life.

        Args:
            epoch: where to go; what lies behind changes nothing.

        Returns:
            whether that epoch, or a later one, is reached.
        """
        step_count = min(epoch - self.epoch, STEP_COUNT_MAX)
        for _ in range(step_count):
            self._secret = self._cipher.hmac_sha256(self._secret, b"next")
            self.epoch += 1
        return self.epoch >= epoch

    def content_key(self, label: bytes) -> bytes:
        """Derive a key of this epoch for one use.

        Args:
            label: names the use, such as a stream and a segment; one label gives one key.

        Returns:
            32 bytes.
        """
        return self._cipher.hmac_sha256(self._secret, b"content" + label)

    def to_map(self) -> "dict[int, int | bytes]":
        """Write the chain down for the state pages; holds the secret."""
        return {MAP_EPOCH: self.epoch, MAP_SECRET: self._secret}


def from_map(cipher: "Cipher", stored: "Value") -> Ratchet:
    """Read what `Ratchet.to_map` wrote, or the [epoch, secret] of a claim.

    Args:
        cipher: does the hashing.
        stored: the value from the state pages or from a claim.

    Raises:
        DamagedError: it is not an epoch and a secret of 32 bytes.
    """
    epoch: Value = None
    secret: Value = None
    if isinstance(stored, dict):
        epoch, secret = stored.get(MAP_EPOCH), stored.get(MAP_SECRET)
    elif isinstance(stored, list) and len(stored) == MAP_SECRET:
        epoch, secret = stored
    if isinstance(epoch, int) and isinstance(secret, bytes) and _is_chain(epoch, secret):
        return Ratchet(cipher, epoch, secret)
    raise DamagedError("key chain: no epoch with a secret of 32 bytes; claim the unit again")


def _is_chain(epoch: int, secret: bytes) -> bool:
    """Tell whether an epoch and a secret can stand for a chain; on CPython True is an integer."""
    return epoch is not True and epoch >= 0 and len(secret) == SECRET_BYTES
