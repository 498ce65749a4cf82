"""Every fault a unit can have, as far as the unit itself must know it.

A number is never given to another fault, nor taken back. What each means to people, and what to
try first, is in `meanings.py`, which a board never loads; docs/formats/faults.md is both tables.
"""

from firmware.health.fault import EMERGENCY, HIGH, LOW, MEDIUM, Fault

_ROWS = (  # name, number, severity, (present for so long, absent for so long), ms
    Fault("picture.lost", 101, EMERGENCY, (2000, 5000)),
    Fault("picture.frozen", 102, EMERGENCY, (5000, 5000)),
    Fault("picture.dark", 103, HIGH, (5000, 10000)),
    Fault("picture.broken", 104, HIGH, (10000, 30000)),
    Fault("picture.no_keyframe", 105, HIGH, (0, 0)),
    Fault("picture.times_jump", 106, MEDIUM, (0, 60000)),
    Fault("dome.silent", 201, EMERGENCY, (3000, 3000)),
    Fault("dome.line_lost", 202, EMERGENCY, (2000, 2000)),
    Fault("dome.stuck", 203, EMERGENCY, (1000, 5000)),
    Fault("dome.disagrees", 204, EMERGENCY, (0, 5000)),
    Fault("dome.preset_drifted", 205, MEDIUM, (0, 0)),
    Fault("dome.line_bad", 206, HIGH, (5_000, 10_000)),
    Fault("sound.gate_disagrees", 301, EMERGENCY, (0, 0)),
    Fault("sound.indicator_broken", 302, HIGH, (0, 0)),
    Fault("microphone.lost", 303, MEDIUM, (3000, 5000)),
    Fault("disk.failed", 401, EMERGENCY, (0, 10000)),
    Fault("disk.slow", 402, HIGH, (10000, 60000)),
    Fault("disk.full", 403, HIGH, (0, 60000)),
    Fault("not.recording", 404, EMERGENCY, (30000, 5000)),
    Fault("ring.unreadable", 405, HIGH, (0, 0)),
    Fault("disk.stuck", 406, EMERGENCY, (0, 10000)),
    Fault("ring.preparing", 407, LOW, (0, 0)),
    Fault("permit.missing", 501, HIGH, (0, 0)),
    Fault("unit.crashed", 601, HIGH, (0, 0)),
    Fault("supply.low", 602, HIGH, (5000, 30000)),
    Fault("board.hot", 603, MEDIUM, (30000, 60000)),
    Fault("state.failed", 604, HIGH, (25000, 0)),
    Fault("link.down", 701, LOW, (10000, 5000)),
    Fault("outbox.shedding", 702, MEDIUM, (0, 60000)),
    Fault("clock.untrusted", 801, MEDIUM, (60000, 10000)),
)

FAULTS = {fault.name: fault for fault in _ROWS}
_NAMES = {fault.number: fault.name for fault in _ROWS}


def name_of(number: int) -> str:
    """Look up the name of a fault by its number; "" when there is none."""
    return _NAMES.get(number, "")


def names() -> "list[str]":
    """All faults in the order of their numbers."""
    return [_NAMES[number] for number in sorted(_NAMES)]
