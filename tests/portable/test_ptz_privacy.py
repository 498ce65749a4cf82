"""Private windows fall where a lens puts them, rather too large, and nowhere means everywhere."""

from firmware.ptz.model import PtzSettings
from firmware.ptz.privacy import UNIT, WHOLE, View, cosine, hull, project, sine
from firmware.ptz.service import PtzService

STREET = (500, 800, -1000, -500)


def test_sines_are_right_to_a_part_in_a_hundred_thousand():
    cases = (
        (0, 0),
        (3000, 524288),
        (4500, 741455),
        (9000, 1048576),
        (15000, 524288),
        (18000, 0),
        (27000, -1048576),
        (33000, -524288),
        (36000, 0),
        (1, 183),
        (50, 9150),
        (4550, 747899),
        (-4550, -747899),
        (8999, 1048576),
    )
    for angle, want in cases:
        assert abs(sine(angle) - want) <= 10, (angle, sine(angle))
    for angle in range(-36000, 36000, 77):
        one = sine(angle) * sine(angle) + cosine(angle) * cosine(angle)
        assert abs(one - UNIT * UNIT) < UNIT * UNIT // 50000, angle


def test_directions_fall_where_the_lens_puts_them():
    level = View(0, 0, 6000)
    cases = (
        (0, 0, (500, 500)),
        (3000, 0, (1000, 500)),
        (-3000, 0, (0, 500)),
        (0, 1799, (500, 0)),
        (1500, 0, (732, 500)),
    )
    for pan, tilt, want in cases:
        spot = level.place(pan, tilt)
        assert abs(spot[0] - want[0]) <= 2 and abs(spot[1] - want[1]) <= 2, (pan, tilt, spot)
    assert level.place(9000, 0) is None
    assert level.place(18000, 0) is None
    down = View(0, -6000, 6000)
    assert abs(down.place(0, -6000)[1] - 500) <= 1
    assert down.place(18000, -9000) is not None, "the foot of the pole is in front"


def test_a_zone_is_found_in_and_out_of_view():
    cases = (
        ("in view", STREET, View(0, -800, 6000), True),
        ("behind", STREET, View(18000, -800, 6000), False),
        ("above", STREET, View(650, 5000, 2000), False),
        ("just right of a tele view", STREET, View(0, -800, 400), False),
        ("filling a tele view", STREET, View(650, -750, 100), True),
        ("across north", (35800, 200, -500, 500), View(35900, 0, 1000), True),
        (
            "across north, seen from the other side",
            (35800, 200, -500, 500),
            View(10, 0, 1000),
            True,
        ),
        ("all round", (0, 36000, -500, 500), View(12345, 0, 1000), True),
        ("zenith", (0, 36000, 8000, 9000), View(0, 8900, 1000), True),
    )
    for title, zone, view, want in cases:
        assert bool(project(zone, view)) is want, (title, project(zone, view))
    assert project(STREET, View(650, -750, 100)) == [WHOLE]
    halves = project((0, 36000, 8000, 9000), View(0, 8900, 1000))
    assert len(halves) == 2 and hull(halves[0], halves[1]) == WHOLE
    assert halves[0][2] >= halves[1][0], "nothing between them"


def test_a_rectangle_covers_its_zone_and_little_more():
    rect = project(STREET, View(0, -800, 6000))[0]
    assert 550 < rect[0] < 562 and 630 < rect[2] < 645, rect
    assert 400 < rect[1] < 410 and 565 < rect[3] < 580, rect
    wider = project(STREET, View(0, -800, 6000), 200)[0]
    assert wider[0] < rect[0] and wider[1] < rect[1] and wider[2] > rect[2] and wider[3] > rect[3]
    assert hull(rect, wider) == wider


def known(service, pan=0, tilt=0, zoom=0, rounds=2):
    for _ in range(rounds):
        for axis, value in (("pan", pan), ("tilt", tilt), ("zoom", zoom)):
            service.place.take(axis, value, 1000)
    service.step(1000)


def test_unknown_means_the_whole_picture_and_no_zones_mean_none():
    settings = PtzSettings()
    service = PtzService("dome-1", settings)
    assert service.picture_zones() == [] and not service.is_withheld()
    settings.zones = (STREET,)
    assert service.picture_zones() == [WHOLE], "at the start"
    assert service.is_withheld()
    service.on_line(True, 0)
    known(service, 18000)
    assert service.picture_zones() == [] and not service.is_withheld()
    known(service, 0, -800)
    assert len(service.picture_zones()) == 1 and service.is_withheld()
    known(service, 18000)
    assert service.preset("set", 9, 1000) == ""
    assert service.preset("go", 9, 1000) == ""
    assert service.picture_zones() == [WHOLE], "on the way to a preset"
    service.stop(1000)
    known(service, 18000)
    assert not service.is_withheld()
    service.on_line(False, 1000)
    assert service.picture_zones() == [WHOLE], "without a line"


def test_a_moving_view_counts_from_where_it_may_have_got():
    settings = PtzSettings()
    settings.zones = ((2000, 2500, -1000, 1000),)
    settings.has_turbo = True
    service = PtzService("dome-1", settings)
    service.on_line(True, 0)
    known(service, 0, 0, 1000)
    assert not service.is_withheld()
    service.move(1000, 0, 0, 1000)
    assert not service.is_withheld()
    service.step(1140)
    assert service.is_withheld(), "140 ms at 150 degrees a second"
    settings.speed_cdeg_per_s_max = 0
    service = PtzService("dome-1", settings)
    service.on_line(True, 0)
    known(service, 1600, 0, 1000)
    assert not service.is_withheld()
    service.move(0, 0, -1, 1000)
    service.step(1900)
    assert service.is_withheld(), "it may have zoomed out meanwhile"


def test_a_preset_is_checked_when_set_and_when_gone_to():
    settings = PtzSettings()
    settings.zones = (STREET,)
    service = PtzService("dome-1", settings)
    service.on_line(True, 0)
    known(service, 600, -700)
    assert service.preset("set", 4, 1000) == "ptz.zone", "it shows a private window"
    known(service, 18000)
    assert service.preset("set", 5, 1000) == ""
    assert service.preset("go", 4, 1000) == "ptz.unlearned"
    service.sight.presets[4] = (600, -700, 0)
    assert service.preset("go", 4, 1000) == "ptz.zone", "learned under an older permit"
    assert service.preset("go", 5, 1000) == ""
    assert service.preset("set", 6, 1000) == "ptz.zone", "nobody knows where it looks now"
    assert service.preset("clear", 5, 1000) == ""
    assert service.preset("go", 5, 1000) == "ptz.unlearned"
