"""Walks the records of a pool, reading only what verifies; the writer may be at work beside it."""

from firmware.errors import DamagedError
from firmware.ring import records, segments
from firmware.ring.content import decode_block, decode_footer
from firmware.ring.layout import PAGE_BYTES
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
        for header in headers:
            if header.generation <= headers[0].generation - partition.segment_count:
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

        Ends at the first that is not there. In a segment with a successor damage is looked past,
        page by page, and counted; in the newest one it is the torn tail.
        """
        start = segment.partition.segment_offset_bytes(segment.header.slot)
        expected = segment.header.first_sequence
        offset = PAGE_BYTES
        is_lost = False
        self.end_bytes = offset
        while offset < segment.partition.segment_bytes and expected < segment.limit:
            record = self._record_at(segment, offset)
            if record is None or not expected <= record.sequence < segment.limit:
                if not segment.has_successor:
                    return
                self.damaged_count += not is_lost
                is_lost = True
                offset += PAGE_BYTES
                continue
            body = self._read(start + offset, record.length_bytes())[records.HEADER_BYTES :]
            sealed = body[: record.sealed_length_bytes]
            if not segment.has_successor and not records.is_untorn(record, body):
                return
            if records.is_whole(record, sealed):
                yield offset, record, sealed
            else:
                self.damaged_count += 1
            expected = record.sequence + 1
            offset += record.length_bytes()
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

    def _record_at(self, segment: Segment, offset: int) -> "records.Record | None":
        start = segment.partition.segment_offset_bytes(segment.header.slot)
        head = self._read(start + offset, records.HEADER_BYTES)
        record = records.decode(head, self._layout, segment.header)
        if record is None or offset + record.length_bytes() > segment.partition.segment_bytes:
            return None
        return record


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
