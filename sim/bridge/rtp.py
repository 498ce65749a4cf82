"""RTP packets of H.264 and G.711, to one client over its RTSP connection or by UDP.

Source: RFC 3550 (RTP), RFC 6184 (H.264, packetization-mode 1), RFC 3551 (PCMA), RFC 2326, 10.12
(interleaved).
"""

import asyncio
import secrets
import struct

PICTURE_TYPE, SOUND_TYPE = 96, 8
PAYLOAD_BYTES_MAX = 1200
FU_A = 28
KIND_MASK, IMPORTANCE_MASK = 0x1F, 0xE0
START_BIT, END_BIT, MARKER_BIT = 0x80, 0x40, 0x80
VERSION_BITS = 0x80


class RtpTrack:
    """One track to one client.

    Args:
        payload_type: 96 for H.264, 8 for A-law.
        writer: the client's RTSP connection.
        channel: interleaved channel; taken when `datagrams` is None.
        datagrams: where UDP packets go, and the transport that takes them.
    """

    def __init__(
        self,
        payload_type: int,
        writer: asyncio.StreamWriter,
        channel: int,
        datagrams: "tuple[asyncio.DatagramTransport, tuple[str, int]] | None" = None,
    ) -> None:
        self.sequence = secrets.randbelow(0x8000)
        self.source = secrets.randbits(32)
        self.packet_count = 0
        self._payload_type = payload_type
        self._writer = writer
        self._channel = channel
        self._datagrams = datagrams

    def send_picture(self, units: list[bytes], timestamp: int) -> None:
        """Send the NAL units of one picture; long ones in fragments."""
        for index, unit in enumerate(units):
            is_last = index == len(units) - 1
            if len(unit) <= PAYLOAD_BYTES_MAX:
                self._send(unit, timestamp, is_last)
                continue
            indicator = (unit[0] & IMPORTANCE_MASK) | FU_A
            for start in range(1, len(unit), PAYLOAD_BYTES_MAX):
                piece = unit[start : start + PAYLOAD_BYTES_MAX]
                is_end = start + PAYLOAD_BYTES_MAX >= len(unit)
                head = unit[0] & KIND_MASK
                head |= START_BIT if start == 1 else 0
                head |= END_BIT if is_end else 0
                self._send(bytes([indicator, head]) + piece, timestamp, is_last and is_end)

    def send_sound(self, data: bytes, timestamp: int) -> None:
        """Send one block of coded sound."""
        self._send(data, timestamp, False)

    def close(self) -> None:
        """Let go of the UDP socket, if there is one."""
        if self._datagrams is not None:
            self._datagrams[0].close()

    def _send(self, payload: bytes, timestamp: int, is_marked: bool) -> None:
        kind = self._payload_type | (MARKER_BIT if is_marked else 0)
        sequence = self.sequence & 0xFFFF
        head = struct.pack(
            ">BBHII", VERSION_BITS, kind, sequence, timestamp & 0xFFFFFFFF, self.source
        )
        self.sequence += 1
        self.packet_count += 1
        packet = head + payload
        if self._datagrams is not None:
            transport, address = self._datagrams
            transport.sendto(packet, address)
        else:
            self._writer.write(b"$" + struct.pack(">BH", self._channel, len(packet)) + packet)
