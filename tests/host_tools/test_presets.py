"""Presets have names that last, and pictures that are the right ones and do not."""

from pathlib import Path

import pytest

from firmware.keys.ratchet import LIFE_MS
from firmware.telemetry import messages
from host_tools.cmc.fleet import Fleet
from host_tools.cmc.presets import FILE, NameRefusedError, PresetBook

PLACE = ("unit-1", "dome-1")


class Bench:
    """A fleet of one unit under a clock of our own, and the book."""

    def __init__(self, folder: Path) -> None:
        self.ms = 1_000_000
        self.fleet = Fleet(lambda: self.ms, lambda: self.ms)
        self.fleet.register("unit-1", "gateway", "yard-7", "R. Officer")
        self.view = self.fleet.units["unit-1"]
        self.book = PresetBook(folder, self.fleet)
        self.count = 0
        self.state("idle")

    def state(self, dome_state: str, is_withheld: bool = False) -> None:
        """Let the unit say what its dome does."""
        self.count += 1
        beat = messages.Heartbeat(1)
        beat.number = self.count
        camera = messages.CameraState("dome-1")
        camera.dome_state, camera.is_withheld = dome_state, is_withheld
        beat.cameras = [camera]
        self.fleet.on_heartbeat(self.view, beat)

    def still(self, jpeg: bytes) -> None:
        """Let a still come, and the book look."""
        still = messages.Still(1, jpeg)
        still.utc_ms = self.ms
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
    bench.book.on_preset(PLACE, "set", 3)
    bench.wait(2_000)
    bench.still(b"picture")
    bench.wait(LIFE_MS - 1)
    assert bench.book.picture(PLACE, 3) == b"picture"
    bench.wait(1)
    assert bench.book.picture(PLACE, 3) == b""
    files = [path.read_bytes() for path in tmp_path.iterdir()]
    assert not any(b"picture" in data for data in files), "a picture was written to a file"
