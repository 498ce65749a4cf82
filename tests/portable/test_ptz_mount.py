"""Heads that hang upside down, and heads that take a direction for its opposite."""

from firmware.pelco_d import commands
from firmware.ptz import protocols
from firmware.ptz.model import PtzSettings, position_from_wire
from tests.portable.ptz_bench import Bench

LEFT, RIGHT, UP, DOWN = commands.LEFT, commands.RIGHT, commands.UP, commands.DOWN
MOVE, LENS = (500, 400, 1), (1, 1)
STRAIGHT = ((500, 400, 1), (1, 1))
MICROPYTHON_HEAP = "4m"


def settings_of(**changed):
    settings = PtzSettings(1, 9600, True)
    for name, value in changed.items():
        setattr(settings, name, value)
    return settings


def test_each_inversion_turns_its_own_motion_round_in_every_protocol():
    table = (
        ({}, STRAIGHT),
        ({"pan_is_inverted": True}, ((-500, 400, 1), (1, 1))),
        ({"tilt_is_inverted": True}, ((500, -400, 1), (1, 1))),
        ({"zoom_is_inverted": True}, ((500, 400, -1), (1, 1))),
        ({"focus_is_inverted": True}, ((500, 400, 1), (-1, 1))),
        ({"is_upside_down": True}, ((-500, -400, 1), (1, 1))),
        ({"is_upside_down": True, "pan_is_inverted": True}, ((500, -400, 1), (1, 1))),
    )
    for name in protocols.REGISTRY:
        plain = settings_of(protocol=name)
        for changed, want in table:
            inverted = settings_of(protocol=name, **changed)
            got = protocols.make(inverted).motion(MOVE, LENS)
            assert got == protocols.make(plain).motion(*want), (name, changed)
            assert protocols.make(inverted).stop() == protocols.make(plain).stop(), name


def test_a_head_upside_down_counts_the_other_way_and_an_inverted_one_does_not():
    table = (
        ("pan", 4500, 4500, 31500),
        ("pan", 0, 0, 0),
        ("tilt", 3000, -3000, 3000),
        ("tilt", 33000, 3000, -3000),
    )
    for axis, wire, upright, hanging in table:
        assert position_from_wire(settings_of(), axis, wire) == upright, (axis, wire)
        turned = settings_of(is_upside_down=True)
        assert position_from_wire(turned, axis, wire) == hanging, (axis, wire)
        inverted = settings_of(pan_is_inverted=True, tilt_is_inverted=True)
        assert position_from_wire(inverted, axis, wire) == upright, (axis, wire)


def test_a_move_to_the_right_raises_pan_whichever_way_the_head_hangs():
    bench = Bench(9600, None, settings_of(is_upside_down=True))
    bench.run(900)
    bench.service.move(500, 300, 0, bench.ms)
    bench.run(1500)
    pan, tilt, _, is_known = bench.service.position()
    assert is_known and 200 < pan < 18000 and tilt > 100, (pan, tilt)
    assert bench.dome.pan_cdeg > 18000 and bench.dome.tilt_cdeg < 0, "the head thinks otherwise"
    frames = [row[2] for row in bench.sent() if not row[2][3] & 1 and row[2][3]]
    assert frames[0][3] & (LEFT | RIGHT | UP | DOWN) == LEFT | DOWN, frames[0]


def test_foreign_text_on_the_line_moves_nothing_and_is_no_reply():
    bench = Bench(9600)
    bench.run(900)
    text = b"\r\nlogin: [  12.3] usb 1-1: reset\r\n"

    def console(bench):
        if bench.ms % 90 == 0:
            bench.line.say(text)
        return False

    begun_ms = bench.ms
    bench.service.move(300, 0, 0, bench.ms)
    bench.run(3000, console)
    assert not bench.dome.is_moving
    assert bench.service.session.junk_count > 0
    moves = [row for row in bench.sent(begun_ms) if not row[2][3] & 1 and row[2][3]]
    assert moves and all(row[0] < begun_ms + 1000 for row in moves)
    bench.run(6000)
    assert bench.service.position() == (bench.dome.pan_cdeg, 0, 0, True)
