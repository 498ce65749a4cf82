"""A stop waits for the frame that is leaving and for nothing else, and one copy of it arrives."""

from firmware.pelco_d import commands
from firmware.pelco_d.session import Session, wire_ms
from firmware.ptz.bus import Bus
from firmware.ptz.model import PtzSettings
from firmware.ptz.service import PtzService
from sim.devices.dome import Dome
from sim.devices.line import UNIT, SimLine

MOVE_COUNT = 200
SLACK_MS = 2
LINES = ((1, 2400), (1, 9600), (8, 2400), (8, 9600))
PAN = b"\xff\x01\x00\x59\x20\x15\x8f"
TILT = b"\xff\x01\x00\x5b\x11\x94\x01"


class Bench:
    """A bus of so many domes that answer, under a virtual clock."""

    def __init__(self, count, baud, think_ms=2):
        self.ms = 0
        self.line = SimLine(self, baud)
        self.line.think_us = think_ms * 1000
        self.domes = [Dome(1 + index) for index in range(count)]
        for dome in self.domes:
            self.line.attach(dome)
        self.bus = Bus()
        for index in range(count):
            self.bus.attach(PtzService("dome-%d" % index, PtzSettings(1 + index, baud, True)))
        self.port = self.line.port()
        self.port.open()
        self.bus.on_line(True, 0)
        self.due_ms = 0

    def now_ms(self):
        """Give the line its clock."""
        return self.ms

    def run(self, span_ms):
        """Step when due or when bytes came, as the unit does."""
        end_ms = self.ms + span_ms
        while self.ms < end_ms:
            data = self.port.read()
            if data:
                self.bus.receive(data, self.ms)
            if data or self.ms >= self.due_ms:
                out, self.due_ms = self.bus.step(self.ms)
                if out:
                    assert self.port.write(out) == len(out)
            self.ms += 1

    def stop_behind_moves(self, index, movers=None):
        """Wish for 200 moves and then for a stop of one dome; returns when."""
        services = movers or self.bus.services
        for turn in range(MOVE_COUNT):
            services[turn % len(services)].move(turn - 500, turn, 0, self.ms)
        assert self.bus.services[index].stop(self.ms) == ""
        self.due_ms = self.ms
        return self.ms

    def sent(self, since_ms):
        """What the unit began to send since a moment: (first bit, last bit, frame), in us."""
        return [row[1:] for row in self.line.log if row[0] == UNIT and row[1] >= since_ms * 1000]

    def longest_ms(self):
        """How long a second copy may wait for what a stop has overtaken, and for pacing."""
        session = self.bus.services[0].session
        return session.duration_ms("pan") + self.bus.services[0].settings.pacing_ms + SLACK_MS

    def leaving_ms(self, at_ms):
        """When the frame that is leaving at a moment has left; that moment when none is."""
        ends = [row[2] for row in self.line.log if row[0] == UNIT and row[1] < at_ms * 1000]
        return max([at_ms] + [-(-end // 1000) for end in ends])


def test_a_stop_behind_200_moves_is_next_on_the_wire_whatever_is_under_way():
    for count, baud in LINES:
        busy_count = 0
        bench = Bench(count, baud)
        bench.run(4000)
        for round_index in range(16):
            bench.run(701 + 11 * round_index)
            index = round_index % count
            wished_ms = bench.stop_behind_moves(index)
            left_ms = bench.leaving_ms(wished_ms)
            bench.run(wire_ms(7, baud) + SLACK_MS + 5)
            case = (count, baud, round_index)
            first_us, _, frame = bench.sent(wished_ms)[0]
            assert frame == commands.stop(1 + index), case
            assert first_us <= (left_ms + SLACK_MS) * 1000, (case, first_us, left_ms)
            assert first_us <= (wished_ms + wire_ms(7, baud) + SLACK_MS) * 1000, case
            busy_count += left_ms > wished_ms
            bench.bus.services[index].move(300, 0, 0, bench.ms)
            bench.run(300)
        overtaken = sum(service.session.overtaken_count for service in bench.bus.services)
        assert busy_count and overtaken >= 8, (count, baud, busy_count, overtaken)


def test_the_second_copy_goes_when_nothing_can_be_on_the_line_any_more():
    for count, baud in LINES:
        bench = Bench(count, baud, think_ms=30)
        bench.run(4000)
        for round_index in range(12):
            bench.run(607 + 13 * round_index)
            wished_ms = bench.stop_behind_moves(0, bench.bus.services[:1])
            bench.run(1500)
            rows = [row for row in bench.sent(wished_ms) if row[2] == commands.stop(1)]
            case = (count, baud, round_index)
            assert len(rows) >= 2, (case, rows)
            assert rows[1][0] - rows[0][1] <= bench.longest_ms() * 1000, (case, rows)
            assert rows[1][0] - rows[0][1] >= 20_000, case
            for row in bench.line.log:
                if row[0] != UNIT:
                    assert row[2] <= rows[1][0] or row[1] >= rows[1][1], (case, row)


def test_a_dome_stands_soon_although_replies_run_into_its_stops():
    for baud in (2400, 9600):
        bench = Bench(1, baud, think_ms=10)
        bench.run(2000)
        for offset_ms in range(0, 140, 4):
            bench.bus.services[0].move(700, 0, 0, bench.ms)
            bench.due_ms = bench.ms
            bench.run(400 + offset_ms)
            bench.bus.services[0].stop(bench.ms)
            bench.due_ms = bench.ms
            bench.run(450)
            assert not bench.domes[0].is_moving, (baud, offset_ms)
            bench.run(600)
        assert bench.line.collision_count > 5, (baud, bench.line.collision_count)
        assert bench.bus.services[0].asking.missed_count == 0, baud


def test_a_late_reply_is_no_answer_to_the_next_question():
    for late in (PAN, PAN[:4], TILT, commands.stop(1), b"\xff\x01\x00\x01"):
        session = Session(1, 9600)
        session.begin(commands.build(1, "query_pan"), "pan", 0)
        session.receive(b"", 8)
        assert session.out_ms(is_whole=True) == 8
        until_ms = session.overtake()
        session.begin(commands.stop(1), "none", 8, until_ms)
        session.receive(late, 30)
        assert not session.step(until_ms - 1), late
        assert session.step(until_ms) and session.reply is None, late
        assert session.timeout_count == session.answered_count == 0, late
        session.begin(commands.build(1, "query_pan"), "pan", until_ms + 20)
        assert not session.step(until_ms + 30) and session.reply is None, late
        session.receive(b"\xff\x01\x00\x59\x00\x01\x5b", until_ms + 40)
        assert session.step(until_ms + 40) and session.reply.value == 1, late


def test_places_stay_right_when_stops_overtake_questions():
    bench = Bench(2, 2400, think_ms=35)
    bench.run(4000)
    for offset_ms in range(0, 120, 5):
        bench.bus.services[0].move(500 if offset_ms % 2 else -500, 0, 0, bench.ms)
        bench.bus.services[1].move(300, -200, 0, bench.ms)
        bench.due_ms = bench.ms
        bench.run(250 + offset_ms)
        bench.stop_behind_moves(0)
        bench.run(3500)
        for index in (0, 1):
            dome, place = bench.domes[index], bench.bus.services[index].position()
            want = (dome.pan_cdeg, dome.tilt_cdeg, dome.zoom_permille, True)
            assert place == want, (offset_ms, index, place, want)
    assert sum(service.session.late_count for service in bench.bus.services) > 0


def test_a_stop_asked_for_again_and_again_still_comes_to_its_second_copy():
    bench = Bench(1, 2400)
    bench.run(2000)
    bench.bus.services[0].move(500, 0, 0, bench.ms)
    bench.due_ms = bench.ms
    bench.run(200)
    begun_ms = bench.ms
    for _ in range(20):
        bench.bus.services[0].stop(bench.ms)
        bench.due_ms = bench.ms
        bench.run(10)
    bench.run(600)
    stops = [row for row in bench.sent(begun_ms) if row[2] == commands.stop(1)]
    assert 2 <= len(stops) <= 4, len(stops)
    assert not bench.domes[0].is_moving


MICROPYTHON_HEAP = "8m"  # the log of a long run
