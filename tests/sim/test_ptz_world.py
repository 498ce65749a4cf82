"""Whatever operators, tours and troubles do, nothing outlives its lease, passes a limit or shows.

A short campaign each time; a long one by LAMPPOST_SEQUENCES, or without pytest and on any Python
by `python -m benchmarks.campaign_ptz COUNT`; with `SEED places` added, heads are turned to places.
"""

import os
import random

import pytest
from tests.sim.ptz_campaign import FLAWS, Sequence, play
from tests.sim.ptz_places import PLACE_FLAWS, PlaceSequence
from tests.sim.ptz_witness import BrokenError

SEED = int(os.environ.get("LAMPPOST_SEED", "1365729465"))
QUICK_COUNT, PLACE_COUNT, SLOW_COUNT = (
    150,
    60,
    int(os.environ.get("LAMPPOST_SEQUENCES", "0")) or 500,
)
FLAWED_COUNT_MAX = 300
ONCE_BROKEN = (
    77_010_897,  # a head homed soon after it had been moved slowly, and was taken for standing
    88_113_904,  # a frame cut after its FF ate a stop, and the line the other copy
    88_122_714,  # an answer that was under way damaged both copies of the last words
    30_008_014,  # stops said again to a dead head kept another one from hearing its move
    30_078_454,  # a unit without power was held to what it had covered of the picture
    30_146_776,  # a motion whose one part was to end was told once, and lost on a one-way line
    40_193_797,  # a head that heard again, and said only what nobody could read, ran on
    30_515_328,  # another dome's stop overtook the second copy of one that nobody had heard
    32_139_342,  # the witness forgot two damaged stops when a preset was sought again
    32_477_445,  # the witness gave no time to stand to what was stopped on its way to a preset
    957_434,  # four stops were damaged, and the preset that followed them does not exist
    934_059,  # a head that heard again while a preset was sought ran on from before
    35_003_474,  # a head that heard again and only mumbled ran on while a preset was sought
    38_569_703,  # the witness forgot what had damaged a move when it was renewed
    40_018_169,  # other frames kept the questions back on the way to a soft stop
)
ONCE_BROKEN_PLACES = (
    500_075,  # what was learned of a slow speed made an aim go far too fast, past a limit
    50_050_333,  # a zone that filled the picture had none of its nine points in it
    50_016_058,  # a silent head that heard again, and said only what nobody could read, ran on
    50_141_311,  # two damaged bits made up a zoom with the right checksum; only pan was set aside
    50_163_657,  # an aim that was held back kept the questions back, too: nobody saw the head turn
    50_255_590,  # a tour went on after half a minute, which the witness did not know
    55_008_959,  # the same with answers that were cut off, which did not count as noise
    57_195_833,  # the witness gave no time to stand to a zoom that damage had made up
    52_343_267,  # the witness forgot two damaged stops when the lens was turned
)


@pytest.mark.clause("C21")
def test_nothing_outlives_its_lease_whatever_is_done() -> None:
    print(f"seed {SEED}", play(QUICK_COUNT, SEED))


@pytest.mark.clause("C21")
def test_no_aim_outlives_its_end_or_shows_a_zone() -> None:
    told = play(PLACE_COUNT, SEED, make=PlaceSequence)
    print(f"seed {SEED}", told)
    assert told["aims"] > 20 and told["arrived"] > 5 and told["refused"] > 20, (SEED, told)


@pytest.mark.clause("C21")
def test_what_once_broke_a_rule_breaks_none() -> None:
    for seed in ONCE_BROKEN:
        play(1, seed)
    for seed in ONCE_BROKEN_PLACES:
        play(1, seed, make=PlaceSequence)


@pytest.mark.slow
@pytest.mark.clause("C21")
def test_nothing_outlives_its_lease_in_many_sequences() -> None:
    told = play(SLOW_COUNT, SEED + QUICK_COUNT)
    print(f"seed {SEED} + {QUICK_COUNT}: {SLOW_COUNT} sequences, {told}")
    told = play(SLOW_COUNT, SEED + PLACE_COUNT, make=PlaceSequence)
    print(f"seed {SEED} + {PLACE_COUNT}: {SLOW_COUNT} sequences with places, {told}")


def test_a_flawed_controller_is_caught() -> None:
    for flaw in (*FLAWS, *PLACE_FLAWS):
        make = Sequence if flaw in FLAWS else PlaceSequence
        for number in range(FLAWED_COUNT_MAX):
            try:
                make(random.Random(SEED + number), flaw).run()
            except BrokenError:
                break
            assert number < FLAWED_COUNT_MAX - 1, (SEED, flaw, "was not noticed")
