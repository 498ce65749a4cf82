"""Geometry of a pool: its superblocks and partitions.

Source: docs/formats/ring.md, "Superblock".
"""

import binascii
import struct

from firmware.errors import DamagedError
from firmware.ring import holds
from firmware.ring.varint import Cursor
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from firmware.ring.holds import Hold
    from hal.api.cipher import Cipher

    Read = Callable[[int, int], bytes]
    Step = tuple[str, int, bytes]
    Want = tuple[str, int, int]

PAGE_BYTES = 4096
VERSION = 1
VERSION_WITH_HOLDS = 2  # software that knows none would take kept segments for stale ones
UUID_BYTES = 16
TAG_BYTES = 16
PARTITION_COUNT_MAX = 120
SEGMENT_COUNT_MIN = 4
SEGMENT_BYTES_MIN = 16 * PAGE_BYTES
SEGMENT_BYTES_MAX = 1 << 30
UNIT_BYTES_MAX = 64
MAGIC = b"LAMPPOOL"
WRITE = "write"
BARRIER: "Step" = ("barrier", 0, b"")
ZERO_PAGE = bytes(PAGE_BYTES)

_HEAD = ">8sHH16sQQ"
_HEAD_BYTES = 44
_PART = ">16sQII"
_PART_BYTES = 32
_SUPERBLOCK_COUNT = 2


class NotAPoolError(DamagedError):
    """Neither superblock can be read: not a pool, or both copies are destroyed."""

    code = "ring.not_a_pool"


class NewerPoolError(DamagedError):
    """The pool was made by a newer version than this one."""

    code = "ring.newer"


class ShortPoolError(DamagedError):
    """The medium is shorter than the pool that starts on it."""

    code = "ring.cut_short"


class OtherUnitError(DamagedError):
    """The pool belongs to another unit."""

    code = "ring.other_unit"


class PoolTooSmallError(DamagedError):
    """The medium has no room for the partitions that are wanted."""

    code = "ring.too_small"


def stamp(page: bytearray) -> bytes:
    """Put the CRC at the end of a page; returns the finished page."""
    page[PAGE_BYTES - 4 :] = binascii.crc32(bytes(page[: PAGE_BYTES - 4])).to_bytes(4, "big")
    return bytes(page)


def is_stamped(page: bytes) -> bool:
    """Tell whether a page passes the CRC at its end."""
    if len(page) != PAGE_BYTES:
        return False
    return binascii.crc32(page[: PAGE_BYTES - 4]) == int.from_bytes(page[PAGE_BYTES - 4 :], "big")


def pages_up(length_bytes: int) -> int:
    """Round a length up to whole pages, bytes."""
    return (length_bytes + PAGE_BYTES - 1) // PAGE_BYTES * PAGE_BYTES


def stream_tag(cipher: "Cipher", uuid: bytes, stream: str) -> bytes:
    """Name a stream's partition without telling its name; 16 bytes."""
    return cipher.sha256(uuid + stream.encode())[:TAG_BYTES]


class Partition:
    """Where the segments of one stream lie.

    Args:
        tag: what `stream_tag` gives for the stream.
        offset_bytes: start of slot 0 on the medium.
        segment_bytes: length of every segment.
        segment_count: number of slots.
    """

    __slots__ = ("offset_bytes", "segment_bytes", "segment_count", "tag")

    def __init__(
        self, tag: bytes, offset_bytes: int, segment_bytes: int, segment_count: int
    ) -> None:
        self.tag = tag
        self.offset_bytes = offset_bytes
        self.segment_bytes = segment_bytes
        self.segment_count = segment_count

    def segment_offset_bytes(self, slot: int) -> int:
        """Find where a slot starts on the medium, bytes."""
        assert 0 <= slot < self.segment_count
        return self.offset_bytes + slot * self.segment_bytes

    def end_bytes(self) -> int:
        """First byte behind the partition."""
        return self.offset_bytes + self.segment_count * self.segment_bytes


