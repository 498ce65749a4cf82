"""Whatever operators, tours and lost lines do, nothing outlives its lease or passes a limit."""

import os
import random

import pytest
from tests.portable.ptz_bench import Bench

from firmware.ptz.model import PtzSettings
from firmware.units import signed_cdeg
from sim.devices.line import UNIT

SEED = int(os.environ.get("LAMPPOST_SEED", "1365729465"))
QUICK_COUNT, SLOW_COUNT = 20, int(os.environ.get("LAMPPOST_SEQUENCES", "0")) or 200
STEP_COUNT, STEP_MS = 30, (10, 60, 300, 900)
LEASE_MS, TRAVEL_MS = 1_000, 120  # the wire, and a motor's way to stand at this speed
PAN_LIMIT_CDEG = 3_000  # either way


class Sequence:
    """One random sequence and what became of it."""

    def __init__(self, draws: random.Random) -> None:
        self.draws = draws
        settings = PtzSettings(1, draws.choice((2400, 9600)), True)
        settings.pan_limits_cdeg = (36_000 - PAN_LIMIT_CDEG, PAN_LIMIT_CDEG)
        settings.limit_margin_cdeg = 500
        self.bench = Bench(settings.baud, None, settings)
        self.bench.dome.presets = {1: (500, 0, 0), 2: (1_500, -1_000, 300)}
        self.renewed_ms = -LEASE_MS

    def act(self) -> None:
        """Do one random thing."""
        service, now_ms, draws = self.bench.service, self.bench.ms, self.draws
        what = draws.randrange(11)
        if what < 5:
            move = (draws.randrange(-300, 301), draws.randrange(-300, 301), draws.randrange(-1, 2))
            service.hands.on_person(now_ms)
            if not service.move(*move, now_ms):
                self.renewed_ms = now_ms
        elif what == 5:
            service.stop(now_ms)
        elif what == 6:
            service.preset(draws.choice(("go", "set", "clear")), draws.randrange(1, 4), now_ms)
        elif what == 7:
            service.hands.tour.start(draws.choice(("1:2 2:2", "1:0", "9:5", "")), now_ms)
        elif what == 8:
            service.hands.tour.end(now_ms)
        elif what == 9:
            if not service.lens(draws.randrange(-1, 2), draws.randrange(-1, 2), now_ms):
                self.renewed_ms = now_ms
        else:
            service.on_line(False, now_ms)
            service.on_line(True, now_ms)

    def run(self) -> int:
        """Play it, then let go; returns how many frames went out."""
        for _ in range(STEP_COUNT):
            self.act()
            self.bench.run(self.draws.choice(STEP_MS))
            off_cdeg = signed_cdeg(self.bench.dome.pan_cdeg)
            assert abs(off_cdeg) <= PAN_LIMIT_CDEG, (self.bench.ms, off_cdeg)
        self.bench.service.hands.tour.end(self.bench.ms)
        while self.bench.service.drive.state == "seeking":
            self.bench.run(100)
        self.bench.run(LEASE_MS + TRAVEL_MS)
        return self.check()

    def check(self) -> int:
        """Read the wire: every motion is told within its lease, and the last word is a stop."""
        frames = [row for row in self.bench.line.log if row[0] == UNIT]
        motions = [row for row in frames if not row[3][3] & 1 and (row[3][2] | row[3][3])]
        assert not motions or motions[-1][2] // 1000 <= self.renewed_ms + LEASE_MS
        for row in motions:
            assert row[3][4] <= 0x3F and row[3][5] <= 0x3F, row
            assert row[3][2] & 0x60 == 0 and row[3][3] & 0x06 != 0x06, row
        assert self.bench.service.drive.state in {"idle", "stopping"}
        dome = self.bench.dome
        assert not (dome.pan.is_moving or dome.tilt.is_moving or dome.zoom.is_moving)
        return len(frames)


def play(count: int) -> None:
    """Play so many sequences; the seed is printed with what was done."""
    print(f"seed {SEED}")
    draws = random.Random(SEED)
    frame_count = 0
    for number in range(count):
        sequence = Sequence(draws)
        try:
            frame_count += sequence.run()
        except AssertionError as error:
            raise AssertionError((SEED, number, str(error))) from error
    told = f"{count} sequences of {STEP_COUNT} acts, {frame_count} frames"
    print(f"{told}: none past its lease or a limit")


def test_nothing_outlives_its_lease_whatever_is_done():
    play(QUICK_COUNT)


@pytest.mark.slow
def test_nothing_outlives_its_lease_in_many_sequences():
    play(SLOW_COUNT)
