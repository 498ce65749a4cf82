"""Waiting in virtual time: the world goes on until a device has something or the time is over."""

from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from sim.devices.timeline import Timeline


class SimWake:
    """Runs the world while its unit sleeps.

    Args:
        timeline: the true time of the world.
    """

    def __init__(self, timeline: "Timeline") -> None:
        self._timeline = timeline
        self._is_poked = False
        self.listener: Callable[[], None] | None = None
        """Called at every poke; a world with many units runs the unit's turn from here."""

    def poke(self) -> None:
        """End the present wait, or the next; called by devices that have something."""
        self._is_poked = True
        if self.listener is not None:
            self.listener()

    def wait(self, timeout_ms: int) -> None:
        """Let the world go on for at most `timeout_ms`, or until a device pokes."""
        end_ms = self._timeline.now_ms() + timeout_ms
        while not self._is_poked:
            due_ms = self._timeline.next_ms()
            if due_ms is None or due_ms > end_ms:
                self._timeline.run_until(end_ms)
                break
            self._timeline.run_next()
        self._is_poked = False
