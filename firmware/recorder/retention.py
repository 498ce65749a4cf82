"""How far back the ring reaches, as the unit can know it: by its own notes and the 31 days.

Nothing is deleted here: keys die at the keyholder, and the ring overwrites. This only tells.
"""

from firmware.ring.segments import open_note
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.ring.recovery import PartitionState
    from hal.api.cipher import Cipher

LIFE_MS = 2_678_400_000
ENTRY_COUNT_MAX = 256
QUALITY_TRUSTED = 2


class HeldTimes:
    """Remembers when the generations of one partition were opened, as finely as memory allows."""

    __slots__ = ("_entries", "_segment_count")

    def __init__(self, segment_count: int) -> None:
        self._segment_count = segment_count
        self._entries: list[tuple[int, int]] = []

    def add(self, generation: int, utc_ms: int) -> None:
        """Remember that a generation was opened at this time; 0 for an unknown time is ignored."""
        if not utc_ms:
            return
        self._entries.append((generation, utc_ms))
        if len(self._entries) > ENTRY_COUNT_MAX:
            # Every second one goes, the newest stays: what is told is then late, never early.
            kept = [self._entries[at] for at in range(1, len(self._entries), 2)]
            self._entries = kept

    def oldest_utc_ms(self, newest_generation: int, utc_ms: int, quality: int) -> int:
        """Tell the oldest second held; 0 when it is not known.

        Args:
            newest_generation: of the partition now.
            utc_ms: now.
            quality: of that; below 2 the 31 days are not applied, only told by the keyholder.
        """
        oldest = newest_generation - self._segment_count + 1
        while len(self._entries) > 1 and self._entries[0][0] < oldest:
            del self._entries[0]
        if not self._entries:
            return 0
        found = self._entries[0][1]
        if quality >= QUALITY_TRUSTED:
            found = max(found, utc_ms - LIFE_MS)
        return found


def held_times(cipher: "Cipher", state: "PartitionState", index_key: bytes) -> HeldTimes:
    """Start from the notes in the headers that recovery sampled."""
    times = HeldTimes(state.partition.segment_count)
    for header in state.samples:
        note = open_note(cipher, header, index_key)
        if note and note[1]:
            times.add(header.generation, note[0])
    return times
