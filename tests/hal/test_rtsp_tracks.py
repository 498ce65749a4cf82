"""Packets become the camera's own units, byte for byte, whatever the network does to them."""

import base64
import itertools
import random

from tests.hal import rtsp_packets as paper

from hal.linux.nal import split_lengths
from hal.linux.rtsp.decode_times import DecodeTimes
from hal.linux.rtsp.offers import make_picture_track, make_sound_track
from hal.linux.rtsp.picture_track import UNIT_BYTES_MAX
from hal.linux.rtsp.reorder import Reorder
from hal.linux.rtsp.rtcp import CameraClock, receiver_report
from hal.linux.rtsp.sps import picture_size


def read(packets, batch_ends=(), text=paper.SDP):
    """Feed packets to a picture track; returns it and the access units."""
    got = []
    track = make_picture_track("cam", paper.media(text), got.append)
    for index, packet in enumerate(packets):
        track.packet(b"xx" + packet + b"yy", 2, 2 + len(packet), 40 * index)
        if index in batch_ends:
            track.flush()
    track.flush()
    return track, got


def units_of(got):
    return [split_lengths(unit.data, 4) for unit in got]


def test_every_unit_comes_out_as_it_went_in():
    packets, want = paper.stream()
    track, got = read(packets)
    assert units_of(got) == want
    assert [unit.is_keyframe for unit in got] == [index % 5 == 0 for index in range(10)]
    assert [unit.dts - got[0].dts for unit in got] == [3600 * index for index in range(10)]
    assert all(unit.pts == unit.dts for unit in got)
    assert (track.lost_count, track.damaged_count, track.malformed_count) == (0, 0, 0)
    assert (track.parameters.width_px, track.parameters.height_px) == (322, 242)
    assert track.parameters.extradata == b"\0\0\0\1" + paper.SPS + b"\0\0\0\1" + paper.PPS


