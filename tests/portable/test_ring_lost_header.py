"""A segment whose header is lost is missed, in the first lap and where it is the oldest of one."""

from firmware.ring import check, holds, scrub
from firmware.ring.holds import Hold
from tests.portable.ring_world import PAGE, PICTURE, Rig

MICROPYTHON_HEAP = "8m"
SLOT_COUNT = 5


def faults_of(rig):
    found = check.check(rig.medium.read, rig.medium.size_bytes, rig.cipher, rig.key_for)
    return [(fault.invariant, fault.place, fault.text) for fault in found]


def reports_of(rig):
    part = rig.layout.partitions[0]
    newest = rig.service._streams[PICTURE].writer.generation
    one = scrub.Scrub(rig.medium.read, rig.layout, part, newest)
    found = []
    while not one.is_done():
        report = one.step(PAGE)
        if report is not None:
            found.append(report)
    return found


def told(reports):
    return [(one.generation, one.verdict, one.good_count, one.missing_count) for one in reports]


def recorded(count=400):
    rig = Rig(slots=SLOT_COUNT)
    rig.record(range(count))
    rig.settle()
    assert faults_of(rig) == []
    return rig


def header_page(rig, generation):
    part = rig.layout.partitions[0]
    return part.segment_offset_bytes(generation % part.segment_count) // PAGE


def test_the_oldest_of_a_lap_is_missed_by_the_records_that_stand_there():
    rig = recorded()
    was = reports_of(rig)
    oldest = was[-1].generation
    assert oldest > 0 and len(was) == SLOT_COUNT
    place = "partition 0, slot %d" % (oldest % SLOT_COUNT)
    header = rig.medium.pages.pop(header_page(rig, oldest))
    count = was[-1].good_count
    text = "its header is lost, and with it the %d records seen there" % count
    assert faults_of(rig) == [(4, place, text)]
    got = told(reports_of(rig))
    assert got[:-1] == told(was[:-1])
    assert got[-1] == (oldest, "absent", 0, count)
    rig.medium.pages[header_page(rig, oldest)] = header[:30] + b"rotten" + header[36:]
    assert [entry[:2] for entry in faults_of(rig)] == [(3, place)]
    assert told(reports_of(rig))[-1] == (oldest, "damaged", 0, count)


def test_two_of_a_lap_are_missed_once():
    rig = recorded()
    was = reports_of(rig)
    for report in was[-2:]:
        rig.medium.pages.pop(header_page(rig, report.generation))
    assert [entry[0] for entry in faults_of(rig)] == [4, 4]
    count = was[-1].good_count + was[-2].good_count
    assert [one.missing_count for one in reports_of(rig)] == [0, 0, 0, 0, count]


def test_the_first_lap_is_missed_by_its_number_whatever_stands_there():
    rig = recorded(150)
    was = reports_of(rig)
    assert was[-1].generation == 0 and 1 < len(was) < SLOT_COUNT
    for page in range(16):
        rig.medium.pages.pop(header_page(rig, 0) + page, None)
    assert [entry[0] for entry in faults_of(rig)] == [4]
    assert told(reports_of(rig))[-1] == (0, "absent", 0, was[-1].good_count)


def test_a_generation_that_was_given_up_is_not_missed():
    rig = recorded()
    given_up = 0
    number = 400
    while not given_up:
        rig.record(range(number, number + 1))
        number += 1
        newest = rig.service._streams[PICTURE].writer.generation
        rig.turn(1000, "port.failed")
        if rig.service._streams[PICTURE].writer.generation > newest:
            given_up = newest + 1
    # Its records are on the medium and its header is not: they are written again in the next.
    rig.medium.pages.pop(header_page(rig, given_up))
    while rig.service._streams[PICTURE].writer.generation < given_up + SLOT_COUNT - 1:
        rig.record(range(number, number + 1))
        number += 1
    rig.settle()
    reports = reports_of(rig)
    assert (reports[-1].generation, reports[-1].verdict) == (given_up, "absent")
    assert sum(one.missing_count + one.rotten_count for one in reports) == 0
    assert faults_of(rig) == []


def test_what_a_hold_keeps_is_read_back_however_far_the_ring_has_gone():
    rig = Rig(slots=10)
    rig.record(range(500))
    rig.settle()
    newest = rig.service._streams[PICTURE].writer.generation
    first = newest - 6
    was = {one.generation: one for one in reports_of(rig)}
    rig.layout.holds = [Hold(1, 0, (first, first + 1), 1 << 50)]
    rig.medium.do(rig.layout.superblock_plan())
    number = 500
    while rig.service._streams[PICTURE].writer.generation < newest + 25:
        rig.record(range(number, number + 1))
        number += 1
    rig.settle()
    assert faults_of(rig) == []
    reports = reports_of(rig)
    assert [one.generation for one in reports[-2:]] == [first + 1, first]
    for one in reports[-2:]:
        assert (one.verdict, one.good_count) == ("sound", was[one.generation].good_count)
    assert sum(one.missing_count + one.rotten_count for one in reports) == 0
    start = rig.layout.partitions[0].segment_offset_bytes(first % 10)
    rig.medium.flip(start + PAGE + 100, 2)
    assert told(reports_of(rig))[-1][1:] == ("rotten", was[first].good_count - 1, 0)
    rig.layout.holds[0].freed = newest + 26
    assert holds.is_kept(rig.layout.holds, first) is False
    assert all(one.generation > newest + 10 for one in reports_of(rig))
