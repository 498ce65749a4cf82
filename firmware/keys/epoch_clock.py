"""Decides which epoch it is: a wrong clock may shorten a recording's life and never lengthen it.

Sealing under an epoch later than the true one would keep a key alive for longer, so every estimate
here is a lower bound of true time:

* an anchor is the keyholder's clock at a contact; true time is never before it;
* since the anchor the monotonic clock counts, less 0.1 % for a crystal that runs fast;
* the unit's own wall clock counts only where it is proven, less its doubt, and at most 0.1 % past
  what the monotonic clock allows since an anchor of this boot. One that is merely synchronised
  can be set years ahead by whoever answers for its time service (ADR 0014).

What was captured in the last second may still be on its way here, so the epoch changes a second
after its time. It never goes back: a unit that is ahead of its anchor holds its epoch until time
is there.
"""

from firmware.keys.ratchet import EPOCH_MS, epoch_of
from hal.api.clock import UTC_PROVEN

DRIFT_DIVISOR = 1000
CAPTURE_MS = 1000


class EpochClock:
    """The epoch of one unit.

    Args:
        epoch: the epoch stored last; true time is not before its start.
        anchor_utc_ms: the keyholder's clock at the last contact before this boot; 0 where none.
        now_ms: monotonic time of this boot.
    """

    __slots__ = (
        "_base_now_ms",
        "_base_utc_ms",
        "_is_anchored",
        "anchor_utc_ms",
        "epoch",
        "held_count",
        "stale_anchor_count",
    )

    def __init__(self, epoch: int, anchor_utc_ms: int, now_ms: int) -> None:
        self.epoch = epoch
        self.anchor_utc_ms = anchor_utc_ms
        self._base_utc_ms = max(epoch * EPOCH_MS, anchor_utc_ms)
        self._base_now_ms = now_ms
        self._is_anchored = False
        self.held_count = 0
        self.stale_anchor_count = 0

    def anchor(self, keyholder_utc_ms: int, now_ms: int) -> bool:
        """Take the keyholder's clock from an authenticated message.

        Args:
            keyholder_utc_ms: its clock when it sent the message.
            now_ms: monotonic time when the message came.

        Returns:
            whether it counts; one that is not after the last anchor is old or replayed.
        """
        if keyholder_utc_ms <= self.anchor_utc_ms:
            self.stale_anchor_count += 1
            return False
        if epoch_of(keyholder_utc_ms) < self.epoch:
            self.held_count += 1
        self.anchor_utc_ms = keyholder_utc_ms
        self._base_utc_ms = keyholder_utc_ms
        self._base_now_ms = now_ms
        self._is_anchored = True
        return True

    def step(self, now_ms: int, utc_ms: int, utc_quality: int, utc_doubt_ms: int) -> int:
        """Tell the epoch to seal with now.

        Args:
            now_ms: monotonic time.
            utc_ms: the unit's wall clock.
            utc_quality: how far it is trusted, as `hal.api.clock` has it.
            utc_doubt_ms: half width of the interval that holds true time.

        Returns:
            the epoch's number, never less than before.
        """
        elapsed_ms = max(0, now_ms - self._base_now_ms)
        time_ms = self._base_utc_ms + elapsed_ms - elapsed_ms // DRIFT_DIVISOR
        if utc_quality >= UTC_PROVEN:
            own_ms = utc_ms - utc_doubt_ms
            if self._is_anchored:
                limit_ms = self._base_utc_ms + elapsed_ms + elapsed_ms // DRIFT_DIVISOR
                own_ms = min(own_ms, limit_ms)
            if own_ms > time_ms:
                self._base_utc_ms = time_ms = own_ms
                self._base_now_ms = now_ms
        self.epoch = max(self.epoch, epoch_of(time_ms - CAPTURE_MS))
        return self.epoch
