"""Walks the records of a pool, reading only what verifies; the writer may be at work beside it."""

from firmware.errors import DamagedError
from firmware.ring import holds, records, segments
from firmware.ring.content import decode_block, decode_footer
from firmware.ring.layout import PAGE_BYTES
from firmware.ring.tail import LOOK_PAST_PAGES, settled_behind
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from firmware.ring.content import Block, Footer
    from firmware.ring.layout import Layout, Partition, Read
    from firmware.ring.segments import SegmentHeader, SegmentInfo
    from hal.api.cipher import Cipher

    KeyFor = Callable[[bytes, bytes], "bytes | None"]

SEQUENCE_END = 1 << 62


class Segment:
    """One readable segment.

    Args:
        partition: where it lies.
        header: its header.
        limit: records count below this sequence only (invariant 5).
        has_successor: a later generation exists.
    """

    __slots__ = ("has_successor", "header", "info", "key", "limit", "partition")

    def __init__(
        self, partition: "Partition", header: "SegmentHeader", limit: int, has_successor: bool
    ) -> None:
        self.partition = partition
        self.header = header
        self.limit = limit
        self.has_successor = has_successor
        self.key: bytes | None = None
        self.info: SegmentInfo | None = None


class RingReader:
    """Reads a pool.

    Args:
        read: (offset_bytes, length_bytes) to bytes.
        layout: of the pool.
        cipher: unseals; None for a look without keys.
        key_for: (key id, label) to the content key, or None where it is not held.
    """

    __slots__ = ("_cipher", "_key_for", "_layout", "_read", "damaged_count", "end_bytes")

    def __init__(
        self,
        read: "Read",
        layout: "Layout",
        cipher: "Cipher | None",
        key_for: "KeyFor",
    ) -> None:
        self._read = read
        self._layout = layout
        self._cipher = cipher
        self._key_for = key_for
        self.damaged_count = 0
        self.end_bytes = 0

    def segments(self, partition: "Partition") -> "list[Segment]":
        """Find the segments of the newest lap, oldest first, and open what the keys allow."""
        headers: list[SegmentHeader] = []
        for slot in range(partition.segment_count):
            page = self._read(partition.segment_offset_bytes(slot), PAGE_BYTES)
            header = segments.judge(page, self._layout, partition, slot)[1]
            if header is not None:
                headers.append(header)
        headers.sort(key=lambda header: header.generation, reverse=True)
        found: list[Segment] = []
        limit = SEQUENCE_END
        kept = holds.listed(self._layout, partition)
        for header in headers:
            is_stale = header.generation <= headers[0].generation - partition.segment_count
            if is_stale and not holds.is_kept(kept, header.generation):
                continue
            segment = Segment(partition, header, limit, header is not headers[0])
            self.open(segment)
            found.append(segment)
            limit = min(limit, header.first_sequence)
        found.reverse()
        return found

    def open(self, segment: Segment) -> None:
        """Open the inside of a segment's header where its key is held."""
        header = segment.header
        key = self._key_for(header.key_id, header.label(segment.partition.tag))
        if key is None or self._cipher is None:
            return
        try:
            segment.info = segments.open_inside(self._cipher, header, key)
        except DamagedError:
            segment.info = None
        if segment.info is None:
            self.damaged_count += 1
        else:
            segment.key = key

    def walk(self, segment: Segment) -> "Iterator[tuple[int, records.Record, bytes]]":
        """Walk a segment's records: (offset in the segment, record, sealed bytes).

        Damage is looked past, page by page, and counted, where the segment has a successor or
        something behind says that it was settled; any other hole is the torn tail of the newest.
        """
        start = segment.partition.segment_offset_bytes(segment.header.slot)
        expected = segment.header.first_sequence
        sure = segment.limit if segment.has_successor else 0
        offset = PAGE_BYTES
        is_lost = False
        self.end_bytes = offset
        while offset < segment.partition.segment_bytes and expected < segment.limit:
            record = self._record_at(segment, offset)
            before = (expected, is_lost)
            is_there = record is not None and self._is_in_place(segment, offset, record, before)
            body = b""
            if is_there and record is not None:
                body = self._read(start + offset, record.length_bytes())[records.HEADER_BYTES :]
            if expected >= sure and not _is_next(record, expected, body):
                sure = self._settled_behind(segment, offset, expected)
                if sure <= expected:
                    return
            if not is_there or record is None:
                self.damaged_count += not is_lost
                is_lost = True
                offset += PAGE_BYTES
                continue
            sealed = body[: record.sealed_length_bytes]
            expected = record.sequence + 1
            if records.is_whole(record, sealed):
                yield offset, record, sealed
                offset += record.length_bytes()
            else:
                self.damaged_count += 1
                offset = self._behind_damaged(segment, offset, record)
            self.end_bytes = offset
            is_lost = False
            if record.kind == records.FOOTER:
                return

    def contents(self, segment: Segment) -> "Iterator[tuple[records.Record, Block | Footer]]":
        """Walk what is inside a segment's records; nothing where its key is not held."""
        if segment.key is None or self._cipher is None:
            return
        suite = segment.header.suite
        for _, record, sealed in self.walk(segment):
            plain = records.unseal(self._cipher, suite, segment.key, record, sealed)
            content = decode_content(record, plain)
            if content is None:
                self.damaged_count += 1
            else:
                yield record, content

    def _is_in_place(
        self, segment: Segment, offset: int, record: "records.Record", before: "tuple[int, bool]"
    ) -> bool:
        """Tell whether a record may stand here; one that lower ones follow was misdirected.

        Behind a hole (before: expected sequence, whether there is one) a single lower one that
        follows is the one that the hole misses, and was misdirected itself.
        """
        expected, lower_count = before[0], -int(before[1])
        if not expected <= record.sequence < segment.limit:
            return False
        if record.sequence == expected:
            return True
        start = offset + PAGE_BYTES
        end = min(segment.partition.segment_bytes, start + LOOK_PAST_PAGES * PAGE_BYTES)
        for at in range(start, end, PAGE_BYTES):
            later = self._record_at(segment, at)
            lower_count += later is not None and expected <= later.sequence < record.sequence
        return lower_count <= 0

    def _behind_damaged(self, segment: Segment, offset: int, record: "records.Record") -> int:
        """Find what follows a damaged record; one that was put here by mistake hides others."""
        end = offset + record.length_bytes()
        for at in range(offset + PAGE_BYTES, end, PAGE_BYTES):
            if self._record_at(segment, at) is not None:
                return at
        return end

    def _settled_behind(self, segment: Segment, offset: int, expected: int) -> int:
        header = segment.header
        start = segment.partition.segment_offset_bytes(header.slot)
        end = start + segment.partition.segment_bytes
        return settled_behind(self._read, self._layout, header, start + offset, end, expected)

    def _record_at(self, segment: Segment, offset: int) -> "records.Record | None":
        start = segment.partition.segment_offset_bytes(segment.header.slot)
        head = self._read(start + offset, records.HEADER_BYTES)
        record = records.decode(head, self._layout, segment.header)
        if record is None or offset + record.length_bytes() > segment.partition.segment_bytes:
            return None
        return record


def _is_next(record: "records.Record | None", expected: int, body: bytes) -> bool:
    """Tell whether a record is the next one, and nothing of it is missing."""
    return record is not None and record.sequence == expected and records.is_untorn(record, body)


def decode_content(record: "records.Record", plain: "bytes | None") -> "Block | Footer | None":
    """Read what was sealed in a record; None when it did not open or disagrees with itself."""
    if plain is None:
        return None
    try:
        if record.kind == records.FOOTER:
            return decode_footer(plain, PAGE_BYTES)
        return decode_block(plain)
    except DamagedError:
        return None
