"""A head that obeys VISCA over a serial line, written from the maker's list alone.

Like a BRC-300 it refuses a speed of zero, even in a stop. Its motors are those of a `Dome`.
"""

from sim.devices.dome import Dome

END = 0xFF
PAN_CDEG_PER_S, TILT_CDEG_PER_S, ZOOM_PERMILLE_PER_S, LENS_PERMILLE_PER_S = 300, 250, 333, 300
DRIVE, ZOOM, FOCUS, MEMORY = b"\x01\x06\x01", b"\x01\x04\x07", b"\x01\x04\x08", b"\x01\x04\x3f"
WAYS = {0: 0, 2: 1, 3: -1}
SPEED_MAX = 0x18
NONE = 3
DRIVE_BYTES, MEMORY_BYTES = 4, 2
SYNTAX = b"\x60\x02"
ACCEPTED, DONE = b"\x41", b"\x51"


class ViscaHead:
    """One camera.

    Args:
        address: 1 to 7.
        replies: it accepts, refuses and tells when it is done.
    """

    def __init__(self, address: int = 1, replies: bool = True) -> None:
        self.body = Dome(1)
        self.address = address
        self.replies = replies
        self.packet_count = 0
        self.refused_count = 0
        self._held = b""

    def receive(self, data: bytes, now_ms: int) -> bytes:
        """Take bytes off the line; returns what it says."""
        self.body.step(now_ms)
        said = b""
        for byte in data:
            self._held += bytes((byte,))
            if byte == END:
                packet, self._held = self._held, b""
                if packet[0] == 0x80 + self.address:
                    self.packet_count += 1
                    said += self._say(self._obey(packet[1:-1], now_ms))
        return said

    def _say(self, word: bytes) -> bytes:
        if not self.replies:
            return b""
        head = bytes(((self.address + 8) << 4,))
        said = head + word + b"\xff"
        return said + head + DONE + b"\xff" if word == ACCEPTED else said

    def _obey(self, body: bytes, now_ms: int) -> bytes:
        verb, rest = body[:3], body[3:]
        if verb == DRIVE and len(rest) == DRIVE_BYTES:
            return self._drive(rest)
        if verb in {ZOOM, FOCUS} and len(rest) == 1 and rest[0] in WAYS:
            motor = self.body.zoom if verb == ZOOM else self.body.focus
            rate_per_s = ZOOM_PERMILLE_PER_S if verb == ZOOM else LENS_PERMILLE_PER_S
            motor.drive(WAYS[rest[0]] * rate_per_s)
            return ACCEPTED
        if verb == MEMORY and len(rest) == MEMORY_BYTES and rest[0] < NONE:
            number = (5, 3, 7)[rest[0]]
            frame = bytes((1, 0, number, 0, rest[1]))
            self.body.receive(b"\xff" + frame + bytes((sum(frame) % 256,)), now_ms)
            return ACCEPTED
        self.refused_count += 1
        return SYNTAX

    def _drive(self, rest: bytes) -> bytes:
        pan_speed, tilt_speed, pan, tilt = rest
        if not (1 <= pan_speed <= SPEED_MAX and 1 <= tilt_speed <= SPEED_MAX):
            self.refused_count += 1
            return SYNTAX
        self.body.pan.drive({1: -1, 2: 1}.get(pan, 0) * pan_speed * PAN_CDEG_PER_S)
        self.body.tilt.drive({1: 1, 2: -1}.get(tilt, 0) * tilt_speed * TILT_CDEG_PER_S)
        return ACCEPTED
