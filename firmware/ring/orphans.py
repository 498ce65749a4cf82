"""Tells a segment whose header is lost from one that never held a record.

A record says its pool, slot, generation and sequence in the clear. Without the header nothing
opens it any more, but it is missed. One with a sequence below those of the next segment was behind
a barrier there: what a generation that was given up holds is written again in the next.
"""

from firmware.ring import records
from firmware.ring.layout import PAGE_BYTES
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.ring.layout import Layout, Partition, Read


def is_orphan(
    data: bytes, layout: "Layout", partition: "Partition", generation: int, limit: int
) -> bool:
    """Tell whether a page begins a record that counted, of a generation without a header.

    Args:
        data: the page, or its first 64 bytes.
        layout: of the pool.
        partition: where the page lies.
        generation: that has no header.
        limit: first sequence of the next segment that has one.
    """
    found = records.place(data, layout)
    if found is None or found[:2] != (generation % partition.segment_count, generation):
        return False
    return found[2] < limit


def count(
    read: "Read", layout: "Layout", partition: "Partition", generation: int, limit: int
) -> int:
    """Count the records behind a lost header that were behind a barrier; arguments as above."""
    start = partition.segment_offset_bytes(generation % partition.segment_count)
    return sum(
        is_orphan(read(start + at, records.HEADER_BYTES), layout, partition, generation, limit)
        for at in range(PAGE_BYTES, partition.segment_bytes, PAGE_BYTES)
    )
