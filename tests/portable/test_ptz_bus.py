"""Many domes on one line: a stop goes first, all are served, and the line is judged."""

from firmware.app.dome_line import DomeLine
from firmware.pelco_d import commands
from firmware.ptz.quality import BAD, DEAD, GOOD, NOISY, UNKNOWN, LineQuality, totals
from sim.devices.line import FAR, UNIT
from tests.portable.bus_bench import Bench

MICROPYTHON_HEAP = "8m"  # the log of a long run on a fast line


def is_motion(frame):
    """Whether a frame sets pan or tilt in motion."""
    return not frame[3] & 1 and frame[3] & 0x1E != 0


def test_all_places_become_known_and_nobody_talks_into_another():
    for count, baud in ((1, 2400), (3, 2400), (8, 9600)):
        bench = Bench(count, baud)
        bench.run(6000)
        for service in bench.bus.services:
            assert service.position()[3], (count, service.name)
        assert bench.line.collision_count == 0, count
        assert bench.bus.quality.verdict() == GOOD, count
        assert bench.bus.quality.error_count == 0, count


def test_the_line_rests_between_two_domes():
    bench = Bench(8, 9600)
    bench.run(3000)
    log = bench.line.log
    for index in range(1, len(log)):
        before, after = log[index - 1], log[index]
        rest_us = after[1] - before[2]
        assert rest_us >= (1000 if after[0] == UNIT else 0), (before, after)
        assert before[0] == UNIT or after[0] != FAR


def test_a_stop_overtakes_whatever_waits_on_the_whole_line():
    for replies in (True, False):
        bench = Bench(8, 2400, replies)
        bench.run(4000)
        for index, service in enumerate(bench.bus.services):
            assert service.move(300 + index, 0, 0, bench.ms) == ""
            assert service.aux(1, True, bench.ms) == ""
        bench.wish()
        bench.run(40)
        begun_ms = bench.ms
        assert bench.bus.services[6].stop(begun_ms) == ""
        bench.wish()
        bench.run(400)
        later = [row for row in bench.sent() if row[0] >= begun_ms]
        assert later[0][2] == commands.stop(7), later
        longest_ms = bench.bus.services[0].session.duration_ms("general") + 20
        assert later[0][0] - begun_ms <= longest_ms, (begun_ms, later[0])


def test_eight_forgotten_moves_are_all_stopped_on_the_wire_within_a_second():
    for baud, replies in ((2400, True), (2400, False), (9600, True), (9600, False)):
        bench = Bench(8, baud, replies)
        bench.run(4000)
        held_ms = bench.ms

        def hands(now_ms, bench=bench):
            if now_ms % 100:
                return False
            for service in bench.bus.services:
                assert service.move(500, 200, 0, now_ms) == ""
            return True

        bench.run(1501 - bench.ms % 100, hands)
        begun_ms = (bench.ms - 1) // 100 * 100
        bench.run(1500)
        for address in range(1, 9):
            stops = [row for row in bench.sent(begun_ms) if row[2] == commands.stop(address)]
            moves = [
                row for row in bench.sent(held_ms) if row[2][1] == address and is_motion(row[2])
            ]
            assert moves, (baud, replies, address)
            assert stops and stops[0][1] - begun_ms <= 1000, (baud, replies, address, stops)
            assert moves[-1][0] < stops[0][0] <= begun_ms + 1000, (baud, address)


def test_a_dead_dome_does_not_keep_the_others_from_their_stops():
    bench = Bench(4, 2400)
    bench.run(3000)
    bench.domes[0].is_deaf = bench.domes[2].is_deaf = True
    begun_ms = bench.ms
    for service in bench.bus.services:
        service.move(500, 0, 0, begun_ms)
    bench.wish()
    bench.run(1500)
    for address in (2, 4):
        stops = [row for row in bench.sent(begun_ms) if row[2] == commands.stop(address)]
        assert stops[0][1] - begun_ms <= 1000, address
    assert bench.bus.services[1].position()[3]


