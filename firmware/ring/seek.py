"""Finds the segment that holds a moment, by a binary search over the generations.

A segment's time is sealed; who asks says how it is opened: the unit by its own notes, a tool by
the content keys it was given.
"""

from firmware.ring import segments
from firmware.ring.layout import PAGE_BYTES
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from firmware.ring.layout import Layout, Partition, Read
    from firmware.ring.segments import SegmentHeader

    OpenedAt = Callable[[int], int]

LOOK_PAST_COUNT = 4


def bracket(oldest: int, newest: int, opened_at: "OpenedAt", utc_ms: int) -> "tuple[int, int]":
    """Find the generations around a moment; what lies between the two has an unknown time.

    Args:
        oldest: generation that may still be there.
        newest: generation that is there; below `oldest` for none.
        opened_at: generation to the UTC at which it was opened, ms; 0 where that is not known.
        utc_ms: the moment.

    Returns:
        (the newest generation known to be opened at or before it, or `oldest` - 1;
        the oldest known to be opened after it, or `newest` + 1).
    """
    low = oldest - 1
    high = top = newest + 1
    while top - low > 1:
        middle = found = (low + top) // 2
        found_utc_ms = 0
        while not found_utc_ms and found < min(top, middle + LOOK_PAST_COUNT):
            found_utc_ms = opened_at(found)
            found += 1
        if found_utc_ms and found_utc_ms <= utc_ms:
            low = found - 1
        else:
            top = middle
            high = found - 1 if found_utc_ms else high
    return low, high


def header_of(
    read: "Read", layout: "Layout", partition: "Partition", generation: int
) -> "SegmentHeader | None":
    """Read the header of a generation; None where its slot holds anything else."""
    slot = generation % partition.segment_count
    page = read(partition.segment_offset_bytes(slot), PAGE_BYTES)
    header = segments.judge(page, layout, partition, slot)[1]
    return header if header is not None and header.generation == generation else None
