"""What is sealed in a record: access units behind a table, or the index that closes a segment.

Source: docs/formats/ring.md, "Record header".
"""

from firmware.errors import DamagedError
from firmware.ring.varint import Cursor, put_int, put_text, put_uint
from hal.api._typing import TYPE_CHECKING
from hal.api.media import AccessUnit

if TYPE_CHECKING:
    Stamp = tuple[int, int, int]

CONTINUING_CAUSES = ("full", "epoch", "parameters")

_VERSION = 1
_FLAG_GAP = 1
_FLAG_KEYFRAME = 1
_UNIT_OVERHEAD_BYTES = 40
_INDEX_ENTRY_BYTES = 13
_FOOTER_BYTES = 128


class Block:
    """The access units of one record.

    Args:
        stamp: (now_ms, utc_ms, utc_quality) of the first unit; utc_ms 0 where quality is 0.
        has_gap: units were dropped between the record before and this one.
        units: in order of decoding.
    """

    __slots__ = ("has_gap", "stamp", "units")

    def __init__(self, stamp: "Stamp", has_gap: bool, units: "list[AccessUnit]") -> None:
        self.stamp = stamp
        self.has_gap = has_gap
        self.units = units


class Footer:
    """What closed a segment.

    Args:
        cause: why it was closed.
        stamp: (now_ms, utc_ms, utc_quality) at closing.
        index: (offset in the segment in bytes, now_ms) of each record before it.
    """

    __slots__ = ("cause", "index", "stamp")

    def __init__(self, cause: str, stamp: "Stamp", index: "list[tuple[int, int]]") -> None:
        self.cause = cause
        self.stamp = stamp
        self.index = index


def unit_bytes(unit: AccessUnit) -> int:
    """Most bytes that a unit takes in a record."""
    return len(unit.data) + _UNIT_OVERHEAD_BYTES


def footer_bytes_max(record_count: int) -> int:
    """Most bytes that the footer of so many records takes, before sealing."""
    return _FOOTER_BYTES + _INDEX_ENTRY_BYTES * record_count


def encode_block(block: Block) -> bytes:
    """Make the bytes of a footage record."""
    head = bytearray()
    head.append(_VERSION)
    put_uint(head, block.stamp[0])
    put_uint(head, block.stamp[1])
    head.append(block.stamp[2])
    head.append(_FLAG_GAP if block.has_gap else 0)
    put_uint(head, len(block.units))
    dts = block.units[0].dts
    put_int(head, dts)
    now_ms = block.stamp[0]
    for unit in block.units:
        put_int(head, unit.dts - dts)
        put_int(head, unit.pts - unit.dts)
        put_int(head, unit.now_ms - now_ms)
        put_uint(head, len(unit.data))
        head.append(_FLAG_KEYFRAME if unit.is_keyframe else 0)
        dts = unit.dts
        now_ms = unit.now_ms
    return b"".join([bytes(head)] + [unit.data for unit in block.units])  # the one copy


def decode_block(data: bytes) -> Block:
    """Read what `encode_block` made.

    Raises:
        DamagedError: it is not of that form, or its sizes disagree.
    """
    cursor = Cursor(data)
    if cursor.take_byte() != _VERSION:
        raise DamagedError("a record has content of an unknown version")
    now_ms = cursor.take_uint()
    stamp = (now_ms, cursor.take_uint(), cursor.take_byte())
    has_gap = bool(cursor.take_byte() & _FLAG_GAP)
    count = cursor.take_uint()
    dts = cursor.take_int()
    table: list[tuple[int, int, int, int, int]] = []
    for _ in range(count):
        dts += cursor.take_int()
        cts = cursor.take_int()
        now_ms += cursor.take_int()
        table.append((dts, dts + cts, now_ms, cursor.take_uint(), cursor.take_byte()))
    units: list[AccessUnit] = []
    for unit_dts, pts, unit_now_ms, size, flags in table:
        body = cursor.take(size)
        units.append(AccessUnit(body, unit_now_ms, pts, unit_dts, bool(flags & _FLAG_KEYFRAME)))
    if cursor.at != len(data):
        raise DamagedError("a record holds %d bytes too many" % (len(data) - cursor.at))
    return Block(stamp, has_gap, units)


def encode_footer(footer: Footer, page_bytes: int) -> bytes:
    """Make the bytes of a footer record; offsets are multiples of `page_bytes`."""
    out = bytearray()
    out.append(_VERSION)
    put_text(out, footer.cause)
    put_uint(out, footer.stamp[0])
    put_uint(out, footer.stamp[1])
    out.append(footer.stamp[2])
    put_uint(out, len(footer.index))
    offset = now_ms = 0
    for entry in footer.index:
        put_uint(out, (entry[0] - offset) // page_bytes)
        put_int(out, entry[1] - now_ms)
        offset, now_ms = entry
    return bytes(out)


def decode_footer(data: bytes, page_bytes: int) -> Footer:
    """Read what `encode_footer` made.

    Raises:
        DamagedError: it is not of that form.
    """
    cursor = Cursor(data)
    if cursor.take_byte() != _VERSION:
        raise DamagedError("a footer has content of an unknown version")
    cause = cursor.take_text()
    stamp = (cursor.take_uint(), cursor.take_uint(), cursor.take_byte())
    index: list[tuple[int, int]] = []
    offset = now_ms = 0
    for _ in range(cursor.take_uint()):
        offset += cursor.take_uint() * page_bytes
        now_ms += cursor.take_int()
        index.append((offset, now_ms))
    return Footer(cause, stamp, index)
