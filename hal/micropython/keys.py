"""The unit's keys, in memory: `hal.boot` reads them and hands them over."""

from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hal.api.cipher import Cipher


class MemoryKeys:
    """A `hal.api.cipher.Keys` over two plain maps.

    Args:
        cipher: computes the codes.
        secrets: key id to shared secret; owned by this object from now on.
        public_keys: key id to x and y of a P-256 key, 64 bytes.
    """

    def __init__(
        self, cipher: "Cipher", secrets: "dict[bytes, bytes]", public_keys: "dict[bytes, bytes]"
    ) -> None:
        self._cipher = cipher
        self._secrets = secrets
        self._public_keys = public_keys

    def mac(self, key_id: bytes, data: bytes) -> bytes:
        """HMAC-SHA256 with the named key; b"" when there is no such key."""
        secret = self._secrets.get(key_id)
        return b"" if secret is None else self._cipher.hmac_sha256(secret, data)

    def public_key(self, key_id: bytes) -> bytes:
        """The named P-256 public key; b"" when there is none."""
        return self._public_keys.get(key_id, b"")
