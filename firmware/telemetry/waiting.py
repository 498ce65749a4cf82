"""Which record lies in which slot, in the order of their keys, in a few bytes each."""

COMPACT_COUNT = 64


class Waiting:
    """The outbox's index: parallel lists of small integers, sorted by (boot, sequence)."""

    __slots__ = ("_boots", "_codes", "_first", "_sequences", "_slots")

    def __init__(self) -> None:
        self._first = 0  # what lies before has left; cut off now and then, not each time
        self._boots: list[int] = []
        self._sequences: list[int] = []
        self._slots: list[int] = []
        self._codes: list[int] = []

    def __len__(self) -> int:
        """How many records wait."""
        return len(self._slots) - self._first

    def append(self, key: "tuple[int, int]", slot: int, code: int) -> None:
        """Add a record behind the last; its key must be above all others."""
        assert not len(self) or key > self.key(len(self) - 1), key
        self._boots.append(key[0])
        self._sequences.append(key[1])
        self._slots.append(slot)
        self._codes.append(code)

    def key(self, position: int) -> "tuple[int, int]":
        """The (boot, sequence) at a position, 0 for the oldest."""
        at = self._first + position
        return self._boots[at], self._sequences[at]

    def slot(self, position: int) -> int:
        """The slot at a position."""
        return self._slots[self._first + position]

    def code(self, position: int) -> int:
        """The event code at a position."""
        return self._codes[self._first + position]

    def position_after(self, key: "tuple[int, int]") -> int:
        """How many records have a key up to and including this one."""
        # What was sent is a few records at the head, so the head is asked first.
        if not len(self) or key < self.key(0):
            return 0
        low, high = 1, len(self)
        while low < high:
            middle = (low + high) // 2
            if self.key(middle) <= key:
                low = middle + 1
            else:
                high = middle
        return low

    def remove(self, positions: "list[int]") -> None:
        """Take records out; positions rising, each once."""
        if positions and positions[-1] == len(positions) - 1:
            self._first += len(positions)
            if self._first >= COMPACT_COUNT and self._first * 2 >= len(self._slots):
                self._keep(range(self._first, len(self._slots)))
        elif positions:
            gone = {self._first + position for position in positions}
            self._keep([at for at in range(self._first, len(self._slots)) if at not in gone])

    def _keep(self, kept: "list[int] | range") -> None:
        self._boots = [self._boots[at] for at in kept]
        self._sequences = [self._sequences[at] for at in kept]
        self._slots = [self._slots[at] for at in kept]
        self._codes = [self._codes[at] for at in kept]
        self._first = 0
