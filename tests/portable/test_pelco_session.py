"""One exchange: the echo goes, the due reply comes, the deadline holds."""

from firmware.pelco_d import commands, replies
from firmware.pelco_d.opcodes import GENERAL
from firmware.pelco_d.session import Session, wire_ms

ASK = commands.build(1, "query_pan")
PAN = b"\xff\x01\x00\x59\x20\x15\x8f"
LEFT = commands.motion(1, commands.LEFT, 0x20)


def test_wire_time_is_that_of_the_line():
    for byte_count, baud, want in ((7, 2400, 30), (7, 4800, 15), (7, 9600, 8), (18, 2400, 75)):
        assert wire_ms(byte_count, baud) == want, (byte_count, baud)


def test_the_deadline_is_wire_time_plus_margin():
    for kind, want in (("none", 30), (GENERAL, 96), ("pan", 109), ("part_number", 155)):
        assert Session(1, 2400).duration_ms(kind) == want, kind
    session = Session(1, 2400)
    session.begin(ASK, "pan", 1000)
    assert session.wake_ms() == 1109
    assert not session.step(1108)
    assert session.step(1109)
    assert session.reply is None
    assert (session.timeout_count, session.answered_count) == (1, 0)
    assert not session.step(1110), "over is told once"


def test_reply_with_and_without_echo_at_every_cut():
    for has_echo in (False, True):
        for front in (b"", ASK):
            wire = front + PAN
            for cut in range(len(wire) + 1):
                session = Session(1, 2400, has_echo)
                session.begin(ASK, "pan", 0)
                session.receive(wire[:cut], 40)
                session.receive(wire[cut:], 60)
                assert session.step(61), (has_echo, front, cut)
                assert session.reply is not None and session.reply.value == 8213
                assert session.echo_count == bool(front), (has_echo, front, cut)
                assert session.collision_count == (has_echo and not front)


def test_a_damaged_echo_is_a_collision_and_the_reply_still_counts():
    session = Session(1, 2400, True)
    session.begin(ASK, "pan", 0)
    session.receive(b"\xff\x01\x00\x71\x00\x00\x52" + PAN, 60)
    assert session.step(60)
    assert session.reply is not None
    assert (session.collision_count, session.echo_count) == (1, 0)


def test_an_exchange_is_not_over_before_its_frame_is_out():
    session = Session(1, 2400)
    session.begin(ASK, "pan", 0)
    session.receive(PAN, 5)
    assert session.wake_ms() == 30
    assert not session.step(29)
    assert session.step(30)
    assert session.reply is not None


def test_a_general_reply_waits_for_silence():
    session = Session(1, 2400)
    session.begin(LEFT, GENERAL, 0)
    session.receive(b"\xff\x01\x00\x25", 50)
    assert not session.step(50)
    assert session.wake_ms() == 50 + session.quiet_ms
    assert session.step(50 + session.quiet_ms)
    assert session.reply is not None and session.reply.kind == GENERAL


def test_a_reply_that_begins_like_the_echo_is_found():
    command = commands.motion(1, commands.LEFT, 0x20, 0x3F)
    wire = replies.encode(replies.Reply(GENERAL, 1, 0), command)
    session = Session(1, 9600)
    session.begin(command, GENERAL, 0)
    session.receive(wire[:3], 15)
    session.receive(wire[3:], 17)
    assert session.step(17 + session.quiet_ms)
    assert session.reply is not None


def test_nothing_is_due_from_a_silent_head():
    session = Session(1, 9600, True)
    session.begin(LEFT, "none", 0)
    session.receive(LEFT + b"\x01\x02", 8)
    assert session.step(8)
    assert session.reply is None
    assert (session.timeout_count, session.echo_count, session.junk_count) == (0, 1, 2)


def test_an_answer_that_is_cut_off_is_no_reply_but_noise():
    session = Session(1, 9600)
    session.begin(ASK, "pan", 0)
    session.receive(PAN[:6], 20)
    assert not session.step(40) and session.junk_count == 0, "the rest can still come"
    assert session.step(session.due_ms)
    assert session.reply is None
    assert (session.timeout_count, session.junk_count) == (1, 6)


def test_late_and_unasked_bytes_are_junk():
    session = Session(1, 9600)
    session.receive(PAN, 5)
    assert session.junk_count == 7
    assert not session.step(6)
    session.begin(ASK, "pan", 10)
    session.abandon()
    assert not session.step(1000)
    session.begin(ASK, "pan", 2000)
    session.receive(b"\xff\x01\x00\x5b\x11\x94\x01" + PAN, 2040)
    assert session.step(2040)
    assert session.junk_count == 14
