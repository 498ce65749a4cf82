"""Pelco-P: every published frame in both directions, every cut, and its two replies."""

from firmware.errors import LocalProtocolError, RemoteProtocolError
from firmware.pelco_d.session import Session
from firmware.pelco_p import commands, frame, replies

C = commands
VECTORS = (__file__.rpartition("/")[0] or ".") + "/../vectors/pelco_p_vectors.csv"
# what builds each row of the file, in its order
WANT = (
    lambda: C.build(1, "preset_set", 32),
    lambda: C.motion(2, C.LEFT, 0, 0x1F),
    lambda: C.motion(1, C.LEFT, 0x20),
    lambda: C.motion(1, C.RIGHT, 0x20),
    lambda: C.motion(1, C.UP, 0, 0x20),
    lambda: C.motion(1, C.DOWN, 0, 0x20),
    lambda: C.motion(1, C.UP | C.LEFT, 0x20, 0x20),
    lambda: C.stop(1),
    lambda: C.motion(1, C.TELE),
    lambda: C.motion(1, C.WIDE),
    lambda: C.motion(8, C.FAR),
    lambda: C.motion(8, C.NEAR),
    lambda: C.motion(8, C.IRIS_OPEN),
    lambda: C.motion(8, C.IRIS_CLOSE),
    lambda: C.build(1, "preset_go", 1),
    lambda: C.build(1, "preset_set", 1),
    lambda: C.build(2, "preset_go", 1),
)
NOISE = b"\x00\xa0\xa0\x01\xaf"
WIRE = NOISE + C.stop(1) + b"\x55" + C.motion(32, C.LEFT, 0x20) + b"\xa0\x00"
FOUND = [(1, 0, 0), (32, C.LEFT, 0x2000)]


def vectors():
    with open(VECTORS) as file:
        rows = file.read().split("\n")[1:]
    return [(bytes.fromhex(row.split(",")[0].replace(" ", "")), row) for row in rows if row]


def test_every_vector_is_encoded_and_decoded():
    rows = vectors()
    assert len(rows) == len(WANT)
    for index, (wire, row) in enumerate(rows):
        assert WANT[index]() == wire, row
        receiver, command, data = frame.decode(wire)
        assert receiver == int(row.split(",")[1]), row
        assert frame.encode(receiver, command, data) == wire, row
        assert C.name_of(command), row


def test_every_cut_gives_the_same_frames():
    for cut in range(len(WIRE) + 1):
        for second in range(cut, len(WIRE) + 1):
            finder = frame.FrameFinder()
            got = finder.receive(WIRE[:cut]) + finder.receive(WIRE[cut:second])
            got += finder.receive(WIRE[second:])
            assert got == FOUND, (cut, second)
            assert finder.junk_count == len(NOISE) + 1, (cut, second)


def test_what_is_undefined_is_refused():
    cases = (
        ("left and right", lambda: C.motion(1, C.LEFT | C.RIGHT)),
        ("near and far", lambda: C.motion(1, C.NEAR | C.FAR)),
        ("focus far as in Pelco-D", lambda: C.motion(1, 0x0080)),
        ("camera on as in Pelco-D", lambda: C.motion(1, 0x8800)),
        ("extended bit", lambda: C.motion(1, 1)),
        ("pan speed", lambda: C.motion(1, C.LEFT, 65)),
        ("tilt speed", lambda: C.motion(1, C.UP, 0, 64)),
        ("receiver 0", lambda: C.stop(0)),
        ("receiver 33", lambda: C.stop(33)),
        ("preset 0", lambda: C.build(1, "preset_go", 0)),
        ("preset 256", lambda: C.build(1, "preset_go", 256)),
        ("a column past the end", lambda: C.build(1, "write_character", 0x2841)),
        ("no such command", lambda: C.build(1, "fly")),
        ("command", lambda: frame.encode(1, 65536, 0)),
        ("data", lambda: frame.encode(1, 0, -1)),
        ("reply", lambda: replies.expect("mood", 1, C.stop(1))),
        ("answer to a Pelco-D frame", lambda: replies.expect("pan", 1, b"1234567")),
    )
    for case, build in cases:
        try:
            build()
        except LocalProtocolError as error:
            assert str(error).startswith("pelco-p"), case
        else:
            raise AssertionError(case)


def test_a_damaged_frame_is_refused():
    good = C.motion(1, C.LEFT, 0x20)
    for at in range(frame.FRAME_BYTES):
        for bit in range(8):
            bad = good[:at] + bytes((good[at] ^ 1 << bit,)) + good[at + 1 :]
            try:
                frame.decode(bad)
            except RemoteProtocolError:
                continue
            raise AssertionError((at, bit))
    try:
        frame.decode(good[:7])
    except RemoteProtocolError:
        return
    raise AssertionError("seven bytes")


def test_an_acknowledgement_counts_only_when_the_line_stays_quiet():
    session = Session(1, 4800, forms=replies)
    session.begin(C.stop(1), replies.GENERAL, 0)
    sent = session.take()
    assert sent == C.stop(1) and session.take() == b""
    session.receive(sent + b"\xa2", 20)
    assert not session.step(20)
    assert session.step(40) and session.reply is not None
    assert session.echo_count == 1 and session.answered_count == 1


def test_a_position_is_found_behind_junk_and_other_frames():
    ask = C.build(3, "query_pan")
    answer = frame.encode(3, 0x0059, 9000)
    for front in (b"", b"\xa0\x00", b"\xa2", frame.encode(2, 0x0059, 1), C.stop(3)):
        for cut in range(len(front + answer) + 1):
            reader = replies.expect("pan", 3, ask)
            whole = front + answer
            got = reader.receive(whole[:cut]) or reader.receive(whole[cut:])
            assert got is not None and got.value == 9000, (front, cut)


def test_a_long_babble_is_not_kept():
    reader = replies.expect("pan", 1, C.build(1, "query_pan"))
    assert reader.receive(b"\xa0" * 500) is None
    reader = replies.expect(replies.GENERAL, 1, C.stop(1))
    assert reader.receive(b"\xa2" * 500 + b"\x00", True) is None
    assert reader.junk_count >= 400
    reader.drop()
    assert reader.junk_count == 501
