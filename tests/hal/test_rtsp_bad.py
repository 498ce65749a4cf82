"""What cameras send wrong is counted, told and outlived; see docs/guides/cameras.md."""

import contextlib
import random
import subprocess

import av
from tests.hal import rtsp_packets as paper
from tests.hal.real_world import RealWorld
from tests.hal.scripted_camera import Life, ScriptedCamera
from tests.hal.test_rtsp_session import ANSWERS, Reader

from hal.api.errors import PortAbsent, PortError, PortLost, PortRefused
from hal.conformance.world import wait_until
from hal.linux.nal import Framing, split_lengths
from hal.linux.rtsp.address import Address
from hal.linux.rtsp.camera import RtspCamera
from hal.linux.rtsp.session import Session
from hal.linux.wake import Wake

SPS_TALL = bytes.fromhex("6742c01edd9016c04e86da100000030010000003032078a15480")
GROUP = 5
TICKS = 3600


class Shooting:
    """Puts groups of pictures into packets, with a running number and time."""

    def __init__(self, sequence=0, ticks=0, payload_type=96):
        self.sequence, self.ticks, self.payload_type = sequence, ticks, payload_type
        self.packets, self.index = [], 0

    def picture(self, kind, sets=(), slices=2, step=TICKS):
        payloads = [paper.stap_a(list(sets))] if sets else []
        payloads += [paper.picture(kind, 60, self.index, at == 0) for at in range(slices)]
        for at, payload in enumerate(payloads):
            is_last = at == len(payloads) - 1
            packet = paper.rtp(self.sequence, self.ticks, payload, is_last, self.payload_type)
            self.packets.append(packet)
            self.sequence += 1
        self.ticks += step
        self.index += 1

    def group(self, sets=(paper.SPS, paper.PPS), step=TICKS):
        self.picture(5, sets, step=step)
        for _ in range(GROUP - 1):
            self.picture(1, step=step)
        return self


@contextlib.contextmanager
def watching(*lives, is_udp=False):
    with ScriptedCamera(*lives) as far, contextlib.closing(Wake()) as wake:
        camera = RtspCamera(far.url, wake, is_udp=is_udp)
        camera.open()
        yield camera, far
        camera.close()


def runs_of(camera, count):
    """Read as the core does: all there is at once, each batch under the parameters told."""
    runs, world = [], RealWorld()

    def is_done():
        units = []
        while (unit := camera.read()) is not None:
            units.append(unit)
        if units:
            runs.append((units, camera.parameters()))
        return sum(len(units) for units, _ in runs) >= count

    assert wait_until(world, is_done, 5000), (count, runs, camera.counts())
    return runs


def units_of(runs):
    return [unit for units, _ in runs for unit in units]


def trouble_of(camera):
    told = []

    def is_told():
        try:
            while camera.read() is not None:
                pass
        except PortError as trouble:
            told.append(trouble)
        return bool(told)

    assert wait_until(RealWorld(), is_told, 5000), "silence"
    camera.close()
    return told[0]


def test_each_picture_is_read_under_the_parameter_sets_it_was_coded_with():
    shot = Shooting().group().group().group((SPS_TALL, paper.PPS)).group((SPS_TALL, paper.PPS))
    with watching(Life(shot.packets)) as (camera, _):
        for units, parameters in runs_of(camera, 4 * GROUP):
            for unit in units:
                brought = [one for one in split_lengths(unit.data, 4) if one[0] & 31 == 7]
                assert all(one in parameters.extradata for one in brought)
        assert camera.parameters().extradata.count(SPS_TALL) == 1
        assert camera.counts()["changes"] == 1
        assert camera.dropped_count == 0


def test_a_keyframe_with_a_lost_slice_takes_its_group_along_and_no_other():
    shot = Shooting().group().group().group()
    lost = [at for at, one in enumerate(shot.packets) if one[12] & 31 == 5][3]  # second slice
    packets = shot.packets[:lost] + shot.packets[lost + 1 :]
    for is_udp in (False, True):
        with watching(Life(packets, is_udp=is_udp), is_udp=is_udp) as (camera, _):
            assert len(units_of(runs_of(camera, 2 * GROUP))) == 2 * GROUP
            counts = camera.counts()
            told = [counts[name] for name in ("lost_packets", "damaged", "skipped")]
            assert told == [1, 1, GROUP - 1], (is_udp, counts)
            assert camera.dropped_count == GROUP


def test_a_keyframe_that_never_comes_whole_leaves_nothing_to_read():
    shot = Shooting()
    for _ in range(3 * GROUP):
        shot.picture(1)
    with watching(Life(shot.packets)) as (camera, _):
        assert wait_until(RealWorld(), lambda: camera.counts().get("headless") == 3 * GROUP, 5000)
        assert camera.read() is None and camera.parameters() is None
        assert camera.dropped_count == 0, "what had not begun cannot be lost"


