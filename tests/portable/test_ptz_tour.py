"""A tour goes round, gives way to a person at once, and comes back; long looks are told."""

from firmware.ptz.tour import NEXT, Tour, read_plan
from tests.portable.ptz_bench import Bench

MICROPYTHON_HEAP = "8m"


def toured():
    """Give a bench whose dome knows two presets."""
    bench = Bench()
    bench.dome.presets = {1: (0, 0, 0), 2: (3_000, -500, 0)}
    bench.run(1500)
    bench.names()
    return bench


def test_plans_are_read_or_refused():
    good = (
        ("3:20", [(3, 20_000)]),
        ("1:2 255:3600", [(1, 2_000), (255, 3_600_000)]),
        ("7:0", [(7, 0)]),
        ("  1:5   2:5 ", [(1, 5_000), (2, 5_000)]),
    )
    for text, want in good:
        assert read_plan(text) == want, text
    wrong = ("", "3", "3:", ":3", "0:5", "256:5", "1:1", "1:3601", "1:5 2:0", "a:5", "1:-5",
             "1:5.0", "1:5:6", "1:5,2:5", "1:\u0665", "99999:5", "1:5 " * 33)  # fmt: skip
    for text in wrong:
        assert read_plan(text) == [], text


def test_a_tour_goes_round_and_dwells():
    bench = toured()
    assert bench.service.hands.tour.start("1:5 2:6", bench.ms) == ""
    places = []

    def look(bench):
        if bench.ms % 500 == 0:
            places.append(bench.dome.pan_cdeg)
        return False

    bench.run(40_000, look)
    assert places.count(0) >= 15 and places.count(3_000) >= 15, places
    names = bench.names()
    assert names[0] == "ptz.tour_started" and names.count("ptz.preset_reached") >= 4, names
    bench.service.hands.tour.end(bench.ms)
    bench.run(8000)
    assert not bench.dome.is_moving
    assert bench.service.hands.tour.start("1:1", bench.ms) == "ptz.plan"


def test_a_person_has_the_dome_at_once_and_the_tour_comes_back():
    bench = toured()
    bench.service.hands.tour.start("1:3 2:3", bench.ms)
    bench.run(5200)
    bench.service.hands.on_person(bench.ms)
    assert bench.service.move(-500, 0, 0, bench.ms) == ""
    assert bench.service.drive.state == "moving"
    bench.run(29_000)
    assert not bench.dome.is_moving, "nobody else moves it"
    place = bench.dome.pan_cdeg
    bench.run(6000)
    assert bench.dome.pan_cdeg != place, "the tour goes on"
    bench.service.hands.on_person(bench.ms)
    bench.service.stop(bench.ms)
    bench.run(2000)
    assert not bench.dome.is_moving


def test_parking_comes_back_to_its_place_and_stays():
    bench = toured()
    bench.service.hands.tour.start("2:0", bench.ms)
    bench.run(6000)
    assert bench.dome.pan_cdeg == 3_000
    bench.service.hands.on_person(bench.ms)
    bench.service.move(1000, 0, 0, bench.ms)
    bench.run(2000)
    assert bench.dome.pan_cdeg != 3_000
    bench.run(36_000)
    assert bench.dome.pan_cdeg == 3_000
    assert bench.names().count("ptz.preset_reached") == 2


def test_a_stop_that_is_refused_is_passed_over():
    bench = toured()
    bench.settings.zones = ((20_000, 21_000, -500, 500),)
    bench.service.sight.presets[2] = (3_000, -500, 0)
    bench.service.hands.tour.start("1:2 2:2", bench.ms)
    bench.run(12_000)
    assert bench.service.hands.tour.refused_count >= 1
    assert bench.dome.pan_cdeg == 3_000


def test_every_state_meets_every_event():
    states = {state for state, _ in NEXT}
    events = {event for _, event in NEXT}
    for state in states:
        for event in events:
            tour = Tour(Bench().service)
            tour.machine.state = state
            assert tour.machine.on_event(event) == NEXT.get((state, event), ""), (state, event)


def test_a_long_look_is_told_with_its_length():
    bench = toured()
    bench.service.hands.on_person(bench.ms)
    bench.run(64_000)
    events = [event for event in bench.service.events.take() if event[0] == "ptz.dwelling"]
    assert len(events) == 1
    assert events[0][2] == {
        "camera": "dome-1", "dwell_s": 60, "pan_cdeg": 0, "tilt_cdeg": 0, "zoom_permille": 0,
    }  # fmt: skip
    bench.run(11_000)
    bench.service.hands.on_person(bench.ms)
    ends = [event for event in bench.service.events.take() if event[0] == "ptz.dwelt"]
    assert [event[2]["dwell_s"] for event in ends] == [75]
    bench.service.hands.tour.start("1:3", bench.ms)
    bench.run(70_000)
    assert not [event for event in bench.service.events.take() if "dwel" in event[0]]
