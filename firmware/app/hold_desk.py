"""Holding footage back from being overwritten, and letting it go: acts of a command.

A unit that never holds anything never loads what does it.
"""

from hal.api._typing import TYPE_CHECKING
from hal.api.clock import UTC_SYNCED

if TYPE_CHECKING:
    from firmware.app.medium import Medium
    from firmware.buffers import EventQueue
    from firmware.commands.message import Argument, Command
    from firmware.commands.service import CommandService
    from firmware.recorder.keeper import Keeper
    from firmware.ring.recovery import Recovered
    from hal.api.board import Board

    Outcome = tuple[str, dict[str, Argument]]

NO_RING = "ring.absent"
STEP_EVERY_MS = 1_000


class HoldDesk:
    """Stands between commands, the keeper of holds, and the ring's medium.

    Args:
        board: its ring, cipher and clock are used.
        cap_permille: most that holds may take of a stream's part of the ring.
        events: where to tell what was held and let go.
    """

    __slots__ = (
        "_board",
        "_cap_permille",
        "_codes",
        "_events",
        "_index_key",
        "_keeper",
        "_numbers",
        "_recovered",
        "_step_ms",
    )

    def __init__(self, board: "Board", cap_permille: int, events: "EventQueue") -> None:
        self._board = board
        self._cap_permille = cap_permille
        self._events = events
        self._recovered: Recovered | None = None
        self._index_key = b""
        self._keeper: Keeper | None = None
        self._numbers: list[int] = []
        self._codes = ""
        self._step_ms = 0

    def register(self, commands: "CommandService") -> None:
        """Tell the command service what does each act."""
        commands.register("ring.hold", self._hold)
        commands.register("ring.release", self._release)

    def begin(self, recovered: "Recovered", index_key: bytes) -> None:
        """Take a ring that was recovered, with the key of its notes."""
        self._recovered = recovered
        self._index_key = index_key
        if recovered.layout.holds:
            self._make()

    def take(self, number: int, code: str, now_ms: int) -> bool:
        """Take one completion of the ring's medium; false when it is none of ours."""
        if number not in self._numbers or self._keeper is None:
            return False
        self._numbers.remove(number)
        self._codes = self._codes or code
        if not self._numbers:
            self._keeper.on_written(not self._codes, now_ms)
            kept = len(self._keeper.numbers())
            self._events.emit("ring.holds", now_ms, {"kept": kept, "code": self._codes})
        return True

    def step(self, medium: "Medium", now_ms: int) -> None:
        """End what is over, and write what changed."""
        keeper = self._keeper
        if keeper is None or self._numbers or now_ms < self._step_ms:
            return
        self._step_ms = now_ms + STEP_EVERY_MS
        clock = self._board.clock
        plan = keeper.step(clock.utc_ms(), clock.utc_quality(), now_ms)
        if plan:
            self._codes = ""
            self._numbers = medium.submit(plan)

    def _make(self) -> "Keeper | None":
        if self._keeper is None and self._recovered is not None:
            from firmware.recorder.keeper import Keeper  # noqa: PLC0415 - few units hold anything

            self._keeper = Keeper(
                self._board.cipher,
                self._board.ring.read,
                self._recovered,
                self._index_key,
                self._cap_permille,
            )
        return self._keeper

    def _hold(self, command: "Command", _now_ms: int) -> "Outcome":
        keeper = self._make()
        if keeper is None:
            return _no_ring()
        clock = self._board.clock
        # The CMC's clock is as good: its word is sealed, fresh and used once.
        is_trusted = clock.utc_quality() >= UTC_SYNCED
        utc_ms = clock.utc_ms() if is_trusted else command.issued_utc_ms
        stream = "%s/%s" % (command.text("camera"), command.text("kind"))
        from_utc_ms, to_utc_ms = command.number("from_utc_ms"), command.number("to_utc_ms")
        self._step_ms = 0
        return keeper.hold(stream, from_utc_ms, to_utc_ms, utc_ms)

    def _release(self, command: "Command", _now_ms: int) -> "Outcome":
        keeper = self._make()
        if keeper is None:
            return _no_ring()
        self._step_ms = 0
        return keeper.release(command.number("hold"))


def _no_ring() -> "Outcome":
    return NO_RING, {"remedy": "the unit has no ring now; see to its medium"}
