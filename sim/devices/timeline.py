"""Virtual time: what is to happen, in order, and a clock that jumps from one to the next."""

import heapq

from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Timeline:
    """Everything that will happen in one simulated world, earliest first.

    Two things due in the same millisecond happen in the order in which they were planned. It has
    `now_ms` like a `Clock` and never restarts: the true time of the world.
    """

    __slots__ = ("_acts", "_now_ms", "_queue", "_token", "act_count")

    def __init__(self) -> None:
        self._now_ms = 0
        self._token = 0
        self._queue: list[tuple[int, int]] = []
        self._acts: dict[int, Callable[[], None]] = {}
        self.act_count = 0

    def now_ms(self) -> int:
        """Milliseconds since the world began."""
        return self._now_ms

    def at(self, when_ms: int, act: "Callable[[], None]") -> int:
        """Plan an act.

        Args:
            when_ms: when; a time that has passed means as soon as time moves on.
            act: called without arguments at that time.

        Returns:
            a token for `cancel`.
        """
        self._token += 1
        self._acts[self._token] = act
        heapq.heappush(self._queue, (max(when_ms, self._now_ms), self._token))
        return self._token

    def after(self, delay_ms: int, act: "Callable[[], None]") -> int:
        """Plan an act in `delay_ms` from now; returns a token for `cancel`."""
        return self.at(self._now_ms + delay_ms, act)

    def cancel(self, token: int) -> None:
        """Forget a planned act; one that has happened is no error."""
        self._acts.pop(token, None)

    def next_ms(self) -> "int | None":
        """When the next act is due; None when nothing is planned."""
        while self._queue and self._queue[0][1] not in self._acts:
            heapq.heappop(self._queue)
        return self._queue[0][0] if self._queue else None

    def run_next(self) -> bool:
        """Go to the next act and do it; False when nothing is planned."""
        due_ms = self.next_ms()
        if due_ms is None:
            return False
        _, token = heapq.heappop(self._queue)
        self._now_ms = due_ms
        act = self._acts.pop(token)
        self.act_count += 1
        act()
        return True

    def run_until(self, until_ms: int) -> None:
        """Do everything due up to `until_ms`, then stand there."""
        while True:
            due_ms = self.next_ms()
            if due_ms is None or due_ms > until_ms:
                break
            self.run_next()
        self._now_ms = max(self._now_ms, until_ms)
