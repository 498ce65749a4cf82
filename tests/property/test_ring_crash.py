"""Power cuts and faulty media by the thousand: all that was acknowledged and not hit is there.

`LAMPPOST_SAMPLES=100000` looks at so many states of the medium; `-s` prints the figures.
"""

import os

import pytest

from tests.portable.ring_storm import FORK_COUNT, storm

CUT_COUNT = 5
SEED = int(os.environ.get("LAMPPOST_SEED", "20261124"))
STATE_COUNT = int(os.environ.get("LAMPPOST_SAMPLES", "1200"))
STORY_COUNT = max(1, STATE_COUNT // 2 // (CUT_COUNT * FORK_COUNT))
FAULTY = (5, 5, 0)


@pytest.mark.slow
@pytest.mark.clause("C33")
def test_no_cut_loses_what_was_acknowledged():
    stories, faults = storm(range(SEED, SEED + STORY_COUNT), CUT_COUNT)
    states = sum(story.state_count for story in stories)
    print(f"\n{states} states of a good medium from seed {SEED}: {len(faults)} faults")
    assert faults == []
    assert states == STORY_COUNT * CUT_COUNT * FORK_COUNT


@pytest.mark.slow
@pytest.mark.clause("C33")
def test_a_faulty_medium_costs_only_what_it_hit_and_it_is_told():
    stories, faults = storm(range(SEED, SEED + STORY_COUNT), CUT_COUNT, hazards=FAULTY)
    states = sum(story.state_count for story in stories)
    lost = sum(story.rig.medium.lost_count for story in stories)
    misdirected = sum(story.rig.medium.misdirected_count for story in stories)
    told = sum(story.told_count for story in stories)
    print(f"\n{states} states of a faulty medium from seed {SEED}: {lost} writes lost,", end=" ")
    print(f"{misdirected} misdirected, told in {told} states: {len(faults)} faults")
    assert faults == []
    assert lost
    assert misdirected
    assert sum(story.untold_count for story in stories) == 0
