"""The serial port keeps its promises on a pty, and its last words reach the line."""

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time

import pytest
import serial as pyserial
import serial.rfc2217
from tests.hal.real_world import PtyWorld, RealWorld, run_checks

from hal.api.errors import PortAbsent, PortRefused
from hal.conformance import serial as checks
from hal.linux.serial import SerialLine
from hal.linux.wake import Wake

STOP = b"\xff\x01\x00\x00\x00\x00\x01"


def test_every_promise_holds_on_a_pty(tmp_path):
    @contextlib.contextmanager
    def make():
        world = PtyWorld(tmp_path)
        wake = Wake()
        line = SerialLine(str(world.path), world.baud, wake)
        try:
            yield line, world
        finally:
            line.close()
            world.close()
            wake.close()

    assert len(run_checks(checks, "check_serial", make)) == 7


def test_a_byte_wakes_the_unit(tmp_path):
    world, wake = PtyWorld(tmp_path), Wake()
    line = SerialLine(str(world.path), 9600, wake)
    line.open()
    wake.wait(0)
    threading.Timer(0.05, lambda: world.say(b"x")).start()
    start_ms = world.now_ms()
    wake.wait(5000)
    assert world.now_ms() - start_ms < 2000
    assert line.read() == b"x"
    line.close()
    world.close()
    wake.close()


def test_a_line_in_use_is_refused_and_a_pty_has_no_direction(tmp_path):
    world, wake = PtyWorld(tmp_path), Wake()
    first = SerialLine(str(world.path), 2400, wake)
    second = SerialLine(str(world.path), 2400, wake)
    first.open()
    assert not first.has_rs485
    try:
        second.open()
    except PortRefused as trouble:
        assert str(world.path) in str(trouble)
    else:
        raise AssertionError("opened twice")
    first.close()
    second.open()
    second.close()
    world.close()
    wake.close()


def test_a_file_is_refused_as_a_line(tmp_path):
    path = tmp_path / "note.txt"
    path.write_text("no line")
    wake = Wake()
    try:
        SerialLine(str(path), 2400, wake).open()
    except PortRefused as trouble:
        assert "note.txt" in str(trouble)
    else:
        raise AssertionError("opened a file")
    wake.close()


def hear(fd, count, timeout_s):
    """Read from a pty's master until so many bytes came or the time is over."""
    data, end_s = b"", time.monotonic() + timeout_s
    while len(data) < count and time.monotonic() < end_s:
        if select.select([fd], [], [], 0.02)[0]:
            with contextlib.suppress(OSError):
                data += os.read(fd, 256)
    return data


def run_unit(path, lines):
    """Start a process that opens the line and does `lines`; returns when it said "ready"."""
    source = f"""
        import sys
        from hal.linux.serial import SerialLine
        from hal.linux.wake import Wake
        line = SerialLine({path!r}, 9600, Wake())
        line.set_last_words(b"first words")
        line.open()
        {lines}
        print("ready", flush=True)
        sys.stdin.read()
        line.close()
    """
    unit = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(source)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert unit.stdout.readline() == b"ready\n"
    return unit


def end_unit(unit):
    unit.wait()
    unit.stdin.close()
    unit.stdout.close()


def test_a_killed_unit_still_says_its_last_words_twice(tmp_path):
    world = PtyWorld(tmp_path)
    spans_ms = []
    for _ in range(3):
        unit = run_unit(str(world.path), f"line.set_last_words({STOP!r})")
        unit.send_signal(signal.SIGKILL)
        start_ms = world.now_ms()
        heard = hear(world.master_fd, 14, 3)
        spans_ms.append(world.now_ms() - start_ms)
        assert heard == STOP + STOP, heard
        end_unit(unit)
    assert min(spans_ms) <= 500, spans_ms
    world.close()


def test_a_unit_killed_at_once_says_them_too(tmp_path):
    world = PtyWorld(tmp_path)
    unit = run_unit(str(world.path), "line.set_last_words(b'second'); line.write(b'moving')")
    unit.kill()
    assert hear(world.master_fd, 18, 3) == b"movingsecondsecond"
    end_unit(unit)
    world.close()


