"""One sealed record: its header, its seal, and which place and lap it belongs to.

Source: docs/formats/ring.md, "Record header".
"""

import binascii
import struct

from firmware.ring.layout import pages_up
from hal.api._typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from firmware.ring.layout import Layout
    from firmware.ring.segments import SegmentHeader
    from hal.api.cipher import Cipher

MAGIC = b"LREC"
HEADER_BYTES = 64
FOOTAGE = 1
FOOTER = 2

_AAD = ">4sB3s8s8sIQQI"
_AAD_BYTES = 48
_TAIL = ">IQ"
_CHECKED_BYTES = 60
_DIFFERENT_MAX = 4


class Record:
    """What the header of a record says.

    Args:
        kind: FOOTAGE or FOOTER.
        sequence: rises by one from record to record of a partition.
        sealed_length_bytes: length of the sealed bytes.
        sealed_crc: their CRC.
        settled: every sequence below it was behind a barrier when this one was made.
    """

    __slots__ = ("aad", "kind", "sealed_crc", "sealed_length_bytes", "sequence", "settled")

    def __init__(
        self, kind: int, sequence: int, sealed_length_bytes: int, sealed_crc: int, settled: int
    ) -> None:
        self.kind = kind
        self.sequence = sequence
        self.sealed_length_bytes = sealed_length_bytes
        self.sealed_crc = sealed_crc
        self.settled = settled
        self.aad = b""

    def length_bytes(self) -> int:
        """How much of the segment it takes, padding included."""
        return pages_up(HEADER_BYTES + self.sealed_length_bytes)


def nonce(sequence: int) -> bytes:
    """Nonce of a record under its segment's content key; 12 bytes."""
    return bytes(4) + sequence.to_bytes(8, "big")


def encode(
    cipher: "Cipher",
    layout: "Layout",
    header: "SegmentHeader",
    key: bytes,
    record: Record,
    plain: bytes,
) -> bytes:
    """Seal a record.

    Args:
        cipher: seals.
        layout: of the pool.
        header: of the segment.
        key: the segment's content key.
        record: kind, sequence and settled are read; the rest is filled in.
        plain: what is sealed.

    Returns:
        whole pages: header, sealed bytes, zeros; in the one buffer that they were made in.
    """
    length = cipher.sealed_bytes(len(plain))
    pages = bytearray(pages_up(HEADER_BYTES + length))
    struct.pack_into(
        _AAD,
        pages,
        0,
        MAGIC,
        record.kind,
        bytes(3),
        layout.uuid[:8],
        header.salt[:8],
        header.slot,
        header.generation,
        record.sequence,
        length,
    )
    record.aad = bytes(pages[:_AAD_BYTES])
    room = memoryview(pages)[HEADER_BYTES : HEADER_BYTES + length]
    cipher.seal_into(key, nonce(record.sequence), record.aad, plain, room)
    record.sealed_length_bytes = length
    record.sealed_crc = binascii.crc32(room)
    struct.pack_into(_TAIL, pages, _AAD_BYTES, record.sealed_crc, record.settled)
    crc = binascii.crc32(bytes(pages[:_CHECKED_BYTES]))
    pages[_CHECKED_BYTES:HEADER_BYTES] = crc.to_bytes(4, "big")
    return cast("bytes", pages)


def reopen(cipher: "Cipher", key: bytes, data: bytes) -> bytes:
    """Open a record that `encode` made in this life, with its key; returns the plain text."""
    sequence, length = struct.unpack_from(">QI", data, _AAD_BYTES - 12)
    sealed = data[HEADER_BYTES : HEADER_BYTES + length]
    plain = cipher.unseal(cipher.suite, key, nonce(sequence), data[:_AAD_BYTES], sealed)
    assert plain is not None
    return plain


def decode(data: bytes, layout: "Layout", header: "SegmentHeader") -> "Record | None":
    """Read a record's header; None when it is none, or not of this segment (invariant 7).

    Args:
        data: at least 64 bytes.
        layout: of the pool.
        header: of the segment that it must belong to.
    """
    if data[:4] != MAGIC:
        return None
    crc = int.from_bytes(data[_CHECKED_BYTES:HEADER_BYTES], "big")
    if binascii.crc32(data[:_CHECKED_BYTES]) != crc:
        return None
    kind, zeros, uuid, salt, slot, generation, sequence, length = struct.unpack_from(
        _AAD, data, 0
    )[1:]
    if zeros != bytes(3) or kind not in (FOOTAGE, FOOTER):
        return None
    if uuid != layout.uuid[:8] or salt != header.salt[:8]:
        return None
    if slot != header.slot or generation != header.generation:
        return None
    sealed_crc, settled = struct.unpack_from(_TAIL, data, _AAD_BYTES)
    record = Record(kind, sequence, length, sealed_crc, settled)
    record.aad = bytes(data[:_AAD_BYTES])
    return record


def place(data: bytes, layout: "Layout") -> "tuple[int, int, int] | None":
    """Read where a record was meant to stand, without the header of its segment.

    Args:
        data: at least 64 bytes.
        layout: of the pool.

    Returns:
        (slot, generation, sequence); None for what is no record of this pool.
    """
    crc = int.from_bytes(data[_CHECKED_BYTES:HEADER_BYTES], "big")
    if data[:4] != MAGIC or binascii.crc32(data[:_CHECKED_BYTES]) != crc:
        return None
    fields = struct.unpack_from(_AAD, data, 0)
    if fields[2] != bytes(3) or fields[3] != layout.uuid[:8]:
        return None
    return fields[5], fields[6], fields[7]


def resembles(data: bytes, layout: "Layout", header: "SegmentHeader", sequence: int) -> bool:
    """Tell whether bytes that are no record were meant to be the one of this sequence."""
    want = bytearray(_AAD_BYTES)
    fields = (MAGIC, FOOTAGE, bytes(3), layout.uuid[:8], header.salt[:8], header.slot)
    struct.pack_into(_AAD, want, 0, *fields, header.generation, sequence, 0)
    different = [at for at in range(_AAD_BYTES - 4) if data[at] != want[at]]
    return len(different) <= _DIFFERENT_MAX


def is_whole(record: Record, sealed: bytes) -> bool:
    """Tell whether sealed bytes pass their CRC (no key needed)."""
    return len(sealed) == record.sealed_length_bytes and (
        binascii.crc32(sealed) == record.sealed_crc
    )


def is_untorn(record: Record, body: bytes) -> bool:
    """Tell whether all behind a record's header was written, padding included.

    Recovery and the reader judge the tail of the newest segment by this one rule, so that what was
    shown before a restart is not taken away by it.
    """
    end = record.sealed_length_bytes
    return body[end:] == bytes(len(body) - end) and is_whole(record, body[:end])


def unseal(
    cipher: "Cipher", suite: int, key: bytes, record: Record, sealed: bytes
) -> "bytes | None":
    """Open a record; None when it was touched or the key is another one."""
    return cipher.unseal(suite, key, nonce(record.sequence), record.aad, sealed)
