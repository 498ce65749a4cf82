"""The conversation with a camera on paper: every cut, every refusal, and nothing but one track."""

import hashlib
import random

from tests.hal import rtsp_packets as paper

from hal.api.errors import PortAbsent, PortLost, PortRefused
from hal.linux.nal import split_lengths
from hal.linux.rtsp import wire
from hal.linux.rtsp.address import Address
from hal.linux.rtsp.authorization import Authorization
from hal.linux.rtsp.offers import choose, make_picture_track
from hal.linux.rtsp.sdp import join, parse
from hal.linux.rtsp.session import Session

URL = "rtsp://viewer:la%40mp@127.0.0.1:8554/cam"


class Reader:
    def __init__(self):
        self.got = []

    def choose(self, offers):
        return choose("cam", "video", offers)

    def read(self, media):
        return make_picture_track("cam", media, self.got.append)


def opened(url=URL, udp=None):
    reader = Reader()
    return Session(Address(url), reader, udp, 0), reader


def asked(session):
    text = bytes(session.output).decode()
    session.output.clear()
    return text


ANSWERS = [
    paper.answer(1, "Public: OPTIONS, GET_PARAMETER\r\n"),
    paper.answer(2, "Content-Base: rtsp://127.0.0.1:8554/cam/\r\n", paper.SDP.encode()),
    paper.answer(3, "Session: 42;timeout=20\r\nTransport: RTP/AVP/TCP;interleaved=2-3\r\n"),
    paper.answer(4, "RTP-Info: url=x\r\n"),
]


def playing(udp=None):
    session, reader = opened(udp=udp)
    told = asked(session)
    for data in ANSWERS:
        session.receive(data, 100, 0)
        told += asked(session)
    assert session.is_playing, session.trouble
    return session, reader, told


def test_one_track_is_set_up_and_no_word_is_said_of_the_other():
    session, _, told = playing()
    lines = [line for line in told.split("\r\n") if line.endswith("RTSP/1.0")]
    assert lines == [
        "OPTIONS rtsp://127.0.0.1:8554/cam RTSP/1.0",
        "DESCRIBE rtsp://127.0.0.1:8554/cam RTSP/1.0",
        "SETUP rtsp://127.0.0.1:8554/cam/stream=0 RTSP/1.0",
        "PLAY rtsp://127.0.0.1:8554/cam/ RTSP/1.0",
    ]
    assert "la@mp" not in told and "la%40mp" not in told
    session.stop(200)
    assert asked(session).startswith("TEARDOWN rtsp://127.0.0.1:8554/cam/ RTSP/1.0")
    assert session.has_setup
    session.receive(paper.answer(5), 210, 0)
    assert session.is_over and not session.has_setup and session.trouble is None


def test_every_cut_gives_the_same_pictures():
    packets, want = paper.stream(1, 3)
    data = b"".join(ANSWERS) + b"".join(paper.framed(one, 2) for one in packets)
    for cut in range(len(data) + 1):
        session, reader = opened()
        session.receive(data[:cut], 1, 0)
        session.receive(data[cut:], 2, 0)
        got = [split_lengths(unit.data, 4) for unit in reader.got]
        assert got == want, cut
        assert session.malformed_count() == 0, cut
    session, reader = opened()
    for at in range(len(data)):
        session.receive(data[at : at + 1], at, 0)
    assert [split_lengths(unit.data, 4) for unit in reader.got] == want


def test_a_session_is_kept_alive_and_silence_or_goodbye_ends_it():
    session, _, _ = playing()
    for index in range(60):
        packet = paper.rtp(index, 90_000 * index, paper.picture(1, 9, index), marker=True)
        session.receive(paper.framed(packet, 2), 1000 * index, 0)
        session.step(1000 * index)
    text = asked(session)
    assert text.count("GET_PARAMETER") == 5, text
    assert text.count("Session: 42\r\n") == 5
    assert session.unanswered_count == 4
    session.step(63_900)
    assert session.trouble is None
    session.step(64_100)
    assert isinstance(session.trouble, PortLost) and "silent" in str(session.trouble)
    assert "TEARDOWN" in asked(session)
    session.step(65_000)
    assert session.is_over
    session, _, _ = playing()
    session.receive(paper.framed(b"\x80\xcb\0\1\0\0\0\7", 3), 200, 0)
    session.step(300)
    assert isinstance(session.trouble, PortLost) and "ended" in str(session.trouble)


