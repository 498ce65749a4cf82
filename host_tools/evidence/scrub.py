"""Reads every segment of a pool back from the medium and tells what of it can really be read."""

import mmap
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from types import TracebackType

from firmware.errors import DamagedError
from firmware.ring import layout, recovery, scrub, segments
from firmware.ring.content import Footer
from firmware.ring.reader import decode_content
from firmware.ring.records import Record
from firmware.ring.recovery import PartitionState
from firmware.ring.scrub import SegmentReport
from firmware.ring.segments import SegmentInfo
from hal.api.errors import PortFailed
from host_tools.evidence.pool import KeyBox, PoolFile, Told

CHUNK_BYTES = 1 << 20
STEP_BYTES = 8 << 20
SEALS, STRUCTURE, MIXED, NOTHING = "seals", "structure", "mixed", "nothing"


@dataclass
class StreamScrub:
    """What was read back of one partition.

    Attributes:
        partition: its number in the pool.
        stream: its name, where one of the names given fits; else "".
        basis: "seals" where every segment was proven with its key, "structure" where none was,
            "mixed" where some were, "nothing" where it is empty.
        segments: how many were sound, rotten, open, damaged, absent and overtaken.
        good_count: records that were read back.
        proven_count: of those, how many seals were opened.
        rotten_count: records that are there and do not pass.
        missing_count: records that must be there and are not.
        held_ms: how long the segments with a key last, by what is sealed in them.
        readable_ms: how much of that can be read back.
        read_bytes: read for all this.
    """

    partition: int
    stream: str
    basis: str = NOTHING
    segments: dict[str, int] = field(default_factory=dict[str, int])
    good_count: int = 0
    proven_count: int = 0
    rotten_count: int = 0
    missing_count: int = 0
    held_ms: int = 0
    readable_ms: int = 0
    read_bytes: int = 0

    def take(self, report: SegmentReport) -> None:
        """Add the records of one segment."""
        self.good_count += report.good_count
        self.proven_count += report.proven_count
        self.rotten_count += report.rotten_count
        self.missing_count += report.missing_count

    def readable_permille(self) -> int:
        """Share that can be read back: of the time where keys tell it, else of the records."""
        if self.basis == SEALS and self.held_ms:
            return self.readable_ms * 1000 // self.held_ms
        owed_count = self.good_count + self.rotten_count + self.missing_count
        return self.good_count * 1000 // owed_count if owed_count else 1000

    def is_good(self) -> bool:
        """Tell whether nothing is rotten, missing or damaged."""
        return not (self.rotten_count or self.missing_count or self.segments.get(scrub.DAMAGED))


