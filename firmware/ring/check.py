"""Checks a pool against the numbered invariants of docs/formats/ring.md, with or without keys."""

from firmware.errors import DamagedError
from firmware.ring import holds, orphans, records, segments
from firmware.ring import layout as geometry
from firmware.ring.content import Footer
from firmware.ring.layout import PAGE_BYTES, is_stamped
from firmware.ring.reader import SEQUENCE_END, RingReader, Segment, decode_content
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.ring.layout import Layout, Partition, Read
    from firmware.ring.reader import KeyFor
    from firmware.ring.segments import SegmentHeader
    from hal.api.cipher import Cipher


class Fault:
    """One broken invariant.

    Args:
        invariant: its number in docs/formats/ring.md.
        place: "superblock A", "partition 2", "partition 0, slot 3" and the like.
        text: what is wrong, in plain words.
    """

    __slots__ = ("invariant", "place", "text")

    def __init__(self, invariant: int, place: str, text: str) -> None:
        self.invariant = invariant
        self.place = place
        self.text = text

    def __repr__(self) -> str:
        return "%s: %s (invariant %d)" % (self.place, self.text, self.invariant)


class Checker:
    """Goes through a pool once.

    Args:
        read: (offset_bytes, length_bytes) to bytes.
        size_bytes: length of the medium.
        cipher: with `key_for`: also opens every seal (invariant 11).
        key_for: (key id, label) to the content key, or None where it is not held.
    """

    __slots__ = (
        "_cipher",
        "_key_for",
        "_read",
        "_size_bytes",
        "faults",
        "record_count",
        "segment_count",
        "unsealed_count",
    )

    def __init__(
        self,
        read: "Read",
        size_bytes: int,
        cipher: "Cipher | None" = None,
        key_for: "KeyFor | None" = None,
    ) -> None:
        self._read = read
        self._size_bytes = size_bytes
        self._cipher = cipher
        self._key_for = key_for
        self.faults: list[Fault] = []
        self.segment_count = 0
        self.record_count = 0
        self.unsealed_count = 0

    def run(self) -> "list[Fault]":
        """Check everything; returns the faults found; raises what `layout.load` raises."""
        layout = self._superblocks()
        if self._is_sound(layout):
            for index in range(len(layout.partitions)):
                self._partition(layout, index)
        return self.faults

    def _fault(self, invariant: int, place: str, text: str) -> None:
        self.faults.append(Fault(invariant, place, text))

    def _superblocks(self) -> "Layout":
        layout = geometry.load(self._read, self._size_bytes)
        for copy in range(2):
            page = self._read(copy * PAGE_BYTES, PAGE_BYTES)
            found = geometry.decode(page) if is_stamped(page) else None
            place = "superblock " + "AB"[copy]
            if found is None:
                self._fault(1, place, "is damaged; the other copy is used")
            elif found.uuid != layout.uuid:
                self._fault(1, place, "belongs to another pool")
        return layout

    def _is_sound(self, layout: "Layout") -> bool:
        fault_count = len(self.faults)
        end = 2 * PAGE_BYTES
        for index, part in enumerate(layout.partitions):
            place = "partition %d" % index
            if part.offset_bytes % PAGE_BYTES or part.segment_bytes % PAGE_BYTES:
                self._fault(2, place, "does not start on a page")
            if part.offset_bytes < end:
                self._fault(2, place, "overlaps what lies before it")
            end = part.end_bytes()
            if end > layout.size_bytes:
                self._fault(2, place, "reaches beyond the pool")
        return len(self.faults) == fault_count

    def _partition(self, layout: "Layout", index: int) -> None:
        part = layout.partitions[index]
        place = "partition %d" % index
        headers = self._headers(layout, part, place)
        if not headers:
            return
        newest = headers[0].generation
        live: list[SegmentHeader] = []
        salts: set[bytes] = set()
        kept = holds.listed(layout, part)
        for header in headers:
            is_stale = header.generation <= newest - part.segment_count
            if is_stale and not holds.is_kept(kept, header.generation):
                continue  # a stale lap; what its newer header would have held is missed below
            live.append(header)
            if header.salt in salts:
                self._fault(12, place + ", slot %d" % header.slot, "has the salt of another")
            salts.add(header.salt)
        limit = SEQUENCE_END
        next_generation = newest + 1
        for header in live:
            segment = Segment(part, header, limit, header is not live[0])
            where = "%s, slot %d" % (place, header.slot)
            missing = self._segment(layout, segment, where)
            is_gap = header.generation + 1 < next_generation
            if is_gap and header.generation <= newest - part.segment_count:
                pass  # kept by a hold; what followed was overwritten, as it should be
            elif missing and is_gap:
                text = "the segment behind it cannot be read: %d records are lost" % missing
                self._fault(4, where, text)
            elif missing:
                self._fault(10, where, "%d records at its end are lost" % missing)
            limit = min(limit, header.first_sequence)
            next_generation = header.generation
        self._front(layout, part, place, live)

    def _front(
        self, layout: "Layout", part: "Partition", place: str, live: "list[SegmentHeader]"
    ) -> None:
        """Miss what lay before the oldest segment: in the first lap all, later what is seen."""
        start = max(0, live[0].generation + 1 - part.segment_count)
        oldest = [header for header in live if header.generation >= start][-1]
        limit = oldest.first_sequence
        if not start and limit:
            text = "the segments before it cannot be read: %d records are lost" % limit
            self._fault(4, "%s, slot %d" % (place, oldest.slot), text)
        for generation in range(start, oldest.generation) if start else ():
            slot = generation % part.segment_count
            page = self._read(part.segment_offset_bytes(slot), PAGE_BYTES)
            if segments.judge(page, layout, part, slot)[0] in (
                segments.DAMAGED,
                segments.MISPLACED,
            ):
                continue  # told already; a power cut leaves one where the next lap was to begin
            count = orphans.count(self._read, layout, part, generation, limit)
            if count:
                where = "%s, slot %d" % (place, slot)
                text = "its header is lost, and with it the %d records seen there" % count
                self._fault(4, where, text)

    def _headers(self, layout: "Layout", part: "Partition", place: str) -> "list[SegmentHeader]":
        found: list[SegmentHeader] = []
        for slot in range(part.segment_count):
            page = self._read(part.segment_offset_bytes(slot), PAGE_BYTES)
            verdict, header = segments.judge(page, layout, part, slot)
            where = "%s, slot %d" % (place, slot)
            if header is not None:
                found.append(header)
            elif verdict == segments.MISPLACED:
                self._fault(3, where, "holds a header that was meant for another place")
            elif verdict == segments.DAMAGED:
                self._fault(3, where, "has a damaged header")
        found.sort(key=lambda header: header.generation, reverse=True)
        return found

    def _segment(self, layout: "Layout", segment: Segment, place: str) -> int:
        """Check one segment; returns how many records its successor misses."""
        self.segment_count += 1
        reader = RingReader(self._read, layout, self._cipher, self._key_for or _no_key)
        if self._cipher is not None:
            reader.open(segment)
            if reader.damaged_count:
                self._fault(11, place, "the inside of the header does not open")
        expected = segment.header.first_sequence
        for offset, record, sealed in reader.walk(segment):
            where = "%s, record %d" % (place, record.sequence)
            if record.sequence != expected:
                self._fault(
                    10, where, "%d records before it are lost" % (record.sequence - expected)
                )
            count = record.sequence - segment.header.first_sequence
            expected = record.sequence + 1
            self.record_count += 1
            self._padding(segment, offset, record, where)
            self._inside(segment, record, sealed, count, where)
        if not segment.has_successor:
            self._behind_newest(layout, segment, reader.end_bytes, place)
            return 0
        return max(0, segment.limit - expected)

    def _behind_newest(self, layout: "Layout", segment: Segment, end: int, place: str) -> None:
        """Tell rot from a torn tail: nothing that a later record calls settled may be missing."""
        part = segment.partition
        start = part.segment_offset_bytes(segment.header.slot)
        expected = segment.header.first_sequence
        settled = 0
        for offset in range(PAGE_BYTES, part.segment_bytes, PAGE_BYTES):
            head = self._read(start + offset, records.HEADER_BYTES)
            record = records.decode(head, layout, segment.header)
            if record is not None:
                settled = max(settled, record.settled)
                if offset < end:
                    expected = record.sequence + 1
        if settled > expected:
            self._fault(10, place, "%d settled records at its end are lost" % (settled - expected))
        elif end < part.segment_bytes:
            head = self._read(start + end, records.HEADER_BYTES)
            if records.resembles(head, layout, segment.header, expected):
                text = "is torn (by a power cut, or being written now) or rotten"
                self._fault(8, "%s, record %d" % (place, expected), text)

    def _padding(
        self, segment: Segment, offset: int, record: "records.Record", where: str
    ) -> None:
        used = records.HEADER_BYTES + record.sealed_length_bytes
        start = segment.partition.segment_offset_bytes(segment.header.slot) + offset
        length = record.length_bytes() - used
        if length and self._read(start + used, length) != bytes(length):
            self._fault(8, where, "the padding behind it was changed")

    def _inside(
        self,
        segment: Segment,
        record: "records.Record",
        sealed: bytes,
        count: int,
        where: str,
    ) -> None:
        if self._cipher is None or segment.key is None:
            return
        suite = segment.header.suite
        plain = records.unseal(self._cipher, suite, segment.key, record, sealed)
        content = decode_content(record, plain)
        if content is None:
            self._fault(11, where, "its seal does not open, or what is inside disagrees")
            return
        self.unsealed_count += 1
        if isinstance(content, Footer) and len(content.index) != count:
            text = "the footer counts %d records and there are %d" % (len(content.index), count)
            self._fault(9, where, text)


def check(
    read: "Read",
    size_bytes: int,
    cipher: "Cipher | None" = None,
    key_for: "KeyFor | None" = None,
) -> "list[Fault]":
    """Check a pool; returns every fault found, in the order of the medium.

    A medium that is no pool at all is one fault, not an exception.
    """
    try:
        return Checker(read, size_bytes, cipher, key_for).run()
    except DamagedError as error:
        return [Fault(1, "pool", str(error))]


def _no_key(key_id: bytes, label: bytes) -> None:  # noqa: ARG001 - a key source that holds none
    return None
