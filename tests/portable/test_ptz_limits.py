"""A move is slowed before a private zone and ends at its edge; outlines are covered whole."""

from firmware.ptz.limits import Reach, is_away, is_met, limited, view_box
from firmware.ptz.model import PtzSettings, fov_cdeg
from firmware.ptz.outline import slabs
from firmware.ptz.privacy import View, project
from sim.devices.dome import Dome
from tests.portable.ptz_bench import Bench

MICROPYTHON_HEAP = "8m"
WINDOW = (9_000, 12_000, -2_000, 1_000)
NEAR = Reach(0, 0, 700)


def fenced_settings(baud=9600):
    """Settings of a head with one zone that no view may meet."""
    settings = PtzSettings(1, baud, True)
    settings.zones = settings.fences = (WINDOW,)
    return settings


def test_the_box_of_a_view_holds_all_of_it():
    for pan, tilt, width in (
        (0, 0, 6000),
        (9000, -3000, 6000),
        (100, -4500, 400),
        (0, -8800, 500),
    ):
        box = view_box((pan, tilt), width, (0, 0))
        view = View(pan, tilt, width)
        for zone_pan in range(-18000, 18000, 400):
            for zone_tilt in range(-9000, 9000, 300):
                zone = ((pan + zone_pan) % 36000, (pan + zone_pan + 100) % 36000 or 36000)
                zone = (zone[0], zone[1], zone_tilt, min(zone_tilt + 100, 9000))
                spot = view.place(zone_pan, zone_tilt)
                is_in = spot is not None and 0 <= spot[0] <= 1000 and 0 <= spot[1] <= 1000
                assert not is_in or is_met(box, zone), (pan, tilt, width, zone)


def test_boxes_and_zones_meet_across_north_and_all_round():
    cases = (
        ((0, 0, 1000, 1000), (35_500, 100, -500, 500), True),
        ((35_900, 0, 200, 200), (50, 500, -500, 500), True),
        ((35_900, 0, 200, 200), (150, 500, -500, 500), False),
        ((35_900, 0, 200, 200), (30_000, 35_650, -500, 500), False),
        ((18_000, 0, 10, 10), (0, 36_000, -5, 5), True),
        ((18_000, 0, 18_000, 10), (0, 5, -5, 5), True),
        ((0, 0, 1000, 100), (0, 10, 101, 200), False),
        ((0, 0, 1000, 100), (0, 10, -200, -101), False),
    )
    for box, zone, want in cases:
        assert is_met(box, zone) is want, (box, zone)


def test_a_view_that_meets_a_zone_may_only_turn_away():
    aim = (9_500, -700)
    cases = (
        ((-100, 0, 0), True),
        ((100, 0, 0), False),
        ((0, -100, 0), True),
        ((0, -100, 1), True),
        ((0, -100, -1), False),
        ((-100, 100, 0), False),
        ((0, 0, 1), True),
        ((0, 0, 0), False),
    )
    for move, want in cases:
        assert is_away(move, aim, WINDOW) is want, move
    assert not is_away((100, 0, 0), aim, (0, 36_000, -100, 100))
    settings = fenced_settings()
    assert limited(settings, (900, 0, 0), (9_500, -700, 0), NEAR) == (0, 0, 0)
    assert limited(settings, (-900, 0, 0), (9_500, -700, 0), NEAR) == (-900, 0, 0)


def test_a_move_is_slowed_then_taken_apart_then_refused():
    settings = fenced_settings()
    far, near, at = (27_000, 0, 0), (4_500, 0, 0), (5_400, 0, 0)
    assert limited(settings, (1000, 0, 0), far, NEAR) == (1000, 0, 0)
    slowed = limited(settings, (1000, 0, 0), near, NEAR)
    assert 0 < slowed[0] < 1000 and slowed[1:] == (0, 0), slowed
    assert limited(settings, (1000, 0, 0), at, NEAR) == (0, 0, 0)
    slid = limited(settings, (1000, 500, 0), at, NEAR)
    assert slid[0] == 0 and slid[1] > 0, "along the edge it may go on"
    assert limited(settings, (0, 0, -1), (5_600, 0, 100), NEAR) == (0, 0, 0), "zooming out"
    assert limited(settings, (0, 0, 1), at, NEAR) == (0, 0, 1)


