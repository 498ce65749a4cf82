"""What was recorded is read back, oldest overwritten first, and nothing else is taken for it."""

from firmware.errors import DamagedError
from firmware.ring import check, layout, recovery
from firmware.ring.content import Block, Footer, decode_block, encode_block
from firmware.ring.segments import SegmentInfo
from firmware.ring.varint import Cursor, put_int, put_uint
from firmware.ring.writer import PartitionWriter
from tests.portable.ring_world import H264, PAGE, PICTURE, Medium, Rig, unit_of

MICROPYTHON_HEAP = "8m"


def code_of(function, *arguments):
    """Code of the DamagedError that a call raises; "" for none."""
    try:
        function(*arguments)
    except DamagedError as error:
        return error.code
    return ""


def test_numbers_survive_their_coding_and_never_run_over():
    for value in (0, 1, 127, 128, 300, (1 << 31) - 1, (1 << 60) + 5):
        out = bytearray()
        put_uint(out, value)
        put_int(out, value >> 1)
        put_int(out, -(value >> 1))
        cursor = Cursor(bytes(out))
        got = (cursor.take_uint(), cursor.take_int(), cursor.take_int())
        assert got == (value, value >> 1, -(value >> 1)), value
        for end in range(len(out)):
            cursor = Cursor(bytes(out[:end]))
            assert code_of(lambda c: [c.take_int() for _ in range(3)], cursor) != "", (value, end)
    assert code_of(Cursor(b"\xff" * 12).take_uint) == "stored.damaged"


def test_a_block_cut_anywhere_is_damage_and_never_a_crash():
    units = [unit_of(number, 5000 + number, 60) for number in range(3)]
    units[1].pts += 777
    data = encode_block(Block((5000, 1_800_000_000_000, 2), True, units))
    block = decode_block(data)
    assert block.has_gap and block.stamp == (5000, 1_800_000_000_000, 2)
    for at, had in enumerate(units):
        got = block.units[at]
        assert (had.data, had.pts, had.dts, had.now_ms) == (got.data, got.pts, got.dts, got.now_ms)
        assert had.is_keyframe == got.is_keyframe
    for end in range(len(data)):
        assert code_of(decode_block, data[:end]) == "stored.damaged", end
    assert code_of(decode_block, data + b"x") == "stored.damaged"


def test_a_pool_that_cannot_be_used_says_why():
    rig = Rig()
    read, size = rig.medium.read, rig.medium.size_bytes
    assert code_of(layout.load, read, size, "unit-8") == "ring.other_unit"
    assert code_of(layout.load, read, size - PAGE) == "ring.cut_short"
    assert code_of(layout.load, Medium(size).read, size) == "ring.not_a_pool"
    assert layout.is_blank(Medium(size).read) and not layout.is_blank(read)
    wants = [(PICTURE, 64 * PAGE, 1)]
    assert code_of(layout.plan_pool, rig.cipher, bytes(16), "u", 99 * PAGE, wants) == (
        "ring.too_small"
    )
    newer = bytearray(rig.layout.encode())
    newer[8:10] = b"\x00\x03"
    page = layout.stamp(newer)
    rig.medium.do([("write", 0, page), ("write", PAGE, page)])
    assert code_of(layout.load, read, size) == "ring.newer"


def test_one_damaged_superblock_is_survived_and_told():
    for copy in (0, 1):
        rig = Rig()
        rig.medium.flip(copy * PAGE + 30, 2)
        assert layout.load(rig.medium.read, rig.medium.size_bytes).unit == "unit-7"
        faults = check.check(rig.medium.read, rig.medium.size_bytes)
        assert [fault.place for fault in faults] == ["superblock " + "AB"[copy]]


def test_what_was_recorded_is_read_back_in_order():
    rig = Rig()
    rig.record(range(60))
    rig.service.close_stream(PICTURE, "privacy", rig.now_ms)
    rig.settle()
    assert rig.numbers() == list(range(60))
    last = rig.blocks()[-1]
    assert isinstance(last[2], Footer) and last[2].cause == "privacy"
    info = last[0].info
    assert (info.stream, info.chain, info.boot) == (PICTURE, "picture", 1)
    assert info.parameters.codec == "h264" and info.parameters.width_px == 640
    assert check.check(rig.medium.read, rig.medium.size_bytes, rig.cipher, rig.key_for) == []


def test_nothing_but_the_unit_name_can_be_read_from_a_pulled_disk():
    rig = Rig()
    rig.record(range(60))
    rig.settle()
    disk = b"".join([rig.medium.pages[at] for at in sorted(rig.medium.pages)])
    for secret in (b"unit 5 ", b"picture", b"dome", b"h264", b"sps"):
        assert disk.find(secret) < 0, secret
    assert disk.find(b"unit-7") >= 0
    assert disk.find((3_000_000).to_bytes(4, "big")) < 0
    assert disk.find((1_800_003_600_000 >> 16).to_bytes(4, "big")) < 0


