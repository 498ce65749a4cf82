"""Brings the marks of the continuity ledger from a damaged pool into a new one, still sealed.

Without the unit's key nobody can tell a good mark from a rotten one; what has the form of one is
copied as it is, and the unit takes the later one that opens.
"""

from collections.abc import Callable
from dataclasses import dataclass

from firmware.recorder import marks
from firmware.recorder.marks import AAD_BYTES, COPY_BYTES, COPY_COUNT, HEADER_BYTES, MAGIC
from firmware.ring.layout import Layout
from host_tools.evidence.geometry import RawPool

ROOM_BYTES = COPY_COUNT * COPY_BYTES
KEPT, LOST, NONE = "kept", "lost", "none"

Write = Callable[[int, bytes], None]


@dataclass(frozen=True)
class MarksSaved:
    """What became of the marks.

    Attributes:
        state: "kept", "lost", or "none" where the pool has never had any.
        copy_count: how many of the two copies were kept; one is enough.
        note: why they are lost; "" where they are not.
    """

    state: str = NONE
    copy_count: int = 0
    note: str = ""


def copy_marks(raw: RawPool, source: Layout, target: Layout, write: Write) -> MarksSaved:
    """Copy what has the form of a mark to its place in a new pool.

    Args:
        raw: the damaged pool.
        source: its layout.
        target: the new pool's, with room for marks.
        write: (offset_bytes, data) into the new pool.
    """
    start, there = marks.place(source), marks.place(target)
    if start < 0:
        return MarksSaved()
    if start >= raw.size_bytes:
        return MarksSaved(LOST, 0, "the ledger's marks, beyond the cut: why seconds are missing")
    copies = [raw.read(start + at * COPY_BYTES, COPY_BYTES) for at in range(COPY_COUNT)]
    good = [at for at in range(COPY_COUNT) if _is_mark(copies[at], at)]
    for at in good:
        write(there + at * COPY_BYTES, copies[at])
    if good:
        return MarksSaved(KEPT, len(good))
    if any(data[:4] == MAGIC for data in copies):
        return MarksSaved(LOST, 0, "the ledger's marks, both rotten: why seconds are missing")
    return MarksSaved()


def _is_mark(data: bytes, copy: int) -> bool:
    revision = int.from_bytes(data[8:AAD_BYTES], "big")
    length_bytes = int.from_bytes(data[AAD_BYTES : AAD_BYTES + 4], "big")
    has_form = data[:4] == MAGIC and data[5:8] == bytes(3) and revision > 0
    has_room = 0 < length_bytes <= COPY_BYTES - HEADER_BYTES
    return has_form and has_room and revision % COPY_COUNT == copy
