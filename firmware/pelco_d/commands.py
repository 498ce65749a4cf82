"""Builds and reads Pelco-D commands; refuses what the protocol leaves undefined.

A frame whose cmd2 is even is a motion frame: each bit starts something, each cleared bit stops
it, so one frame replaces the whole state of motion and lens. A frame whose cmd2 is odd is one
command of `opcodes.COMMANDS`.

Source: Pelco TF-0002 (2003), "Standard commands" and "Extended commands".
"""

from firmware.errors import LocalProtocolError
from firmware.pelco_d import frame
from firmware.pelco_d.everyday import BYTE, EVERYDAY, GENERAL, WORD
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    Row = tuple[str, int, int, int, str, bool]

RIGHT = 0x0002
LEFT = 0x0004
UP = 0x0008
DOWN = 0x0010
TELE = 0x0020
WIDE = 0x0040
FAR = 0x0080
NEAR = 0x0100
IRIS_OPEN = 0x0200
IRIS_CLOSE = 0x0400
CAMERA_OFF = 0x0800
CAMERA_ON = 0x8800
SCAN_MANUAL = 0x1000
SCAN_AUTO = 0x9000

OPPOSED = (RIGHT | LEFT, UP | DOWN, TELE | WIDE, FAR | NEAR, IRIS_OPEN | IRIS_CLOSE)
SENSE = 0x8000
RESERVED = 0x6000
SWITCHES = 0x1800  # camera and scan: the bits that SENSE turns from "off" into "on"

SPEED_MAX = 0x3F
TURBO = 0x40  # pan only
TURBO_1999 = 0xFF  # what the 1999 manual says instead


def stop(address: int) -> bytes:
    """Build the frame that stops pan, tilt, zoom, focus and iris at once."""
    return frame.encode(address, 0, 0)


def motion(address: int, bits: int, pan_speed: int = 0, tilt_speed: int = 0) -> bytes:
    """Build one motion frame; it replaces everything an earlier one started.

    Args:
        address: 1 to 255.
        bits: RIGHT, LEFT, UP ... joined by |; what is not named stops.
        pan_speed: 0 (very slow, not stop) to SPEED_MAX, TURBO, or TURBO_1999.
        tilt_speed: 0 to SPEED_MAX; tilt has no turbo.

    Raises:
        LocalProtocolError: opposed or reserved bits, a speed or the address out of range.
    """
    trouble = _motion_fault(bits, pan_speed, tilt_speed)
    if trouble:
        raise LocalProtocolError(trouble)
    return frame.encode(address, bits, pan_speed << 8 | tilt_speed)


def build(address: int, name: str, data: int = 0) -> bytes:
    """Build one extended command.

    Args:
        address: 1 to 255; also 0 for "query".
        name: as in `opcodes.COMMANDS`.
        data: data1 << 8 | data2; its range is in the same table.

    Raises:
        LocalProtocolError: no such command, a dangerous one, or a number out of range.
    """
    command = number_of(name)
    if command not in EVERYDAY and _whole()[command][5]:
        raise LocalProtocolError("pelco-d %s is dangerous: call build_dangerous" % name)
    trouble = fault(command, data)
    if trouble:
        raise LocalProtocolError(trouble)
    return frame.encode(address, command, data)


def build_dangerous(address: int, name: str, data: int = 0) -> bytes:
    """Build a command that can strand the device: the caller has asked a person first.

    Args:
        address: 1 to 255.
        name: a dangerous command of `opcodes.COMMANDS`.
        data: as for `build`.

    Raises:
        LocalProtocolError: as for `build`, and when the command is not a dangerous one.
    """
    command = number_of(name)
    if not _whole()[command][5]:
        raise LocalProtocolError("pelco-d %s is not dangerous: call build" % name)
    trouble = fault(command, data)
    if trouble:
        raise LocalProtocolError(trouble)
    return frame.encode(address, command, data)


def preset(address: int, act: str, number: int) -> bytes:
    """Build the frame that sets, clears or goes to a preset.

    Args:
        address: 1 to 255.
        act: "set", "clear" or "go".
        number: 1 to 255; 256 to 65535 is the 16-bit form of some vendors. 0 does not exist.

    Raises:
        LocalProtocolError: an unknown act, or a number or address out of range.
    """
    command = number_of("preset_" + act)
    if not 1 <= number <= frame.WORD_MAX:
        raise LocalProtocolError("pelco-d preset %d: give 1 to 255" % number)
    return frame.encode(address, command, number)


def number_of(name: str) -> int:
    """Look up a command's number, cmd1 << 8 | cmd2, by its name.

    Raises:
        LocalProtocolError: no such command.
    """
    for number, row in EVERYDAY.items():
        if row[0] == name:
            return number
    for number, row in _whole().items():
        if row[0] == name:
            return number
    raise LocalProtocolError("pelco-d command %r: see opcodes.COMMANDS" % name)


def name_of(command: int) -> str:
    """Tell a command's name: "stop", "motion", one of the table, or "" when it has none."""
    if not command & 1:
        return "motion" if command else "stop"
    row = _row(command)
    return row[0] if row else ""


def reply_kind(command: int) -> str:
    """Tell what a device that answers sends back to a command, in the words of `replies`."""
    row = _row(command) if command & 1 else None
    return row[4] if row else GENERAL


def fault(command: int, data: int) -> str:
    """Say in words what makes a command undefined, or "" when it is good."""
    if not command & 1:
        return _motion_fault(command, data >> 8, data & 0xFF)
    row = _row(command)
    if row is None:
        return "pelco-d command %04x: not defined" % command
    name, form, low, high = row[:4]
    if form in {BYTE, WORD}:
        is_good = low <= data <= high
    else:
        is_good = low >> 8 <= data >> 8 <= high >> 8 and low & 0xFF <= data & 0xFF <= high & 0xFF
    return "" if is_good else "pelco-d %s with data %d: give %d to %d" % (name, data, low, high)


def _row(command: int) -> "Row | None":
    return EVERYDAY.get(command) or _whole().get(command)


def _whole() -> "dict[int, Row]":
    from firmware.pelco_d.opcodes import COMMANDS  # noqa: PLC0415 - a drive seldom needs them

    return COMMANDS


def _motion_fault(bits: int, pan_speed: int, tilt_speed: int) -> str:
    if bits & (RESERVED | 1) or not 0 <= bits <= frame.WORD_MAX:
        return "pelco-d motion bits %04x: reserved bits are set" % bits
    if bits & SENSE and not bits & SWITCHES:
        return "pelco-d motion bits %04x: sense without camera or scan" % bits
    for pair in OPPOSED:
        if bits & pair == pair:
            return "pelco-d motion bits %04x: opposed bits %04x" % (bits, pair)
    if not 0 <= pan_speed <= TURBO and pan_speed != TURBO_1999:
        return "pelco-d pan speed %d: give 0 to 63, or 64 for turbo" % pan_speed
    if not 0 <= tilt_speed <= SPEED_MAX:
        return "pelco-d tilt speed %d: give 0 to 63" % tilt_speed
    return ""
