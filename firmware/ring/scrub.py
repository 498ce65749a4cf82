"""Reads a partition back, a little in each step, and tells what of it is really there.

Works without keys (structure, and the CRC of the sealed bytes), and proves seals where it is given
keys; runs beside the writer. Rules: docs/formats/ring.md, invariants 3 to 11.
"""

import binascii

from firmware.errors import DamagedError
from firmware.ring import holds, records, segments
from firmware.ring.layout import PAGE_BYTES
from firmware.ring.reader import SEQUENCE_END
from hal.api._typing import TYPE_CHECKING
from hal.api.errors import PortFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from firmware.ring.layout import Layout, Partition, Read
    from firmware.ring.reader import KeyFor
    from firmware.ring.records import Record
    from firmware.ring.segments import SegmentHeader
    from hal.api.cipher import Cipher

    OnRecord = Callable[["SegmentReport", "Record", "bytes | None"], None]

SOUND = "sound"
ROTTEN = "rotten"  # records of it do not pass, or are missing
OPEN = "open"  # the newest: what does not pass may be being written now
DAMAGED = "damaged"  # its header; what it held is missed by the segment before it, or the oldest
ABSENT = "absent"  # its slot holds another generation, or nothing
OVERTAKEN = "overtaken"  # overwritten while it was read: forget it
STEP_BYTES = 16 * PAGE_BYTES
CHUNK_BYTES = 2 * PAGE_BYTES
UNSEAL_BYTES_MAX = 64 * PAGE_BYTES


class SegmentReport:
    """What one segment was found to be.

    Attributes:
        generation: which; its slot is generation modulo the number of slots.
        verdict: SOUND, ROTTEN, OPEN, DAMAGED, ABSENT or OVERTAKEN.
        header: None where it is DAMAGED or ABSENT; `segments.open_note` gives its time.
        good_count: records that can be read back, the footer too.
        proven_count: of those, how many seals were opened with a key.
        rotten_count: records that are there and do not pass.
        missing_count: records that must be there and are not.
        good_bytes: what the good ones take.
        read_bytes: read for this report.
        has_footer: it was closed, not cut off.
    """

    __slots__ = (
        "generation",
        "good_bytes",
        "good_count",
        "has_footer",
        "header",
        "missing_count",
        "proven_count",
        "read_bytes",
        "rotten_count",
        "verdict",
    )

    def __init__(self, generation: int) -> None:
        self.generation = generation
        self.verdict = ABSENT
        self.header: SegmentHeader | None = None
        self.good_count = 0
        self.proven_count = 0
        self.rotten_count = 0
        self.missing_count = 0
        self.good_bytes = 0
        self.read_bytes = 0
        self.has_footer = False


