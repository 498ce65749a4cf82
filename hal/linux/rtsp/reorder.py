"""Puts the packets of a track that came by UDP into order again, within a bound."""

from hal.linux.rtsp.rtp import HEAD_BYTES, RtpTrack

HELD_COUNT_MAX = 64
WAIT_MS_MAX = 200
HALF_SEQUENCE = 0x8000


class Reorder:
    """Holds packets behind a gap for a while; what is still missing then is lost.

    Args:
        track: where they go.
        wait_ms: longest time that a packet waits for an earlier one.
    """

    def __init__(self, track: RtpTrack, wait_ms: int = WAIT_MS_MAX) -> None:
        self.reordered_count = 0
        """Packets that came before their turn."""
        self._track = track
        self._wait_ms = wait_ms
        self._next = -1
        self._held: dict[int, tuple[bytes, int]] = {}
        self._since_ms = 0

    def packet(self, data: bytes, start: int, end: int, now_ms: int) -> None:
        """Take one packet, data[start:end]."""
        if end - start < HEAD_BYTES:
            self._track.packet(data, start, end, now_ms)
            return
        sequence = data[start + 2] << 8 | data[start + 3]
        ahead = (sequence - self._next) & 0xFFFF if self._next >= 0 else 0
        if ahead == 0 or ahead >= HALF_SEQUENCE:  # its turn, or so late that the track judges
            self._track.packet(data, start, end, now_ms)
            self._next = (sequence + 1) & 0xFFFF if ahead == 0 else self._next
            self._release()
            return
        if not self._held:
            self._since_ms = now_ms
        self.reordered_count += 1
        self._held[sequence] = (data[start:end], now_ms)
        if len(self._held) > HELD_COUNT_MAX:
            self._give_up()

    def step(self, now_ms: int) -> None:
        """Stop waiting for what is overdue."""
        if self._held and now_ms - self._since_ms >= self._wait_ms:
            self._give_up()

    def _give_up(self) -> None:
        """Go on behind the gap; the track counts what is missing."""
        self._next = min(self._held, key=lambda one: (one - self._next) & 0xFFFF)
        self._release()

    def _release(self) -> None:
        while (found := self._held.pop(self._next, None)) is not None:
            data, now_ms = found
            self._track.packet(data, 0, len(data), now_ms)
            self._next = (self._next + 1) & 0xFFFF
            self._since_ms = now_ms
