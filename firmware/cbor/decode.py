"""Reads deterministic CBOR (RFC 8949, 4.2.1) and refuses every other encoding of the same value.

A length is believed only as far as there are bytes, so a forged one costs no memory. Refused:
non-shortest heads, indefinite lengths, map keys out of order or twice, keys that are not integers,
text or bytes, floats, undefined simple values, ill-formed UTF-8, nesting deeper than DEPTH_MAX,
more than ITEM_COUNT_MAX items, and bytes after the end.
"""

from firmware.cbor import encode
from firmware.cbor.utf8 import is_utf8
from firmware.errors import RemoteProtocolError
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.cbor.encode import Key, Value

ITEM_COUNT_MAX = 65536
SIMPLE_VALUES = {20: False, 21: True, 22: None}


def loads(data: "bytes | bytearray | memoryview") -> "Value":
    """Decode exactly one value.

    Args:
        data: the whole encoding; not kept.

    Returns:
        integers, text, bytes, booleans, None, lists, maps and encode.Tag.

    Raises:
        RemoteProtocolError: the bytes are not the one deterministic encoding of a value.
    """
    reader = _Reader(data)
    value = reader.item(encode.DEPTH_MAX)
    if reader.offset != len(data):
        left_bytes = len(data) - reader.offset
        raise RemoteProtocolError("%d bytes after the end of the CBOR item" % left_bytes)
    return value


class _Reader:
    """Walks over the bytes of one encoding."""

    __slots__ = ("data", "item_count", "offset")

    def __init__(self, data: "bytes | bytearray | memoryview") -> None:
        self.data = memoryview(data)
        self.offset = 0
        self.item_count = 0

    def take(self, length_bytes: int) -> bytes:
        """Take the next bytes."""
        end = self.offset + length_bytes
        if end > len(self.data):
            raise RemoteProtocolError("CBOR ends in the middle of an item")
        taken = bytes(self.data[self.offset : end])
        self.offset = end
        return taken

    def argument(self, additional: int) -> int:
        """Read the number that belongs to a first byte, which must be in its shortest form."""
        if additional < encode.ARGUMENT_1_BYTE:
            return additional
        if additional > encode.ARGUMENT_8_BYTES:
            raise RemoteProtocolError("CBOR of indefinite length; send a definite one")
        width_bytes = 1 << (additional - encode.ARGUMENT_1_BYTE)
        argument = int.from_bytes(self.take(width_bytes), "big")
        least = encode.ARGUMENT_1_BYTE if width_bytes == 1 else 1 << (width_bytes * 4)
        if argument < least:
            raise RemoteProtocolError("CBOR head is not in its shortest form")
        return argument

    def item(self, depth: int) -> "Value":
        """Read one item of any kind."""
        self.item_count += 1
        if self.item_count > ITEM_COUNT_MAX:
            raise RemoteProtocolError("more than %d CBOR items" % ITEM_COUNT_MAX)
        first = self.take(1)[0]
        major = first >> 5
        if major == encode.SIMPLE:
            if first & 31 not in SIMPLE_VALUES:
                raise RemoteProtocolError("CBOR float or unknown simple value 0x%02x" % first)
            return SIMPLE_VALUES[first & 31]
        argument = self.argument(first & 31)
        if major == encode.UNSIGNED:
            return argument
        if major == encode.NEGATIVE:
            return -1 - argument
        if major == encode.BYTES:
            return self.take(argument)
        if major == encode.TEXT:
            return self.text(argument)
        return self.container(major, argument, depth)

    def text(self, length_bytes: int) -> str:
        """Read a text."""
        data = self.take(length_bytes)
        if not is_utf8(data):
            raise RemoteProtocolError("CBOR text is not well-formed UTF-8")
        return str(data, "utf-8")

    def container(self, major: int, argument: int, depth: int) -> "Value":
        """Read what holds other items."""
        if depth <= 1:
            raise RemoteProtocolError("CBOR is more than %d levels deep" % encode.DEPTH_MAX)
        if major == encode.TAG:
            return encode.Tag(argument, self.item(depth - 1))
        item_count = argument if major == encode.ARRAY else 2 * argument
        if item_count > len(self.data) - self.offset:
            raise RemoteProtocolError("CBOR promises %d items and ends before" % item_count)
        if major == encode.ARRAY:
            return [self.item(depth - 1) for _ in range(argument)]
        return self.map(argument, depth)

    def map(self, pair_count: int, depth: int) -> "dict[Key, Value]":
        """Read a map, whose encoded keys must rise."""
        found: dict[Key, Value] = {}
        previous = b""
        for _ in range(pair_count):
            start = self.offset
            key = self.item(depth - 1)
            # True equals 1 as a key of a Python map, so booleans are no keys.
            if key is True or key is False or not isinstance(key, (int, str, bytes)):
                raise RemoteProtocolError("CBOR map key is not an integer, text or bytes")
            encoded = bytes(self.data[start : self.offset])
            if encoded <= previous:
                raise RemoteProtocolError("CBOR map keys are out of order or twice there")
            previous = encoded
            found[key] = self.item(depth - 1)
        return found
