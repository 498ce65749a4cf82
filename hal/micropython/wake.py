"""Sleeping until a descriptor of this board has something."""

import select
import time

from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hal.api.clock import Clock

SLEEP_MS_MAX = 50  # a picture is a file: nothing tells when it was replaced


class PollWake:
    """A `hal.api.wake.Wake` over select.poll.

    Args:
        clock: tells when a sleep is over.
        watched: ports with `wake_on() -> (file or socket, events) | None`: lines and the link.
        instant: ports with `is_due() -> bool`: media whose completions are there at once.
    """

    def __init__(self, clock: "Clock", watched: "list[object]", instant: "list[object]") -> None:
        self._clock = clock
        self._watched = watched
        self._instant = instant

    def wait(self, timeout_ms: int) -> None:
        """Sleep at most `timeout_ms`, and never longer than 50 ms."""
        for port in self._instant:
            if port.is_due():
                return
        poller = select.poll()
        is_watching = False
        for port in self._watched:
            wanted = port.wake_on()
            if wanted is not None:
                poller.register(wanted[0], wanted[1])
                is_watching = True
        sleep_ms = max(0, min(timeout_ms, SLEEP_MS_MAX))
        if is_watching:
            poller.poll(sleep_ms)
        else:
            time.sleep(sleep_ms / 1000)
