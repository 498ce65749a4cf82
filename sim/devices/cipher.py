"""Cipher and keys for the simulator: fast and deterministic, and protecting nothing.

For the simulator only. Records are closed with a keystream and a tag that any reader of this file
could forge faster than AES; what is kept is the contract: another key, nonce or label does not
open them, a touched one is refused, and the length is that of AES-256-GCM. Hashes, MACs and
signatures are the real ones.
"""

import hashlib

from hal.api.cipher import TAG_BYTES
from sim.devices import curve

SUITE_SIMULATED = 240
BLOCK_BYTES = 64


def hmac_sha256(key: bytes, data: bytes) -> bytes:
    """HMAC of RFC 2104 over SHA-256."""
    if len(key) > BLOCK_BYTES:
        key = hashlib.sha256(key).digest()
    key += bytes(BLOCK_BYTES - len(key))
    inner = hashlib.sha256(bytes([octet ^ 0x36 for octet in key]) + data).digest()
    return hashlib.sha256(bytes([octet ^ 0x5C for octet in key]) + inner).digest()


class SimCipher:
    """What `hal.api.cipher.Cipher` promises, without secrecy.

    Args:
        suite: the number written into what it seals; another suite is refused.
    """

    def __init__(self, suite: int = SUITE_SIMULATED) -> None:
        self.suite = suite

    def seal(self, key: bytes, nonce: bytes, aad: bytes, plaintext: bytes) -> bytes:
        """Close a record."""
        closed = _masked(key, nonce, plaintext)
        return closed + _tag(key, nonce, aad, closed)

    def seal_into(
        self, key: bytes, nonce: bytes, aad: bytes, plaintext: bytes, room: memoryview
    ) -> None:
        """Seal a record into room of just its length."""
        room[:] = self.seal(key, nonce, aad, plaintext)

    def unseal(
        self, suite: int, key: bytes, nonce: bytes, aad: bytes, sealed: bytes
    ) -> "bytes | None":
        """Open a record; None when it was touched or closed by another suite."""
        closed, tag = sealed[:-TAG_BYTES], sealed[-TAG_BYTES:]
        if suite != self.suite or len(sealed) < TAG_BYTES:
            return None
        if _tag(key, nonce, aad, closed) != tag:
            return None
        return _masked(key, nonce, closed)

    def sealed_bytes(self, plain_bytes: int) -> int:
        """Length of what `seal` returns for so many bytes."""
        return plain_bytes + TAG_BYTES

    def sha256(self, data: bytes) -> bytes:
        """Hash; 32 bytes."""
        return hashlib.sha256(data).digest()

    def hmac_sha256(self, key: bytes, data: bytes) -> bytes:
        """Message authentication code; 32 bytes."""
        return hmac_sha256(key, data)

    def verify_es256(self, public_key: bytes, data: bytes, signature: bytes) -> bool:
        """Check a signature over P-256 and SHA-256."""
        return curve.verify(public_key, hashlib.sha256(data).digest(), signature)


class SimKeys:
    """Keys by their id, as a scenario filled them."""

    def __init__(self) -> None:
        self.mac_keys: dict[bytes, bytes] = {}
        self.public_keys: dict[bytes, bytes] = {}

    def mac(self, key_id: bytes, data: bytes) -> bytes:
        """HMAC-SHA256 with the named key; b"" when there is no such key."""
        key = self.mac_keys.get(key_id)
        return b"" if key is None else hmac_sha256(key, data)

    def public_key(self, key_id: bytes) -> bytes:
        """The named P-256 public key; b"" when there is none."""
        return self.public_keys.get(key_id, b"")


def _tag(key: bytes, nonce: bytes, aad: bytes, closed: bytes) -> bytes:
    head = key + nonce + len(aad).to_bytes(4, "big") + aad
    return hashlib.sha256(head + closed).digest()[:TAG_BYTES]


def _masked(key: bytes, nonce: bytes, data: bytes) -> bytes:
    """Exclusive-or with 32 bytes drawn from key and nonce, over and over; its own inverse."""
    if not data:
        return b""
    stream = hashlib.sha256(key + nonce).digest()
    pad = stream * (len(data) // len(stream) + 1)
    mixed = int.from_bytes(data, "big") ^ int.from_bytes(pad[: len(data)], "big")
    return mixed.to_bytes(len(data), "big")
