"""A serial line: bytes out and in, 8N1, RS-485 direction kept by the port."""

from hal.api._typing import Protocol


class Serial(Protocol):
    """One serial line.

    The port promises: no call blocks for longer than 5 ms; bytes leave in the order written, as
    one burst per `write`; the RS-485 driver is let go when the last stop bit has left; what it
    hears of its own sending is handed over like any other byte where the adapter echoes (the core
    strips it). The core promises: one owner per line; `open` again with back-off after PortLost.
    """

    name: str
    """How a person finds the line again: the device path or URL."""

    def open(self) -> None:
        """Open the line.

        Raises:
            PortAbsent: no such device.
            PortRefused: no permission, in use, or the settings are not possible.
        """
        ...

    def close(self) -> None:
        """Let go of the line after what was written has left (at most 200 ms); idempotent."""
        ...

    def is_open(self) -> bool:
        """Tell whether `read` and `write` may be called."""
        ...

    def write(self, data: bytes) -> int:
        """Queue bytes to be sent.

        Args:
            data: 1 to 64 bytes; the port copies them.

        Returns:
            how many were taken, 0 to len(data).

        Raises:
            PortLost: the line went away; nothing of `data` may be taken as sent.
        """
        ...

    def read(self) -> bytes:
        """Hand over what has come since the last call, at most 256 bytes; b"" for nothing.

        Raises:
            PortLost: the line went away.
        """
        ...

    def busy_until_ms(self) -> int:
        """now_ms at which the last bit of everything written so far has left the line."""
        ...

    def set_last_words(self, data: bytes) -> None:
        """Name bytes that must reach the line if this process dies without closing.

        A port that can outlive the process sends them within 500 ms of its death, twice; one that
        cannot (a board, whose watchdog resets it) does nothing: the boot sends a stop. An empty
        value withdraws them.
        """
        ...
