"""The key chain of a recording: whoever holds S(e) can reach every later key and no earlier one.

    S(e+1) = HMAC-SHA256(S(e), "next")
    R(e, 0) = S(e)
    R(e, b+1) = HMAC-SHA256(R(e, b), "boot")
    content key = HMAC-SHA256(R(e, b), "content" | label)

A running unit holds R and S(e+1) of the epoch in progress, so a stolen one cannot read its own
past. What it stores is the R of its next boot: nothing that ever stood on its media opens what it
has recorded, however long it lies in a drawer. The keyholder holds the S of 31 days ago and steps
it on its own clock, so what is older is readable to nobody. Format: docs/formats/keys.md.
"""

from firmware.errors import DamagedError
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.cbor.encode import Value
    from hal.api.cipher import Cipher

EPOCH_MS = 576_000  # 150 a day, 4650 in 31 days (ADR 0021)
LIFE_MS = 2_678_400_000  # 31 days of UTC (C28)
SECRET_BYTES = 32
LIFE_EPOCHS = LIFE_MS // EPOCH_MS
BOOT_COUNT_MAX = 64  # branches of one epoch that a keyholder looks for
CLAIM_COUNT = 2
MAP_EPOCH, MAP_SECRET, MAP_NEXT, MAP_BOOT = 1, 2, 3, 4


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
        secret: R(epoch, boot), 32 bytes.
        next_secret: S(epoch + 1); b"" to derive it, where boot is 0.
        boot: how many boots went before in this epoch.
    """

    __slots__ = ("_boot", "_cipher", "_next", "_secret", "epoch")

    def __init__(
        self, cipher: "Cipher", epoch: int, secret: bytes, next_secret: bytes = b"", boot: int = 0
    ) -> None:
        assert epoch >= 0
        assert len(secret) == SECRET_BYTES
        self._cipher = cipher
        self._secret = secret
        self._next = next_secret or cipher.hmac_sha256(secret, b"next")
        self._boot = boot
        self.epoch = epoch

    def advance(self, epoch: int) -> bool:
        """Step forward to an epoch and forget every secret on the way.

        A single call takes at most 4650 steps (31 days), about a second on a board; call again
        until it is there. Recording under the epoch reached so far only shortens a life.

        Args:
            epoch: where to go; what lies behind changes nothing.

        Returns:
            whether that epoch, or a later one, is reached.
        """
        step_count = min(epoch - self.epoch, LIFE_EPOCHS)
        for _ in range(step_count):
            self._secret = self._next
            self._next = self._cipher.hmac_sha256(self._next, b"next")
            self._boot = 0
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
        """Write the chain down for the next boot; it opens nothing that this one has sealed."""
        secret, boot = self._secret, self._boot
        if boot < BOOT_COUNT_MAX - 1:
            secret, boot = self._cipher.hmac_sha256(secret, b"boot"), boot + 1
        return {MAP_EPOCH: self.epoch, MAP_SECRET: secret, MAP_NEXT: self._next, MAP_BOOT: boot}


def from_map(cipher: "Cipher", stored: "Value") -> Ratchet:
    """Read what `Ratchet.to_map` wrote, or the epoch and secret of a claim.

    Args:
        cipher: does the hashing.
        stored: the value from the state pages; from a claim {1: epoch, 2: S(epoch)}, or both in
            a list.

    Raises:
        DamagedError: it is not an epoch and a secret of 32 bytes.
    """
    if isinstance(stored, list) and len(stored) == CLAIM_COUNT:
        stored = {MAP_EPOCH: stored[0], MAP_SECRET: stored[1]}
    if isinstance(stored, dict):
        epoch, boot = _number(stored.get(MAP_EPOCH)), _number(stored.get(MAP_BOOT, 0))
        secret, later = _secret(stored.get(MAP_SECRET)), _secret(stored.get(MAP_NEXT))
        if secret and epoch >= 0 and boot >= 0 and bool(later) == (boot > 0):
            return Ratchet(cipher, epoch, secret, later, boot)
    raise DamagedError("key chain: no epoch with a secret of 32 bytes; claim the unit again")


def _number(value: "Value") -> int:
    """Take a number from 0 on; -1 for anything else (on CPython True is an integer)."""
    if isinstance(value, int) and value is not True and value is not False and value >= 0:
        return value
    return -1


def _secret(value: "Value") -> bytes:
    """Take a secret; b"" for anything else."""
    return value if isinstance(value, bytes) and len(value) == SECRET_BYTES else b""
