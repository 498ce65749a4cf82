"""Absolute and relative moves end where they were sent, inside limits, off zones, on a lease."""

from firmware.pelco_d import commands
from firmware.ptz.limits import is_met, view_box
from firmware.ptz.model import PtzSettings, fov_cdeg
from firmware.ptz.path import is_within, plan
from sim.devices.dome import SILENT, Dome
from tests.portable.ptz_bench import Bench

STOP = commands.stop(1)
MICROPYTHON_HEAP = "8m"  # the log of a long run
WINDOW = (5000, 7000, -1500, 1500)  # left, right, low, high


def went_to(bench):
    """Take the events; the causes of those that end a way."""
    return [row[2]["cause"] for row in bench.service.events.take() if row[0] == "ptz.went_to"]


def run_there(bench, span_ms=60_000):
    """Run until the way is over; returns how long it took."""
    begun_ms = bench.ms
    while bench.service.aiming().is_busy() and bench.ms - begun_ms < span_ms:
        bench.run(100)
    return bench.ms - begun_ms


def miss(bench, goal):
    """How far the dome itself is from a place, by axis."""
    dome = bench.dome
    pan = (dome.pan_cdeg - goal[0] + 18000) % 36000 - 18000
    return abs(pan), abs(dome.tilt_cdeg - goal[1]), abs(dome.zoom_permille - goal[2])


def is_there(bench, goal):
    """Whether the dome itself looks where it was sent; a lens has steps, longer on slow lines."""
    pan, tilt, zoom = miss(bench, goal)
    return max(pan, tilt) <= 15 and zoom <= 10


def test_it_goes_where_it_is_sent():
    for baud in (2400, 9600):
        bench = Bench(baud)
        bench.run(1500)
        for goal in ((4500, -3000, 400), (4600, -3000, 400), (34000, 0, 0), (16500, -8000, 1000)):
            assert bench.service.aiming().go_to(*goal, bench.ms) == "", goal
            took_ms = run_there(bench)
            bench.run(1000)
            case = (baud, goal, took_ms, miss(bench, goal))
            assert went_to(bench) == ["arrived"], case
            assert is_there(bench, goal), case
            assert bench.service.position()[3] and not bench.dome.is_moving, case


def test_a_relative_move_goes_from_where_it_looks():
    bench = Bench(9600)
    bench.run(1500)
    aiming = bench.service.aiming()
    assert aiming.step_by(-2000, 1500, 300, bench.ms) == ""
    run_there(bench)
    assert is_there(bench, (34000, 1500, 300))
    assert aiming.step_by(2500, -1500, -300, bench.ms) == ""
    run_there(bench)
    pan, tilt, zoom = miss(bench, (500, 0, 0))
    assert max(pan, tilt) <= 30 and zoom <= 10, "both ways were as near as they have to be"
    assert aiming.step_by(0, -9100, 0, bench.ms) == "ptz.range"
    assert aiming.step_by(0, 0, 1001, bench.ms) == "ptz.range"


def test_what_cannot_be_gone_to_is_refused():
    settings = PtzSettings(1, 9600, True)
    settings.pan_limits_cdeg = (34000, 9000)
    settings.tilt_limits_cdeg = (-6000, 500)
    bench = Bench(9600, None, settings)
    aiming = bench.service.aiming()
    assert aiming.go_to(0, 0, 0, bench.ms) == "ptz.no_position"
    bench.run(1500)
    for goal, want in (
        ((36000, 0, 0), "ptz.range"),
        ((-1, 0, 0), "ptz.range"),
        ((0, 9001, 0), "ptz.range"),
        ((0, 0, 1001), "ptz.range"),
        ((9001, 0, 0), "ptz.limit"),
        ((8950, 0, 0), "ptz.limit"),
        ((33000, 0, 0), "ptz.limit"),
        ((0, 600, 0), "ptz.limit"),
        ((8800, 400, 0), ""),
    ):
        assert aiming.go_to(*goal, bench.ms) == want, goal
    run_there(bench)
    assert is_there(bench, (8800, 400, 0))
    silent = Bench(2400, Dome(1, SILENT), PtzSettings(1, 2400, False))
    silent.run(1500)
    assert silent.service.aiming().go_to(0, 0, 0, silent.ms) == "ptz.no_position"
    assert not any(row[2][3] & 1 == 0 and row[2][3] for row in silent.sent())


