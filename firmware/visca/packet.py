"""The packets of VISCA over a serial line, and the finder of them in a stream.

    +--------+------------------+------+
    | header | 1 to 14 of body  | 0xFF |      no checksum; 0xFF stands only at the end
    +--------+------------------+------+

To camera n the header is 0x80 + n, to all 0x88; from camera n it is (n + 8) << 4. No body byte
that we send or read has its top bit set, so a byte of 0x80 and up begins a packet: after noise
the finder is in step again with the next header. A damaged body cannot be told from a good one.

Source: Sony BRC-300 Command List 1.20.
"""

from firmware.errors import LocalProtocolError, RemoteProtocolError

END = 0xFF
TO, ALL = 0x80, 0x88
ADDRESS_MAX = 7
BODY_BYTES_MAX = 14
PACKET_BYTES_MIN = 3
TOP_BIT = 0x80


def encode(address: int, body: bytes) -> bytes:
    """Lay out one packet to a camera.

    Args:
        address: 1 to 7; 8 for all.
        body: 1 to 14 bytes, each below 0x80.

    Raises:
        LocalProtocolError: one of them is out of its range.
    """
    if not 1 <= address <= ADDRESS_MAX + 1:
        raise LocalProtocolError("visca address %d: give 1 to 7, or 8 for all" % address)
    if not 1 <= len(body) <= BODY_BYTES_MAX or any(byte & TOP_BIT for byte in body):
        raise LocalProtocolError("visca body %s: 1 to 14 bytes below 80" % body.hex())
    return bytes((TO + address,)) + body + b"\xff"


def decode(packet: bytes) -> "tuple[bool, int, bytes]":
    """Take one packet apart.

    Returns:
        whether a camera sent it, the address (1 to 7, or 8 for all), and the body.

    Raises:
        RemoteProtocolError: wrong length, header, end or body.
    """
    fault = _fault(packet)
    if fault:
        raise RemoteProtocolError("visca packet %s: %s" % (packet.hex(), fault))
    header = packet[0]
    if header <= ALL:
        return False, header - TO, packet[1:-1]
    return True, (header >> 4) - 8, packet[1:-1]


def _fault(packet: bytes) -> str:
    if not PACKET_BYTES_MIN <= len(packet) <= BODY_BYTES_MAX + 2:
        return "3 to 16 bytes are due"
    header = packet[0]
    is_from = header & 0x0F == 0 and header > ALL
    if packet[-1] != END or not (TO < header <= ALL or is_from):
        return "header or end"
    if any(byte & TOP_BIT for byte in packet[1:-1]):
        return "a body byte has its top bit set"
    return ""


def split(burst: bytes) -> "list[bytes]":
    """Take a burst of whole packets apart at their ends."""
    packets: list[bytes] = []
    begin = 0
    for at, byte in enumerate(burst):
        if byte == END:
            packets.append(burst[begin : at + 1])
            begin = at + 1
    return packets


class PacketFinder:
    """Collects bytes and hands over whole packets; holds at most 16 bytes between calls."""

    __slots__ = ("_held", "junk_count", "packet_count")

    def __init__(self) -> None:
        self._held = b""
        self.packet_count = 0
        self.junk_count = 0

    def receive(self, data: bytes) -> "list[bytes]":
        """Take bytes; returns the packets they complete, header and end included."""
        found: list[bytes] = []
        for byte in data:
            if byte & TOP_BIT and byte != END:
                self._drop()
                self._held = bytes((byte,))
            elif not self._held or len(self._held) > BODY_BYTES_MAX + 1:
                self._drop()
                self.junk_count += 1
            else:
                self._held += bytes((byte,))
                if byte == END:
                    self._close(found)
        return found

    def _close(self, found: "list[bytes]") -> None:
        if _fault(self._held):
            self._drop()
            return
        found.append(self._held)
        self.packet_count += 1
        self._held = b""

    def _drop(self) -> None:
        self.junk_count += len(self._held)
        self._held = b""
