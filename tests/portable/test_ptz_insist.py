"""A stop that a head did not hear is said again, and one that it heard is not."""

from firmware.ptz.model import PtzSettings
from sim.devices.dome import GENERAL, SILENT, Dome
from tests.portable.ptz_bench import Bench

STOP = b"\xff\x01\x00\x00\x00\x00\x01"


def stops_after(bench, since_ms, is_deaf_ms):
    """Stop a moving dome that hears nothing for a while; how many stops went out."""
    bench.run(1500)
    bench.service.move(500, 0, 0, bench.ms)
    bench.run(500)
    begun_ms = bench.ms
    bench.dome.is_deaf = is_deaf_ms > 0
    bench.service.stop(bench.ms)
    bench.run(is_deaf_ms)
    bench.dome.is_deaf = False
    bench.run(since_ms - is_deaf_ms)
    return [row for row in bench.sent(begun_ms) if row[2] == STOP]


def test_a_stop_that_was_heard_is_said_twice():
    bench = Bench()
    assert len(stops_after(bench, 3000, 0)) == 2
    assert bench.service.insist.repeated_count == 0


def test_a_stop_that_was_not_heard_is_said_until_the_head_stands():
    for deaf_ms in (100, 200, 250, 300):
        bench = Bench()
        stops = stops_after(bench, 1500, deaf_ms)
        assert len(stops) >= 3, deaf_ms
        assert bench.service.insist.repeated_count >= 1, deaf_ms
        assert not bench.dome.pan.rate_per_s, deaf_ms
        assert bench.names().count("ptz.stopped") == 2, "at the start, and told once here"


def test_a_newer_wish_ends_the_repeating():
    bench = Bench()
    bench.run(1500)
    bench.dome.is_deaf = True
    bench.service.move(500, 0, 0, bench.ms)
    bench.run(200)
    bench.service.stop(bench.ms)
    bench.run(150)
    begun_ms = bench.ms
    bench.service.move(-500, 0, 0, begun_ms)
    bench.dome.is_deaf = False
    bench.run(700)
    rows = [row[2] for row in bench.sent(begun_ms)]
    first = next(index for index, frame in enumerate(rows) if frame[3] == 4)
    assert STOP not in rows[first:], rows
    assert bench.dome.pan.rate_per_s < 0


def test_no_preset_lets_a_head_run_on_that_missed_the_stops_before_it():
    for deaf_ms in (100, 250, 400, 600, 1500):
        bench = Bench()
        bench.run(1500)
        bench.service.move(500, 0, 0, bench.ms)
        bench.run(500)
        bench.dome.is_deaf = True
        assert bench.service.preset("go", 7, bench.ms) == ""
        bench.run(deaf_ms)
        bench.dome.is_deaf = False  # it has no preset 7, and ignores it
        bench.run(1500)
        assert not bench.dome.pan.rate_per_s, deaf_ms
    bench.run(3000)
    assert bench.service.drive.state == "idle"


def test_a_one_way_line_hears_two_copies():
    bench = Bench(9600, Dome(1, SILENT), PtzSettings(1, 9600, False))
    assert len(stops_after(bench, 3000, 300)) == 2


def test_a_missed_reply_makes_a_place_doubtful_at_once():
    settings = PtzSettings(1, 9600, True)
    settings.zones = ((9_000, 12_000, -2_000, 500),)
    bench = Bench(9600, Dome(1, GENERAL), settings)
    bench.run(3000)
    assert bench.service.picture_zones() == []
    bench.dome.power_cycle(bench.ms)
    bench.run(900)
    assert bench.service.picture_zones() != []
    assert not bench.service.is_silent(), "long before it counts as silent"


def test_a_head_that_homes_soon_after_a_slow_move_is_covered_as_one_that_turns_by_itself():
    for is_stopped, pan in ((True, 50), (False, 50), (True, -50), (False, -50)):
        settings = PtzSettings(1, 9600, True)
        settings.zones = ((34_000, 2_000, -1_500, 1_500),)  # around home
        settings.query_ms = 1_000  # a while until it counts as silent
        bench = Bench(9600, Dome(1, GENERAL), settings)
        bench.dome.pan.place(9_000)
        bench.run(3000)
        bench.service.move(pan, 0, 0, bench.ms)
        bench.run(300)
        if is_stopped:
            bench.service.stop(bench.ms)
            bench.run(40)
        bench.dome.power_cycle(bench.ms)
        seen_count = 0
        for _ in range(60):
            bench.run(50)
            if not is_stopped:
                bench.service.move(pan, 0, 0, bench.ms)
            if bench.ms < bench.dome.dark_until_ms or 1_500 < bench.dome.pan_cdeg < 34_500:
                continue
            seen_count += 1
            covers = bench.service.picture_zones()
            is_covered = any(c[0] <= 500 <= c[2] and c[1] <= 500 <= c[3] for c in covers)
            assert is_covered, (is_stopped, pan, bench.ms, covers)
        assert seen_count > 10, (is_stopped, pan, seen_count)


