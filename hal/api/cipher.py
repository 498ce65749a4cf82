"""Sealing, hashing, signatures and keys: arithmetic that a platform may do in hardware."""

from hal.api._typing import Protocol

SUITE_AES_256_GCM = 1
SUITE_AES_256_CBC_HMAC = 2
TAG_BYTES = 16
NONCE_BYTES = 12


class Cipher(Protocol):
    """Authenticated encryption and hashes.

    Suite 1 is AES-256-GCM with a 12-byte nonce and a 16-byte tag. Suite 2 is encrypt then MAC:
    `k_enc = HMAC-SHA256(key, "enc")`, `k_mac = HMAC-SHA256(key, "mac")`,
    `iv = HMAC-SHA256(k_mac, "iv" | nonce)[:16]`, AES-256-CBC with PKCS 7 padding,
    `tag = HMAC-SHA256(k_mac, len4 | aad | nonce | ciphertext)[:16]`, where len4 is the length of
    aad in 4 bytes big endian. Both give `ciphertext | tag`.
    """

    suite: int
    """The suite that `seal` uses."""

    def seal(self, key: bytes, nonce: bytes, aad: bytes, plaintext: bytes) -> bytes:
        """Seal a record; key of 32 bytes, nonce of 12 never used before with this key."""
        ...

    def seal_into(
        self, key: bytes, nonce: bytes, aad: bytes, plaintext: bytes, room: memoryview
    ) -> None:
        """Seal a record into the pages that it is written in; a copy of a picture costs dearly.

        Args:
            key: 32 bytes.
            nonce: 12 bytes never used before with this key.
            aad: sealed with it.
            plaintext: what is sealed.
            room: `sealed_bytes` of its length; holds afterwards what `seal` would return.
        """
        ...

    def unseal(
        self, suite: int, key: bytes, nonce: bytes, aad: bytes, sealed: bytes
    ) -> "bytes | None":
        """Open what any platform sealed; None when it was touched or the suite is unknown."""
        ...

    def sealed_bytes(self, plain_bytes: int) -> int:
        """Length of what `seal` returns for so many bytes."""
        ...

    def sha256(self, data: bytes) -> bytes:
        """Hash; 32 bytes."""
        ...

    def hmac_sha256(self, key: bytes, data: bytes) -> bytes:
        """Message authentication code of RFC 2104; 32 bytes."""
        ...

    def verify_es256(self, public_key: bytes, data: bytes, signature: bytes) -> bool:
        """Check an ECDSA signature over P-256 and SHA-256.

        Args:
            public_key: x and y, 32 bytes each.
            data: what was signed.
            signature: r and s, 32 bytes each.
        """
        ...


class Keys(Protocol):
    """The unit's long-lived keys, named by id; never handed out."""

    def mac(self, key_id: bytes, data: bytes) -> bytes:
        """HMAC-SHA256 with the named key; b"" when there is no such key."""
        ...

    def public_key(self, key_id: bytes) -> bytes:
        """The named P-256 public key, x and y, 64 bytes; b"" when there is none."""
        ...


class Entropy(Protocol):
    """Random bytes fit for keys."""

    def random(self, length_bytes: int) -> bytes:
        """Fresh random bytes, 1 to 64."""
        ...
