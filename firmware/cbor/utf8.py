"""Text as RFC 3629 has it: MicroPython lets over-long and surrogate forms through."""

ASCII_MAX = 0x7F
TAIL_MASK, TAIL = 0xC0, 0x80  # every further byte is 10xxxxxx
# (least first byte, greatest, bytes that follow, least second byte, greatest)
SEQUENCES = (
    (0xC2, 0xDF, 1, 0x80, 0xBF),  # c0 and c1 would be over-long
    (0xE0, 0xE0, 2, 0xA0, 0xBF),  # below would be over-long
    (0xE1, 0xEC, 2, 0x80, 0xBF),
    (0xED, 0xED, 2, 0x80, 0x9F),  # above would be a surrogate
    (0xEE, 0xEF, 2, 0x80, 0xBF),
    (0xF0, 0xF0, 3, 0x90, 0xBF),  # below would be over-long
    (0xF1, 0xF3, 3, 0x80, 0xBF),
    (0xF4, 0xF4, 3, 0x80, 0x8F),  # above is no code point
)


def is_utf8(data: bytes) -> bool:
    """Tell whether bytes are well-formed UTF-8, the same on both interpreters."""
    length_bytes = len(data)
    index = 0
    while index < length_bytes:
        if data[index] <= ASCII_MAX:
            index += 1
            continue
        tail_count = _tail_count(data, index)
        if tail_count == 0:
            return False
        index += 1 + tail_count
    return True


def _tail_count(data: bytes, index: int) -> int:
    """How many bytes follow the first byte of a good sequence; 0 where it is not good."""
    for first_low, first_high, tail_count, low, high in SEQUENCES:
        if first_low <= data[index] <= first_high:
            tail = data[index + 1 : index + 1 + tail_count]
            if len(tail) < tail_count or not low <= tail[0] <= high:
                return 0
            is_good = all(byte & TAIL_MASK == TAIL for byte in tail)
            return tail_count if is_good else 0
    return 0
