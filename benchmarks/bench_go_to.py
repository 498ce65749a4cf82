"""Measures absolute moves: how long until a head stands at the place, and how far it passes it.

    python -m benchmarks.bench_go_to

Virtual time on a simulated line and head, so the figures are those of the protocol and the rules,
not of this machine. The floor is the head's own: the slowest of its axes at its fastest speed
short of turbo, with the ramps of its motors, on a line that takes no time. A head that reports is
there within 0.15 degrees and a per cent of the zoom; one that is reckoned has no zoom, is marked
where it stands before each way, and is there within a degree.
"""

import math
import random
import statistics

from firmware.app.rate_desk import reckoning_of
from firmware.ptz.model import PtzSettings
from sim.devices.dome import (
    SILENT,
    STANDARD,
    ZOOM_PERMILLE_PER_S,
    Dome,
    pan_cdeg_per_s,
    tilt_cdeg_per_s,
)
from sim.devices.motor import FINE, RAMP_MS, SEEK_MOST_PER_S
from tests.sim.line_rig import LineRig

SEED = 20261124
WAY_COUNT = 60
LOOK_MS = 10
REST_MS = 2_500  # after a way, so that the next begins standing and known
SPEED_BYTE = 63
TURN_CDEG = 36_000
KNOWN_PERMILLE = (80, 250, 500)
TOLERANCES = {True: (15, 15, 10), False: (100, 100, 1000)}


def floor_ms(way: "tuple[int, int, int]") -> float:
    """Tell how long the motors need, at the fastest a frame can ask for."""
    fastest = (pan_cdeg_per_s(SPEED_BYTE), tilt_cdeg_per_s(SPEED_BYTE), ZOOM_PERMILLE_PER_S[3])
    longest_s = 0.0
    for size, per_s, most in zip(
        way, fastest, (SEEK_MOST_PER_S, SEEK_MOST_PER_S, FINE), strict=True
    ):
        ramp_per_s2 = most * 1000 / (2 * RAMP_MS)
        if abs(size) < per_s * per_s / ramp_per_s2:
            needed_s = 2 * math.sqrt(abs(size) / ramp_per_s2)
        else:
            needed_s = abs(size) / per_s + per_s / ramp_per_s2
        longest_s = max(longest_s, needed_s)
    return longest_s * 1000


class Bench(LineRig):
    """One head on a line."""

    def __init__(self, baud: int, has_reports: bool) -> None:
        self.has_reports = has_reports
        self.dome = Dome(1, STANDARD if has_reports else SILENT)
        settings = PtzSettings(1, baud, has_reports)
        settings.reply_kind = "ack"
        settings.tilt_limits_cdeg = (-8_900, 1_400)
        super().__init__([settings], [self.dome])
        if not has_reports:
            rates = reckoning_of(self.service).rates
            for permille in KNOWN_PERMILLE:
                speed = 1 + (permille - 1) * 62 // 999
                rates["pan"][permille] = pan_cdeg_per_s(speed)
                rates["tilt"][permille] = tilt_cdeg_per_s(speed)
        self.run(REST_MS)

    def place(self) -> "tuple[int, int, int]":
        """Where the head itself looks."""
        self.dome.step(self.ms)
        return self.dome.pan_cdeg, self.dome.tilt_cdeg, self.dome.zoom_permille

    def left(self, goal: "tuple[int, int, int]") -> "tuple[int, int, int]":
        """How far it has to go yet, axis by axis."""
        pan, tilt, zoom = self.place()
        pan_left = (goal[0] - pan + TURN_CDEG // 2) % TURN_CDEG - TURN_CDEG // 2
        return pan_left, goal[1] - tilt, goal[2] - zoom if self.has_reports else 0

    def go(self, goal: "tuple[int, int, int]") -> "tuple[float, float, float, int, str]":
        """Go there: milliseconds until it stands there and is told so, floor, overshoot, cause."""
        service, tolerances = self.service, TOLERANCES[self.has_reports]
        if not self.has_reports:
            pan, tilt, _ = self.place()
            assert reckoning_of(service).mark(pan, tilt, self.ms) == ""
        way = self.left(goal)
        service.events.take()
        begun_ms = off_ms = self.ms
        refusal = service.aiming().go_to(*goal, self.ms)
        assert not refusal, (goal, refusal)
        self.wish()
        passed_cdeg, told_ms, cause = 0, 0, ""
        while not cause or self.ms < told_ms + REST_MS:
            self.run(LOOK_MS)
            left = self.left(goal)
            is_near = all(abs(left[axis]) <= tolerances[axis] for axis in range(3))
            if not is_near or (self.dome.is_moving and not cause):
                off_ms = self.ms
            for axis in range(2):
                passed = -left[axis] if way[axis] > 0 else left[axis]
                passed_cdeg = max(passed_cdeg, passed)
            for name, at_ms, fields in service.events.take():
                if name == "ptz.went_to":
                    told_ms, cause = at_ms, str(fields["cause"])
        return off_ms - begun_ms, told_ms - begun_ms, floor_ms(way), passed_cdeg, cause


def main() -> None:
    """Print the figures."""
    print(f"{WAY_COUNT} ways, seed {SEED}: pan up to half a turn, tilt up to 75 degrees")
    for has_reports in (True, False):
        for baud in (2_400, 9_600):
            draws = random.Random(SEED)  # noqa: S311 - the same ways on every line
            bench = Bench(baud, has_reports)
            rows = []
            for _ in range(WAY_COUNT):
                pan = draws.choice((draws.randrange(-300, 300), draws.randrange(-17_000, 17_000)))
                tilt = draws.choice((bench.dome.tilt_cdeg, draws.randrange(-6_500, 1_000)))
                zoom = draws.choice((bench.dome.zoom_permille, draws.randrange(1_001)))
                goal = ((bench.dome.pan_cdeg + pan) % TURN_CDEG, tilt, zoom)
                rows.append(bench.go(goal))
            print_rows(f"{baud} baud, {'reports' if has_reports else 'reckoned'}", rows)


def print_rows(title: str, rows: "list[tuple[float, float, float, int, str]]") -> None:
    """Print what became of all ways on one line."""
    there = sorted(row[0] / 1000 for row in rows)
    told = statistics.median(row[1] / 1000 for row in rows)
    floors = statistics.median(row[2] / 1000 for row in rows)
    ratio = statistics.median(row[0] / row[2] for row in rows if row[2])
    passed = sorted(row[3] / 100 for row in rows)
    arrived = sum(row[4] == "arrived" for row in rows)
    tail = int(len(rows) * 0.9)
    print(
        f"{title}: there after {statistics.median(there):.2f} s (p90 {there[tail]:.2f}, max"
        f" {there[-1]:.2f}), told after {told:.2f} s; floor {floors:.2f} s, {ratio:.1f} times;"
        f" overshoot {statistics.median(passed):.2f} degrees (p90 {passed[tail]:.2f}, max"
        f" {passed[-1]:.2f}); arrived {arrived} of {len(rows)}"
    )


if __name__ == "__main__":
    main()
