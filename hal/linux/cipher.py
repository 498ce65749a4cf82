"""Sealing, hashing and signatures by OpenSSL; random bytes by the kernel."""

import hashlib
import hmac
import os

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, padding
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hal.api.cipher import NONCE_BYTES, SUITE_AES_256_CBC_HMAC, SUITE_AES_256_GCM, TAG_BYTES

KEY_BYTES = 32
BLOCK_BYTES = 16
HALF_BYTES = 32


class OpenSslCipher:
    """Seals with suite 1 and opens both."""

    def __init__(self) -> None:
        self.suite = SUITE_AES_256_GCM

    def seal(self, key: bytes, nonce: bytes, aad: bytes, plaintext: bytes) -> bytes:
        """Seal a record with AES-256-GCM."""
        assert len(key) == KEY_BYTES
        assert len(nonce) == NONCE_BYTES
        return AESGCM(key).encrypt(nonce, plaintext, aad)

    def seal_into(
        self, key: bytes, nonce: bytes, aad: bytes, plaintext: bytes, room: memoryview
    ) -> None:
        """Seal a record into room of just its length."""
        assert len(key) == KEY_BYTES
        assert len(nonce) == NONCE_BYTES
        AESGCM(key).encrypt_into(nonce, plaintext, aad, room)

    def unseal(
        self, suite: int, key: bytes, nonce: bytes, aad: bytes, sealed: bytes
    ) -> bytes | None:
        """Open a record; None when it was touched or the suite is unknown."""
        if len(sealed) < TAG_BYTES or len(key) != KEY_BYTES or len(nonce) != NONCE_BYTES:
            return None
        if suite == SUITE_AES_256_CBC_HMAC:
            return self._unseal_cbc(key, nonce, aad, sealed)
        if suite != SUITE_AES_256_GCM:
            return None
        try:
            return AESGCM(key).decrypt(nonce, sealed, aad)
        except InvalidTag:
            return None

    def sealed_bytes(self, plain_bytes: int) -> int:
        """Length of what `seal` returns for so many bytes."""
        return plain_bytes + TAG_BYTES

    def sha256(self, data: bytes) -> bytes:
        """Hash; 32 bytes."""
        return hashlib.sha256(data).digest()

    def hmac_sha256(self, key: bytes, data: bytes) -> bytes:
        """Message authentication code of RFC 2104; 32 bytes."""
        return hmac.digest(key, data, "sha256")

    def verify_es256(self, public_key: bytes, data: bytes, signature: bytes) -> bool:
        """Check r and s of a P-256 signature; False also for what is no key or no signature."""
        if len(public_key) != 2 * HALF_BYTES or len(signature) != 2 * HALF_BYTES:
            return False
        r = int.from_bytes(signature[:HALF_BYTES], "big")
        s = int.from_bytes(signature[HALF_BYTES:], "big")
        try:
            key = ec.EllipticCurvePublicKey.from_encoded_point(
                ec.SECP256R1(), b"\x04" + public_key
            )
            key.verify(utils.encode_dss_signature(r, s), data, ec.ECDSA(hashes.SHA256()))
        except (ValueError, InvalidSignature):
            return False
        return True

    def _unseal_cbc(self, key: bytes, nonce: bytes, aad: bytes, sealed: bytes) -> bytes | None:
        """Source: `hal.api.cipher.Cipher`, suite 2."""
        ciphertext, tag = sealed[:-TAG_BYTES], sealed[-TAG_BYTES:]
        mac_key = self.hmac_sha256(key, b"mac")
        signed = len(aad).to_bytes(4, "big") + aad + nonce + ciphertext
        if not hmac.compare_digest(tag, self.hmac_sha256(mac_key, signed)[:TAG_BYTES]):
            return None
        if not ciphertext or len(ciphertext) % BLOCK_BYTES:
            return None
        iv = self.hmac_sha256(mac_key, b"iv" + nonce)[:BLOCK_BYTES]
        opener = Cipher(algorithms.AES(self.hmac_sha256(key, b"enc")), modes.CBC(iv)).decryptor()
        padded = opener.update(ciphertext) + opener.finalize()
        unpadder = padding.PKCS7(BLOCK_BYTES * 8).unpadder()
        try:
            return unpadder.update(padded) + unpadder.finalize()
        except ValueError:
            return None


class KernelEntropy:
    """Random bytes of the kernel's generator."""

    def random(self, length_bytes: int) -> bytes:
        """Fresh random bytes, 1 to 64."""
        assert 1 <= length_bytes <= 64  # noqa: PLR2004  # hal.api.cipher.Entropy
        return os.urandom(length_bytes)
