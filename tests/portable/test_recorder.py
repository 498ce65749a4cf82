"""The recorder counts only what a barrier covers, and goes on whatever the medium does."""

from firmware.recorder import stream as streams
from firmware.recorder.retention import LIFE_MS, HeldTimes
from firmware.recorder.service import RecorderService
from firmware.ring.content import Block, Footer
from hal.api.media import StreamParameters
from tests.portable.ring_world import (
    ALAW,
    H264,
    PICTURE,
    SOUND,
    SOUND_CHAIN,
    UTC_MS,
    Rig,
    number_of,
    unit_of,
)

MICROPYTHON_HEAP = "8m"


def names_of(service):
    """Names of the events waiting."""
    return [event[0] for event in service.events.take()]


def causes(rig, stream=PICTURE):
    """Causes of the footers, oldest first."""
    return [content.cause for _, _, content in rig.blocks(stream) if isinstance(content, Footer)]


def test_nothing_counts_before_its_barrier():
    rig = Rig()
    service = rig.service
    plan = []
    for number in range(30):
        service.receive(PICTURE, unit_of(number, rig.now_ms), rig.now_ms)
    rig.now_ms += 1000
    plan, _ = service.step(rig.now_ms)
    assert [step[0] for step in plan] == ["barrier"]  # first over what an earlier life left
    service.on_submitted([1])
    assert service.step(rig.now_ms + 1)[0] == []
    service.on_submitted([])
    service.on_completion(1, "", rig.now_ms + 2)
    plan, _ = service.step(rig.now_ms + 3)
    assert plan[-1][0] == "barrier" and plan[0][0] == "write"
    tokens = list(range(2, 2 + len(plan)))
    service.on_submitted(tokens)
    for token in tokens[:-1]:
        service.on_completion(token, "", rig.now_ms + 4)
    assert service.state(PICTURE).recorded_bytes == 0
    service.on_completion(tokens[-1], "", rig.now_ms + 5)
    assert service.state(PICTURE).recorded_bytes > 30 * 700
    assert service.state(PICTURE).is_recording and service.is_settled()


def test_one_barrier_a_second_serves_all_streams():
    rig = Rig(slots=30)
    assert rig.service.open_stream(SOUND, ALAW, rig.now_ms, SOUND_CHAIN) == ""
    barrier_count = 0
    for number in range(250):
        rig.service.receive(PICTURE, unit_of(number, rig.now_ms, 200), rig.now_ms)
        rig.service.receive(SOUND, unit_of(number, rig.now_ms, 200), rig.now_ms)
        barrier_count += [step[0] for step in rig.turn()].count("barrier")
    assert 9 <= barrier_count <= 14, barrier_count
    assert rig.numbers(SOUND) == list(range(len(rig.numbers(SOUND))))
    assert {segment.info.chain for segment, _, _ in rig.blocks(SOUND)} == {SOUND_CHAIN}


def barriers_while(rig, turns, step_ms, size):
    """Record both streams; returns when barriers were planned, and the oldest unsettled age."""
    barriers, age_ms = [], 0
    for number in range(turns):
        for stream in (PICTURE, SOUND):
            rig.service.receive(stream, unit_of(number, rig.now_ms, size), rig.now_ms)
        plan = rig.turn(step_ms)
        barriers += [rig.now_ms for step in plan if step[0] == "barrier"]
        for record in rig.service._streams.values():
            waiting = [item.stamp[0] for _, item in record.unsettled]
            waiting += [item.stamp[0] for item in record.queue]
            waiting += [record.held_stamp[0]] if record.held else []
            age_ms = max(age_ms, rig.now_ms - min(waiting, default=rig.now_ms))
    return barriers, age_ms


def test_full_segments_share_two_barriers_a_second():
    for size in (600, 900, 1300, 1700, 2300):
        rig = Rig(slots=60)
        assert rig.service.open_stream(SOUND, ALAW, rig.now_ms, SOUND_CHAIN) == ""
        barriers, age_ms = barriers_while(rig, 300, 40, size)
        gaps_ms = [barriers[at] - barriers[at - 1] for at in range(2, len(barriers))]
        assert min(gaps_ms) >= 440, (size, gaps_ms)
        assert age_ms <= 1500, (size, age_ms)
        segments = sum(one.writer.segment_count for one in rig.service._streams.values())
        assert segments > 6, size
        assert rig.service.state(PICTURE).dropped_count == 0


def test_small_segments_do_not_slow_a_fast_stream_down():
    rig = Rig(slots=14)
    assert rig.service.open_stream(SOUND, ALAW, rig.now_ms, SOUND_CHAIN) == ""
    barriers, age_ms = barriers_while(rig, 80, 20, 7000)  # five segments a second
    assert age_ms <= 1500, age_ms
    assert rig.service._memory_bytes < 200_000
    rig.settle()
    got = rig.numbers()
    assert got == list(range(80)) and len(barriers) > 4, got


