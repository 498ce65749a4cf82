"""A state medium that takes nothing is told in time, and one write that holds ends it."""

from firmware.app.state_desk import LATE_MS, StateDesk
from hal.api.errors import PortLost

MICROPYTHON_HEAP = "4m"
STEP_MS = 100
SIZE_BYTES = 4 * 4096


class Clock:
    """Goes as it is told."""

    def __init__(self):
        self.ms = 1_000

    def now_ms(self):
        return self.ms


class Pages:
    """A small medium that works, fails, is gone, or answers nothing."""

    name = "state"
    size_bytes = SIZE_BYTES

    def __init__(self):
        self.data = bytearray(SIZE_BYTES)
        self.mode = "works"
        self.over = []
        self.token = 0
        self.write_count = 0

    def read(self, offset_bytes, length_bytes):
        return bytes(self.data[offset_bytes : offset_bytes + length_bytes])

    def submit_write(self, offset_bytes, data):
        self.write_count += 1
        if self.mode == "works":
            self.data[offset_bytes : offset_bytes + len(data)] = data
        return self.submit_barrier()

    def submit_barrier(self):
        if self.mode == "gone":
            raise PortLost("state: gone")
        self.token += 1
        if self.mode != "hangs":
            self.over.append((self.token, "port.failed" if self.mode == "fails" else ""))
        return self.token

    def poll(self):
        over, self.over = self.over, []
        return over


class Board:
    """As much of a board as the desk asks for."""

    def __init__(self):
        self.state = Pages()
        self.clock = Clock()
        self.wake = None


class Bench:
    """A desk that has something to keep each second."""

    def __init__(self):
        self.board = Board()
        self.desk = StateDesk(self.board)
        self.turns(1_000)

    def turns(self, span_ms):
        """Turn for a while, with something new to keep each second; returns when it was late."""
        clock = self.board.clock
        end_ms = clock.ms + span_ms
        late_ms = []
        while clock.ms < end_ms:
            clock.ms += STEP_MS
            if clock.ms % 1_000 == 0:
                self.desk.pages.put("rates", clock.ms)
            self.desk.step()
            if self.desk.is_late(clock.ms):
                late_ms.append(clock.ms)
        return late_ms


def test_a_medium_that_works_is_never_late():
    bench = Bench()
    assert bench.turns(60_000) == []
    assert bench.desk.pages.failed_count == 0 and bench.desk.pages.stored_count > 50


def test_what_is_not_stored_is_late_until_one_write_holds():
    for mode in ("fails", "gone"):
        bench = Bench()
        begin_ms = bench.board.clock.ms
        bench.board.state.mode = mode
        late_ms = bench.turns(60_000)
        assert LATE_MS < late_ms[0] - begin_ms <= LATE_MS + 2_000, mode
        assert late_ms[-1] == bench.board.clock.ms and len(late_ms) > 500, mode
        assert 50 <= bench.desk.pages.failed_count <= 70, mode
        bench.board.state.mode = "works"
        assert len(bench.turns(2_000)) <= 11, mode
        assert bench.turns(20_000) == [], mode
        bench.turns(STEP_MS)
        again = StateDesk(bench.board)
        assert again.pages.get("rates") >= bench.board.clock.ms - 2_000, mode


def test_one_that_hangs_is_late_and_is_not_written_over_and_over():
    bench = Bench()
    bench.board.state.mode = "hangs"
    count = bench.board.state.write_count
    late_ms = bench.turns(60_000)
    assert len(late_ms) > 500 and late_ms[-1] == bench.board.clock.ms
    assert bench.board.state.write_count <= count + 2


def test_a_medium_with_nothing_to_store_is_never_late():
    bench = Bench()
    bench.turns(2_000)
    bench.board.state.mode = "fails"
    bench.board.clock.ms += 1
    for _ in range(600):
        bench.board.clock.ms += STEP_MS
        bench.desk.step()
        assert not bench.desk.is_late(bench.board.clock.ms)
