"""The seven bytes of a Pelco-D command, and of most replies.

    +------+---------+-------+-------+-------+-------+----------+
    | 0xFF | address | cmd 1 | cmd 2 | data1 | data2 | checksum |
    +------+---------+-------+-------+-------+-------+----------+
             `--------- summed modulo 256 ---------'

0xFF may stand in every other place too (address 255, turbo, preset 255, a position), so a stream
is never split at it. Survives: nothing by itself; `stream.FrameFinder` finds frames in noise.

Source: Pelco TF-0002 (2003), "Command format".
"""

from firmware.errors import LocalProtocolError, RemoteProtocolError

SYNC = 0xFF
FRAME_BYTES = 7
ADDRESS_MAX = 255
WORD_MAX = 0xFFFF
QUERY = 0x0045  # the one command that a device answers whatever address it carries


def checksum(data: bytes) -> int:
    """Add bytes modulo 256; the sync byte is never among them."""
    return sum(data) & 0xFF


def encode(address: int, command: int, data: int) -> bytes:
    """Lay out one frame.

    Args:
        address: the receiver's number, 1 to 255; no broadcast address is defined. 0 only for
            QUERY, whose address no device looks at.
        command: cmd1 << 8 | cmd2, 0 to 65535.
        data: data1 << 8 | data2, 0 to 65535.

    Returns:
        7 bytes.

    Raises:
        LocalProtocolError: one of them is out of its range.
    """
    if not 1 <= address <= ADDRESS_MAX and (address or command != QUERY):
        raise LocalProtocolError("pelco-d address %d: give 1 to 255" % address)
    if not 0 <= command <= WORD_MAX:
        raise LocalProtocolError("pelco-d command %d: give 0 to 65535" % command)
    if not 0 <= data <= WORD_MAX:
        raise LocalProtocolError("pelco-d data %d: give 0 to 65535" % data)
    body = bytes((address, command >> 8, command & 0xFF, data >> 8, data & 0xFF))
    return b"\xff" + body + bytes((sum(body) & 0xFF,))


def decode(frame: bytes) -> "tuple[int, int, int]":
    """Take one frame apart.

    Args:
        frame: exactly 7 bytes.

    Returns:
        address (0 to 255), command and data as `encode` takes them.

    Raises:
        RemoteProtocolError: wrong length, no sync byte, or a wrong checksum.
    """
    if len(frame) != FRAME_BYTES:
        raise RemoteProtocolError("pelco-d frame of %d bytes: 7 are due" % len(frame))
    if frame[0] != SYNC:
        raise RemoteProtocolError("pelco-d frame begins with %02x: ff is due" % frame[0])
    want = sum(frame[1:6]) & 0xFF
    if frame[6] != want:
        raise RemoteProtocolError("pelco-d checksum %02x: %02x is due" % (frame[6], want))
    return frame[1], frame[2] << 8 | frame[3], frame[4] << 8 | frame[5]
