"""The dog that bites when the unit hangs."""

from hal.api._typing import Protocol


class Watchdog(Protocol):
    """Armed once, then fed or it resets the unit.

    The port promises that nothing but `feed` keeps it quiet once armed. The core feeds it only
    while every service steps in time.
    """

    def arm(self, timeout_ms: int) -> None:
        """Start it; 1,000 to 60,000 ms; cannot be taken back."""
        ...

    def feed(self) -> None:
        """Keep it quiet for another timeout."""
        ...

    def reset_reason(self) -> str:
        """Why this boot happened: "power", "watchdog", "request", "crash" or "unknown"."""
        ...
