"""How large a picture is, out of its sequence parameter set.

Source: ITU-T H.264 section 7.3.2.1.1, ITU-T H.265 section 7.3.2.2.1.
"""

RICH_PROFILES = (44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244)
GOLOMB_ZEROS_MAX = 32
SUB_LAYERS_MAX = 8
WIDTH_PX_MAX = 16_384
FOUR_FOUR_FOUR = 3


class _Bits:
    """Reads bits; ValueError beyond the end."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = 8 * len(data)

    def take(self, count: int) -> int:
        self._left -= count
        if self._left < 0:
            raise ValueError
        return self._value >> self._left & ((1 << count) - 1)

    def golomb(self) -> int:
        """An unsigned Exp-Golomb number."""
        zeros = 0
        while not self.take(1):
            zeros += 1
            if zeros > GOLOMB_ZEROS_MAX:
                raise ValueError
        return (1 << zeros) - 1 + (self.take(zeros) if zeros else 0)

    def signed(self) -> int:
        """A signed Exp-Golomb number."""
        code = self.golomb()
        return (code + 1) // 2 if code & 1 else -(code // 2)


def picture_size(codec: str, unit: bytes) -> tuple[int, int]:
    """Find the size of the pictures.

    Args:
        codec: "h264" or "hevc".
        unit: the whole sequence parameter set.

    Returns:
        (width, height) in pixels after cropping; (0, 0) when the set makes no sense.
    """
    plain = unit.replace(b"\x00\x00\x03", b"\x00\x00")[:1024]
    try:
        size = _hevc(_Bits(plain[2:])) if codec == "hevc" else _h264(_Bits(plain[1:]))
    except ValueError:
        return (0, 0)
    is_sane = all(0 < one <= WIDTH_PX_MAX for one in size)
    return size if is_sane else (0, 0)


def _h264(bits: _Bits) -> tuple[int, int]:
    profile = bits.take(8)
    bits.take(16)
    bits.golomb()
    chroma = 1
    if profile in RICH_PROFILES:
        chroma = _skip_rich_part(bits)
    bits.golomb()
    _skip_order(bits)
    bits.golomb()
    bits.take(1)
    width = 16 * (bits.golomb() + 1)
    map_rows = bits.golomb() + 1
    fields = 2 - bits.take(1)
    if fields == 2:  # noqa: PLR2004
        bits.take(1)
    bits.take(1)
    height = 16 * map_rows * fields
    if not bits.take(1):
        return width, height
    across = 2 if chroma in {1, 2} else 1
    down = (2 if chroma == 1 else 1) * fields
    left, right, top, bottom = [bits.golomb() for _ in range(4)]
    return width - across * (left + right), height - down * (top + bottom)


def _skip_rich_part(bits: _Bits) -> int:
    """Pass over what only the rich profiles have; returns the chroma format."""
    chroma = bits.golomb()
    if chroma == FOUR_FOUR_FOUR:
        bits.take(1)
    bits.golomb()
    bits.golomb()
    bits.take(1)
    if bits.take(1):
        for index in range(12 if chroma == FOUR_FOUR_FOUR else 8):
            if bits.take(1):
                _skip_scaling(bits, 16 if index < 6 else 64)  # noqa: PLR2004
    return chroma


def _skip_scaling(bits: _Bits, count: int) -> None:
    last = following = 8
    for _ in range(count):
        if following:
            following = (last + bits.signed()) % 256
        last = following or last


def _skip_order(bits: _Bits) -> None:
    """Pass over how pictures are put into order."""
    kind = bits.golomb()
    if kind == 0:
        bits.golomb()
    elif kind == 1:
        bits.take(1)
        bits.golomb()
        bits.golomb()
        for _ in range(min(255, bits.golomb())):
            bits.golomb()


def _hevc(bits: _Bits) -> tuple[int, int]:
    bits.take(4)
    layers = bits.take(3)
    bits.take(1)
    bits.take(96)
    flags = [(bits.take(1), bits.take(1)) for _ in range(layers)]
    if layers:
        bits.take(2 * (SUB_LAYERS_MAX - layers))
    for has_profile, has_level in flags:
        bits.take(88 * has_profile + 8 * has_level)
    bits.golomb()
    chroma = bits.golomb()
    if chroma == FOUR_FOUR_FOUR:
        bits.take(1)
    width, height = bits.golomb(), bits.golomb()
    if not bits.take(1):
        return width, height
    across = 2 if chroma in {1, 2} else 1
    down = 2 if chroma == 1 else 1
    left, right, top, bottom = [bits.golomb() for _ in range(4)]
    return width - across * (left + right), height - down * (top + bottom)
