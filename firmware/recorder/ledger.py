"""The continuity ledger of one stream: every moment is recorded, or missing for a cause.

Moments are judged in monotonic time, in order and once. One is recorded when a barrier is behind
it; missing when nothing that is still in memory could turn out to hold it. Judged moments are
put on the UTC days by the wall clock as it is when they are judged; while there is no time they
wait, and are put there when time comes.

                judged                pending             now
    ... recorded | privacy | recorded |  in memory        |
                                      ^ until_ms          blames tell why, should it be missing
"""

from firmware.recorder.causes import CERTAIN, CLOCK, DISK, POWER, RECORDED
from firmware.recorder.days import DAY_MS, Days
from hal.api._typing import TYPE_CHECKING
from hal.api.clock import UTC_NONE, UTC_SYNCED

if TYPE_CHECKING:
    from collections.abc import Sequence

    Span = tuple[int, int, bool]

RUN_GAP_MS = 5_000  # two units of one run are at most so far apart
LATE_MS = 1_000  # a unit can be so old when the ring first hears of it
SLEW_MS = 2_000  # a wall clock may be mended by so much without a word
REBASE_MS = 3_600_000  # one that goes back by more was wrong before
LEAP_MS = 31 * DAY_MS  # and one that nobody vouches for is not believed to leap further
BLAME_COUNT_MAX = 64
WAITING_COUNT_MAX = 128


class WallClock:
    """How monotonic time and UTC lie to each other now.

    Attributes:
        offset_ms: add to a monotonic time for its UTC.
        quality: of that.
    """

    __slots__ = ("offset_ms", "quality")

    def __init__(self) -> None:
        self.offset_ms = 0
        self.quality = UTC_NONE

    def set(self, utc_ms: int, quality: int, now_ms: int) -> None:
        """Tell both clocks at one moment."""
        self.offset_ms = utc_ms - now_ms
        self.quality = quality


