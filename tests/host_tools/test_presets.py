"""Presets have names that last, and pictures that are the right ones and die in time."""

import sqlite3
from pathlib import Path

import pytest

from firmware.keys.ratchet import EPOCH_MS, LIFE_MS
from firmware.telemetry import messages
from host_tools.cmc.fleet import Fleet
from host_tools.cmc.preset_pictures import KEYS_FILE
from host_tools.cmc.presets import FILE, NameRefusedError, PresetBook
from host_tools.cmc.site_keyholder import CLOCK_FILE

PLACE = ("unit-1", "dome-1")
START_MS = 1_800_000_000_000


class Bench:
    """A fleet of one unit under a clock of our own, and the book."""

    def __init__(self, folder: Path, ms: int = START_MS, permit: str = "P-1") -> None:
        self.ms = ms
        self.fleet = Fleet(lambda: self.ms, lambda: self.ms)
        self.fleet.register("unit-1", "gateway", "yard-7", "R. Officer")
        self.view = self.fleet.units["unit-1"]
        self.book = PresetBook(folder, self.fleet)
        self.count = 0
        if permit:
            self.birth(permit)
        self.state("idle")

    def birth(self, permit: str) -> None:
        """Let the unit say which permit it has."""
        birth = messages.Birth(1)
        birth.permit_id = permit
        self.fleet.on_birth(self.view, birth, False)

    def picture_of(self, number: int, jpeg: bytes) -> None:
        """Store a preset, and let its picture come."""
        self.book.on_preset(PLACE, "set", number)
        self.wait(2_000)
        self.still(jpeg)

    def state(self, dome_state: str, is_withheld: bool = False) -> None:
        """Let the unit say what its dome does."""
        self.count += 1
        beat = messages.Heartbeat(1)
        beat.number = self.count
        camera = messages.CameraState("dome-1")
        camera.dome_state, camera.is_withheld = dome_state, is_withheld
        beat.cameras = [camera]
        self.fleet.on_heartbeat(self.view, beat)

    def still(self, jpeg: bytes, ahead_ms: int = 0, zone_count: int = 0) -> None:
        """Let a still come, and the book look."""
        still = messages.Still(1, jpeg)
        still.zone_count = zone_count
        still.utc_ms = self.ms + ahead_ms
        self.fleet.on_still(self.view, "dome-1", still)
        self.book.step()

    def wait(self, span_ms: int) -> None:
        self.ms += span_ms
        self.book.step()


def test_names_last_and_are_checked(tmp_path: Path):
    bench = Bench(tmp_path)
    bench.book.name(PLACE, 3, " main gate ", "Ada")
    bench.book.name(PLACE, 4, "yard", "Ada")
    bench.book.name(PLACE, 4, "", "Ada")
    for number, name in ((0, "x"), (256, "x"), (1, "n" * 33), (1, "two\nlines")):
        with pytest.raises(NameRefusedError, match=r"give"):
            bench.book.name(PLACE, number, name, "Ada")
    bench.book.close()
    again = Bench(tmp_path).book
    assert again.rows("unit-1") == {"dome-1": [{"number": 3, "name": "main gate", "picture": 0}]}
    assert again.rows("unit-2") == {}
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600


def test_a_picture_is_of_a_dome_that_stands_there(tmp_path: Path):
    bench = Bench(tmp_path)
    bench.still(b"before")
    bench.book.on_preset(PLACE, "go", 3)
    bench.still(b"not yet off")
    bench.wait(200)
    bench.state("seeking")
    bench.wait(2_000)
    bench.still(b"on the way")
    assert bench.book.picture(PLACE, 3) == b""
    bench.state("idle", is_withheld=True)
    bench.wait(100)
    bench.still(b"filled")
    assert bench.book.picture(PLACE, 3) == b""
    bench.state("idle")
    bench.wait(100)
    bench.still(b"all of it filled, as it may be from before", zone_count=1)
    assert bench.book.picture(PLACE, 3) == b""
    bench.still(b"there")
    assert bench.book.picture(PLACE, 3) == b"there"
    bench.still(b"later")
    assert bench.book.picture(PLACE, 3) == b"there", "one wish, one picture"
    bench.book.on_preset(PLACE, "clear", 3)
    assert bench.book.picture(PLACE, 3) == b""


def test_a_dome_that_is_moved_or_sends_nothing_gives_no_picture(tmp_path: Path):
    bench = Bench(tmp_path)
    bench.book.on_preset(PLACE, "set", 3)
    bench.state("moving")
    bench.wait(2_000)
    bench.state("idle")
    bench.still(b"elsewhere")
    assert bench.book.picture(PLACE, 3) == b""
    bench.book.on_preset(PLACE, "set", 3)
    bench.wait(61_000)
    bench.still(b"too late")
    assert bench.book.picture(PLACE, 3) == b""


@pytest.mark.clause("C29")
def test_no_picture_lives_for_31_days(tmp_path: Path):
    bench = Bench(tmp_path)
    bench.picture_of(3, b"picture")
    bench.wait(LIFE_MS - EPOCH_MS - 1)
    assert bench.book.picture(PLACE, 3) == b"picture"
    bench.wait(EPOCH_MS + 1)
    assert bench.book.picture(PLACE, 3) == b""
    assert bench.book.rows("unit-1") == {}


