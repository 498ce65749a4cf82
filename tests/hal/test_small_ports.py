"""Clock, wake, cipher, keys, lines, sensors and watchdog keep their promises."""

import contextlib
import os
import select
import socket
import threading
import time

import cbor2
from tests.hal.real_world import RealWorld, run_checks

from hal.api.clock import UTC_KEPT, UTC_NONE, UTC_SYNCED
from hal.api.errors import PortAbsent, PortFailed, PortRefused
from hal.conformance import board, cipher, clock, digital, wake
from hal.linux.cipher import KernelEntropy, OpenSslCipher
from hal.linux.clock import SystemClock
from hal.linux.digital import FileLine, SessionGate
from hal.linux.keys import FileKeys, write_keys
from hal.linux.sensors import SysfsSensors
from hal.linux.wake import Wake
from hal.linux.watchdog import SystemdWatchdog


def always(*arguments):
    return lambda: contextlib.nullcontext(arguments)


def test_the_clock_keeps_its_promises():
    assert len(run_checks(clock, "check_clock", always(SystemClock(), RealWorld()))) == 3


class SetClock(SystemClock):
    """A clock whose kernel says what it is told."""

    def __init__(self, is_synced, utc_ms):
        super().__init__()
        self._is_synced = is_synced
        self._fixed_ms = utc_ms

    def utc_ms(self):
        return self._fixed_ms

    def _look(self):
        """Keeps what it was told."""


def test_the_quality_of_time_is_the_kernels_own():
    for is_synced, utc_ms, want in (
        (True, 1_800_000_000_000, UTC_SYNCED),
        (False, 1_800_000_000_000, UTC_KEPT),
        (True, 0, UTC_NONE),
    ):
        assert SetClock(is_synced, utc_ms).utc_quality() == want, (is_synced, utc_ms)


class WakeWorld(RealWorld):
    def __init__(self, port):
        self.port = port

    def stir_in(self, delay_ms):
        threading.Timer(delay_ms / 1000, self.port.notify).start()


def test_wake_keeps_its_promises_and_follows_a_descriptor():
    port = Wake()
    assert len(run_checks(wake, "check_wake", always(port, WakeWorld(port)))) == 3
    reader, writer = os.pipe()
    port.register(reader)
    os.write(writer, b"x")
    start_s = time.monotonic()
    port.wait(10_000)
    assert time.monotonic() - start_s < 5
    port.unregister(reader)
    port.unregister(reader)
    os.close(reader)
    os.close(writer)
    port.close()
    port.close()
    port.notify()


def test_the_cipher_keeps_its_promises():
    assert len(run_checks(cipher, "check_cipher", always(OpenSslCipher()))) == 6
    cipher.check_entropy_is_fresh(KernelEntropy())
    port = OpenSslCipher()
    opened = port.unseal(2, cipher.GCM_KEY, cipher.GCM_NONCE, cipher.GCM_AAD, cipher.CBC_SEALED)
    assert opened == cipher.GCM_PLAIN, "a board's records must be readable here"
    for index in range(len(cipher.CBC_SEALED)):
        touched = cipher._flip(cipher.CBC_SEALED, index)
        got = port.unseal(2, cipher.GCM_KEY, cipher.GCM_NONCE, cipher.GCM_AAD, touched)
        assert got is None, index


def test_keys_are_read_from_a_file_that_only_the_unit_may_read(tmp_path):
    path = tmp_path / "keys.cbor"
    secret, xy = bytes(range(32)), bytes(range(64))
    write_keys(str(path), {b"cmc": secret}, {b"council": xy})
    assert path.stat().st_mode & 0o777 == 0o600
    cipher.check_keys_are_named(
        FileKeys(str(path)), OpenSslCipher(), b"cmc", secret, b"council", xy
    )
    bad = [
        b"",
        b"\xff",
        cbor2.dumps([1, 2]),
        cbor2.dumps({1: {}}),
        cbor2.dumps({1: {b"cmc": b"short"}, 2: {}}),
        cbor2.dumps({1: {"cmc": secret}, 2: {}}),
        cbor2.dumps({1: {}, 2: {b"council": xy + b"x"}}),
    ]
    for data in bad:
        path.write_bytes(data)
        assert refusal(FileKeys, str(path)), data
    write_keys(str(path), {}, {})
    path.chmod(0o640)
    assert "chmod 600" in refusal(FileKeys, str(path))
    assert "none.cbor" in refusal(FileKeys, str(tmp_path / "none.cbor"))


