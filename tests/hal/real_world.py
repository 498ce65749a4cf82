"""Real time and real far ends for the conformance checks."""

import contextlib
import os
import select
import time
import tty
from pathlib import Path


class RealWorld:
    """Time that passes by itself, on the same clock as the ports."""

    def now_ms(self) -> int:
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000

    def pause(self, span_ms: int) -> None:
        time.sleep(span_ms / 1000)


class PtyWorld(RealWorld):
    """A pty as the line; its name is a link, so that it can be unplugged and come back."""

    baud = 9600

    def __init__(self, folder: Path) -> None:
        self.path = folder / "ttyDome"
        self.master_fd = -1
        self.plug()

    def plug(self) -> None:
        if self.master_fd >= 0:
            return
        self.master_fd, slave_fd = os.openpty()
        tty.setraw(slave_fd)
        self.path.unlink(missing_ok=True)
        self.path.symlink_to(os.ttyname(slave_fd))
        os.close(slave_fd)

    def unplug(self) -> None:
        if self.master_fd >= 0:
            os.close(self.master_fd)
            self.master_fd = -1
        self.path.unlink(missing_ok=True)

    def hear(self) -> bytes:
        data = b""
        with contextlib.suppress(OSError):  # EIO while nobody has the other end open
            while self.master_fd >= 0 and select.select([self.master_fd], [], [], 0)[0]:
                data += os.read(self.master_fd, 4096)
        return data

    def say(self, data: bytes) -> None:
        os.write(self.master_fd, data)

    def close(self) -> None:
        self.unplug()


def run_checks(module, prefix, make, names=()):
    """Run every check of a port, each on a fresh port; returns the names that ran.

    `make` is a context manager that gives the arguments of a check.
    """
    ran = []
    for name in sorted(dir(module)):
        if name.startswith(prefix) and (not names or name in names):
            with make() as arguments:
                getattr(module, name)(*arguments)
            ran.append(name)
    assert ran, prefix
    return ran
