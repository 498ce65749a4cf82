"""Whole numbers in as few bytes as they need: 7 bits a byte, least first; zigzag where signed."""

from firmware.errors import DamagedError

_BITS_MAX = 63
_MORE = 0x80


def put_uint(out: bytearray, value: int) -> None:
    """Append a number of 0 to 2**63 - 1."""
    assert 0 <= value < 1 << _BITS_MAX
    while value >= _MORE:
        out.append(value & 0x7F | _MORE)
        value >>= 7
    out.append(value)


def put_int(out: bytearray, value: int) -> None:
    """Append a signed number of less than 62 bits: 0, -1, 1, -2 become 0, 1, 2, 3."""
    put_uint(out, value << 1 if value >= 0 else (-value << 1) - 1)


def put_bytes(out: bytearray, data: bytes) -> None:
    """Append bytes behind their length."""
    put_uint(out, len(data))
    out.extend(data)


def put_text(out: bytearray, text: str) -> None:
    """Append text as UTF-8 behind its length."""
    put_bytes(out, text.encode())


class Cursor:
    """Takes one value after the other from stored bytes; DamagedError where they end too early.

    Args:
        data: the bytes; not copied.
    """

    __slots__ = ("at", "data")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take_byte(self) -> int:
        """Take one byte."""
        if self.at >= len(self.data):
            raise DamagedError("stored value ends too early at byte %d" % self.at)
        self.at += 1
        return self.data[self.at - 1]

    def take_uint(self) -> int:
        """Take a number of 0 to 2**63 - 1."""
        value = 0
        for shift in range(0, _BITS_MAX, 7):
            byte = self.take_byte()
            value |= (byte & 0x7F) << shift
            if byte < _MORE:
                return value
        raise DamagedError("stored number has more than %d bits at byte %d" % (_BITS_MAX, self.at))

    def take_int(self) -> int:
        """Take a signed number."""
        value = self.take_uint()
        return -((value + 1) >> 1) if value & 1 else value >> 1

    def take(self, length_bytes: int) -> bytes:
        """Take so many bytes, as a copy."""
        end = self.at + length_bytes
        if end > len(self.data):
            raise DamagedError("stored value ends too early at byte %d" % len(self.data))
        data = bytes(self.data[self.at : end])
        self.at = end
        return data

    def take_bytes(self) -> bytes:
        """Take bytes that stand behind their length."""
        return self.take(self.take_uint())

    def take_text(self) -> str:
        """Take UTF-8 text that stands behind its length."""
        try:
            return self.take_bytes().decode()
        except UnicodeError:
            raise DamagedError("stored text is not UTF-8 before byte %d" % self.at)
