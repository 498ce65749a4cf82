"""One payload on its way to the ring, in the clear until it is written and sealed from then on."""

from firmware.ring.records import reopen
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.ring.content import Stamp
    from hal.api.cipher import Cipher
    from hal.api.media import StreamParameters

    Key = tuple[str, int]


class Item:
    """One payload, or the end of a run of them.

    Args:
        key: (chain, epoch) in which it was captured.
        parameters: how to read it.
        stamp: (now_ms, utc_ms, utc_quality) of its first unit, or of the end.
        payload: the bytes of a record; b"" for the end of a run, and while it is sealed.
        cause: why the run ended; "" for a payload.

    Once written it is kept sealed, as the medium has it, so that no second copy is in memory.
    """

    __slots__ = (
        "_content_key",
        "_sealed",
        "cause",
        "is_cut",
        "key",
        "parameters",
        "payload",
        "payload_bytes",
        "stamp",
        "until_ms",
    )

    def __init__(
        self,
        key: "Key",
        parameters: "StreamParameters",
        stamp: "Stamp",
        payload: bytes,
        cause: str = "",
    ) -> None:
        self.key = key
        self.parameters = parameters
        self.stamp = stamp
        self.payload = payload
        self.payload_bytes = len(payload)
        self.cause = cause
        self.until_ms = stamp[0]  # now_ms of its last unit
        self.is_cut = False  # what came before it, if anything did, is not of the same run
        self._sealed = b""
        self._content_key = b""

    def keep_sealed(self, sealed: bytes, content_key: bytes) -> None:
        """Keep what was written, and what opens it, in place of the payload."""
        self._sealed = sealed
        self._content_key = content_key
        self.payload = b""

    def open_again(self, cipher: "Cipher") -> None:
        """Bring the payload back, because what was written does not count."""
        if self._sealed:
            self.payload = reopen(cipher, self._content_key, self._sealed)
            self._sealed = self._content_key = b""

    def memory_bytes(self) -> int:
        """How much of it is in memory."""
        return len(self.payload) + len(self._sealed)
