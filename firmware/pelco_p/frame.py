"""The eight bytes of a Pelco-P message, and the finder of them in a stream.

    +------+---------+-------+-------+-------+-------+------+----------+
    | 0xA0 | address | data1 | data2 | data3 | data4 | 0xAF | checksum |
    +------+---------+-------+-------+-------+-------+------+----------+
    `---------------- exclusive or of all seven -----------'

The address on the wire is the receiver's number less one; everything above this module says the
number. 0xA0 may stand in every other place too. The finder survives noise, fragments and any cut.

Source: Pelco "P" Protocol sheet.
"""

from firmware.errors import LocalProtocolError, RemoteProtocolError

START = 0xA0
END = 0xAF
FRAME_BYTES = 8
RECEIVER_MAX = 32
WORD_MAX = 0xFFFF
ADDRESS_AT, END_AT = 1, 6


def checksum(data: bytes) -> int:
    """Join bytes by exclusive or; start and end bytes are among them."""
    total = 0
    for byte in data:
        total ^= byte
    return total


def encode(receiver: int, command: int, data: int) -> bytes:
    """Lay out one frame.

    Args:
        receiver: the receiver's number, 1 to 32.
        command: data1 << 8 | data2, 0 to 65535.
        data: data3 << 8 | data4, 0 to 65535.

    Raises:
        LocalProtocolError: one of them is out of its range.
    """
    if not 1 <= receiver <= RECEIVER_MAX:
        raise LocalProtocolError("pelco-p receiver %d: give 1 to 32" % receiver)
    if not 0 <= command <= WORD_MAX:
        raise LocalProtocolError("pelco-p command %d: give 0 to 65535" % command)
    if not 0 <= data <= WORD_MAX:
        raise LocalProtocolError("pelco-p data %d: give 0 to 65535" % data)
    head = (START, receiver - 1, command >> 8, command & 0xFF, data >> 8, data & 0xFF, END)
    return bytes(head) + bytes((checksum(bytes(head)),))


def decode(frame: bytes) -> "tuple[int, int, int]":
    """Take one frame apart; returns receiver, command and data as `encode` takes them.

    Raises:
        RemoteProtocolError: wrong length, start or end byte, address or checksum.
    """
    if len(frame) != FRAME_BYTES:
        raise RemoteProtocolError("pelco-p frame of %d bytes: 8 are due" % len(frame))
    if not is_frame(frame):
        raise RemoteProtocolError("pelco-p frame %s: start, end or checksum" % frame.hex())
    return (
        frame[ADDRESS_AT] + 1,
        frame[2] << 8 | frame[3],
        frame[4] << 8 | frame[5],
    )


def is_frame(window: bytes) -> bool:
    """Tell whether eight bytes are a frame."""
    return (
        window[0] == START
        and window[END_AT] == END
        and window[ADDRESS_AT] < RECEIVER_MAX
        and checksum(window) == 0
    )


class FrameFinder:
    """Collects bytes and hands over whole frames; holds at most seven bytes between calls."""

    __slots__ = ("_held", "frame_count", "junk_count")

    def __init__(self) -> None:
        self._held = b""
        self.frame_count = 0
        self.junk_count = 0

    def receive(self, data: bytes) -> "list[tuple[int, int, int]]":
        """Take bytes; returns the frames they complete as (receiver, command, data)."""
        held = self._held + data
        found: list[tuple[int, int, int]] = []
        at = 0
        while len(held) - at >= FRAME_BYTES:
            window = held[at : at + FRAME_BYTES]
            if is_frame(window):
                found.append(decode(window))
                at += FRAME_BYTES
            else:
                at += 1
                self.junk_count += 1
        while at < len(held) and held[at] != START:
            at += 1  # what cannot begin a frame need not be kept
            self.junk_count += 1
        self._held = held[at:]
        self.frame_count += len(found)
        return found