def film_units(tmp_path):
    """Real pictures of libx264, as (is_keyframe, NAL units)."""
    path = tmp_path / "clip.mp4"
    source = ["-f", "lavfi", "-i", "testsrc2=size=160x120:rate=10:duration=2"]
    command = ["ffmpeg", "-v", "error", *source, "-c:v", "libx264", "-bf", "0", "-g", "5"]
    subprocess.run([*command, "-threads", "1", str(path)], check=True)
    with av.open(str(path)) as film:
        stream = film.streams.video[0]
        framing = Framing("h264", bytes(stream.codec_context.extradata))
        packets = [packet for packet in film.demux(stream) if packet.size]
        return framing.sets, [(one.is_keyframe, framing.units(bytes(one))) for one in packets]


def test_a_corrupt_keyframe_is_recorded_as_it_came_and_counted(tmp_path):
    sets, pictures = film_units(tmp_path)
    for kind in ("whole", "flipped", "short", "noise"):
        chance, packets, sequence, sent = random.Random(7), [], 0, []
        for index, (is_keyframe, units) in enumerate(pictures):
            units_sent = [*sets, *units] if is_keyframe else list(units)
            body = units_sent[-1]
            if is_keyframe and kind == "flipped":
                body = body[:200] + chance.randbytes(60) + body[260:]
            elif is_keyframe and kind == "short":
                body = body[: len(body) // 3]
            elif is_keyframe and kind == "noise":
                body = body[:2] + chance.randbytes(len(body) - 2)
            units_sent[-1] = body
            sent.append(units_sent)
            payloads = [one for unit in units_sent for one in paper.fu_a(unit, 1200)]
            for at, payload in enumerate(payloads):
                is_last = at == len(payloads) - 1
                packets.append(paper.rtp(sequence, index * 9000, payload, is_last))
                sequence += 1
        with watching(Life(packets)) as (camera, _):
            camera.measures()
            got = units_of(runs_of(camera, len(sent)))
            assert [split_lengths(unit.data, 4) for unit in got] == sent, kind
            if kind == "whole":
                assert wait_until(RealWorld(), camera.measures, 5000)
                assert camera.counts()["broken"] == 0
            else:
                assert wait_until(RealWorld(), lambda: camera.counts()["broken"] == 1, 5000), kind
            assert camera.dropped_count == 0


def test_times_that_jump_or_wrap_never_run_backwards():
    day = 86_400 * 90_000
    for steps, jump_count in (
        ([], 0),
        ([3600 * 90_000], 1),
        ([-3600 * 90_000], 1),
        ([-5 * 90_000], 1),
        ([day, -day, 3 * day], 3),
    ):
        shot = Shooting(ticks=0xFFFF_FFFF - 2 * TICKS)  # wraps under way
        shot.group()
        for step in steps:
            shot.ticks += step
            shot.group()
        count = GROUP * (len(steps) + 1)
        with watching(Life(shot.packets)) as (camera, _):
            got = units_of(runs_of(camera, count))
            times = [unit.dts for unit in got]
            assert times == sorted(times), steps
            assert times == [unit.pts for unit in got], steps
            assert times[-1] - times[0] < 60 * 90_000, (steps, times)
            assert camera.counts()["jumps"] == jump_count, steps


def test_a_rate_that_varies_keeps_every_time_as_the_camera_told_it():
    shot = Shooting()
    for step in (90, 1500, 3600, 9000, 90_000, 45_001):
        shot.group(step=step)
    with watching(Life(shot.packets)) as (camera, _):
        got = units_of(runs_of(camera, 6 * GROUP))
        want, ticks = [], 0
        for step in (90, 1500, 3600, 9000, 90_000, 45_001):
            want += [ticks + step * at for at in range(GROUP)]
            ticks = want[-1] + step
        assert [unit.pts for unit in got] == want
        assert camera.counts()["jumps"] == 0


def test_datagrams_doubled_shuffled_and_lost_cost_no_more_than_what_is_lost():
    shot = Shooting(sequence=65_500)
    for _ in range(8):
        shot.group()
    chance, packets = random.Random(3), []
    victim = len(shot.packets) - 3  # a picture between keyframes
    for at in range(0, len(shot.packets), 3):
        part = shot.packets[at : at + 3]
        if at:
            chance.shuffle(part)
        packets += [*part, chance.choice(part)]
    packets = [one for one in packets if one is not shot.packets[victim]]
    with watching(Life(packets, is_udp=True), is_udp=True) as (camera, _):
        assert len(units_of(runs_of(camera, 8 * GROUP - 1))) == 8 * GROUP - 1
        assert wait_until(RealWorld(), lambda: camera.counts().get("lost_packets") == 1, 2000)
        counts = camera.counts()
        assert counts["late_packets"] > 8 and counts["reordered"] > 8, counts
        assert (counts["damaged"], counts["skipped"], counts["jumps"]) == (1, 0, 0), counts


def test_rtcp_that_makes_no_sense_is_counted_and_the_pictures_go_on():
    chance, shot = random.Random(11), Shooting()
    for _ in range(10):
        shot.group()
        shot.packets += [(chance.randbytes(chance.randrange(4, 90)),) for _ in range(5)]
        shot.packets += [(b"\x80\xc8\x00\x01\x00\x00\x00\x07",), (b"\x80\xc8\xff\xff",)]
    shot.packets = [one for one in shot.packets if not _is_goodbye(one)]
    for is_udp in (False, True):
        with watching(Life(shot.packets, is_udp=is_udp), is_udp=is_udp) as (camera, _):
            assert len(units_of(runs_of(camera, 10 * GROUP))) == 10 * GROUP, is_udp
            assert wait_until(RealWorld(), lambda: camera.counts().get("malformed", 0) > 20, 2000)
            assert camera._opening.session.clock.offset_ms() is None, "a clock out of noise"


def _is_goodbye(one):
    return isinstance(one, tuple) and one[0][1] == 203


BODY = paper.SDP.encode()
LENGTHS = (
    (b"%d" % (len(BODY) // 4), (PortAbsent, PortRefused)),
    (b"0", (PortAbsent,)),
    (b"-7", (PortAbsent,)),
    (b"many", (PortAbsent,)),
    (b"999999999", (PortLost,)),
)


def test_a_wrong_content_length_is_an_error_and_the_next_opening_is_fresh():
    good = Shooting().group()
    for length, kinds in LENGTHS:
        head = b"RTSP/1.0 200 OK\r\nCSeq: %d\r\nContent-Length: " + length + b"\r\n\r\n"
        bad = Life(answers={"DESCRIBE": head + BODY})
        with watching(bad, Life(good.packets)) as (camera, far):
            trouble = trouble_of(camera)
            assert isinstance(trouble, kinds), (length, trouble)
            assert far.url in str(trouble)
            camera.open()
            assert len(units_of(runs_of(camera, GROUP))) == GROUP, length


def opened(answers=ANSWERS):
    reader = Reader()
    session = Session(Address(paper.URL), reader, None, 0)
    for data in answers:
        session.receive(data, 0, 0)
    return session, reader


def test_a_server_that_hangs_at_any_step_is_given_up():
    for count in range(len(ANSWERS)):
        session, _ = opened(ANSWERS[:count])
        session.step(9_999)
        assert session.trouble is None, count
        session.step(10_000)
        assert isinstance(session.trouble, PortAbsent), count
        assert "no answer to" in str(session.trouble)
    longer = paper.answer(2, body=paper.SDP.encode()).replace(
        b"Content-Length: ", b"Content-Length: 1"
    )
    session, _ = opened([ANSWERS[0], longer])  # waits for a body that never comes
    session.step(10_000)
    assert isinstance(session.trouble, PortAbsent) and "DESCRIBE" in str(session.trouble)
    session, _ = opened()
    session.step(5_000)
    assert isinstance(session.trouble, PortLost) and "silent" in str(session.trouble)


def play(session, packets, start_ms, gap_ms):
    now_ms = start_ms
    for packet in packets:
        session.receive(paper.framed(packet, 2), now_ms, 0)
        session.step(now_ms)
        if session.trouble is not None:
            break
        now_ms += gap_ms
    return now_ms


def test_a_track_that_changes_its_payload_type_is_opened_again():
    session, reader = opened()
    now_ms = play(session, Shooting().group().packets, 0, 10)
    assert len(reader.got) >= GROUP - 1
    now_ms = play(session, Shooting(payload_type=98).group().packets * 99, now_ms, 100)
    assert isinstance(session.trouble, PortLost) and "another codec" in str(session.trouble)
    assert now_ms < 6_000


def test_a_track_that_changes_its_codec_in_silence_is_opened_again():
    session, reader = opened()
    play(session, Shooting().group().packets, 0, 10)
    before = len(reader.got)
    hevc = [
        paper.rtp(100 + at, 90_000 + at * TICKS, payload, marker=True)
        for at in range(900)
        for payload in (paper.fu_hevc(b"\x26\x01" + bytes([at % 250 + 1]) * 40, 99)[0],)
    ]
    now_ms = play(session, hevc, 100, 40)
    assert isinstance(session.trouble, PortLost) and "only parts" in str(session.trouble)
    assert 15_000 <= now_ms < 17_000
    assert len(reader.got) <= before + 1


HEVC_SDP = paper.SDP.replace("H264/90000", "H265/90000").replace("packetization-mode=1", "x=1")


def test_what_it_sends_after_that_is_found_out_by_opening_it_again():
    sets = paper.ap_hevc([paper.VPS5, paper.SPS5, paper.PPS5])
    hevc = []
    for at in range(6):
        unit = bytes((0x26 if at == 0 else 0x02, 0x01, 0x80)) + bytes(range(1, 60))
        payloads = [sets, unit] if at == 0 else [unit]
        for payload in payloads:
            is_last = payload is unit
            hevc.append(paper.rtp(len(hevc), at * TICKS, payload, is_last))
    with watching(Life(Shooting().group().packets), Life(hevc, HEVC_SDP)) as (camera, far):
        assert runs_of(camera, GROUP)[-1][1].codec == "h264"
        before = camera.counts()
        camera.close()
        camera.open()
        assert runs_of(camera, 6)[-1][1].codec == "hevc"
        assert far.connection_count == 2
        after = camera.counts()
        assert all(after[name] >= count for name, count in before.items()), "a counter fell"
