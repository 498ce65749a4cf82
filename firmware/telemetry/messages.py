"""Every payload between a unit and the CMC, but the command and its answer.

docs/formats/telemetry.md says what the fields mean; docs/formats/telemetry.cddl is the schema.
Commands and answers are `firmware.commands.message`.
"""

from firmware.cbor.decode import loads
from firmware.cbor.encode import dumps
from firmware.errors import LocalProtocolError, RemoteProtocolError
from firmware.telemetry.fields import Field, Payload, from_map, to_map
from firmware.telemetry.heartbeat import CameraState, FaultRow, Heartbeat
from firmware.telemetry.kinds import (
    BOOT,
    CODE,
    COUNT,
    FLAG,
    MS,
    QUALITY,
    FlatMap,
    Integer,
    Octets,
    Text,
)
from firmware.telemetry.presence import (
    GATEWAY,
    LOST,
    REDEPLOYABLE,
    STOPPED,
    Birth,
    CameraInBirth,
    Farewell,
)
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.buffers import Value

__all__ = [
    "GATEWAY",
    "LOST",
    "REDEPLOYABLE",
    "STOPPED",
    "Birth",
    "CameraInBirth",
    "CameraState",
    "Cursor",
    "EventRecord",
    "Farewell",
    "FaultRow",
    "Heartbeat",
    "Still",
    "decode_cursor",
    "decode_event",
    "decode_heartbeat",
    "decode_state",
    "decode_still",
    "encode",
    "encode_event",
]

EVENT_FIELD_COUNT_MAX = 16
TEXT_COUNT_MAX = 256
STILL_BYTES_MAX = 256 * 1024 - 512
EVENT_VALUES = (
    Integer(-(2**63), 2**63 - 1),
    Text(0, TEXT_COUNT_MAX),
    Octets(0, TEXT_COUNT_MAX),
    FLAG,
)


class EventRecord(Payload):
    """One record of the outbox; `previous_*` and `is_head` are set each time it is sent."""

    __slots__ = (
        "boot",
        "code",
        "fields",
        "is_head",
        "now_ms",
        "previous_boot",
        "previous_sequence",
        "sequence",
        "utc_ms",
        "utc_quality",
    )
    TITLE = "event"
    FIELDS = (
        Field(1, "boot", BOOT),
        Field(2, "sequence", COUNT),
        Field(3, "previous_boot", BOOT),
        Field(4, "previous_sequence", COUNT),
        Field(5, "is_head", FLAG),
        Field(6, "code", CODE),
        Field(7, "now_ms", MS),
        Field(8, "utc_ms", MS),
        Field(9, "utc_quality", QUALITY),
        Field(10, "fields", FlatMap(EVENT_FIELD_COUNT_MAX, EVENT_VALUES)),
    )

    def __init__(self, boot: int = 0, sequence: int = 0, code: int = 0) -> None:
        self.boot = boot
        self.sequence = sequence
        self.previous_boot = 0
        self.previous_sequence = 0
        self.is_head = False
        self.code = code
        self.now_ms = 0
        self.utc_ms = 0
        self.utc_quality = 0
        self.fields: dict[str, Value] = {}


class Cursor(Payload):
    """How far the CMC has stored, its clock, and the keyholder's epoch."""

    __slots__ = ("boot", "epoch", "sequence", "utc_ms")
    TITLE = "cursor"
    FIELDS = (
        Field(1, "boot", BOOT),
        Field(2, "sequence", COUNT),
        Field(3, "utc_ms", MS),
        Field(4, "epoch", COUNT),
    )

    def __init__(self, boot: int = 0, sequence: int = 0, utc_ms: int = 0, epoch: int = 0) -> None:
        self.boot = boot
        self.sequence = sequence
        self.utc_ms = utc_ms
        self.epoch = epoch


class Still(Payload):
    """A recent picture of one camera with its privacy zones filled."""

    __slots__ = ("boot", "jpeg", "now_ms", "utc_ms", "zone_count")
    TITLE = "still"
    FIELDS = (
        Field(1, "boot", BOOT),
        Field(2, "now_ms", MS),
        Field(3, "utc_ms", MS),
        Field(4, "jpeg", Octets(1, STILL_BYTES_MAX)),
        Field(5, "zone_count", Integer(0, 1000)),
    )

    def __init__(self, boot: int = 0, jpeg: bytes = b"") -> None:
        self.boot = boot
        self.now_ms = 0
        self.utc_ms = 0
        self.jpeg = jpeg
        self.zone_count = 0


def encode(payload: Payload) -> bytes:
    """Write any payload; LocalProtocolError names an attribute that is out of range."""
    return dumps(to_map(payload, payload.TITLE))


def decode_state(data: bytes) -> "Birth | Farewell":
    """Read what stands on the state topic; RemoteProtocolError names what is wrong."""
    value = loads(data)
    payload: Birth | Farewell = Farewell()
    if isinstance(value, dict) and value.get(2) is True:
        payload = Birth()
    from_map(payload, value, payload.TITLE)
    return payload


def decode_heartbeat(data: bytes) -> Heartbeat:
    """Read a heartbeat; RemoteProtocolError names the key and value that are wrong."""
    payload = Heartbeat()
    from_map(payload, loads(data), payload.TITLE)
    return payload


def decode_event(data: bytes) -> EventRecord:
    """Read an event; RemoteProtocolError names the key and value that are wrong."""
    payload = EventRecord()
    from_map(payload, loads(data), payload.TITLE)
    return payload


def decode_cursor(data: bytes) -> Cursor:
    """Read a cursor out of its COSE envelope; RemoteProtocolError names what is wrong."""
    payload = Cursor()
    from_map(payload, loads(data), payload.TITLE)
    return payload


def decode_still(data: bytes) -> Still:
    """Read a still; RemoteProtocolError names the key and value that are wrong."""
    payload = Still()
    from_map(payload, loads(data), payload.TITLE)
    if payload.jpeg[:2] != b"\xff\xd8":
        raise RemoteProtocolError(
            "still.jpeg starts with %r; a JPEG starts ff d8" % payload.jpeg[:2]
        )
    return payload


def encode_event(record: EventRecord, room_bytes: int) -> bytes:
    """Write an event into the room there is, halving its longest text until it fits.

    Args:
        record: its `fields` are replaced when they had to be cut.
        room_bytes: most bytes of the answer, 256 and up.

    Raises:
        LocalProtocolError: it does not fit although no text is left to cut.
    """
    record.fields = _bounded(record.fields)
    data = encode(record)
    while len(data) > room_bytes:
        longest, length = "", 0
        for name, value in record.fields.items():
            if isinstance(value, (str, bytes)) and len(value) > length:
                longest, length = name, len(value)
        text = record.fields.get(longest)
        if not isinstance(text, (str, bytes)):
            raise LocalProtocolError(
                "event %d takes %d bytes of %d; give it fewer fields"
                % (record.code, len(data), room_bytes)
            )
        record.fields = dict(record.fields)
        record.fields[longest] = text[: length // 2]
        data = encode(record)
    return data


def _bounded(fields: "dict[str, Value]") -> "dict[str, Value]":
    """Cut texts that no event may carry; the same map when there are none."""
    bounded = fields
    for name, value in fields.items():
        if isinstance(value, (str, bytes)) and len(value) > TEXT_COUNT_MAX:
            bounded = dict(bounded)
            bounded[name] = value[:TEXT_COUNT_MAX]
    return bounded
