"""A preallocated medium written in place: a file, a partition, a card, a flash."""

from hal.api._typing import Protocol


class Blocks(Protocol):
    """Fixed-size storage with submit and poll, so that a slow flush holds nothing else up.

    The port promises: writes are performed in the order submitted; a barrier completes only when
    everything submitted before it would survive a power cut; completions are told in order of
    submission; after a failed barrier everything since the last good one is in doubt and the port
    does not try again by itself. The core promises: no retry of a failed barrier; offsets and
    lengths are multiples of `align_bytes`.
    """

    name: str
    """How a person finds the medium again."""
    size_bytes: int
    """Usable length; fixed while open."""
    align_bytes: int
    """Offsets and lengths of writes are multiples of this; 512 or 4096."""

    def read(self, offset_bytes: int, length_bytes: int) -> bytes:
        """Read at once (used at start-up and by tools, never on the hot path).

        Returns:
            exactly `length_bytes` bytes, including what earlier `submit_write` calls will write.

        Raises:
            PortFailed: the medium cannot read there.
            PortLost: the medium went away.
        """
        ...

    def submit_write(self, offset_bytes: int, data: bytes) -> int:
        """Queue a write.

        Args:
            offset_bytes: 0 to size_bytes - len(data).
            data: owned by the port from now on; the caller must not change it.

        Returns:
            a token above 0, rising.

        Raises:
            PortFull: the queue of 64 MiB or 4,096 entries is full; nothing was queued.
            PortLost: the medium went away.
        """
        ...

    def submit_barrier(self) -> int:
        """Queue a barrier over all submitted so far; returns a token like `submit_write`."""
        ...

    def poll(self) -> "list[tuple[int, str]]":
        """Tell what has completed since the last call.

        Returns:
            (token, code) in order of submission; code is "" when done, else that of a PortError.
        """
        ...

    def close(self) -> None:
        """Finish what is queued (at most 5 s) and let go of the medium; idempotent."""
        ...