class StreamLedger:
    """Accounts for one stream.

    Args:
        wall: shared by all streams.
        now_ms: when this boot's account begins; what is before it is the last boot's, or power.
    """

    __slots__ = (
        "_blames",
        "_is_first",
        "_run_ms",
        "_waiting",
        "_wall",
        "days",
        "generation",
        "merged_count",
        "until_ms",
    )

    def __init__(self, wall: WallClock, now_ms: int) -> None:
        self._wall = wall
        self._blames: list[tuple[int, int]] = []
        self._waiting: list[tuple[int, int, int]] = []  # from, until, cause, without a time yet
        self._run_ms = -1  # where the last recorded span ended
        self._is_first = True  # nothing of this boot is on the days yet
        self.days = Days()
        self.generation = 0
        """That the stream's partition would open next."""
        self.until_ms = now_ms
        """Monotonic time up to which everything is judged."""
        self.merged_count = 0
        """How often causes had to be put together for want of room."""

    def blame(self, cause: int, now_ms: int, last_unit_ms: int) -> None:
        """Tell why a moment from now on would be missing.

        Args:
            cause: index into CAUSES.
            now_ms: now.
            last_unit_ms: when the newest unit was received; a cause that ends a run of them
                explains the time since.
        """
        blames = self._blames
        if blames and blames[-1][1] == cause:
            return
        since_ms = now_ms
        if cause in CERTAIN and 0 <= now_ms - last_unit_ms <= RUN_GAP_MS:
            since_ms = last_unit_ms
        elif cause == DISK:
            since_ms = self.until_ms  # what still waits for the medium is missing for its sake
        judged_ms = self.until_ms
        since_ms = max(since_ms, blames[-1][0]) if blames else min(since_ms, judged_ms)
        blames.append((since_ms, cause))
        if len(blames) > BLAME_COUNT_MAX:
            self.merged_count += 1
            del blames[1]

    def step(self, spans: "Sequence[Span]", pending_ms: int, now_ms: int) -> None:
        """Judge what can be judged by now.

        Args:
            spans: (from, until, is cut off from the span before) that a barrier is behind now, in
                order.
            pending_ms: the oldest moment that is only in memory; `now_ms` where there is none.
            now_ms: now.
        """
        for from_ms, until_ms, is_cut in spans:
            is_run = self._run_ms >= 0 and from_ms - self._run_ms <= RUN_GAP_MS
            if is_cut or not is_run:
                self._miss(from_ms)
            self._judge(until_ms, RECORDED)
            self._run_ms = until_ms
        horizon_ms = now_ms - RUN_GAP_MS - LATE_MS
        if self._blames and self._blames[-1][1] in CERTAIN:
            # What was to come of the time before is in memory, and so counts as pending.
            horizon_ms = now_ms
        self._miss(min(horizon_ms, pending_ms))
        self._place_waiting()

    def close(self, now_ms: int) -> None:
        """Judge all there is up to now: nothing will come any more."""
        self._miss(now_ms)
        self._place_waiting()

    def _miss(self, until_ms: int) -> None:
        """Give the time up to a moment to the blames that held."""
        blames = self._blames
        while blames and self.until_ms < until_ms:
            end_ms = blames[1][0] if len(blames) > 1 else until_ms
            self._judge(min(end_ms, until_ms), blames[0][1])
            if len(blames) > 1 and end_ms <= self.until_ms:
                del blames[0]
        while len(blames) > 1 and blames[1][0] <= self.until_ms:
            del blames[0]

    def _judge(self, until_ms: int, cause: int) -> None:
        """Settle the time from the last judged moment to another."""
        if until_ms <= self.until_ms:
            return
        waiting = self._waiting
        if waiting and waiting[-1][2] == cause:
            waiting[-1] = (waiting[-1][0], until_ms, cause)
        else:
            waiting.append((self.until_ms, until_ms, cause))
        if len(waiting) > WAITING_COUNT_MAX:
            self._merge()
        self.until_ms = until_ms

    def _merge(self) -> None:
        """Put the shortest neighbours together; the longer one's cause stands for both."""
        self.merged_count += 1
        waiting = self._waiting
        sizes = [(waiting[at + 1][1] - waiting[at][0], at) for at in range(len(waiting) - 1)]
        at = min(sizes)[1]
        one, other = waiting[at], waiting[at + 1]
        is_first = one[1] - one[0] >= other[1] - other[0]
        waiting[at] = (one[0], other[1], one[2] if is_first else other[2])
        del waiting[at + 1]

    def _place_waiting(self) -> None:
        """Put judged time on the days, when the wall clock can be believed."""
        if not self._waiting or not self._is_believed():
            return
        offset_ms = self._wall.offset_ms
        for from_ms, until_ms, cause in self._waiting:
            self._place(from_ms + offset_ms, until_ms + offset_ms, cause)
        self._waiting = []

    def _place(self, from_ms: int, until_ms: int, cause: int) -> None:
        """Put one judged span on the days; what the clock leapt over is filled in."""
        days = self.days
        gap_ms = from_ms - days.frontier_ms
        if days.frontier_ms and self._is_first:
            days.fill(from_ms, POWER, self.generation)
        elif days.frontier_ms and gap_ms > SLEW_MS:
            days.fill(from_ms, CLOCK, self.generation)
        elif gap_ms < -SLEW_MS:
            days.dropped_ms += min(until_ms, days.frontier_ms) - from_ms
        if not days.frontier_ms:
            days.fill(from_ms, POWER, self.generation)
        days.fill(until_ms, cause, self.generation)
        self._is_first = False

    def _is_believed(self) -> bool:
        """Tell whether time can be put on the days by the wall clock; mends the days first."""
        wall, days = self._wall, self.days
        if wall.quality == UTC_NONE:
            return False
        leap_ms = self._waiting[0][0] + wall.offset_ms - days.frontier_ms
        if not days.frontier_ms or -REBASE_MS <= leap_ms <= LEAP_MS:
            return True
        if wall.quality < UTC_SYNCED:
            return False
        days.rebase(self._waiting[0][0] + wall.offset_ms)
        return True
