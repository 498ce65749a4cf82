"""How a unit is now: the payload of the heartbeat topic."""

from firmware.telemetry.fields import Field, Listing, Payload
from firmware.telemetry.kinds import (
    BOOT,
    CODE,
    COUNT,
    FLAG,
    MS,
    NAME,
    PERMILLE,
    QUALITY,
    WORD,
    Choice,
    FlatMap,
    Integer,
    Text,
)

CAMERA_COUNT_MAX = 32
FAULT_COUNT_MAX = 64
COUNTER_COUNT_MAX = 64
ANGLE = Integer(-36000, 36000)
LINE_VERDICTS = ("unknown", "good", "noisy", "bad", "dead")


class CameraState(Payload):
    """How one camera is now.

    The fields from `dome_state` to `is_position_known` and `line_verdict` are None without a dome,
    `sound_state` and `sound_grant_id` ("" for no grant) are None without a microphone. `holder`
    and what belongs to it are None while nobody has the dome, `activity` while it does nothing by
    itself, and `debtor` is None until somebody has looked at one thing for too long.
    """

    __slots__ = (
        "activity",
        "debtor",
        "dome_state",
        "fill_permille",
        "free_in_ms",
        "holder",
        "holder_role",
        "is_position_known",
        "is_recording",
        "is_withheld",
        "line_verdict",
        "name",
        "oldest_utc_ms",
        "pan_cdeg",
        "read_back_utc_ms",
        "readable_permille",
        "readable_s",
        "sound_grant_id",
        "sound_state",
        "tilt_cdeg",
        "zoom_permille",
    )
    TITLE = "camera state"
    FIELDS = (
        Field(1, "name", NAME),
        Field(2, "is_recording", FLAG),
        Field(3, "oldest_utc_ms", MS),
        Field(4, "fill_permille", PERMILLE),
        Field(5, "is_withheld", FLAG),
        Field(6, "dome_state", Text(1, 24), is_optional=True),
        Field(7, "pan_cdeg", ANGLE, is_optional=True),
        Field(8, "tilt_cdeg", ANGLE, is_optional=True),
        Field(9, "zoom_permille", PERMILLE, is_optional=True),
        Field(10, "is_position_known", FLAG, is_optional=True),
        Field(
            11,
            "sound_state",
            Choice(("off", "opening", "on", "closing", "failed")),
            is_optional=True,
        ),
        Field(12, "sound_grant_id", WORD, is_optional=True),
        Field(13, "holder", NAME, is_optional=True),
        Field(14, "holder_role", WORD, is_optional=True),
        Field(15, "free_in_ms", MS, is_optional=True),
        Field(16, "activity", Text(1, 64), is_optional=True),
        Field(17, "debtor", NAME, is_optional=True),
        Field(18, "line_verdict", Choice(LINE_VERDICTS), is_optional=True),
        Field(20, "readable_permille", PERMILLE, is_optional=True),
        Field(21, "readable_s", COUNT, is_optional=True),
        Field(22, "read_back_utc_ms", MS, is_optional=True),
    )

    def __init__(self, name: str = "") -> None:
        self.name = name
        self.is_recording = False
        self.oldest_utc_ms = 0
        self.fill_permille = 0
        self.is_withheld = False
        self.dome_state: str | None = None
        self.pan_cdeg: int | None = None
        self.tilt_cdeg: int | None = None
        self.zoom_permille: int | None = None
        self.is_position_known: bool | None = None
        self.sound_state: str | None = None
        self.sound_grant_id: str | None = None
        self.holder: str | None = None
        self.holder_role: str | None = None
        self.free_in_ms: int | None = None
        self.activity: str | None = None
        self.debtor: str | None = None
        self.line_verdict: str | None = None
        self.readable_permille: int | None = None
        self.readable_s: int | None = None
        self.read_back_utc_ms: int | None = None


class FaultRow(Payload):
    """One active fault: its number in the catalogue, what has it, for how long, and its state."""

    __slots__ = ("age_ms", "number", "state", "subject")
    TITLE = "fault"
    FIELDS = (
        Field(0, "number", CODE),
        Field(1, "subject", WORD),
        Field(2, "age_ms", MS),
        Field(3, "state", Text(1, 16)),
    )

    def __init__(
        self, number: int = 0, subject: str = "", age_ms: int = 0, state: str = ""
    ) -> None:
        self.number = number
        self.subject = subject
        self.age_ms = age_ms
        self.state = state


class Heartbeat(Payload):
    """How the unit is now; `supply_mv` and `board_temp_mdegc` are None where not fitted."""

    __slots__ = (
        "board_temp_mdegc",
        "boot",
        "cameras",
        "command_sequence_next",
        "counters",
        "faults",
        "fill_permille",
        "is_armed",
        "now_ms",
        "number",
        "oldest_utc_ms",
        "supply_mv",
        "utc_ms",
        "utc_quality",
        "waiting_count",
    )
    TITLE = "heartbeat"
    FIELDS = (
        Field(1, "boot", BOOT),
        Field(2, "number", COUNT),
        Field(3, "now_ms", MS),
        Field(4, "utc_ms", MS),
        Field(5, "utc_quality", QUALITY),
        Field(6, "cameras", Listing(CameraState, CAMERA_COUNT_MAX, is_rows=False)),
        Field(7, "faults", Listing(FaultRow, FAULT_COUNT_MAX, is_rows=True)),
        Field(8, "waiting_count", COUNT),
        Field(9, "command_sequence_next", COUNT),
        Field(10, "is_armed", FLAG),
        Field(11, "fill_permille", PERMILLE),
        Field(12, "oldest_utc_ms", MS),
        Field(13, "supply_mv", Integer(0, 1000000), is_optional=True),
        Field(14, "board_temp_mdegc", Integer(-273150, 1000000), is_optional=True),
        Field(15, "counters", FlatMap(COUNTER_COUNT_MAX, (COUNT,))),
    )

    def __init__(self, boot: int = 0) -> None:
        self.boot = boot
        self.number = 0
        self.now_ms = 0
        self.utc_ms = 0
        self.utc_quality = 0
        self.cameras: list[CameraState] = []
        self.faults: list[FaultRow] = []
        self.waiting_count = 0
        self.command_sequence_next = 0
        self.is_armed = False
        self.fill_permille = 0
        self.oldest_utc_ms = 0
        self.supply_mv: int | None = None
        self.board_temp_mdegc: int | None = None
        self.counters: dict[str, int] = {}
