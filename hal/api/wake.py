"""Waiting: the one place where a unit sleeps."""

from hal.api._typing import Protocol


class Wake(Protocol):
    """Sleeps until a port of this board has something, or a time is over.

    The port promises to return early when a byte arrives on a serial line, a message on the link,
    an access unit from a camera or microphone, or a completion from a medium. Early returns
    without a cause are allowed; the core must ask its ports after each.
    """

    def wait(self, timeout_ms: int) -> None:
        """Sleep at most `timeout_ms` (0 or more; 0 only looks)."""
        ...