def test_a_clean_end_and_withdrawn_words_say_nothing(tmp_path):
    world = PtyWorld(tmp_path)
    unit = run_unit(str(world.path), "pass")
    unit.stdin.close()
    unit.wait()
    unit.stdout.close()
    assert hear(world.master_fd, 1, 0.5) == b"", "after a goodbye"
    unit = run_unit(str(world.path), "line.set_last_words(b'')")
    unit.kill()
    assert hear(world.master_fd, 1, 0.5) == b"", "after they were withdrawn"
    end_unit(unit)
    world.close()


class ServerWorld(RealWorld):
    """A TCP serial server on loopback as the far end."""

    baud = 9600

    def __init__(self):
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.peer = None

    def accept(self):
        if self.peer is None:
            self.peer = self.server.accept()[0]
            self.peer.settimeout(0.01)

    def hear(self):
        self.accept()
        try:
            return self.peer.recv(4096)
        except TimeoutError:
            return b""

    def say(self, data):
        self.accept()
        self.peer.sendall(data)

    def close(self):
        if self.peer is not None:
            self.peer.close()
        self.server.close()


def test_a_serial_server_by_url_carries_both_ways():
    @contextlib.contextmanager
    def make():
        world, wake = ServerWorld(), Wake()
        line = SerialLine(f"socket://127.0.0.1:{world.port}", 9600, wake)
        try:
            yield line, world
        finally:
            line.close()
            world.close()
            wake.close()

    both = {
        "check_serial_carries_bytes_in_order",
        "check_serial_hands_over_what_came",
        "check_serial_tells_when_sent",
    }
    assert len(run_checks(checks, "check_serial", make, both)) == 3


def test_an_absent_server_is_told_without_waiting_for_it():
    world, wake = ServerWorld(), Wake()
    name = f"socket://127.0.0.1:{world.port}"
    world.close()
    line = SerialLine(name, 9600, wake)
    said = []
    while not said or "still connecting" in said[-1]:
        start_ms = world.now_ms()
        try:
            line.open()
        except PortAbsent as trouble:
            said.append(str(trouble))
        assert world.now_ms() - start_ms < 500
        wake.wait(100)
        assert len(said) < 200, said[-1]
    assert "refused" in said[-1].lower(), said[-1]
    line.close()
    wake.close()


class ModemPty(pyserial.Serial):
    """A pty with the modem lines that an RFC 2217 server asks for."""

    cts = dsr = ri = cd = property(lambda _self: True)

    def _update_rts_state(self):
        """A pty has none."""

    def _update_dtr_state(self):
        """A pty has none."""


class Peer:
    """A socket in the shape that pyserial's server side writes to."""

    def __init__(self, sock):
        self.write = sock.sendall


# pyserial itself still says setDaemon and setName
@pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")
def test_rfc2217_sets_the_far_baud_and_carries_both_ways(tmp_path):
    world, wake = PtyWorld(tmp_path), Wake()
    tcp = ServerWorld()
    far = ModemPty(str(world.path), 1200, timeout=0.02)
    stop = threading.Event()

    def serve():
        tcp.accept()
        manager = serial.rfc2217.PortManager(far, Peer(tcp.peer))
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                data = tcp.peer.recv(256)
                if not data:
                    return
                far.write(b"".join(manager.filter(data)))
            heard = far.read(256)
            if heard:
                tcp.peer.sendall(b"".join(manager.escape(heard)))

    server = threading.Thread(target=serve)
    server.start()
    line = SerialLine(f"rfc2217://127.0.0.1:{tcp.port}", 2400, wake)
    try:
        checks._open(line, world)
        assert far.baudrate == 2400
        line.write(STOP)
        assert hear(world.master_fd, 7, 3) == STOP
        world.say(b"\xff\x02")
        got, end_ms = b"", world.now_ms() + 3000
        while len(got) < 2 and world.now_ms() < end_ms:
            wake.wait(50)
            got += line.read()
        assert got == b"\xff\x02"
    finally:
        line.close()
        stop.set()
        server.join()
        far.close()
        tcp.close()
        world.close()
        wake.close()
