"""Moves are kept by time and played again under every check; what is damaged is not played."""

from firmware.ptz.pattern import ROW_COUNT_MAX, Player, Recorder, unpack
from tests.portable.ptz_bench import Bench

MICROPYTHON_HEAP = "8m"
STILL = (0, 0, 0)


def toured():
    """Give a bench whose dome knows a preset."""
    bench = Bench()
    bench.dome.presets = {1: (0, 0, 0)}
    bench.run(1500)
    return bench


def push(bench, pan, span_ms):
    """Move as a person does, renewed while held, and stop."""
    end_ms = bench.ms + span_ms
    while bench.ms < end_ms:
        assert bench.service.move(pan, 0, 0, bench.ms) == ""
        bench.run(200)
    bench.service.stop(bench.ms)
    bench.run(700)


def recorded(bench):
    """Record: right for a second, then left for half as long."""
    hands = bench.service.hands
    assert hands.pattern("record", 2, 1, bench.ms) == ""
    assert hands.pattern("record", 2, 1, bench.ms) == "ptz.recording"
    bench.run(3000)
    assert hands.activity() == "recording pattern 2"
    push(bench, 400, 1000)
    push(bench, -400, 600)
    assert hands.pattern("keep", 1, 1, bench.ms) == "ptz.not_recording"
    assert hands.pattern("keep", 2, 1, bench.ms) == ""
    return bench.dome.pan_cdeg


def test_what_was_driven_is_driven_again():
    bench = toured()
    end_cdeg = recorded(bench)
    preset, data = bench.service.hands.tour.patterns[2]
    rows = unpack(data)
    assert preset == 1 and [row[1] for row in rows] == [(400, 0, 0), STILL, (-400, 0, 0), STILL], (
        rows
    )
    assert 900 <= rows[1][0] - rows[0][0] <= 1300 and 500 <= rows[3][0] - rows[2][0] <= 900, rows
    bench.service.move(1000, 0, 0, bench.ms)
    bench.run(2000)
    assert bench.service.hands.pattern("run", 2, 1, bench.ms) == ""
    places = []

    def look(bench):
        if bench.service.hands.tour.machine.state == "dwelling":
            places.append(bench.dome.pan_cdeg)
        return False

    bench.run(14_000, look)
    assert places[0] < 50, "it begins at its preset"
    assert max(places) > end_cdeg + 200, "it went out and back"
    ends = [place for place in places if abs(place - end_cdeg) < 120]
    assert len(ends) > 500, (end_cdeg, places[-1])
    assert bench.service.hands.pattern("drop", 2, 1, bench.ms) == ""
    assert bench.service.hands.pattern("run", 2, 1, bench.ms) == "ptz.no_pattern"
    assert bench.service.hands.pattern("run", 5, 1, bench.ms) == "ptz.range"


def test_a_person_stops_it_and_it_begins_anew_later():
    bench = toured()
    recorded(bench)
    hands = bench.service.hands
    hands.pattern("run", 2, 1, bench.ms)
    bench.run(20_000)
    while bench.service.drive.state != "moving":
        bench.run(10)
    hands.take("Ada", "operator", bench.ms)
    bench.service.stop(bench.ms)
    bench.run(900)
    place = bench.dome.pan_cdeg
    bench.run(25_000)
    assert bench.dome.pan_cdeg == place and hands.activity() == "tour waiting"
    bench.run(9_000)
    assert bench.dome.pan_cdeg != place


def test_a_played_move_meets_limits_and_goes_no_further():
    bench = toured()
    recorded(bench)
    bench.settings.pan_limits_cdeg = (35_000, 300)
    bench.service.hands.pattern("run", 2, 1, bench.ms)
    most = []

    def look(bench):
        at = bench.dome.pan_cdeg
        most.append(at if at < 18_000 else at - 36_000)
        return False

    bench.run(12_000, look)
    assert max(most[4000:]) <= 300, max(most[4000:])


def test_no_move_outlives_its_lease_when_nobody_steps():
    bench = toured()
    recorded(bench)
    player = Player(bench.service, bench.service.hands.tour.patterns[2][1], bench.ms)
    while bench.service.drive.state != "moving":
        player.step(bench.ms)
        bench.run(10)
    bench.run(1100)
    assert not bench.dome.is_moving, "nothing renewed it"


def test_a_preset_ends_a_recording_and_keeps_what_there_is():
    bench = toured()
    hands = bench.service.hands
    hands.pattern("record", 1, 1, bench.ms)
    bench.run(3000)
    push(bench, 300, 400)
    bench.service.preset("go", 1, bench.ms)
    bench.run(50)
    assert hands.activity() == "" and unpack(hands.tour.patterns[1][1])


def test_a_recording_has_an_end():
    recorder = Recorder(1, 1, 0)
    count = 0
    while recorder.step((100 + 100 * (count % 2), 0, 0), count * 250):
        count += 1
    assert len(unpack(recorder.pack(count * 250))) == ROW_COUNT_MAX
    recorder = Recorder(1, 1, 0)
    assert not recorder.step(STILL, 600_000)
    assert recorder.pack(600_000) == b"", "nothing was moved"


def test_what_is_damaged_is_not_played():
    recorder = Recorder(1, 1, 0)
    recorder.step((500, -500, 1), 100)
    good = recorder.pack(2000)
    assert unpack(good) == [(100, (500, -500, 1)), (2000, STILL)]
    for data in (
        b"", good[:-1], good[:7], good + b"\0", good[7:] + good[:7],
        b"\x00\x00\x7f\xff" + good[4:],
        good[:7] * 200 + good[7:],
    ):  # fmt: skip
        assert unpack(data) == [], data
    bench = Bench()
    assert Player(bench.service, b"junk", 0).step(0), "it is over at once"
