"""Finds the record that holds a second, in a ring of any size, by reading a few dozen pages."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from firmware.errors import DamagedError
from firmware.ring import records, recovery, segments
from firmware.ring.content import Block, Footer
from firmware.ring.layout import PAGE_BYTES, Layout, Partition
from firmware.ring.reader import decode_content
from firmware.ring.records import Record
from firmware.ring.seek import bracket, header_of
from firmware.ring.segments import SegmentHeader, SegmentInfo
from hal.linux.cipher import OpenSslCipher
from host_tools.evidence.errors import NoStreamError
from host_tools.evidence.moment import iso
from host_tools.evidence.pool import KeyBox, PoolFile

WINDOW_BYTES = 32 * PAGE_BYTES
GUESS_COUNT = 24
REMEMBERED_COUNT = 4096
Read = Callable[[int, int], bytes]
Found = tuple[int, Record, Block]
KeyFor = Callable[[bytes, bytes], bytes | None]


@dataclass(frozen=True)
class Place:
    """Where a moment lies.

    Attributes:
        generation: of the segment.
        offset_bytes: of the record within it.
        sequence: of the record.
        block: what it holds.
        utc_ms: UTC of its first unit, by the clock of the segment.
    """

    generation: int
    offset_bytes: int
    sequence: int
    block: Block
    utc_ms: int

    def told(self) -> dict[str, object]:
        """Everything but the footage itself."""
        return {
            "generation": self.generation,
            "offset_bytes": self.offset_bytes,
            "sequence": self.sequence,
            "utc": iso(self.utc_ms),
            "unit_count": len(self.block.units),
        }


class Seeker:
    """Finds moments in one partition, with the keys given.

    Args:
        read: (offset_bytes, length_bytes) to bytes; both are whole pages.
        layout: of the pool.
        partition: which.
        newest: its newest generation, from recovery.
        key_for: (key id, label) to the content key, or None where it is not held.
    """

    def __init__(
        self, read: Read, layout: Layout, partition: Partition, newest: int, key_for: KeyFor
    ) -> None:
        self._read = read
        self._layout = layout
        self._partition = partition
        self._newest = newest
        self._key_for = key_for
        self._cipher = OpenSslCipher()
        self._opened: dict[int, int] = {}  # generation: when it was opened

    def find(self, utc_ms: int) -> Place | None:
        """Find the record whose first unit is the last one at or before a moment.

        Returns:
            the place; None where no segment with a key was opened before it, or nothing of that
            segment can be read.
        """
        oldest = max(0, self._newest - self._partition.segment_count + 1)
        generation, _ = bracket(oldest, self._newest, self._opened_utc_ms, utc_ms)
        header = self._header(generation) if generation >= oldest else None
        info = self._inside(header) if header else None
        if header is None or info is None or not info.stamp[1]:
            self._opened.clear()  # the unit may have overwritten what was remembered
            return None
        now_ms = utc_ms - info.stamp[1] + info.stamp[0]
        found = self._by_footer(header, now_ms) or self._by_bisection(header, now_ms)
        if found is None:
            return None
        offset, record, block = found
        at_utc_ms = block.stamp[0] - info.stamp[0] + info.stamp[1]
        return Place(generation, offset, record.sequence, block, at_utc_ms)

    def _header(self, generation: int) -> SegmentHeader | None:
        return header_of(self._read, self._layout, self._partition, generation)

    def _key(self, header: SegmentHeader) -> bytes | None:
        return self._key_for(header.key_id, header.label(self._partition.tag))

    def _inside(self, header: SegmentHeader) -> SegmentInfo | None:
        key = self._key(header)
        if key is None:
            return None
        try:
            return segments.open_inside(self._cipher, header, key)
        except DamagedError:
            return None

    def _opened_utc_ms(self, generation: int) -> int:
        """When a generation was opened; 0 where that cannot be known. Remembered."""
        found = self._opened.get(generation)
        if found is None:
            header = self._header(generation)
            info = self._inside(header) if header else None
            found = info.stamp[1] if info else 0
            if len(self._opened) >= REMEMBERED_COUNT:
                self._opened.clear()
            self._opened[generation] = found
        return found

    def _by_footer(self, header: SegmentHeader, now_ms: int) -> Found | None:
        """Read the footer, which lists every record; None where the segment has none."""
        later = self._header(header.generation + 1)
        if later is None or later.first_sequence <= header.first_sequence:
            return None
        place = self._locate(header, later.first_sequence - 1)
        opened = self._open(header, *place) if place else None
        if not isinstance(opened, Footer):
            return None
        offset = max((at for at, start_ms in opened.index if start_ms <= now_ms), default=0)
        return self._at(header, offset) if offset else None

    def _locate(self, header: SegmentHeader, sequence: int) -> tuple[int, Record] | None:
        """Find a record by its sequence, guessing its place from the length of those met."""
        low, low_sequence = PAGE_BYTES, header.first_sequence
        high = self._partition.segment_bytes
        each = 0
        for _ in range(GUESS_COUNT):
            guess = low + (sequence - low_sequence) * each
            guess = min(guess, high - PAGE_BYTES) // PAGE_BYTES * PAGE_BYTES
            met = self._next_header(header, max(low, guess), high)
            if met is None:
                high, each = max(low + PAGE_BYTES, guess), each * 7 // 8
                continue
            offset, record = met
            if record.sequence == sequence:
                return met
            if record.sequence > sequence:
                high, each = offset, each * 7 // 8
                continue
            if record.sequence > low_sequence:
                each = (offset - low) // (record.sequence - low_sequence)
            low, low_sequence = offset + record.length_bytes(), record.sequence + 1
            each = each or record.length_bytes()
        return None

    def _by_bisection(self, header: SegmentHeader, now_ms: int) -> Found | None:
        """Find the last footage record that begins at or before a moment, opening some."""
        best: Found | None = None
        low, high = PAGE_BYTES, self._partition.segment_bytes
        while low < high:
            middle = (low + high) // 2 // PAGE_BYTES * PAGE_BYTES
            met = self._next_header(header, middle, high)
            found = self._at(header, met[0]) if met else None
            if found is not None and found[2].stamp[0] <= now_ms:
                best = found
                low = found[0] + found[1].length_bytes()
            else:
                high = middle
        return best

    def _next_header(
        self, header: SegmentHeader, offset: int, end: int
    ) -> tuple[int, Record] | None:
        """Find the first record that starts at or behind a page."""
        start = self._partition.segment_offset_bytes(header.slot)
        length = PAGE_BYTES  # a good guess needs one page, a bad one a record's length
        while offset < end:
            window = self._read(start + offset, min(length, end - offset))
            for at in range(0, len(window), PAGE_BYTES):
                head = window[at : at + records.HEADER_BYTES]
                record = records.decode(head, self._layout, header)
                if record is not None:
                    return offset + at, record
            offset += len(window)
            length = WINDOW_BYTES
        return None

    def _at(self, header: SegmentHeader, offset: int) -> Found | None:
        met = self._next_header(header, offset, offset + PAGE_BYTES)
        block = self._open(header, *met) if met else None
        return (*met, block) if met and isinstance(block, Block) else None

    def _open(self, header: SegmentHeader, offset: int, record: Record) -> Block | Footer | None:
        key = self._key(header)
        if key is None or offset + record.length_bytes() > self._partition.segment_bytes:
            return None
        start = self._partition.segment_offset_bytes(header.slot) + offset
        data = self._read(start, record.length_bytes())
        sealed = data[records.HEADER_BYTES : records.HEADER_BYTES + record.sealed_length_bytes]
        plain = records.unseal(self._cipher, header.suite, key, record, sealed)
        return decode_content(record, plain)


def find_place(path: Path, stream: str, keys: KeyBox, utc_ms: int) -> Place | None:
    """Find a moment of one stream in a pool; None where it cannot be read.

    Raises:
        NoStreamError: the pool has no partition for the stream.
    """
    with PoolFile(path) as pool:
        states = recovery.recover(pool.read, pool.layout).states
        part = pool.layout.find(pool.cipher, stream)
        if part is None:
            raise NoStreamError(
                f"{path}: has no partition for {stream!r}; check the camera's name"
            )
        newest = next(state.generation for state in states if state.partition is part)
        return Seeker(pool.read, pool.layout, part, newest, keys.key_for).find(utc_ms)
