"""The first page of a segment: whose it is, which lap, which key, and what is inside (sealed).

Source: docs/formats/ring.md, "Segment header".
"""

import struct

from firmware.errors import DamagedError
from firmware.ring.layout import PAGE_BYTES, VERSION, ZERO_PAGE, is_stamped, stamp
from firmware.ring.varint import Cursor, put_bytes, put_text, put_uint
from hal.api._typing import TYPE_CHECKING
from hal.api.media import StreamParameters

if TYPE_CHECKING:
    from firmware.ring.layout import Layout, Partition
    from hal.api.cipher import Cipher

MAGIC = b"LAMPSEGM"
SALT_BYTES = 16
KEY_ID_LABEL = b"id"
KEY_ID_BYTES = 16
EXTRADATA_BYTES_MAX = 2048
INSIDE_NONCE = b"HEAD" + bytes(8)

BLANK = "blank"
DAMAGED = "damaged"
MISPLACED = "misplaced"
VALID = "valid"

_HEAD = ">8sHBB16s16sIQQ16s16sHH"
_HEAD_BYTES = 100
_CONTENT_VERSION = 1
_NOTE = ">QB"
_NOTE_BYTES = 9


class SegmentHeader:
    """What stands in the clear in front of a segment.

    Args:
        suite: how its records are sealed.
        slot: where it lies in its partition.
        generation: how many segments were opened in the partition before it.
        first_sequence: sequence of its first record.
        salt: 16 bytes, fresh at each opening.
        key_id: names the epoch's secret to who holds it.
    """

    __slots__ = (
        "aad",
        "first_sequence",
        "generation",
        "inside",
        "key_id",
        "note",
        "salt",
        "slot",
        "suite",
    )

    def __init__(
        self,
        suite: int,
        slot: int,
        generation: int,
        first_sequence: int,
        salt: bytes,
        key_id: bytes,
    ) -> None:
        self.suite = suite
        self.slot = slot
        self.generation = generation
        self.first_sequence = first_sequence
        self.salt = salt
        self.key_id = key_id
        self.note = b""
        self.inside = b""
        self.aad = b""

    def label(self, tag: bytes) -> bytes:
        """Name of the content key under the epoch's secret."""
        return label(tag, self.generation, self.salt)


def label(tag: bytes, generation: int, salt: bytes) -> bytes:
    """Name of a content key under the epoch's secret."""
    return tag + generation.to_bytes(8, "big") + salt


class SegmentInfo:
    """What is sealed inside a segment's header.

    Args:
        stream: "dome-1/picture" and the like.
        chain: name of the key chain.
        epoch: number of the epoch within the chain.
        boot: boot number of the unit.
        stamp: (now_ms, utc_ms, utc_quality) at opening; utc_ms 0 where quality is 0.
        parameters: how to read the stream.
    """

    __slots__ = ("boot", "chain", "epoch", "parameters", "stamp", "stream")

    def __init__(
        self,
        stream: str,
        chain: str,
        epoch: int,
        boot: int,
        stamp: "tuple[int, int, int]",
        parameters: StreamParameters,
    ) -> None:
        self.stream = stream
        self.chain = chain
        self.epoch = epoch
        self.boot = boot
        self.stamp = stamp
        self.parameters = parameters

    def encode(self) -> bytes:
        """Make the bytes that are sealed."""
        out = bytearray()
        out.append(_CONTENT_VERSION)
        parameters = self.parameters
        numbers = (
            self.boot,
            self.stamp[0],
            self.stamp[1],
            self.stamp[2],
            self.epoch,
            parameters.timescale,
            parameters.width_px,
            parameters.height_px,
            parameters.sample_rate_hz,
            parameters.channel_count,
        )
        for number in numbers:
            put_uint(out, number)
        for text in (self.stream, self.chain, parameters.codec):
            put_text(out, text)
        assert len(parameters.extradata) <= EXTRADATA_BYTES_MAX
        put_bytes(out, parameters.extradata)
        return bytes(out)


