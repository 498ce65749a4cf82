"""A seed decides a whole world, and its units keep the rules."""

import pytest

from sim.world.world import World

MINUTE_MS = 60_000


def run(seed, span_ms, scenario="ordinary"):
    world = World(seed, scenario)
    site = world.add_unit("unit-1")
    world.run(span_ms)
    return world, site


def test_the_same_seed_gives_the_same_trace_and_another_another():
    first, site = run(7, MINUTE_MS)
    again, _ = run(7, MINUTE_MS)
    other, _ = run(8, MINUTE_MS)
    assert first.trace_hash() == again.trace_hash(), "seed 7"
    assert first.trace_hash() != other.trace_hash()
    assert first.trace_count > 20 and site.centre.birth_count == 1


@pytest.mark.slow
def test_power_cuts_lose_no_event_and_break_no_rule():
    world, site = run(7, 5 * MINUTE_MS, "quiet")
    for _ in range(8):
        site.power_cut()
        world.run(10_000)
        site.power_on()
        world.run(50_000)
    assert site.boot_count == 9
    boots = [boot for boot, _, _ in site.centre.stored]
    assert boots == sorted(boots) and set(boots) == set(range(1, 10)), "seed 7"
    assert site.centre.gap_count == 0, "seed 7"
    assert site.microphone.stray_sample_count == 0


@pytest.mark.slow
def test_an_hour_of_trouble_breaks_no_rule():
    world, site = run(11, 40 * MINUTE_MS, "rough")
    assert world.checkers[0].check_count == site.turn_count > 1_000
    assert site.centre.answers, "seed 11: no command was answered"