def test_a_failed_barrier_gives_the_segment_up_and_loses_nothing():
    for at in range(1, 70, 3):
        rig = Rig(slots=12)
        for number in range(100):
            rig.service.receive(PICTURE, unit_of(number, rig.now_ms), rig.now_ms)
            rig.turn(40, "port.failed" if at <= number < at + 30 else "")
        rig.settle()
        assert rig.numbers() == list(range(100)), at
        assert rig.service.failure_count >= 1, at
        assert not rig.service.is_failing
        names = names_of(rig.service)
        assert names.count("disk.failed") == 1 and names.count("disk.recovered") == 1, names


def test_a_medium_that_takes_no_more_is_a_failure_and_not_a_loss():
    rig = Rig()
    rig.record(range(10))
    service = rig.service
    service.receive(PICTURE, unit_of(10, rig.now_ms), rig.now_ms)
    plan, _ = service.step(rig.now_ms + 1000)
    assert plan
    service.on_submitted([])
    assert service.is_failing and ("disk.failed" in names_of(service))
    rig.now_ms += 1000
    rig.settle()
    assert rig.numbers() == list(range(11))


def test_a_dead_medium_costs_bounded_memory_and_counted_units():
    rig = Rig()
    names = []
    for number in range(3000):
        rig.service.receive(PICTURE, unit_of(number, rig.now_ms, 3000), rig.now_ms)
        rig.turn(40, "port.failed")
        names.extend(names_of(rig.service))
    stream = rig.service._streams[PICTURE]
    assert stream.memory_bytes() <= 1 << 20
    assert rig.service.state(PICTURE).dropped_count > 2000
    assert rig.service.failure_count < 20  # each attempt costs the oldest segment
    assert names.count("recording.gap") == 1
    rig.now_ms += 60_000
    for _ in range(6):
        rig.settle()
    rig.service.events.take()
    rig.record(range(3000, 3030))
    rig.settle()
    assert "recording.started" in names_of(rig.service)
    assert rig.numbers()[-1] == 3029
    gaps = [block for _, _, block in rig.blocks() if isinstance(block, Block) and block.has_gap]
    assert len(gaps) == 1 and number_of(gaps[0].units[0]) == 3000


def test_a_slow_medium_is_told_once():
    rig = Rig()
    rig.record(range(30))
    rig.service.events.take()
    rig.service.receive(PICTURE, unit_of(30, rig.now_ms), rig.now_ms)
    plan, _ = rig.service.step(rig.now_ms + 1000)
    rig.service.on_submitted(list(range(1000, 1000 + len(plan))))
    for at in (1500, 2500, 3500, 4500):
        plan, due_ms = rig.service.step(rig.now_ms + at)
        assert due_ms > rig.now_ms + at
        rig.service.on_submitted(list(range(1000 + at, 1000 + at + len(plan))))
    assert names_of(rig.service) == ["disk.slow"]
    assert rig.service.is_slow


def test_a_stream_starts_at_a_keyframe():
    rig = Rig()
    rig.record(range(3, 25))
    rig.settle()
    assert rig.numbers() == list(range(10, 25))
    assert rig.service.state(PICTURE).dropped_count == 7


def test_an_epoch_ends_its_segment_and_what_it_held_stays_in_it():
    rig = Rig()
    rig.record(range(33))
    first = rig.chain.epoch
    rig.chain.epoch += 1
    rig.record(range(33, 60))
    rig.settle()
    assert rig.numbers() == list(range(60))
    by_epoch = {}
    for segment, _, content in rig.blocks():
        if isinstance(content, Block):
            numbers = [number_of(unit) for unit in content.units]
            by_epoch.setdefault(segment.info.epoch, []).extend(numbers)
    assert by_epoch[first][-1] in (32, 33) and by_epoch[first + 1][-1] == 59
    assert causes(rig)[0] == "epoch"


def test_a_key_is_not_kept_when_its_epoch_is_over_and_nothing_comes():
    rig = Rig()
    rig.record(range(20))
    rig.settle()
    rig.chain.epoch += 1
    rig.turn()
    assert not rig.service._streams[PICTURE].writer.is_open()


def test_new_parameters_open_a_new_segment_and_the_same_do_not():
    rig = Rig()
    rig.record(range(20))
    same = StreamParameters("h264", 90000, H264.extradata, 640, 480)
    assert rig.service.open_stream(PICTURE, same, rig.now_ms) == ""
    rig.record(range(20, 30))
    other = StreamParameters("h264", 90000, b"other", 1920, 1080)
    rig.service.open_stream(PICTURE, other, rig.now_ms)
    rig.record(range(30, 40))
    rig.settle()
    widths = {segment.info.parameters.width_px for segment, _, _ in rig.blocks()}
    assert widths == {640, 1920}
    assert causes(rig) == ["parameters"] and rig.numbers() == list(range(40))
    assert names_of(rig.service) == ["recording.started"]


