"""A watchdog over /dev/watchdog, or one that only remembers where there is none."""

from hal.api.errors import PortAbsent

TIMEOUT_MS_MIN = 1_000
TIMEOUT_MS_MAX = 60_000


class FileWatchdog:
    """A `hal.api.watchdog.Watchdog` over Linux's watchdog file.

    The kernel's own timeout applies: the unix port has no ioctl to change it.

    Args:
        path: such as "/dev/watchdog"; "" where the unit runs under a supervisor that watches it.
        reason: why this boot happened, as far as the caller knows.
    """

    def __init__(self, path: str = "", reason: str = "unknown") -> None:
        self._path = path
        self._reason = reason
        self._file = None
        self.feed_count = 0

    def arm(self, timeout_ms: int) -> None:
        """Start it; cannot be taken back.

        Raises:
            PortAbsent: the watchdog file cannot be opened.
        """
        assert TIMEOUT_MS_MIN <= timeout_ms <= TIMEOUT_MS_MAX, timeout_ms
        if not self._path:
            return
        try:
            self._file = open(self._path, "wb", 0)
        except OSError as error:
            raise PortAbsent("%s: no watchdog there (%s); check the path" % (self._path, error))

    def feed(self) -> None:
        """Keep it quiet for another timeout."""
        self.feed_count += 1
        if self._file is not None:
            self._file.write(b"\0")

    def reset_reason(self) -> str:
        """Why this boot happened."""
        return self._reason