def decode_info(data: bytes) -> SegmentInfo:
    """Read what `SegmentInfo.encode` made.

    Raises:
        DamagedError: it is not of that form.
    """
    cursor = Cursor(data)
    if cursor.take_byte() != _CONTENT_VERSION:
        raise DamagedError("the inside of a segment header has an unknown version")
    numbers = [cursor.take_uint() for _ in range(10)]
    stream = cursor.take_text()
    chain = cursor.take_text()
    codec = cursor.take_text()
    extradata = cursor.take_bytes()
    parameters = StreamParameters(codec, numbers[5], extradata, *numbers[6:])
    moment = (numbers[1], numbers[2], numbers[3])
    return SegmentInfo(stream, chain, numbers[4], numbers[0], moment, parameters)


def finish(
    cipher: "Cipher",
    layout: "Layout",
    partition: "Partition",
    header: SegmentHeader,
    secrets: "tuple[bytes, bytes, SegmentInfo]",
) -> bytes:
    """Seal the note and the inside and make the header page.

    Args:
        cipher: seals.
        layout: of the pool.
        partition: where the segment lies.
        header: its `aad`, `note` and `inside` are filled in here.
        secrets: content key, index key (b"" for no note), what goes inside.
    """
    key, index_key, info = secrets
    inside = info.encode()
    note_bytes = cipher.sealed_bytes(_NOTE_BYTES) if index_key else 0
    page = bytearray(PAGE_BYTES)
    inside_bytes = cipher.sealed_bytes(len(inside))
    struct.pack_into(
        _HEAD,
        page,
        0,
        MAGIC,
        VERSION,
        header.suite,
        0,
        layout.uuid,
        partition.tag,
        header.slot,
        header.generation,
        header.first_sequence,
        header.salt,
        header.key_id,
        note_bytes,
        inside_bytes,
    )
    header.aad = bytes(page[:_HEAD_BYTES])
    if index_key:
        note = struct.pack(_NOTE, info.stamp[1], info.stamp[2])
        header.note = cipher.seal(index_key, header.salt[:12], header.aad, note)
    header.inside = cipher.seal(key, INSIDE_NONCE, header.aad, inside)
    assert _HEAD_BYTES + note_bytes + inside_bytes <= PAGE_BYTES - 4
    page[_HEAD_BYTES : _HEAD_BYTES + note_bytes + inside_bytes] = header.note + header.inside
    return stamp(page)


def judge(
    page: bytes, layout: "Layout", partition: "Partition", slot: int
) -> "tuple[str, SegmentHeader | None]":
    """Decide what a header page is (invariant 3).

    Returns:
        (VALID, header), or (BLANK, DAMAGED or MISPLACED, None).
    """
    if page == ZERO_PAGE:
        return BLANK, None
    if page[:8] != MAGIC or not is_stamped(page):
        return DAMAGED, None
    fields = struct.unpack_from(_HEAD, page, 0)
    version, suite, uuid, tag, found_slot, generation, first = fields[1:3] + fields[4:9]
    if uuid != layout.uuid:
        return BLANK, None
    if version != VERSION:
        return DAMAGED, None
    is_here = tag == partition.tag and found_slot == slot
    if not is_here or generation % partition.segment_count != slot:
        return MISPLACED, None
    header = SegmentHeader(suite, slot, generation, first, bytes(fields[9]), bytes(fields[10]))
    note_end = _HEAD_BYTES + fields[11]
    header.aad = bytes(page[:_HEAD_BYTES])
    header.note = bytes(page[_HEAD_BYTES:note_end])
    header.inside = bytes(page[note_end : note_end + fields[12]])
    return VALID, header


def open_inside(cipher: "Cipher", header: SegmentHeader, key: bytes) -> "SegmentInfo | None":
    """Unseal what is inside a header; None when the key or the seal is wrong."""
    data = cipher.unseal(header.suite, key, INSIDE_NONCE, header.aad, header.inside)
    if data is None:
        return None
    return decode_info(data)


def open_note(
    cipher: "Cipher", header: SegmentHeader, index_key: bytes
) -> "tuple[int, int] | None":
    """Unseal the unit's own note: (utc_ms, quality) at opening; None where there is none."""
    if not index_key or not header.note:
        return None
    data = cipher.unseal(header.suite, index_key, header.salt[:12], header.aad, header.note)
    if data is None or len(data) != _NOTE_BYTES:
        return None
    utc_ms, quality = struct.unpack(_NOTE, data)
    return utc_ms, quality