def refusal(kind, *arguments):
    """Make a port that cannot be made; returns the words of its error."""
    try:
        kind(*arguments)
    except (PortAbsent, PortFailed, PortRefused) as trouble:
        return str(trouble)
    raise AssertionError(arguments)


class LineWorld(RealWorld):
    """A relay of two files whose contact may be stuck: a thread follows the coil."""

    def __init__(self, folder):
        self.drive, self.read = folder / "drive", folder / "read"
        self.drive.write_text("0\n")
        self.read.write_text("0\n")
        self.stuck = None
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self._follow)
        self.thread.start()

    def force(self, level):
        self.stuck = level

    def _follow(self):
        while not self.is_over.wait(0.005):
            level = self.stuck
            text = self.drive.read_text() if level is None else f"{int(level)}\n"
            if text:
                self.read.with_suffix(".part").write_text(text)
                self.read.with_suffix(".part").replace(self.read)

    def close(self):
        self.is_over.set()
        self.thread.join()


def test_a_line_of_two_files_keeps_its_promises(tmp_path):
    @contextlib.contextmanager
    def make():
        world = LineWorld(tmp_path)
        try:
            yield FileLine("relay", str(world.drive), str(world.read)), world
        finally:
            world.close()

    assert len(run_checks(digital, "check_digital", make)) == 3
    missing = str(tmp_path / "none" / "value")
    assert "relay" in refusal(FileLine, "relay", missing, missing)
    line = FileLine("relay", str(tmp_path / "drive"), str(tmp_path / "junk"))
    (tmp_path / "junk").write_text("up\n")
    assert "junk" in refusal(line.get)


def test_a_session_gate_reads_back_the_session_itself():
    class Sound:
        is_there = False

        def has_session(self):
            return self.is_there

    sound = Sound()
    gate = SessionGate("yard", sound)
    assert not gate.get()
    gate.set(True)
    assert gate.get()
    sound.is_there = True
    gate.set(False)
    assert gate.get(), "the session still lives"
    sound.is_there = False
    assert not gate.get()


def test_sensors_are_read_and_absent_ones_are_none(tmp_path):
    board.check_sensors_give_integers_in_range(SysfsSensors(), RealWorld())
    empty = SysfsSensors(str(tmp_path / "none")).read()
    assert [getattr(empty, name) for name, _low, _high in board.RANGES] == [None] * 6
    files = {
        "class/thermal/thermal_zone0/temp": "41000",
        "class/thermal/thermal_zone1/temp": "junk",
        "class/hwmon/hwmon0/temp1_input": "55250",
        "class/power_supply/battery/voltage_now": "12345678",
        "block/mmcblk0/device/life_time": "0x03 0x01",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True)
        path.write_text(text + "\n")
    sensors = SysfsSensors(str(tmp_path))
    board.check_sensors_give_integers_in_range(sensors, RealWorld())
    readings = sensors.read()
    assert readings.board_temp_mdegc == 55250
    assert readings.supply_mv == 12345
    assert readings.storage_life_permille == 300


def test_the_watchdog_speaks_to_systemd(tmp_path):
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(address)
        before = os.environ.get("NOTIFY_SOCKET")
        os.environ["NOTIFY_SOCKET"] = address
        try:
            watchdog = SystemdWatchdog(str(tmp_path / "last_run"))
        finally:
            del os.environ["NOTIFY_SOCKET"]
            if before is not None:
                os.environ["NOTIFY_SOCKET"] = before
        board.check_watchdog_is_fed_without_a_word(watchdog, RealWorld())
        assert watchdog.is_real
        said = []
        while select.select([systemd], [], [], 0)[0]:
            said.append(systemd.recv(256).decode())
        assert said[0] == "READY=1\nWATCHDOG_USEC=2000000\nWATCHDOG=1"
        assert said[1:] == ["WATCHDOG=1"] * 5
    watchdog.feed()
    assert watchdog.unsent_count == 1


def test_why_the_last_run_ended_is_known_at_the_next(tmp_path):
    marker = tmp_path / "last_run"

    def start():
        return SystemdWatchdog(str(marker))

    assert start().reset_reason() == "unknown", "the first start of all"
    assert start().reset_reason() == "crash", "same boot, nobody said goodbye"
    start().note_request()
    assert start().reset_reason() == "request"
    marker.write_text(marker.read_text().replace("running", "watchdog"))
    assert start().reset_reason() == "watchdog"
    marker.write_text("another-boot running\n")
    assert start().reset_reason() == "power"
    for junk in (b"", b"\xff\xfe", b"one", b"a b c"):
        marker.write_bytes(junk)
        assert start().reset_reason() == "unknown", junk
