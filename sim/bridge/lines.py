"""A dome at the end of a pty, with the byte times of a real serial line."""

import os
import random
import select
import termios
import threading
import time
import tty
from collections import deque
from pathlib import Path
from typing import NamedTuple

from sim.devices.dome import Dome
from sim.devices.line import LineDevice

FRAME_BYTES = 7
FRAME_COUNT_MAX = 5_000
REPLY_AFTER_S = 0.002
IDLE_S = 0.25
READ_BYTES_MAX = 4096
OSPEED = 5  # where termios keeps it
OTHER_SPEED_MASK = 0x55  # what a UART at another speed makes of a byte is no sync, at least


class Heard(NamedTuple):
    """One whole frame that reached the dome: when its last stop bit was in, and its bytes."""

    now_ms: int
    utc_ms: int
    frame: bytes


class PtyLine:
    """One serial line as a pty: what is written arrives byte by byte at its baud.

    Each burst has an absolute schedule, so a late wake-up of this thread delays one byte and not
    those behind it. Once somebody has set the pty's speed, bytes at another speed than the dome's
    arrive as other bytes; a program that sets none is heard.

    Args:
        link: path of the symlink to make.
        dome: what hangs on the line.
        baud: bits per second, 8N1.
        speaker: hears and answers instead of the dome whose motors it has; None for the dome
            itself. `frames` are those of Pelco-D alone.
    """

    def __init__(
        self, link: Path, dome: Dome, baud: int, speaker: LineDevice | None = None
    ) -> None:
        self.link = link
        self.dome = dome
        self._speaker: LineDevice = speaker or dome
        self.noise_permille = 0
        self.noise_count = 0
        self.frames: deque[Heard] = deque(maxlen=FRAME_COUNT_MAX)
        self._byte_s = 10 / baud
        self._speed = getattr(termios, f"B{baud}")
        self._chance = random.Random(1)  # noqa: S311
        self._lock = threading.Lock()
        self._to_dome: deque[tuple[float, int]] = deque()
        self._to_unit: deque[tuple[float, int]] = deque()
        self._dome_free_s = 0.0
        self._unit_free_s = 0.0
        self._recent: deque[int] = deque(maxlen=FRAME_BYTES)
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self._unset_speed = self._speed_now()
        self.device = os.ttyname(self._slave)
        self._stop_read, self._stop_write = os.pipe()
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(self.device)
        self._thread = threading.Thread(target=self._run, name=f"line {link.name}", daemon=True)
        self._thread.start()

    def look(self) -> tuple[int, int, int]:
        """Tell where the dome looks now: pan_cdeg, tilt_cdeg, zoom_permille."""
        with self._lock:
            self.dome.step(_now_ms())
            return self.dome.pan_cdeg, self.dome.tilt_cdeg, self.dome.zoom_permille

    def close(self) -> None:
        """Let go of the pty and remove the link; idempotent."""
        if not self._thread.is_alive():
            return
        os.write(self._stop_write, b"x")
        self._thread.join()
        self.link.unlink(missing_ok=True)
        for handle in (self._master, self._slave, self._stop_read, self._stop_write):
            os.close(handle)

    def _run(self) -> None:
        while True:
            waits_s = self._next_s()
            ready, _, _ = select.select([self._master, self._stop_read], [], [], waits_s)
            if self._stop_read in ready:
                return
            if self._master in ready:
                self._take(os.read(self._master, READ_BYTES_MAX))
            self._deliver()

    def _next_s(self) -> float:
        dues = [queue[0][0] for queue in (self._to_dome, self._to_unit) if queue]
        if not dues:
            return IDLE_S
        return max(0.0, min(dues) - time.monotonic())

    def _take(self, data: bytes) -> None:
        """Put a burst on the wire."""
        start_s = max(time.monotonic(), self._dome_free_s)
        if self._speed_now() not in (self._speed, self._unset_speed):
            data = bytes(octet & OTHER_SPEED_MASK for octet in data)
        for index, octet in enumerate(data):
            self._to_dome.append((start_s + (index + 1) * self._byte_s, self._spoilt(octet)))
        self._dome_free_s = start_s + len(data) * self._byte_s

    def _speed_now(self) -> int:
        return int(termios.tcgetattr(self._slave)[OSPEED])

    def _deliver(self) -> None:
        now_s = time.monotonic()
        while self._to_dome and self._to_dome[0][0] <= now_s:
            at_s, octet = self._to_dome.popleft()
            self._arrive(at_s, octet)
        ready = bytearray()
        while self._to_unit and self._to_unit[0][0] <= now_s:
            ready.append(self._to_unit.popleft()[1])
        if ready:
            os.write(self._master, bytes(ready))

    def _arrive(self, at_s: float, octet: int) -> None:
        self._recent.append(octet)
        with self._lock:
            frame_count = self.dome.frame_count
            answer = self._speaker.receive(bytes([octet]), int(at_s * 1000))
            is_frame = self.dome.frame_count != frame_count
        if is_frame:
            utc_ms = int((time.time() - time.monotonic() + at_s) * 1000)
            self.frames.append(Heard(int(at_s * 1000), utc_ms, bytes(self._recent)))
        if not answer:
            return
        start_s = max(at_s + REPLY_AFTER_S, self._unit_free_s)
        for index, spoken in enumerate(answer):
            self._to_unit.append((start_s + (index + 1) * self._byte_s, self._spoilt(spoken)))
        self._unit_free_s = start_s + len(answer) * self._byte_s

    def _spoilt(self, octet: int) -> int:
        if self.noise_permille and self._chance.randrange(1000) < self.noise_permille:
            self.noise_count += 1
            return octet ^ (1 << self._chance.randrange(8))
        return octet


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000
