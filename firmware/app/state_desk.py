"""The unit's small durable state: its boot number, and how far commands are reserved."""

from firmware.app.medium import Medium
from firmware.cose.replay import ReplayGuard
from firmware.state.pages import StatePages
from hal.api._typing import TYPE_CHECKING
from hal.api.errors import PortFailed

if TYPE_CHECKING:
    from hal.api.board import Board

BOOT, REPLAY, CRASH = "boot", "replay", "crash"
SETTLE_MS_MAX = 10_000
LATE_MS = 5_000
RETRY_MS = 1_000
REASON_MAX = 200


class StateDesk:
    """Reads the state at the start of a boot and keeps it written.

    Args:
        board: its state medium, clock and wake are used.
    """

    __slots__ = (
        "_board",
        "_is_both",
        "_medium",
        "_owed_ms",
        "_replay",
        "_retry_ms",
        "_stored_count",
        "boot",
        "crash_reason",
        "guard",
        "pages",
        "seen_failed_count",
    )

    def __init__(self, board: "Board") -> None:
        self._board = board
        self._medium = Medium(board.state)
        self._is_both = False
        self._replay = (0, 0)  # mark under way, revision that will hold it
        self._owed_ms = self._retry_ms = board.clock.now_ms()
        self._stored_count = 0
        self.pages = StatePages(board.state.read, board.state.size_bytes)
        stored_boot = self.pages.get(BOOT)
        stored_mark = self.pages.get(REPLAY)
        reason = self.pages.get(CRASH)
        self.boot = (stored_boot if isinstance(stored_boot, int) else 0) + 1
        self.guard = ReplayGuard(stored_mark if isinstance(stored_mark, int) else 0)
        self.crash_reason = reason if isinstance(reason, str) else ""
        """What ended the boot before this one; "" when it ended well."""
        self.seen_failed_count = 0
        self.pages.put(BOOT, self.boot)
        self.pages.put(CRASH, None if not self.crash_reason else "")

    def forget_old(self) -> None:
        """Rewrite both pages, so that a secret that was replaced stands in neither."""
        self._is_both = True

    def step(self) -> None:
        """Take completions, reserve sequences, and write what has changed.

        After a failure the next attempt waits a second, for the medium's sake.
        """
        now_ms = self._board.clock.now_ms()
        for number, code in self._medium.poll():
            self.pages.on_completion(number, code)
            if code:
                self._retry_ms = now_ms + RETRY_MS
        if self.pages.is_settled() or self.pages.stored_count > self._stored_count:
            self._stored_count = self.pages.stored_count
            self._owed_ms = now_ms
        self._reserve()
        if now_ms < self._retry_ms:
            return
        plan = self.pages.plan(both=self._is_both)
        if plan:
            self._is_both = False
            self.pages.on_submitted(self._medium.submit(plan))

    def is_late(self, now_ms: int) -> bool:
        """Tell whether what is to be kept has waited long for a write that holds."""
        return now_ms - self._owed_ms > LATE_MS

    def settle(self) -> None:
        """Wait until everything put so far is durable; for start-up and shutdown only.

        Raises:
            PortFailed: the medium does not take it.
        """
        clock = self._board.clock
        until_ms = clock.now_ms() + SETTLE_MS_MAX
        self.step()
        while not self.pages.is_settled():
            if clock.now_ms() >= until_ms or self.pages.failed_count > self.seen_failed_count:
                raise PortFailed(
                    "%s: the unit's state cannot be stored; check that the medium can be written "
                    "and has room" % self._board.state.name
                )
            self._board.wake.wait(5)
            self.step()

    def store_crash(self, reason: str) -> None:
        """Keep what ended this boot, for the next one to tell."""
        self.pages.put(CRASH, reason[:REASON_MAX])
        self.settle()

    def _reserve(self) -> None:
        """Move the high-water mark of command sequences through the medium."""
        mark, revision = self._replay
        if mark and self.pages.is_durable(revision):
            self.guard.reserved(mark)
            self._replay = (0, 0)
        if self.pages.failed_count > self.seen_failed_count:
            self.seen_failed_count = self.pages.failed_count
            self.guard.failed()
            self._replay = (0, 0)
        wanted = self.guard.wants_reserve()
        if wanted:
            self._replay = (wanted, self.pages.put(REPLAY, wanted))
