"""Our side of the guardian: starts it, tells it the words, says goodbye."""

import contextlib
import os
import subprocess
import sys
import threading
from pathlib import Path

from hal.linux.guardian import GOODBYE

GUARDIAN = Path(__file__).with_name("guardian.py")


class LastWords:
    """The last words of one line; a guardian lives while the line is open and words are set.

    Args:
        device: path of the line, which the guardian opens for itself.
    """

    def __init__(self, device: str) -> None:
        self._device = device
        self._words = b""
        self._is_attached = False
        self._child: subprocess.Popen[bytes] | None = None

    def set(self, words: bytes) -> None:
        """Name new words, 0 to 64 bytes."""
        if words == self._words:
            return
        self._words = words
        self._tell()

    def attach(self, is_guarded: bool) -> None:
        """The line was opened; `is_guarded` is False where no second process can open it."""
        self._is_attached = is_guarded
        self._tell()

    def detach(self) -> None:
        """The line is closed or lost; a guardian that held it on would spoil its next open."""
        self._is_attached = False
        if self._child is not None:
            self._send(bytes([GOODBYE]))
            child, self._child = self._child, None
            _bury(child)

    def _tell(self) -> None:
        if not self._is_attached:
            return
        if self._child is None and self._words:
            self._child = subprocess.Popen(  # noqa: S603  # our own file under our own interpreter
                [sys.executable, "-I", "-S", str(GUARDIAN), self._device],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C in the terminal is not for the guardian
                bufsize=0,
            )
        if self._child is not None:
            self._send(bytes([len(self._words)]) + self._words)

    def _send(self, data: bytes) -> None:
        assert self._child is not None
        assert self._child.stdin is not None
        with contextlib.suppress(OSError):  # the guardian died: `set` cannot mend that here
            os.write(self._child.stdin.fileno(), data)


def _bury(child: "subprocess.Popen[bytes]") -> None:
    """Collect the child in a thread, because its end takes longer than a port may."""
    if child.stdin is not None:
        child.stdin.close()
    threading.Thread(target=child.wait, name="guardian-end", daemon=True).start()