class Layout:
    """A pool's identity and its partitions.

    Args:
        uuid: 16 random bytes made with the pool.
        unit: name of the unit that owns it, at most 64 bytes of UTF-8.
        size_bytes: length of the pool.
        partitions: one for each stream, in order of their place.
        revision: counts changes of the superblock.

    Attributes:
        holds: what may not be overwritten; as many as the superblock has room for.
    """

    __slots__ = ("holds", "partitions", "revision", "size_bytes", "unit", "uuid")

    def __init__(
        self,
        uuid: bytes,
        unit: str,
        size_bytes: int,
        partitions: "list[Partition]",
        revision: int = 1,
    ) -> None:
        self.uuid = uuid
        self.unit = unit
        self.size_bytes = size_bytes
        self.partitions = partitions
        self.revision = revision
        self.holds: list[Hold] = []

    def hold_count_max(self) -> int:
        """How many holds the superblock has room for."""
        used = _HEAD_BYTES + 1 + len(self.unit.encode()) + _PART_BYTES * len(self.partitions)
        return (PAGE_BYTES - 4 - used - 2) // holds.ENTRY_BYTES

    def find(self, cipher: "Cipher", stream: str) -> "Partition | None":
        """Find the partition of a stream; None where the pool has no place for it."""
        tag = stream_tag(cipher, self.uuid, stream)
        for partition in self.partitions:
            if partition.tag == tag:
                return partition
        return None

    def encode(self) -> bytes:
        """Make the superblock, one page."""
        unit = self.unit.encode()
        assert len(unit) <= UNIT_BYTES_MAX
        page = bytearray(PAGE_BYTES)
        count = len(self.partitions)
        version = VERSION_WITH_HOLDS if self.holds else VERSION
        struct.pack_into(
            _HEAD, page, 0, MAGIC, version, count, self.uuid, self.revision, self.size_bytes
        )
        at = _HEAD_BYTES
        page[at] = len(unit)
        page[at + 1 : at + 1 + len(unit)] = unit
        at += 1 + len(unit)
        for part in self.partitions:
            fields = (part.tag, part.offset_bytes, part.segment_bytes, part.segment_count)
            struct.pack_into(_PART, page, at, *fields)
            at += _PART_BYTES
        if self.holds:
            assert len(self.holds) <= self.hold_count_max()
            told = holds.encode(self.holds)
            page[at : at + len(told)] = told
        return stamp(page)

    def format_plan(self, is_zeroed: bool) -> "list[Step]":
        """Plan the writes that make a medium this pool.

        Args:
            is_zeroed: the medium is known to read as zeros (a new file); otherwise every slot's
                header page is zeroed first, so that old bytes are not taken for damage.
        """
        plan: list[Step] = []
        if not is_zeroed:
            offsets = [copy * PAGE_BYTES for copy in range(_SUPERBLOCK_COUNT)]
            for part in self.partitions:
                slots = range(part.segment_count)
                offsets.extend([part.segment_offset_bytes(slot) for slot in slots])
            plan.extend([(WRITE, offset, ZERO_PAGE) for offset in offsets])
            plan.append(BARRIER)
        return plan + self.superblock_plan()

    def superblock_plan(self) -> "list[Step]":
        """Plan the writes of both superblocks: one of them is whole at every moment."""
        plan: list[Step] = []
        page = self.encode()
        for copy in range(_SUPERBLOCK_COUNT):
            plan.append((WRITE, copy * PAGE_BYTES, page))
            plan.append(BARRIER)
        return plan


