"""The controller meets every habit of bad domes and bad lines: it carries on, or it says so."""

import subprocess
import sys
from pathlib import Path

import serial
from tests.sim.line_rig import LineRig

from firmware.ptz.model import PtzSettings
from firmware.ptz.quality import BAD, DEAD, GOOD, NOISY
from sim.devices.dome import GENERAL, SILENT, STANDARD, Dome
from sim.devices.hostile import HostileDome
from sim.devices.line import FAR, UNIT

HOLD_MS = 100


class Bench(LineRig):
    """One controller, one line, one dome that may be spoilt."""

    def __init__(
        self, address: int = 1, baud: int = 9600, replies: str = GENERAL, **switches: int
    ) -> None:
        self.seed = 11
        self.dome = Dome(address, replies)
        self.hostile = HostileDome(self.dome)
        for name, value in switches.items():
            assert hasattr(self.hostile, name), name
            setattr(self.hostile, name, value)
        settings = PtzSettings(address, baud, replies != SILENT)
        if replies == STANDARD:
            settings.reply_kind = "ack"
        super().__init__([settings], [self.hostile], self.draw)
        self.hostile.line = self.line

    def draw(self, bound: int) -> int:
        self.seed = (self.seed * 1103515245 + 12345) & 0x7FFFFFFF
        return (self.seed >> 12) % bound

    def run(self, span_ms: int, hold: "tuple[int, int, int] | None" = None) -> None:
        """Let time pass; a move that is held is renewed ten times a second."""
        end_ms = self.ms + span_ms
        while self.ms < end_ms:
            if hold:
                self.service.move(*hold, self.ms)
                self.wish()
            super().run(min(HOLD_MS, end_ms - self.ms))
        self.dome.step(self.ms)

    def is_standing(self) -> bool:
        return not (self.dome.pan.rate_per_s or self.dome.tilt.rate_per_s)


def carries_on(bench: Bench, case: object) -> None:
    """Move, let go, and find the place known and right, and the dome standing."""
    bench.run(3000)
    bench.run(1500, (600, -300, 0))
    bench.run(6000)
    assert bench.is_standing(), case
    assert not bench.service.is_silent(), case
    pan, tilt, zoom, is_known = bench.service.position()
    assert is_known, case
    assert (pan, tilt, zoom) == (bench.dome.pan_cdeg, bench.dome.tilt_cdeg, 0), case
    assert bench.dome.pan_cdeg and bench.dome.tilt_cdeg, case


def test_the_five_responders_are_read_right():
    carries_on(Bench(), "plain")
    for switch in ("drips", "stale_ack", "garbage_first"):
        for baud in (2400, 9600):
            carries_on(Bench(1, baud, **{switch: True}), (switch, baud))
    bench = Bench()
    bench.line.has_echo = True
    carries_on(bench, "adapter echo")
    assert bench.bus.quality.echo_count >= 50 and bench.bus.quality.collision_count == 0
    bench = Bench(stale_ack=True, garbage_first=True, drips=True)
    bench.line.has_echo = True
    carries_on(bench, "all at once")


def test_awkward_addresses_and_reply_forms_are_read_right():
    for address in (2, 8, 255):  # 2 and 8: a reply begins like another; 255: the sync byte
        for replies in (GENERAL, STANDARD):
            carries_on(Bench(address, replies=replies), (address, replies))


def test_odd_numbers_are_read_right():
    bench = Bench(says_full_turn=True)
    bench.run(3000)
    assert bench.service.position() == (0, 0, 0, True)
    bench = Bench(tilt_counts_up=True)
    bench.settings[0].tilt_sign = 1
    carries_on(bench, "tilt counts up, and the setting says so")
    carries_on(Bench(says_twice=True), "says twice")


def until_silent(bench: Bench, case: object) -> None:
    """Wait until the head counts as silent; one that answers late may be heard now and then."""
    bench.run(6_000)
    for _ in range(40):
        if bench.service.is_silent():
            return
        bench.run(100)
    raise AssertionError(case)


def test_what_cannot_be_read_is_told_as_silence_and_a_bad_line():
    for switch, value in (
        ("cuts_last_byte", True),
        ("loses_first_byte", True),
        ("bad_sum", True),
        ("answers_as", 2),
        ("late_ms", 200),
    ):
        bench = Bench(**{switch: value})
        until_silent(bench, switch)
        assert not bench.service.position()[3], switch
        assert bench.bus.quality.verdict() in {BAD, DEAD}, switch
        assert bench.service.move(500, 0, 0, bench.ms) == "", switch
        bench.run(1500)
        assert bench.is_standing(), (switch, "the lease ends it, heard or not")


def test_a_wrong_general_checksum_costs_the_line_its_name_but_not_the_place():
    bench = Bench(sums_address_too=True)
    bench.run(3000)
    bench.run(2000, (600, -300, 0))
    bench.run(4000)
    assert bench.is_standing() and bench.service.position()[3]
    assert bench.bus.quality.error_count > 0 and bench.bus.quality.verdict() != GOOD


