"""Which epoch every key chain is in, and since when.

What was captured in an epoch that is over may be in memory for a short grace only: should the
medium never take it, it could be read there for as long as the unit runs.
"""

from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.ring.writer import KeySource

    Key = tuple[str, int]

GRACE_MS = 60_000  # for the barriers of a slow medium, and one more attempt on a failing one


class Epochs:
    """The chains that the recorder seals with."""

    __slots__ = ("_chains", "_turned_ms")

    def __init__(self) -> None:
        self._chains: dict[str, tuple[KeySource, int]] = {}
        self._turned_ms: dict[str, int] = {}

    def set(self, chain: str, source: "KeySource | None", now_ms: int) -> None:
        """Give a chain its current epoch; None takes the chain away."""
        self._turned_ms[chain] = now_ms
        if source is None:
            self._chains.pop(chain, None)
        else:
            self._chains[chain] = (source, source.epoch)

    def has(self, chain: str) -> bool:
        """Tell whether there is a key for what is captured now."""
        return chain in self._chains

    def source(self, chain: str) -> "KeySource | None":
        """Give what derives the keys of a chain."""
        return self._chains[chain][0] if chain in self._chains else None

    def number(self, chain: str) -> int:
        """Tell the epoch of what is captured now; -1 where there is no key."""
        return self._chains[chain][1] if chain in self._chains else -1

    def turned(self) -> "list[tuple[str, KeySource]]":
        """List the chains that have stepped and were not set since."""
        return [
            (chain, source)
            for chain, (source, epoch) in self._chains.items()
            if source.epoch != epoch
        ]

    def is_over(self, key: "Key", now_ms: int) -> bool:
        """Tell whether the epoch of (chain, epoch) and its grace are over."""
        chain, epoch = key
        if epoch == self.number(chain):
            return False
        return now_ms - self._turned_ms.get(chain, now_ms) > GRACE_MS
