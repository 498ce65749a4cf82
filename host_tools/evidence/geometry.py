"""Finds out how a damaged pool was laid out, from its superblocks or from the segments alone."""

import errno
import os
import stat
import struct
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from math import gcd
from pathlib import Path

from firmware.ring import layout, segments
from firmware.ring.layout import (
    PAGE_BYTES,
    SEGMENT_BYTES_MAX,
    SEGMENT_BYTES_MIN,
    SEGMENT_COUNT_MIN,
    Layout,
    NotAPoolError,
    Partition,
)
from host_tools.evidence.pool import Told

SCAN_BYTES = 4 << 20
NAMES, NAMES_AT = ">16s16sIQ", 12  # pool id, tag, slot, generation: docs/formats/ring.md


class RawPool:
    """A damaged pool, opened read-only: what cannot be read counts as zeros; a context manager.

    Attributes:
        unreadable_count: pages that the medium did not give.
    """

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDONLY)
        if stat.S_ISDIR(os.fstat(self._descriptor).st_mode):
            os.close(self._descriptor)
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        self.size_bytes = os.lseek(self._descriptor, 0, os.SEEK_END)
        self._bad_pages: set[int] = set()

    def read(self, offset_bytes: int, length_bytes: int) -> bytes:
        """Read at a place; zeros outside the pool, and where the medium cannot read."""
        if offset_bytes < 0:
            return bytes(length_bytes)
        try:
            data = os.pread(self._descriptor, length_bytes, offset_bytes)
        except OSError:
            if length_bytes <= PAGE_BYTES:
                self._bad_pages.add(offset_bytes // PAGE_BYTES)
                data = b""
            else:
                pages = range(offset_bytes, offset_bytes + length_bytes, PAGE_BYTES)
                data = b"".join(self.read(at, PAGE_BYTES) for at in pages)[:length_bytes]
        return data + bytes(length_bytes - len(data))

    @property
    def unreadable_count(self) -> int:
        """Pages that the medium did not give."""
        return len(self._bad_pages)

    def extents(self) -> Iterator[tuple[int, int]]:
        """Tell (start, end) of what is not a hole of the file, in whole pages."""
        at = 0
        while at < self.size_bytes:
            try:
                start = os.lseek(self._descriptor, at, os.SEEK_DATA)
                at = os.lseek(self._descriptor, start, os.SEEK_HOLE)
            except OSError:
                return
            yield start // PAGE_BYTES * PAGE_BYTES, at

    def __enter__(self) -> "RawPool":
        return self

    def __exit__(self, *_error: object) -> None:
        os.close(self._descriptor)


@dataclass(frozen=True)
class _Header:
    """A header page that passes its CRC, and where it was found."""

    offset_bytes: int
    slot: int
    generation: int


@dataclass(frozen=True)
class Geometry:
    """How a pool was laid out, and how that is known.

    Attributes:
        layout: its partitions may reach beyond the end of what is left.
        notes: what was wrong with the superblocks, and what was done about it.
    """

    layout: Layout
    notes: list[str] = field(default_factory=list[str])


def survey(pool: RawPool, unit: str = "", told: Told | None = None) -> Geometry:
    """Find the layout of a damaged pool.

    Args:
        pool: opened.
        unit: name of its unit, which stands in the superblocks alone; "" takes theirs.
        told: progress of a scan.

    Raises:
        OtherUnitError: it is another unit's.
    """
    found = [layout.decode(pool.read(at * PAGE_BYTES, PAGE_BYTES)) for at in range(2)]
    best = max((one for one in found if one), key=lambda one: one.revision, default=None)
    if best is None:
        return _rebuilt(pool, unit, told)
    if unit and best.unit != unit:
        raise layout.OtherUnitError(
            f"the pool belongs to unit {best.unit}, not {unit}; name the right one, or leave "
            "--unit away"
        )
    notes = [
        f"superblock {'AB'[at]} is damaged; the other copy was used"
        for at, one in enumerate(found)
        if one is None
    ]
    if pool.size_bytes < best.size_bytes:
        notes.append(
            f"the pool was cut short: {best.size_bytes - pool.size_bytes} of its "
            f"{best.size_bytes} bytes are not there"
        )
    return Geometry(best, notes)


def _rebuilt(pool: RawPool, unit: str, told: Told | None) -> Geometry:
    by_pool: dict[bytes, dict[bytes, list[_Header]]] = defaultdict(lambda: defaultdict(list))
    for uuid, tag, header in _scan(pool, told):
        by_pool[uuid][tag].append(header)
    if not by_pool:
        raise NotAPoolError(
            "neither a superblock nor a segment is there: not a pool of Lamppost, or overwritten"
        )
    if not unit:
        raise NotAPoolError(
            "both superblocks are gone, and the name of the unit stands nowhere else; give --unit"
        )
    uuid = max(by_pool, key=lambda one: sum(len(found) for found in by_pool[one].values()))
    tags = sorted(by_pool[uuid].items(), key=lambda item: item[1][0].offset_bytes)
    ends = [found[0].offset_bytes for _, found in tags[1:]] + [pool.size_bytes]
    parts = [_partition(tag, found, end) for (tag, found), end in zip(tags, ends, strict=True)]
    size_bytes = max(pool.size_bytes, *(part.end_bytes() for part in parts))
    count = sum(len(found) for _, found in tags)
    notes = [
        f"both superblocks are gone; {count} segments told the layout of {len(parts)} streams"
    ]
    if len(by_pool) > 1:
        notes.append(f"segments of {len(by_pool) - 1} other pools lie in between; left out")
    return Geometry(Layout(uuid, unit, size_bytes, parts), notes)


def _scan(pool: RawPool, told: Told | None) -> Iterator[tuple[bytes, bytes, _Header]]:
    """Find every header page there is."""
    for start, end in pool.extents():
        for offset in range(start, end, SCAN_BYTES):
            data = pool.read(offset, min(SCAN_BYTES, end - offset))
            for at in range(0, len(data), PAGE_BYTES):
                if data[at : at + 8] == segments.MAGIC:
                    page = data[at : at + PAGE_BYTES]
                    if layout.is_stamped(page):
                        uuid, tag, slot, generation = struct.unpack_from(NAMES, page, NAMES_AT)
                        yield uuid, tag, _Header(offset + at, slot, generation)
            if told is not None:
                told(min(offset + SCAN_BYTES, end), pool.size_bytes)


def _partition(tag: bytes, found: list[_Header], end_bytes: int) -> Partition:
    """Work out one stream's place from its headers, in the order of the medium.

    Args:
        tag: of the stream.
        found: one or more; some may be misplaced, so the greater number decides.
        end_bytes: where the next stream's first header, or the end of the pool, was found.
    """
    votes: Counter[int] = Counter()
    for one, other in pairwise(found):
        apart, slots = other.offset_bytes - one.offset_bytes, other.slot - one.slot
        if slots > 0 and apart % (slots * PAGE_BYTES) == 0:
            votes[apart // slots] += 1
    if votes:
        segment_bytes = votes.most_common(1)[0][0]
    else:
        room = min(end_bytes - found[0].offset_bytes, SEGMENT_BYTES_MAX)
        segment_bytes = max(room // PAGE_BYTES * PAGE_BYTES, SEGMENT_BYTES_MIN)
    bases = Counter(one.offset_bytes - one.slot * segment_bytes for one in found)
    base = bases.most_common(1)[0][0]
    agreeing = [one for one in found if one.offset_bytes - one.slot * segment_bytes == base]
    count = _segment_count(agreeing, (end_bytes - base) // segment_bytes)
    return Partition(tag, base, segment_bytes, count)


def _segment_count(found: list[_Header], room_count: int) -> int:
    """Find N in "slot = generation mod N": the greatest that fits in, else the least."""
    least = max(SEGMENT_COUNT_MIN, *(one.slot + 1 for one in found))
    common = gcd(*(one.generation - one.slot for one in found))
    if common == 0:
        return max(least, room_count)  # the first lap: any number will do
    counts = [common // at for at in range(1, common // least + 1) if common % at == 0]
    fitting = [count for count in counts if count <= room_count]
    return max(fitting) if fitting else min(counts, default=max(least, common))
