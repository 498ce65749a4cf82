"""Whatever operators, tours and troubles do, nothing outlives its lease, passes a limit or shows.

A short campaign each time; a long one by LAMPPOST_SEQUENCES, or without pytest and on any Python
by `python -m benchmarks.campaign_ptz COUNT`.
"""

import os
import random

import pytest
from tests.sim.ptz_campaign import FLAWS, Sequence, play
from tests.sim.ptz_witness import BrokenError

SEED = int(os.environ.get("LAMPPOST_SEED", "1365729465"))
QUICK_COUNT, SLOW_COUNT = 150, int(os.environ.get("LAMPPOST_SEQUENCES", "0")) or 500
FLAWED_COUNT_MAX = 300
ONCE_BROKEN = (
    77_010_897,  # a head homed soon after it had been moved slowly, and was taken for standing
    88_113_904,  # a frame cut after its FF ate a stop, and the line the other copy
    88_122_714,  # an answer that was under way damaged both copies of the last words
    30_008_014,  # stops said again to a dead head kept another one from hearing its move
    40_018_169,  # other frames kept the questions back on the way to a soft stop
)


@pytest.mark.clause("C21")
def test_nothing_outlives_its_lease_whatever_is_done() -> None:
    print(f"seed {SEED}", play(QUICK_COUNT, SEED))


@pytest.mark.clause("C21")
def test_what_once_broke_a_rule_breaks_none() -> None:
    for seed in ONCE_BROKEN:
        play(1, seed)


@pytest.mark.slow
@pytest.mark.clause("C21")
def test_nothing_outlives_its_lease_in_many_sequences() -> None:
    told = play(SLOW_COUNT, SEED + QUICK_COUNT)
    print(f"seed {SEED} + {QUICK_COUNT}: {SLOW_COUNT} sequences, {told}")


def test_a_flawed_controller_is_caught() -> None:
    for flaw in FLAWS:
        for number in range(FLAWED_COUNT_MAX):
            try:
                Sequence(random.Random(SEED + number), flaw).run()
            except BrokenError:
                break
            assert number < FLAWED_COUNT_MAX - 1, (SEED, flaw, "was not noticed")
