"""After every power cut all that was acknowledged is there, and the ring is whole."""

import sys

from firmware.ring import recovery
from tests.portable import ring_crash
from tests.portable.ring_crash import campaign
from tests.portable.ring_world import PAGE, PICTURE, Rig

MICROPYTHON_HEAP = "16m"
SEED_COUNT = 70 if sys.implementation.name == "cpython" else 14  # a matter of time alone


def test_no_cut_loses_what_was_acknowledged():
    states, faults = campaign(range(1, SEED_COUNT))
    assert faults == []
    assert states == 3 * (SEED_COUNT - 1)


def test_acknowledging_before_the_barrier_is_caught():
    assert campaign(range(1, 15), 3, ring_crash.EarlyRecorder)[1]


def test_opening_a_segment_without_a_barrier_is_caught():
    assert campaign(range(1, 60), 3, ring_crash.HastyRecorder)[1]


def test_trying_a_failed_barrier_again_is_caught():
    assert campaign(range(1, 60), 3, ring_crash.RetryingRecorder)[1]


def test_records_of_an_earlier_attempt_are_caught():
    caught_count = 0
    for count in range(4, 12):
        rig = Rig()
        rig.record(range(14), size=3000)
        header_at = rig.layout.partitions[0].segment_offset_bytes(0) // PAGE
        rig.medium.pages.pop(header_at)  # the records reached the medium, their header did not
        rig.start()
        rig.record(range(40, 40 + count), size=3000)
        truth = rig.service._streams[PICTURE].writer.sequence
        assert newest_sequence(rig) == truth, count
        found = ring_crash.with_planted("decode", ring_crash.no_lap_check, newest_sequence, rig)
        caught_count += found > truth
    assert caught_count > 0


def newest_sequence(rig):
    return recovery.recover(rig.medium.read, rig.layout).states[0].sequence


def test_a_record_opened_without_its_tag_is_caught():
    story = ring_crash.Story(1)
    story.run(30)
    rig = story.rig
    rig.settle()
    part = rig.layout.partitions[0]
    at = part.segment_offset_bytes(0) + 4096 + 64 + 40

    def changed():
        was = rig.numbers()
        rig.medium.flip(at, 0)
        now = rig.numbers()
        rig.medium.flip(at, 0)
        return was != now, len(now) < len(was)

    def without_crc():
        return ring_crash.with_planted("is_whole", ring_crash.no_crc_check, changed)

    assert changed() == (True, True)
    assert without_crc() == (True, True)  # the tag alone finds it
    plant = ring_crash.with_planted
    assert plant("unseal", ring_crash.no_tag_check, without_crc)[1] is False
