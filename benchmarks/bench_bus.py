"""Measures a simulated line with 1 and 8 domes: command to wire, and how often places are asked.

    python -m benchmarks.bench_bus

Virtual time that jumps from one due time to the next, so the figures are those of the protocol
and the rules of the bus, not of this machine. A command counts from the wish to the end of its
last stop bit. Every dome answers and is asked where it looks; with 8, seven are driven all the
while. A dome asked in turn tells pan, tilt and zoom in one round; the most a line can carry is
three questions and three answers back to back.

Beside it, frames built a second, with pyptzcontroller from PyPI in the same run.
"""

import contextlib
import io
import random
import statistics
import time
from collections.abc import Callable

from ptz_control_lib.ptz_controller import PtzControl

from firmware.pelco_d import commands
from firmware.ptz.model import PtzSettings
from sim.devices.dome import Dome
from sim.devices.line import UNIT
from tests.sim.line_rig import LineRig

SAMPLE_COUNT = 300
ROUND_BYTES = 3 * 14
SPAN_MS = 20_000
BUILD_COUNT = 100_000
PATIENCE_MS = 5_000
HOLD_MS = 100


class Bench(LineRig):
    """A bus under a virtual clock, with domes of which some are held moving."""

    def __init__(self, count: int, baud: int) -> None:
        numbers = range(1, count + 1)
        settings = [PtzSettings(number, baud, True) for number in numbers]
        super().__init__(settings, [Dome(number) for number in numbers])
        self.held = list(range(1, count))

    def run(self, span_ms: int) -> None:
        """Step as the unit does; the held moves are renewed ten times a second."""
        end_ms = self.ms + span_ms
        while self.ms < end_ms:
            if self.ms % HOLD_MS == 0:
                for index in self.held:
                    self.services[index].move(500, 0, 0, self.ms)
                self.wish()
            super().run(min(HOLD_MS - self.ms % HOLD_MS, end_ms - self.ms))

    def latency_ms(self, frame: bytes) -> float:
        """Run until a frame wished for now is out; returns how long that took."""
        since_ms = self.ms
        self.wish()
        for _ in range(PATIENCE_MS):
            self.run(1)
            side, _, end_us, data = self.line.log[-1] if self.line.log else ("", 0, 0, b"")
            if side == UNIT and data == frame:
                return end_us / 1000 - since_ms
        raise AssertionError("never sent")


def measure(count: int, baud: int) -> None:
    """Print the rows of one line."""
    chance = random.Random(5)  # noqa: S311
    bench = Bench(count, baud)
    bench.run(5000)
    service = bench.bus.services[0]
    took: dict[str, list[float]] = {"stop": [], "move": []}
    for index in range(SAMPLE_COUNT):
        bench.run(chance.randrange(300, 500))
        bench.line.log.clear()
        name = ("move", "stop")[index % 2]
        if name == "move":
            bench.held.append(0)
            service.move(500, 0, 0, bench.ms)
            frame = service.protocol.motion((500, 0, 0), (0, 0))
        else:
            bench.held.remove(0)
            service.stop(bench.ms)
            frame = commands.stop(1)
        took[name].append(bench.latency_ms(frame))
    wire_ms = 70_000 / baud
    for name, values in took.items():
        values.sort()
        p99 = values[int(len(values) * 0.99)]
        print(
            f"{baud:5} {count:5} {name:4}  {statistics.median(values):7.1f} {p99:7.1f} "
            f"{values[-1]:7.1f}   {wire_ms:5.1f}"
        )


def poll(count: int, baud: int) -> None:
    """Print how often places are asked while all domes are driven."""
    bench = Bench(count, baud)
    bench.held = list(range(count))
    bench.run(3000)
    bench.line.log.clear()
    bench.run(SPAN_MS)
    asked = [row for row in bench.line.log if row[0] == UNIT and row[3][3] in {0x51, 0x53, 0x55}]
    rounds_per_s = len(asked) / 3 * 1000 / SPAN_MS
    most_per_s = baud / 10 / ROUND_BYTES
    print(
        f"{baud:5} {count:5} rounds/s {rounds_per_s:5.1f} of {most_per_s:5.1f} "
        f"({rounds_per_s / most_per_s:.0%}), each dome {rounds_per_s / count:.2f}"
    )


def frames_per_s(build: Callable[[int], bytes]) -> int:
    """Tell how many frames a second are built."""
    start_s = time.perf_counter()
    for index in range(BUILD_COUNT):
        build(index & 63)
    return int(BUILD_COUNT / (time.perf_counter() - start_s))


def beside() -> None:
    """Build pan-left frames with ours and with a published library in turn."""
    ours = [frames_per_s(lambda speed: commands.motion(1, commands.LEFT, speed)) for _ in range(3)]
    print(f"build, ours             {statistics.median(ours):9,.0f} frames/s")
    with contextlib.redirect_stdout(io.StringIO()):
        theirs = PtzControl("none")
    assert theirs._create_command("left", speed=32) == commands.motion(1, commands.LEFT, 32)  # noqa: SLF001
    rates = [
        frames_per_s(lambda speed: theirs._create_command("left", speed=speed))  # noqa: SLF001
        for _ in range(3)
    ]
    print(f"build, pyptzcontroller  {statistics.median(rates):9,.0f} frames/s")


def main() -> None:
    """Measure all and print."""
    print(" baud domes what      p50     p99     max ms  wire")
    for baud in (2400, 9600):
        for count in (1, 8):
            measure(count, baud)
    for baud in (2400, 9600):
        for count in (1, 8):
            poll(count, baud)
    beside()


if __name__ == "__main__":
    main()
