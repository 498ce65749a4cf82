"""A serial line through a terminal device: a pty or a USB adapter on the unix port."""

import errno
import select
import termios
import time

from hal.api._typing import TYPE_CHECKING
from hal.api.errors import PortAbsent, PortLost, PortRefused

if TYPE_CHECKING:
    from hal.api.clock import Clock

# Linux's own numbers: MicroPython names the speeds from 9600 up only
SPEEDS = {1200: 9, 2400: 11, 4800: 12, 9600: 13, 19200: 14, 38400: 15}
SPEED_IN, SPEED_OUT, CONTROL_CHARACTERS = 4, 5, 6
VTIME, VMIN = 5, 6
TTY_ERRORS = (OSError, getattr(termios, "error", OSError))  # MicroPython has no termios.error
READ_BYTES_MAX = 256
WRITE_BYTES_MAX = 64
BITS_PER_BYTE = 10
CLOSE_MS_MAX = 200


class TtySerial:
    """A `hal.api.serial.Serial` over a terminal device.

    The device is opened without O_NOCTTY, which MicroPython does not offer: a process that leads
    a session of its own and opens a pty here gets SIGHUP when the other end goes. So the process
    must not be started as a session leader.

    Args:
        path: the device, such as "/dev/ttyUSB0" or the slave of a pty.
        baud: one of SPEEDS.
        clock: times the bits.
    """

    def __init__(self, path: str, baud: int, clock: "Clock") -> None:
        self.name = path
        self._baud = baud
        self._clock = clock
        self._file = None
        self._poller = None
        self._busy_until_us = 0

    def open(self) -> None:
        """Open the line.

        Raises:
            PortAbsent: no such device.
            PortRefused: no permission, not a terminal, or the speed is not possible.
        """
        if self._file is not None:
            return
        if self._baud not in SPEEDS:
            speeds = ", ".join(str(speed) for speed in sorted(SPEEDS))
            raise PortRefused("%s: no speed of %d baud; take %s" % (self.name, self._baud, speeds))
        try:
            file = open(self.name, "r+b", 0)
        except OSError as error:
            if error.args[0] in {errno.ENOENT, errno.EIO, errno.ENODEV}:
                raise PortAbsent("%s: no such device; check the path and the plug" % self.name)
            raise PortRefused("%s: cannot be opened (%s); check permissions" % (self.name, error))
        try:
            self._set_up(file.fileno())
        except TTY_ERRORS as error:
            file.close()
            raise PortRefused("%s: is not a serial line (%s)" % (self.name, error))
        self._file = file
        self._poller = select.poll()
        self._poller.register(file, select.POLLIN | select.POLLOUT)

    def close(self) -> None:
        """Let go of the line after what was written has left; idempotent."""
        if self._file is None:
            return
        left_ms = min(self.busy_until_ms() - self._clock.now_ms(), CLOSE_MS_MAX)
        if left_ms > 0:
            time.sleep(left_ms / 1000)
        self._let_go()

    def is_open(self) -> bool:
        """Tell whether `read` and `write` may be called."""
        return self._file is not None

    def write(self, data: bytes) -> int:
        """Queue 1 to 64 bytes; returns how many were taken.

        Raises:
            PortLost: the line went away.
        """
        assert 1 <= len(data) <= WRITE_BYTES_MAX, len(data)
        if not self._events() & select.POLLOUT:
            return 0
        try:
            taken = self._file.write(data) or 0
        except OSError as error:
            raise self._lost(error)
        now_us = self._clock.now_ms() * 1000
        start_us = max(now_us, self._busy_until_us)
        self._busy_until_us = start_us + taken * BITS_PER_BYTE * 1_000_000 // self._baud
        return taken

    def read(self) -> bytes:
        """Hand over what has come, at most 256 bytes; b"" for nothing.

        Raises:
            PortLost: the line went away.
        """
        if not self._events() & select.POLLIN:
            return b""
        try:
            return self._file.read(READ_BYTES_MAX) or b""
        except OSError as error:
            raise self._lost(error)

    def busy_until_ms(self) -> int:
        """now_ms at which the last bit of everything written so far has left the line."""
        return (self._busy_until_us + 999) // 1000

    def set_last_words(self, data: bytes) -> None:
        """Take no notice: a dead process sends nothing; the next boot stops the dome."""

    def wake_on(self) -> "tuple[object, int] | None":
        """Name the file and the events that should end a sleep; None while closed."""
        return None if self._file is None else (self._file, select.POLLIN)

    def _events(self) -> int:
        """Ask what the line is ready for; raises PortLost where the other end has hung up."""
        if self._file is None:
            raise PortLost("%s: the line is closed; open it" % self.name)
        ready = self._poller.poll(0)
        events = ready[0][1] if ready else 0
        # a hung-up terminal reads as empty for ever, so an error of read alone would not tell
        if events & (select.POLLHUP | select.POLLERR):
            raise self._lost("the other end hung up")
        return events

    def _lost(self, cause: object) -> PortLost:
        self._let_go()
        return PortLost("%s: the line went away (%s); check the plug" % (self.name, cause))

    def _let_go(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def _set_up(self, fd: int) -> None:
        """Make the line raw, 8N1, at its speed, with reads that return what is there."""
        if hasattr(termios, "setraw"):
            termios.setraw(fd)
        else:
            import tty  # noqa: PLC0415 - CPython's home of setraw

            tty.setraw(fd)
        attributes = termios.tcgetattr(fd)
        attributes[SPEED_IN] = attributes[SPEED_OUT] = SPEEDS[self._baud]
        # setraw asks for at least one byte, and MicroPython's read waits for all it asked for
        attributes[CONTROL_CHARACTERS][VTIME] = 0
        attributes[CONTROL_CHARACTERS][VMIN] = 0
        termios.tcsetattr(fd, termios.TCSANOW, attributes)
