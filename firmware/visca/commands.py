"""Builds VISCA commands and inquiries; refuses numbers that are out of range.

Pan and tilt, zoom, and focus are told apart: a stop is three packets. The stop of pan and tilt
carries speeds that are not zero, because a BRC-300 refuses zero even there and so never stops.

Source: Sony BRC-300 Command List 1.20.
"""

from firmware.errors import LocalProtocolError
from firmware.visca.packet import ALL, TO, encode

BROADCAST = ALL - TO
PAN_SPEED_MAX = 0x18
TILT_SPEED_MAX = 0x14  # some take 0x18
ZOOM_SPEED_MAX = 7
MEMORY_MAX = 15
POSITION_MAX = 0xFFFF
MEMORY_ACTS = {"clear": 0, "set": 1, "go": 2}
TURN_ACTS = {"to": b"\x01\x06\x02", "by": b"\x01\x06\x03"}
BITS, WIDE_BITS = 16, 20
NAMES = {
    "power_on": b"\x01\x04\x00\x02",
    "power_off": b"\x01\x04\x00\x03",
    "home": b"\x01\x06\x04",
    "remote_reset": b"\x01\x06\x05",
    "zoom_stop": b"\x01\x04\x07\x00",
    "zoom_tele": b"\x01\x04\x07\x02",
    "zoom_wide": b"\x01\x04\x07\x03",
    "focus_stop": b"\x01\x04\x08\x00",
    "focus_far": b"\x01\x04\x08\x02",
    "focus_near": b"\x01\x04\x08\x03",
    "iris_open": b"\x01\x04\x0b\x02",
    "iris_close": b"\x01\x04\x0b\x03",
    "focus_auto": b"\x01\x04\x38\x02",
    "focus_manual": b"\x01\x04\x38\x03",
    "focus_toggle": b"\x01\x04\x38\x10",
    "query_position": b"\x09\x06\x12",
    "query_zoom": b"\x09\x04\x47",
    "query_power": b"\x09\x04\x00",
    "query_version": b"\x09\x00\x02",
}


def build(address: int, name: str) -> bytes:
    """Build a command or inquiry of NAMES.

    Raises:
        LocalProtocolError: no such name, or the address is out of range.
    """
    body = NAMES.get(name)
    if body is None:
        raise LocalProtocolError("visca command %r: see commands.NAMES" % name)
    return encode(address, body)


def address_set() -> bytes:
    """Build what numbers the cameras of a daisy chain, to all."""
    return encode(BROADCAST, b"\x30\x01")


def clear() -> bytes:
    """Build what empties the command buffers, to all."""
    return encode(BROADCAST, b"\x01\x00\x01")


def drive(address: int, pan: int, tilt: int) -> bytes:
    """Build a pan and tilt drive.

    Args:
        address: 1 to 7.
        pan: -24 (left) to 24 (right), 0 for none.
        tilt: -20 (down) to 20 (up), 0 for none.

    LocalProtocolError for what is out of its range.
    """
    _check("pan speed", pan, -PAN_SPEED_MAX, PAN_SPEED_MAX)
    _check("tilt speed", tilt, -TILT_SPEED_MAX, TILT_SPEED_MAX)
    speeds = bytes((abs(pan) or 1, abs(tilt) or 1))
    return encode(address, b"\x01\x06\x01" + speeds + bytes((_way(pan, 2, 1), _way(tilt, 1, 2))))


def zoom(address: int, speed: int) -> bytes:
    """Build a zoom at a speed: -8 (wide) to 8 (tele), 0 stops.

    LocalProtocolError for what is out of its range.
    """
    _check("zoom speed", speed, -ZOOM_SPEED_MAX - 1, ZOOM_SPEED_MAX + 1)
    word = 0 if not speed else (0x20 if speed > 0 else 0x30) | (abs(speed) - 1)
    return encode(address, b"\x01\x04\x07" + bytes((word,)))


def zoom_direct(address: int, value: int) -> bytes:
    """Build a zoom to a place, 0 to 65535 in the camera's own count.

    LocalProtocolError for what is out of its range.
    """
    _check("zoom position", value, 0, POSITION_MAX)
    return encode(address, b"\x01\x04\x47" + nibbles(value, 4))


def turn(
    address: int,
    act: str,
    speeds: "tuple[int, int]",
    way: "tuple[int, int]",
    is_wide: bool = False,
) -> bytes:
    """Build a turn "to" a place or "by" so much, in the camera's own count.

    Args:
        address: 1 to 7.
        act: "to" or "by".
        speeds: of pan 1 to 24, of tilt 1 to 20; a BRC takes the first for both.
        way: pan (right positive) and tilt (up positive), 16 bits each, two's complement.
        is_wide: as a BRC does: pan has 20 bits, and the second speed is 0.

    Raises:
        LocalProtocolError: an unknown act, or something out of its range.
    """
    if act not in TURN_ACTS:
        raise LocalProtocolError("visca turn %r: give to or by" % act)
    pan_bits = WIDE_BITS if is_wide else BITS
    _check("pan speed", speeds[0], 1, PAN_SPEED_MAX)
    _check("tilt speed", speeds[1], 1, TILT_SPEED_MAX)
    _check("pan position", way[0], -(1 << pan_bits - 1), (1 << pan_bits - 1) - 1)
    _check("tilt position", way[1], -(1 << BITS - 1), (1 << BITS - 1) - 1)
    told = bytes((speeds[0], 0 if is_wide else speeds[1]))
    place = nibbles(way[0] & (1 << pan_bits) - 1, pan_bits // 4) + nibbles(way[1] & 0xFFFF, 4)
    return encode(address, TURN_ACTS[act] + told + place)


def memory(address: int, act: str, number: int) -> bytes:
    """Build "set", "clear" or "go" of memory 0 to 15.

    Raises:
        LocalProtocolError: an unknown act, or number or address out of range.
    """
    if act not in MEMORY_ACTS:
        raise LocalProtocolError("visca memory act %r: give set, clear or go" % act)
    _check("memory", number, 0, MEMORY_MAX)
    return encode(address, b"\x01\x04\x3f" + bytes((MEMORY_ACTS[act], number)))


def nibbles(value: int, count: int) -> bytes:
    """Spread a number over the low halves of bytes, the highest first."""
    return bytes([(value >> 4 * (count - 1 - index)) & 0x0F for index in range(count)])


def number(data: bytes) -> int:
    """Gather a number from the low halves of bytes, the highest first."""
    value = 0
    for byte in data:
        value = value << 4 | byte & 0x0F
    return value


def _way(value: int, plus: int, minus: int) -> int:
    return plus if value > 0 else minus if value < 0 else 3


def _check(what: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise LocalProtocolError("visca %s %d: give %d to %d" % (what, value, low, high))
