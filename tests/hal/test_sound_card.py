"""A sound card is captured as it is, and a dead one is noticed."""

import contextlib
import math
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from tests.hal.real_world import RealWorld, run_checks
from tests.hal.servers import SoundServer

from hal.api.errors import PortAbsent, PortLost
from hal.conformance import media as checks
from hal.conformance.world import wait_until
from hal.linux.sound_card import CardMicrophone
from hal.linux.wake import Wake

RATE_HZ = 16_000
BLOCK = 160


class Tone:
    """Feeds a tone into the source, at the pace of its own samples, until told to end."""

    def __init__(self, path, tone_hz=1000, level=0.5):
        self.path, self.tone_hz, self.level = path, tone_hz, level
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self._run)

    def _run(self):
        with open(self.path, "wb", buffering=0) as fifo:
            start_s, index = time.monotonic(), 0
            while not self.is_over.is_set():
                times = np.arange(index, index + BLOCK) / RATE_HZ
                samples = self.level * 32767 * np.sin(2 * math.pi * self.tone_hz * times)
                with contextlib.suppress(BrokenPipeError):
                    fifo.write(samples.astype("<i2").tobytes())
                index += BLOCK
                self.is_over.wait(max(0, start_s + index / RATE_HZ - time.monotonic()))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_args):
        self.is_over.set()
        self.thread.join()


class CardWorld(RealWorld):
    """Counts how often the card was opened, by asking the port's own capture."""

    def __init__(self):
        self.wake = Wake()
        self.microphone = CardMicrophone("simmic", self.wake, RATE_HZ)
        self.opened_count = 0

    def sound_count(self):
        return int(self.microphone.has_session())

    def close(self):
        self.microphone.close()
        self.wake.close()


@contextlib.contextmanager
def environment(values):
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def trouble_of(microphone, world):
    """Read until an error comes; returns it."""
    told = []

    def is_told():
        try:
            while microphone.read() is not None:
                pass
        except (PortAbsent, PortLost) as trouble:
            told.append(trouble)
        return bool(told)

    assert wait_until(world, is_told, 20000), "nobody noticed"
    return told[0]


@pytest.mark.slow
def test_a_tone_is_heard_as_it_is_and_a_dead_source_is_noticed(tmp_path):
    server = SoundServer(tmp_path)
    with server, environment(server.environment):
        with Tone(server.fifo):

            @contextlib.contextmanager
            def make():
                world = CardWorld()
                try:
                    yield world.microphone, world
                finally:
                    world.close()

            assert len(run_checks(checks, "check_microphone", make)) == 4
            check_tone()
        world = CardWorld()
        with Tone(server.fifo, level=0.0):
            world.microphone.open()
            assert "same" in str(trouble_of(world.microphone, world))
        world.microphone.close()
        world.microphone.open()
        assert "samples in 2 s" in str(trouble_of(world.microphone, world)), "a dry source"
        start_ms = world.now_ms()
        world.microphone.close()
        assert world.now_ms() - start_ms <= 50
        assert wait_until(world, lambda: not world.microphone.has_session(), 2000)
        world.microphone.open()
        with Tone(server.fifo):
            assert wait_until(world, lambda: world.microphone.read() is not None, 5000)
            server.process.kill()
        assert isinstance(trouble_of(world.microphone, world), PortLost), "a killed server"
        world.microphone.close()
        assert wait_until(world, lambda: not world.microphone.has_session(), 5000)
        world.microphone.open()
        absent = trouble_of(world.microphone, world)
        assert isinstance(absent, PortAbsent), repr(absent)
        assert "card:simmic" in str(absent)
        world.close()


UNENDED = """
import os, time
import sounddevice
from hal.api.errors import PortAbsent
from hal.linux import sound_card
from hal.linux.wake import Wake
microphone = sound_card.CardMicrophone("nowhere", Wake())
microphone.open()
try:
    while True:
        microphone.read()
        time.sleep(0.01)
except PortAbsent:
    sound_card._library["streams"] = {}
sounddevice._terminate = os.abort  # as PortAudio does where a stream cannot be closed
"""


@pytest.mark.parametrize(("stream_count", "code"), [(0, -signal.SIGABRT), (1, 0)])
def test_a_stream_that_never_ends_does_not_abort_the_process(stream_count, code):
    script = UNENDED.format(stream_count)
    ended = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True)
    assert ended.returncode == code, ended.stderr


def check_tone():
    """One second of what was captured is 1 kHz at -9.03 dBFS, and comes at the set rate."""
    world = CardWorld()
    world.microphone.open()
    units = checks._take(world.microphone, world, 75)
    assert world.microphone.parameters().codec == "s16le"
    world.close()
    data = b"".join(unit.data for unit in units[25:])
    samples = np.frombuffer(data, "<i2")[:RATE_HZ].astype(float) / 32768
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    peak_hz = np.fft.rfftfreq(len(samples), 1 / RATE_HZ)[spectrum.argmax()]
    level_db = 20 * math.log10(math.sqrt((samples**2).mean()))
    assert abs(peak_hz - 1000) < 2, peak_hz
    assert abs(level_db + 9.03) < 0.3, level_db
    span_ms = units[74].now_ms - units[24].now_ms
    assert abs(span_ms - 1000) < 100, span_ms
