"""One thread for all RTSP sessions of a process: it lets packets gather, then drains the sockets.

A 4 Mbit/s camera sends some 360 packets a second; waking for each costs more than all the rest.
So after each drain the thread sleeps up to the next half of a second, and the kernel's buffers
hold what comes. They grow with what is taken out of them at once: so the first sleeps of a
connection are short, and get longer by 50 ms each time; and short again when a buffer was found
rather full. While packets come by UDP they are 20 ms, because there nobody sends again what a
buffer could not hold. The core is woken once for all that came, twice a second, and at once when
there is trouble.
"""

import contextlib
import logging
import os
import select
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

from hal.api.errors import PortError, PortLost
from hal.linux.memory import keep_freed_memory
from hal.linux.rtsp.address import Address
from hal.linux.rtsp.connection import Connection
from hal.linux.rtsp.session import Reader, Session
from hal.linux.rtsp.sockets import connect, udp_pair
from hal.linux.wake import Wake

LOG = logging.getLogger("lamppost")
CLOCK_WRONG_MS = 2000
NAP_MS, FIRST_NAP_MS = 500, 50
UDP_NAP_MS = 20
GREETING_NAP_MS = 10
STEP_EVERY_MS = 490  # a little less than the nap, so that every turn after one is a step
BUFFER_BYTES = 1 << 16


class Audience(Reader, Protocol):
    """Who opened a source, seen from the loop's thread."""

    def on_step(self, now_ms: int) -> Wake | None:
        """Take note that time passed and packets may have been read; twice a second.

        Returns:
            who is to be told that something can be read now; None for nobody.
        """
        ...

    def on_trouble(self) -> None:
        """Take note that the opening has trouble, and nothing more will come."""
        ...


class Loop:
    """The thread and its sessions."""

    def __init__(self) -> None:
        self._calls: deque[Callable[[], None]] = deque()
        self._by_fd: dict[int, Opening] = {}
        self._openings: list[Opening] = []
        self._epoll = select.epoll()
        self._event_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._epoll.register(self._event_fd, select.EPOLLIN)
        self._nap = select.poll()
        self._nap.register(self._event_fd, select.POLLIN)
        self._buffer = memoryview(bytearray(BUFFER_BYTES))
        self._stepped_ms = 0
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def open(self, address: Address, audience: Audience, *, is_udp: bool) -> "Opening":
        """Open a source; what comes of it is told to the audience, by the loop's thread."""
        opening = Opening(self, address, audience, is_udp=is_udp)
        threading.Thread(target=opening.connect, name="rtsp-connect", daemon=True).start()
        return opening

    def call(self, function: Callable[[], None]) -> None:
        """Let the thread call a function soon."""
        self._calls.append(function)
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="rtsp", daemon=True)
                self._thread.start()
        with contextlib.suppress(BlockingIOError):
            os.eventfd_write(self._event_fd, 1)

    def add(self, opening: "Opening", fds: list[int]) -> None:
        """Watch the descriptors of an opening; the thread's own call."""
        self._openings.append(opening)
        for fd in fds:
            self._by_fd[fd] = opening
            self._epoll.register(fd, select.EPOLLIN)

    def remove(self, opening: "Opening", fds: list[int]) -> None:
        """Forget them, before they are closed; the thread's own call."""
        self._openings.remove(opening)
        for fd in fds:
            del self._by_fd[fd]
            self._epoll.unregister(fd)

    def _run(self) -> None:
        try:
            while True:
                self._turn()
        finally:  # a bug of ours: nobody may wait for this thread for ever
            for opening in list(self._openings):
                opening.abandon()

    def _turn(self) -> None:
        wait_s = STEP_EVERY_MS / 1000 if self._openings else None
        ready = self._epoll.poll(wait_s)
        now_ms, utc_ms = boot_ms(), time.time_ns() // 1_000_000
        has_media = False
        for fd, _ in ready:
            opening = self._by_fd.get(fd)
            if opening is not None:
                has_media = True
                opening.drain(fd, self._buffer, now_ms, utc_ms)
            elif fd == self._event_fd:
                with contextlib.suppress(BlockingIOError):
                    os.eventfd_read(fd)
        while self._calls:
            self._calls.popleft()()
        if now_ms - self._stepped_ms >= STEP_EVERY_MS:
            self._stepped_ms = now_ms
            self._step(now_ms)
        if has_media:
            least_ms = min([opening.nap_ms() for opening in self._openings], default=NAP_MS)
            now_ms = boot_ms()
            self._nap.poll(min(least_ms, NAP_MS - now_ms % NAP_MS))

    def _step(self, now_ms: int) -> None:
        """Let time pass for all, then wake whoever has something to read, once."""
        steps = [opening.step(now_ms) for opening in list(self._openings)]
        for wake in {wake for wake in steps if wake is not None}:
            wake.notify()