def plan_pool(
    cipher: "Cipher", uuid: bytes, unit: str, size_bytes: int, wants: "list[Want]"
) -> Layout:
    """Divide a medium among streams.

    Args:
        cipher: for the tags.
        uuid: 16 fresh random bytes.
        unit: name of the unit.
        size_bytes: length of the medium.
        wants: (stream, segment_bytes, weight) each; room is given in proportion to the weight,
            best the stream's bytes per second; segment_bytes is a multiple of 4096.

    Returns:
        the layout; `format_plan` makes it real.

    Raises:
        PoolTooSmallError: a stream would get fewer than 4 segments.
    """
    assert len(uuid) == UUID_BYTES
    assert 1 <= len(wants) <= PARTITION_COUNT_MAX
    weight_sum = sum(want[2] for want in wants)
    offset = _SUPERBLOCK_COUNT * PAGE_BYTES
    room = size_bytes - offset
    partitions: list[Partition] = []
    for stream, segment_bytes, weight in wants:
        assert weight > 0
        assert SEGMENT_BYTES_MIN <= segment_bytes <= SEGMENT_BYTES_MAX
        assert segment_bytes % PAGE_BYTES == 0
        count = room * weight // weight_sum // segment_bytes
        if count < SEGMENT_COUNT_MIN:
            need = SEGMENT_COUNT_MIN * segment_bytes * weight_sum // weight + offset
            raise PoolTooSmallError(
                "the pool of %d bytes is too small: stream %s needs it to have at least %d bytes; "
                "make the pool larger or its segments smaller" % (size_bytes, stream, need)
            )
        partitions.append(
            Partition(stream_tag(cipher, uuid, stream), offset, segment_bytes, count)
        )
        offset = partitions[-1].end_bytes()
    return Layout(uuid, unit, size_bytes, partitions)


def decode(page: bytes) -> "Layout | None":
    """Read one superblock; None when it is not valid.

    Raises:
        NewerPoolError: it is valid and of a newer version.
    """
    if not is_stamped(page):
        return None
    magic, version, count, uuid, revision, size = struct.unpack_from(_HEAD, page, 0)
    if magic != MAGIC or not 1 <= count <= PARTITION_COUNT_MAX:
        return None
    if version > VERSION_WITH_HOLDS:
        raise NewerPoolError(
            "the pool has format version %d and this software reads up to %d; "
            "use the software version that made it, or a newer one" % (version, VERSION_WITH_HOLDS)
        )
    cursor = Cursor(page)
    cursor.at = _HEAD_BYTES
    unit = cursor.take(cursor.take_byte()).decode()
    partitions: list[Partition] = []
    for _ in range(count):
        tag, offset, segment_bytes, segment_count = struct.unpack(_PART, cursor.take(_PART_BYTES))
        partitions.append(Partition(bytes(tag), offset, segment_bytes, segment_count))
    layout = Layout(bytes(uuid), unit, size, partitions, revision)
    if version >= VERSION_WITH_HOLDS:
        layout.holds = holds.decode(page[cursor.at :])
    return layout


def load(read: "Read", size_bytes: int, unit: str = "") -> Layout:
    """Read a pool's layout from its newer valid superblock.

    Args:
        read: (offset_bytes, length_bytes) to bytes.
        size_bytes: length of the medium.
        unit: the unit that must own it; "" takes any.

    Raises:
        NotAPoolError: neither superblock is valid.
        ShortPoolError: the medium is shorter than the pool.
        OtherUnitError: it is another unit's.
    """
    best: Layout | None = None
    for copy in range(_SUPERBLOCK_COUNT):
        if (copy + 1) * PAGE_BYTES <= size_bytes:
            found = decode(read(copy * PAGE_BYTES, PAGE_BYTES))
            if found and (best is None or found.revision > best.revision):
                best = found
    if best is None:
        raise NotAPoolError("no superblock at 0 or 4096 is valid: not a pool of Lamppost")
    if best.size_bytes > size_bytes:
        raise ShortPoolError(
            "the pool of unit %s has %d bytes and the medium only %d: it was cut short or copied "
            "in part; copy it whole" % (best.unit, best.size_bytes, size_bytes)
        )
    if unit and best.unit != unit:
        raise OtherUnitError(
            "the pool belongs to unit %s, not %s; put back the right medium, or make a new pool "
            "on it (that destroys what it holds)" % (best.unit, unit)
        )
    return best


def is_blank(read: "Read") -> bool:
    """Tell whether both superblocks are zeros, so that a pool may be made without asking."""
    return read(0, PAGE_BYTES) == ZERO_PAGE and read(PAGE_BYTES, PAGE_BYTES) == ZERO_PAGE
