"""Guests act only while the page of the operator beside them is open (C67).

The operator's page says every second that it is there, and says goodbye when it is closed. From
then on a guest's acts are refused and what they moved is stopped and let go; when the page does
not come back within a few seconds, their session ends. A stop is never refused.
"""

import asyncio
from collections.abc import Callable

from firmware.commands.acts import STOP
from host_tools.cmc.controls import Controls, Outcome, refusal
from host_tools.cmc.operator import Desk, Operator

UNATTENDED, CLAUSE = "desk.unattended", "C67"
LOOK_EVERY_S = 0.1


class Attendance:
    """Watches over the guests of a desk.

    Args:
        desk: who sits there.
        controls: stops what a guest moved.
        now_ms: monotonic.
    """

    def __init__(self, desk: Desk, controls: Controls, now_ms: Callable[[], int]) -> None:
        self._desk = desk
        self._controls = controls
        self._now_ms = now_ms
        self._tasks: set[asyncio.Task[None]] = set()
        self._watch: asyncio.Task[None] | None = None
        self.refused_count = 0
        self.ended_count = 0
        """Sessions of guests that ended because nobody sat beside them any more."""

    def here(self, token: str) -> dict[str, object] | None:
        """Hear from an open page; returns what it shows of guests, or None without a session."""
        self._desk.see(token, self._now_ms())
        operator = self._desk.find(token)
        if operator is None:
            return None
        if self._desk.guests() and (self._watch is None or self._watch.done()):
            self._watch = asyncio.get_running_loop().create_task(self._look())
        return {
            "guests": [guest.person for guest in self._desk.guests(token)],
            "lost": self._desk.lost(token),
            "host": operator.host,
            "is_attended": self._desk.is_attended(operator, self._now_ms()),
        }

    def away(self, token: str) -> None:
        """Hear that a page was closed."""
        self._desk.miss(token, self._now_ms())

    def check(self, operator: Operator, act: str) -> Outcome | None:
        """Say why somebody may not act now; None when they may."""
        if act == STOP or self._desk.is_attended(operator, self._now_ms()):
            return None
        self.refused_count += 1
        remedy = f"{operator.host} is not at the page; wait for them to come back to it"
        return {**refusal(UNATTENDED, remedy), "clause": CLAUSE}

    def let_go(self, gone: list[Operator]) -> None:
        """Begin to stop and release what those moved who have no session any more."""
        for one in gone:
            task = asyncio.get_running_loop().create_task(self._controls.let_go(one))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _look(self) -> None:
        """Stop guests whose operator is away, once each time, and end their sessions later."""
        stopped: set[str] = set()
        while guests := self._desk.guests():
            now_ms = self._now_ms()
            away = [one for one in guests if not self._desk.is_attended(one, now_ms)]
            self.let_go([one for one in away if one.token not in stopped])
            stopped = {one.token for one in away}
            gone = self._desk.end_unattended(now_ms)
            self.ended_count += len(gone)
            await asyncio.sleep(LOOK_EVERY_S)