class Opening:
    """One opening of one source; never used twice.

    Args:
        loop: whose thread does the work.
        address: of the source.
        audience: is told what comes.
        is_udp: packets by UDP instead of in the connection.
    """

    def __init__(self, loop: Loop, address: Address, audience: Audience, *, is_udp: bool) -> None:
        self.trouble: PortError | None = None
        self.is_over = False
        """Whether no session can come of it any more."""
        self._loop = loop
        self._address = address
        self._audience = audience
        self._is_udp = is_udp
        self._is_closed = False
        self._nap_ms = FIRST_NAP_MS
        self._has_told_clock = False
        self._connection: Connection | None = None

    @property
    def session(self) -> Session | None:
        """The conversation, once there is a connection."""
        return self._connection.session if self._connection else None

    def has_session(self) -> bool:
        """Tell whether a track was asked for and not yet torn down."""
        return self._connection is not None and self._connection.session.has_setup

    def nap_ms(self) -> int:
        """How long it can wait for the next drain."""
        if self._connection is None or not self._connection.session.is_playing:
            return GREETING_NAP_MS
        return UDP_NAP_MS if self._is_udp else self._nap_ms

    def close(self) -> None:
        """Begin to end it; nothing is handed on from the end of the current batch."""
        self._is_closed = True
        self._loop.call(self._stop)

    def connect(self) -> None:
        """Connect, in a thread of its own, and hand the sockets to the loop."""
        try:
            sock = connect(self._address)
        except PortError as trouble:
            self.is_over = True
            self._tell(trouble)
            return
        try:
            udp = udp_pair(sock) if self._is_udp and not self._address.is_secure else None
            ports = (udp[0].getsockname()[1], udp[1].getsockname()[1]) if udp else None
            session = Session(self._address, self._audience, ports, boot_ms())
            connection = Connection(session, sock, udp)
        except OSError as trouble:
            sock.close()
            self.is_over = True
            self._tell(PortLost(f"source {self._address.url}: {trouble}; open it again"))
            return
        self._loop.call(lambda: self._begin(connection))

    def drain(self, fd: int, buffer: memoryview, now_ms: int, utc_ms: int) -> None:
        """Take what came at one descriptor."""
        assert self._connection is not None
        self._connection.drain(fd, buffer, now_ms, utc_ms)
        is_full = self._connection.is_rather_full()
        self._nap_ms = FIRST_NAP_MS if is_full else min(NAP_MS, self._nap_ms + FIRST_NAP_MS)
        self._after()

    def step(self, now_ms: int) -> Wake | None:
        """Let time pass; returns who is to be told of what came."""
        assert self._connection is not None
        self._connection.step(now_ms)
        self._after()
        self._watch_clock(self._connection.session)
        return None if self._is_closed else self._audience.on_step(now_ms)

    def abandon(self) -> None:
        """Let go at once, because the thread ends."""
        if self.trouble is None:
            self._tell(PortLost(f"source {self._address.url}: the reader ended; open it again"))
        self._finish()

    def _watch_clock(self, session: Session) -> None:
        """Tell once when the camera's clock, which it may print into its pictures, is wrong."""
        offset_ms = session.clock.offset_ms()
        if self._has_told_clock or offset_ms is None or abs(offset_ms) < CLOCK_WRONG_MS:
            return
        self._has_told_clock = True
        LOG.warning(
            "source %s: its clock is %d ms ahead of the unit's; give it a time server",
            self._address.url,
            offset_ms,
        )

    def _begin(self, connection: Connection) -> None:
        if self._is_closed:
            self.is_over = True
            connection.close()
            return
        self._connection = connection
        self._loop.add(self, connection.fds())
        connection.send()
        self._after()

    def _stop(self) -> None:
        connection = self._connection
        if connection is None or connection.session.is_over:
            return
        connection.session.stop(boot_ms())
        connection.send()
        self._after()

    def _after(self) -> None:
        """Tell what is new, and clear up when it is over."""
        assert self._connection is not None
        session = self._connection.session
        if session.trouble is not None and self.trouble is None:
            self._tell(session.trouble)
        if session.is_over:
            self._finish()

    def _finish(self) -> None:
        assert self._connection is not None
        self._loop.remove(self, self._connection.fds())
        self._connection.close()
        self.is_over = True

    def _tell(self, trouble: PortError) -> None:
        self.trouble = trouble
        if not self._is_closed:
            self._audience.on_trouble()


def boot_ms() -> int:
    """Monotonic milliseconds, the same as the clock port's."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


_shared: list[Loop] = []
_shared_lock = threading.Lock()


def shared_loop() -> Loop:
    """The one loop of this process, made when it is first asked for."""
    with _shared_lock:
        if not _shared:
            keep_freed_memory()
            _shared.append(Loop())
        return _shared[0]
