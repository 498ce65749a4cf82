"""Carries plans of writes to a medium, and their completions back to whoever made the plan."""

from hal.api._typing import TYPE_CHECKING
from hal.api.errors import PortError

if TYPE_CHECKING:
    from hal.api.blocks import Blocks
    from hal.api.clock import Clock
    from hal.api.wake import Wake

    Plan = list[tuple[str, int, bytes]]

WRITE = "write"
BARRIER = "barrier"


class Medium:
    """One medium with one owner.

    A plan is a list of ("write", offset_bytes, data) and ("barrier", 0, b""). Each gets a number,
    rising over the life of this object, and is told back by it once: when the medium has done it,
    has failed it, or did not take it. After an entry that was not taken the rest of its plan is
    not offered, so that no barrier can vouch for a write that never went out.
    """

    __slots__ = ("_blocks", "_lost", "_number", "_tokens", "failed_count")

    def __init__(self, blocks: "Blocks") -> None:
        self._blocks = blocks
        self._number = 0
        self._tokens: dict[int, int] = {}
        self._lost: list[tuple[int, str]] = []
        self.failed_count = 0

    def submit(self, plan: "Plan") -> "list[int]":
        """Offer a plan to the medium; returns the number of each entry, in order."""
        numbers: list[int] = []
        code = ""
        for act, offset_bytes, data in plan:
            self._number += 1
            numbers.append(self._number)
            if not code:
                try:
                    if act == WRITE:
                        token = self._blocks.submit_write(offset_bytes, data)
                    else:
                        token = self._blocks.submit_barrier()
                    self._tokens[token] = self._number
                except PortError as error:
                    code = error.code
            if code:
                self._lost.append((self._number, code))
        return numbers

    def poll(self) -> "list[tuple[int, str]]":
        """Tell which entries are over: (number, "" or the code of a port error)."""
        over = [
            (self._tokens.pop(token), code)
            for token, code in self._blocks.poll()
            if token in self._tokens
        ]
        if self._lost:
            over += self._lost
            self._lost = []
        for _, code in over:
            self.failed_count += code != ""
        return over

    def in_flight(self) -> int:
        """How many entries the medium still has to do."""
        return len(self._tokens)

    def settle(self, clock: "Clock", wake: "Wake", timeout_ms: int) -> "list[tuple[int, str]]":
        """Wait until nothing is in flight; for start-up and shutdown only.

        Args:
            clock: tells when the wait is over.
            wake: where the waiting is done.
            timeout_ms: longest wait, above 0.

        Returns:
            what is over by then, as `poll` tells it.
        """
        over = self.poll()
        until_ms = clock.now_ms() + timeout_ms
        while self._tokens and clock.now_ms() < until_ms:
            wake.wait(5)
            over += self.poll()
        return over