def test_what_cannot_be_recorded_is_refused_by_its_name():
    rig = Rig()
    service = rig.service
    big = StreamParameters("h264", 90000, bytes(3000))
    assert service.open_stream("dome-9/picture", H264, 0) == "ring.no_partition"
    assert service.open_stream(PICTURE, big, 0) == "ring.extradata"
    assert service.open_stream(SOUND, ALAW, 0) == "ring.chain"
    assert service.open_stream(PICTURE, H264, 0, SOUND_CHAIN) == "ring.chain"
    service.receive(SOUND, unit_of(1, 1), 1)
    assert service.refused_count == 5
    rig.service.set_epoch("picture", None)
    rig.record(range(5))
    service.receive(PICTURE, unit_of(10, 1, 100_000), 1)
    assert rig.service.state(PICTURE).dropped_count == 6
    assert "recording.gap" in names_of(service)


def test_the_oldest_second_held_is_known_across_a_restart():
    rig = Rig(slots=4)
    rig.record(range(400))
    rig.settle()
    oldest = rig.service.state(PICTURE).oldest_utc_ms
    assert UTC_MS < oldest < UTC_MS + 3_600_000 + rig.now_ms
    rig.start()
    after = rig.service.state(PICTURE).oldest_utc_ms
    assert abs(after - oldest) <= 1000, (after, oldest)


def test_no_second_older_than_31_days_counts_as_held():
    times = HeldTimes(100)
    times.add(0, UTC_MS)
    times.add(1, UTC_MS + 600_000)
    assert times.oldest_utc_ms(1, UTC_MS + 700_000, 2) == UTC_MS
    late = UTC_MS + LIFE_MS + 1234
    assert times.oldest_utc_ms(1, late, 2) == UTC_MS + 1234
    for generation in range(2, 5000):
        times.add(generation, UTC_MS + generation * 600_000)
    told = times.oldest_utc_ms(4999, UTC_MS, 0)
    assert UTC_MS + 4900 * 600_000 <= told <= UTC_MS + 4999 * 600_000


def test_time_that_comes_late_leaves_the_old_stamps_honest():
    rig = Rig()
    rig.service.set_time(0, 0, rig.now_ms)
    rig.record(range(30))
    rig.tell_time()
    rig.record(range(30, 60))
    rig.settle()
    stamps = [content.stamp for _, _, content in rig.blocks() if isinstance(content, Block)]
    assert stamps[0][1:] == (0, 0)
    assert stamps[-1][2] == 2
    assert stamps[-1][1] == UTC_MS + 3_600_000 + stamps[-1][0]


def test_a_recorder_of_a_small_unit_fits_its_memory():
    rig = Rig(service=RecorderService)
    rig.service._settings.memory_bytes_max = 40_000
    rig.record(range(120), size=2000)
    assert rig.service._streams[PICTURE].memory_bytes() <= 40_000


class PoorCipher:
    """Seals into no room that has to be made first, so many times."""

    def __init__(self, cipher, count):
        self._cipher = cipher
        self.count = count

    def __getattr__(self, name):
        return getattr(self._cipher, name)

    def seal_into(self, *arguments):
        if self.count:
            self.count -= 1
            raise MemoryError
        self._cipher.seal_into(*arguments)


def test_a_record_waits_while_a_board_has_no_memory_to_seal_it():
    rig = Rig()
    rig.record(range(30))
    writer = rig.service._streams[PICTURE].writer
    writer._cipher = poor = PoorCipher(writer._cipher, 3)
    rig.record(range(30, 60))
    rig.settle()
    assert poor.count == 0
    assert rig.numbers() == list(range(60))
    assert rig.service.state(PICTURE).dropped_count == 0


def test_units_that_a_board_has_no_memory_to_join_are_left_out_and_counted():
    rig = Rig()
    rig.record(range(30))
    rig.settle()

    def refuse(_block):
        raise MemoryError

    join, streams.encode_block = streams.encode_block, refuse
    try:
        rig.record(range(30, 60))
    finally:
        streams.encode_block = join
    rig.record(range(60, 90))
    rig.settle()
    numbers = rig.numbers()
    lost = [number for number in range(90) if number not in numbers]
    assert lost and lost[0] >= 30 and numbers[-1] == 89, numbers
    assert rig.service.state(PICTURE).dropped_count == len(lost)
    assert any(content.has_gap for _, _, content in rig.blocks() if isinstance(content, Block))
