"""Waiting on Linux: one poll over an eventfd and the descriptors that ports register."""

import contextlib
import os
import select
import threading


class Wake:
    """Sleeps in one `poll`; threads end the sleep by `notify`, ports by their descriptors."""

    def __init__(self) -> None:
        self._event_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._lock = threading.Lock()
        self._is_told = False  # the eventfd is set already
        self._poller = select.poll()
        self._poller.register(self._event_fd, select.POLLIN)

    def notify(self) -> None:
        """End the current sleep, or the next one at once; any thread may call it."""
        if self._is_told:
            return
        self._is_told = True
        # the lock, because a descriptor that was closed meanwhile may be somebody else's by now
        with self._lock, contextlib.suppress(BlockingIOError):
            if self._event_fd >= 0:
                os.eventfd_write(self._event_fd, 1)

    def register(self, fd: int) -> None:
        """Wake when this descriptor can be read."""
        self._poller.register(fd, select.POLLIN)

    def unregister(self, fd: int) -> None:
        """Forget a descriptor; call it before closing one. Unknown ones are no matter."""
        with contextlib.suppress(KeyError):
            self._poller.unregister(fd)

    def wait(self, timeout_ms: int) -> None:
        """Sleep at most `timeout_ms` (0 or more; 0 only looks)."""
        self._poller.poll(max(0, timeout_ms))
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self._event_fd)
        # only now: who finds it set still is told of by this return, before anything is looked at
        self._is_told = False

    def close(self) -> None:
        """Let go of the eventfd; the last thing a unit does."""
        with self._lock:
            if self._event_fd >= 0:
                self._poller.unregister(self._event_fd)
                os.close(self._event_fd)
                self._event_fd = -1
