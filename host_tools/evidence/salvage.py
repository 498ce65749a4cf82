"""Copies what can still be read out of a damaged pool into a new one; no key is needed.

The damaged pool is only read. Segments keep their slots and generations, and so their seals: what
is copied can be read with the same keys, and what is lost is missing, never changed.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path

from firmware.ring import check, layout, records
from firmware.ring.layout import PAGE_BYTES, Layout, Partition
from firmware.ring.reader import RingReader, Segment
from hal.linux.cipher import OpenSslCipher
from host_tools.evidence.errors import ExistsError
from host_tools.evidence.geometry import RawPool, survey
from host_tools.evidence.ledger_marks import LOST, ROOM_BYTES, MarksSaved, copy_marks
from host_tools.evidence.pool import Told


@dataclass
class StreamSalvage:
    """What became of one stream.

    Attributes:
        partition: its number in the new pool.
        stream: its name, where one of the names given fits; else "".
        kept_segment_count: segments of which at least the header was copied.
        lost_segment_count: generations of the newest lap that are not there; one that was given
            up on a failing medium, and held nothing, counts too.
        beyond_count: of those, how many lay beyond the end of what is left.
        kept_record_count: records that were copied.
        lost_record_count: records that must have been there and were not copied.
        kept_bytes: copied.
    """

    partition: int
    stream: str = ""
    kept_segment_count: int = 0
    lost_segment_count: int = 0
    beyond_count: int = 0
    kept_record_count: int = 0
    lost_record_count: int = 0
    kept_bytes: int = 0


@dataclass
class Salvage:
    """What was saved, and what was lost and why.

    Attributes:
        pool: the new pool.
        unit: whose it is.
        notes: what was wrong with the damaged pool as a whole.
        streams: one for each partition.
        unreadable_page_count: pages that the medium did not give.
        faults: what a check of the new pool finds: what was lost, place by place.
        marks: of the continuity ledger, which say why seconds are missing.
    """

    pool: Path
    unit: str
    notes: list[str] = field(default_factory=list[str])
    streams: list[StreamSalvage] = field(default_factory=list[StreamSalvage])
    unreadable_page_count: int = 0
    faults: list[str] = field(default_factory=list[str])
    marks: MarksSaved = field(default_factory=MarksSaved)

    def is_whole(self) -> bool:
        """Tell whether nothing was lost."""
        is_lost = any(one.lost_record_count for one in self.streams) or self.marks.state == LOST
        return not self.faults and not is_lost


def salvage(
    damaged: Path,
    out: Path,
    unit: str = "",
    streams: tuple[str, ...] = (),
    told: Told | None = None,
) -> Salvage:
    """Copy what can be read of a damaged pool into a new one, there whole or not at all.

    Args:
        damaged: the pool; never written to.
        out: the new pool's file; must not exist.
        unit: name of its unit, needed only where both superblocks are gone.
        streams: names that may fit, such as "dome-1/picture"; a pool does not hold names.
        told: progress.
    """
    check_free(out)
    with RawPool(damaged) as raw:
        found = survey(raw, unit, told)
        target = _repacked(found.layout)
        result = Salvage(out, target.unit, list(found.notes))
        # A file without a name: whatever stops this, nothing half-done is left behind.
        descriptor = os.open(out.parent, os.O_RDWR | os.O_TMPFILE, 0o600)
        try:
            os.ftruncate(descriptor, target.size_bytes)
            copy = _Copy(raw, found.layout, target, descriptor)
            result.streams = copy.run(streams, told)
            result.marks = copy_marks(raw, found.layout, target, copy.write)
            result.faults = _written(descriptor, target)
            _name(descriptor, out)
        finally:
            os.close(descriptor)
        result.unreadable_page_count = raw.unreadable_count
    return result


class _Copy:
    """One walk from a damaged pool to a new one."""

    def __init__(self, raw: RawPool, source: Layout, target: Layout, descriptor: int) -> None:
        self._raw = raw
        self._source = source
        self._target = target
        self._descriptor = descriptor
        self._reader = RingReader(raw.read, source, None, _no_key)

    def run(self, streams: tuple[str, ...], told: Told | None) -> list[StreamSalvage]:
        """Copy every partition."""
        cipher = OpenSslCipher()
        names = {layout.stream_tag(cipher, self._source.uuid, name): name for name in streams}
        results: list[StreamSalvage] = []
        total = sum(part.segment_count for part in self._source.partitions)
        done = 0
        for index, part in enumerate(self._source.partitions):
            result = StreamSalvage(index, names.get(part.tag, ""))
            found = self._reader.segments(part)
            self._count_lost(part, found, result)
            for segment in found:
                self._segment(self._target.partitions[index], segment, result)
                done += 1
                if told is not None:
                    told(done, total)
            done += part.segment_count - len(found)
            results.append(result)
        if told is not None:
            told(total, total)
        return results

    def _count_lost(self, part: Partition, found: list[Segment], result: StreamSalvage) -> None:
        if not found:
            return
        newest = found[-1].header.generation
        there = {segment.header.generation for segment in found}
        for generation in range(max(0, newest - part.segment_count + 1), newest):
            if generation not in there:
                result.lost_segment_count += 1
                place = part.segment_offset_bytes(generation % part.segment_count)
                result.beyond_count += place >= self._raw.size_bytes

    def _segment(self, target: Partition, segment: Segment, result: StreamSalvage) -> None:
        slot = segment.header.slot
        start = segment.partition.segment_offset_bytes(slot)
        out = target.segment_offset_bytes(slot)
        self.write(out, self._raw.read(start, PAGE_BYTES))
        result.kept_segment_count += 1
        result.kept_bytes += PAGE_BYTES
        expected = segment.header.first_sequence
        for offset, record, sealed in self._reader.walk(segment):
            head = self._raw.read(start + offset, records.HEADER_BYTES)
            data = head + sealed
            self.write(out + offset, data + bytes(record.length_bytes() - len(data)))
            result.lost_record_count += record.sequence - expected
            expected = record.sequence + 1
            result.kept_record_count += 1
            result.kept_bytes += record.length_bytes()
        limit = segment.limit if segment.has_successor else self._settled(segment)
        result.lost_record_count += max(0, limit - expected)

    def _settled(self, segment: Segment) -> int:
        """Tell up to where the newest segment is known to have been whole: rot is no torn tail."""
        part = segment.partition
        start = part.segment_offset_bytes(segment.header.slot)
        settled = 0
        for offset in range(PAGE_BYTES, part.segment_bytes, PAGE_BYTES):
            head = self._raw.read(start + offset, records.HEADER_BYTES)
            record = records.decode(head, self._source, segment.header)
            settled = max(settled, record.settled if record else 0)
        return settled

    def write(self, offset_bytes: int, data: bytes) -> None:
        """Write into the new pool."""
        left = memoryview(data)
        while left:
            count = os.pwrite(self._descriptor, left, offset_bytes)
            left, offset_bytes = left[count:], offset_bytes + count


def _repacked(source: Layout) -> Layout:
    """Lay the same partitions one behind the other, and the ledger's marks behind them.

    A rebuilt layout may have odd places.
    """
    offset = 2 * PAGE_BYTES
    parts: list[Partition] = []
    for part in source.partitions:
        parts.append(Partition(part.tag, offset, part.segment_bytes, part.segment_count))
        offset = parts[-1].end_bytes()
    size_bytes = offset + ROOM_BYTES
    target = Layout(source.uuid, source.unit, size_bytes, parts, source.revision + 1)
    target.holds = source.holds
    return target


def _written(descriptor: int, target: Layout) -> list[str]:
    """Make the copy durable, give it its superblocks, and check it; returns the faults."""
    os.fsync(descriptor)
    for _, offset_bytes, data in target.format_plan(is_zeroed=True):
        os.pwrite(descriptor, data, offset_bytes)
    os.fsync(descriptor)

    def read(offset_bytes: int, length_bytes: int) -> bytes:
        return os.pread(descriptor, length_bytes, offset_bytes)

    return [repr(fault) for fault in check.check(read, target.size_bytes)]


def check_free(out: Path) -> None:
    """Refuse a file that exists: no pool is ever made over another."""
    if out.exists():
        raise ExistsError(f"{out} exists already; move it away, or name another file")


def _name(descriptor: int, out: Path) -> None:
    """Give a finished file its name, which nobody may have taken meanwhile."""
    folder = os.open(out.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.link(f"/proc/self/fd/{descriptor}", out, src_dir_fd=folder)
        os.fsync(folder)
    except FileExistsError:
        check_free(out)
        raise
    finally:
        os.close(folder)


def _no_key(_key_id: bytes, _label: bytes) -> None:
    return None
