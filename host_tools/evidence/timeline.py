"""Puts the access units of one stream on the time that people use, and finds where they stop."""

from collections.abc import Iterator
from dataclasses import dataclass

from firmware.ring.content import CONTINUING_CAUSES, Block, Footer
from firmware.ring.reader import RingReader, Segment
from firmware.ring.records import Record
from firmware.ring.segments import SegmentInfo
from hal.api.clock import UTC_SYNCED
from hal.api.media import AccessUnit

POWER = "power"
DROPPED = "dropped"


@dataclass(frozen=True)
class Piece:
    """One record's units.

    Attributes:
        info: of its segment.
        generation: of its segment.
        sequence: of the record.
        block: what it holds.
        offset_ms: add to a unit's now_ms for its UTC; None where the boot never had a time.
        gap_cause: why there is a gap before it; "" where there is none.
    """

    info: SegmentInfo
    generation: int
    sequence: int
    block: Block
    offset_ms: int | None
    gap_cause: str

    def utc_ms(self, unit: AccessUnit) -> int:
        """UTC of one of its units, re-based; 0 where it is not known."""
        return 0 if self.offset_ms is None else unit.now_ms + self.offset_ms

    def is_rebased(self) -> bool:
        """Tell whether its time is from a later moment of its boot."""
        return self.block.stamp[2] < UTC_SYNCED and self.offset_ms is not None


class Timeline:
    """The readable part of one stream.

    Args:
        reader: of the pool, with the keys that were released.
        segments: of the stream's partition, oldest first.
    """

    def __init__(self, reader: RingReader, segments: list[Segment]) -> None:
        self._reader = reader
        self._segments = [segment for segment in segments if segment.info is not None]
        self._offsets: dict[int, tuple[int, int]] = {}  # boot: (quality, utc minus now)
        for segment in self._segments:
            if segment.info is not None:
                self._learn(segment.info.boot, segment.info.stamp)
        self._learn_late()

    def is_empty(self) -> bool:
        """Tell whether no segment can be read."""
        return not self._segments

    def pieces(self, from_utc_ms: int, to_utc_ms: int) -> Iterator[Piece]:
        """Walk the records of a range, from one segment before it, oldest first."""
        before: tuple[int, int] | None = None  # boot and next sequence
        ended = ""
        for segment in self._within(from_utc_ms, to_utc_ms):
            info = segment.info
            if info is None:
                continue
            for record, content in self._reader.contents(segment):
                if isinstance(content, Footer):
                    ended = "" if content.cause in CONTINUING_CAUSES else content.cause
                else:
                    cause = _gap(before, info.boot, record, ended)
                    if before is not None and content.has_gap:
                        cause = cause or DROPPED
                    yield self._piece(segment, info, record, content, cause)
                    ended = ""
                before = (info.boot, record.sequence + 1)

    def _piece(
        self, segment: Segment, info: SegmentInfo, record: Record, block: Block, cause: str
    ) -> Piece:
        offset = self._offsets.get(info.boot)
        if block.stamp[2] >= UTC_SYNCED:
            offset = (block.stamp[2], block.stamp[1] - block.stamp[0])
        return Piece(
            info,
            segment.header.generation,
            record.sequence,
            block,
            None if offset is None else offset[1],
            cause,
        )

    def _learn(self, boot: int, stamp: tuple[int, int, int]) -> None:
        known = self._offsets.get(boot)
        if stamp[2] and (known is None or stamp[2] > known[0]):
            self._offsets[boot] = (stamp[2], stamp[1] - stamp[0])

    def _learn_late(self) -> None:
        """Look for a boot's first trusted time inside its last segment, where no header has it."""
        last = {segment.info.boot: segment for segment in self._segments if segment.info}
        for boot, segment in last.items():
            if self._offsets.get(boot, (0, 0))[0] < UTC_SYNCED:
                for _, content in self._reader.contents(segment):
                    self._learn(boot, content.stamp)

    def _start_utc_ms(self, segment: Segment) -> int | None:
        info = segment.info
        if info is None:
            return None
        if info.stamp[2] >= UTC_SYNCED:
            return info.stamp[1]
        offset = self._offsets.get(info.boot)
        return None if offset is None else info.stamp[0] + offset[1]

    def _within(self, from_utc_ms: int, to_utc_ms: int) -> list[Segment]:
        starts = [self._start_utc_ms(segment) for segment in self._segments]
        first = 0
        for at, start in enumerate(starts):
            if start is not None and start <= from_utc_ms:
                first = max(0, at - 1)
        return [
            segment
            for segment, start in zip(self._segments[first:], starts[first:], strict=True)
            if start is not None and start < to_utc_ms
        ]


def _gap(before: tuple[int, int] | None, boot: int, record: Record, ended: str) -> str:
    if before is None:
        return ""
    if ended:
        return ended
    return "" if before == (boot, record.sequence) else POWER