def test_a_silent_head_that_missed_every_stop_is_stopped_all_the_same():
    for baud in (2400, 9600):
        bench = Bench(baud)
        bench.run(1500)
        bench.service.move(500, 0, 0, bench.ms)
        bench.run(300)
        bench.dome.is_deaf = True
        bench.dome.replies = SILENT
        bench.service.stop(bench.ms)
        bench.run(700)
        bench.dome.is_deaf = False  # it hears again, and its answers never come
        assert bench.dome.pan.rate_per_s > 0, baud
        bench.run(2500)
        assert bench.service.is_silent() and not bench.dome.is_moving, baud
        bench.run(20_000)
        begun_ms = bench.ms
        bench.run(30_000)
        stops = [row for row in bench.sent(begun_ms) if row[2] == STOP]
        assert 1 <= len(stops) <= 8, (baud, len(stops), "a dead head does not fill the line")


class Mumbler(Dome):
    """A dome that can come to say only what nobody can read.

    Attributes:
        spoil: what becomes of an answer.
    """

    spoil = None

    def receive(self, data, now_ms):
        """Answer, as well as it can."""
        said = super().receive(data, now_ms)
        return self.spoil(said) if said and self.spoil else said


def wrong_at_the_end(said):
    """Spoil the last byte."""
    return said[:-1] + bytes((said[-1] ^ 1,))


def cut_off(said):
    """Lose the last byte."""
    return said[:-1]


def nothing(said):
    """Lose it all."""
    return said[:0]


def test_a_head_that_was_dead_for_long_and_only_mumbles_is_stopped_soon():
    bench = Bench(4800, Mumbler(1, GENERAL, 0))
    bench.run(1500)
    bench.service.move(50, 0, 0, bench.ms)
    bench.run(300)
    bench.dome.is_deaf = True
    bench.service.stop(bench.ms)
    bench.run(30_000)
    assert bench.service.is_silent() and bench.dome.is_moving
    bench.dome.is_deaf = False
    bench.dome.spoil = wrong_at_the_end
    bench.run(2_500)
    assert not bench.dome.is_moving, "it answered, though nobody could read what"
    assert bench.service.is_silent()


def test_a_preset_sought_does_not_let_a_head_run_on_that_hears_again_and_only_mumbles():
    for baud in (2400, 9600):
        for spoil in (wrong_at_the_end, cut_off):
            for deaf_ms in (700, 1_100, 3_000):
                case = (baud, spoil.__name__, deaf_ms)
                bench = Bench(baud, Mumbler(1, GENERAL, 0))
                bench.run(1500)
                bench.service.move(500, 0, 0, bench.ms)
                bench.run(300)
                bench.dome.is_deaf = True
                bench.dome.spoil = spoil
                assert bench.service.preset("go", 7, bench.ms) == "", case
                bench.run(deaf_ms)
                assert bench.dome.is_moving, case
                bench.dome.is_deaf = False  # it has no preset 7
                bench.run(2_500)
                assert not bench.dome.is_moving, case
                assert bench.service.drive.state == "idle", case


def test_a_head_that_nobody_can_read_reaches_its_preset_all_the_same():
    for spoil in (wrong_at_the_end, cut_off, nothing):
        bench = Bench(4800, Mumbler(1, GENERAL, 0))
        bench.dome.presets = {1: (9_000, 0, 0)}
        bench.dome.spoil = spoil
        bench.run(5_000)
        assert bench.service.is_silent(), spoil
        bench.service.move(-500, 0, 0, bench.ms)
        bench.run(300)
        assert bench.service.preset("go", 1, bench.ms) == "", spoil
        bench.run(15_000)
        assert bench.dome.pan_cdeg == 9_000, spoil