def fenced(goal, zones=(WINDOW,)):
    """Go somewhere with a fence; what the witness says of every moment on the way."""
    settings = PtzSettings(1, 9600, True)
    settings.zones = settings.fences = zones
    bench = Bench(9600, None, settings)
    bench.run(1500)
    seen = {"count": 0}

    def watch(bench):
        dome = bench.dome
        width_cdeg = fov_cdeg(settings, dome.zoom_permille)
        box = view_box((dome.pan_cdeg, dome.tilt_cdeg), width_cdeg, (0, 0))
        seen["count"] += any(is_met(box, zone) for zone in zones)

    answer = bench.service.aiming().go_to(*goal, bench.ms)
    while bench.service.aiming().is_busy():
        bench.run(100, watch)
        bench.line.log.clear()
    return bench, answer, seen["count"]


def test_a_fence_is_gone_round_and_never_shown():
    for goal in ((15000, 0, 500), (12000, -6000, 0), (11500, 0, 300)):
        bench, answer, shown_count = fenced(goal)
        assert answer == "" and not shown_count, goal
        assert went_to(bench) == ["arrived"], goal
        assert is_there(bench, goal), (goal, miss(bench, goal))
    bench, answer, _ = fenced((6000, 0, 0))
    assert answer == "ptz.zone", "the place itself shows it"
    walls = ((9000, 9100, -9000, 9000), (27000, 27100, -9000, 9000))
    bench, answer, _ = fenced((18000, 0, 900), walls)
    assert answer == "ptz.zone", "a wall on either side"


def test_a_way_keeps_inside_soft_stops_and_in_short_legs():
    settings = PtzSettings(1, 9600, True)
    settings.pan_limits_cdeg = (10000, 9000)
    assert is_within(settings, (9500, 0, 0)) is False and is_within(settings, (20000, 0, 0))
    way = plan(settings, (11000, 0, 0), (8000, -1000, 7))
    assert [place[0] for place in way] == [22000, 33000, 8000] and way[-1] == (8000, -1000, 7)
    settings.pan_limits_cdeg = None
    assert plan(settings, (35000, 10, 3), (1000, 20, 5)) == [(1000, 20, 5)]


def test_whoever_moves_or_stops_it_ends_the_way():
    for act in ("move", "stop", "seek", "lost"):
        bench = Bench(9600)
        bench.run(1500)
        bench.service.aiming().go_to(18000, 0, 0, bench.ms)
        bench.run(600)
        assert bench.dome.is_moving
        if act == "move":
            bench.service.move(-300, 0, 0, bench.ms)
        elif act == "stop":
            bench.service.stop(bench.ms)
        elif act == "seek":
            bench.service.preset("go", 1, bench.ms)
        else:
            bench.service.on_line(False, bench.ms)
        bench.run(20)
        assert went_to(bench) == ["other"] and not bench.service.aiming().is_busy(), act
        if act != "lost":
            bench.run(2500)
            assert not bench.dome.is_moving, act


def test_a_dome_that_stops_telling_is_stopped_within_a_second():
    for baud in (2400, 9600):
        bench = Bench(baud)
        bench.run(1500)
        bench.service.aiming().go_to(18000, 0, 0, bench.ms)
        bench.run(900)
        assert bench.dome.is_moving
        bench.dome.replies = SILENT
        quiet_ms = bench.ms
        bench.run(1200)
        stops = [row for row in bench.sent(quiet_ms) if row[2] == STOP]
        assert stops and stops[0][1] <= quiet_ms + 1100, (baud, stops, quiet_ms)
        bench.run(300)
        assert not bench.dome.is_moving, baud
        bench.run(8000)
        assert went_to(bench) in (["silent"], ["stuck"]), baud


