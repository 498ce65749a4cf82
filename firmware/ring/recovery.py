"""Finds where each partition stands after any stop, without a key and without reading the ring.

A binary search over the generations finds the newest segment; only that one is walked. The cost
grows with the logarithm of the number of segments.
"""

from firmware.ring import holds, records, segments
from firmware.ring import layout as geometry
from firmware.ring.layout import PAGE_BYTES
from firmware.ring.tail import settled_behind
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.ring.layout import Layout, Partition, Read
    from firmware.ring.segments import SegmentHeader

    Found = list[tuple[int, records.Record]]

LOOK_PAST_COUNT = 4
SAMPLE_COUNT = 16


class PartitionState:
    """Where a partition stands.

    Args:
        partition: which.
        generation: the newest ever opened; -1 when none was.
        sequence: that of the next record.
    """

    __slots__ = ("damaged_count", "generation", "partition", "samples", "scan_count", "sequence")

    def __init__(self, partition: "Partition", generation: int = -1, sequence: int = 0) -> None:
        self.partition = partition
        self.generation = generation
        self.sequence = sequence
        self.samples: list[SegmentHeader] = []
        self.damaged_count = 0
        self.scan_count = 0


class Recovered:
    """What recovery found.

    Args:
        layout: of the pool.
        states: one for each partition, in the layout's order.
        read_count: how often the medium was read.
    """

    __slots__ = ("layout", "read_count", "states")

    def __init__(self, layout: "Layout", states: "list[PartitionState]", read_count: int) -> None:
        self.layout = layout
        self.states = states
        self.read_count = read_count


class _Probe:
    """Reads header pages of one partition, each once while it is remembered, and counts."""

    def __init__(self, read: "Read", layout: "Layout", state: PartitionState) -> None:
        self.read = read
        self.layout = layout
        self.state = state
        self.count = state.partition.segment_count
        self.holds = holds.listed(layout, state.partition)
        self.runs = holds.free_runs(self.holds, self.count)
        self.free_count = sum(run[1] for run in self.runs)
        self.read_count = 0

    def slot(self, at: int) -> int:
        """Find the slot of the at-th segment that no hold has; those alone are in order."""
        for start, length in self.runs:
            if at < length:
                return start + at
            at -= length
        return 0

    def fetch(self, offset_bytes: int, length_bytes: int) -> bytes:
        """Read and count."""
        self.read_count += 1
        return self.read(offset_bytes, length_bytes)

    def header(self, slot: int) -> "tuple[str, SegmentHeader | None]":
        """Judge the header page of a slot."""
        partition = self.state.partition
        page = self.fetch(partition.segment_offset_bytes(slot), PAGE_BYTES)
        verdict, header = segments.judge(page, self.layout, partition, slot)
        if verdict in (segments.DAMAGED, segments.MISPLACED):
            self.state.damaged_count += 1
        return verdict, header

    def first_from(self, first: int, end: int) -> "tuple[int, SegmentHeader | None, bool]":
        """Look for a header that decides, past damaged ones.

        Args:
            first: number among the segments that no hold has.
            end: number behind the last of them to look at.

        Returns:
            (number, header, can decide): header None for a blank slot or the end of the partition;
            the last is false when too many in a row are damaged.
        """
        for at in range(first, min(end, first + LOOK_PAST_COUNT)):
            verdict, header = self.header(self.slot(at))
            if verdict in (segments.VALID, segments.BLANK):
                return at, header, True
        return first, None, first + LOOK_PAST_COUNT >= end


def recover(read: "Read", layout: "Layout") -> Recovered:
    """Find where every partition of a pool stands.

    Args:
        read: (offset_bytes, length_bytes) to bytes.
        layout: from `firmware.ring.layout.load`.
    """
    states: list[PartitionState] = []
    read_count = 0
    for partition in layout.partitions:
        state = PartitionState(partition)
        probe = _Probe(read, layout, state)
        newest = _newest_held(probe, _search(probe))
        if newest is not None:
            state.generation = newest.generation
            state.sequence = _tail(probe, newest)
            state.samples = _samples(probe, newest)
        states.append(state)
        read_count += probe.read_count
    return Recovered(layout, states, read_count)


def _search(probe: _Probe) -> "SegmentHeader | None":
    at, base, can_decide = probe.first_from(0, probe.free_count)
    if not can_decide:
        return _scan(probe)
    if base is None:
        # Slot 0 is written first: blank means that nothing is there, unless it was lost.
        return _scan_if_used(probe, at)
    best = base
    while True:
        bisected = _bisect(probe, at, best)
        if bisected is None:
            return _scan(probe)
        newer = _look_ahead(probe, *bisected)
        if newer is None:
            return bisected[1]
        at, best = newer


