"""Builds Pelco-P commands; refuses what the protocol leaves undefined.

The bits differ from Pelco-D's in the first data byte: focus far is its bit 0 and near its bit 1,
where Pelco-D has near at bit 0 and far elsewhere. A table copied from Pelco-D focuses the wrong
way.

Source: Pelco "P" Protocol sheet.
"""

from firmware.errors import LocalProtocolError
from firmware.pelco_p import frame

RIGHT = 0x0002
LEFT = 0x0004
UP = 0x0008
DOWN = 0x0010
TELE = 0x0020
WIDE = 0x0040
FAR = 0x0100
NEAR = 0x0200
IRIS_OPEN = 0x0400
IRIS_CLOSE = 0x0800
CAMERA_OFF = 0x1000
CAMERA_ON = 0x5000
SCAN_AUTO = 0x2000

OPPOSED = (RIGHT | LEFT, UP | DOWN, TELE | WIDE, FAR | NEAR, IRIS_OPEN | IRIS_CLOSE)
UNDEFINED = 0x8081  # the top bits of both bytes, and the bit that makes an extended command
SPEED_MAX = 0x3F
TURBO = 0x40

# number: (name, least data, greatest data); data is data3 << 8 | data4
COMMANDS = {
    0x03: ("preset_set", 1, 255),
    0x05: ("preset_clear", 1, 255),
    0x07: ("preset_go", 1, 255),
    0x09: ("aux_set", 1, 8),
    0x0B: ("aux_clear", 1, 8),
    0x0F: ("remote_reset", 0, 0),
    0x11: ("zone_start", 1, 8),
    0x13: ("zone_end", 1, 8),
    0x15: ("write_character", 0x0020, 0x277E),
    0x17: ("clear_screen", 0, 0),
    0x19: ("alarm_acknowledge", 1, 8),
    0x1B: ("zone_scan_on", 0, 0),
    0x1D: ("zone_scan_off", 0, 0),
    0x1F: ("pattern_start", 0, 8),
    0x21: ("pattern_stop", 0, 8),
    0x23: ("pattern_run", 0, 8),
    0x25: ("zoom_speed", 0, 3),
    0x27: ("focus_speed", 0, 3),
    # some makers take Pelco-D's position queries into this frame
    0x51: ("query_pan", 0, 0),
    0x53: ("query_tilt", 0, 0),
    0x55: ("query_zoom", 0, 0),
}


def stop(receiver: int) -> bytes:
    """Build the frame that stops pan, tilt, zoom, focus and iris at once."""
    return frame.encode(receiver, 0, 0)


def motion(receiver: int, bits: int, pan_speed: int = 0, tilt_speed: int = 0) -> bytes:
    """Build one motion frame; it replaces everything an earlier one started.

    Args:
        receiver: 1 to 32.
        bits: RIGHT, LEFT, UP ... joined by |; what is not named stops.
        pan_speed: 0 to SPEED_MAX, or TURBO.
        tilt_speed: 0 to SPEED_MAX.

    Raises:
        LocalProtocolError: opposed or undefined bits, a speed or the receiver out of range.
    """
    if bits & UNDEFINED or not 0 <= bits <= frame.WORD_MAX:
        raise LocalProtocolError("pelco-p motion bits %04x: undefined bits are set" % bits)
    for pair in OPPOSED:
        if bits & pair == pair:
            raise LocalProtocolError("pelco-p motion bits %04x: opposed bits %04x" % (bits, pair))
    if not 0 <= pan_speed <= TURBO:
        raise LocalProtocolError("pelco-p pan speed %d: give 0 to 63, or 64 for turbo" % pan_speed)
    if not 0 <= tilt_speed <= SPEED_MAX:
        raise LocalProtocolError("pelco-p tilt speed %d: give 0 to 63" % tilt_speed)
    return frame.encode(receiver, bits, pan_speed << 8 | tilt_speed)


def build(receiver: int, name: str, data: int = 0) -> bytes:
    """Build one extended command.

    Args:
        receiver: 1 to 32.
        name: as in COMMANDS.
        data: data3 << 8 | data4, each half within the halves of the table's limits.

    Raises:
        LocalProtocolError: no such command, or a number out of range.
    """
    for number, (known, low, high) in COMMANDS.items():
        if known == name:
            is_good = low >> 8 <= data >> 8 <= high >> 8 and low & 255 <= data & 255 <= high & 255
            if not is_good:
                raise LocalProtocolError(
                    "pelco-p %s with data %d: give %d to %d" % (name, data, low, high)
                )
            return frame.encode(receiver, number, data)
    raise LocalProtocolError("pelco-p command %r: see commands.COMMANDS" % name)


def name_of(command: int) -> str:
    """Tell a command's name: "stop", "motion", one of the table, or "" when it has none."""
    if not command & 1:
        return "motion" if command else "stop"
    row = COMMANDS.get(command)
    return row[0] if row else ""