def test_nothing_old_runs_after_a_stop_when_replies_never_come():
    bench = Bench(3, 2400)
    bench.run(3000)
    for dome in bench.domes:
        dome.is_deaf = True
    bench.bus.services[0].move(900, 0, 0, bench.ms)
    bench.wish()
    bench.run(200)
    bench.bus.services[0].stop(bench.ms)
    stopped_ms = bench.ms
    bench.wish()
    bench.run(5000)
    late = [row for row in bench.sent(stopped_ms) if row[2][1] == 1 and is_motion(row[2])]
    assert late == [], "a move was sent again after the stop"


def test_busy_hands_do_not_starve_a_quiet_dome():
    bench = Bench(4, 9600)
    bench.run(2000)

    def hands(now_ms):
        if now_ms % 20 == 0:
            for index in range(3):
                speed = 300 + now_ms // 20 % 2 * 300 + index
                bench.bus.services[index].move(speed, 0, 0, now_ms)
            return True
        return False

    begun_ms = bench.ms
    bench.run(6000, hands)
    queries = [row for row in bench.sent(begun_ms) if row[2][1] == 4]
    assert len(queries) >= 12, len(queries)
    shares = [
        len([row for row in bench.sent(begun_ms) if row[2][1] == address and is_motion(row[2])])
        for address in (1, 2, 3)
    ]
    assert min(shares) >= 50 and max(shares) - min(shares) <= 5, shares


def test_places_stay_known_while_all_domes_are_driven():
    for baud in (2400, 9600):
        bench = Bench(8, baud)
        bench.run(5000)

        def hands(now_ms, bench=bench):
            if now_ms % 100:
                return False
            for service in bench.bus.services:
                service.move(500, 0, 0, now_ms)
            return True

        begun_ms = bench.ms
        bench.run(10_000, hands)
        for address in range(1, 9):
            asked = [
                row for row in bench.sent(begun_ms) if row[2][1] == address and row[2][3] == 0x51
            ]
            assert len(asked) >= 2, (baud, address, len(asked))


def test_last_words_stop_every_dome():
    bench = Bench(8, 2400)
    words = bench.bus.last_words()
    assert len(words) <= 64
    for address in range(1, 9):
        assert commands.stop(address) in words


def test_leases_shrink_with_the_number_of_domes():
    leases = {}
    for count in (1, 2, 8):
        leases[count] = Bench(count, 2400).bus.services[0].drive.lease_ms
    assert leases[1] == 900 and 200 <= leases[8] < leases[2] <= 900, leases


def test_a_lost_line_is_begun_anew():
    bench = Bench(3, 9600)
    bench.run(1000)
    bench.bus.on_line(False, bench.ms)
    assert bench.bus.step(bench.ms)[0] == b""
    bench.bus.on_line(True, bench.ms)
    bench.wish()
    begun_ms = bench.ms
    bench.run(500)
    first = [row[2] for row in bench.sent(begun_ms)][:3]
    assert sorted(first) == [commands.stop(1), commands.stop(2), commands.stop(3)], first


def test_the_verdict_follows_the_line():
    for noise_permille, drop_permille, wanted in (
        (0, 0, (GOOD,)),
        (4, 0, (NOISY, BAD)),
        (60, 40, (BAD,)),
    ):
        bench = Bench(2, 9600, seed=7)
        bench.line.noise_permille = noise_permille
        bench.line.drop_permille = drop_permille
        bench.run(8000)
        told = (noise_permille, bench.bus.quality.verdict(), bench.bus.quality.error_count)
        assert bench.bus.quality.verdict() in wanted, told
    bench = Bench(2, 9600)
    assert bench.bus.quality.verdict() == UNKNOWN
    for dome in bench.domes:
        dome.is_deaf = True
    bench.run(8000)
    assert bench.bus.quality.verdict() == DEAD


