"""A scrub tells what can really be read back: all of it, and nothing that is not there."""

from firmware.ring import scrub
from hal.api.errors import PortFailed
from tests.portable.ring_world import PAGE, PICTURE, Rig
from tests.portable.ring_world import Medium as Pages

MICROPYTHON_HEAP = "8m"


def scrub_of(rig, with_keys, read=None):
    state = rig.recovered.states[0]
    writer = rig.service._streams[PICTURE].writer
    keys = (rig.cipher, rig.key_for) if with_keys else (None, None)
    return scrub.Scrub(
        read or rig.medium.read, rig.layout, state.partition, writer.generation, *keys
    )


def run(one, budget_bytes=scrub.STEP_BYTES):
    reports = []
    while not one.is_done():
        report = one.step(budget_bytes)
        if report is not None:
            reports.append(report)
    return reports


def told(reports):
    return [
        (one.generation, one.verdict, one.good_count, one.rotten_count, one.missing_count)
        for one in reports
    ]


def recorded(count=400):
    rig = Rig(slots=5)
    rig.record(range(count))
    rig.settle()
    return rig


def test_a_sound_ring_is_sound_with_and_without_keys_at_any_step():
    rig = recorded()
    first = told(run(scrub_of(rig, False)))
    assert [entry[1] for entry in first] == ["open"] + ["sound"] * 4
    for with_keys in (False, True):
        for budget_bytes in (1, PAGE, 1 << 20):
            reports = run(scrub_of(rig, with_keys), budget_bytes)
            assert told(reports) == first, (with_keys, budget_bytes)
            for report in reports:
                assert report.proven_count == (report.good_count if with_keys else 0)
    assert run(scrub.Scrub(rig.medium.read, rig.layout, rig.layout.partitions[1], -1)) == []


def test_every_flipped_bit_of_a_record_is_found_and_costs_that_record():
    rig = recorded()
    part = rig.layout.partitions[0]
    was = run(scrub_of(rig, False))
    slot = was[2].generation % part.segment_count
    start = part.segment_offset_bytes(slot) + PAGE
    for at, rotten, missing in ((0, 0, 1), (20, 0, 1), (64, 1, 0), (900, 1, 0), (4095, 1, 0)):
        rig.medium.flip(start + at, 3)
        for with_keys in (False, True):
            report = run(scrub_of(rig, with_keys))[2]
            assert report.verdict == scrub.ROTTEN, at
            assert (report.rotten_count, report.missing_count) == (rotten, missing), at
            assert report.good_count == was[2].good_count - 1, at
        rig.medium.flip(start + at, 3)
    assert told(run(scrub_of(rig, True))) == told(was)


def test_a_lost_segment_is_missed_by_the_one_before_it():
    rig = recorded()
    part = rig.layout.partitions[0]
    was = run(scrub_of(rig, False))
    slot = was[2].generation % part.segment_count
    rig.medium.flip(part.segment_offset_bytes(slot) + 30, 1)
    got = run(scrub_of(rig, False))
    assert got[2].verdict == scrub.DAMAGED and got[2].header is None
    assert got[3].verdict == scrub.ROTTEN
    assert got[3].missing_count == was[2].good_count
    rig.medium.pages.pop(part.segment_offset_bytes(slot) // PAGE)
    assert run(scrub_of(rig, False))[2].verdict == scrub.ABSENT


def test_rot_in_the_newest_segment_is_told_from_a_torn_tail():
    rig = recorded(418)
    part = rig.layout.partitions[0]
    newest = run(scrub_of(rig, False))[0]
    assert newest.verdict == scrub.OPEN and newest.good_count > 4
    start = part.segment_offset_bytes(newest.header.slot)
    rig.medium.flip(start + PAGE + 100, 0)
    report = run(scrub_of(rig, True))[0]
    assert report.verdict == scrub.ROTTEN and report.missing_count > 0
    rig.medium.flip(start + PAGE + 100, 0)
    reader = rig.reader()
    last = [at for at, _, _ in reader.walk(reader.segments(part)[-1])][-1]
    rig.medium.flip(start + last + 100, 0)  # torn, or being written
    report = run(scrub_of(rig, True))[0]
    assert (report.verdict, report.good_count) == (scrub.OPEN, newest.good_count - 1)


def test_a_segment_overwritten_meanwhile_is_forgotten():
    rig = recorded()
    one = scrub_of(rig, True)
    reports = []
    while len(reports) < 4:
        report = one.step(PAGE)
        if report is not None:
            reports.append(report)
    assert one.step(1) is None  # it has begun with the oldest
    rig.record(range(1000, 1150))
    reports.extend(run(one))
    assert reports[-1].verdict == scrub.OVERTAKEN


def test_what_the_medium_cannot_read_is_rotten_and_stops_nothing():
    rig = recorded()
    part = rig.layout.partitions[0]
    was = run(scrub_of(rig, False))
    bad = part.segment_offset_bytes(was[1].generation % part.segment_count) + 2 * PAGE

    def read(offset_bytes, length_bytes):
        if offset_bytes <= bad < offset_bytes + length_bytes:
            raise PortFailed("medium: cannot read there")
        return Pages.read(rig.medium, offset_bytes, length_bytes)

    got = run(scrub_of(rig, False, read))
    assert got[1].verdict == scrub.ROTTEN and got[1].rotten_count + got[1].missing_count == 1
    assert [one.verdict for one in got if one is not got[1]] == ["open"] + ["sound"] * 3


def test_a_step_reads_no_more_than_its_budget_and_one_record():
    rig = recorded()
    sizes = []

    def read(offset_bytes, length_bytes):
        sizes.append(length_bytes)
        return Pages.read(rig.medium, offset_bytes, length_bytes)

    one = scrub_of(rig, False, read)
    while not one.is_done():
        del sizes[:]
        one.step(PAGE)
        assert sum(sizes) <= PAGE + 8192 + 2 * PAGE, sizes
        assert max(sizes) <= 2 * PAGE
