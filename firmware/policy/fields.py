"""Reads the fields of a permit or grant and collects every fault, each with its clause.

One reader stands for one map. What is missing or wrong is added to a list that all readers of a
paper share, so that the person who drew it up sees everything at once.
"""

from firmware.cbor.decode import loads
from firmware.errors import RemoteProtocolError
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.cbor.encode import Key, Value

    Fault = tuple[str, str, str]

LETTERS_MAX = 160
UTC_MS_MAX = 1 << 53
HASH_BYTES = 32


class PaperError(Exception):
    """A permit or grant cannot be accepted.

    Args:
        what: "permit" or "grant".
        faults: (clause, field, what is wrong) for each field.
    """

    code = "paper.refused"
    retryable = False

    def __init__(self, what: str, faults: "list[Fault]") -> None:
        lines = ["%s.%s: %s (%s)" % (what, field, text, clause) for clause, field, text in faults]
        super().__init__("\n".join(lines))
        self.faults = faults


class Fields:
    """The fields of one map.

    Args:
        found: the map; None where the map itself is missing, which is then told once.
        faults: where to add what is wrong.
        where: name of the map with a dot after it; "" for the outermost.
    """

    __slots__ = ("_faults", "_found", "_where")

    def __init__(
        self, found: "dict[Key, Value] | None", faults: "list[Fault]", where: str = ""
    ) -> None:
        self._found = found
        self._faults = faults
        self._where = where

    def fault(self, name: str, clause: str, text: str) -> None:
        """Add what is wrong with a field; a map that is missing has no fields to speak of."""
        if self._found is not None:
            self._faults.append((clause, self._where + name, text))

    def take(self, name: str, clause: str) -> "Value":
        """Take a value out of the map; None and a fault where it is missing."""
        value = self._found.pop(name, None) if self._found is not None else None
        if value is None:
            self.fault(name, clause, "missing")
        return value

    def text(self, name: str, clause: str, choices: "tuple[str, ...]" = ()) -> str:
        """Take a text of 1 to LETTERS_MAX letters that are not all blanks, or a choice."""
        value = self.take(name, clause)
        if value is None:
            return ""
        if choices and value not in choices:
            self.fault(name, clause, "%r is none of %s" % (value, ", ".join(choices)))
            return ""
        if isinstance(value, str) and value.strip() and len(value) <= LETTERS_MAX:
            return value
        self.fault(name, clause, "must be text of 1 to %d letters" % LETTERS_MAX)
        return ""

    def number(self, name: str, clause: str, low: int, high: int) -> int:
        """Take a whole number from low to high; low where it is wrong."""
        value = self.take(name, clause)
        if value is None:
            return low
        is_flag = value is True or value is False
        if isinstance(value, int) and not is_flag and low <= value <= high:
            return value
        self.fault(name, clause, "%r is not a whole number from %d to %d" % (value, low, high))
        return low

    def must_be_true(self, name: str, clause: str) -> None:
        """Take a flag that has to be set."""
        value = self.take(name, clause)
        if value is not None and value is not True:
            self.fault(name, clause, "must be true")

    def sha256(self, name: str, clause: str) -> bytes:
        """Take a hash of 32 bytes."""
        value = self.take(name, clause)
        if isinstance(value, bytes) and len(value) == HASH_BYTES:
            return value
        if value is not None:
            self.fault(name, clause, "must be a SHA-256 of 32 bytes")
        return b""

    def table(self, name: str, clause: str) -> "Fields":
        """Take a map inside this one."""
        value = self.take(name, clause)
        if value is not None and not isinstance(value, dict):
            self.fault(name, clause, "must be a map")
        found = value if isinstance(value, dict) else None
        return Fields(found, self._faults, self._where + name + ".")

    def entries(self, name: str, clause: str, least_count: int, most_count: int) -> "list[Value]":
        """Take a list of so many entries."""
        value = self.take(name, clause)
        if isinstance(value, list) and least_count <= len(value) <= most_count:
            return value
        if value is not None:
            told = "must be a list of %d to %d entries" % (least_count, most_count)
            self.fault(name, clause, told)
        return []

    def has(self, name: str) -> bool:
        """Tell whether a field is there that need not be."""
        return self._found is not None and name in self._found

    def numbers(self, name: str, clause: str, count: int) -> "list[int]":
        """Take a list of exactly so many whole numbers; an empty one where it is wrong."""
        return self.numbers_between(name, clause, count, count)

    def numbers_between(
        self, name: str, clause: str, least_count: int, most_count: int
    ) -> "list[int]":
        """Take a list of so many whole numbers; an empty one where it is wrong."""
        numbers: list[int] = []
        for value in self.entries(name, clause, least_count, most_count):
            if value is True or value is False or not isinstance(value, int):
                self.fault(name, clause, "%r is not a whole number" % (value,))
                return []
            numbers.append(value)
        return numbers

    def tables(self, name: str, clause: str, least_count: int, most_count: int) -> "list[Fields]":
        """Take a list of maps."""
        readers: list[Fields] = []
        for index, entry in enumerate(self.entries(name, clause, least_count, most_count)):
            if not isinstance(entry, dict):
                self.fault("%s[%d]" % (name, index), clause, "must be a map")
                continue
            where = "%s%s[%d]." % (self._where, name, index)
            readers.append(Fields(entry, self._faults, where))
        return readers

    def close(self) -> None:
        """Refuse what nobody has taken: a rule that is not understood cannot be kept."""
        for key in sorted([str(key) for key in self._found or {}]):
            self.fault(key, "C09", "not a field that this unit knows")


def read(payload: bytes, what: str, faults: "list[Fault]") -> Fields:
    """Open the outer map of a paper and check that it is one of its kind.

    Args:
        payload: what was signed.
        what: "permit" or "grant"; must stand in the field "kind".
        faults: where to add what is wrong.

    Raises:
        PaperError: it is no map at all.
    """
    try:
        value = loads(payload)
    except RemoteProtocolError as error:
        raise PaperError(what, [("C09", "payload", str(error))])
    if not isinstance(value, dict):
        raise PaperError(what, [("C09", "payload", "must be a map")])
    fields = Fields(value, faults)
    fields.text("kind", "C09", (what,))
    fields.number("version", "C09", 1, 1)
    return fields
