"""A unit's end of one line, the domes' services on it, and what hangs at the other end of it.

The clock is virtual and jumps from one due time to the next. Services are stepped when they asked
for it or when bytes came, as a unit does.
"""

from firmware.app.dome_line import DomeLine
from firmware.ptz.service import PtzService
from sim.devices.line import UNIT, SimLine

CLOSED_MS = 50  # a unit turns at least so often while its port is closed
HASTY_MS = 20  # so long at most it may want its next turn at once, and send nothing


class LineRig:
    """One line, with everything on it.

    Args:
        settings: of each dome that the unit drives; they share a baud.
        heads: what hangs at the far end.
        draw: `draw(bound)` for noise and drops.
        has_fine_steps: turn at every byte, not only when a burst is in.
    """

    def __init__(self, settings, heads, draw=None, has_fine_steps=True):
        self.ms = 0
        self.settings = settings
        self.heads = heads
        self.has_fine_steps = has_fine_steps
        self.line = SimLine(self, settings[0].baud, draw=draw)
        for head in heads:
            self.line.attach(head)
        self.port = self.line.port()
        self.start()

    def start(self):
        """Start the unit, anew or for the first time; it opens the line itself."""
        self.domes = DomeLine(self.port)
        self.bus = self.domes.bus
        for index, settings in enumerate(self.settings):
            self.bus.attach(PtzService("dome-%d" % (index + 1), settings))
        self.services = self.bus.services
        self.service = self.services[0]
        self.due_ms = self._rest_ms = self.ms

    def now_ms(self):
        """Monotonic milliseconds."""
        return self.ms

    def wish(self):
        """Somebody wished for something: the unit turns now."""
        self.due_ms = self.ms

    def turn(self):
        """Let the unit turn once."""
        row_count = len(self.line.log)
        self.due_ms = max(self.domes.turn(self.ms), self.ms)
        if self.due_ms > self.ms + 1 or len(self.line.log) != row_count:
            self._rest_ms = self.due_ms
        assert self.ms - self._rest_ms <= HASTY_MS, (self.ms, "the unit turns without a rest")
        if not self.port.is_open():
            self.due_ms = min(self.due_ms, self.ms + CLOSED_MS)

    def run(self, span_ms, on_turn=None):
        """Let time pass; `on_turn()` is called after each turn."""
        end_ms = self.ms + span_ms
        while True:
            if self._is_turn_due():
                self.turn()
                if on_turn is not None:
                    on_turn()
            if self.ms >= end_ms:
                return
            next_ms = min(self.due_ms, end_ms, self._arrival_ms() or end_ms)
            self.ms = max(next_ms, self.ms + 1)

    def pass_time(self, span_ms, on_look):
        """Let time pass without a unit; `on_look()` is called every 50 ms."""
        end_ms = self.ms + span_ms
        while self.ms < end_ms:
            self.ms = min(self.ms + CLOSED_MS, end_ms)
            self.line.run()
            on_look()

    def _is_turn_due(self):
        if self.ms >= self.due_ms:
            return True
        if not 0 < self._arrival_ms() <= self.ms:
            return False
        self.line.run()  # what has arrived at the far end may have called forth something
        return 0 < self._arrival_ms() <= self.ms

    def _arrival_ms(self):
        return self.line.arrival_ms(not self.has_fine_steps)

    def sent(self, first_row=0):
        """What the unit has put on the line."""
        return [row for row in self.line.log[first_row:] if row[0] == UNIT]
