"""Sets and releases holds: what stands in the superblock, and what is on its way there.

A hold counts only when both superblocks are behind a barrier; the writer passes its slots by only
from then on, and a release frees them only then. So at every crash the medium tells the truth.
"""

from firmware.ring import holds, segments
from firmware.ring.holds import Hold
from firmware.ring.seek import bracket, header_of
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.ring.layout import Layout, Read, Step
    from firmware.ring.recovery import Recovered
    from hal.api.cipher import Cipher

    Outcome = tuple[str, dict[str, int | str | bool]]

LIFE_MS = 2_678_400_000
QUALITY_TRUSTED = 2
NEXT_COUNT = 2  # the oldest segments are overwritten before a hold could be on the medium
FREE_COUNT_MIN = 2
RETRY_MS = 5_000
SPLIT_COUNT_MAX = 3  # entries that one hold may become where releases cut it


class Keeper:
    """The holds of a pool.

    Args:
        cipher: opens the unit's own notes.
        read: (offset_bytes, length_bytes) to bytes.
        recovered: its layout is changed here; its states tell the newest generations.
        index_key: of the notes; b"" for none, then no hold can be set.
        cap_permille: most that holds may take of a partition.
    """

    def __init__(
        self,
        cipher: "Cipher",
        read: "Read",
        recovered: "Recovered",
        index_key: bytes,
        cap_permille: int,
    ) -> None:
        self._cipher = cipher
        self._read = read
        self._layout: Layout = recovered.layout
        self._states = recovered.states
        self._index_key = index_key
        self._cap_permille = cap_permille
        self._wanted: list[Hold] = list(self._layout.holds)
        self._written: list[Hold] = []
        self._is_dirty = False
        self._in_flight = False
        self._retry_at_ms = 0
        self.refused_count = 0
        self.failed_count = 0

    def hold(self, stream: str, from_utc_ms: int, to_utc_ms: int, utc_ms: int) -> "Outcome":
        """Keep what was recorded of a stream in a range of time.

        Args:
            stream: its name.
            from_utc_ms: start of the range.
            to_utc_ms: end, not included.
            utc_ms: now, by a trusted clock; 0 for none.

        Returns:
            (refusal code or "", number of the hold, how many segments, and when it ends); the
            hold that is there already to the same question, because an answer may get lost.
        """
        code, text = self._obstacle(stream, from_utc_ms, to_utc_ms, utc_ms)
        if code:
            return self._refuse(code, text)
        partition = self._layout.find(self._cipher, stream)
        assert partition is not None
        index = self._layout.partitions.index(partition)
        first, last = self._span(index, from_utc_ms, to_utc_ms)
        same = self._same(index, first, last, from_utc_ms + LIFE_MS)
        if same is not None:
            return "", _told(same)
        if last < first:
            text = "nothing of that time is in the ring, or it is being overwritten now"
            return self._refuse("ring.not_there", text)
        number = 1 + max([one.number for one in self._wanted] + [0])
        one = Hold(number, index, (first, last), from_utc_ms + LIFE_MS)
        text = self._no_room(one)
        if text:
            return self._refuse("ring.hold_full", text)
        wanted = self._trimmed(index, first, last)
        wanted.append(one)
        self._want(wanted)
        return "", _told(one)

    def numbers(self) -> "list[int]":
        """List the holds that count."""
        return [one.number for one in self._layout.holds if one.freed == holds.ACTIVE]

    def release(self, number: int) -> "Outcome":
        """End a hold; its segments are overwritten as the ring comes to them."""
        found = [one for one in self._wanted if one.number == number and one.freed == holds.ACTIVE]
        if not found:
            return self._refuse("ring.no_hold", "there is no hold of that number; it may be over")
        self._free(found)
        return "", {"hold": number}

    def step(self, utc_ms: int, quality: int, now_ms: int) -> "list[Step]":
        """End what is over; returns what is to be written now, with its barriers.

        The caller submits it and tells with `on_written` when all of it is done.
        """
        if quality >= QUALITY_TRUSTED:
            active = [one for one in self._wanted if one.freed == holds.ACTIVE]
            self._free([one for one in active if one.until_utc_ms <= utc_ms])
        self._forget()
        if not self._is_dirty or self._in_flight or now_ms < self._retry_at_ms:
            return []
        self._is_dirty = False
        self._in_flight = True
        self._written = self._wanted
        now_held = self._layout.holds
        self._layout.revision += 1
        self._layout.holds = self._written
        plan = self._layout.superblock_plan()
        self._layout.holds = now_held
        return plan

    def on_written(self, is_done: bool, now_ms: int) -> None:
        """Take the end of what `step` gave: only now the holds count, or no longer do."""
        self._in_flight = False
        if is_done:
            late = [one for one in self._written if not self._is_there(one)]
            self._layout.holds = [one for one in self._written if one not in late]
            if late:
                self._want([one for one in self._wanted if one not in late])
            return
        self.failed_count += 1
        self._is_dirty = True
        self._retry_at_ms = now_ms + RETRY_MS

    def _obstacle(
        self, stream: str, from_utc_ms: int, to_utc_ms: int, utc_ms: int
    ) -> "tuple[str, str]":
        if self._layout.find(self._cipher, stream) is None:
            return "ring.no_partition", "the ring has no such stream; check the camera's name"
        if not utc_ms or not self._index_key:
            return "ring.no_time", "the unit does not know the time; ask again when it does"
        if to_utc_ms <= from_utc_ms:
            return "ring.range", "the range ends where it starts or before; give a later end"
        if from_utc_ms + LIFE_MS <= utc_ms:
            return "ring.dead", "that is older than 31 days and dead; ask for a later start"
        return "", ""

    def _span(self, index: int, from_utc_ms: int, to_utc_ms: int) -> "tuple[int, int]":
        """Find the first and last generation that may hold anything of a range."""
        partition = self._layout.partitions[index]
        newest = self._states[index].generation

        def opened_at(generation: int) -> int:
            header = header_of(self._read, self._layout, partition, generation)
            note = header and segments.open_note(self._cipher, header, self._index_key)
            return note[0] if note else 0

        oldest = max(0, newest - partition.segment_count + 1)
        first = bracket(oldest, newest, opened_at, from_utc_ms)[0]
        last = bracket(oldest, newest, opened_at, to_utc_ms - 1)[1] - 1
        return max(first, 0, newest + 1 - partition.segment_count + NEXT_COUNT), last

    def _same(self, index: int, first: int, last: int, until_utc_ms: int) -> "Hold | None":
        """Find the hold of the same range; its segments may lie more than a lap back by now."""
        for one in self._wanted:
            is_same = one.partition == index and one.until_utc_ms == until_utc_ms
            if is_same and one.freed == holds.ACTIVE and (one.last == last or last < first):
                return one
        return None

    def _no_room(self, one: Hold) -> str:
        """Tell why one hold more is too much; "" when it is not."""
        count = self._count(one)
        active = [was for was in self._wanted if was.freed == holds.ACTIVE]
        kept = [was for was in active if was.partition == one.partition]
        kept.append(one)
        taken = count - sum(run[1] for run in holds.free_runs(kept, count))
        room = min(count * self._cap_permille // 1000, count - FREE_COUNT_MIN)
        if taken > room:
            text = "holds would take %d segments of %d and may take %d; release one, or export"
            return text % (taken, count, room)
        if SPLIT_COUNT_MAX * (len(self._wanted) + 1) > self._layout.hold_count_max():
            return "the superblock has no room; release a hold, and wait for two laps"
        return ""

    def _refuse(self, code: str, text: str) -> "Outcome":
        self.refused_count += 1
        clause = "C28" if code == "ring.dead" else ""
        return code, {"clause": clause, "remedy": text}

    def _want(self, wanted: "list[Hold]") -> None:
        self._wanted = wanted
        self._is_dirty = True

    def _free(self, over: "list[Hold]") -> None:
        """Turn active holds into released ones, but for what another active hold keeps too."""
        if not over:
            return
        rest = [one for one in self._wanted if one not in over]
        for one in over:
            parts = [one]
            for other in rest:
                if other.partition == one.partition and other.freed == holds.ACTIVE:
                    cut: list[Hold] = []
                    for part in parts:
                        cut.extend(holds.without(part, other.first, other.last))
                    parts = cut
            freed = self._states[one.partition].generation + 1
            for part in parts:
                span = (part.first, part.last)
                rest.append(Hold(part.number, part.partition, span, part.until_utc_ms, freed))
        self._want(rest)

    def _trimmed(self, index: int, first: int, last: int) -> "list[Hold]":
        """Give what is wanted, without released parts that a new hold keeps again."""
        found: list[Hold] = []
        for one in self._wanted:
            if one.partition == index and one.freed != holds.ACTIVE:
                found.extend(holds.without(one, first, last))
            else:
                found.append(one)
        return found

    def _forget(self) -> None:
        """Drop released holds whose slots were all overwritten since."""
        rest = [
            one
            for one in self._wanted
            if one.freed == holds.ACTIVE
            or self._states[one.partition].generation < one.freed + 2 * self._count(one)
        ]
        if len(rest) < len(self._wanted):
            self._want(rest)

    def _count(self, one: Hold) -> int:
        return self._layout.partitions[one.partition].segment_count

    def _is_there(self, one: Hold) -> bool:
        """Tell whether a hold came in time: the ring has not overwritten its beginning."""
        newest = self._states[one.partition].generation
        is_known = any(was.number == one.number for was in self._layout.holds)
        return is_known or one.first > newest - self._count(one)


def _told(one: Hold) -> "dict[str, int | str | bool]":
    return {
        "hold": one.number,
        "segments": one.span_count(),
        "until_utc_ms": one.until_utc_ms,
    }
