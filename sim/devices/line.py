"""A half-duplex serial line with its real byte times, and whatever a bad one does to bytes.

Each burst has an absolute schedule: byte n of a burst that starts at t is in at t + (n + 1) byte
times, so nothing drifts however rarely the line is looked at. Two sides talking at once damage
each other's bytes. `log` keeps what was sent, for checkers:
`(side, first_us, last_us, data)`, first bit to last stop bit, in microseconds of the clock.
"""

from hal.api._typing import TYPE_CHECKING, Protocol
from hal.api.errors import PortAbsent, PortLost

if TYPE_CHECKING:
    from collections.abc import Callable

    from hal.api.clock import Clock

UNIT, FAR = "unit", "far"
READ_BYTES_MAX = 256
WRITE_BYTES_MAX = 64
US_PER_MS = 1000
WORDS_GAP_US = 150_000  # an answer that is under way damages the first copy, not the second
LOG_COUNT_MAX = 100_000


class LineDevice(Protocol):
    """Something at the far end of a line."""

    def receive(self, data: bytes, now_ms: int) -> bytes:
        """Take bytes that have arrived by now; returns what to say, or nothing."""
        raise NotImplementedError


class SimLine:
    """One line between a unit and devices.

    Args:
        clock: virtual or real; only now_ms is asked.
        baud: bits per second, 8N1.
        name: what errors call it.
        draw: `draw(bound)` gives 0..bound-1 from the world's seed; needed for noise and drops.
    """

    def __init__(
        self,
        clock: "Clock",
        baud: int = 2400,
        name: str = "sim-line",
        draw: "Callable[[int], int] | None" = None,
    ) -> None:
        self.clock = clock
        self.baud = baud
        self.name = name
        self.has_echo = False
        self.noise_permille = 0  # of bytes that lose or gain a bit
        self.drop_permille = 0  # of bytes that never arrive
        self.think_us = 2000  # how long a device takes to answer
        self.is_plugged = True
        self.log: list[tuple[str, int, int, bytes]] = []
        self.noise_count = 0
        self.drop_count = 0
        self.collision_count = 0
        self.cut_count = 0  # unplugged amid what was on its way to the far end
        self._draw = draw or _no_draw
        self._devices: list[LineDevice] = []
        self._to_far: list[tuple[int, int]] = []  # (arrival, byte), in order
        self._to_unit: list[tuple[int, int]] = []
        self._free_us = {UNIT: 0, FAR: 0}
        self._heard = bytearray()
        self._port = SimSerial(self)

    def port(self) -> "SimSerial":
        """The unit's end."""
        return self._port

    def attach(self, device: LineDevice) -> None:
        """Put a device at the far end; all of them hear everything."""
        self._devices.append(device)

    def now_us(self) -> int:
        """The clock, in the line's own unit."""
        return self.clock.now_ms() * US_PER_MS

    def run(self) -> None:
        """Deliver to the far end what has arrived there by now, each byte at its own time."""
        now_us = self.now_us()
        while self._to_far and self._to_far[0][0] <= now_us:
            at_us, byte = self._to_far.pop(0)
            self._heard.append(byte)
            for device in self._devices:
                answer = device.receive(bytes((byte,)), -(-at_us // US_PER_MS))
                if answer:
                    self.send(FAR, answer, at_us + self.think_us)

    def send(self, side: str, data: bytes, start_us: int) -> int:
        """Put a burst on the line; returns when its last bit has left, microseconds."""
        start_us = max(start_us, self._free_us[side])
        end_us = start_us + self._span_us(len(data))
        self._free_us[side] = end_us
        if len(self.log) >= LOG_COUNT_MAX:
            self.log = self.log[LOG_COUNT_MAX // 2 :]
        self.log.append((side, start_us, end_us, data))
        if not self.is_plugged:
            return end_us
        other = self._free_us[FAR if side == UNIT else UNIT]
        queue = self._to_far if side == UNIT else self._to_unit
        if other > start_us:
            self._collide(side, start_us, end_us)
        is_spoilt = other > start_us or self.drop_permille or self.noise_permille
        is_plain = not (is_spoilt or self.has_echo or (queue and queue[-1][0] > start_us))
        for index, byte in enumerate(data):
            at_us = start_us + self._span_us(index + 1)
            if is_plain:
                queue.append((at_us, byte))
                continue
            is_hit = start_us + self._span_us(index) < other
            self._put(queue, at_us, byte & 0x55 if is_hit else byte)
            if self.has_echo and side == UNIT:
                self._put(self._to_unit, at_us, byte & 0x55 if is_hit else byte)
        return end_us

    def arrival_ms(self, is_whole: bool = True) -> int:
        """Tell when what is under way arrives, in whole milliseconds; 0 for nothing.

        A reply that it calls forth is not under way yet: ask again then.

        Args:
            is_whole: when its last byte is in, else its first.
        """
        queue = self._to_far or self._to_unit
        return -(-queue[-1 if is_whole else 0][0] // US_PER_MS) if queue else 0

    def spoilt_count(self) -> int:
        """Tell how many bytes or bursts it has spoilt so far."""
        return self.noise_count + self.drop_count + self.collision_count

    def free_us(self, side: str) -> int:
        """When the last bit that a side has sent so far leaves, microseconds."""
        return self._free_us[side]

    def hear(self) -> bytes:
        """What reached the far end since the last call."""
        self.run()
        heard, self._heard = bytes(self._heard), bytearray()
        return heard

    def say(self, data: bytes) -> None:
        """Send from the far end, now."""
        self.run()
        self.send(FAR, data, self.now_us())

    def take(self, byte_count: int) -> bytes:
        """What reached the unit by now, at most so many bytes."""
        self.run()
        now_us = self.now_us()
        taken = bytearray()
        while self._to_unit and self._to_unit[0][0] <= now_us and len(taken) < byte_count:
            taken.append(self._to_unit.pop(0)[1])
        return bytes(taken)

    def unplug(self) -> None:
        """Take the line away: what is under way is lost."""
        self.run()
        self.is_plugged = False
        self.cut_count += len(self._to_far) > 0
        self._to_far = []
        self._to_unit = []

    def plug(self) -> None:
        """Give it back."""
        self.is_plugged = True

    def _span_us(self, byte_count: int) -> int:
        return byte_count * 10_000_000 // self.baud

    def _put(self, queue: "list[tuple[int, int]]", at_us: int, byte: int) -> None:
        if self._is_drawn(self.drop_permille):
            self.drop_count += 1
            return
        if self._is_drawn(self.noise_permille):
            self.noise_count += 1
            byte ^= 1 << self._draw(8)
        queue.append((at_us, byte))
        if len(queue) > 1 and queue[-2][0] > at_us:
            queue.sort()

    def _is_drawn(self, permille: int) -> bool:
        return permille > 0 and self._draw(1000) < permille

    def _collide(self, side: str, start_us: int, end_us: int) -> None:
        """Damage what the other side has on the line between these moments."""
        self.collision_count += 1
        queue = self._to_unit if side == UNIT else self._to_far
        byte_us = self._span_us(1)
        for index, (at_us, byte) in enumerate(queue):
            if start_us < at_us < end_us + byte_us:
                queue[index] = (at_us, byte & 0x55)


def _no_draw(bound: int) -> int:
    """Draw nothing: a line that was given no chance is never noisy."""
    return bound


class SimSerial:
    """The unit's end of a `SimLine`; implements `hal.api.serial.Serial`."""

    def __init__(self, line: SimLine) -> None:
        self.name = line.name
        self._line = line
        self._is_open = False
        self._last_words = b""

    def open(self) -> None:
        """Open the line."""
        if not self._line.is_plugged:
            raise PortAbsent("serial %s: nothing is there; plug it in" % self.name)
        self._is_open = True

    def close(self) -> None:
        """Let go of the line; what was written still leaves."""
        self._is_open = False

    def is_open(self) -> bool:
        """Tell whether `read` and `write` may be called."""
        return self._is_open

    def write(self, data: bytes) -> int:
        """Queue a burst; returns how many bytes were taken."""
        self._require()
        taken = bytes(data[:WRITE_BYTES_MAX])
        self._line.run()
        self._line.send(UNIT, taken, self._line.now_us())
        return len(taken)

    def read(self) -> bytes:
        """Hand over what has come."""
        self._require()
        return self._line.take(READ_BYTES_MAX)

    def busy_until_ms(self) -> int:
        """now_ms at which the last bit written has left."""
        return -(-self._line.free_us(UNIT) // US_PER_MS)

    def set_last_words(self, data: bytes) -> None:
        """Name what a death sends; see `die`."""
        self._last_words = data

    def die(self) -> None:
        """End the owner's process as kill -9 would: the last words go out, and once more."""
        self._is_open = False
        if self._last_words and self._line.is_plugged:
            for start_us in (self._line.now_us(), self._line.now_us() + WORDS_GAP_US):
                self._line.send(UNIT, self._last_words, start_us)

    def _require(self) -> None:
        if not self._is_open or not self._line.is_plugged:
            self._is_open = False
            raise PortLost("serial %s: the line went away; open it again" % self.name)
