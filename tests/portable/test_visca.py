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
        lambda: C.turn(1, "to", (0, 1), (0, 0)),
        lambda: C.turn(1, "to", (1, 21), (0, 0)),
        lambda: C.turn(1, "to", (1, 1), (0x8000, 0)),
        lambda: C.turn(1, "by", (1, 1), (0x80000, 0), True),
        lambda: C.turn(1, "by", (1, 1), (0, 0x8000)),
        lambda: C.turn(1, "at", (1, 1), (0, 0)),
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
    wide = C.turn(1, "to", (0x18, 1), (-1, 0x1234), True)
    assert wide.hex() == "8101060218000f0f0f0f0f01020304ff"
    assert C.turn(2, "to", (3, 4), (-1, 0x1234)).hex() == "8201060203040f0f0f0f01020304ff"
    assert C.turn(1, "by", (3, 4), (0x8DB, -400)).hex() == "810106030304000" + "80d0b0f0e0700ff"
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


def test_a_place_counts_when_it_was_told_twice_alike():
    near, far, zoom = b"\x00\x00\x00\x08", b"\x00\x00\x07\x08", b"\x04\x00\x00\x00"
    told = b"\x90\x50" + near + b"\x0f\x0f\x0f\x0c\xff"
    leapt = b"\x90\x50" + far + b"\x0f\x0f\x0f\x0c\xff"
    cases = (  # axis, what it says to the two questions, what is believed, unlike, refused
        ("pan", (told, told), 8, 0, 0),
        ("tilt", (told, told), -4, 0, 0),
        ("pan", (told, leapt), None, 1, 0),
        ("tilt", (told, leapt), -4, 0, 0),
        ("pan", (told, b""), None, 0, 0),
        ("pan", (b"\x90\x60\x41\xff", told), None, 0, 1),
        ("pan", (b"\x90\x41\xff\x90\x51\xff" + told, told), 8, 0, 0),
        ("pan", (b"\x90\x50" + zoom + b"\xff", told), None, 0, 0),
        ("pan", (b"\x90\x50\x0f" + told[2:], told), None, 1, 0),
        ("zoom", (b"\x90\x50" + zoom + b"\xff", b"\x90\x50" + zoom + b"\xff"), 0x4000, 0, 0),
        ("zoom", (told, told), None, 0, 0),
        ("pan", (told + told, told), 8, 0, 0),
    )
    for axis, said, want, unlike, refused in cases:
        case = (axis, said)
        session = ViscaSession(1, 9600, 50, (2_000, 8_000))
        settings = PtzSettings(1, 9600)
        settings.counts_per_turn = 4_800
        words = list(said)
        session.begin(Visca(settings).query(axis), axis, 0)
        sent, over_ms = drained(session, lambda _, words=words: words.pop(0))
        assert len(sent) == 2 and over_ms <= session.duration_ms(axis), case
        assert (session.reply and session.reply.value) == want, (case, session.reply)
        assert (session.unlike_count, session.refused_count) == (unlike, refused), case


def test_an_answer_that_comes_within_a_video_field_counts():
    session = ViscaSession(1, 38_400, 50)
    session.begin(C.build(1, "query_power"), INQUIRY, 0)
    assert session.take()
    session.receive(b"\x90\x50\x02\xff", 3)
    assert session.reply is not None and not session.step(19) and session.step(20)


def test_counts_turn_into_degrees_and_back_where_the_profile_knows_them():
    settings = PtzSettings(1, 9600)
    head = Visca(settings)
    assert head.query("pan") == b"" and head.query("zoom") == b""
    settings.counts_per_turn, settings.zoom_limit = 4_800, 0x4000
    assert head.query("zoom") == C.build(1, "query_zoom") * 2
    cases = (
        ("pan", 0x8DB, 17_003),
        ("pan", -0x8DB, 18_998),
        ("tilt", 1_200, 9_000),
        ("tilt", -400, -3_000),
        ("zoom", 0x4000, 1_000),
        ("zoom", 0x7AC0, 1_000),  # digital zoom is the tele end to us
    )
    for axis, count, want in cases:
        assert abs(head.position(axis, count) - want) <= 1, (axis, count)
    settings.is_upside_down = True
    assert head.position("tilt", -400) == 3_000 and head.position("pan", 10) == 35_925
    settings.has_replies = False
    assert head.query("pan") == b""