class DirectReader:
    """Reads a pool past the page cache, so that it is the medium that is read; a context manager.

    Where the file system cannot do that (tmpfs) it reads as usual.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._descriptor = os.open(path, os.O_RDONLY | os.O_DIRECT)
        except OSError:
            self._descriptor = os.open(path, os.O_RDONLY)
        self._buffer = mmap.mmap(-1, CHUNK_BYTES)

    def read(self, offset_bytes: int, length_bytes: int) -> bytes:
        """Read whole pages.

        Raises:
            PortFailed: the medium cannot read there.
            DamagedError: it ends before.
        """
        found = bytearray()
        while len(found) < length_bytes:
            want = min(CHUNK_BYTES, length_bytes - len(found))
            view = memoryview(self._buffer)[:want]
            try:
                count = os.preadv(self._descriptor, [view], offset_bytes + len(found))
            except OSError as error:
                raise PortFailed(f"byte {offset_bytes}: {error.strerror}") from error
            if not count:
                raise DamagedError(f"the pool ends at byte {offset_bytes + len(found)}")
            found += view[:count]
        return bytes(found)

    def __enter__(self) -> "DirectReader":
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        os.close(self._descriptor)
        self._buffer.close()


class _Clock:
    """Works out how long segments last and how much of that is readable, from what is sealed."""

    def __init__(self, result: StreamScrub) -> None:
        self._result = result
        self._starts: dict[int, int] = {}  # sequence: now_ms of its first unit
        self._good: set[int] = set()
        self._end: tuple[int, int] | None = None  # sequence and now_ms of the footer
        self._last_ms = 0
        self._later: tuple[int, int, int] | None = None  # boot, now_ms, first sequence

    def on_record(self, report: SegmentReport, record: Record, plain: bytes | None) -> None:
        """Take one good record of the segment that is being read."""
        content = decode_content(record, plain)
        if content is None or report.header is None:
            return
        if isinstance(content, Footer):
            self._end = (record.sequence, content.stamp[0])
            for at, entry in enumerate(content.index):
                self._starts.setdefault(report.header.first_sequence + at, entry[1])
        else:
            self._good.add(record.sequence)
            self._starts[record.sequence] = content.stamp[0]
            self._last_ms = content.units[-1].now_ms

    def on_segment(self, report: SegmentReport, info: SegmentInfo | None) -> None:
        """Add a segment that was read to its end."""
        if report.header is not None:
            self._later_with(report.header.first_sequence, info)
        self._starts, self._good, self._end, self._last_ms = {}, set(), None, 0

    def _later_with(self, first: int, info: SegmentInfo | None) -> None:
        if info is None:
            self._later = None
            return
        self._starts.setdefault(first, info.stamp[0])
        end = self._end or (max(self._starts) + 1, max(self._last_ms, *self._starts.values()))
        later = self._later
        if later is not None and later[0] == info.boot:
            # A footer is stamped when it is written, a little after the next segment's first unit.
            self._starts[end[0]] = min(end[1], later[1])
            if later[2] > end[0] + 1:
                end = (later[2], later[1])  # what is missing in between was held too
            end = (end[0], min(end[1], later[1]))
        self._starts[end[0]] = end[1]
        knots = sorted(self._starts.items())
        self._result.held_ms += max(0, end[1] - knots[0][1])
        for (sequence, start_ms), (next_sequence, next_ms) in pairwise(knots):
            if sequence in self._good:
                self._result.readable_ms += (next_ms - start_ms) // (next_sequence - sequence)
        self._later = (info.boot, info.stamp[0], first)


def ring_scrub(
    path: Path,
    keys: KeyBox,
    streams: tuple[str, ...] = (),
    unit: str = "",
    told: Told | None = None,
) -> list[StreamScrub]:
    """Read every segment of a pool back; the unit may be writing to it.

    Args:
        path: the pool.
        keys: what they open is proven by its seals and measured in time; for the rest there is
            the structure, and the CRC of the sealed bytes.
        streams: names that may fit, such as "dome-1/picture"; a pool does not hold names.
        unit: the unit that must own it; "" takes any.
        told: progress.

    Returns:
        one result for each partition, in the pool's order.
    """
    with PoolFile(path, unit) as pool, DirectReader(path) as direct:
        recovered = recovery.recover(pool.read, pool.layout)
        names = {layout.stream_tag(pool.cipher, pool.layout.uuid, name): name for name in streams}
        total = sum(_used_count(state) for state in recovered.states)
        results: list[StreamScrub] = []
        done = 0
        for index, state in enumerate(recovered.states):
            result = StreamScrub(index, names.get(state.partition.tag, ""))
            for _ in _scrub(pool, direct, keys, state, result):
                done += 1
                if told is not None:
                    told(done, total)
            results.append(result)
        return results


def _used_count(state: PartitionState) -> int:
    return min(state.generation + 1, state.partition.segment_count)


def _scrub(
    pool: PoolFile,
    direct: DirectReader,
    keys: KeyBox,
    state: PartitionState,
    result: StreamScrub,
) -> Iterator[SegmentReport]:
    part = state.partition
    one = scrub.Scrub(direct.read, pool.layout, part, state.generation, pool.cipher, keys.key_for)
    one.chunk_bytes = CHUNK_BYTES
    one.unseal_bytes_max = part.segment_bytes
    clock = _Clock(result)
    one.on_record = clock.on_record
    verdicts: Counter[str] = Counter()
    opened: Counter[bool] = Counter()
    while not one.is_done():
        report = one.step(STEP_BYTES)
        if report is None:
            continue
        verdicts[report.verdict] += 1
        result.read_bytes += report.read_bytes
        info = _inside(pool, keys, part, report)
        if report.verdict != scrub.OVERTAKEN:
            result.take(report)
            opened[info is not None] += report.header is not None
            clock.on_segment(report, info)
        yield report
    result.segments = dict(verdicts)
    if opened[True]:
        result.basis = MIXED if opened[False] else SEALS
    elif opened[False]:
        result.basis = STRUCTURE


def _inside(
    pool: PoolFile, keys: KeyBox, part: layout.Partition, report: SegmentReport
) -> SegmentInfo | None:
    """Open the inside of a segment's header; None without its key, or when it does not open."""
    header = report.header
    if header is None:
        return None
    key = keys.key_for(header.key_id, header.label(part.tag))
    if key is None:
        return None
    try:
        return segments.open_inside(pool.cipher, header, key)
    except DamagedError:
        return None
