"""Tells when a track that plays has stopped, or brings nothing that can be used.

Packets that never make a whole picture are as good as silence: a camera that changed its codec
under way sends them for ever. Only opening it again finds out what it sends now.
"""

from hal.linux.rtsp.rtp import RtpTrack

SILENCE_MS_MAX = 5_000
USELESS_MS_MAX = 15_000


class Flow:
    """What came of a track, and when."""

    def __init__(self) -> None:
        self._packet_count = self._unit_count = self._stray_count = 0
        self._packet_ms = self._unit_ms = 0

    def begin(self, now_ms: int) -> None:
        """The track plays from now on."""
        self._packet_ms = self._unit_ms = now_ms

    def step(self, track: RtpTrack, now_ms: int) -> str:
        """Look at what came; returns why it is to be opened again, or ""."""
        if track.packet_count != self._packet_count:
            self._packet_count, self._packet_ms = track.packet_count, now_ms
            self._stray_count = track.stray_count
        if track.unit_count != self._unit_count:
            self._unit_count, self._unit_ms = track.unit_count, now_ms
        if now_ms - self._packet_ms >= SILENCE_MS_MAX:
            if track.stray_count > self._stray_count:
                return "its packets are of another codec than agreed"
            return "silent for 5 s"
        if now_ms - self._unit_ms >= USELESS_MS_MAX:
            return "nothing whole came for 15 s, only parts"
        return ""
