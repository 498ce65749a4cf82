"""A head that obeys Pelco-P, written from the protocol's sheet alone.

Its motors are those of a `Dome`; what it hears is turned into them by its own table of bits.
"""

from sim.devices.dome import Dome, elevation_cdeg, pan_cdeg_per_s, tilt_cdeg_per_s

START, END, FRAME_BYTES, ACKNOWLEDGED = 0xA0, 0xAF, 8, b"\xa2"
ZOOM_PERMILLE_PER_S, LENS_PERMILLE_PER_S = 333, 300
PRESET_SET, PRESET_CLEAR, PRESET_GO = 0x03, 0x05, 0x07
PAN, TILT, ZOOM = 0x51, 0x53, 0x55
TURN_CDEG = 36000


class DomeP:
    """One receiver on the line.

    Args:
        receiver: its number, 1 to 32; on the wire it is one less.
        replies: it acknowledges, and answers position queries.
    """

    def __init__(self, receiver: int = 1, replies: bool = True) -> None:
        self.body = Dome(1)
        self.receiver = receiver
        self.replies = replies
        self.frame_count = 0
        self.junk_count = 0
        self._held = b""

    def receive(self, data: bytes, now_ms: int) -> bytes:
        """Take bytes off the line; returns what it says."""
        self.body.step(now_ms)
        said = b""
        self._held += data
        while len(self._held) >= FRAME_BYTES:
            window, total = self._held[:FRAME_BYTES], 0
            for byte in window:
                total ^= byte
            if window[0] == START and window[6] == END and total == 0:
                self._held = self._held[FRAME_BYTES:]
                self.frame_count += 1
                said += self._obey(window, now_ms) if window[1] == self.receiver - 1 else b""
            else:
                self._held = self._held[1:]
                self.junk_count += 1
        return said

    def _obey(self, frame: bytes, now_ms: int) -> bytes:
        number, value = frame[3], frame[4] << 8 | frame[5]
        if not number & 1:
            self._move(frame)
        elif number in {PAN, TILT, ZOOM}:
            return self._place(number) if self.replies else b""
        elif number in {PRESET_SET, PRESET_CLEAR, PRESET_GO}:
            self.body.receive(_pelco_d(number, value), now_ms)
        return ACKNOWLEDGED if self.replies else b""

    def _move(self, frame: bytes) -> None:
        lens, drive = frame[2], frame[3]
        body = self.body
        body.pan.drive(_way(drive, 0x02, 0x04) * pan_cdeg_per_s(frame[4]))
        body.tilt.drive(_way(drive, 0x08, 0x10) * tilt_cdeg_per_s(frame[5]))
        body.zoom.drive(_way(drive, 0x20, 0x40) * ZOOM_PERMILLE_PER_S)
        body.focus.drive(_way(lens, 0x01, 0x02) * LENS_PERMILLE_PER_S)
        body.iris.drive(_way(lens, 0x04, 0x08) * LENS_PERMILLE_PER_S)

    def _place(self, number: int) -> bytes:
        body = self.body
        value = {
            PAN: body.pan_cdeg,
            TILT: -body.tilt_cdeg % TURN_CDEG,
            ZOOM: (body.zoom_permille * 65535 + 500) // 1000,
        }[number]
        assert number != TILT or elevation_cdeg(value) == body.tilt_cdeg
        head = bytes((START, self.receiver - 1, 0, number + 8, value >> 8, value & 0xFF, END))
        total = 0
        for byte in head:
            total ^= byte
        return head + bytes((total,))


def _way(bits: int, plus: int, minus: int) -> int:
    return 1 if bits & plus else -1 if bits & minus else 0


def _pelco_d(number: int, value: int) -> bytes:
    body = bytes((1, 0, number, value >> 8, value & 0xFF))
    return b"\xff" + body + bytes((sum(body) % 256,))
