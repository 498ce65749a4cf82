"""A tour goes round, gives way to a person at once, and comes back; long looks are told."""

from firmware.ptz.plan import read_plan
from firmware.ptz.tour import NEXT, Tour
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
        ("3:20", [(3, 20_000, 0)]),
        ("1:2 255:3600", [(1, 2_000, 0), (255, 3_600_000, 0)]),
        ("7:0", [(7, 0, 0)]),
        ("3:20@250 p2:5@1000 3:9@20", [(3, 20_000, 250), (-2, 5_000, 1000), (3, 9_000, 20)]),
        ("  1:5   2:5 ", [(1, 5_000, 0), (2, 5_000, 0)]),
    )
    for text, want in good:
        assert read_plan(text) == want, text
    wrong = ("", "3", "3:", ":3", "0:5", "256:5", "1:1", "1:3601", "1:5 2:0", "a:5", "1:-5",
             "1:5.0", "1:5:6", "1:5,2:5", "1:\u0665", "99999:5", "1:5@", "1:5@19",
             "1:5@1001", "1@5:5", "1:5@5@5", "1:5 " * 33)  # fmt: skip
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
    bench.service.sight.presets.update({1: (0, 0, 0), 2: (3_000, -500, 0)})
    assert bench.service.hands.tour.start("1:2 2:2", bench.ms) == ""
    del bench.service.sight.presets[1]
    bench.run(12_000)
    assert bench.service.hands.tour.refused_count >= 1
    assert bench.dome.pan_cdeg == 3_000


def test_a_plan_is_refused_when_one_of_its_stops_is():
    bench = toured()
    bench.settings.zones = ((20_000, 21_000, -500, 500),)
    bench.settings.reserved_presets = ((95, 96),)
    bench.service.sight.presets.update({1: (0, 0, 0), 3: (20_500, 0, 0)})
    tour = bench.service.hands.tour
    for plan, code in (
        ("1:5 2:5", "ptz.unlearned 2"), ("1:5 3:5", "ptz.zone 3"), ("95:5", "ptz.reserved 95"),
        ("1:5 p2:5", "ptz.no_pattern p2"), ("1:5 2", "ptz.plan"), ("p2:0", "ptz.plan"),
        ("p5:5", "ptz.plan"), ("1:5", ""),
    ):  # fmt: skip
        assert tour.fault(plan) == code, plan
        assert tour.start(plan, bench.ms) == code.partition(" ")[0], plan
    assert tour.machine.state == "going" and tour.text == "1:5", "refused ones change nothing"


def test_a_dome_that_may_not_move_by_itself_waits_and_goes_on():
    bench = toured()
    tour = bench.service.hands.tour
    tour.start("1:3 2:3", bench.ms)
    bench.run(200)
    place = bench.dome.pan_cdeg

    def forbid(bench):
        if bench.ms % 1000 == 0:
            tour.hold_back(bench.ms)
        return False

    bench.run(3_000, forbid)
    place = bench.dome.pan_cdeg
    bench.run(20_000, forbid)
    assert bench.dome.pan_cdeg == place and tour.held_count == 1, "it is held once and stays so"
    bench.run(12_000)
    assert bench.dome.pan_cdeg != place, "it goes on"


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
    bench.service.hands.on_person(bench.ms, "op-7")
    bench.run(64_000)
    assert bench.service.hands.dwell.debtor() == "op-7"
    events = [event for event in bench.service.events.take() if event[0] == "ptz.dwelling"]
    assert len(events) == 1
    assert events[0][2] == {
        "camera": "dome-1", "dwell_s": 60, "pan_cdeg": 0, "tilt_cdeg": 0, "zoom_permille": 0,
        "person": "op-7",
    }  # fmt: skip
    bench.run(11_000)
    bench.service.hands.on_person(bench.ms)
    ends = [event for event in bench.service.events.take() if event[0] == "ptz.dwelt"]
    assert [event[2]["dwell_s"] for event in ends] == [75]
    assert [event[2]["is_explained"] for event in ends] == [False], "no reason raises a flag"
    assert bench.service.hands.dwell.unexplained_count == 1
    bench.service.hands.tour.start("1:3", bench.ms)
    bench.run(70_000)
    assert not [event for event in bench.service.events.take() if "dwel" in event[0]]


def test_a_reason_that_was_given_is_told_and_raises_no_flag():
    bench = toured()
    dwell = bench.service.hands.dwell
    bench.service.hands.on_person(bench.ms, "op-7")
    bench.run(61_000)
    dwell.explain("op-7", "a person on the roof", bench.ms)
    assert dwell.debtor() == ""
    bench.service.hands.on_person(bench.ms)
    told = [event for event in bench.service.events.take() if "dwel" in event[0]]
    assert [event[0][4:] for event in told] == ["dwelling", "dwell_reason", "dwelt"]
    assert told[1][2]["reason"] == "a person on the roof"
    assert told[2][2]["is_explained"] and dwell.unexplained_count == 0


def test_a_speed_holds_on_the_way_and_the_place_is_reached():
    bench = toured()
    bench.service.sight.presets.update({1: (0, 0, 0), 2: (3_000, -500, 0)})
    tour = bench.service.hands.tour
    fastest = [0]

    def look(bench):
        drive = bench.service.drive
        if drive.state == "moving":
            fastest[0] = max(fastest[0], abs(drive.move[0]), abs(drive.move[1]))
        return False

    assert tour.start("2:4@150 1:4", bench.ms) == ""
    while tour.machine.state != "dwelling":
        bench.run(100, look)
    assert 0 < fastest[0] <= 150, fastest
    pan, tilt = bench.dome.pan_cdeg, bench.dome.tilt_cdeg
    assert abs(pan - 3_000) <= 60 and abs(tilt + 500) <= 60, (pan, tilt)
    bench.run(12_000)
    bench.service.hands.on_person(bench.ms)
    bench.service.stop(bench.ms)
    bench.run(31_500)
    tour.end(bench.ms)
    bench.run(1_000)
    assert not bench.dome.is_moving, "ended on its way"
