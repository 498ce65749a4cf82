"""VISCA: every published packet both ways, every cut, and a stop that is not kept back."""

from firmware.errors import LocalProtocolError, RemoteProtocolError
from firmware.ptz.model import PtzSettings
from firmware.ptz.visca_head import Visca
from firmware.visca import commands, replies
from firmware.visca.packet import PacketFinder, decode, encode, split
from firmware.visca.session import COMMAND, INQUIRY, NONE, ViscaSession

C = commands
VECTORS = (__file__.rpartition("/")[0] or ".") + "/../vectors/visca_vectors.csv"
# what builds each row of the file, in its order; None where we never send it
WANT = (
    C.address_set,
    C.clear,
    lambda: C.drive(1, 0x18, 0x14),
    None,  # an idle tilt with a speed: ours says 1
    None,
    None,
    None,
    None,
    None,  # a stop with speeds of zero, which a BRC-300 refuses
    lambda: C.zoom(1, 6),
    lambda: C.zoom(1, -6),
    lambda: C.zoom(1, 0),
    lambda: C.memory(1, "go", 1),
    lambda: C.memory(1, "set", 1),
    lambda: C.build(1, "home"),
    lambda: C.build(1, "power_on"),
)
REPLIES = (
    (replies.ACCEPTED, 1),
    (replies.DONE, 1),
    (replies.ERROR, 2),
    (replies.ERROR, 3),
)
NOISE = b"\x00\x90\xff\xff\x01"
PACKETS = [C.drive(1, -8, 0), b"\x90\x41\xff", b"\x90\x50\x02\xff"]
WIRE = NOISE + PACKETS[0] + b"\x55" + PACKETS[1] + b"\x90\x50" + PACKETS[2] + b"\x90"


def vectors():
    with open(VECTORS) as file:
        rows = file.read().split("\n")[1:]
    return [(bytes.fromhex(row.split(",")[0].replace(" ", "")), row) for row in rows if row]


def test_every_vector_is_encoded_and_decoded():
    rows = vectors()
    assert len(rows) == len(WANT) + len(REPLIES)
    for index, (wire, row) in enumerate(rows):
        is_from_camera, address, body = decode(wire)
        assert is_from_camera == (index >= len(WANT)), row
        assert address == (8 if ",broadcast," in row else 1), row
        if is_from_camera:
            reply = replies.read(wire)
            assert (reply.kind, reply.value) == REPLIES[index - len(WANT)], row
        else:
            assert encode(address, body) == wire, row
            build = WANT[index]
            assert build is None or build() == wire, row


def test_drives_differ_from_published_ones_only_in_the_speed_of_an_axis_at_rest():
    cases = ((3, -8, 0), (4, 8, 0), (5, 0, 8), (6, 0, -8), (7, 0, 0))
    rows = vectors()
    for index, pan, tilt in cases:
        ours, theirs = C.drive(1, pan, tilt), rows[index][0]
        assert ours[6:] == theirs[6:], index
        assert (not pan or ours[4] == theirs[4]) and (not tilt or ours[5] == theirs[5]), index
        assert ours[4] and ours[5], "zero stops nothing on a BRC-300"


def test_every_cut_gives_the_same_packets():
    for cut in range(len(WIRE) + 1):
        for second in range(cut, len(WIRE) + 1):
            finder = PacketFinder()
            got = finder.receive(WIRE[:cut]) + finder.receive(WIRE[cut:second])
            got += finder.receive(WIRE[second:])
            assert got == PACKETS, (cut, second)
            assert finder.junk_count == len(NOISE) + 3, (cut, second, finder.junk_count)


def test_a_babbling_line_fills_nothing():
    finder = PacketFinder()
    assert finder.receive(b"\x81" + b"\x01" * 500 + b"\xff") == []
    assert finder.junk_count >= 490


