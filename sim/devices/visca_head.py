"""A head that obeys VISCA over a serial line, written from the makers' lists alone.

Like a BRC-300 it refuses a speed of zero, even in a stop. Its motors are those of a `Dome`, and it
counts pan (right) and tilt (up) from the middle in steps of its own, as an EVI-D70 does, in four
nibbles each, or as a BRC in five and four. `habit` makes its answers to inquiries bad.
"""

from sim.devices.dome import TURN_CDEG, Dome

END = 0xFF
LENS_PERMILLE_PER_S, ZOOM_PERMILLE_PER_S = 300, 333
DRIVE, ZOOM, FOCUS, MEMORY = b"\x01\x06\x01", b"\x01\x04\x07", b"\x01\x04\x08", b"\x01\x04\x3f"
TURN_TO, TURN_BY, HOME, RESET = b"\x01\x06\x02", b"\x01\x06\x03", b"\x01\x06\x04", b"\x01\x06\x05"
ZOOM_TO = b"\x01\x04\x47"
ASK_PLACE, ASK_ZOOM = b"\x09\x06\x12", b"\x09\x04\x47"
ASK_POWER, ASK_VERSION = b"\x09\x04\x00", b"\x09\x00\x02"
WAYS = {0: 0, 2: 1, 3: -1}
SPEED_MAX = 0x18
NONE = 3
DRIVE_BYTES, MEMORY_BYTES, ZOOM_BYTES, PLACE_BYTES, WIDE_BYTES = 4, 2, 4, 8, 9
ZOOM_COUNT = 0x4000
SYNTAX, NOT_NOW = b"\x60\x02", b"\x60\x41"
ACCEPTED, DONE = b"\x41", b"\x51"
MUTE, REFUSES, SHORT, HIGH_BITS, FLIPS, MIXES, STRANGER = (
    "mute",
    "refuses",
    "short",
    "high bits",
    "flips",
    "mixes",
    "stranger",
)


