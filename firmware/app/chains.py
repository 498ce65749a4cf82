"""The unit's key chains over time: what epoch it is, and that the old secrets are forgotten.

    state pages   "epochs"   {chain: {1: epoch, 2: R of the next boot, 3: S(epoch + 1), 4: boot}}
                  "anchor"   utc_ms of the keyholder at the last contact

What is stored opens nothing that this boot seals. Whoever makes the chains, or steps them, must
have both pages rewritten before anything is sealed, so that no older secret stands in either.
"""

from firmware.errors import DamagedError
from firmware.keys.epoch_clock import EpochClock
from firmware.keys.ratchet import EPOCH_MS, Ratchet, epoch_of, from_map
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.buffers import EventQueue
    from firmware.cbor.encode import Key, Value
    from firmware.state.pages import StatePages
    from hal.api.cipher import Cipher
    from hal.api.clock import Clock

EPOCHS, ANCHOR = "epochs", "anchor"


class Chains:
    """Every key chain this unit seals with.

    Args:
        cipher: does the hashing.
        pages: where the chains are kept.
        now_ms: monotonic time.
        events: where to tell of steps.
    """

    __slots__ = (
        "_anchored_epoch",
        "_cipher",
        "_clock",
        "_events",
        "_pages",
        "_ratchets",
        "damaged_count",
    )

    def __init__(
        self, cipher: "Cipher", pages: "StatePages", now_ms: int, events: "EventQueue"
    ) -> None:
        self._cipher = cipher
        self._pages = pages
        self._events = events
        self._ratchets: dict[str, Ratchet] = {}
        self._anchored_epoch = -1
        self.damaged_count = 0
        self._take(pages.get(EPOCHS))
        anchor = pages.get(ANCHOR)
        epoch = max([ratchet.epoch for ratchet in self._ratchets.values()] + [0])
        self._clock = EpochClock(epoch, anchor if isinstance(anchor, int) else 0, now_ms)
        if self._ratchets:
            self._store()

    def install(self, claimed: "Value", now_ms: int) -> None:
        """Take the chains that a claim brings; one that the unit has already goes on as it is.

        Args:
            claimed: {chain: {1: epoch, 2: secret}}.
            now_ms: monotonic time.
        """
        self._take(claimed)
        epoch = max([ratchet.epoch for ratchet in self._ratchets.values()] + [self._clock.epoch])
        self._clock = EpochClock(epoch, self._clock.anchor_utc_ms, now_ms)
        self._store()

    def anchor(self, keyholder_utc_ms: int, now_ms: int) -> None:
        """Take the keyholder's clock from an authenticated message.

        It is stored, and told, at the first contact of a boot and then once an epoch: an event at
        each contact would be answered by a contact.
        """
        if not self._clock.anchor(keyholder_utc_ms, now_ms):
            return
        epoch = epoch_of(keyholder_utc_ms)
        if epoch != self._anchored_epoch:
            self._anchored_epoch = epoch
            self._pages.put(ANCHOR, keyholder_utc_ms)
            self._events.emit("epoch.anchored", now_ms, {"utc_ms": keyholder_utc_ms})

    def step(self, clock: "Clock", now_ms: int) -> "list[str]":
        """Step every chain to the epoch that it is now; returns the names of those that moved."""
        epoch = self._clock.step(now_ms, clock.utc_ms(), clock.utc_quality(), clock.utc_doubt_ms())
        moved = [name for name, ratchet in self._ratchets.items() if ratchet.epoch < epoch]
        for name in moved:
            self._ratchets[name].advance(epoch)
        if moved:
            self._store()
            self._events.emit("epoch.advanced", now_ms, {"epoch": epoch})
        return moved

    def least_utc_ms(self) -> int:
        """Tell a time that true time is not before: the start of the epoch reached."""
        return self._clock.epoch * EPOCH_MS

    def names(self) -> "list[str]":
        """Name every chain the unit has, in order."""
        return sorted(self._ratchets)

    def ratchet(self, name: str) -> "Ratchet | None":
        """Give the chain of that name, or None when the unit was never given it."""
        return self._ratchets.get(name)

    def _take(self, stored: "Value") -> None:
        """Add the chains of a map; what is no chain is counted."""
        if not isinstance(stored, dict):
            return
        for name, value in stored.items():
            if not isinstance(name, str) or name in self._ratchets:
                continue
            try:
                self._ratchets[name] = from_map(self._cipher, value)
            except DamagedError:
                self.damaged_count += 1

    def _store(self) -> None:
        maps: dict[Key, Value] = {}
        for name, ratchet in self._ratchets.items():
            maps[name] = dict(ratchet.to_map().items())
        self._pages.put(EPOCHS, maps)
