"""A head that is driven and tells nothing new is not believed, and one that tells is."""

from firmware.ptz.model import PtzSettings
from firmware.ptz.way import Ways
from sim.devices.dome_answers import FROZEN, MUTE, TRUE
from tests.portable.ptz_bench import Bench


def test_what_is_driven_adds_up_until_it_tells():
    ways = Ways()
    ways.hear("pan", 500)
    ways.run((1000, 0, 0), 0)
    ways.run((1000, 0, 0), 2000)
    assert ways.cdeg() == 2000 and ways.permille() == 0
    ways.hear("pan", 500)
    ways.hear("tilt", 3)
    assert ways.cdeg() == 2000, "nothing new of the pan"
    ways.hear("pan", 501)
    assert ways.cdeg() == 2000, "it may have frozen there"
    ways.run((0, 0, 0), 2500)
    ways.hear("pan", 501)
    assert ways.cdeg() == 2400, "and it may coast"
    ways.hear("pan", 520)
    assert ways.cdeg() == 0, "it told where it came to stand"
    ways.run((0, -30, 0), 3000)
    assert ways.cdeg() == 0, "it may not have set off yet"
    ways.run((0, 0, 400), 4000)
    assert ways.permille() == 400
    ways.run((0, 0, 0), 4100)
    assert ways.permille() == 560, "and it may coast"


def test_an_axis_at_its_end_owes_nothing():
    for axis, value, speeds in (
        ("tilt", -9000, (0, -5000, 0)),
        ("tilt", 9000, (0, 5000, 0)),
        ("zoom", 0, (0, 0, -300)),
        ("zoom", 1000, (0, 0, 300)),
    ):
        ways = Ways()
        ways.hear(axis, value)
        ways.run(speeds, 5000)
        assert (ways.cdeg(), ways.permille()) == (0, 0), (axis, value)
        ways.run((-speeds[0], -speeds[1], -speeds[2]), 7000)
        assert (ways.cdeg(), ways.permille()) != (0, 0), (axis, value)


def driven(how):
    """Lose the encoder, drive the head onto a zone, and let it rest there."""
    settings = PtzSettings(1, 9600, True)
    settings.zones = ((3_000, 9_000, -2_000, 2_000),)
    bench = Bench(9600, None, settings)
    bench.dome.zoom.place(1000)
    bench.run(2000)
    assert not bench.service.is_withheld()
    bench.dome.answers.lose_encoder(how)
    for _ in range(3):
        assert bench.service.move(700, 0, 0, bench.ms) == ""
        bench.run(400)
    bench.service.stop(bench.ms)
    bench.run(8000)
    return bench


def test_a_lost_encoder_withholds_the_picture_for_as_long_as_it_is_lost():
    for how in (FROZEN, MUTE):
        bench = driven(how)
        assert 3_000 < bench.dome.pan_cdeg < 9_000, how
        assert bench.service.is_withheld(), how
        bench.dome.answers.lose_encoder(TRUE)
        bench.service.move(-1000, 0, 0, bench.ms)
        bench.run(800)
        bench.service.move(-1000, 0, 0, bench.ms)
        bench.run(6000)
        assert bench.dome.pan_cdeg > 18_000, "turned away to the left"
        assert not bench.service.is_withheld(), how


def test_a_head_that_may_turn_about_is_believed_only_when_it_has():
    settings = PtzSettings(1, 9600, True)
    settings.zones = ((17_000, 19_000, -9_000, 2_000),)
    bench = Bench(9600, None, settings)
    bench.dome.flips = True
    bench.dome.tilt.place(-8_500)
    bench.dome.zoom.place(1000)
    bench.run(2000)

    def renew(bench):
        if bench.ms % 300 == 0:
            bench.service.move(0, -1000, 0, bench.ms)
        pan = abs(bench.dome.pan_cdeg - 18_000)
        if pan < 1_000 and bench.dome.tilt_cdeg > -8_000:
            assert bench.service.is_withheld(), (bench.ms, bench.dome.pan_cdeg)
        return bench.ms % 300 == 0

    bench.run(6000, renew)
    assert bench.dome.pan_cdeg == 18_000, "it turned about"