REFUSALS = [
    ("404 Not Found", 2, PortAbsent, "path"),
    ("403 Forbidden", 2, PortRefused, "user and password"),
    ("401 Unauthorized", 2, PortRefused, "user and password"),
    ("453 Not Enough Bandwidth", 3, PortRefused, "viewers"),
    ("461 Unsupported Transport", 3, PortRefused, "own-udp"),
    ("500 Oops", 4, PortRefused, "settings"),
    ("302 Moved", 2, PortRefused, "settings"),
]


def test_every_refusal_is_an_error_with_its_remedy_and_without_the_password():
    for status, number, kind, word in REFUSALS:
        session, _ = opened()
        for data in ANSWERS[: number - 1]:
            session.receive(data, 1, 0)
        session.receive(paper.answer(number, status=status), 1, 0)
        assert type(session.trouble) is kind, (status, session.trouble)
        assert word in str(session.trouble), session.trouble
        assert "rtsp://127.0.0.1:8554/cam" in str(session.trouble)
        assert "la@mp" not in str(session.trouble) + repr(session.trouble)
    for body, kind in (
        (b"", PortAbsent),
        (b"m=audio 0 RTP/AVP 8\r\n", PortAbsent),
        (b"m=video 0 RTP/AVP 26\r\n", PortRefused),
        (paper.SDP.replace("mode=1", "mode=2").encode(), PortRefused),
        (paper.SDP.replace("stream=0", "a b").encode(), PortRefused),
    ):
        session, _ = opened()
        session.receive(ANSWERS[0] + paper.answer(2, body=body), 1, 0)
        assert type(session.trouble) is kind, (body, session.trouble)
        assert session.is_over and not session.has_setup
    session, _ = opened()
    session.step(9_999)
    assert session.trouble is None
    session.step(10_000)
    assert isinstance(session.trouble, PortAbsent)
    session, _ = opened()
    session.connection_ended("reset")
    assert isinstance(session.trouble, PortAbsent)
    session, _, _ = playing()
    session.connection_ended("reset")
    assert isinstance(session.trouble, PortLost)


def test_an_old_camera_without_options_is_still_asked_on():
    session, _ = opened()
    session.receive(paper.answer(1, status="405 Method Not Allowed"), 1, 0)
    assert "DESCRIBE" in asked(session)


def test_stopping_in_the_middle_of_a_setup_tears_down_what_comes_of_it():
    session, _ = opened()
    for data in ANSWERS[:2]:
        session.receive(data, 1, 0)
    asked(session)
    session.stop(2)
    assert session.has_setup and not session.is_over
    assert asked(session) == ""
    session.receive(ANSWERS[2], 3, 0)
    told = asked(session)
    assert told.startswith("TEARDOWN") and "Session: 42" in told
    session.step(800)
    assert session.is_over and not session.has_setup
    session, _ = opened()
    session.stop(1)
    assert session.is_over


def test_the_digest_is_that_of_the_standard_and_the_strongest_is_taken():
    # RFC 2617 section 3.5, without and with the numbers that only we choose
    plain = 'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'
    one = Authorization("Mufasa", "Circle Of Life")
    assert one.challenged([plain])
    assert 'response="670fd8c2df070c60b045671b8b24ff02"' in one.header("GET", "/dir/index.html")
    assert not one.challenged([plain]), "the same answer would be refused again"
    assert not one.challenged([plain.replace("dcd9", "ffff")]), "the password was refused"
    assert one.challenged([plain.replace("dcd9", "eeee") + ', stale="true"'])
    strong = 'Digest realm="r", nonce="n", qop="auth-int,auth", algorithm=SHA-256, opaque="o"'
    two = Authorization("u", "p")
    assert two.challenged(['Basic realm="r"', plain, strong])
    header = two.header("PLAY", "rtsp://x")
    fields = dict(pair.split("=", 1) for pair in header.removeprefix("Digest ").split(", "))
    own = fields["cnonce"].strip('"')

    def sha(text):
        return hashlib.sha256(text.encode()).hexdigest()

    want = sha(f"{sha('u:r:p')}:n:00000001:{own}:auth:{sha('PLAY:rtsp://x')}")
    assert fields["response"] == f'"{want}"'
    assert "nc=00000002" in two.header("PLAY", "rtsp://x")
    three = Authorization("Aladdin", "open sesame")
    assert three.challenged(['Basic realm="WallyWorld"'])
    assert three.header("GET", "/") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
    for nothing in (
        [],
        ["Bearer x"],
        ['Digest realm="r"'],
        [strong.replace("auth-int,auth", "x")],
    ):
        assert not Authorization("u", "p").challenged(nothing), nothing
    assert not Authorization("", "").challenged([plain])


