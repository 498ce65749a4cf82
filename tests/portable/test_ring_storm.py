"""In every state that cuts and a faulty medium leave, what was acknowledged and not hit stands."""

import os
import sys

from firmware.ring import segments
from firmware.ring.layout import Partition
from firmware.ring.reader import SEQUENCE_END, RingReader, Segment
from hal.micropython.blocks import FileBlocks
from tests.portable import ring_crash, ring_storm
from tests.portable.ring_storm import SLOT_COUNT, StormMedium, hunt, storm
from tests.portable.ring_world import PAGE

MICROPYTHON_HEAP = "16m"
SEED_COUNT = 24 if sys.implementation.name == "cpython" else 4  # a matter of time alone
FAULTY = (5, 5, 0)
IMAGE = "build/ring-storm-%s.image" % sys.implementation.name


def test_no_state_loses_what_was_acknowledged_or_shows_what_was_not():
    stories, faults = storm(range(1, 1 + SEED_COUNT))
    assert faults == []
    assert sum(story.state_count for story in stories) == 15 * SEED_COUNT
    assert sum(story.excused_count for story in stories) == 0


def test_a_faulty_medium_costs_what_it_hit_and_the_checker_says_so():
    stories, faults = storm(range(50, 50 + SEED_COUNT), hazards=FAULTY)
    assert faults == []
    assert sum(story.rig.medium.lost_count for story in stories) > 0
    assert sum(story.rig.medium.misdirected_count for story in stories) > 0
    assert sum(story.told_count for story in stories) > 0
    assert sum(story.untold_count for story in stories) == 0


def test_acknowledging_before_the_barrier_is_caught():
    assert hunt("owed and lost", range(1, 9), ring_crash.EarlyRecorder)


def test_a_barrier_that_is_silently_lost_is_caught():
    assert hunt("owed and lost", range(1, 40), hazards=(0, 0, 10))


def test_trying_a_failed_barrier_again_is_caught():
    assert hunt("owed and lost", range(1, 60), ring_crash.RetryingRecorder)


class NoLapReader(RingReader):
    """Planted bug: takes a segment of whatever generation its slot shows."""

    def segments(self, partition):
        """Find every segment."""
        found = []
        limit = SEQUENCE_END
        headers = []
        for slot in range(SLOT_COUNT):
            page = self._read(partition.segment_offset_bytes(slot), PAGE)
            header = segments.judge(page, self._layout, partition, slot)[1]
            if header is not None:
                headers.append(header)
        headers.sort(key=lambda header: -header.generation)
        for header in headers:
            found.insert(0, Segment(partition, header, limit, header is not headers[0]))
            self.open(found[0])
            limit = min(limit, header.first_sequence)
        return found


def test_no_generation_check_is_caught():
    kept = ring_storm.RingReader
    ring_storm.RingReader = NoLapReader
    try:
        assert hunt("risen from an earlier lap", range(1, 60), hazards=(20, 0, 0))
    finally:
        ring_storm.RingReader = kept


JUDGE = segments.judge


def no_slot_check(page, layout, partition, slot):
    """Planted bug: takes a header wherever it lies, whatever place it names."""
    found = JUDGE(page, layout, partition, slot)
    meant = int.from_bytes(page[44:48], "big")
    if found[0] != segments.MISPLACED or meant >= partition.segment_count:
        return found
    there = Partition(page[28:44], 0, 0, partition.segment_count)
    return JUDGE(page, layout, there, meant)


def test_no_slot_check_is_caught():
    segments.judge = no_slot_check
    try:
        assert hunt("owed and lost", range(1, 9), hazards=(0, 40, 0))
    finally:
        segments.judge = JUDGE
    assert not hunt("", range(1, 9), hazards=(0, 40, 0))


class FileMedium(StormMedium):
    """The same medium, whose states are read from and written to a real file."""

    def __init__(self, size_bytes):
        StormMedium.__init__(self, size_bytes)
        if IMAGE.split("/")[1] in os.listdir("build"):
            os.remove(IMAGE)
        self.blocks = FileBlocks(IMAGE, size_bytes)

    def read(self, offset_bytes, length_bytes):
        """Read from the file."""
        return self.blocks.read(offset_bytes, length_bytes)

    def write(self, offset_bytes, data):
        """Write, or fail to; what came of it goes to the file."""
        before = dict(self.pages)
        StormMedium.write(self, offset_bytes, data)
        self._store([at for at in self.pages if self.pages[at] is not before.get(at)])

    def barrier(self):
        """Have the file flushed as well."""
        StormMedium.barrier(self)
        self.blocks.submit_barrier()
        assert not [code for _, code in self.blocks.poll() if code]

    def become(self, pages):
        """Give the file what the cut has left."""
        gone = [at for at in self.pages if at not in pages]
        StormMedium.become(self, pages)
        for at in gone:
            self.pages[at] = bytes(PAGE)
        self._store(list(self.pages))

    def _store(self, numbers):
        for at in numbers:
            self.blocks.submit_write(at * PAGE, self.pages[at])
        assert not [code for _, code in self.blocks.poll() if code]


def test_a_file_passes_the_same_storm():
    kept = ring_storm.StormRig.medium_class
    ring_storm.StormRig.medium_class = FileMedium
    if "build" not in os.listdir("."):
        os.mkdir("build")
    try:
        for seed in range(1, 1 + SEED_COUNT // 4):
            stories, faults = storm((seed,), hazards=FAULTY)
            stories[0].rig.medium.blocks.close()
            assert faults == []
            assert stories[0].state_count == 15, seed
        os.remove(IMAGE)
    finally:
        ring_storm.StormRig.medium_class = kept
