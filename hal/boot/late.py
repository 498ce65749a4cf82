"""Ports that are not there yet: a medium that appears later, and a line that nobody can drive."""

import threading
from collections.abc import Callable

from hal.api.blocks import Blocks
from hal.api.errors import PortAbsent, PortError, PortFailed, PortLost

START_WAIT_S = 1.0
TURN_WAIT_S = 0.02


class PortPreparing(PortAbsent):
    """It is being made or opened beside the unit's turn; nothing was wrong with it so far."""

    code = "port.preparing"


class LateBlocks:
    """A medium that is opened when it can be, so that a unit runs on without one.

    It is opened, and made where there is none, by a thread of its own: neither a large new ring
    nor a disk that hangs may hold up the unit's turn. While that goes on there is no medium.

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
        self._is_closed = False
        self._lock = threading.Lock()
        self._maker: threading.Thread | None = None
        self.size_bytes = 0
        """Usable length; 0 while there is no medium."""
        self._attempt(START_WAIT_S)

    def read(self, offset_bytes: int, length_bytes: int) -> bytes:
        """Read at once; tries to open the medium first while there is none."""
        if self._blocks is None:
            self._attempt(TURN_WAIT_S)
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
        """Let go of the medium, now or when it comes."""
        with self._lock:
            self._is_closed = True
        if self._blocks is not None:
            self._blocks.close()

    def _attempt(self, wait_s: float) -> None:
        """Begin to open it unless that goes on already, and wait a little for it."""
        if self._maker is None or not self._maker.is_alive():
            if self._is_closed:
                return
            if self.trouble is None:
                self.trouble = PortPreparing(f"medium {self.name}: still being opened; wait")
            self._maker = threading.Thread(target=self._open, name="late-medium", daemon=True)
            self._maker.start()
        self._maker.join(wait_s)

    def _open(self) -> None:
        try:
            blocks = self._make()
        except PortError as trouble:
            self.trouble = trouble
            return
        with self._lock:
            if not self._is_closed:
                self.size_bytes = blocks.size_bytes
                self._blocks = blocks
                self.trouble = None
                return
        blocks.close()

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
