"""What heads do differently, as data: one row a profile, holding only what differs from GENERIC.

| key | meaning |
| --- | --- |
| replies, ack | whether the head answers; its word for a command: "general", or "ack" (v5) |
| position | whether a head that answers tells where it looks |
| pacing_ms | from the end of one exchange to the next frame |
| auto_stop_ms | it stops by itself after so long without a frame; 0 when it never does |
| turbo | pan speed byte of turbo, 0 where there is none |
| tilt_sign, tilt_zero_cdeg | how the wire counts tilt, see `model.PtzSettings` |
| zoom_limit | what the wire says at the tele end |
| counts_per_turn | what a VISCA head counts in 360 degrees; 0: nobody knows |
| told_cdeg_per_s | how fast the fastest speed short of turbo is at most |
| focus_5f | 5F, 61 and 63 are the focus position, not the magnification |
| zoom_speeds | the greatest zoom speed of command 25 |
| reserved | presets that are functions, as (first, last) |
| levels | data of a switch for (automatic or on, manual or off) |

Source: the makers' lists named in docs/sources.md; each row's standing in docs/guides/domes.md.
"""

from firmware.errors import LocalProtocolError
from firmware.pelco_d import commands
from firmware.pelco_d.everyday import GENERAL
from firmware.pelco_d.replies import ACK
from hal.api._typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from firmware.ptz.model import PtzSettings

    Row = dict[str, object]
    Levels = dict[str, tuple[int, int]]

FLIP_AND_HOME = (33, 34)
RESEND_PARTS = 4  # a motion is told again so often before a head would stop by itself
LEVELS = {  # of the manual of 2003
    "auto_focus": (0, 2),
    "auto_iris": (0, 2),
    "auto_gain": (0, 2),
    "backlight": (2, 1),
    "auto_white_balance": (1, 2),
}
LEVELS_V5 = {"auto_focus": (0, 1), "auto_iris": (0, 1), "auto_gain": (0, 1)}

GENERIC: "Row" = {
    "replies": True,
    "ack": GENERAL,
    "position": True,
    "pacing_ms": 20,
    "auto_stop_ms": 0,
    "turbo": commands.TURBO,
    "tilt_sign": -1,
    "tilt_zero_cdeg": 0,
    "zoom_limit": 65535,
    "counts_per_turn": 0,
    "told_cdeg_per_s": 8_000,
    "focus_5f": False,
    "zoom_speeds": 3,
    "reserved": (),
    "levels": LEVELS,
}

EVI: "Row" = {"zoom_limit": 0x4000, "counts_per_turn": 4_800, "told_cdeg_per_s": 10_000}

PROFILES: "dict[str, Row]" = {
    "generic": {},
    "silent": {"replies": False, "pacing_ms": 80},
    "pelco-spectra": {"reserved": (FLIP_AND_HOME, (84, 99))},
    "pelco-esprit": {
        "position": False,
        "pacing_ms": 80,
        "auto_stop_ms": 15_000,
        "reserved": (FLIP_AND_HOME, (84, 99)),
    },
    "pelco-v5": {"ack": ACK, "reserved": (FLIP_AND_HOME, (84, 99)), "levels": LEVELS_V5},
    "pelco-1999": {"replies": False, "pacing_ms": 80, "turbo": commands.TURBO_1999},
    "bosch-autodome": {"replies": False, "reserved": (FLIP_AND_HOME, (92, 99))},
    "bosch-mic-550": {"zoom_limit": 0x8540, "reserved": (FLIP_AND_HOME, (92, 99))},
    "orlaco": {
        "replies": False,
        "reserved": ((86, 86), (88, 89)),
        "levels": {"auto_focus": (0, 2), "auto_iris": (0, 1)},
    },
    "eneo": {"replies": False, "reserved": ((95, 96),)},
    "dasys": {"replies": False, "reserved": (FLIP_AND_HOME, (65, 99))},
    "ptzoptics": {
        "replies": False,
        "reserved": ((90, 99), (255, 255)),
        "levels": {"auto_focus": (1, 2)},
    },
    "sanyo-vsp": {"replies": False, "turbo": 0},
    "costar": {"pacing_ms": 50},
    "focus-5f": {"replies": False, "pacing_ms": 80, "focus_5f": True},
    "visca-evi-d70": dict(EVI),
    "visca-evi-d90": dict(EVI, counts_per_turn=16_320),
    "visca-ptzoptics": dict(EVI, counts_per_turn=5_184, told_cdeg_per_s=12_000),
}


def look_up(name: str) -> "Row":
    """Give a profile whole.

    Raises:
        LocalProtocolError: no such profile.
    """
    if name not in PROFILES:
        raise LocalProtocolError("dome profile %r: see `lamppost ptz profiles`" % name)
    row = dict(GENERIC)
    row.update(PROFILES[name])
    return row


def apply(settings: "PtzSettings", name: str) -> None:
    """Set up a head as its profile says."""
    row = look_up(name)
    settings.has_replies = row["replies"] is True
    settings.has_position = row["position"] is True
    settings.reply_kind = str(row["ack"])
    settings.pacing_ms = _whole(row, "pacing_ms")
    settings.turbo_byte = _whole(row, "turbo")
    settings.has_turbo = settings.has_turbo and settings.turbo_byte != 0
    settings.tilt_sign = _whole(row, "tilt_sign")
    settings.tilt_zero_cdeg = _whole(row, "tilt_zero_cdeg")
    settings.zoom_limit = _whole(row, "zoom_limit")
    settings.counts_per_turn = _whole(row, "counts_per_turn")
    settings.told_cdeg_per_s_max = _whole(row, "told_cdeg_per_s")
    settings.reserved_presets = cast("tuple[tuple[int, int], ...]", row["reserved"])
    auto_stop_ms = _whole(row, "auto_stop_ms")
    if auto_stop_ms:
        settings.resend_ms = min(settings.resend_ms, auto_stop_ms // RESEND_PARTS)


def switch(name: str, address: int, what: str, is_on: bool) -> bytes:
    """Build what switches a camera function on (or automatic) or off (or manual).

    Args:
        name: of the profile.
        address: the dome's, 1 to 255.
        what: "auto_focus", "auto_iris", "auto_gain", "backlight" or "auto_white_balance".
        is_on: on, or automatic.

    Raises:
        LocalProtocolError: no such profile, or the head has no such switch.
    """
    levels = cast("Levels", look_up(name)["levels"])
    if what not in levels:
        raise LocalProtocolError("dome profile %s: no switch %r is known of it" % (name, what))
    return commands.build(address, what, levels[what][0 if is_on else 1])


def refusal(name: str, command: int, data: int) -> str:
    """Say why a frame should not go to such a head, or "" when it may.

    Args:
        name: of the profile.
        command: cmd1 << 8 | cmd2.
        data: data1 << 8 | data2.
    """
    row = look_up(name)
    act = commands.name_of(command)
    if act.startswith("preset_"):
        reserved = cast("tuple[tuple[int, int], ...]", row["reserved"])
        if any(first <= data <= last for first, last in reserved):
            return "preset %d is a function of a %s head, not a position" % (data, name)
    if act in {"magnification_set", "query_magnification"} and row["focus_5f"]:
        return "a %s head takes %s for its focus position" % (name, act)
    if act == "zoom_speed" and data > _whole(row, "zoom_speeds"):
        return "zoom speed %d: a %s head takes 0 to %d" % (data, name, _whole(row, "zoom_speeds"))
    return ""


def _whole(row: "Row", key: str) -> int:
    return cast("int", row[key])