class ViscaHead:
    """One camera.

    Args:
        address: 1 to 7.
        replies: it accepts, refuses and tells when it is done.
        counts_per_turn: steps of pan or tilt in 360 degrees.
        is_wide: it says pan in five nibbles.
    """

    def __init__(
        self,
        address: int = 1,
        replies: bool = True,
        counts_per_turn: int = 4_800,
        is_wide: bool = False,
    ) -> None:
        self.body = Dome(1)
        self.address = address
        self.replies = replies
        self.counts_per_turn = counts_per_turn
        self.is_wide = is_wide
        self.habit = ""
        self.packet_count = 0
        self.refused_count = 0
        self.asked_count = 0
        self._held = b""

    def receive(self, data: bytes, now_ms: int) -> bytes:
        """Take bytes off the line; returns what it says."""
        self.body.step(now_ms)
        said = b""
        for byte in data:
            self._held += bytes((byte,))
            if byte == END:
                packet, self._held = self._held, b""
                if packet[0] == 0x80 + self.address and not self.body.is_deaf:
                    self.packet_count += 1
                    said += self._say(packet[1:-1], now_ms)
        return said

    def _say(self, body: bytes, now_ms: int) -> bytes:
        is_inquiry = body[:1] == b"\x09"
        word = self._answer(body) if is_inquiry else self._obey(body, now_ms)
        if not self.replies:
            return b""
        head = bytes(((self.address + 8) << 4,))
        said = head + word + b"\xff"
        if is_inquiry:
            return self._spoil(said)
        return said + head + DONE + b"\xff" if word == ACCEPTED else said

    def _spoil(self, said: bytes) -> bytes:
        """Turn a good answer into what such a head says on a bad day."""
        self.asked_count += 1
        bit = 0x02 if self.asked_count % 2 else 0
        spoilt = {
            MUTE: b"",
            REFUSES: said[:1] + NOT_NOW + b"\xff",
            SHORT: said[:-2] + b"\xff",
            HIGH_BITS: said[:3] + bytes((said[3] | 0x40,)) + said[4:],
            FLIPS: said[:3] + bytes((said[3] ^ bit,)) + said[4:],
            MIXES: said[:1] + DONE + b"\xff" + said[:1] + b"\x50\x02\xff",
            STRANGER: bytes(((self.address + 9) << 4,)) + said[1:],
        }
        return spoilt.get(self.habit, said)

    def _answer(self, body: bytes) -> bytes:
        dome = self.body
        if body == ASK_PLACE:
            pan = (dome.pan_cdeg + TURN_CDEG // 2) % TURN_CDEG - TURN_CDEG // 2
            bits = 20 if self.is_wide else 16
            place = self._nibbles(self._count(pan), bits)
            return b"\x50" + place + self._nibbles(self._count(dome.tilt_cdeg), 16)
        if body == ASK_ZOOM:
            return b"\x50" + self._nibbles((dome.zoom_permille * ZOOM_COUNT + 500) // 1000, 16)
        if body == ASK_POWER:
            return b"\x50\x02"
        if body == ASK_VERSION:
            return b"\x50\x00\x01\x04\x02\x01\x00\x02"
        self.refused_count += 1
        return SYNTAX

    def _count(self, cdeg: int) -> int:
        return (cdeg * self.counts_per_turn * 2 + TURN_CDEG) // (2 * TURN_CDEG)

    @staticmethod
    def _nibbles(value: int, bits: int) -> bytes:
        return bytes([value >> shift & 0x0F for shift in range(bits - 4, -4, -4)])

    def _obey(self, body: bytes, now_ms: int) -> bytes:
        verb, rest = body[:3], body[3:]
        if verb in {TURN_TO, TURN_BY, HOME, RESET, ZOOM_TO}:
            return self._place(verb, rest)
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
        self.body.pan.drive({1: -1, 2: 1}.get(pan, 0) * pan_cdeg_per_s(pan_speed))
        self.body.tilt.drive({1: 1, 2: -1}.get(tilt, 0) * tilt_cdeg_per_s(tilt_speed))
        return ACCEPTED

    def _place(self, verb: bytes, rest: bytes) -> bytes:
        if verb in {TURN_TO, TURN_BY} and len(rest) in {PLACE_BYTES + 2, WIDE_BYTES + 2}:
            return self._turn(verb == TURN_BY, rest)
        if verb == ZOOM_TO and len(rest) == ZOOM_BYTES:
            self.body.zoom.seek(self._number(rest) * 1000 // ZOOM_COUNT)
            return ACCEPTED
        if verb in {HOME, RESET} and not rest:
            self._go_to(0, 0)
            return ACCEPTED
        self.refused_count += 1
        return SYNTAX

    def _turn(self, is_by: bool, rest: bytes) -> bytes:
        """Go to a place, or by so much; pan has four or five nibbles."""
        place = rest[2:]
        split_at = len(place) - 4
        pan = self._cdeg(place[:split_at])
        tilt = self._cdeg(place[split_at:])
        if is_by:
            pan, tilt = pan + self.body.pan_cdeg, tilt + self.body.tilt_cdeg
        self._go_to(pan, tilt)
        return ACCEPTED

    def _go_to(self, pan_cdeg: int, tilt_cdeg: int) -> None:
        self.body.pan.seek(pan_cdeg % TURN_CDEG)
        self.body.tilt.seek(tilt_cdeg)

    def _cdeg(self, data: bytes) -> int:
        value, bits = self._number(data), 4 * len(data)
        value -= (1 << bits) if value >> (bits - 1) else 0
        return value * TURN_CDEG // self.counts_per_turn

    @staticmethod
    def _number(data: bytes) -> int:
        value = 0
        for byte in data:
            value = value << 4 | byte & 0x0F
        return value


def pan_cdeg_per_s(speed: int) -> int:
    """Tell how fast a pan speed is: 24 is 100 degrees a second, and slow ones are finer."""
    return 10 + 9_990 * speed * speed // (SPEED_MAX * SPEED_MAX)


def tilt_cdeg_per_s(speed: int) -> int:
    """Tell how fast a tilt speed is."""
    return 10 + 8_990 * speed * speed // (SPEED_MAX * SPEED_MAX)
