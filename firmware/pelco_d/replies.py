"""Reads one Pelco-D reply, the one that is due, out of whatever the line brings.

    general        FF addr alarms check            check = the command's checksum + alarms
    extended       FF addr cmd1 cmd2 d1 d2 check   check = bytes 2 to 6 summed
    part number    FF addr 15 bytes of text check  check = the query's checksum + addr + the 15

A general reply carries no name of what it answers, and at some addresses the first four bytes of
an extended reply are a valid general one. So nothing is told apart by looking: the reader is made
for one kind, one address and the frame that is being answered, and four bytes count as a general
reply only once the line has gone quiet behind them. Survives: the controller's own echo, a stale
reply or noise in front, any cut of the bytes, foreign frames behind.

Source: Pelco TF-0002 (2003), "Response"; D Protocol v5.0.1 (2008) for "ack".
"""

from firmware.errors import LocalProtocolError
from firmware.pelco_d.everyday import GENERAL, REPLIES
from firmware.pelco_d.frame import FRAME_BYTES, SYNC, checksum

NONE = "none"
PART_NUMBER = "part_number"
ACK = "ack"

COMMAND_BYTES: int = FRAME_BYTES
GENERAL_BYTES = 4
PART_NUMBER_BYTES = 18
ALARMS_MAX = 0x7F
HELD_BYTES_MAX = 64


class Reply:
    """One reply.

    `value` is the alarm bits (general), data1 << 8 | data2 (extended), 1 or 0 (ack: done or
    refused); `text` is the part number, 15 bytes, else empty.
    """

    __slots__ = ("address", "kind", "text", "value")

    def __init__(self, kind: str, address: int, value: int, text: bytes = b"") -> None:
        self.kind = kind
        self.address = address
        self.value = value
        self.text = text


def byte_count(kind: str) -> int:
    """Tell how long a reply of a kind is; 0 for NONE."""
    if kind == NONE:
        return 0
    if kind == GENERAL:
        return GENERAL_BYTES
    return PART_NUMBER_BYTES if kind == PART_NUMBER else FRAME_BYTES


def expect(kind: str, address: int, command_frame: bytes) -> "ReplyReader":
    """Make the reader of exactly one reply.

    Args:
        kind: GENERAL, PART_NUMBER, ACK or another name of `opcodes.REPLIES`.
        address: the address that must answer, 1 to 255; a part number is taken from any.
        command_frame: the 7 bytes that are being answered.

    Raises:
        LocalProtocolError: no such kind.
    """
    if kind not in {GENERAL, PART_NUMBER} and kind not in REPLIES:
        raise LocalProtocolError("pelco-d reply %r: see opcodes.REPLIES" % kind)
    return ReplyReader(kind, address, command_frame)


class ReplyReader:
    """Takes bytes until the expected reply is among them; made by `expect`."""

    __slots__ = ("_command_frame", "_held", "_size_bytes", "address", "junk_count", "kind")

    def __init__(self, kind: str, address: int, command_frame: bytes) -> None:
        self.kind = kind
        self.address = address
        self._command_frame = command_frame
        self._size_bytes = byte_count(kind)
        self._held = b""
        self.junk_count = 0

    def receive(self, data: bytes, is_quiet: bool = False) -> "Reply | None":
        """Take bytes.

        Args:
            data: what came; may be empty.
            is_quiet: nothing came for some byte times, so what is held is all there is.

        Returns:
            the reply, once it is there and, for a general reply, surely no longer frame.
        """
        held = self._held + data
        at = 0
        while len(held) - at >= self._size_bytes:
            reply = self._match(held, at)
            if reply is not None:
                skip = 0 if self.kind != GENERAL else self._longer(held, at, is_quiet)
                if skip == 0:
                    self.junk_count += at
                    self._held = b""
                    return reply
                if skip < 0:
                    break
                at += skip
                continue
            at += 1
        at = max(at, len(held) - HELD_BYTES_MAX)
        self.junk_count += at
        self._held = held[at:]
        return None

    def drop(self) -> None:
        """Hear that no more comes: what is held was no reply."""
        self.junk_count += len(self._held)
        self._held = b""

    def _longer(self, held: bytes, at: int, is_quiet: bool) -> int:
        """Tell how much to skip because these four bytes begin a frame of seven.

        0 when they stand alone, -1 when that cannot be told yet.
        """
        window = held[at : at + FRAME_BYTES]
        if len(window) < FRAME_BYTES:
            return 0 if is_quiet else -1
        return FRAME_BYTES if sum(window[1:6]) & 0xFF == window[6] else 0

    def _match(self, held: bytes, at: int) -> "Reply | None":
        if held[at] != SYNC:
            return None
        window = held[at : at + self._size_bytes]
        address = window[1]
        if self.kind == PART_NUMBER:
            text = window[2:17]
            is_good = window[17] == (self._command_frame[6] + address + sum(text)) & 0xFF
            return Reply(PART_NUMBER, address, 0, text) if is_good else None
        if address != self.address:
            return None
        if self.kind == GENERAL:
            alarms = window[2]
            is_good = (
                alarms <= ALARMS_MAX and window[3] == (self._command_frame[6] + alarms) & 0xFF
            )
            return Reply(GENERAL, address, alarms) if is_good else None
        return self._match_extended(window, address)

    def _match_extended(self, window: bytes, address: int) -> "Reply | None":
        if window[2] << 8 | window[3] != REPLIES[self.kind] or checksum(window[1:6]) != window[6]:
            return None
        if self.kind != ACK:
            return Reply(self.kind, address, window[4] << 8 | window[5])
        if window[4] != self._command_frame[3]:
            return None  # acknowledges another command
        return Reply(ACK, address, window[5])


def encode(reply: Reply, command_frame: bytes) -> bytes:
    """Lay out a reply as the device does; for line tests and the bench.

    Args:
        reply: what to say; `text` is 15 bytes for a part number.
        command_frame: the 7 bytes that are being answered.

    Raises:
        LocalProtocolError: no such kind.
    """
    if reply.kind == GENERAL:
        tail = (command_frame[6] + reply.value) & 0xFF
        return bytes((SYNC, reply.address, reply.value, tail))
    if reply.kind == PART_NUMBER:
        tail = (command_frame[6] + reply.address + sum(reply.text)) & 0xFF
        return bytes((SYNC, reply.address)) + reply.text + bytes((tail,))
    if reply.kind not in REPLIES:
        raise LocalProtocolError("pelco-d reply %r: see opcodes.REPLIES" % reply.kind)
    number = REPLIES[reply.kind]
    value = command_frame[3] << 8 | reply.value if reply.kind == ACK else reply.value
    body = bytes((reply.address, number >> 8, number & 0xFF, value >> 8, value & 0xFF))
    return b"\xff" + body + bytes((checksum(body),))
