"""A dome's service, a line with byte times and a simulated dome under one virtual clock."""

from firmware.ptz.model import PtzSettings
from firmware.ptz.service import PtzService
from sim.devices.dome import Dome
from sim.devices.line import UNIT, SimLine


class Bench:
    """One service, one line and one dome under a virtual clock."""

    def __init__(self, baud=9600, dome=None, settings=None):
        self.ms = 0
        self.line = SimLine(self, baud)
        self.dome = dome or Dome(1)
        self.line.attach(self.dome)
        self.settings = settings or PtzSettings(1, baud, True)
        self.service = PtzService("dome-1", self.settings)
        self.port = self.line.port()
        self.port.open()
        self.service.on_line(True, 0)
        self.step_count = 0

    def now_ms(self):
        """Give the line its clock."""
        return self.ms

    def run(self, span_ms, on_ms=None):
        """Step when due or when bytes came, as the unit does."""
        end_ms = self.ms + span_ms
        due_ms = self.ms
        while self.ms < end_ms:
            data = self.port.read()
            if data:
                self.service.receive(data, self.ms)
            is_told = on_ms is not None and on_ms(self)
            if data or is_told or self.ms >= due_ms:
                self.step_count += 1
                out, due_ms = self.service.step(self.ms)
                if out:
                    assert self.port.write(out) == len(out)
            self.ms += 1
        self.dome.step(self.ms)

    def sent(self, since_ms=0):
        """What the unit sent: (first bit, last bit, frame), in ms."""
        rows = [row for row in self.line.log if row[0] == UNIT and row[1] >= since_ms * 1000]
        return [(row[1] // 1000, -(-row[2] // 1000), row[3]) for row in rows]

    def names(self):
        """Take the events; only what happened."""
        return [event[0] for event in self.service.events.take()]
