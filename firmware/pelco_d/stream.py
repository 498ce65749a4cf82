"""Finds Pelco-D frames in whatever comes down a line.

Survives noise, a fragment in front of a frame, 0xFF in any place, and any cut of the bytes: after
a window that is not a frame it goes on one byte later, so no good frame behind junk is lost
unless the junk itself makes a valid window (1 in 256 for each 0xFF in it).
"""

from firmware.pelco_d.frame import FRAME_BYTES, SYNC


class FrameFinder:
    """Collects bytes and hands over whole frames; holds at most six bytes between calls."""

    __slots__ = ("_held", "frame_count", "junk_count")

    def __init__(self) -> None:
        self._held = b""
        self.frame_count = 0
        self.junk_count = 0

    def receive(self, data: bytes) -> "list[tuple[int, int, int]]":
        """Take bytes; returns the frames they complete as (address, command, data)."""
        held = self._held + data
        end = len(held) - FRAME_BYTES
        found: list[tuple[int, int, int]] = []
        at = 0
        while at <= end:
            if held[at] == SYNC and sum(held[at + 1 : at + 6]) & 0xFF == held[at + 6]:
                found.append(
                    (
                        held[at + 1],
                        held[at + 2] << 8 | held[at + 3],
                        held[at + 4] << 8 | held[at + 5],
                    )
                )
                at += FRAME_BYTES
            else:
                at += 1
        while at < len(held) and held[at] != SYNC:
            at += 1  # what cannot begin a frame need not be kept
        self._held = held[at:]
        self.frame_count += len(found)
        self.junk_count += at - FRAME_BYTES * len(found)
        return found

    def drop(self) -> None:
        """Forget an unfinished frame, for when the line was lost or stayed quiet."""
        self.junk_count += len(self._held)
        self._held = b""