def test_pictures_that_lay_in_the_kernel_bear_the_time_at_which_they_came():
    got = []
    track = make_picture_track("cam", paper.media(), got.append)
    slice_of = b"\x41\x9a" + bytes(40)
    for index in range(1500):  # a picture every 40 ms, drained at each half second
        at_ms = 1000 + 40 * index
        skewed_ticks = 3600 * index + index // 100 * 9  # a clock that runs 25 ppm fast
        packet = paper.rtp(index, skewed_ticks, slice_of, marker=True)
        track.packet(packet, 0, len(packet), -(-at_ms // 500) * 500)
    wrong_ms = [unit.now_ms - 1000 - 40 * index for index, unit in enumerate(got)]
    assert len(got) > 1490
    assert max(map(abs, wrong_ms[25:])) <= 20, wrong_ms
    assert all(one.now_ms <= two.now_ms for one, two in itertools.pairwise(got))


def test_batches_may_end_anywhere():
    packets, want = paper.stream()
    for end in range(len(packets)):
        assert units_of(read(packets, {end})[1]) == want, end


def test_a_marker_on_every_packet_still_gives_whole_pictures():
    packets, want = paper.stream()
    lying = [packet[:1] + bytes((packet[1] | 0x80,)) + packet[2:] for packet in packets]
    got = units_of(read(lying)[1])
    assert got == want
    everywhere = range(len(packets))
    track, late = read(lying, set(everywhere))
    assert track.marker_lie_count == 1, "it is believed only once"
    assert units_of(late)[-8:] == want[-9:-1]


def test_without_markers_a_picture_ends_where_the_next_begins():
    packets, want = paper.stream()
    bare = [packet[:1] + bytes((packet[1] & 0x7F,)) + packet[2:] for packet in packets]
    assert units_of(read(bare)[1]) == want[:-1]


def test_each_lost_packet_costs_its_picture_and_no_half_one_is_handed_on():
    packets, want = paper.stream()
    for lost in range(len(packets)):
        track, got = read(packets[:lost] + packets[lost + 1 :])
        told = units_of(got)
        cost = len(want) - len(told)
        for units in told:
            assert any(units == one[-len(units) :] for one in want), (lost, units)
            assert sum(unit[0] & 0x1F in {1, 5} for unit in units) == 2, "a slice is missing"
        assert track.lost_count == (0 < lost < len(packets) - 1), lost
        is_unnoticed = lost in {0, len(packets) - 1}
        assert cost == track.damaged_count + track.skipped_count or is_unnoticed, lost
        assert cost <= 6, (lost, cost)


def test_after_a_damaged_keyframe_its_group_is_left_out():
    packets, want = paper.stream()
    track, got = read(packets[:1] + packets[2:])  # the first fragment of the first keyframe
    assert units_of(got) == want[5:]
    assert track.damaged_count == 1
    assert track.skipped_count == 4


def test_sets_under_a_time_of_their_own_belong_to_the_picture_that_follows():
    key = paper.picture(5, 50, 1)
    packets = [
        paper.rtp(1, 100, paper.SPS, marker=True),
        paper.rtp(2, 200, paper.PPS, marker=True),
        paper.rtp(3, 300, key, marker=True),
    ]
    got = read(packets, {0, 1})[1]
    assert units_of(got) == [[paper.SPS, paper.PPS, key]]
    assert got[0].is_keyframe


def test_sets_only_in_the_description_are_enough_and_none_at_all_is_no_keyframe():
    sets = ",".join(base64.b64encode(one).decode() for one in (paper.SPS, paper.PPS))
    text = paper.SDP.replace("mode=1\r", f"mode=1;sprop-parameter-sets={sets}\r")
    packets = [paper.rtp(1, 100, paper.picture(5, 50, 1), marker=True)]
    track, got = read(packets, text=text)
    assert got[0].is_keyframe
    assert track.parameters.width_px == 322
    track, got = read(packets)
    assert not got[0].is_keyframe
    assert track.bare_keyframe_count == 1


def test_an_intra_picture_behind_a_recovery_point_is_a_keyframe():
    for count, is_key in ((b"\x84", True), (b"\x44", False)):
        units = [paper.SPS, paper.PPS, b"\x06\x06\x01" + count + b"\x80", paper.picture(1, 9, 1)]
        got = read([paper.rtp(1, 100, paper.stap_a(units), marker=True)])[1]
        assert got[0].is_keyframe == is_key, count


def test_h265_in_every_packing():
    text = paper.SDP.replace("H264/90000", "H265/90000").replace("packetization-mode=1", "x=1")
    key = b"\x26\x01\x80" + bytes(range(1, 200))
    other = b"\x02\x01\x80" + bytes(range(1, 30))
    payloads = [
        (0, paper.ap_hevc([paper.VPS5, paper.SPS5, paper.PPS5]), False),
        *[(0, piece, at == 3) for at, piece in enumerate(paper.fu_hevc(key, 50))],
        (1, other, True),
    ]
    packets = [
        paper.rtp(at, 3600 * index, payload, marker)
        for at, (index, payload, marker) in enumerate(payloads)
    ]
    track, got = read(packets, text=text)
    assert units_of(got) == [[paper.VPS5, paper.SPS5, paper.PPS5, key], [other]]
    assert [unit.is_keyframe for unit in got] == [True, False]
    assert track.parameters.codec == "hevc"
    assert track.malformed_count == 0


def test_a_source_that_begins_again_goes_on_in_time():
    packets, want = paper.stream()
    again = [
        packet[:2] + packet[2:4] + b"\0\0\1\0" + b"\0\0\0\x63" + packet[12:] for packet in packets
    ]
    moved = [
        packet[:4] + (0x1000 + 3600 * index).to_bytes(4, "big") + packet[8:]
        for index, packet in enumerate(again[: len(packets) // 2])
    ]
    track, got = read(packets + moved)
    assert track.restart_count == 1
    times = [unit.dts for unit in got]
    assert times == sorted(times)
    assert times[-1] - times[0] < 90_000 * 60, "the jump was taken for time"
    assert units_of(got)[:10] == want


def test_pictures_out_of_order_are_decoded_before_they_are_shown():
    times = DecodeTimes()
    shown = [0]
    for group in range(20):
        shown += [group * 3 + 3, group * 3 + 1, group * 3 + 2]
    decoded = [times.next(pts) for pts in shown]
    assert decoded == sorted(decoded)
    assert all(dts <= pts for dts, pts in zip(decoded[4:], shown[4:], strict=True)), decoded


def test_packets_by_udp_are_put_into_order_again():
    packets, want = paper.stream()
    shuffled = list(packets)
    for at in range(0, len(shuffled) - 4, 4):
        part = shuffled[at : at + 4]
        random.Random(at).shuffle(part)
        shuffled[at : at + 4] = part
    shuffled = packets[:1] + [one for one in shuffled if one != packets[0]]
    got = []
    track = make_picture_track("cam", paper.media(), got.append)
    order = Reorder(track)
    for index, packet in enumerate(shuffled):
        order.packet(packet, 0, len(packet), index)
    track.flush()
    assert units_of(got) == want
    assert track.lost_count == 0
    assert order.reordered_count > 0


def test_a_packet_that_never_comes_is_waited_for_200_ms():
    packets, _ = paper.stream()
    got = []
    track = make_picture_track("cam", paper.media(), got.append)
    order = Reorder(track)
    for index in (0, 1, 2, 4, 5):
        order.packet(packets[index], 0, len(packets[index]), 1000)
    assert track.packet_count == 3
    order.step(1199)
    assert track.packet_count == 3
    order.step(1200)
    assert (track.packet_count, track.lost_count) == (5, 1)
    for index in range(7, 80):  # far more than it may hold
        packet = paper.rtp(70_000 + index, 5, b"\x41")
        order.packet(packet, 0, len(packet), 1201)
    assert len(order._held) <= 64


def sound(text, payloads):
    got = []
    made = make_sound_track("cam", paper.media(text, 1), got.append)
    number = paper.media(text, 1).payload_type
    for at, (ticks, payload, marker) in enumerate(payloads):
        packet = paper.rtp(at, ticks, payload, marker, number)
        made.packet(packet, 0, len(packet), at)
    return made, got


def test_aac_in_every_packing():
    one, two, long = b"a" * 20, b"b" * 30, bytes(200)
    both = b"\x00\x20" + (20 << 3).to_bytes(2, "big") + (30 << 3).to_bytes(2, "big") + one + two
    head = b"\x00\x10" + (200 << 3).to_bytes(2, "big")
    track, got = sound(
        paper.SDP,
        [(0, both, True), (2048, head + long[:120], False), (2048, head + long[120:], True)],
    )
    assert [(unit.data, unit.pts) for unit in got] == [(one, 0), (two, 1024), (long, 2048)]
    assert track.malformed_count == 0
    track, got = sound(paper.SDP, [(0, head + long[:120], False), (1024, both, True)])
    assert [unit.data for unit in got] == [one, two]
    assert track.damaged_count == 1
    for bad in (b"", b"\0", b"\0\x10", b"\xff\xff", b"\0\x10\0\0", both[:-1], both[:40]):
        track, got = sound(paper.SDP, [(0, bad, True), (9999, both, True)])
        assert [unit.data for unit in got][-2:] == [one, two], bad
        assert track.malformed_count <= 1, bad


def test_g711_and_opus_pass_as_they_are():
    for line, number in (("8\r\n", 8), ("0\r\n", 0), ("99\r\na=rtpmap:99 opus/48000/2\r\n", 99)):
        text = "m=video 0 RTP/AVP 96\r\nm=audio 0 RTP/AVP " + line
        track, got = sound(text, [(0, b"one", False), (160, b"two", False)])
        assert [unit.data for unit in got] == [b"one", b"two"], number
        assert track.parameters.codec in {"alaw", "ulaw", "opus"}


def test_the_cameras_clock_is_measured():
    clock = CameraClock()
    for second in range(10):
        ntp = (2_208_988_800 + 1_700_000_000 + second).to_bytes(4, "big") + b"\x80\0\0\0"
        report = b"\x80\xc8\0\6" + b"\0\0\0\7" + ntp + (900 * second).to_bytes(4, "big") + bytes(8)
        clock.receive(report + b"\x81\xca\0\1\0\0\0\7", 1_700_000_000_000 + second * 1000 - 1234)
    assert clock.report_count == 10
    assert clock.offset_ms() == 1734
    assert clock.doubt_ms() == 50
    clock.receive(report, 1_700_000_000_000 + 9_000 - 1234 + 300)
    assert clock.offset_ms() == 1734
    assert clock.doubt_ms() == 200
    assert clock.malformed_count == 0
    clock.receive(b"\x80\xcb\0\1\0\0\0\7", 0)
    assert clock.has_ended
    assert len(receiver_report(b"\0\0\0\7")) % 4 == 0


def test_junk_in_every_place_is_counted_and_never_a_crash():
    seed = 20_261_124
    chance = random.Random(seed)
    packets, want = paper.stream()
    for turn in range(600):
        bad = [bytearray(packet) for packet in packets]
        for _ in range(chance.randrange(1, 6)):
            victim = chance.choice(bad)
            at = chance.randrange(len(victim))
            kind = chance.randrange(3)
            if kind == 0:
                victim[at] ^= 1 << chance.randrange(8)
            elif kind == 1:
                del victim[at:]
            else:
                victim[at:at] = chance.randbytes(chance.randrange(50))
            if not victim:
                victim += b"\0"
        got = read([bytes(one) for one in bad], set(chance.sample(range(60), 9)))[1]
        assert len(got) <= len(want) + 12, (seed, turn)
        for unit in got:
            assert b"".join(
                len(one).to_bytes(4, "big") + one for one in split_lengths(unit.data, 4)
            )
    for turn in range(3000):
        junk = chance.randbytes(chance.randrange(60))
        for text, index in ((paper.SDP, 0), (paper.SDP, 1)):
            make = (make_picture_track, make_sound_track)[index]
            made = make("cam", paper.media(text, index), [].append)
            made.packet(
                paper.rtp(turn, turn, junk, True, made.payload_type), 0, 12 + len(junk), turn
            )
        clock = CameraClock()
        clock.receive(junk, 0)
        assert picture_size("h264", b"\x67" + junk) and picture_size("hevc", b"\x42\x01" + junk)


def test_a_unit_without_end_takes_bounded_memory():
    def packets():
        yield paper.rtp(0, 5, b"\x7c\x85" + bytes(60_000))
        for sequence in range(1, 400):
            yield paper.rtp(sequence, 5, b"\x7c\x05" + bytes(60_000))

    track, got = read(packets())
    assert got == []
    assert track._byte_count > UNIT_BYTES_MAX
    assert sum(map(len, track._parts or [])) <= UNIT_BYTES_MAX
    assert track.malformed_count > 0
