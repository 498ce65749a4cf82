"""What a full outbox gave up, until it is told; and the control data that remembers it."""

from firmware.telemetry.codes import GROUPS, group_of
from firmware.telemetry.fields import Field, Payload
from firmware.telemetry.kinds import BOOT, COUNT, FlatMap
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.buffers import Value


class Control(Payload):
    """What the outbox remembers besides its records: the CMC's cursor, and what was shed."""

    __slots__ = (
        "boot",
        "first_boot",
        "first_sequence",
        "groups",
        "last_boot",
        "last_sequence",
        "sequence",
    )
    TITLE = "outbox control"
    FIELDS = (
        Field(1, "boot", BOOT),
        Field(2, "sequence", COUNT),
        Field(3, "first_boot", BOOT),
        Field(4, "first_sequence", COUNT),
        Field(5, "last_boot", BOOT),
        Field(6, "last_sequence", COUNT),
        Field(7, "groups", FlatMap(16, (COUNT,))),
    )

    def __init__(self) -> None:
        self.boot = 0
        self.sequence = 0
        self.first_boot = 0
        self.first_sequence = 0
        self.last_boot = 0
        self.last_sequence = 0
        self.groups: dict[str, int] = {}

    def shed_count(self) -> int:
        """How many records were given up and not yet told."""
        return sum(self.groups.values())

    def note_shed(self, key: "tuple[int, int]", code: int) -> None:
        """Note one record that was given up."""
        if not self.groups:
            self.first_boot, self.first_sequence = key
            self.last_boot, self.last_sequence = key
        first = min((self.first_boot, self.first_sequence), key)
        last = max((self.last_boot, self.last_sequence), key)
        self.first_boot, self.first_sequence = first
        self.last_boot, self.last_sequence = last
        group = GROUPS.get(group_of(code), "other")
        self.groups[group] = self.groups.get(group, 0) + 1

    def take_shed(self) -> "dict[str, Value]":
        """Hand over the fields of the event "outbox.shed", and begin anew."""
        told = ["%s %d" % (group, self.groups[group]) for group in sorted(self.groups)]
        fields: dict[str, Value] = {
            "count": self.shed_count(),
            "first_boot": self.first_boot,
            "first_sequence": self.first_sequence,
            "last_boot": self.last_boot,
            "last_sequence": self.last_sequence,
            "what": ", ".join(told),
        }
        self.groups = {}
        return fields