def test_a_challenge_is_answered_once_with_the_password_of_the_url():
    session, _ = opened()
    session.receive(ANSWERS[0], 1, 0)
    asked(session)
    challenge = 'WWW-Authenticate: Basic realm="cam"\r\n'
    session.receive(paper.answer(2, challenge, status="401 Unauthorized"), 1, 0)
    told = asked(session)
    assert told.startswith("DESCRIBE") and "Basic dmlld2VyOmxhQG1w" in told
    session.receive(paper.answer(3, challenge, status="401 Unauthorized"), 1, 0)
    assert isinstance(session.trouble, PortRefused)


def test_addresses_are_taken_apart_and_bad_ones_refused_without_the_password():
    one = Address("rtsps://a%3Ab:c%2Fd@[::1]/x?y=1")
    told = (one.user, one.password, one.host, one.port, one.is_secure, one.url)
    assert told == ("a:b", "c/d", "::1", 322, True, "rtsps://[::1]/x?y=1")
    for url in (
        "http://u:secret@h/x",
        "rtsp://u:secret@h:99999/x",
        "rtsp:///x",
        "rtsp://u:secret@h/a b",
        "rtsp://u:secret@h/\u00fc",
        "rtsp://u:secret@[::1/x",
    ):
        try:
            Address(url)
            raise AssertionError(url)
        except PortRefused as trouble:
            assert "secret" not in str(trouble), url
            assert trouble.__cause__ is None, url


def test_control_addresses_lead_where_cameras_mean_them():
    table = [
        ("rtsp://h/a", "track1", "rtsp://h/a/track1"),
        ("rtsp://h/a/", "track1", "rtsp://h/a/track1"),
        ("rtsp://h/a?x=1", "*", "rtsp://h/a?x=1"),
        ("rtsp://h/a", "rtsp://h/b", "rtsp://h/b"),
        ("rtsp://h/a", "", "rtsp://h/a"),
    ]
    for base, control, want in table:
        assert join(base, control) == want, control


def test_junk_is_counted_and_never_a_crash_and_memory_is_bounded():
    seed = 41_124
    chance = random.Random(seed)
    packets, _ = paper.stream(1, 3)
    data = b"".join(ANSWERS) + b"".join(paper.framed(one, 2) for one in packets)
    for turn in range(1500):
        bad = bytearray(data)
        for _ in range(chance.randrange(1, 8)):
            at = chance.randrange(len(bad))
            kind = chance.randrange(3)
            if kind == 0:
                bad[at] ^= 1 << chance.randrange(8)
            elif kind == 1:
                del bad[at : at + chance.randrange(40)]
            else:
                bad[at:at] = chance.randbytes(chance.randrange(60))
        session, _ = opened()
        at = 0
        while at < len(bad) and not session.is_over:
            size = chance.randrange(1, 400)
            session.receive(bytes(bad[at : at + size]), at, 0)
            session.step(at)
            at += size
        assert session.trouble is None or isinstance(
            session.trouble, (PortLost, PortRefused, PortAbsent)
        ), (seed, turn)
    splitter = wire.Splitter([].append)
    for _ in range(2000):
        splitter.receive(chance.randbytes(chance.randrange(200)), 0)
        assert len(splitter._rest) < 70_000
    for turn in range(500):
        parse(bytes(chance.choice(b"ma=: \r\n0rtpmap/video;,") for _ in range(turn)))
    for head in (
        b"RTSP/1.0 200 OK\r\n" + b"A: b\r\n" * 4000,
        b"RTSP/1.0 200 OK\r\nContent-Length: 999999\r\n\r\n",
    ):
        session, _ = opened()
        session.receive(head, 1, 0)
        assert isinstance(session.trouble, PortLost), "a message without end"


def test_a_request_of_the_camera_is_answered():
    session, _, _ = playing()
    session.receive(
        b"OPTIONS * RTSP/1.0\r\nCSeq: 9\r\n\r\nANNOUNCE x RTSP/1.0\r\nCSeq: 10\r\n\r\n", 1, 0
    )
    told = asked(session)
    assert told == (
        "RTSP/1.0 200 OK\r\nCSeq: 9\r\n\r\nRTSP/1.0 501 Not Implemented\r\nCSeq: 10\r\n\r\n"
    )
