"""RTP packets of one track: checked, counted, and their times unwrapped.

Survives: packets too short, of another version or payload type, with padding and extensions that
reach beyond them, lost, late and doubled ones, a source that starts its numbers again.

Source: RFC 3550 section 5 and appendix A.1.
"""

from hal.linux.rtsp.sdp import Media

HEAD_BYTES = 12
VERSION_BITS = 0x80
LATE_IN_A_ROW_MAX = 32  # so many "late" packets in a row, and the source has begun again
HALF_SEQUENCE = 0x8000
HALF_TICKS = 1 << 31
JUMP_S = 10
LAG_SPAN_MS = 10_000
EARLIER_MS_MAX = 1000  # nothing lies in the kernel longer, so beyond it the times jumped
BACK_S = 2  # pictures out of order are not further back than this


class RtpTrack:
    """What is common to pictures and sound.

    Args:
        media: what the camera said of the track.
    """

    def __init__(self, media: Media) -> None:
        self.packet_count = 0
        self.lost_count = 0
        self.late_count = 0
        self.malformed_count = 0
        self.stray_count = 0
        """Packets of another payload type."""
        self.restart_count = 0
        """How often the source began again, with new numbers or under another name."""
        self.damaged_count: int = 0
        """Access units left out because a part of them never came, or made no sense."""
        self.jump_count = 0
        """How often the times jumped by more than 10 s, or 2 s back, and our clock took over."""
        self.unit_count = 0
        """Access units handed on."""
        self.payload_type = media.payload_type
        self.clock_hz = media.clock_hz
        self.ssrc = bytes(4)
        self.stamp: int = 0
        """Time of the newest packet as it stands there, 32 bits."""
        self.ticks: int = 0
        """The same, unwrapped; never wraps."""
        self.now_ms = 0
        """When the packet at hand was received."""
        self.next_sequence = -1
        self._late_in_a_row = 0
        self.moment = b""
        self._moment_ms = 0
        self._least_lags_ms: list[int] = []  # of this span of time and of the one before
        self._span_until_ms = 0

    def packet(self, data: bytes, start: int, end: int, now_ms: int) -> None:
        """Take one packet, data[start:end]; in order, as far as the network keeps it."""
        at = start + HEAD_BYTES
        if end < at or data[start] & 0xC0 != VERSION_BITS:
            self.malformed_count += 1
            return
        if data[start + 1] & 0x7F != self.payload_type:
            self.stray_count += 1
            return
        if data[start] & 0x3F:
            at, end = _payload_of(data, start, end)
            if at > end:
                self.malformed_count += 1
                return
        sequence = data[start + 2] << 8 | data[start + 3]
        if sequence != self.next_sequence:
            is_same_source = data[start + 8 : start + 12] == self.ssrc
            if is_same_source and not self._resume(sequence):
                return
        self.next_sequence = (sequence + 1) & 0xFFFF
        self.packet_count += 1
        self.now_ms = now_ms
        moment = data[start + 4 : start + 12]
        if moment != self.moment:
            self._on_moment(moment)
        self.on_payload(data, at, end)
        if data[start + 1] & 0x80:
            self.on_marker()

    def arrived_ms(self, ticks: int, drained_ms: int) -> int:
        """Tell when what bears this time came, though it lay in the kernel until it was drained.

        What came just before a drain lay there for no time, so the least lag between the camera's
        time and ours, of the last 10 to 20 s because no two clocks run alike, holds for all.
        """
        ticks_ms = ticks * 1000 // self.clock_hz
        lag_ms = drained_ms - ticks_ms
        if drained_ms >= self._span_until_ms:
            self._span_until_ms = drained_ms + LAG_SPAN_MS
            self._least_lags_ms = [lag_ms, *self._least_lags_ms[:1]]
        elif lag_ms < self._least_lags_ms[0]:
            self._least_lags_ms[0] = lag_ms
        return max(ticks_ms + min(self._least_lags_ms), drained_ms - EARLIER_MS_MAX, 0)

    def run(self, data: bytes, at: int, end: int, channel: int) -> int:
        """Take the interleaved packets that only go on with the one just taken; here none.

        Returns:
            where the first packet stands that was not taken.
        """
        del data, end, channel
        return at

    def flush(self) -> None:
        """Nothing more came for now."""

    def on_payload(self, data: bytes, at: int, end: int) -> None:
        """Take the payload data[at:end] of one packet, whose time is `ticks`."""
        raise NotImplementedError

    def on_marker(self) -> None:
        """Take note that the packet just taken said that it is the last of its unit."""
        raise NotImplementedError

    def on_gap(self) -> None:
        """Take note that packets are missing before the one that follows."""
        raise NotImplementedError

    def on_new_ticks(self) -> None:
        """Take note that the time is another from now on; `ticks` is still the old one."""
        raise NotImplementedError

    def _resume(self, sequence: int) -> bool:
        """Judge a packet out of order; false when it is to be left out."""
        if self.next_sequence < 0:
            return True
        missing_count = (sequence - self.next_sequence) & 0xFFFF
        if missing_count < HALF_SEQUENCE:
            self.lost_count += missing_count
        else:
            self.late_count += 1
            self._late_in_a_row += 1
            if self._late_in_a_row < LATE_IN_A_ROW_MAX:
                return False
            self.restart_count += 1
        self._late_in_a_row = 0
        self.on_gap()
        return True

    def _on_moment(self, moment: bytes) -> None:
        """Take another time, or another source."""
        stamp = int.from_bytes(moment[:4], "big")
        is_first = not self.moment
        is_restart = False
        if moment[4:] != self.ssrc:
            self.ssrc = moment[4:]
            if not is_first:
                self.restart_count += 1
                self.on_gap()
                is_restart = True
        self.moment = moment
        if is_first:
            self.stamp = self.ticks = stamp
        elif stamp != self.stamp or is_restart:
            self.on_new_ticks()
            self.ticks += self._step(stamp, is_restart=is_restart)
            self.stamp = stamp
        self._moment_ms = self.now_ms

    def _step(self, stamp: int, *, is_restart: bool) -> int:
        """How many ticks later another time is; by our own clock where the camera's jumped."""
        ticks = ((stamp - self.stamp + HALF_TICKS) & 0xFFFFFFFF) - HALF_TICKS
        elapsed_ticks = (self.now_ms - self._moment_ms) * self.clock_hz // 1000
        is_near = abs(ticks - elapsed_ticks) <= JUMP_S * self.clock_hz
        if is_near and ticks >= -BACK_S * self.clock_hz and not is_restart:
            return ticks
        self.jump_count += 1
        return max(1, elapsed_ticks)


def _payload_of(data: bytes, start: int, end: int) -> tuple[int, int]:
    """Find the payload behind sources and extension and before padding; at > end for none."""
    first = data[start]
    at = start + HEAD_BYTES + 4 * (first & 0x0F)
    if first & 0x10:
        if at + 4 > end:
            return 1, 0
        at += 4 + 4 * (data[at + 2] << 8 | data[at + 3])
    if first & 0x20:
        end -= data[end - 1] or end
    return at, end
