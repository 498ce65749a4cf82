"""Holds: generations of a partition that the ring does not overwrite for a while.

They stand in the superblock, so that recovery and every reader know them before the first header.
A hold protects from overwriting only: whoever could not read its segments still cannot, and their
keys die as they would. Source: docs/formats/ring.md, "Holds".
"""

import struct

from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.ring.layout import Layout, Partition

ACTIVE = 0

_ENTRY = ">IHHQQQQ"
ENTRY_BYTES = 40


class Hold:
    """One hold.

    Args:
        number: names it to people; rises with each hold of the pool.
        partition: index of its partition.
        first: first generation that is kept.
        last: last one.
        until_utc_ms: when it ends by itself.
        freed: ACTIVE, or one more than the newest generation when its release was asked for: its
            segments are overwritten from then on, as the ring comes to their slots.
    """

    __slots__ = ("first", "freed", "last", "number", "partition", "until_utc_ms")

    def __init__(
        self,
        number: int,
        partition: int,
        span: "tuple[int, int]",
        until_utc_ms: int,
        freed: int = ACTIVE,
    ) -> None:
        self.number = number
        self.partition = partition
        self.first, self.last = span
        self.until_utc_ms = until_utc_ms
        self.freed = freed

    def span_count(self) -> int:
        """How many slots it takes."""
        return self.last - self.first + 1

    def has_slot(self, slot: int, segment_count: int) -> bool:
        """Tell whether one of its segments lies in a slot."""
        return (slot - self.first) % segment_count < self.span_count()


def encode(holds: "list[Hold]") -> bytes:
    """Make what stands in the superblock."""
    out = bytearray(len(holds).to_bytes(2, "big"))
    for one in holds:
        names = (one.number, one.partition, 0, one.first, one.last, one.until_utc_ms, one.freed)
        out += struct.pack(_ENTRY, *names)
    return bytes(out)


def decode(data: bytes) -> "list[Hold]":
    """Read what `encode` made; more bytes may follow."""
    count = int.from_bytes(data[:2], "big")
    found: list[Hold] = []
    for at in range(2, 2 + count * ENTRY_BYTES, ENTRY_BYTES):
        number, partition, _, first, last, until, freed = struct.unpack_from(_ENTRY, data, at)
        found.append(Hold(number, partition, (first, last), until, freed))
    return found


def listed(layout: "Layout", partition: "Partition") -> "list[Hold]":
    """List the holds of a partition, released ones too."""
    if not layout.holds:
        return []
    index = layout.partitions.index(partition)
    return [one for one in layout.holds if one.partition == index]


def is_kept(holds: "list[Hold]", generation: int) -> bool:
    """Tell whether a generation is kept, however far the ring has gone since."""
    return any(one.freed == ACTIVE and one.first <= generation <= one.last for one in holds)


def next_generation(layout: "Layout", partition: "Partition", newest: int) -> int:
    """Tell the next generation to open: the first whose slot is not kept."""
    holds = [one for one in listed(layout, partition) if one.freed == ACTIVE]
    count = partition.segment_count
    generation = newest + 1
    while any(one.has_slot(generation % count, count) for one in holds):
        generation += 1
        assert generation <= newest + count
    return generation


def free_runs(holds: "list[Hold]", segment_count: int) -> "list[tuple[int, int]]":
    """List the (first slot, how many) of the runs of slots that no listed hold has."""
    busy: list[tuple[int, int]] = []
    for one in holds:
        start = one.first % segment_count
        end = start + one.span_count()
        busy.append((start, min(end, segment_count)))
        if end > segment_count:
            busy.append((0, end - segment_count))
    busy.append((segment_count, segment_count))
    runs: list[tuple[int, int]] = []
    at = 0
    for start, end in sorted(busy):
        if start > at:
            runs.append((at, start - at))
        at = max(at, end)
    return runs


def spans(holds: "list[Hold]") -> "list[tuple[int, int]]":
    """Cut holds where others begin or end; returns (first, end) of each piece, once."""
    edges = sorted({one.first for one in holds} | {one.last + 1 for one in holds})
    return [
        (edges[at - 1], edges[at])
        for at in range(1, len(edges))
        if any(one.first <= edges[at - 1] <= one.last for one in holds)
    ]


def without(one: Hold, first: int, last: int) -> "list[Hold]":
    """Cut generations out of a hold; returns what is left of it, in none, one or two parts."""
    parts = ((one.first, min(one.last, first - 1)), (max(one.first, last + 1), one.last))
    if last < one.first or first > one.last:
        return [one]
    return [
        Hold(one.number, one.partition, span, one.until_utc_ms, one.freed)
        for span in parts
        if span[0] <= span[1]
    ]