class Scrub:
    """Goes through a partition once, newest segment first, and then through what holds keep.

    Args:
        read: (offset_bytes, length_bytes) to bytes, best from the medium and not from a cache;
            where it raises PortFailed or DamagedError the bytes count as rotten.
        layout: of the pool.
        partition: which.
        generation: the newest, as recovery or the writer tells it; below 0 for none.
        cipher: with `key_for`: proves seals where a key is held.
        key_for: (key id, label) to the content key, or None where it is not held.
    """

    __slots__ = (
        "_cipher",
        "_expected",
        "_key",
        "_key_for",
        "_layout",
        "_limit",
        "_missed_count",
        "_newest",
        "_offset_bytes",
        "_read",
        "_report",
        "_settled",
        "_stop_bytes",
        "_successor",
        "chunk_bytes",
        "generation",
        "on_record",
        "partition",
        "unseal_bytes_max",
    )

    def __init__(
        self,
        read: "Read",
        layout: "Layout",
        partition: "Partition",
        generation: int,
        cipher: "Cipher | None" = None,
        key_for: "KeyFor | None" = None,
    ) -> None:
        self._read = read
        self._layout = layout
        self.partition = partition
        self.generation = generation
        self._newest = generation
        self._cipher = cipher
        self._key_for = key_for
        self._limit = SEQUENCE_END
        self._report: SegmentReport | None = None
        self._key: bytes | None = None
        self._offset_bytes = 0
        self._expected = 0
        self._settled = 0
        self._stop_bytes = 0
        self._missed_count = 0  # records behind lost headers, older than all that has one
        self._successor = -1  # the generation found last
        self.chunk_bytes = CHUNK_BYTES
        """Most that is read at once, unless a seal is opened."""
        self.unseal_bytes_max = UNSEAL_BYTES_MAX
        """Larger records are judged by their CRC alone."""
        self.on_record: OnRecord | None = None
        """Told each good record: report, record, and what was sealed, where that was opened."""

    def is_done(self) -> bool:
        """Tell whether every segment of the lap was looked at, and all that holds keep."""
        return self._report is None and self.generation < 0

    def step(self, budget_bytes: int = STEP_BYTES) -> "SegmentReport | None":
        """Read about so much, one record more at most; returns a report when a segment is over."""
        if self.is_done():
            return None
        report = self._report
        if report is None:
            report = self._begin()
        until_bytes = report.read_bytes + budget_bytes
        while self._advance(report):
            if report.read_bytes >= until_bytes:
                return None
        if report.header is None:
            self._miss(report)
        else:
            self._finish(report, report.header)
        self._report = None
        self.generation = self._before(self.generation)
        return report

    def _oldest(self) -> int:
        return max(0, self._newest - self.partition.segment_count + 1)

    def _before(self, generation: int) -> int:
        """Tell the next generation to look at, the lap's first; -1 for none."""
        if generation > self._oldest():
            return generation - 1
        kept = [
            min(one.last, generation - 1)
            for one in holds.listed(self._layout, self.partition)
            if one.freed == holds.ACTIVE and one.first < generation
        ]
        return max(kept) if kept else -1

    def _begin(self) -> SegmentReport:
        report = SegmentReport(self.generation)
        self._report = report
        self._key = None
        verdict, header = self._judge(report)
        if header is None or header.generation != self.generation:
            if verdict in (segments.DAMAGED, segments.MISPLACED):
                report.verdict = DAMAGED
            is_searched = self._oldest() > 0 and not self._is_used(header)
            self._offset_bytes = PAGE_BYTES if is_searched else self.partition.segment_bytes
            return report
        report.header = header
        report.verdict = OPEN if self.generation == self._newest else SOUND
        if self._cipher is not None and self._key_for is not None:
            self._key = self._key_for(header.key_id, header.label(self.partition.tag))
        self._offset_bytes = PAGE_BYTES
        self._expected = header.first_sequence
        self._settled = 0
        self._stop_bytes = 0
        return report

    def _judge(self, report: SegmentReport) -> "tuple[str, SegmentHeader | None]":
        slot = self.generation % self.partition.segment_count
        page = self._fetch(report, self.partition.segment_offset_bytes(slot), PAGE_BYTES)
        return segments.judge(page, self._layout, self.partition, slot)

    def _fetch(self, report: SegmentReport, offset_bytes: int, length_bytes: int) -> bytes:
        report.read_bytes += length_bytes
        try:
            return self._read(offset_bytes, length_bytes)
        except (PortFailed, DamagedError):
            return b"\xff" * length_bytes

    def _is_used(self, header: "SegmentHeader | None") -> bool:
        """Tell whether a slot has another generation by right: a later one, or a kept one."""
        if header is None:
            return False
        kept = holds.listed(self._layout, self.partition)
        return header.generation > self.generation or holds.is_kept(kept, header.generation)

    def _advance(self, report: SegmentReport) -> bool:
        """Judge the record at the current place; false when the segment is over."""
        part, header = self.partition, report.header
        slot = self.generation % part.segment_count
        start = part.segment_offset_bytes(slot) + self._offset_bytes
        if self._offset_bytes >= part.segment_bytes:
            return False
        if header is not None and self._expected >= self._limit:
            return False
        page = self._fetch(report, start, PAGE_BYTES)
        if header is None:
            return self._look_for_orphan(report, page)
        record = records.decode(page, self._layout, header)
        if record is not None:
            self._settled = max(self._settled, record.settled)
        is_here = (
            record is not None
            and not self._stop_bytes
            and self._expected <= record.sequence < self._limit
            and self._offset_bytes + record.length_bytes() <= part.segment_bytes
        )
        if record is None or not is_here:
            return self._look_past(report)
        report.missing_count += record.sequence - self._expected
        if self._is_good(report, start, page, record):
            report.has_footer = record.kind == records.FOOTER
        elif report.verdict == OPEN:
            return self._look_past(report)
        else:
            report.rotten_count += 1
        self._expected = record.sequence + 1
        self._offset_bytes += record.length_bytes()
        return record.kind != records.FOOTER

    def _look_for_orphan(self, report: SegmentReport, page: bytes) -> bool:
        from firmware.ring import orphans  # noqa: PLC0415 - headers are hardly ever lost

        part = self.partition
        is_orphan = orphans.is_orphan(page, self._layout, part, self.generation, self._limit)
        report.missing_count += is_orphan
        self._offset_bytes += PAGE_BYTES
        return True

    def _look_past(self, report: SegmentReport) -> bool:
        """Go on behind a page that is no record; in the newest segment only to tell rot by."""
        if report.verdict == OPEN and not self._stop_bytes:
            self._stop_bytes = self._offset_bytes
        self._offset_bytes += PAGE_BYTES
        return True

    def _is_good(self, report: SegmentReport, start: int, page: bytes, record: "Record") -> bool:
        """Read the rest of a record and judge it: CRC, padding, and the seal with a key."""
        used_bytes = records.HEADER_BYTES + record.sealed_length_bytes
        is_kept = self._key is not None and record.sealed_length_bytes <= self.unseal_bytes_max
        kept = bytearray()
        crc = at = 0
        chunk = page[: record.length_bytes()]
        while True:
            body = chunk[max(0, records.HEADER_BYTES - at) : max(0, used_bytes - at)]
            crc = binascii.crc32(body, crc)
            if is_kept:
                kept += body
            padding = chunk[max(0, used_bytes - at) :]
            if padding != bytes(len(padding)):
                return False
            at += len(chunk)
            if at >= record.length_bytes():
                break
            length = min(self.chunk_bytes, record.length_bytes() - at)
            chunk = self._fetch(report, start + at, length)
        if crc & 0xFFFFFFFF != record.sealed_crc:
            return False
        plain = self._open(report, record, bytes(kept)) if is_kept else None
        if is_kept and plain is None:
            return False
        report.proven_count += is_kept
        report.good_count += 1
        report.good_bytes += record.length_bytes()
        if self.on_record is not None:
            self.on_record(report, record, plain)
        return True

    def _open(self, report: SegmentReport, record: "Record", sealed: bytes) -> "bytes | None":
        assert self._cipher is not None
        assert self._key is not None
        assert report.header is not None
        suite = report.header.suite
        return records.unseal(self._cipher, suite, self._key, record, sealed)

    def _miss(self, report: SegmentReport) -> None:
        """Keep what a segment without a header held, until one before it tells better."""
        count, report.missing_count = report.missing_count, 0
        if not self._is_used(self._judge(report)[1]):
            self._missed_count += count
        if report.generation == self._oldest():
            is_first_lap = not self._oldest() and self._limit < SEQUENCE_END
            report.missing_count = self._limit if is_first_lap else self._missed_count

    def _finish(self, report: SegmentReport, header: "SegmentHeader") -> None:
        self._missed_count = 0
        again = self._judge(report)[1]
        if again is None or again.salt != header.salt:
            report.verdict = OVERTAKEN
            return
        if report.verdict == OPEN:
            report.missing_count = self._lost_of_newest(report, header)
        elif self._limit < SEQUENCE_END and self._has_successor(report.generation):
            report.missing_count += max(0, self._limit - self._expected)
        if report.rotten_count or report.missing_count:
            report.verdict = ROTTEN
        self._limit = min(self._limit, header.first_sequence)
        self._successor = report.generation

    def _has_successor(self, generation: int) -> bool:
        """Tell whether the limit says where a segment ended; not where only a hold kept it."""
        return generation >= self._oldest() or self._successor == generation + 1

    def _lost_of_newest(self, report: SegmentReport, header: "SegmentHeader") -> int:
        """Count what later records call settled and is not there: rot, and no torn tail."""
        if not self._stop_bytes or self._settled <= self._expected:
            return report.missing_count
        start = self.partition.segment_offset_bytes(header.slot) + self._stop_bytes
        page = self._fetch(report, start, PAGE_BYTES)
        record = records.decode(page, self._layout, header)
        if record is not None and self._is_good(SegmentReport(-1), start, page, record):
            return report.missing_count  # written only after it was looked at
        return report.missing_count + self._settled - self._expected
