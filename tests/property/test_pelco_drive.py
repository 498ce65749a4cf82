"""Random people at random moments: nothing outlives its lease, no stop is overtaken."""

import os
import random

import pytest

from firmware.ptz.model import PtzSettings
from firmware.ptz.service import PtzService
from sim.devices.dome import GENERAL, SILENT, Dome
from sim.devices.line import UNIT, SimLine

SEED = int(os.environ.get("LAMPPOST_SEED", "20261124"))
RUN_COUNT = 25
RUN_MS = 20_000
LEASE_MS = 1000
STOP_MS = 160  # an exchange in flight, the pause, and the frame itself at 2400 Bd
MOTION_BITS = 0x7E
LENS_BITS = 0x0780


class Story:
    """One random run; the checker knows the wishes and the line, not the drive."""

    def __init__(self, draw: random.Random) -> None:
        self.draw = draw
        self.ms = 0
        baud = draw.choice((2400, 9600))
        self.line = SimLine(self, baud, "line", draw.randrange)
        self.line.has_echo = draw.random() < 0.3
        self.line.noise_permille = draw.choice((0, 0, 20))
        self.line.drop_permille = draw.choice((0, 0, 20))
        self.dome = Dome(1, draw.choice((GENERAL, GENERAL, SILENT)))
        self.line.attach(self.dome)
        settings = PtzSettings(1, baud, draw.random() < 0.8)
        settings.has_echo = self.line.has_echo
        self.service = PtzService("dome", settings)
        self.port = self.line.port()
        self.port.open()
        self.service.on_line(True, 0)
        self.move_ms = self.lens_ms = -(1 << 40)
        self.stopped_ms = 0
        self.back_ms = 0
        self.told = self.told_us = 0
        self.seen_count = 0

    def now_ms(self) -> int:
        """Monotonic milliseconds."""
        return self.ms

    def wish(self) -> None:
        """Let somebody do something."""
        draw, service = self.draw, self.service
        dice = draw.randrange(100)
        if dice < 60:
            way = draw.choice(((300, 0, 0), (-1000, 50, 0), (0, 700, 1), (0, 0, -1)))
            if service.move(*way, self.ms) == "":
                self.move_ms = self.ms
        elif dice < 72:
            if service.lens(draw.choice((-1, 1)), draw.choice((-1, 0, 1)), self.ms) == "":
                self.lens_ms = self.ms
        elif dice < 82:
            service.stop(self.ms)
            self.stopped_ms = self.ms
            self.move_ms = self.lens_ms = -(1 << 40)
        elif dice < 88:
            service.preset(draw.choice(("go", "set", "clear")), draw.randrange(1, 9), self.ms)
        elif dice < 94:
            service.aux(draw.randrange(1, 9), draw.random() < 0.5, self.ms)
        elif dice < 97:
            service.on_line(False, self.ms)
            self.move_ms = self.lens_ms = -(1 << 40)
        else:
            self.dome.is_deaf = not self.dome.is_deaf

    def check(self) -> None:
        """Judge what has just been put on the line."""
        for side, first_us, last_us, frame in self.line.log[self.seen_count :]:
            self.seen_count += 1
            if side != UNIT or frame[3] & 1:
                continue
            bits = frame[2] << 8 | frame[3]
            is_back = self.ms < self.back_ms + STOP_MS  # what was on the line may still leave
            assert first_us // 1000 == self.ms or is_back, (SEED, "it waited for itself")
            if bits & MOTION_BITS:
                assert self.ms - self.move_ms < LEASE_MS, (SEED, self.ms, frame)
            if bits & LENS_BITS:
                assert self.ms - self.lens_ms < LEASE_MS, (SEED, self.ms, frame)
            self.told, self.told_us = bits, last_us
        if self.service.drive.state == "lost":
            return  # nothing can be said to the dome until the line is back
        is_overdue = self.ms > self.due_ms(self.move_ms), self.ms > self.due_ms(self.lens_ms)
        assert not (self.told & MOTION_BITS and is_overdue[0]), (SEED, self.ms, hex(self.told))
        assert not (self.told & LENS_BITS and is_overdue[1]), (SEED, self.ms, hex(self.told))

    def due_ms(self, wished_ms: int) -> int:
        """When a motion must have ended on the wire: its lease, or the stop that came since."""
        return max(wished_ms + LEASE_MS, self.stopped_ms + STOP_MS, self.back_ms + STOP_MS)

    def run(self) -> None:
        """Go through the whole story, a millisecond at a time, stepping only when it is due."""
        due_ms = next_wish_ms = 0
        while self.ms < RUN_MS:
            data = self.port.read()
            if data and self.service.drive.state != "lost":
                self.service.receive(data, self.ms)
            is_wish = self.ms >= next_wish_ms
            if is_wish:
                next_wish_ms = self.ms + self.draw.choice((1, 30, 250, 400, 1500))
                self.wish()
            if self.service.drive.state == "lost" and self.draw.randrange(200) == 0:
                self.service.on_line(True, self.ms)
                self.back_ms = self.ms
                due_ms = self.ms
            if data or is_wish or self.ms >= due_ms:
                out, due_ms = self.service.step(self.ms)
                if out:
                    self.port.write(out)
                    assert due_ms > self.ms, SEED
            self.check()
            self.ms += 1


@pytest.mark.slow
def test_random_people_never_leave_a_dome_running() -> None:
    print(f"seed {SEED}")
    for index in range(RUN_COUNT):
        story = Story(random.Random(SEED + index))
        story.run()
        assert story.service.events.dropped_count >= 0
        assert story.seen_count > 50, (SEED, index)
