"""Which record lies in which slot, in the order of their keys, in a few bytes each."""


class Waiting:
    """The outbox's index: parallel lists of small integers, sorted by (boot, sequence)."""

    __slots__ = ("_boots", "_codes", "_sequences", "_slots")

    def __init__(self) -> None:
        self._boots: list[int] = []
        self._sequences: list[int] = []
        self._slots: list[int] = []
        self._codes: list[int] = []

    def __len__(self) -> int:
        """How many records wait."""
        return len(self._slots)

    def append(self, key: "tuple[int, int]", slot: int, code: int) -> None:
        """Add a record behind the last; its key must be above all others."""
        assert not self._slots or key > self.key(len(self) - 1), key
        self._boots.append(key[0])
        self._sequences.append(key[1])
        self._slots.append(slot)
        self._codes.append(code)

    def key(self, position: int) -> "tuple[int, int]":
        """The (boot, sequence) at a position, 0 for the oldest."""
        return self._boots[position], self._sequences[position]

    def slot(self, position: int) -> int:
        """The slot at a position."""
        return self._slots[position]

    def code(self, position: int) -> int:
        """The event code at a position."""
        return self._codes[position]

    def position_after(self, key: "tuple[int, int]") -> int:
        """How many records have a key up to and including this one."""
        low, high = 0, len(self)
        while low < high:
            middle = (low + high) // 2
            if self.key(middle) <= key:
                low = middle + 1
            else:
                high = middle
        return low

    def remove(self, positions: "list[int]") -> None:
        """Take records out; positions rising."""
        if not positions:
            return
        if positions[-1] == len(positions) - 1:
            self._remove_first(len(positions))
            return
        gone = set(positions)
        kept = [position for position in range(len(self)) if position not in gone]
        self._boots = [self._boots[position] for position in kept]
        self._sequences = [self._sequences[position] for position in kept]
        self._slots = [self._slots[position] for position in kept]
        self._codes = [self._codes[position] for position in kept]

    def _remove_first(self, count: int) -> None:
        self._boots = self._boots[count:]
        self._sequences = self._sequences[count:]
        self._slots = self._slots[count:]
        self._codes = self._codes[count:]