def test_what_is_out_of_range_is_refused():
    cases = (
        lambda: C.drive(1, 25, 0),
        lambda: C.drive(1, 0, -21),
        lambda: C.drive(0, 0, 0),
        lambda: C.drive(9, 0, 0),
        lambda: C.zoom(1, 9),
        lambda: C.zoom_direct(1, 65536),
        lambda: C.absolute(1, 0, 0, 0),
        lambda: C.absolute(1, 1, 0x80000, 0),
        lambda: C.absolute(1, 1, 0, 0x8000),
        lambda: C.memory(1, "go", 16),
        lambda: C.memory(1, "draw", 1),
        lambda: C.build(1, "fly"),
        lambda: encode(1, b""),
        lambda: encode(1, b"\x80"),
        lambda: encode(1, b"\x01" * 15),
    )
    for index, build in enumerate(cases):
        try:
            build()
        except LocalProtocolError as error:
            assert str(error).startswith("visca"), index
        else:
            raise AssertionError(index)
    for wire in (b"", b"\x90\xff", b"\x80\x01\xff", b"\x91\x41\xff", b"\x90\x41", b"\x90\x91\xff"):
        try:
            decode(wire)
        except RemoteProtocolError:
            continue
        raise AssertionError(wire)


def test_places_go_as_nibbles():
    wire = C.absolute(1, 0x18, -1, 0x1234)
    assert wire.hex() == "81010602180f0f0f0f0f01020304ff".replace("0218", "021800")
    assert C.zoom_direct(1, 0x4ABC).hex() == "810104470" + "40a0b0cff"
    assert C.number(b"\x04\x0a\x0b\x0c") == 0x4ABC


def test_replies_are_told_apart():
    cases = (
        ("9038ff", replies.CHANGED, 0, 1),
        ("a042ff", replies.ACCEPTED, 2, 2),
        ("905000010203ff", replies.ANSWER, 0, 1),
        ("906141ff", replies.ERROR, 0x41, 1),
        ("8101ff", replies.OTHER, 0, 1),
        ("90077fff", replies.OTHER, 0, 1),
    )
    for wire, kind, value, address in cases:
        got = replies.read(bytes.fromhex(wire))
        assert (got.kind, got.value, got.address) == (kind, value, address), wire


def drained(session, answer, now_ms=0, until_ms=2000):
    """Run one exchange; returns what was sent, with times, and when it was over."""
    sent = []
    while now_ms < until_ms:
        out = session.take()
        if out:
            sent.append((now_ms, out))
            due_ms, words = now_ms + 25, answer(out)
        if sent and words and now_ms == due_ms:
            session.receive(words, now_ms)
        if session.step(now_ms):
            return sent, now_ms
        now_ms += 1
    raise AssertionError("never over")


def test_a_packet_waits_for_the_acceptance_of_the_one_before():
    session = ViscaSession(1, 9600, 50)
    burst = Visca(PtzSettings(1, 9600)).stop()
    session.begin(burst, COMMAND, 0)
    sent, over_ms = drained(session, lambda packet: packet + b"\x90\x41\xff")
    assert [row[1] for row in sent] == split(burst)
    assert [row[0] for row in sent] == [0, 26, 52] and over_ms == 77
    assert session.answered_count == 3 and session.echo_count == 3 and session.timeout_count == 0


def test_a_stop_is_not_kept_back_by_a_camera_that_does_not_answer_or_refuses():
    for answer, refused_count in ((b"", 0), (b"\x90\x60\x02\xff", 3), (b"\xa0\x41\xff", 0)):
        session = ViscaSession(1, 9600, 50)
        session.begin(Visca(PtzSettings(1, 9600)).stop(), COMMAND, 0)
        sent, over_ms = drained(session, lambda _, answer=answer: answer)
        assert len(sent) == 3, answer
        assert over_ms <= session.duration_ms(COMMAND), answer
        assert session.refused_count == refused_count, answer


def test_a_silent_camera_is_paced_by_the_clock():
    session = ViscaSession(1, 9600, 50)
    session.begin(Visca(PtzSettings(1, 9600)).stop(), NONE, 0)
    sent, _ = drained(session, lambda _: b"")
    assert len(sent) == 3 and sent[1][0] - sent[0][0] >= 20
    assert session.timeout_count == 0


def test_an_inquiry_takes_its_answer_and_nothing_else():
    session = ViscaSession(1, 9600, 50)
    session.begin(C.build(1, "query_zoom"), INQUIRY, 0)
    said = b"\x90\x41\xff\xa0\x50\x01\xff\x90\x50\x04\x00\x00\x00\xff"
    drained(session, lambda _: said)
    assert session.reply is not None and C.number(session.reply.data) == 0x4000


def test_a_lost_line_forgets_what_was_to_be_sent():
    session = ViscaSession(1, 9600, 50)
    session.begin(Visca(PtzSettings(1, 9600)).stop(), COMMAND, 0)
    session.abandon()
    assert session.take() == b"" and not session.step(10_000) and not session.is_busy