def _bisect(
    probe: _Probe, first: int, base: "SegmentHeader"
) -> "tuple[int, SegmentHeader] | None":
    """Find the last header of the lap of `base`; None when too much is damaged to tell."""
    lap = base.generation // probe.count
    best = base
    low, high = first, probe.free_count
    while high - low > 1:
        middle = (low + high) // 2
        at, header, can_decide = probe.first_from(middle, high)
        if not can_decide:
            return None
        if header is not None and header.generation // probe.count == lap:
            best = header
            low = at
        else:
            high = middle
    return low, best


def _look_ahead(
    probe: _Probe, first: int, best: "SegmentHeader"
) -> "tuple[int, SegmentHeader] | None":
    """Find a newer one close behind: the search ends early at a lost or stale header."""
    for step in range(1, LOOK_PAST_COUNT):
        at = (first + step) % probe.free_count
        header = probe.header(probe.slot(at))[1]
        if header is not None and header.generation > best.generation:
            return at, header
    return None


def _scan_if_used(probe: _Probe, first: int) -> "SegmentHeader | None":
    for step in range(1, LOOK_PAST_COUNT + 1):
        if probe.free_count and probe.header(probe.slot((first + step) % probe.free_count))[1]:
            return _scan(probe)
    return None


def _newest_held(probe: _Probe, main: "SegmentHeader | None") -> "SegmentHeader | None":
    """Find a newer header than that of the other slots in those of holds.

    In the slots of a hold, what is newer than all of the others comes first.
    """
    if not probe.free_count:
        return _scan(probe)
    best = main
    newest = main.generation if main is not None else -1
    for first, end in holds.spans(probe.holds):
        low, high = first - 1, end
        while high - low > 1:
            middle = (low + high) // 2
            at, header = middle, None
            while header is None and at < min(high, middle + LOOK_PAST_COUNT):
                header = probe.header(at % probe.count)[1]
                at += 1
            if header is not None and header.generation > newest:
                best, low = _newer(best, header), at - 1
            else:
                high = middle
    return best


def _newer(one: "SegmentHeader | None", other: "SegmentHeader | None") -> "SegmentHeader | None":
    if one is None or (other is not None and other.generation > one.generation):
        return other
    return one


def _scan(probe: _Probe) -> "SegmentHeader | None":
    """Read every header: the last resort."""
    probe.state.scan_count += 1
    best: SegmentHeader | None = None
    for slot in range(probe.count):
        header = probe.header(slot)[1]
        if header is not None and (best is None or header.generation > best.generation):
            best = header
    return best


def _tail(probe: _Probe, header: "SegmentHeader") -> int:
    """Walk the newest segment; returns the sequence behind its last good record."""
    partition = probe.state.partition
    start = partition.segment_offset_bytes(header.slot)
    end = start + partition.segment_bytes
    at = start + PAGE_BYTES
    sequence = settled = header.first_sequence
    doubtful: Found = []
    while at < end:
        record = records.decode(probe.fetch(at, PAGE_BYTES), probe.layout, header)
        if record is not None and at + record.length_bytes() > end:
            record = None
        is_hole = record is None or record.sequence != sequence
        if is_hole and settled <= sequence:
            behind = settled_behind(probe.fetch, probe.layout, header, at, end, sequence)
            settled = max(settled, behind)
            if settled <= sequence:
                break
        if record is None or record.sequence < sequence:
            at += PAGE_BYTES
            continue
        settled = max(settled, record.settled)
        doubtful = _unsettled(doubtful, settled)
        doubtful.append((at, record))
        sequence = record.sequence + 1
        at += record.length_bytes()
    return _first_torn(probe, _unsettled(doubtful, settled), sequence)


def _unsettled(doubtful: "Found", settled: int) -> "Found":
    """Keep the records that nothing calls settled yet."""
    return [entry for entry in doubtful if entry[1].sequence >= settled]


def _first_torn(probe: _Probe, doubtful: "Found", end: int) -> int:
    """Read the records that no later one calls settled; returns where the good ones end."""
    for at, record in doubtful:
        body = probe.fetch(at, record.length_bytes())[records.HEADER_BYTES :]
        if not records.is_untorn(record, body):
            return record.sequence
    return end


def _samples(probe: _Probe, newest: "SegmentHeader") -> "list[SegmentHeader]":
    """Read some headers from the oldest on, evenly spaced, for the oldest second held."""
    oldest = max(0, newest.generation - probe.count + 1)
    span = newest.generation - oldest
    found: list[SegmentHeader] = []
    for step in range(min(SAMPLE_COUNT, span)):
        generation = oldest + span * step // min(SAMPLE_COUNT, span)
        header = probe.header(generation % probe.count)[1]
        if header is not None and header.generation == generation:
            found.append(header)
    found.append(newest)
    return found


def load(read: "Read", size_bytes: int, unit: str = "") -> Recovered:
    """Read the layout and recover in one call; raises what `layout.load` raises."""
    return recover(read, geometry.load(read, size_bytes, unit))
