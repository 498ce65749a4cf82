"""A medium that takes long to come holds nobody up, and is there as soon as it can be."""

import threading

import pytest

from hal.api.errors import PortAbsent, PortFull
from hal.boot import late
from hal.boot.late import LateBlocks


class StubBlocks:
    def __init__(self):
        self.size_bytes = 8192
        self.is_closed = False

    def read(self, offset_bytes, length_bytes):
        return bytes(length_bytes)[offset_bytes * 0 :]

    def close(self):
        self.is_closed = True


class SlowDisk:
    """Opens only when it is let go."""

    def __init__(self):
        self.blocks = StubBlocks()
        self.begun_count = 0
        self.begun = threading.Event()
        self.gate = threading.Event()

    def make(self):
        self.begun_count += 1
        self.begun.set()
        self.gate.wait()
        return self.blocks


def joined(medium):
    medium._maker.join(10)
    assert not medium._maker.is_alive()


def test_a_medium_that_is_there_is_there_at_once():
    medium = LateBlocks("ring", StubBlocks)
    assert medium.size_bytes == 8192
    assert medium.trouble is None
    assert medium.read(0, 4) == bytes(4)


def test_a_slow_medium_holds_nobody_up(monkeypatch):
    monkeypatch.setattr(late, "START_WAIT_S", 0.01)
    disk = SlowDisk()
    medium = LateBlocks("ring", disk.make)
    assert disk.begun.wait(10)
    for _ in range(3):  # three turns that ask for it
        with pytest.raises(PortAbsent, match=r"ring.*still being opened"):
            medium.read(0, 4096)
    assert disk.begun_count == 1, "begun again while it was under way"
    assert medium.size_bytes == 0
    assert medium.poll() == []
    disk.gate.set()
    joined(medium)
    assert medium.read(0, 8) == bytes(8)
    assert medium.trouble is None


def test_a_medium_that_fails_is_tried_again():
    troubles = [PortFull("medium ring: no room"), PortFull("medium ring: still none")]

    def make():
        if troubles:
            raise troubles.pop(0)
        return StubBlocks()

    medium = LateBlocks("ring", make)
    assert str(medium.trouble) == "medium ring: no room"
    with pytest.raises(PortFull, match="still none"):
        medium.read(0, 4096)
    assert medium.read(0, 8) == bytes(8)


def test_what_comes_after_the_end_is_let_go(monkeypatch):
    monkeypatch.setattr(late, "START_WAIT_S", 0.01)
    disk = SlowDisk()
    medium = LateBlocks("ring", disk.make)
    medium.close()
    disk.gate.set()
    joined(medium)
    assert disk.blocks.is_closed
    with pytest.raises(PortAbsent):
        medium.read(0, 4096)
    assert disk.begun_count == 1