def stand(rate_per_s):
    """Be a motor that hears and does not turn."""
    assert rate_per_s is not None


def test_a_stuck_axis_is_given_up():
    bench = Bench(9600)
    bench.run(1500)
    bench.dome.pan.drive = stand
    bench.service.aiming().go_to(9000, 0, 0, bench.ms)
    took_ms = run_there(bench)
    assert went_to(bench) == ["stuck"] and took_ms <= 6000, took_ms
    bench.run(600)
    assert bench.sent()[-1][2] != STOP and bench.service.drive.state == "idle"


def test_a_place_that_is_refused_leaves_the_one_under_way_alone():
    settings = PtzSettings(1, 9600, True)
    settings.zones = settings.fences = ((9000, 9100, -9000, 9000), (27000, 27100, -9000, 9000))
    bench = Bench(9600, None, settings)
    bench.run(1500)
    aiming = bench.service.aiming()
    assert aiming.go_to(2000, -1000, 0, bench.ms) == ""
    bench.run(600)
    assert aiming.go_to(18000, 0, 900, bench.ms) == "ptz.zone", "a wall on either side"
    assert aiming.go_slowly((36000, 0, 0), 100, bench.ms) == "ptz.range"
    run_there(bench)
    assert went_to(bench) == ["arrived"] and is_there(bench, (2000, -1000, 0))


def test_an_aim_passes_no_soft_stop():
    settings = PtzSettings(1, 2400, True)
    settings.pan_limits_cdeg, settings.tilt_limits_cdeg = (34000, 2000), (-2000, 500)
    settings.limit_margin_cdeg = 200
    bench = Bench(2400, None, settings)
    bench.run(1500)
    far = [0, 0]

    def look(bench):
        off = (bench.dome.pan_cdeg + 18000) % 36000 - 18000
        far[0] = max(far[0], abs(off))
        far[1] = max(far[1], abs(bench.dome.tilt_cdeg + 750))
        return False

    for goal in ((34300, -1700, 100), (1700, 300, 0)):
        assert bench.service.aiming().go_to(*goal, bench.ms) == "", goal
        while bench.service.aiming().is_busy():
            bench.run(100, look)
        assert is_there(bench, goal), (goal, miss(bench, goal))
    assert far[0] <= 2000 and far[1] <= 1250, far


def test_a_halt_is_neither_slept_through_nor_talked_into():
    for zoom in (898, 700, 350):
        bench = Bench(2400)
        bench.run(1500)
        assert bench.service.aiming().go_to(0, 0, zoom, bench.ms) == ""
        bench.service.events.take()
        begun_ms = bench.ms
        run_there(bench)
        causes = [row[2].get("cause") for row in bench.service.events.take()]
        assert causes[-1] == "arrived" and is_there(bench, (0, 0, zoom)), (zoom, causes)
        assert causes.count("go_to") <= 3, (zoom, "every try ends in one stop", causes)
        lows = [row for row in bench.sent(begun_ms) if row[2] == STOP]
        assert len(lows) <= 6, (zoom, "both copies were heard", lows)


def test_a_dome_whose_aim_is_held_back_goes_on_telling():
    settings = PtzSettings(1, 4800, True)
    settings.zones = settings.fences = ((33406, 1442, -430, 1019), (1520, 4610, -2401, -1216))
    bench = Bench(4800, None, settings)
    bench.dome.pan.place(900)
    bench.dome.tilt.place(-800)
    bench.dome.zoom.place(400)
    bench.run(1500)
    begun_ms = bench.ms
    assert bench.service.aiming().go_to(33406, -2430, 300, begun_ms) == ""
    assert bench.service.drive.state == "idle", "no axis may go anywhere just now"
    run_there(bench)
    assert went_to(bench) == ["stuck"]
    last_ms, gap_ms = begun_ms, 0
    for asked_ms in [row[0] for row in bench.sent(begun_ms)] + [bench.ms]:
        last_ms, gap_ms = asked_ms, max(gap_ms, asked_ms - last_ms)
    assert gap_ms <= settings.query_ms + 100, gap_ms
