"""Every event name and its number; a number is never given to another name, nor taken back.

Numbers are grouped by what the event is about, with room to grow; a new event takes the next free
number of its group.
"""

from firmware.errors import LocalProtocolError

CODES = {
    # 100: the unit
    "unit.started": 101,
    "unit.stopped": 102,
    "unit.armed": 103,
    "unit.disarmed": 104,
    "unit.crashed": 105,
    "unit.claimed": 106,
    "camera.open": 120,
    "camera.lost": 121,
    "microphone.open": 122,
    "microphone.lost": 123,
    "camera.changed": 124,
    "microphone.changed": 125,
    "camera.clock": 126,
    # 200: domes
    "ptz.moved": 201,
    "ptz.stopped": 202,
    "ptz.lease_expired": 203,
    "ptz.preset_reached": 204,
    "ptz.refused": 205,
    "ptz.line_open": 206,
    "ptz.line_lost": 207,
    "ptz.silent": 208,
    "ptz.answering": 209,
    "ptz.tour_started": 210,
    "ptz.tour_ended": 211,
    "ptz.dwelling": 212,
    "ptz.dwelt": 213,
    "ptz.held": 214,
    "ptz.pre_empted": 215,
    "ptz.handed_over": 216,
    "ptz.released": 217,
    "ptz.dwell_reason": 218,
    "ptz.pattern_kept": 219,
    "ptz.schedule_waits": 220,
    "ptz.menu_opened": 221,
    "ptz.menu_closed": 222,
    "ptz.went_to": 223,
    # 300: sound
    "sound.on": 301,
    "sound.off": 302,
    "sound.refused": 303,
    "sound.failed": 304,
    # 400: recording
    "recording.started": 401,
    "recording.gap": 402,
    "recording.stopped": 403,
    "recording.day": 404,
    "disk.failed": 410,
    "disk.slow": 411,
    "disk.recovered": 412,
    "ring.recovered": 413,
    "ring.preparing": 415,
    "ring.holds": 419,
    "ring.read_back": 414,
    # 500: commands and authority
    "command.accepted": 501,
    "command.refused": 502,
    "permit.accepted": 510,
    "permit.refused": 511,
    "permit.expiring": 512,
    "grant.accepted": 520,
    "grant.refused": 521,
    # 600: faults
    "fault.raised": 601,
    "fault.cleared": 602,
    "fault.acknowledged": 603,
    "fault.attended": 604,
    "fault.rectified": 605,
    "fault.verified": 606,
    "fault.closed": 607,
    # 700: the link and telemetry itself
    "link.up": 701,
    "link.down": 702,
    "outbox.shed": 710,
    "outbox.damaged": 711,
    # 800: clock and keys
    "clock.stepped": 801,
    "clock.quality": 802,
    "epoch.advanced": 810,
    "epoch.anchored": 811,
}

GROUPS = {
    1: "unit",
    2: "ptz",
    3: "sound",
    4: "recording",
    5: "command",
    6: "fault",
    7: "link",
    8: "clock",
}
_PRIORITIES = {1: 3, 2: 0, 3: 2, 4: 2, 5: 2, 6: 3, 7: 1, 8: 1}
_GROUP_SIZE = 100

NAMES = {number: name for name, number in CODES.items()}


def code_of(name: str) -> int:
    """Look up the number of an event; LocalProtocolError when nobody gave it one."""
    number = CODES.get(name, 0)
    if not number:
        raise LocalProtocolError(
            "event %r has no number; add it to firmware/telemetry/codes.py" % name
        )
    return number


def name_of(code: int) -> str:
    """Look up the name of a number; "unknown.<number>" for one that a later version may have."""
    return NAMES.get(code) or "unknown.%d" % code


def group_of(code: int) -> int:
    """Tell the group of a number, 1 to 8; 0 for one that a later version may have."""
    group = code // _GROUP_SIZE
    return group if group in GROUPS else 0


def priority_of(code: int) -> int:
    """Tell what a full outbox gives up first: 0 (a dome moved) to 3 (a fault, a crash)."""
    if code in {CODES["outbox.shed"], CODES["outbox.damaged"]}:
        return 3
    return _PRIORITIES.get(group_of(code), 1)
