"""A serial line on Linux through pyserial: a device, or a serial server by URL."""

import contextlib
import errno
import os
import select
import termios
import threading
import time
from collections import deque

import serial
from hal.api.errors import PortAbsent, PortError, PortLost, PortRefused
from hal.linux.lastwords import LastWords
from hal.linux.rs485 import enable_rs485
from hal.linux.wake import Wake

WRITE_BYTES_MAX = 64
READ_BYTES_MAX = 256
CLOSE_WAIT_MS = 200
BITS_PER_BYTE = 10  # 8N1
TROUBLE = (serial.SerialException, OSError, termios.error, ValueError)
REFUSALS = (errno.EACCES, errno.EPERM, errno.EBUSY, errno.EAGAIN, errno.EINVAL, errno.ENOTTY)


class SerialLine:
    """One line, 8N1, owned alone.

    Args:
        name: "/dev/ttyUSB0", "socket://host:port" or "rfc2217://host:port".
        baud: bits per second, 50 to 4,000,000.
        wake: told when bytes arrive.
        is_rs485: let the driver steer the direction where it can; elsewhere the transceiver must.
    """

    def __init__(self, name: str, baud: int, wake: Wake, is_rs485: bool = True) -> None:
        self.name = name
        self.baud = baud
        self.has_rs485 = False
        self._wake = wake
        self._is_rs485 = is_rs485
        self._is_remote = "://" in name
        self._port: serial.SerialBase | None = None
        self._fd = -1
        self._busy_until_us = 0
        self._attempt: _Attempt | None = None
        self._pump: _Pump | None = None
        self._last_words = LastWords(name)

    def open(self) -> None:
        """Open the line; one behind a URL connects in the background and is absent till then.

        Raises:
            PortAbsent: no such device, or the serial server does not answer (yet).
            PortRefused: no permission, in use by another program, or an impossible setting.
        """
        assert self._port is None
        if self._is_remote:
            self._port = self._adopt_remote()
            self._pump = _Pump(self._port, self._wake)
        else:
            self._port = self._open_device()
            self._fd = self._port.fileno()
            self.has_rs485 = self._is_rs485 and enable_rs485(self._fd)
            self._wake.register(self._fd)
        self._busy_until_us = 0
        self._last_words.attach(not self._is_remote)

    def close(self) -> None:
        """Wait at most 200 ms for what was written to leave, then let go; idempotent."""
        if self._attempt is not None:
            self._attempt.abandon()
            self._attempt = None
        if self._port is None:
            return
        left_ms = min(CLOSE_WAIT_MS, self.busy_until_ms() - _now_us() // 1000)
        if left_ms > 0:
            time.sleep(left_ms / 1000)
        self._let_go()

    def is_open(self) -> bool:
        """Tell whether `read` and `write` may be called."""
        return self._port is not None

    def write(self, data: bytes) -> int:
        """Queue 1 to 64 bytes; returns how many the line took.

        Raises:
            PortLost: the line went away.
        """
        assert 1 <= len(data) <= WRITE_BYTES_MAX
        port = self._require()
        try:
            count = os.write(self._fd, data) if self._fd >= 0 else int(port.write(data) or 0)
        except BlockingIOError:
            return 0
        except TROUBLE as trouble:
            raise self._lost(trouble) from trouble
        wire_us = count * BITS_PER_BYTE * 1_000_000 // self.baud
        self._busy_until_us = max(self._busy_until_us, _now_us()) + wire_us
        return count

    def read(self) -> bytes:
        """Hand over at most 256 bytes; b"" for nothing.

        Raises:
            PortLost: the line went away.
        """
        self._require()
        if self._pump is not None:
            data = self._pump.take(READ_BYTES_MAX)
            if not data and self._pump.trouble:
                raise self._lost(self._pump.trouble)
            return data
        try:
            data, is_hung_up = _read_device(self._fd)
        except TROUBLE as trouble:
            raise self._lost(trouble) from trouble
        if is_hung_up and not data:
            raise self._lost("unplugged")
        return data

    def busy_until_ms(self) -> int:
        """Time, rounded up, at which the last stop bit of all that was written has left."""
        return -(-self._busy_until_us // 1000)

    def set_last_words(self, data: bytes) -> None:
        """Name the bytes a guardian process sends twice should we die; b"" withdraws them.

        Lines behind a URL have no guardian: the far host must stop its dome by itself.
        """
        assert len(data) <= WRITE_BYTES_MAX
        self._last_words.set(data)

    def _require(self) -> serial.SerialBase:
        if self._port is None:
            raise PortLost(f"serial line {self.name}: not open; open it again")
        return self._port

    def _lost(self, why: object) -> PortLost:
        self._let_go()
        return PortLost(
            f"serial line {self.name}: {why}; check plug and power, then open it again"
        )

    def _let_go(self) -> None:
        self._last_words.detach()
        if self._fd >= 0:
            self._wake.unregister(self._fd)
            self._fd = -1
        if self._port is not None:
            with contextlib.suppress(*TROUBLE):
                self._port.close()
            self._port = None
        if self._pump is not None:
            self._pump.stop()
            self._pump = None

    def _open_device(self) -> serial.SerialBase:
        try:
            return serial.Serial(self.name, self.baud, timeout=0, write_timeout=0, exclusive=True)
        except TROUBLE as trouble:
            raise opening_error(self.name, trouble) from trouble

    def _adopt_remote(self) -> serial.SerialBase:
        """Take the connection made in the background, or begin to make one."""
        if self._attempt is None:
            self._attempt = _Attempt(self.name, self.baud, self._wake)
        attempt = self._attempt
        if not attempt.is_done():
            raise PortAbsent(f"serial line {self.name}: still connecting; ask again")
        self._attempt = None
        return attempt.result()


class _Attempt:
    """Connecting to a serial server takes up to seconds, so a thread does it."""

    def __init__(self, name: str, baud: int, wake: Wake) -> None:
        self._name = name
        self._baud = baud
        self._wake = wake
        self._lock = threading.Lock()
        self._is_abandoned = False
        self._port: serial.SerialBase | None = None
        self._error: PortError | None = None
        threading.Thread(target=self._run, name="serial-connect", daemon=True).start()

    def _run(self) -> None:
        port: serial.SerialBase | None = None
        error: PortError | None = None
        try:
            port = serial.serial_for_url(self._name, self._baud, timeout=0.2)
        except TROUBLE as trouble:
            error = opening_error(self._name, trouble)
        with self._lock:
            if self._is_abandoned and port is not None:
                port.close()
            self._port, self._error = port, error
        self._wake.notify()

    def is_done(self) -> bool:
        """Tell whether `result` may be asked."""
        with self._lock:
            return self._port is not None or self._error is not None

    def result(self) -> serial.SerialBase:
        """Hand over the port, or raise what went wrong."""
        if self._error is not None:
            raise self._error
        assert self._port is not None
        return self._port

    def abandon(self) -> None:
        """Close whatever comes of it."""
        with self._lock:
            self._is_abandoned = True
            if self._port is not None:
                self._port.close()


class _Pump:
    """Reads a line that has no descriptor to wait on, in a thread."""

    def __init__(self, port: serial.SerialBase, wake: Wake) -> None:
        self.trouble = ""
        self._port = port
        self._wake = wake
        self._pieces: deque[int] = deque(maxlen=65536)
        self._is_stopping = False
        threading.Thread(target=self._run, name="serial-read", daemon=True).start()

    def _run(self) -> None:
        while not self._is_stopping:
            try:
                piece = self._port.read(1)
            except (*TROUBLE, TypeError, AttributeError) as trouble:  # closed under a read
                self.trouble = str(trouble) or "connection closed"
                self._wake.notify()
                return
            if piece:
                self._pieces.extend(piece)
                self._wake.notify()

    def take(self, byte_count_max: int) -> bytes:
        """Hand over what has come, oldest first."""
        count = min(byte_count_max, len(self._pieces))
        return bytes(self._pieces.popleft() for _ in range(count))

    def stop(self) -> None:
        """Let the thread end at its next look."""
        self._is_stopping = True


def _now_us() -> int:
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000


def _read_device(fd: int) -> tuple[bytes, bool]:
    """Read what is there; the second value says that the line hung up."""
    poller = select.poll()
    poller.register(fd, select.POLLIN)
    events = poller.poll(0)
    if not events:
        return b"", False
    event = events[0][1]
    data = os.read(fd, READ_BYTES_MAX) if event & select.POLLIN else b""
    # with VMIN and VTIME at 0 a tty that says "readable" and gives nothing is gone
    return data, not data


def opening_error(name: str, trouble: BaseException) -> PortError:
    """Say why a line could not be opened, and what to look at.

    Args:
        name: device or URL.
        trouble: what pyserial raised.
    """
    number = getattr(trouble, "errno", None)
    inner = trouble.__context__
    if number is None and isinstance(inner, (OSError, termios.error)) and inner.args:
        number = inner.args[0]  # pyserial keeps the number only of the error it came from
    told = os.strerror(number) if isinstance(number, int) else str(trouble)
    if isinstance(trouble, ValueError) or number in REFUSALS:
        return PortRefused(
            f"serial line {name}: {told}; check permissions (group dialout), "
            "that no other program holds it, and the settings"
        )
    return PortAbsent(f"serial line {name}: {told}; check the device name and the cable")
