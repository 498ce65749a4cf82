"""Random bytes from the operating system or the board's generator."""

import os

LENGTH_BYTES_MAX = 64


class SystemEntropy:
    """A `hal.api.cipher.Entropy` over os.urandom."""

    def random(self, length_bytes: int) -> bytes:
        """Fresh random bytes, 1 to 64."""
        assert 1 <= length_bytes <= LENGTH_BYTES_MAX, length_bytes
        return os.urandom(length_bytes)
