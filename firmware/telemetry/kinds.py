"""What may stand in one field of a payload, and the kinds that many payloads share."""

from firmware.errors import LocalProtocolError, RemoteProtocolError
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.cbor.encode import Value as Wire
    from firmware.telemetry.fields import Payload

    Held = Wire | list[Payload]

SHOWN_CHARACTER_COUNT = 60


def shown(value: object) -> str:
    """Write a value for an error text, cut at 60 characters."""
    text = repr(value)
    return text if len(text) <= SHOWN_CHARACTER_COUNT else text[:SHOWN_CHARACTER_COUNT] + "..."


class Kind:
    """What may stand in one field; the plain kinds are the same in memory and on the wire."""

    __slots__ = ()

    def accepts(self, value: "Held") -> bool:
        """Tell whether the value is allowed."""
        raise NotImplementedError

    def describe(self) -> str:
        """Say what is allowed, for a person."""
        raise NotImplementedError

    def pack(self, value: "Held", where: str) -> object:
        """Turn an attribute into what goes on the wire.

        Raises:
            LocalProtocolError: the value is not allowed here.
        """
        if not self.accepts(value):
            raise LocalProtocolError(
                "%s is %s; it must be %s" % (where, shown(value), self.describe())
            )
        return value

    def unpack(self, value: "Wire", where: str) -> "Held":
        """Turn what came off the wire into an attribute.

        Raises:
            RemoteProtocolError: the value is not allowed here.
        """
        if not self.accepts(value):
            raise RemoteProtocolError(
                "%s is %s; it must be %s" % (where, shown(value), self.describe())
            )
        return value


class Integer(Kind):
    """A whole number, both ends included."""

    __slots__ = ("high", "low")

    def __init__(self, low: int, high: int) -> None:
        self.low = low
        self.high = high

    def accepts(self, value: "Held") -> bool:
        """Tell whether the value is an integer (never a bool) in range."""
        if not isinstance(value, int) or isinstance(value, bool):
            return False
        return self.low <= value <= self.high

    def describe(self) -> str:
        """Say the range."""
        return "an integer %d to %d" % (self.low, self.high)


class Flag(Kind):
    """True or false."""

    __slots__ = ()

    def accepts(self, value: "Held") -> bool:
        """Tell whether the value is a bool."""
        return isinstance(value, bool)

    def describe(self) -> str:
        """Say that it is a bool."""
        return "true or false"


class Text(Kind):
    """Text of bounded length, in characters."""

    __slots__ = ("character_count_max", "character_count_min")

    def __init__(self, character_count_min: int, character_count_max: int) -> None:
        self.character_count_min = character_count_min
        self.character_count_max = character_count_max

    def accepts(self, value: "Held") -> bool:
        """Tell whether the value is text of an allowed length."""
        if not isinstance(value, str):
            return False
        return self.character_count_min <= len(value) <= self.character_count_max

    def describe(self) -> str:
        """Say the lengths."""
        return "text of %d to %d characters" % (
            self.character_count_min,
            self.character_count_max,
        )


class Choice(Kind):
    """One of a few fixed values."""

    __slots__ = ("values",)

    def __init__(self, values: "tuple[object, ...]") -> None:
        self.values = values

    def accepts(self, value: "Held") -> bool:
        """Tell whether the value is one of them, and of the same type (1 is not true)."""
        return any(type(value) is type(one) and value == one for one in self.values)

    def describe(self) -> str:
        """List them."""
        return "one of " + ", ".join([repr(value) for value in self.values])


class Octets(Kind):
    """A byte string of bounded length."""

    __slots__ = ("length_bytes_max", "length_bytes_min")

    def __init__(self, length_bytes_min: int, length_bytes_max: int) -> None:
        self.length_bytes_min = length_bytes_min
        self.length_bytes_max = length_bytes_max

    def accepts(self, value: "Held") -> bool:
        """Tell whether the value is a byte string of an allowed length."""
        if not isinstance(value, bytes):
            return False
        return self.length_bytes_min <= len(value) <= self.length_bytes_max

    def describe(self) -> str:
        """Say the lengths."""
        return "%d to %d bytes" % (self.length_bytes_min, self.length_bytes_max)


class FlatMap(Kind):
    """Text keys to values of one kind out of a few."""

    __slots__ = ("entry_count_max", "key", "values")

    def __init__(self, entry_count_max: int, values: "tuple[Kind, ...]") -> None:
        self.entry_count_max = entry_count_max
        self.key = Text(1, 64)
        self.values = values

    def accepts(self, value: "Held") -> bool:
        """Tell whether every key and every value is allowed."""
        if not isinstance(value, dict) or len(value) > self.entry_count_max:
            return False
        for key, entry in value.items():
            if not self.key.accepts(key):
                return False
            if not any(kind.accepts(entry) for kind in self.values):
                return False
        return True

    def describe(self) -> str:
        """Say what keys and values may be."""
        return "a map of at most %d entries from %s to %s" % (
            self.entry_count_max,
            self.key.describe(),
            " or ".join([kind.describe() for kind in self.values]),
        )


COUNT = Integer(0, 2**53 - 1)
BOOT = Integer(0, 2**32 - 1)
MS = Integer(0, 2**53 - 1)
QUALITY = Integer(0, 3)
PERMILLE = Integer(0, 1000)
CODE = Integer(1, 65535)
NAME = Text(1, 48)
WORD = Text(0, 64)
FLAG = Flag()
