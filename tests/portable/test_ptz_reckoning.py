"""A head that never answers is turned by known speeds, and nobody is sure of it for long."""

from firmware.ptz.model import PtzSettings
from firmware.ptz.reckoning import DOUBT_CDEG_MAX, Reckoning
from sim.devices.dome import SILENT, Dome
from tests.portable.ptz_bench import Bench

MICROPYTHON_HEAP = "8m"


def silent_bench(zones=()):
    """A bench with a head that never answers, and its reckoning."""
    settings = PtzSettings(1, 9600, False)
    settings.zones = zones
    bench = Bench(9600, Dome(1, SILENT), settings)
    bench.run(300)
    bench.service.reckoning = Reckoning(bench.service)
    return bench


def mark(bench):
    """Be an engineer who reads the head's own scale."""
    dome = bench.dome
    return bench.service.reckoning.mark(dome.pan_cdeg, dome.tilt_cdeg, bench.ms)


def drive(bench, pan, tilt, span_ms):
    """Hold a move for a while, then let it come to rest."""
    end_ms = bench.ms + span_ms
    while bench.ms < end_ms:
        assert bench.service.move(pan, tilt, 0, bench.ms) == ""
        bench.run(100)
    bench.service.stop(bench.ms)
    bench.run(800)


def calibrated(bench):
    """Teach it some speeds of both axes."""
    assert mark(bench) == ""
    for permille in (60, 150, 400, 800):
        for pan, tilt in ((permille, 0), (-permille, 0), (0, -permille), (0, permille)):
            drive(bench, pan, tilt, 2_000 if tilt else 3_000)
            assert mark(bench) == "", (pan, tilt)
    return bench.service.reckoning


def test_speeds_are_learned_between_two_marks():
    bench = silent_bench()
    reckoning = calibrated(bench)
    assert sorted(reckoning.rates["pan"]) == [150, 400, 800], "60 goes too short a way to tell"
    assert abs(reckoning.rate("pan", 800) - 5_200) < 400, reckoning.rates
    assert reckoning.rate("pan", 0) == 0 and reckoning.rates_count >= 5
    assert 0 < reckoning.rate("pan", 100) < reckoning.rate("pan", 150)
    assert reckoning.rate("pan", 1000) > reckoning.rate("pan", 800)
    assert mark(bench) == ""
    count = reckoning.rates_count
    drive(bench, 400, 0, 500)
    drive(bench, 800, 0, 500)
    assert mark(bench) == ""
    assert reckoning.rates_count == count, "two speeds between two marks tell of neither"


def test_the_place_is_reckoned_and_doubt_grows_until_it_is_worth_nothing():
    bench = silent_bench()
    reckoning = calibrated(bench)
    bench.run(500)
    assert bench.service.position()[3] and reckoning.doubt_cdeg <= 20
    off_cdeg = 0
    for turn in range(12):
        drive(bench, 400 if turn % 2 else -400, 0, 1_000)
        if not bench.service.position()[3]:
            break
        pan = bench.service.position()[0]
        off_cdeg = abs((pan - bench.dome.pan_cdeg + 18_000) % 36_000 - 18_000)
        assert off_cdeg <= reckoning.doubt_cdeg <= DOUBT_CDEG_MAX, (turn, off_cdeg)
    assert not bench.service.position()[3] and turn >= 1, turn
    assert bench.service.aiming().go_to(0, 0, 0, bench.ms) == "ptz.no_position"
    assert mark(bench) == ""
    bench.run(100)
    assert bench.service.position()[3]


def test_a_silent_head_goes_to_a_place():
    bench = silent_bench()
    calibrated(bench)
    bench.run(500)
    assert bench.service.aiming().go_to(3_000, -800, 700, bench.ms) == ""
    while bench.service.aiming().is_busy():
        bench.run(200)
    bench.run(500)
    doubt_cdeg = bench.service.reckoning.doubt_cdeg
    assert abs(bench.dome.pan_cdeg - 3_000) <= doubt_cdeg + 15, bench.dome.pan_cdeg
    assert abs(bench.dome.tilt_cdeg + 800) <= doubt_cdeg + 15, bench.dome.tilt_cdeg


def test_what_moves_by_itself_or_is_not_calibrated_is_unknown():
    bench = silent_bench()
    assert mark(bench) == ""
    bench.run(300)
    assert bench.service.position()[3]
    drive(bench, 300, 0, 300)
    assert not bench.service.position()[3], "no speed is known"
    for act in ("preset", "line", "forget"):
        assert mark(bench) == ""
        bench.run(300)
        assert bench.service.position()[3], act
        if act == "preset":
            bench.service.preset("go", 1, bench.ms)
        elif act == "line":
            bench.service.on_line(False, bench.ms)
            bench.service.on_line(True, bench.ms)
        else:
            bench.service.reckoning.forget()
        bench.run(300)
        assert not bench.service.position()[3], act
        bench.run(21_000)


def test_it_is_refused_where_it_would_be_no_use_or_no_safety():
    bench = silent_bench(((9_000, 12_000, -2_000, 500),))
    assert mark(bench) == "ptz.zone"
    assert bench.service.picture_zones() == [(0, 0, 1000, 1000)]
    bench = Bench(9600)
    bench.run(900)
    assert Reckoning(bench.service).mark(0, 0, bench.ms) == "ptz.tells"
    bench = silent_bench()
    for pan, tilt in ((-1, 0), (36_000, 0), (0, 9_001)):
        assert bench.service.reckoning.mark(pan, tilt, bench.ms) == "ptz.range", (pan, tilt)
    bench.service.move(300, 0, 0, bench.ms)
    assert mark(bench) == "ptz.line", "it turns"


def test_a_known_speed_is_held_to_where_it_halts():
    bench = silent_bench()
    calibrated(bench)
    goal = ((bench.dome.pan_cdeg + 6_000) % 36_000, bench.dome.tilt_cdeg)
    begun_ms = bench.ms
    assert bench.service.aiming().go_to(goal[0], goal[1], 0, bench.ms) == ""
    while bench.service.aiming().is_busy():
        bench.run(100)
    speeds = [row[2][4] for row in bench.sent(begun_ms) if row[2][3] & 0x06]
    changes = [index for index in range(1, len(speeds)) if speeds[index] != speeds[index - 1]]
    assert speeds and len(changes) <= 2, (speeds, "fast, then exact: every change brings doubt")
    off_cdeg = abs((bench.dome.pan_cdeg - goal[0] + 18_000) % 36_000 - 18_000)
    assert off_cdeg <= 100, (off_cdeg, speeds)
