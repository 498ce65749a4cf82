"""RTCP: the camera's own clock out of its sender reports, its goodbye, and our short reports.

Source: RFC 3550 section 6.
"""

import statistics
from collections import deque

SENDER, RECEIVER, DESCRIPTION, BYE = 200, 201, 202, 203
HEAD_BYTES = 4
SENDER_BYTES_MIN = 28
NTP_1970_S = 2_208_988_800
REMEMBERED_COUNT = 8
DRAIN_MS = 50  # what the loop may hold a report back
CANONICAL_NAME = b"lamppost"


class CameraClock:
    """The camera's wall clock, measured against the unit's."""

    def __init__(self) -> None:
        self.report_count = 0
        self.malformed_count = 0
        self.has_ended = False
        """Whether the camera said goodbye."""
        self.utc_ms = 0
        """The camera's time in its newest report; 0 before the first."""
        self.stamp = 0
        """The RTP time at that moment, 32 bits."""
        self._offsets_ms: deque[int] = deque(maxlen=REMEMBERED_COUNT)
        self._offset_ms: int | None = None  # asked for by other threads
        self._doubt_ms = 0

    def offset_ms(self) -> int | None:
        """How far the camera's clock is ahead of the unit's, median of 8 reports.

        Late by what the network and the drain hold back (50 ms at most). None before the first.
        """
        return self._offset_ms

    def doubt_ms(self) -> int:
        """Half of what the remembered reports are apart, and the drain; 0 before the first."""
        return self._doubt_ms

    def receive(self, data: bytes, utc_ms: int) -> None:
        """Take a compound packet.

        Args:
            data: one UDP datagram, or what one interleaved frame held.
            utc_ms: the unit's wall clock now.
        """
        at = 0
        while at + HEAD_BYTES <= len(data):
            size = 4 + 4 * (data[at + 2] << 8 | data[at + 3])
            if data[at] & 0xC0 != 0x80 or at + size > len(data):  # noqa: PLR2004
                self.malformed_count += 1
                return
            if data[at + 1] == SENDER:
                self._take_report(data[at : at + size], utc_ms)
            elif data[at + 1] == BYE:
                self.has_ended = True
            at += size

    def _take_report(self, report: bytes, utc_ms: int) -> None:
        if len(report) < SENDER_BYTES_MIN:
            self.malformed_count += 1
            return
        seconds = int.from_bytes(report[8:12], "big")
        if not seconds:  # RFC 3550: zero for a source that has no wall clock
            return
        fraction_ms = int.from_bytes(report[12:16], "big") * 1000 >> 32
        self.report_count += 1
        self.utc_ms = (seconds - NTP_1970_S) * 1000 + fraction_ms
        self.stamp = int.from_bytes(report[16:20], "big")
        self._offsets_ms.append(self.utc_ms - utc_ms)
        self._doubt_ms = (max(self._offsets_ms) - min(self._offsets_ms)) // 2 + DRAIN_MS
        self._offset_ms = int(statistics.median(self._offsets_ms))


def receiver_report(ssrc: bytes) -> bytes:
    """Make the least that keeps a camera sending by UDP: an empty report and our name."""
    item = bytes([1, len(CANONICAL_NAME)]) + CANONICAL_NAME
    item += bytes(4 - len(item) % 4)
    description = ssrc + item
    words = len(description) // 4
    return b"".join((
        bytes([0x80, RECEIVER, 0, 1]), ssrc,
        bytes([0x81, DESCRIPTION]), words.to_bytes(2, "big"), description,
    ))  # fmt: skip
