"""Maps with integer keys, written and read by one table for each payload.

A payload is a plain class whose FIELDS say key, attribute and kind. The same table writes it
(LocalProtocolError when we were asked to send nonsense) and reads it (RemoteProtocolError when we
received it), so the two cannot drift apart. A field is absent exactly when its attribute is None.
"""

from firmware.errors import RemoteProtocolError
from firmware.telemetry.kinds import Kind, shown
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.cbor.encode import Key
    from firmware.cbor.encode import Value as Wire
    from firmware.telemetry.kinds import Held


class Field:
    """One entry of a payload.

    Args:
        key: the integer key on the wire.
        name: the attribute.
        kind: what may stand there.
        is_optional: the field may be absent, which is None in memory.
    """

    __slots__ = ("is_optional", "key", "kind", "name")

    def __init__(self, key: int, name: str, kind: Kind, is_optional: bool = False) -> None:
        self.key = key
        self.name = name
        self.kind = kind
        self.is_optional = is_optional


class Payload:
    """A map with integer keys; a subclass lists its fields."""

    __slots__ = ()
    TITLE = "payload"
    FIELDS: "tuple[Field, ...]" = ()


class Listing(Kind):
    """A list of payloads of one class, as maps or, without their keys, as rows."""

    __slots__ = ("entry", "entry_count_max", "is_rows")

    def __init__(self, entry: "type[Payload]", entry_count_max: int, is_rows: bool) -> None:
        self.entry = entry
        self.entry_count_max = entry_count_max
        self.is_rows = is_rows

    def accepts(self, value: "Held") -> bool:
        """Tell whether the value is a list of an allowed length; entries are checked apart."""
        return isinstance(value, list) and len(value) <= self.entry_count_max

    def describe(self) -> str:
        """Say what the list holds."""
        return "a list of at most %d of %s" % (self.entry_count_max, self.entry.TITLE)

    def pack(self, value: "Held", where: str) -> object:
        """Turn payloads into maps or rows; LocalProtocolError when one is not allowed."""
        super().pack(value, where)
        assert isinstance(value, list)
        packed: list[object] = []
        for index, payload in enumerate(value):
            assert isinstance(payload, Payload), where
            entry_where = "%s[%d]" % (where, index)
            if self.is_rows:
                packed.append(_to_row(payload, entry_where))
            else:
                packed.append(to_map(payload, entry_where))
        return packed

    def unpack(self, value: "Wire", where: str) -> "Held":
        """Turn maps or rows into payloads; RemoteProtocolError when one is not allowed."""
        super().unpack(value, where)
        payloads: list[Payload] = []
        assert isinstance(value, list)
        for index, entry in enumerate(value):
            payload = self.entry()
            entry_where = "%s[%d]" % (where, index)
            if self.is_rows:
                _from_row(payload, entry, entry_where)
            else:
                from_map(payload, entry, entry_where)
            payloads.append(payload)
        return payloads


def to_map(payload: Payload, where: str) -> "dict[int, object]":
    """Make the map of a payload.

    Args:
        payload: what to write.
        where: how an error names it.

    An attribute that is missing or out of range is a LocalProtocolError that names it.
    """
    entries: dict[int, object] = {}
    for field in payload.FIELDS:
        value: Held = getattr(payload, field.name)
        if value is None and field.is_optional:
            continue
        entries[field.key] = field.kind.pack(value, where + "." + field.name)
    return entries


def from_map(payload: Payload, value: "Wire", where: str) -> None:
    """Fill a payload from a map.

    Args:
        payload: a fresh one; its optional attributes that are absent become None.
        value: what was decoded.
        where: how an error names it.

    Raises:
        RemoteProtocolError: not a map, a key is unknown or missing, or a value is out of range.
    """
    if not isinstance(value, dict):
        raise RemoteProtocolError("%s is %s; it must be a map" % (where, shown(value)))
    taken_count = 0
    for field in payload.FIELDS:
        field_where = where + "." + field.name
        if field.key in value:
            taken_count += 1
            setattr(payload, field.name, field.kind.unpack(value[field.key], field_where))
        elif field.is_optional:
            setattr(payload, field.name, None)
        else:
            raise RemoteProtocolError("%s (key %d) is missing" % (field_where, field.key))
    if taken_count != len(value):
        _refuse_unknown(payload, value, where)


def _refuse_unknown(payload: Payload, value: "dict[Key, Wire]", where: str) -> None:
    known = [field.key for field in payload.FIELDS]
    for key in value:
        # A bool equals 0 or 1 as a key, so the type decides as well.
        if not isinstance(key, int) or key not in known:
            raise RemoteProtocolError(
                "%s has the unknown key %s with value %s" % (where, shown(key), shown(value[key]))
            )


def _to_row(payload: Payload, where: str) -> "list[object]":
    return [
        field.kind.pack(getattr(payload, field.name), where + "." + field.name)
        for field in payload.FIELDS
    ]


def _from_row(payload: Payload, value: "Wire", where: str) -> None:
    if not isinstance(value, list) or len(value) != len(payload.FIELDS):
        raise RemoteProtocolError(
            "%s is %s; it must be a row of %d" % (where, shown(value), len(payload.FIELDS))
        )
    for index, field in enumerate(payload.FIELDS):
        setattr(payload, field.name, field.kind.unpack(value[index], where + "." + field.name))
