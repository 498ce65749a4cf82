"""Time from the ticks of the board, unwrapped, and the wall clock of its host."""

import time

from hal.api._typing import TYPE_CHECKING
from hal.api.clock import UTC_KEPT, UTC_NONE, UTC_SYNCED

if TYPE_CHECKING:
    from collections.abc import Callable

UTC_OLDEST_MS = 1_735_689_600_000  # 2025-01-01: a clock before it was never set
SYNCED_DOUBT_MS = 500


class TickClock:
    """A `hal.api.clock.Clock` over a tick counter that wraps.

    Ticks are looked at in every turn, many times in each half period, so a wrap is never missed.

    Args:
        is_synced: the host's clock is disciplined by a time service that somebody watches.
    """

    def __init__(self, is_synced: bool = False) -> None:
        self._is_synced = is_synced
        self._ticks_ms, self._ticks_diff = _ticks()
        self._seen_ticks = self._ticks_ms()
        self._now_ms = 0

    def now_ms(self) -> int:
        """Monotonic milliseconds since this object was made."""
        ticks = self._ticks_ms()
        passed_ms = self._ticks_diff(ticks, self._seen_ticks)
        if passed_ms > 0:
            self._now_ms += passed_ms
            self._seen_ticks = ticks
        return self._now_ms

    def utc_ms(self) -> int:
        """Wall clock, milliseconds since 1970-01-01 UTC; 0 where nobody set it."""
        utc_ms = time.time_ns() // 1_000_000
        return utc_ms if utc_ms >= UTC_OLDEST_MS else 0

    def utc_quality(self) -> int:
        """How far `utc_ms` can be trusted; never above UTC_SYNCED here."""
        if not self.utc_ms():
            return UTC_NONE
        return UTC_SYNCED if self._is_synced else UTC_KEPT

    def utc_doubt_ms(self) -> int:
        """Half width, milliseconds, of the interval that holds true time."""
        return SYNCED_DOUBT_MS


def _ticks() -> "tuple[Callable[[], int], Callable[[int, int], int]]":
    """Pick the tick counter of this interpreter and the difference that knows its wrap."""
    if hasattr(time, "ticks_ms"):
        return time.ticks_ms, time.ticks_diff
    return (lambda: time.monotonic_ns() // 1_000_000), (lambda end, start: end - start)
