"""The dog in virtual time: it bites when nobody feeds it, and counts its bites."""

from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from sim.devices.timeline import Timeline

TIMEOUT_MS_MIN, TIMEOUT_MS_MAX = 1_000, 60_000


class SimWatchdog:
    """Resets its unit when it is not fed.

    Args:
        timeline: the true time of the world.
        on_bite: what a bite does, usually a restart of the unit; None only counts.
    """

    def __init__(self, timeline: "Timeline", on_bite: "Callable[[], None] | None" = None) -> None:
        self._timeline = timeline
        self._on_bite = on_bite
        self._timeout_ms = 0
        self._plan: int | None = None
        self._reason = "power"
        self.bite_count = 0
        self.feed_count = 0

    def arm(self, timeout_ms: int) -> None:
        """Start it; 1,000 to 60,000 ms; arming again changes the time alone."""
        assert TIMEOUT_MS_MIN <= timeout_ms <= TIMEOUT_MS_MAX, timeout_ms
        self._timeout_ms = timeout_ms
        self._plan_bite()

    def feed(self) -> None:
        """Keep it quiet for another timeout; before arming it does nothing."""
        self.feed_count += 1
        if self._timeout_ms:
            self._plan_bite()

    def reset_reason(self) -> str:
        """Why this boot happened."""
        return self._reason

    def restart(self, reason: str) -> None:
        """Tell the dog why the unit restarts; it sleeps until armed."""
        self._reason = reason
        self._timeout_ms = 0
        if self._plan is not None:
            self._timeline.cancel(self._plan)
            self._plan = None

    def _plan_bite(self) -> None:
        if self._plan is not None:
            self._timeline.cancel(self._plan)
        self._plan = self._timeline.after(self._timeout_ms, self._bite)

    def _bite(self) -> None:
        self._plan = None
        self.bite_count += 1
        self._reason = "watchdog"
        if self._on_bite is not None:
            self._on_bite()
