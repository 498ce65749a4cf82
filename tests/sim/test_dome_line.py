"""The simulated line keeps byte times, the promises of a serial port, and its faults to itself."""

import random

from hal.conformance import serial as promises
from sim.devices.dome import Dome
from sim.devices.line import FAR, UNIT, SimLine

ASK_PAN = b"\xff\x01\x00\x51\x00\x00\x52"
PAN_0 = b"\xff\x01\x00\x59\x00\x00\x5a"


class Clock:
    """Time that the test pushes on."""

    def __init__(self) -> None:
        self.ms = 0

    def now_ms(self) -> int:
        """Monotonic milliseconds."""
        return self.ms


class World:
    """The far end, as the conformance checks see it."""

    def __init__(self, baud: int) -> None:
        self.clock = Clock()
        self.baud = baud
        self.line = SimLine(self.clock, baud)
        self.say = self.line.say
        self.unplug = self.line.unplug
        self.plug = self.line.plug

    def hear(self) -> bytes:
        """What reached the far end, burst by burst."""
        is_busy = self.line.free_us(UNIT) > self.line.now_us()
        return b"" if is_busy else self.line.hear()

    def now_ms(self) -> int:
        """Monotonic milliseconds."""
        return self.clock.ms

    def pause(self, span_ms: int) -> None:
        """Let time pass."""
        self.clock.ms += span_ms


def test_the_promises_of_a_serial_port() -> None:
    checks = [getattr(promises, name) for name in dir(promises) if name.startswith("check_")]
    assert len(checks) >= 7
    for baud in (2400, 9600, 38_400):
        for check in checks:
            world = World(baud)
            check(world.line.port(), world)


def test_bytes_take_their_time() -> None:
    for baud, first_ms, last_ms in ((2400, 5, 30), (9600, 2, 8)):
        world = World(baud)
        port = world.line.port()
        port.open()
        port.write(ASK_PAN)
        heard = {}
        for ms in range(40):
            world.clock.ms = ms
            got = world.line.hear()
            if got:
                heard[ms] = got
        assert min(heard) == first_ms and max(heard) == last_ms, heard
        assert b"".join(heard.values()) == ASK_PAN


def test_rarely_looked_at_it_gives_the_same_log() -> None:
    logs = []
    for stride_ms in (1, 7, 50):
        world = World(2400)
        world.line.attach(Dome(1))
        port = world.line.port()
        port.open()
        for ms in range(400):
            world.clock.ms = ms
            if ms in {0, 200}:
                port.write(ASK_PAN)
            if ms % stride_ms == 0:
                world.line.run()
        world.clock.ms = 400
        assert port.read() == PAN_0 + PAN_0
        logs.append(world.line.log)
    assert logs[0] == logs[1] == logs[2]
    first = logs[0]
    assert [row[0] for row in first] == [UNIT, FAR, UNIT, FAR]
    assert first[0][1:3] == (0, 29_166)
    assert first[1][1] == first[0][2] + world.line.think_us


def test_echo_and_collision() -> None:
    world = World(9600)
    line = world.line
    line.has_echo = True
    port = line.port()
    port.open()
    port.write(ASK_PAN)
    world.pause(20)
    assert port.read() == ASK_PAN
    line.say(PAN_0)
    world.pause(2)
    port.write(ASK_PAN)
    world.pause(30)
    assert line.collision_count == 1
    heard = port.read()
    assert len(heard) == 14 and heard != PAN_0 + ASK_PAN
    assert world.hear() != ASK_PAN + ASK_PAN


def test_a_collision_damages_what_overlaps_alone() -> None:
    world = World(9600)
    port = world.line.port()
    port.open()
    port.write(ASK_PAN + ASK_PAN)
    world.pause(1)
    world.line.say(b"\x00\x00\x00")
    world.pause(30)
    heard = world.hear()
    assert heard[:7] != ASK_PAN and heard[7:] == ASK_PAN


def test_noise_and_drops_are_drawn_and_counted() -> None:
    seed = 20_261_124
    draw = random.Random(seed)
    clock = Clock()
    line = SimLine(clock, 38_400, "noisy", draw.randrange)
    line.noise_permille = 50
    line.drop_permille = 50
    port = line.port()
    port.open()
    for _ in range(200):
        port.write(ASK_PAN)
        clock.ms += 10
    heard = line.hear()
    assert len(heard) + line.drop_count == 1400, seed
    assert 30 < line.drop_count < 120 and 30 < line.noise_count < 120, seed


def test_a_death_says_its_last_words_twice() -> None:
    world = World(2400)
    port = world.line.port()
    port.open()
    port.set_last_words(b"\xff\x01\x00\x00\x00\x00\x01")
    port.die()
    world.pause(500)
    assert world.hear() == b"\xff\x01\x00\x00\x00\x00\x01" * 2
    assert not port.is_open()
