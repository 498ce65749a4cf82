"""A dome that does not do what it is told is noticed within ten seconds; an end is no fault."""

from firmware.ptz.watch import DISAGREES, DRIFTED, STUCK, Watch
from tests.portable.ptz_bench import Bench

MICROPYTHON_HEAP = "8m"


def faults_of(watch):
    """Name the faults that are there."""
    return [name for name, is_present in watch.found() if is_present]


def held(pan, tilt=0, every_ms=300):
    """Give what holds a move on."""

    def renew(bench):
        if bench.ms % every_ms == 0:
            bench.service.move(pan, tilt, 0, bench.ms)
        return bench.ms % every_ms == 0

    return renew


def test_a_stuck_axis_is_a_fault_within_ten_seconds_and_clears():
    bench = Bench()
    bench.run(1000)
    run = bench.dome.pan.run
    bench.dome.pan.run = lambda _: None
    bench.run(9000, held(500))
    assert faults_of(bench.service.watch) == [STUCK]
    bench.dome.pan.run = run
    bench.run(2000, held(500))
    assert faults_of(bench.service.watch) == []


def test_an_end_of_travel_is_no_fault():
    bench = Bench()
    bench.run(1000)
    bench.run(12_000, held(0, 1000))
    assert bench.dome.tilt_cdeg == 1500, "the end"
    assert faults_of(bench.service.watch) == []
    bench.run(2000)
    bench.run(9000, held(0, 1000))
    assert faults_of(bench.service.watch) == [], "nor when it is told to go on from its end"


def test_a_head_that_turns_by_itself_is_stopped_and_told():
    bench = Bench()
    bench.run(6000)
    bench.names()
    bench.dome.pan.drive(300)
    bench.run(4000)
    assert not bench.dome.pan.is_moving, "the stop was obeyed"
    causes = [event[2].get("cause") for event in bench.service.events.take()]
    assert "astray" in causes
    bench.dome.pan.drive(300)
    found = []

    def look(bench):
        found.extend(faults_of(bench.service.watch))
        return False

    bench.run(4000, look)
    assert DISAGREES in found


def test_a_head_that_goes_the_other_way_disagrees():
    watch = Watch()
    place = 10_000
    for now_ms in range(0, 6000, 300):
        place -= 60
        watch.look((500, 0, 0), (place, 0, 0), now_ms)
    assert faults_of(watch) == [DISAGREES]
    for now_ms in range(6000, 9000, 300):
        place += 200
        watch.look((500, 0, 0), (place, 0, 0), now_ms)
    assert faults_of(watch) == []


def test_a_preset_that_has_moved_is_told_and_heals():
    bench = Bench()
    bench.run(1500)
    bench.service.preset("set", 2, bench.ms)
    bench.run(500)
    assert bench.service.sight.presets == {2: (0, 0, 0)}
    for kept, want in (((300, 0, 0), [DRIFTED]), ((20, 0, 0), [])):
        bench.dome.presets[2] = kept
        bench.service.preset("go", 2, bench.ms)
        bench.run(4000)
        assert faults_of(bench.service.watch) == want, kept