@pytest.mark.clause("C29")
def test_a_copy_of_a_dead_picture_opens_with_nothing_that_is_left(tmp_path: Path):
    bench = Bench(tmp_path)
    bench.picture_of(3, b"the still itself")
    copy = (tmp_path / FILE).read_bytes()
    with sqlite3.connect(tmp_path / FILE) as file:
        sealed = file.execute("SELECT sealed FROM pictures").fetchone()[0]
    file.close()
    assert sealed in copy
    bench.wait(LIFE_MS)
    bench.book.close()
    left = b"".join(path.read_bytes() for path in sorted(tmp_path.iterdir()))
    assert b"the still itself" not in left
    assert sealed not in left
    (tmp_path / FILE).write_bytes(copy)
    again = Bench(tmp_path, bench.ms)
    assert again.book.picture(PLACE, 3) == b"", "its key was stepped over"
    again.book.close()
    # Time put back, with the file of keys as it is now, brings nothing back either.
    (tmp_path / FILE).write_bytes(copy)
    assert Bench(tmp_path).book.picture(PLACE, 3) == b""


def test_a_picture_outlives_a_restart_and_says_when_it_was_taken(tmp_path: Path):
    bench = Bench(tmp_path)
    bench.picture_of(3, b"the still")
    row = {"number": 3, "name": "", "picture": START_MS + 2_000}
    assert bench.book.rows("unit-1") == {"dome-1": [row]}
    bench.book.close()
    assert b"the still" not in (tmp_path / FILE).read_bytes(), "in clear"
    again = Bench(tmp_path, bench.ms + 60_000)
    assert again.book.picture(PLACE, 3) == b"the still"
    assert again.book.rows("unit-1") == {"dome-1": [row]}
    again.book.close()
    for name in (FILE, KEYS_FILE):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600, name


def test_a_picture_that_was_tampered_with_is_no_picture(tmp_path: Path):
    bench = Bench(tmp_path)
    for number in (3, 4):
        bench.picture_of(number, b"picture %d" % number)
    bench.book.close()
    with sqlite3.connect(tmp_path / FILE) as file:
        rows = file.execute("SELECT sealed FROM pictures ORDER BY number").fetchall()
        file.execute("UPDATE pictures SET sealed = ? WHERE number = 3", rows[1])
    file.close()
    again = Bench(tmp_path, bench.ms)
    assert again.book.picture(PLACE, 3) == b"", "that of preset 4"
    assert again.book.picture(PLACE, 4) == b"picture 4"


@pytest.mark.clause("C21")
def test_a_picture_is_shown_under_its_own_permit_alone(tmp_path: Path):
    bench = Bench(tmp_path)
    bench.picture_of(3, b"picture")
    bench.book.close()
    again = Bench(tmp_path, bench.ms, permit="")
    again.wait(5_000)
    assert again.book.picture(PLACE, 3) == b"", "the unit has not said what is private"
    assert again.book.rows("unit-1") == {}
    again.birth("P-1")
    assert again.book.picture(PLACE, 3) == b"picture"
    again.birth("P-2")
    assert again.book.picture(PLACE, 3) == b"", "the new permit may have other zones"
    again.wait(2_000)
    again.birth("P-1")
    assert again.book.picture(PLACE, 3) == b"", "it was destroyed"


@pytest.mark.clause("C21")
def test_a_permit_that_changes_on_the_way_ends_the_wish(tmp_path: Path):
    bench = Bench(tmp_path)
    bench.book.on_preset(PLACE, "set", 3)
    bench.birth("P-2")
    bench.wait(2_000)
    bench.still(b"of the old permit, perhaps")
    assert bench.book.picture(PLACE, 3) == b""


def test_a_preset_that_is_stored_anew_loses_its_old_picture_at_once(tmp_path: Path):
    bench = Bench(tmp_path)
    bench.picture_of(3, b"old")
    bench.book.on_preset(PLACE, "go", 3)
    assert bench.book.picture(PLACE, 3) == b"old"
    bench.book.on_preset(PLACE, "set", 3)
    assert bench.book.picture(PLACE, 3) == b""


@pytest.mark.clause("C29")
def test_a_unit_whose_clock_is_ahead_lengthens_no_life(tmp_path: Path):
    bench = Bench(tmp_path)
    bench.book.on_preset(PLACE, "set", 3)
    bench.wait(2_000)
    bench.still(b"picture", ahead_ms=LIFE_MS)
    assert bench.book.picture(PLACE, 3) == b"picture"
    bench.wait(LIFE_MS)
    assert bench.book.picture(PLACE, 3) == b""


@pytest.mark.clause("C29")
def test_a_store_that_trusts_no_clock_keeps_pictures_for_one_run(tmp_path: Path):
    (tmp_path / CLOCK_FILE).touch()
    bench = Bench(tmp_path)
    bench.picture_of(3, b"picture")
    assert bench.book.picture(PLACE, 3) == b"picture"
    bench.book.close()
    again = Bench(tmp_path, bench.ms)
    assert again.book.picture(PLACE, 3) == b""
    assert again.book.rows("unit-1") == {}
