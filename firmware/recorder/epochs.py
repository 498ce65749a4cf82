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

    __slots__ = ("_chains",)

    def __init__(self) -> None:
        self._chains: dict[str, tuple[KeySource | None, int, int]] = {}

    def set(self, chain: str, source: "KeySource | None", now_ms: int) -> None:
        """Give a chain its current epoch; None takes the chain away."""
        self._chains[chain] = (source, source.epoch if source is not None else -1, now_ms)

    def get(self, chain: str) -> "tuple[KeySource | None, int]":
        """Give what derives the keys of a chain, and the epoch of what is captured now.

        Returns:
            (None, -1) where there is no key.
        """
        return self._chains.get(chain, (None, -1, 0))[:2]

    def turned(self) -> "list[str]":
        """List the chains that have stepped and were not set since."""
        return [
            chain
            for chain, (source, epoch, _) in self._chains.items()
            if source is not None and source.epoch != epoch
        ]

    def is_over(self, key: "Key", now_ms: int) -> bool:
        """Tell whether the epoch of (chain, epoch), if it names one, and its grace are over."""
        _, epoch, turned_ms = self._chains.get(key[0], (None, key[1], 0))
        return key[1] >= 0 and key[1] != epoch and now_ms - turned_ms > GRACE_MS
