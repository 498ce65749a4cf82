"""A record put elsewhere in its segment costs itself and what it fell on, and no other record."""

from firmware.ring import recovery
from tests.portable.ring_world import PAGE, PICTURE, Rig

MICROPYTHON_HEAP = "8m"


def walked(rig, generation):
    """(sequence, first page in the segment, pages, settled) of each readable record."""
    reader = rig.reader()
    for segment in reader.segments(rig.layout.find(rig.cipher, PICTURE)):
        if segment.header.generation == generation:
            return [
                (record.sequence, offset // PAGE, record.length_bytes() // PAGE, record.settled)
                for offset, record, _ in reader.walk(segment)
            ]
    return []


def misdirect(rig, generation, entry, to):
    """Put a record at another page of its segment; returns the pages as they were."""
    before = dict(rig.medium.pages)
    start = rig.layout.find(rig.cipher, PICTURE).segment_offset_bytes(generation) // PAGE
    for page in range(entry[2]):
        rig.medium.pages.pop(start + entry[1] + page)
    for page in range(entry[2]):
        rig.medium.pages[start + to + page] = before[start + entry[1] + page]
    return before


def test_a_misdirected_record_hides_no_other_wherever_it_lands():
    rig = Rig()
    rig.record(range(60), size=1500)
    rig.settle()
    entries = walked(rig, 1)
    assert len(entries) == 8
    for entry in entries:
        for to in range(1, 17 - entry[2]):
            landed = range(to, to + entry[2])
            hit = [
                each[0] for each in entries if set(range(each[1], each[1] + each[2])) & set(landed)
            ]
            before = misdirect(rig, 1, entry, to)
            got = [each[0] for each in walked(rig, 1)]
            rig.medium.pages = before
            lost = [each[0] for each in entries if each[0] not in got + hit + [entry[0]]]
            assert (lost, got) == ([], sorted(set(got))), (entry[0], to)


def recorded_up_to_a_settled():
    """Record until all below the last record of the newest segment is settled, and it is not."""
    rig = Rig(segment_pages=64)
    for number in range(60):
        rig.record((number,), size=1500)
        entries = walked(rig, 0)
        if len(entries) > 2 and entries[-1][0] == entries[-1][3] and entries[-2][2] == 2:
            return rig, entries
    raise AssertionError("no such record")


def lose_one_and_shift_the_next(rig, entries):
    """Leave a page of a hole before the last of them; returns the sequences that are left."""
    lost, early = entries[-3:-1]
    start = rig.layout.partitions[0].segment_offset_bytes(0) // PAGE
    for page in range(lost[2]):
        rig.medium.pages.pop(start + lost[1] + page)
    misdirect(rig, 0, early, early[1] - 1)
    return [each[0] for each in entries if each is not lost]


def test_what_a_settled_hole_stands_before_is_there_after_a_cut():
    rig, entries = recorded_up_to_a_settled()
    last = entries[-1]
    expected = lose_one_and_shift_the_next(rig, entries)
    assert [each[0] for each in walked(rig, 0)] == expected
    assert recovery.recover(rig.medium.read, rig.layout).states[0].sequence == last[0] + 1
    rig.start()
    rig.record(range(60, 80), size=1500)
    rig.settle()
    assert [each[0] for each in walked(rig, 0)] == expected  # and the restart hides none


def test_a_torn_record_is_a_torn_tail_with_and_without_such_a_hole():
    for has_hole in (False, True):
        rig, entries = recorded_up_to_a_settled()
        last = entries[-1]
        expected = [each[0] for each in entries[:-1]]
        if has_hole:
            expected = lose_one_and_shift_the_next(rig, entries)[:-1]
        start = rig.layout.partitions[0].segment_offset_bytes(0)
        rig.medium.flip(start + last[1] * PAGE + 600, 1)
        assert [each[0] for each in walked(rig, 0)] == expected, has_hole
        assert recovery.recover(rig.medium.read, rig.layout).states[0].sequence == last[0], (
            has_hole
        )


def test_a_record_put_across_the_end_of_its_segment_is_no_proof():
    rig, entries = recorded_up_to_a_settled()
    assert entries[-1][2] == 2
    misdirect(rig, 0, entries[-1], 63)
    assert [each[0] for each in walked(rig, 0)] == [each[0] for each in entries[:-1]]
    assert recovery.recover(rig.medium.read, rig.layout).states[0].sequence == entries[-1][0]
