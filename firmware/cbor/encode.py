"""Writes values as deterministic CBOR (RFC 8949, 4.2.1): one encoding for each value.

Shortest heads, definite lengths, map keys in the order of their encoded bytes. There are no
floats: boards have 32 bits of them and CPython 64, so the same value would not give one encoding.
"""

from firmware.cbor.utf8 import is_utf8
from firmware.errors import LocalProtocolError
from hal.api._typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from hal.api._typing import TypeAlias

    Key: TypeAlias = int | str | bytes
    Value: TypeAlias = "int | str | bytes | Tag | list[Value] | dict[Key, Value] | None"

DEPTH_MAX = 8
UNSIGNED, NEGATIVE, BYTES, TEXT, ARRAY, MAP, TAG, SIMPLE = 0, 1, 2, 3, 4, 5, 6, 7
ARGUMENT_1_BYTE, ARGUMENT_8_BYTES = 24, 27  # how wide the argument after the first byte is
FALSE, TRUE, NULL = 0xF4, 0xF5, 0xF6


class Tag:
    """A value with a tag number, such as 18 for a COSE_Sign1.

    Args:
        number: 0 to 2**64 - 1.
        value: what is tagged.
    """

    __slots__ = ("number", "value")

    def __init__(self, number: int, value: "Value") -> None:
        self.number = number
        self.value = value

    def __eq__(self, other: object) -> bool:
        """Tags are equal when number and value are."""
        return isinstance(other, Tag) and self.number == other.number and self.value == other.value

    def __hash__(self) -> int:
        """Tags with equal numbers share a bucket; their values may be lists."""
        return hash(self.number)

    def __repr__(self) -> str:
        return "Tag(%d, %r)" % (self.number, self.value)


def dumps(value: object) -> bytes:
    """Encode a value.

    Args:
        value: integers of 64 bits and sign, text, bytes, booleans, None, lists, tuples, Tags, and
            maps whose keys are integers, text or bytes; at most DEPTH_MAX deep;
            LocalProtocolError for anything else.
    """
    out = bytearray()
    _item(out, value, DEPTH_MAX)
    return bytes(out)


def _head(out: bytearray, major: int, argument: int) -> None:
    """Append the first bytes of an item: its major type and argument in the shortest form."""
    first = major << 5
    if argument < ARGUMENT_1_BYTE:
        out.append(first | argument)
        return
    for additional in range(ARGUMENT_1_BYTE, ARGUMENT_8_BYTES + 1):
        width_bytes = 1 << (additional - ARGUMENT_1_BYTE)
        if argument >> (8 * width_bytes) == 0:
            out.append(first | additional)
            out.extend(argument.to_bytes(width_bytes, "big"))
            return
    raise LocalProtocolError("%d does not fit CBOR's 64 bits; scale it down" % argument)


def _item(out: bytearray, value: object, depth: int) -> None:
    """Append one item of any kind."""
    # True is an int on CPython and none on MicroPython, so it is asked for by identity first.
    if value is True or value is False or value is None:
        out.append(TRUE if value is True else FALSE if value is False else NULL)
    elif isinstance(value, int):
        if value >= 0:
            _head(out, UNSIGNED, value)
        else:
            _head(out, NEGATIVE, -1 - value)
    elif isinstance(value, str):
        _text(out, value)
    elif isinstance(value, (bytes, bytearray, memoryview)):
        data = bytes(cast("bytes", value))
        _head(out, BYTES, len(data))
        out.extend(data)
    else:
        _container(out, value, depth)


def _text(out: bytearray, value: str) -> None:
    """Append a text; a lone surrogate is refused on both interpreters."""
    try:
        data = value.encode()
        is_good = is_utf8(data)
    except UnicodeError:
        data, is_good = b"", False
    if not is_good:
        raise LocalProtocolError("%r is not text that UTF-8 can carry" % value)
    _head(out, TEXT, len(data))
    out.extend(data)


def _container(out: bytearray, value: object, depth: int) -> None:
    """Append what holds other items."""
    if depth <= 1:
        raise LocalProtocolError("more than %d levels deep; flatten it" % DEPTH_MAX)
    if isinstance(value, (list, tuple)):
        items = cast("list[object]", value)
        _head(out, ARRAY, len(items))
        for item in items:
            _item(out, item, depth - 1)
    elif isinstance(value, dict):
        _map(out, cast("dict[object, object]", value), depth)
    elif isinstance(value, Tag):
        if value.number < 0:
            raise LocalProtocolError("tag %d is below 0" % value.number)
        _head(out, TAG, value.number)
        _item(out, value.value, depth - 1)
    else:
        kind = type(value).__name__
        raise LocalProtocolError("%s has no place in a message; send a scaled integer" % kind)


def _map(out: bytearray, value: "dict[object, object]", depth: int) -> None:
    """Append a map, its keys in the order of their encoded bytes."""
    pairs: list[tuple[bytes, object]] = []
    for key in value:
        if key is True or key is False or not isinstance(key, (int, str, bytes)):
            raise LocalProtocolError("map key %r: keys are integers, text or bytes" % (key,))
        encoded = bytearray()
        _item(encoded, key, depth - 1)
        pairs.append((bytes(encoded), value[key]))
    pairs.sort(key=_encoded_key)
    _head(out, MAP, len(pairs))
    for encoded_key, item in pairs:
        out.extend(encoded_key)
        _item(out, item, depth - 1)


def _encoded_key(pair: "tuple[bytes, object]") -> bytes:
    return pair[0]
