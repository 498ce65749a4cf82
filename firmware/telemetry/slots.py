"""The bytes of the outbox's medium: what stands in one slot.

    record slot                          control slot
    0   "LPO1"               4           0   "LPOC"               4
    4   boot                 4           4   revision             8, above 0
    8   sequence             8           12  zeros                6
    16  event code           2           18  length of the data   2
    18  length of the data   2           20  CRC-32               4, over 0 to 19 and the data
    20  CRC-32               4           24  data, then zeros to the end of the slot
    24  data, then zeros to the end

Big endian. A slot is written whole, and believed only when its CRC agrees, so a cut at any byte
leaves a slot that is what it was, what it became, or damaged and then empty. See
docs/formats/outbox.md.
"""

import binascii

RECORD_MAGIC = b"LPO1"
CONTROL_MAGIC = b"LPOC"
HEADER_BYTES = 24
CRC_OFFSET = 20
SLOT_BYTES_MIN = 512
CONTROL_SLOT_COUNT = 2


def _sealed(head: bytes, data: bytes, slot_bytes: int) -> bytes:
    assert len(head) == CRC_OFFSET
    assert HEADER_BYTES + len(data) <= slot_bytes, len(data)
    crc = binascii.crc32(data, binascii.crc32(head)) & 0xFFFFFFFF
    slot = head + crc.to_bytes(4, "big") + data
    return slot + bytes(slot_bytes - len(slot))


def pack_record(key: "tuple[int, int]", code: int, data: bytes, slot_bytes: int) -> bytes:
    """Make the slot of one record.

    Args:
        key: (boot, sequence).
        code: the event code, for shedding without a look at the data.
        data: at most slot_bytes - 24 bytes.
        slot_bytes: length of the slot.
    """
    head = RECORD_MAGIC + key[0].to_bytes(4, "big") + key[1].to_bytes(8, "big")
    head += code.to_bytes(2, "big") + len(data).to_bytes(2, "big")
    return _sealed(head, data, slot_bytes)


def pack_control(revision: int, data: bytes, slot_bytes: int) -> bytes:
    """Make a control slot; the higher revision of the two counts."""
    head = CONTROL_MAGIC + revision.to_bytes(8, "big") + bytes(6) + len(data).to_bytes(2, "big")
    return _sealed(head, data, slot_bytes)


def is_marked(slot: bytes) -> bool:
    """Tell whether somebody has begun to write here: a blank slot is not a damaged one."""
    return slot[:4] in {RECORD_MAGIC, CONTROL_MAGIC}


def _data(slot: bytes, magic: bytes) -> "bytes | None":
    length_bytes = int.from_bytes(slot[18:20], "big")
    if slot[:4] != magic or HEADER_BYTES + length_bytes > len(slot):
        return None
    data = slot[HEADER_BYTES : HEADER_BYTES + length_bytes]
    crc = binascii.crc32(data, binascii.crc32(slot[:CRC_OFFSET])) & 0xFFFFFFFF
    return data if crc == int.from_bytes(slot[CRC_OFFSET:HEADER_BYTES], "big") else None


def unpack_record(slot: bytes) -> "tuple[int, int, int, bytes] | None":
    """Read a record slot: (boot, sequence, code, data); None when it is blank or damaged."""
    data = _data(slot, RECORD_MAGIC)
    if data is None:
        return None
    boot = int.from_bytes(slot[4:8], "big")
    sequence = int.from_bytes(slot[8:16], "big")
    return boot, sequence, int.from_bytes(slot[16:18], "big"), data


def unpack_control(slot: bytes) -> "tuple[int, bytes] | None":
    """Read a control slot: (revision, data); None when it is blank or damaged."""
    data = _data(slot, CONTROL_MAGIC)
    if data is None:
        return None
    return int.from_bytes(slot[4:12], "big"), data
