"""Cipher suite 2 from AES-CBC and SHA-256, which every board has.

Runs on `cryptolib` and `hashlib`; on an interpreter without `cryptolib` it can hash and verify,
but neither seal nor unseal.
"""

import hashlib

from hal.api.cipher import NONCE_BYTES, SUITE_AES_256_CBC_HMAC, TAG_BYTES
from hal.micropython import p256

try:
    from cryptolib import aes
except ImportError:
    aes = None

MODE_CBC = 2
AES_BLOCK_BYTES = 16
HASH_BLOCK_BYTES = 64
INNER_PAD = int.from_bytes(b"\x36" * HASH_BLOCK_BYTES, "big")
OUTER_PAD = int.from_bytes(b"\x5c" * HASH_BLOCK_BYTES, "big")


class BoardCipher:
    """A `hal.api.cipher.Cipher` of suite 2; it remembers no key, nor anything made from one."""

    suite = SUITE_AES_256_CBC_HMAC

    def seal(self, key: bytes, nonce: bytes, aad: bytes, plaintext: bytes) -> bytes:
        """Seal a record; key of 32 bytes, nonce of 12 never used before with this key.

        The answer is a bytearray, the one buffer that it was made in.
        """
        sealed = bytearray(self.sealed_bytes(len(plaintext)))
        self.seal_into(key, nonce, aad, plaintext, memoryview(sealed))
        return sealed

    def seal_into(
        self, key: bytes, nonce: bytes, aad: bytes, plaintext: bytes, room: memoryview
    ) -> None:
        """Seal a record into room of just its length."""
        assert len(nonce) == NONCE_BYTES, len(nonce)
        plain_bytes = len(plaintext)
        room[:plain_bytes] = plaintext
        mac_key = self.hmac_sha256(key, b"mac")
        end = len(room) - TAG_BYTES
        for index in range(plain_bytes, end):
            room[index] = end - plain_bytes
        ciphertext = room[:end]
        self._aes(key, mac_key, nonce).encrypt(ciphertext, ciphertext)
        room[end:] = self._tag(mac_key, nonce, aad, ciphertext)

    def unseal(
        self, suite: int, key: bytes, nonce: bytes, aad: bytes, sealed: bytes
    ) -> "bytes | None":
        """Open what any platform sealed with suite 2; None when touched or of another suite."""
        ciphertext = sealed[:-TAG_BYTES]
        if suite != self.suite or not ciphertext or len(ciphertext) % AES_BLOCK_BYTES:
            return None
        mac_key = self.hmac_sha256(key, b"mac")
        if not is_same(self._tag(mac_key, nonce, aad, ciphertext), sealed[-TAG_BYTES:]):
            return None
        padded = self._aes(key, mac_key, nonce).decrypt(ciphertext)
        padding = padded[-1]
        if not 1 <= padding <= AES_BLOCK_BYTES:
            return None
        return padded[:-padding]

    def sealed_bytes(self, plain_bytes: int) -> int:
        """Length of what `seal` returns for so many bytes."""
        return plain_bytes - plain_bytes % AES_BLOCK_BYTES + AES_BLOCK_BYTES + TAG_BYTES

    def sha256(self, data: bytes) -> bytes:
        """Hash; 32 bytes."""
        return hashlib.sha256(data).digest()

    def hmac_sha256(self, key: bytes, data: bytes) -> bytes:
        """Message authentication code of RFC 2104; 32 bytes."""
        return self._hmac(key, (data,))

    def verify_es256(self, public_key: bytes, data: bytes, signature: bytes) -> bool:
        """Check an ECDSA signature over P-256 and SHA-256."""
        return p256.verify(public_key, self.sha256(data), signature)

    def _aes(self, key: bytes, mac_key: bytes, nonce: bytes) -> "aes":
        iv = self.hmac_sha256(mac_key, b"iv" + nonce)[:AES_BLOCK_BYTES]
        return aes(self.hmac_sha256(key, b"enc"), MODE_CBC, iv)

    def _tag(self, mac_key: bytes, nonce: bytes, aad: bytes, ciphertext: bytes) -> bytes:
        parts = (len(aad).to_bytes(4, "big"), aad, nonce, ciphertext)
        return self._hmac(mac_key, parts)[:TAG_BYTES]

    def _hmac(self, key: bytes, parts: "tuple[bytes, ...]") -> bytes:
        """Compute the code of parts in a row, without joining them."""
        block = key if len(key) <= HASH_BLOCK_BYTES else self.sha256(key)
        number = int.from_bytes(block + bytes(HASH_BLOCK_BYTES - len(block)), "big")
        inner = hashlib.sha256((number ^ INNER_PAD).to_bytes(HASH_BLOCK_BYTES, "big"))
        for part in parts:
            inner.update(part)
        outer = hashlib.sha256((number ^ OUTER_PAD).to_bytes(HASH_BLOCK_BYTES, "big"))
        outer.update(inner.digest())
        return outer.digest()


def is_same(first: bytes, second: bytes) -> bool:
    """Compare codes in a time that does not tell where they differ."""
    if len(first) != len(second):
        return False
    difference = 0
    for index in range(len(first)):
        difference |= first[index] ^ second[index]
    return not difference