def test_a_held_move_ends_at_the_edge_of_a_zone():
    for baud, speed, least in ((2400, 1000, 2_000), (9600, 1000, 3_000)):
        bench = Bench(baud, None, fenced_settings(baud))
        bench.run(900)
        refused = []

        def renew(bench, speed=speed, refused=refused):
            if bench.ms % 300 == 0:
                refused.append(bench.service.move(speed, 0, 0, bench.ms))
            dome = bench.dome
            view = View(
                dome.pan_cdeg, dome.tilt_cdeg, fov_cdeg(bench.settings, dome.zoom_permille)
            )
            assert project(WINDOW, view) == [], (speed, bench.ms, dome.pan_cdeg)
            return bench.ms % 300 == 0

        bench.run(12_000, renew)
        assert least < bench.dome.pan_cdeg < 6_000, (baud, speed, bench.dome.pan_cdeg)
        assert refused[0] == "", (baud, speed)
        bench.run(2_000)
        assert not bench.service.is_withheld()
        assert bench.service.move(-speed, 0, 0, bench.ms) == ""


def test_nothing_moves_that_could_show_a_zone_while_nobody_knows_where_it_looks():
    settings = fenced_settings()
    bench = Bench(9600, None, settings)
    assert bench.service.move(-100, 0, 0, 0) == "ptz.zone"
    bench.run(400)
    assert bench.service.move(-100, 0, 0, bench.ms) == ""
    bench.dome.is_deaf = True

    def renew(bench):
        return bench.ms % 300 == 0 and bench.service.move(100, 0, 0, bench.ms) != "never"

    bench.run(10_000, renew)
    assert bench.service.is_silent()
    assert bench.service.move(100, 0, 0, bench.ms) == "ptz.zone"
    withheld = PtzSettings(1, 9600, True)
    withheld.zones = (WINDOW,)
    bench = Bench(9600, Dome(1), withheld)
    assert bench.service.move(100, 0, 0, 0) == "", "a zone that is filled binds no hands"


def test_a_move_may_take_over_on_the_way_to_a_preset():
    bench = Bench(9600, None, fenced_settings())
    bench.run(1500)
    assert bench.service.preset("set", 1, bench.ms) == ""
    bench.run(300)
    bench.service.move(-1000, 0, 0, bench.ms)
    bench.run(3000)
    assert bench.service.preset("go", 1, bench.ms) == ""
    bench.run(300)
    assert bench.service.move(-200, 0, 0, bench.ms) == ""
    assert bench.service.drive.state == "moving"


def test_an_outline_is_covered_by_its_slabs():
    triangle = [(35_500, -1_000), (500, -1_000), (0, 1_000)]
    parts = slabs(triangle)
    assert 4 <= len(parts) <= 12
    assert parts[0][2] == -1_000 and parts[-1][3] == 1_000
    for index in range(1, len(parts)):
        assert parts[index][2] == parts[index - 1][3], "no gap between slabs"
        assert (parts[index][1] - parts[index][0]) % 36_000 <= (
            parts[index - 1][1] - parts[index - 1][0]
        ) % 36_000, "narrower upwards"
    assert parts[0][:2] == (35_500, 500)
    assert slabs([]) == []
    notch = [(100, 0), (300, 0), (300, 300), (200, 100), (100, 300)]
    assert all(part[0] <= 100 and part[1] >= 300 for part in slabs(notch)), "dents are covered"
    for tilt in range(-1_000, 1_001, 50):
        half = (1_000 - tilt) // 4
        for pan in (-half, 0, half):
            assert any(
                (pan - part[0]) % 36_000 <= (part[1] - part[0]) % 36_000
                and part[2] <= tilt <= part[3]
                for part in parts
            ), (pan, tilt)


def test_a_soft_stop_waits_for_the_first_place_and_not_for_a_silent_head():
    settings = PtzSettings(1, 2400, True)
    settings.pan_limits_cdeg = (34_000, 2_000)
    bench = Bench(2400, None, settings)
    assert bench.service.move(500, 0, 0, bench.ms) == "ptz.limit"
    bench.run(300)
    assert bench.service.move(500, 300, 0, bench.ms) == "", "up is free"
    assert bench.service.drive.move == (0, 300, 0)
    bench.run(1_000)
    assert bench.service.move(500, 0, 0, bench.ms) == ""
    bench.dome.is_deaf = True
    bench.run(5_000)
    assert bench.service.is_silent()
    assert bench.service.move(500, 0, 0, bench.ms) == "", "nobody will ever know"