def test_a_dome_that_hangs_on_damage_is_told_and_comes_back():
    bench = Bench(hangs_on_bad_sum=True)
    bench.run(3000)
    for moment in range(3000):
        bench.line.noise_permille = 60
        bench.run(1)
        if bench.hostile.hang_count:
            break
        assert moment < 2999, "no frame was damaged"
    bench.line.noise_permille = 0
    bench.run(3500)
    assert bench.service.is_silent()
    bench.run(6000)
    assert not bench.service.is_silent() and bench.service.position()[3]


def test_a_one_way_line_is_paced_by_the_clock_and_never_waits():
    bench = Bench(replies=SILENT)
    bench.run(500)
    since = len(bench.line.log)
    for index in range(8):
        assert bench.service.aux(index + 1, True, bench.ms) == ""
    bench.wish()
    bench.run(300)
    sent = [row for row in bench.line.log[since:] if row[0] == UNIT]
    assert len(sent) == 8 and bench.dome.aux == set(range(1, 9))
    assert not bench.service.is_silent()


def test_a_slow_wish_moves_a_head_that_takes_zero_for_stop():
    bench = Bench(zero_speed_stops=True)
    bench.run(1000)
    bench.run(4000, (1, 0, 0))
    assert bench.dome.pan_cdeg > 0


def test_a_held_move_outlives_an_auto_stop():
    bench = Bench()
    bench.dome.auto_stop_ms = 1000
    bench.run(1000)
    bench.run(6000, (200, 0, 0))
    assert bench.dome.auto_stop_count == 0 and not bench.is_standing()


def test_a_lens_that_is_wired_the_wrong_way_round_is_set_right() -> None:
    for is_told in (False, True):
        bench = Bench(swaps_zoom=True, swaps_focus=True)
        bench.dome.zoom.place(500)
        bench.dome.focus.place(500)
        bench.settings[0].zoom_is_inverted = bench.settings[0].focus_is_inverted = is_told
        bench.run(1000)
        bench.run(600, (0, 0, 1))
        assert (bench.dome.zoom_permille > 500) is is_told, is_told
        assert bench.service.lens(1, 0, bench.ms) == ""
        bench.wish()
        bench.run(600)
        assert (bench.dome.focus.position > 500) is is_told, is_told


def test_a_head_without_positions_goes_no_further_than_its_lease() -> None:
    bench = Bench(replies=SILENT)
    bench.run(500)
    bench.run(1000, (500, 0, 0))
    assert not bench.service.position()[3], "nobody knows where it looks"
    rate_per_s, before = bench.dome.pan.rate_per_s, bench.dome.pan_cdeg
    bench.run(2000)
    assert bench.is_standing() and rate_per_s > 0
    assert bench.dome.pan_cdeg - before <= rate_per_s * 11 // 10


def test_a_console_on_the_line_moves_nothing_and_is_told_as_noise() -> None:
    bench = Bench()
    bench.run(2000)
    for text in (b"login: ", b"[  12.3] usb 1-1: new device\r\n", b"\xff\x01 kernel panic"):
        bench.line.send(FAR, text, bench.line.now_us())
        bench.run(400)
        bench.line.send(UNIT, text, bench.line.now_us())
        bench.run(400)
    assert bench.is_standing() and bench.dome.pan_cdeg == 0
    assert bench.bus.quality.noise_count > 0
    carries_on(bench, "the console has gone")


def test_a_rival_on_the_line_is_counted_and_survived():
    bench = Bench()
    bench.run(3000)
    rival = b"\xff\x05\x00\x04\x20\x00\x29"
    for _ in range(60):
        bench.line.send(FAR, rival, bench.line.now_us())
        bench.run(97)
    assert bench.line.collision_count > 0
    quality = bench.bus.quality
    assert quality.noise_count > 0 and quality.verdict() in {NOISY, BAD}
    bench.run(8000)
    carries_on(bench, "the rival has gone")


def test_noise_drops_and_collisions_never_leave_a_dome_running():
    for noise_permille, drop_permille in ((5, 0), (0, 5), (20, 20)):
        bench = Bench()
        bench.run(2000)
        bench.line.noise_permille, bench.line.drop_permille = noise_permille, drop_permille
        ran_count = 0
        for _ in range(40):
            bench.run(300, (700, 200, 0))
            bench.run(1100)
            ran_count += not bench.is_standing()
        assert ran_count <= (1 if noise_permille < 20 else 3), (noise_permille, ran_count)
        bench.line.noise_permille = bench.line.drop_permille = 0
        bench.service.stop(bench.ms)
        bench.wish()
        bench.run(600)
        assert bench.is_standing(), (noise_permille, drop_permille)


def test_the_bridge_offers_a_bad_dome_on_a_pty(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sim.bridge", "dome", "--address", "3", "--baud", "9600"]
    command += ["--link", str(tmp_path / "dome"), "--habit", "says_twice", "--habit", "stale_ack"]
    ask_pan, pan = bytes.fromhex("ff030051000054"), bytes.fromhex("ff03005900005c")
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            while process.stdout.readline().strip() != b"}":
                pass
            with serial.Serial(str(tmp_path / "dome"), 9600, timeout=2) as port:
                port.write(ask_pan)
                assert port.read(14) == pan + pan
                port.write(ask_pan)
                assert port.read(18) == bytes((0xFF, 3, 0, ask_pan[6])) + pan + pan
        finally:
            process.terminate()
            process.wait(10)
