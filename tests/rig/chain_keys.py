"""The content keys of a chain, as the keyholder derives them from what the claim gave it."""

import time

from firmware.keys.ratchet import BOOT_COUNT_MAX, Ratchet, epoch_of, from_map
from firmware.ring.segments import KEY_ID_BYTES, KEY_ID_LABEL
from hal.linux.cipher import OpenSslCipher
from host_tools.evidence.pool import KeyBox


class ChainKeys(KeyBox):
    """Derives the keys of every epoch from the claim's on; `follow` learns of later ones."""

    def __init__(self, epoch: int, secret: bytes) -> None:
        super().__init__()
        self._secret = secret
        self._epoch = self._next = epoch
        self._ratchets: dict[bytes, Ratchet] = {}
        self.follow()

    def follow(self) -> None:
        """Add the epochs that began since the last call."""
        last = epoch_of(time.time_ns() // 1_000_000)
        for epoch in range(self._next, last + 1):
            ratchet = Ratchet(OpenSslCipher(), self._epoch, self._secret)
            ratchet.advance(epoch)
            for _ in range(BOOT_COUNT_MAX):
                self._ratchets[ratchet.content_key(KEY_ID_LABEL)[:KEY_ID_BYTES]] = ratchet
                ratchet = from_map(OpenSslCipher(), dict(ratchet.to_map().items()))
        self._next = max(self._next, last + 1)

    def key_for(self, key_id: bytes, label: bytes) -> bytes | None:
        """Give a segment's content key; None for an epoch that is not of the chain."""
        ratchet = self._ratchets.get(key_id)
        return ratchet.content_key(label) if ratchet else None
