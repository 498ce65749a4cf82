"""Opens a pool without changing it, even while the unit writes to it."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from firmware.errors import DamagedError
from firmware.ring import check, layout, recovery
from firmware.ring.reader import RingReader, Segment
from hal.linux.cipher import OpenSslCipher

Told = Callable[[int, int], None]
"""Progress: (done, of how many)."""
SegmentName = tuple[bytes, bytes]
"""Key id and label of a segment, as its header tells them to anybody."""


class KeyBox:
    """The content keys that were released for one job, by the segments' key id and label."""

    def __init__(self) -> None:
        self._keys: dict[SegmentName, bytes] = {}

    def add(self, keys: Mapping[SegmentName, bytes]) -> None:
        """Take released keys."""
        self._keys.update(keys)

    def key_for(self, key_id: bytes, label: bytes) -> bytes | None:
        """Give a segment's content key; None where it was not released."""
        return self._keys.get((key_id, label))


class PoolFile:
    """A pool opened read-only; a context manager.

    Args:
        path: the pool file or partition.
        unit: the unit that must own it; "" takes any.

    Raises:
        DamagedError: not a pool, a newer version, cut short, or another unit's.
        OSError: the file cannot be opened.
    """

    def __init__(self, path: Path, unit: str = "") -> None:
        self._descriptor = os.open(path, os.O_RDONLY)
        try:
            self.size_bytes = os.lseek(self._descriptor, 0, os.SEEK_END)
            self.layout = layout.load(self.read, self.size_bytes, unit)
        except BaseException:
            os.close(self._descriptor)
            raise
        self.cipher = OpenSslCipher()

    def read(self, offset_bytes: int, length_bytes: int) -> bytes:
        """Read at a place.

        Raises:
            DamagedError: the file ends before it.
        """
        data = os.pread(self._descriptor, length_bytes, offset_bytes)
        if len(data) != length_bytes:
            raise DamagedError(f"the pool ends at byte {offset_bytes + len(data)}")
        return data

    def reader(self, keys: KeyBox) -> RingReader:
        """A reader with the keys given."""
        return RingReader(self.read, self.layout, self.cipher, keys.key_for)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._descriptor)

    def __enter__(self) -> "PoolFile":
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()


def name_of(segment: Segment) -> SegmentName:
    """Tell what a keyholder must know of a segment to find its key."""
    return segment.header.key_id, segment.header.label(segment.partition.tag)


@dataclass(frozen=True)
class PartitionInfo:
    """One partition, as it can be told without a key.

    Attributes:
        stream: its name, where one of the names given fits; else "".
        segment_bytes: length of a segment.
        segment_count: number of slots.
        opened_count: segments ever opened in it.
        next_sequence: sequence of the next record.
        damaged_count: damaged headers that recovery met.
    """

    stream: str
    segment_bytes: int
    segment_count: int
    opened_count: int
    next_sequence: int
    damaged_count: int

    def fill_permille(self) -> int:
        """How much of it has been used."""
        return min(self.opened_count, self.segment_count) * 1000 // self.segment_count


@dataclass(frozen=True)
class RingInfo:
    """A pool, as it can be told without a key.

    Attributes:
        unit: name of the unit that owns it.
        pool: the pool's id in hex.
        version: of the format.
        size_bytes: length of the pool.
        partitions: one for each stream.
        read_count: reads that recovery took.
    """

    unit: str
    pool: str
    version: int
    size_bytes: int
    partitions: list[PartitionInfo] = field(default_factory=list[PartitionInfo])
    read_count: int = 0


def ring_info(path: Path, streams: tuple[str, ...] = (), unit: str = "") -> RingInfo:
    """Tell what a pool is.

    Args:
        path: the pool.
        streams: names that may fit, such as "dome-1/picture"; a pool does not hold names.
        unit: the unit that must own it; "" takes any.
    """
    with PoolFile(path, unit) as pool:
        recovered = recovery.recover(pool.read, pool.layout)
        names = {layout.stream_tag(pool.cipher, pool.layout.uuid, name): name for name in streams}
        partitions = [
            PartitionInfo(
                names.get(state.partition.tag, ""),
                state.partition.segment_bytes,
                state.partition.segment_count,
                state.generation + 1,
                state.sequence,
                state.damaged_count,
            )
            for state in recovered.states
        ]
        return RingInfo(
            pool.layout.unit,
            pool.layout.uuid.hex(),
            layout.VERSION_WITH_HOLDS if pool.layout.holds else layout.VERSION,
            pool.layout.size_bytes,
            partitions,
            recovered.read_count,
        )


def ring_check(
    path: Path,
    keys: KeyBox | None = None,
    unit: str = "",
    told: Told | None = None,
) -> list[check.Fault]:
    """Check a pool against the invariants of docs/formats/ring.md.

    Args:
        path: the pool.
        keys: with them every seal they open is checked too.
        unit: the unit that must own it; "" takes any.
        told: progress.

    Returns:
        every fault found, in the order of the medium; empty for a sound pool.
    """
    with PoolFile(path, unit) as pool:

        def read(offset_bytes: int, length_bytes: int) -> bytes:
            if told is not None:
                told(min(offset_bytes, pool.layout.size_bytes), pool.layout.size_bytes)
            return pool.read(offset_bytes, length_bytes)

        if keys is None:
            return check.Checker(read, pool.size_bytes).run()
        return check.Checker(read, pool.size_bytes, pool.cipher, keys.key_for).run()
