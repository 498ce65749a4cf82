"""The ledger's newest days at the end of the ring's medium, under the ring's own barriers.

    mark   magic 4 | suite 1 | zeros 3 | revision 8 | length 4 | nonce 12 | sealed bytes | zeros

Two copies of two pages behind the last partition, written in turn, so that a power cut leaves the
one before. Sealed, because a pulled disk tells no times. A pool whose partitions reach its end has
no room for them; then the state pages, which are written less often, are all there is.
"""

from firmware.ring.layout import PAGE_BYTES, WRITE
from hal.api._typing import TYPE_CHECKING
from hal.api.errors import PortError

if TYPE_CHECKING:
    from firmware.ring.layout import Layout, Read, Step
    from hal.api.cipher import Cipher, Entropy

MAGIC = b"LMRK"
COPY_BYTES = 2 * PAGE_BYTES
COPY_COUNT = 2
HEADER_BYTES = 32
AAD_BYTES = 16
NONCE_BYTES = 12


def place(layout: "Layout") -> int:
    """Find where the marks of a pool begin, bytes; -1 where it has no room for them."""
    start = layout.size_bytes // PAGE_BYTES * PAGE_BYTES - COPY_COUNT * COPY_BYTES
    has_room = max(part.end_bytes() for part in layout.partitions) <= start
    return start if has_room else -1


class Marks:
    """The two copies on one pool.

    Args:
        layout: of the pool.
        cipher: seals.
        entropy: for nonces.
        key: 32 bytes from the unit's key store.
    """

    __slots__ = ("_cipher", "_entropy", "_key", "_offset_bytes", "_revision", "too_big_count")

    def __init__(self, layout: "Layout", cipher: "Cipher", entropy: "Entropy", key: bytes) -> None:
        self._offset_bytes = place(layout) if key else -1
        self._cipher = cipher
        self._entropy = entropy
        self._key = key
        self._revision = 0
        self.too_big_count = 0
        """How often a mark did not fit its copy, and was left out."""

    def exist(self) -> bool:
        """Tell whether the pool has room for marks, and the unit a key for them."""
        return self._offset_bytes >= 0

    def load(self, read: "Read") -> bytes:
        """Read the newer good copy; b"" where there is none."""
        newest = b""
        for copy in range(COPY_COUNT if self.exist() else 0):
            try:
                data = read(self._offset_bytes + copy * COPY_BYTES, COPY_BYTES)
            except PortError:
                continue
            revision, plain = self._open(data)
            if revision > self._revision:
                self._revision, newest = revision, plain
        return newest

    def plan(self, plain: bytes) -> "list[Step]":
        """Write the next copy; the caller plans a barrier behind it."""
        sealed_bytes = self._cipher.sealed_bytes(len(plain))
        if not self.exist() or HEADER_BYTES + sealed_bytes > COPY_BYTES:
            self.too_big_count += self.exist()
            return []
        self._revision += 1
        head = MAGIC + bytes([self._cipher.suite]) + bytes(3) + self._revision.to_bytes(8, "big")
        nonce = self._entropy.random(NONCE_BYTES)
        sealed = self._cipher.seal(self._key, nonce, head, plain)
        data = head + len(sealed).to_bytes(4, "big") + nonce + sealed
        pages = (len(data) + PAGE_BYTES - 1) // PAGE_BYTES
        data += bytes(pages * PAGE_BYTES - len(data))
        return [(WRITE, self._offset_bytes + self._revision % COPY_COUNT * COPY_BYTES, data)]

    def _open(self, data: bytes) -> "tuple[int, bytes]":
        """Open one copy: (revision, what was sealed); (0, b"") for none."""
        head, nonce = data[:AAD_BYTES], data[AAD_BYTES + 4 : HEADER_BYTES]
        length_bytes = int.from_bytes(data[AAD_BYTES : AAD_BYTES + 4], "big")
        if head[:4] != MAGIC or HEADER_BYTES + length_bytes > len(data):
            return 0, b""
        sealed = data[HEADER_BYTES : HEADER_BYTES + length_bytes]
        plain = self._cipher.unseal(head[4], self._key, nonce, head, sealed)
        return (0, b"") if plain is None else (int.from_bytes(head[8:16], "big"), plain)
