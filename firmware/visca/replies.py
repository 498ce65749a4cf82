"""Tells what a packet from a camera says.

    z0 4y FF         accepted into socket y          z0 6y ee FF   error ee
    z0 5y FF         the command of socket y is done z0 38 FF      the chain has changed
    z0 50 .. FF      the answer to an inquiry

Source: Sony BRC-300 Command List 1.20.
"""

from firmware.visca.commands import number
from firmware.visca.packet import decode

ACCEPTED, DONE, ANSWER, ERROR, CHANGED, OTHER = (
    "accepted",
    "done",
    "answer",
    "error",
    "changed",
    "other",
)
ACCEPTED_GROUP, DONE_GROUP, ERROR_GROUP = 0x40, 0x50, 0x60
ERRORS = {
    0x01: "message length",
    0x02: "syntax",
    0x03: "buffer full",
    0x04: "cancelled",
    0x05: "no such socket",
    0x41: "not executable now",
}
NIBBLE_BITS, BITS, WIDE_BITS = 4, 16, 20
ZOOM_BYTES, PLACE_BYTES, WIDE_BYTES = 4, 8, 9


class Reply:
    """One reply: `value` is the socket, the error number, or 0; `data` what an inquiry brought."""

    __slots__ = ("address", "data", "kind", "value")

    def __init__(self, kind: str, address: int, value: int, data: bytes = b"") -> None:
        self.kind = kind
        self.address = address
        self.value = value
        self.data = data


def read(packet: bytes) -> Reply:
    """Read one packet; RemoteProtocolError when it is none."""
    is_from_camera, address, body = decode(packet)
    if not is_from_camera:
        return Reply(OTHER, address, 0, body)
    group, socket, is_short = body[0] & 0xF0, body[0] & 0x0F, len(body) == 1
    if group == ACCEPTED_GROUP and is_short:
        return Reply(ACCEPTED, address, socket)
    if group == DONE_GROUP:
        return Reply(DONE if is_short else ANSWER, address, socket, body[1:])
    if group == ERROR_GROUP and not is_short:
        return Reply(ERROR, address, body[1])
    return Reply(CHANGED if body == b"\x38" else OTHER, address, 0, body)


def place(axis: str, data: bytes) -> "int | None":
    """Read "pan", "tilt" or "zoom" out of an answer, in the camera's own count.

    Args:
        axis: that was asked for; pan and tilt come in one answer.
        data: what the answer brought, a nibble a byte; pan has four of them, of a BRC five.

    Returns:
        the number, signed for pan and tilt; None when it is the answer to something else.
    """
    if any(byte >> NIBBLE_BITS for byte in data):
        return None
    if axis == "zoom":
        return number(data) if len(data) == ZOOM_BYTES else None
    if len(data) not in {PLACE_BYTES, WIDE_BYTES}:
        return None
    split_at = len(data) - ZOOM_BYTES
    if axis == "tilt":
        return _signed(number(data[split_at:]), BITS)
    return _signed(number(data[:split_at]), BITS if split_at == ZOOM_BYTES else WIDE_BITS)


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> (bits - 1) else value
