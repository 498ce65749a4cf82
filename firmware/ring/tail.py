"""Where the newest segment ends: at a hole, unless something behind it says the hole was settled.

A power cut leaves holes only where no barrier was. A hole in front of a record that was made when
all below it were behind a barrier is damage: a lost or misdirected write, or rot.
"""

from firmware.ring import records
from firmware.ring.layout import PAGE_BYTES
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.ring.layout import Layout, Read
    from firmware.ring.segments import SegmentHeader

LOOK_PAST_PAGES = 128


def settled_behind(
    read: "Read", layout: "Layout", header: "SegmentHeader", start_bytes: int, end_bytes: int
) -> int:
    """Look past a hole for the highest sequence that what lies behind calls settled.

    Args:
        read: (offset_bytes, length_bytes) to bytes.
        layout: of the pool.
        header: of the segment.
        start_bytes: of the hole, on the medium.
        end_bytes: of the segment, on the medium; at most 512 KiB are looked at.

    Returns:
        every sequence below it was behind a barrier once; 0 where nothing says so.
    """
    settled = 0
    last = min(end_bytes, start_bytes + LOOK_PAST_PAGES * PAGE_BYTES)
    for at in range(start_bytes, last, PAGE_BYTES):
        record = records.decode(read(at, records.HEADER_BYTES), layout, header)
        if record is not None:
            settled = max(settled, record.settled)
    return settled