def test_the_oldest_is_overwritten_first_and_the_rest_stays_whole():
    rig = Rig(slots=4)
    rig.record(range(700))
    rig.settle()
    got = rig.numbers()
    assert got == list(range(got[0], 700))
    assert 100 < got[0] < 690
    state = rig.service.state(PICTURE)
    assert state.fill_permille == 1000 and state.segment_count > 8
    assert check.check(rig.medium.read, rig.medium.size_bytes, rig.cipher, rig.key_for) == []


def test_a_flipped_bit_anywhere_is_found_and_costs_one_record():
    rig = Rig()
    rig.record(range(40))
    rig.service.close_stream(PICTURE, "stopped", rig.now_ms)
    rig.settle()
    rig.start()
    rig.record(range(40, 50))
    rig.settle()
    used = sorted(rig.medium.pages)
    want = rig.numbers()
    for turn in range(0, len(used) * PAGE, 1237):
        at = used[turn // PAGE] * PAGE + turn % PAGE
        rig.medium.flip(at, turn % 8)
        faults = check.check(rig.medium.read, rig.medium.size_bytes, rig.cipher, rig.key_for)
        assert faults, at
        got = rig.numbers() if at >= 2 * PAGE else want
        assert set(got) <= set(want), at
        rig.medium.flip(at, turn % 8)
    assert rig.numbers() == want


def test_a_misdirected_write_and_a_stale_lap_are_refused():
    rig = Rig(slots=4)
    rig.record(range(700))
    rig.settle()
    part = rig.layout.find(rig.cipher, PICTURE)
    newest = recovery.recover(rig.medium.read, rig.layout).states[0]
    slot = newest.generation % 4
    elsewhere = (slot + 1) % 4
    want = rig.numbers()
    page = rig.medium.read(part.segment_offset_bytes(slot), PAGE)
    kept = dict(rig.medium.pages)
    rig.medium.do([("write", part.segment_offset_bytes(elsewhere), page)])
    faults = check.check(rig.medium.read, rig.medium.size_bytes)
    assert [fault.invariant for fault in faults if fault.invariant == 3] == [3]
    got = rig.numbers()
    assert got == want[-len(got) :]
    rig.medium.pages = kept
    old = rig.medium.read(part.segment_offset_bytes(elsewhere), PAGE)
    rig.record(range(700, 900))
    rig.settle()
    want = rig.numbers()
    rig.medium.do([("write", part.segment_offset_bytes(elsewhere), old)])  # the newer one was lost
    faults = check.check(rig.medium.read, rig.medium.size_bytes)
    assert 4 in [fault.invariant for fault in faults]
    got = rig.numbers()
    assert got and set(got) <= set(want)


def test_recovery_reads_the_more_the_fewer_times_it_doubles():
    counts = []
    for slots in (8, 64, 512):
        rig = Rig(slots=slots)
        part = rig.layout.partitions[0]
        for generation in range(slots + slots // 2):
            header_only(rig, part, generation)
        recovered = recovery.recover(rig.medium.read, rig.layout)
        assert recovered.states[0].generation == slots + slots // 2 - 1, slots
        counts.append(recovered.read_count)
    assert counts[2] - counts[1] <= 3 + 8, counts  # log2(8) probes, and fuller samples
    assert counts[2] <= 2 * (9 + 4 + 16 + 6), counts


def header_only(rig, part, generation):
    """Put an empty segment of a generation where it belongs."""
    state = recovery.PartitionState(part, generation - 1, generation)
    writer = PartitionWriter(rig.cipher, rig.entropy, rig.layout, state)
    info = SegmentInfo(PICTURE, "picture", rig.chain.epoch, 1, (1, 2, 2), H264)
    rig.medium.do(writer.open(rig.chain, info, b""))


def test_recovery_finds_the_newest_at_every_place_of_the_lap():
    slots = 9
    rig = Rig(slots=slots)
    part = rig.layout.partitions[0]
    for generation in range(3 * slots):
        header_only(rig, part, generation)
        for damaged in (-1, 0, generation % slots, (generation + 1) % slots, 4, 5):
            kept = dict(rig.medium.pages)
            if damaged >= 0:
                rig.medium.flip(part.segment_offset_bytes(damaged) + 50, 1)
            state = recovery.recover(rig.medium.read, rig.layout).states[0]
            want = generation - (damaged == generation % slots)
            assert state.generation == want, (generation, damaged)
            rig.medium.pages = kept


def test_an_earlier_lap_shows_through_nowhere():
    rig = Rig(slots=4)
    rig.record(range(300))
    rig.settle()
    rig.start()
    rig.record(range(300, 310))
    rig.settle()
    got = rig.numbers()
    assert got == list(range(got[0], 310))
