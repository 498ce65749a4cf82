"""Ports that are not there yet: a medium that appears later, and a line that nobody can drive."""

from collections.abc import Callable

from hal.api.blocks import Blocks
from hal.api.errors import PortError, PortFailed, PortLost


class LateBlocks:
    """A medium that is opened when it can be, so that a unit runs on without one.

    Args:
        name: how a person finds the medium.
        make: opens it; raises PortError while it cannot.
    """

    align_bytes = 4096

    def __init__(self, name: str, make: Callable[[], Blocks]) -> None:
        self.name = name
        self.trouble: PortError | None = None
        """Why there is no medium; None while there is one."""
        self._make = make
        self._blocks: Blocks | None = None
        self.size_bytes = 0
        """Usable length; 0 while there is no medium."""
        self._attempt()

    def read(self, offset_bytes: int, length_bytes: int) -> bytes:
        """Read at once; tries to open the medium first while there is none."""
        if self._blocks is None:
            self._attempt()
        return self._there().read(offset_bytes, length_bytes)

    def submit_write(self, offset_bytes: int, data: bytes) -> int:
        """Queue a write."""
        return self._there().submit_write(offset_bytes, data)

    def submit_barrier(self) -> int:
        """Queue a barrier."""
        return self._there().submit_barrier()

    def poll(self) -> list[tuple[int, str]]:
        """Tell what has completed."""
        return self._blocks.poll() if self._blocks is not None else []

    def close(self) -> None:
        """Let go of the medium."""
        if self._blocks is not None:
            self._blocks.close()

    def _attempt(self) -> None:
        try:
            self._blocks = self._make()
            self.size_bytes = self._blocks.size_bytes
            self.trouble = None
        except PortError as trouble:
            self.trouble = trouble

    def _there(self) -> Blocks:
        if self._blocks is not None:
            return self._blocks
        raise self.trouble or PortLost(f"medium {self.name}: not there")


class AbsentLine:
    """A relay or a lamp that could not be found: low for ever, and it says why."""

    def __init__(self, name: str, trouble: PortError) -> None:
        self.name = name
        self._trouble = trouble

    def set(self, level: bool) -> None:
        """Low is what it is; it cannot be driven high.

        Raises:
            PortFailed: `level` is high.
        """
        if level:
            raise PortFailed(str(self._trouble))

    def get(self) -> bool:
        """Always low."""
        return False
