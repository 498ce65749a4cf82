"""Where the newest segment ends: at a hole, unless something behind it says the hole was settled.

A power cut leaves holes only where no barrier was. A hole in front of a record that was made when
all below it were behind a barrier is damage: a lost or misdirected write, or rot. So is one in
front of the very record that should follow: then nothing is missing between.
"""

from firmware.ring import records
from firmware.ring.layout import PAGE_BYTES
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.ring.layout import Layout, Read
    from firmware.ring.segments import SegmentHeader

LOOK_PAST_PAGES = 128


def settled_behind(
    read: "Read",
    layout: "Layout",
    header: "SegmentHeader",
    start_bytes: int,
    end_bytes: int,
    expected: int,
) -> int:
    """Look past a hole for the highest sequence that what lies behind calls settled.

    Args:
        read: (offset_bytes, length_bytes) to bytes.
        layout: of the pool.
        header: of the segment.
        start_bytes: of the hole, on the medium.
        end_bytes: of the segment, on the medium; at most 512 KiB are looked at.
        expected: the sequence that should have followed.

    Returns:
        every sequence below it was behind a barrier once, or is `expected` and is there; 0 where
        nothing says so.
    """
    settled = 0
    last = min(end_bytes, start_bytes + LOOK_PAST_PAGES * PAGE_BYTES)
    for at in range(start_bytes, last, PAGE_BYTES):
        record = records.decode(read(at, records.HEADER_BYTES), layout, header)
        if record is None:
            continue
        settled = max(settled, record.settled)
        if record.sequence == expected == record.settled:
            length = record.length_bytes()
            if at + length <= end_bytes:
                body = read(at, length)[records.HEADER_BYTES :]
                settled = max(settled, expected + records.is_untorn(record, body))
    return settled
