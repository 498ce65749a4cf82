"""The watchdog of systemd, and why the last run ended."""

import contextlib
import os
import socket
from pathlib import Path

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
RUNNING, REQUEST, BITTEN = "running", "request", "watchdog"


class SystemdWatchdog:
    """Feeds systemd (WATCHDOG=1), which kills and restarts the unit when it hears nothing.

    The unit's service file has `Type=notify`, `WatchdogSec=` and `Restart=always`. Without
    systemd (NOTIFY_SOCKET unset) nothing bites, and `is_real` says so.

    Args:
        marker_path: a small file beside the unit's state that outlives it; the service file's
            ExecStopPost writes "watchdog" for "running" into it when that was the result.
    """

    def __init__(self, marker_path: str) -> None:
        self.is_real = False
        self.unsent_count = 0
        self._marker = Path(marker_path)
        self._address = os.environ.get("NOTIFY_SOCKET", "")
        self._reason = self._find_reason()
        self._mark(RUNNING)

    def arm(self, timeout_ms: int) -> None:
        """Start it: tell systemd that the unit is ready and how long it may be silent."""
        assert 1000 <= timeout_ms <= 60_000  # noqa: PLR2004  # hal.api.watchdog
        self.is_real = self._send(f"READY=1\nWATCHDOG_USEC={timeout_ms * 1000}\nWATCHDOG=1")

    def feed(self) -> None:
        """Keep it quiet for another timeout."""
        if self.is_real:
            self._send("WATCHDOG=1")

    def reset_reason(self) -> str:
        """Why this start happened: "power", "watchdog", "request", "crash" or "unknown"."""
        return self._reason

    def note_request(self) -> None:
        """Note that the end that now comes was asked for."""
        self._mark(REQUEST)
        if self.is_real:
            self._send("STOPPING=1")

    def _find_reason(self) -> str:
        """Compare the marker of the last run with this boot of the machine."""
        try:
            words = self._marker.read_text(encoding="ascii").split()
        except (OSError, ValueError):
            return "unknown"
        if len(words) != 2:  # noqa: PLR2004  # boot id and word
            return "unknown"
        boot_id, word = words
        if word in {REQUEST, BITTEN}:
            return word
        return "crash" if boot_id == _boot_id() else "power"

    def _mark(self, word: str) -> None:
        part = self._marker.with_name(self._marker.name + ".part")
        with contextlib.suppress(OSError):  # a medium that fails is told by the ring's own port
            part.write_text(f"{_boot_id()} {word}\n", encoding="ascii")
            part.replace(self._marker)

    def _send(self, text: str) -> bool:
        if not self._address:
            return False
        address = "\0" + self._address[1:] if self._address[0] == "@" else self._address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as sock:
            try:
                sock.sendto(text.encode(), address)
            except OSError:
                self.unsent_count += 1
                return False
        return True


def _boot_id() -> str:
    try:
        return BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return "unknown"
