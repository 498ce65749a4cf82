"""A medium that is being prepared is told as that, and as failed only when it takes too long."""

from firmware.app.ring_desk import PREPARE_MS_MAX, RingDesk
from firmware.buffers import EventQueue
from hal.api.errors import PortAbsent, PortFull
from tests.portable.ring_world import PAGE, FakeCipher, FakeEntropy, Medium

MICROPYTHON_HEAP = "8m"


class PortPreparing(PortAbsent):
    """As `hal.boot.late` has it."""

    code = "port.preparing"


class LateMedium(Medium):
    """A medium in memory that is not there yet."""

    name = "ring"
    trouble = PortPreparing("medium ring: still being opened; wait")

    def __init__(self):
        Medium.__init__(self, 64 * 64 * PAGE)
        self.over = []
        self.token = 0

    def read(self, offset_bytes, length_bytes):
        if self.trouble is not None:
            raise self.trouble
        return Medium.read(self, offset_bytes, length_bytes)

    def submit_write(self, offset_bytes, data):
        self.write(offset_bytes, data)
        return self.submit_barrier()

    def submit_barrier(self):
        self.token += 1
        self.over.append((self.token, ""))
        return self.token

    def poll(self):
        over, self.over = self.over, []
        return over


class Clock:
    """Stands still."""

    def now_ms(self):
        return 0


class Keys:
    """Gives any key."""

    def mac(self, _key_id, data):
        return (data + bytes(32))[:32]


class Board:
    """As much of a board as the desk asks for."""

    def __init__(self):
        self.footage_bytes_max = 1 << 20
        self.ring = LateMedium()
        self.cipher = FakeCipher()
        self.entropy = FakeEntropy()
        self.keys = Keys()
        self.clock = Clock()
        self.wake = None


class Camera:
    """Settings of one camera."""

    def __init__(self):
        self.picture = {"name": "dome-1", "share": 1}
        self.sound = None


class Config:
    """Settings of the unit."""

    def __init__(self):
        self.unit = {"name": "unit-7"}
        self.ring = {"hold_permille": 250, "segment_bytes": 16 * PAGE, "record_bytes": 8192}
        self.cameras = [Camera()]


class NoChains:
    """No key chain at all."""

    def names(self):
        return []


class Bench:
    """A desk before a medium that is not there yet."""

    def __init__(self):
        self.board = Board()
        self.events = EventQueue()
        self.desk = RingDesk(self.board, Config(), 1, self.events)
        self.now_ms = 0

    def turns(self, span_ms):
        """Turn for a while; returns what was told: (event, code)."""
        end_ms = self.now_ms + span_ms
        while self.now_ms < end_ms:
            self.now_ms += 100
            self.desk.open(NoChains(), self.now_ms)
        return [(name, fields.get("code", "")) for name, _, fields in self.events.take()]

    def word(self):
        """How the ring is, as the rounds ask."""
        if self.desk.is_preparing():
            return "preparing"
        return "failing" if self.desk.is_failing() else "there"


def test_a_medium_that_comes_in_time_was_never_a_failed_one():
    bench = Bench()
    assert bench.turns(PREPARE_MS_MAX - 2_000) == [("ring.preparing", "")]
    assert bench.word() == "preparing"
    assert bench.desk.obstacle("dome-1/picture") != 0
    bench.board.ring.trouble = None
    assert bench.turns(1_100) == [("ring.recovered", "")]  # asked for again within a second
    assert bench.word() == "there"


def test_one_that_takes_too_long_is_a_failed_one_until_it_comes():
    bench = Bench()
    assert bench.turns(PREPARE_MS_MAX + 2_000) == [
        ("ring.preparing", ""),
        ("disk.failed", "port.preparing"),
    ]
    assert bench.word() == "failing"
    assert bench.turns(600_000) == []
    assert bench.word() == "failing"
    bench.board.ring.trouble = None
    assert bench.turns(1_100) == [("ring.recovered", "")]
    assert bench.word() == "there"


def test_one_that_fails_is_failed_at_once_and_is_never_called_preparing_again():
    for trouble in (PortAbsent("medium ring: no such file"), PortFull("medium ring: no room")):
        bench = Bench()
        bench.board.ring.trouble = trouble
        assert bench.turns(200) == [("disk.failed", trouble.code)]
        assert bench.word() == "failing"
        bench.board.ring.trouble = LateMedium.trouble
        bench.turns(40_000)
        assert bench.word() == "failing"
