"""Several domes on one line: their bus, a line with byte times, one virtual clock."""

from firmware.ptz.bus import Bus
from firmware.ptz.model import PtzSettings
from firmware.ptz.service import PtzService
from sim.devices.dome import Dome
from sim.devices.line import UNIT, SimLine


class Party:
    """Domes that hear every byte; at most one answers."""

    def __init__(self, domes):
        self.domes = domes

    def receive(self, data, now_ms):
        """Give everyone the bytes."""
        return b"".join([dome.receive(data, now_ms) for dome in self.domes])


class Bench:
    """A bus of so many domes under a virtual clock."""

    def __init__(self, count=8, baud=9600, replies=True, seed=None):
        self.ms = 0
        draw = None
        if seed is not None:
            self.seed = seed
            draw = self.draw
        self.line = SimLine(self, baud, draw=draw)
        self.domes = [Dome(1 + index) for index in range(count)]
        self.line.attach(Party(self.domes))
        self.bus = Bus()
        for index in range(count):
            settings = PtzSettings(1 + index, baud, replies)
            self.bus.attach(PtzService("dome-%d" % index, settings))
        self.port = self.line.port()
        self.port.open()
        self.bus.on_line(True, 0)
        self.due_ms = 0

    def draw(self, bound):
        """Give 0 to bound - 1."""
        self.seed = (self.seed * 1103515245 + 12345) & 0x7FFFFFFF
        return (self.seed >> 12) % bound

    def now_ms(self):
        """Give the line its clock."""
        return self.ms

    def run(self, span_ms, on_ms=None):
        """Step when due or when bytes came, as the unit does."""
        end_ms = self.ms + span_ms
        while self.ms < end_ms:
            data = self.port.read()
            if data:
                self.bus.receive(data, self.ms)
            is_told = on_ms is not None and on_ms(self.ms)
            if data or is_told or self.ms >= self.due_ms:
                out, self.due_ms = self.bus.step(self.ms)
                if out:
                    assert self.port.write(out) == len(out)
            self.ms += 1

    def wish(self):
        """Have the bus look at a new wish at once."""
        self.due_ms = self.ms

    def sent(self, since_ms=0):
        """What the unit sent: (first bit, last bit, frame), in ms."""
        rows = [row for row in self.line.log if row[0] == UNIT and row[1] >= since_ms * 1000]
        return [(row[1] // 1000, -(-row[2] // 1000), row[3]) for row in rows]
