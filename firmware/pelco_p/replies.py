"""Reads the one Pelco-P reply that is due: a single acknowledging byte, or a position frame.

    acknowledgement   A2                            carries no address, so it counts only when the
                                                    line then stays quiet
    position          A0 addr 00 cmd d1 d2 AF xor   by the makers that took Pelco-D's queries over

Source: Pelco DRD14 manual for the acknowledgement; makers' lists for positions.
"""

from firmware.errors import LocalProtocolError
from firmware.pelco_p.frame import FRAME_BYTES, decode, is_frame

NONE = "none"
GENERAL = "general"
ACKNOWLEDGED = 0xA2
COMMAND_BYTES: int = FRAME_BYTES
POSITIONS = {"pan": 0x59, "tilt": 0x5B, "zoom": 0x5D}
HELD_BYTES_MAX = 64


class Reply:
    """One reply; `value` is the position, or 0 for an acknowledgement."""

    __slots__ = ("address", "kind", "value")

    def __init__(self, kind: str, address: int, value: int) -> None:
        self.kind = kind
        self.address = address
        self.value = value


def byte_count(kind: str) -> int:
    """Tell how long a reply of a kind is; 0 for NONE."""
    if kind == NONE:
        return 0
    return 1 if kind == GENERAL else FRAME_BYTES


def expect(kind: str, address: int, command_frame: bytes) -> "ReplyReader":
    """Make the reader of exactly one reply.

    Args:
        kind: GENERAL, or a name of POSITIONS.
        address: the receiver that must answer, 1 to 32.
        command_frame: the 8 bytes that are being answered.

    Raises:
        LocalProtocolError: no such kind, or that command cannot have it.
    """
    if kind != GENERAL and kind not in POSITIONS:
        raise LocalProtocolError("pelco-p reply %r: see replies.POSITIONS" % kind)
    if len(command_frame) != FRAME_BYTES:
        raise LocalProtocolError("pelco-p command of %d bytes: 8 are due" % len(command_frame))
    return ReplyReader(kind, address)


class ReplyReader:
    """Takes bytes until the expected reply is among them; made by `expect`."""

    __slots__ = ("_held", "address", "junk_count", "kind")

    def __init__(self, kind: str, address: int) -> None:
        self.kind = kind
        self.address = address
        self._held = b""
        self.junk_count = 0

    def receive(self, data: bytes, is_quiet: bool = False) -> "Reply | None":
        """Take bytes.

        Args:
            data: what came; may be empty.
            is_quiet: nothing came for some byte times, so what is held is all there is.

        Returns:
            the reply once it is there.
        """
        held = self._held + data
        reply = None
        if self.kind != GENERAL:
            reply, held = self._position(held)
        elif is_quiet and held and held[-1] == ACKNOWLEDGED:
            reply = Reply(GENERAL, self.address, 0)
            self.junk_count += len(held) - 1
            held = b""
        over = max(len(held) - HELD_BYTES_MAX, 0)
        self.junk_count += over
        self._held = held[over:]
        return reply

    def drop(self) -> None:
        """Hear that no more comes: what is held was no reply."""
        self.junk_count += len(self._held)
        self._held = b""

    def _position(self, held: bytes) -> "tuple[Reply | None, bytes]":
        while len(held) >= FRAME_BYTES:
            window = held[:FRAME_BYTES]
            if is_frame(window):
                receiver, command, value = decode(window)
                if receiver == self.address and command == POSITIONS[self.kind]:
                    return Reply(self.kind, receiver, value), b""
            self.junk_count += 1
            held = held[1:]
        return None, held
