"""Refuses a command that was accepted before, across restarts, and never waits for the medium.

A high-water mark is stored ahead of use: every sequence up to it may be accepted from RAM alone,
and after a start everything up to the stored mark is refused. So a restart skips at most the rest
of a window, and the CMC learns where to go on from `floor()` in the birth and the heartbeat.
"""

REPLAYED = "command.replayed"
UNSTORED = "command.unstored"
FAR_AHEAD = "command.far_ahead"
SEQUENCE_JUMP_MAX = 1 << 32  # one mistaken number must not use up all that are left


class ReplayGuard:
    """Accepts each sequence once, rising.

    Args:
        reserved: the high-water mark that the last boot made durable; 0 in a new unit.
        window: how many sequences to reserve at a time, 2 or more.
    """

    __slots__ = (
        "_asked",
        "_highest",
        "_reserved",
        "_seen",
        "_window",
        "far_ahead_count",
        "replayed_count",
        "unstored_count",
    )

    def __init__(self, reserved: int, window: int = 64) -> None:
        assert window > 1
        self._highest = reserved
        self._reserved = reserved
        self._asked = reserved
        self._seen = reserved
        self._window = window
        self.far_ahead_count = 0
        self.replayed_count = 0
        self.unstored_count = 0

    def check(self, sequence: int) -> str:
        """Tell whether a sequence may be accepted now; ask only about authentic messages.

        One above the durable mark makes `wants_reserve` ask for a mark above it, so that a CMC
        that is far ahead of a unit whose state was lost gets through when it tries again.

        Returns:
            "" when it may, "command.replayed" when it is not above all accepted before,
            "command.far_ahead" when it is more than 2**32 above them, or "command.unstored" when
            it is above the durable high-water mark.
        """
        if sequence <= self._highest:
            self.replayed_count += 1
            return REPLAYED
        if sequence > self._highest + SEQUENCE_JUMP_MAX:
            self.far_ahead_count += 1
            return FAR_AHEAD
        if sequence > self._reserved:
            self._seen = max(self._seen, sequence)
            self.unstored_count += 1
            return UNSTORED
        return ""

    def accept(self, sequence: int) -> None:
        """Take a sequence that is not replayed; it and all below are refused from now on.

        A stop may be taken although it is "command.unstored": it must not wait for the medium, and
        a stop that is replayed after a restart only stops.
        """
        assert sequence > self._highest
        self._highest = sequence
        self._seen = max(self._seen, sequence)

    def wants_reserve(self) -> int:
        """Tell the high-water mark to store now; 0 while there is no need.

        It is asked for when half a window is left, and told once: the caller stores it, and calls
        `reserved` when it is durable or `failed` when it is not.
        """
        if self._asked > self._reserved or self._reserved - self._seen > self._window // 2:
            return 0
        self._asked = self._seen + self._window
        return self._asked

    def reserved(self, high_water: int) -> None:
        """Learn that a high-water mark would survive a power cut."""
        self._reserved = max(self._reserved, min(high_water, self._asked))

    def failed(self) -> None:
        """Learn that the mark asked for was not stored; `wants_reserve` will ask again."""
        self._asked = self._reserved

    def floor(self) -> int:
        """Lowest sequence that is not a replay; the CMC goes on from here or above."""
        return self._highest + 1
