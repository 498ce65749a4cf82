"""Who a unit is, and that it is gone: the payloads of the state topic."""

from firmware.telemetry.fields import Field, Listing, Payload
from firmware.telemetry.kinds import (
    BOOT,
    COUNT,
    FLAG,
    MS,
    NAME,
    QUALITY,
    WORD,
    Choice,
    Integer,
    Octets,
    Text,
)

LOST = "lost"
STOPPED = "stopped"
GATEWAY = "gateway"
REDEPLOYABLE = "redeployable"
CAMERA_COUNT_MAX = 32


class CameraInBirth(Payload):
    """What one camera is, told once at each birth.

    `switches` names what its dome can switch, with spaces between; None without a dome.
    """

    __slots__ = ("has_dome", "has_microphone", "height_px", "name", "switches", "width_px")
    TITLE = "camera"
    FIELDS = (
        Field(1, "name", NAME),
        Field(2, "has_dome", FLAG),
        Field(3, "has_microphone", FLAG),
        Field(4, "width_px", Integer(0, 16384)),
        Field(5, "height_px", Integer(0, 16384)),
        Field(6, "switches", Text(0, 200), is_optional=True),
    )

    def __init__(self, name: str = "") -> None:
        self.name = name
        self.has_dome = False
        self.has_microphone = False
        self.width_px = 0
        self.height_px = 0
        self.switches: str | None = None


class Birth(Payload):
    """Who the unit is; published at each connection, retained.

    Without a permit `place`, `scheme_class` and `permit_id` are "" and `permit_ends_utc_ms` is 0.
    """

    __slots__ = (
        "boot",
        "cameras",
        "command_sequence_next",
        "is_alive",
        "kind",
        "permit_ends_utc_ms",
        "permit_id",
        "place",
        "policy_hash",
        "scheme_class",
        "utc_ms",
        "utc_quality",
        "version",
    )
    TITLE = "birth"
    FIELDS = (
        Field(1, "boot", BOOT),
        Field(2, "is_alive", Choice((True,))),
        Field(3, "version", WORD),
        Field(4, "utc_ms", MS),
        Field(5, "utc_quality", QUALITY),
        Field(6, "cameras", Listing(CameraInBirth, CAMERA_COUNT_MAX, is_rows=False)),
        Field(7, "place", Text(0, 128)),
        Field(8, "scheme_class", WORD),
        Field(9, "policy_hash", Octets(0, 32)),
        Field(10, "command_sequence_next", COUNT),
        Field(11, "kind", Choice((GATEWAY, REDEPLOYABLE))),
        Field(12, "permit_id", WORD),
        Field(13, "permit_ends_utc_ms", MS),
    )

    def __init__(self, boot: int = 0) -> None:
        self.boot = boot
        self.is_alive = True
        self.version = ""
        self.utc_ms = 0
        self.utc_quality = 0
        self.cameras: list[CameraInBirth] = []
        self.place = ""
        self.scheme_class = ""
        self.policy_hash = b""
        self.command_sequence_next = 0
        self.kind = GATEWAY
        self.permit_id = ""
        self.permit_ends_utc_ms = 0


class Farewell(Payload):
    """The unit is gone: reason LOST is the will that the broker speaks, STOPPED is its own."""

    __slots__ = ("boot", "is_alive", "reason")
    TITLE = "farewell"
    FIELDS = (
        Field(1, "boot", BOOT),
        Field(2, "is_alive", Choice((False,))),
        Field(3, "reason", Choice((LOST, STOPPED))),
    )

    def __init__(self, boot: int = 0, reason: str = LOST) -> None:
        self.boot = boot
        self.is_alive = False
        self.reason = reason
