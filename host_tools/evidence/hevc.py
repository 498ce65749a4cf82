"""What a player must know of an H.265 stream before its first picture.

Source: ISO/IEC 14496-15, 8.3.3 (hvcC); ITU-T H.265, 7.3.2.2 and 7.3.3 (sequence parameter set).
"""

import struct

from host_tools.evidence.errors import CodecError

VPS, SPS, PPS = 32, 33, 34
_HEADER_BYTES, _GENERAL_BYTES = 2, 12
_GENERAL_BITS, _SUB_PROFILE_BITS, _LEVEL_BITS = 96, 88, 8
_SUB_LAYER_COUNT_MAX, _CHROMA_444, _UE_BITS_MAX = 8, 3, 32


class _Bits:
    """Reads bits, the first of a byte first.

    Args:
        data: without emulation prevention.
    """

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = 8 * len(data)

    def take(self, count: int) -> int:
        """Read a number of so many bits."""
        self._left -= count
        if self._left < 0:
            raise CodecError("the recorded SPS ends early: players cannot start")
        return self._value >> self._left & ((1 << count) - 1)

    def golomb(self) -> int:
        """Read an Exp-Golomb number, ue(v)."""
        zero_count = 0
        while self.take(1) == 0:
            zero_count += 1
            if zero_count > _UE_BITS_MAX:
                raise CodecError("the recorded SPS is damaged: players cannot start")
        return (1 << zero_count) - 1 + self.take(zero_count)


def configuration(units: list[bytes]) -> bytes:
    """Make the content of the hvcC box.

    Args:
        units: the parameter sets.

    Raises:
        CodecError: VPS, SPS or PPS is not among them, or the SPS is damaged.
    """
    sets = {
        kind: [unit for unit in units if unit[0] >> 1 & 0x3F == kind] for kind in (VPS, SPS, PPS)
    }
    if not all(sets.values()):
        raise CodecError("the recorded parameters lack VPS, SPS or PPS: players cannot start")
    plain = sets[SPS][0][_HEADER_BYTES:].replace(b"\0\0\3", b"\0\0")
    bits = _Bits(plain)
    bits.take(4)
    sub_layer_count = bits.take(3) + 1
    is_nested = bits.take(1)
    chroma, luma_depth, chroma_depth = _formats(bits, sub_layer_count)
    head = bytes([1]) + plain[1 : 1 + _GENERAL_BYTES]
    head += struct.pack(
        ">HBBBBH", 0xF000, 0xFC, 0xFC | chroma, 0xF8 | luma_depth, 0xF8 | chroma_depth, 0
    )
    head += bytes([sub_layer_count << 3 | is_nested << 2 | 3, len(sets)])
    for kind, found in sets.items():
        head += struct.pack(">BH", kind, len(found))
        head += b"".join(struct.pack(">H", len(unit)) + unit for unit in found)
    return head


def _formats(bits: _Bits, sub_layer_count: int) -> tuple[int, int, int]:
    """Read chroma format, and the bit depths less 8."""
    bits.take(_GENERAL_BITS)
    flags = [(bits.take(1), bits.take(1)) for _ in range(sub_layer_count - 1)]
    if flags:
        bits.take(2 * (_SUB_LAYER_COUNT_MAX - len(flags)))
    for has_profile, has_level in flags:
        bits.take(_SUB_PROFILE_BITS * has_profile + _LEVEL_BITS * has_level)
    bits.golomb()
    chroma = bits.golomb()
    if chroma == _CHROMA_444:
        bits.take(1)
    bits.golomb()
    bits.golomb()
    if bits.take(1):
        for _ in range(4):
            bits.golomb()
    luma_depth, chroma_depth = bits.golomb(), bits.golomb()
    if max(chroma, luma_depth & ~7, chroma_depth & ~7) > _CHROMA_444:
        raise CodecError("the recorded SPS is damaged: players cannot start")
    return chroma, luma_depth, chroma_depth
