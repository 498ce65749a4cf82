"""Which barrier stands behind which records: a record counts only when its barrier is done."""

from firmware.ring.layout import BARRIER
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.ring.layout import Step

    Covered = dict[str, int]

DONE = "done"
FAILED = "failed"
NOTHING = ""
EVERY_MS = 1000
HALF_MS = 500  # for streams that wait for a barrier to go on in their next segment
SLACK_MS = 60  # so that a barrier falls behind the sources' bringing something, not just before
POLL_EVERY_MS = 100
RETRY_MS_MIN = 1000
RETRY_MS_MAX = 30_000


class Commits:
    """Follows the barriers that were planned until they complete.

    A failed write or barrier puts everything since the last good barrier in doubt: `fail` forgets
    all that is in flight, and later completions of it are ignored.
    """

    __slots__ = (
        "_ignored_token",
        "_in_flight",
        "_newest_token",
        "_planned",
        "_retry_ms",
        "barrier_ms",
        "covered",
        "retry_at_ms",
    )

    def __init__(self) -> None:
        self._planned: list[Covered] = []
        self._in_flight: list[tuple[int, Covered, int]] = []
        self._newest_token = 0
        self._ignored_token = 0
        self._retry_ms = 0
        self.barrier_ms = -EVERY_MS
        """When the newest barrier was planned."""
        self.retry_at_ms = 0
        """When the medium may be tried again after a failure."""
        self.covered: Covered = {}
        """The next sequence of each stream at the barrier told last as DONE."""

    def is_due(self, now_ms: int, every_ms: int) -> bool:
        """Tell whether a barrier may follow the newest one, which was so long ago and is done."""
        return not self._in_flight and now_ms - self.barrier_ms + SLACK_MS >= every_ms

    def due_ms(self, now_ms: int, is_idle: bool, is_held_up: bool) -> int:
        """When the recorder is to be asked again, so that the next barrier comes in time."""
        if self._in_flight:
            return now_ms + POLL_EVERY_MS
        if is_idle:
            return now_ms + EVERY_MS
        every_ms = HALF_MS if is_held_up else EVERY_MS
        return max(now_ms + 1, self.barrier_ms + every_ms + SLACK_MS)

    def plan(self, covered: "Covered", now_ms: int) -> None:
        """A barrier was planned behind these sequences, stream by stream."""
        self._planned.append(covered)
        self.barrier_ms = now_ms

    def on_submitted(self, plan: "list[Step]", tokens: "list[int]", now_ms: int) -> bool:
        """Take the tokens of a plan; false when there are too few (then call `fail`)."""
        planned = self._planned
        self._planned = []
        for at in range(min(len(plan), len(tokens))):
            self._newest_token = tokens[at]
            if plan[at] is BARRIER:
                self._in_flight.append((tokens[at], planned.pop(0), now_ms))
        return len(tokens) >= len(plan)

    def on_completion(self, token: int, code: str) -> str:
        """Take a completion; returns DONE, FAILED or NOTHING."""
        if token <= self._ignored_token:
            return NOTHING
        if code:
            return FAILED
        if not self._in_flight or self._in_flight[0][0] != token:
            return NOTHING
        self.covered = self._in_flight.pop(0)[1]
        self._retry_ms = 0
        return DONE

    def fail(self, now_ms: int) -> None:
        """Forget all that is in flight; the first retry is at once, then 1 s doubling to 30 s."""
        self.retry_at_ms = now_ms + self._retry_ms
        self._retry_ms = min(RETRY_MS_MAX, max(RETRY_MS_MIN, self._retry_ms * 2))
        self._ignored_token = self._newest_token
        self._in_flight = []
        self._planned = []

    def age_ms(self, now_ms: int) -> int:
        """How long the oldest barrier has been in flight; -1 when none is."""
        return now_ms - self._in_flight[0][2] if self._in_flight else -1