def test_a_line_is_opened_once_for_all_and_let_go_with_every_stop():
    bench = Bench(2, 9600)
    port = bench.line.port()
    line = DomeLine(port)
    for service in bench.bus.services:
        line.bus.attach(service)
    while bench.ms < 300:
        line.turn(bench.ms)
        line.turn(bench.ms)  # by the station of the other dome
        bench.ms += 1
    assert port.is_open() and bench.line.collision_count == 0
    assert [service.position()[3] for service in bench.bus.services] == [True, True]
    bench.line.unplug()
    line.turn(bench.ms)
    line.turn(bench.ms)
    assert bench.bus.services[0].move(1, 0, 0, bench.ms) == "ptz.line"
    bench.line.plug()
    bench.ms += 1000
    line.turn(bench.ms)
    assert port.is_open()
    line.release(bench.ms)
    line.release(bench.ms)
    assert not port.is_open()
    words = commands.stop(1) + commands.stop(2)
    assert [row[2] for row in bench.sent(bench.ms)[-3:]] == [words, words, words]


class Counts:
    """A session's counters."""

    def __init__(self):
        self.answered_count = 0
        self.timeout_count = 0
        self.echo_count = 0
        self.collision_count = 0
        self.junk_count = 0
        self.overtaken_count = 0


def test_the_thresholds_of_the_verdict():
    table = (
        (64, 0, 0, GOOD),
        (62, 1, 0, GOOD),
        (62, 2, 0, NOISY),
        (57, 7, 0, BAD),
        (64, 0, 1, GOOD),
        (64, 0, 2, NOISY),
        (64, 0, 13, BAD),
        (0, 8, 0, DEAD),
        (7, 0, 0, UNKNOWN),
    )
    for answered, missed, damaged, want in table:
        quality, counts = LineQuality(), Counts()
        for index in range(answered + missed):
            before = totals(counts)
            counts.answered_count += index < answered
            counts.timeout_count += index >= answered
            counts.collision_count += index < damaged
            quality.observe(before, counts)
        assert quality.verdict() == want, (answered, missed, damaged, quality.verdict())
        assert quality.exchange_count == answered + missed and quality.error_count == missed


def test_a_dead_dome_whose_stop_is_said_again_does_not_hold_up_the_others():
    bench = Bench(3, 9600)
    bench.run(3000)
    dead, _, other = bench.bus.services
    bench.domes[0].is_deaf = True
    begun_ms = bench.ms
    assert dead.move(300, 0, 0, bench.ms) == ""
    bench.run(300)
    assert dead.stop(bench.ms) == ""
    waits_ms = []
    for speed in range(200, 260):
        wished_ms = bench.ms
        assert other.move(speed, 0, 0, bench.ms) == "", speed
        bench.wish()
        bench.run(300)
        rows = [row for row in bench.sent(wished_ms) if row[2][1] == 3 and is_motion(row[2])]
        waits_ms.append(rows[0][0] - wished_ms if rows else 300)
    assert dead.insist.repeated_count > 10
    frame_count = len([row for row in bench.sent(begun_ms) if row[2] == commands.stop(1)])
    assert frame_count > 10, frame_count
    assert max(waits_ms) < 250, waits_ms


def test_a_copy_of_a_stop_that_another_stop_overtook_is_said_again():
    bench = Bench(2, 9600)
    bench.run(4000)
    first, second = bench.bus.services
    dome = bench.domes[1]
    assert second.lens(0, 1, bench.ms) == ""
    bench.wish()
    bench.run(300)
    dome.step(bench.ms)
    assert dome.iris.rate_per_s, "opening"
    dome.is_deaf = True  # for as long as both copies take
    begun_ms = bench.ms
    assert second.stop(begun_ms) == ""
    bench.wish()
    while len([row for row in bench.sent(begun_ms) if row[2] == commands.stop(2)]) < 2:
        bench.run(1)
    assert first.stop(bench.ms) == ""
    bench.wish()
    bench.run(12)
    assert bench.sent(begun_ms)[-1][2] == commands.stop(1), "it has taken the line"
    dome.is_deaf = False
    bench.run(500)
    dome.step(bench.ms)
    assert not dome.iris.rate_per_s
