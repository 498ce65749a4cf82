"""A whole unit through a day without a broker: every event that it took arrives once, in order."""

import pytest

from sim.world.world import World

SEED = 24
MINUTE_MS = 60_000
DAY_MS = 24 * 60 * MINUTE_MS
TROUBLE_EVERY_MS = 20 * MINUTE_MS


@pytest.mark.slow
@pytest.mark.clause("C53")
def test_a_day_of_broker_outage_loses_and_repeats_nothing():
    world = World(SEED, "quiet")
    site = world.add_unit("unit-1", picture_gap_ms=15_000)
    world.run(2 * MINUTE_MS)
    accepted = list(site.centre.stored)
    telemetry = site.unit.telemetry
    take = telemetry.event

    def witnessed(name, now_ms, utc_ms, quality, fields):
        was_taken = take(name, now_ms, utc_ms, quality, fields)
        if was_taken:
            accepted.append((telemetry.boot, telemetry._sequence, name))
        return was_taken

    telemetry.event = witnessed
    world.broker.kill()
    stored_before = len(site.centre.stored)
    for index in range(DAY_MS // TROUBLE_EVERY_MS):
        site.dome.is_deaf = index % 2 == 0  # so that something happens all day
        world.run(TROUBLE_EVERY_MS)
    assert len(site.centre.stored) == stored_before, "nothing can have arrived"
    waiting = len(telemetry.outbox)
    assert waiting > 100, waiting
    site.dome.is_deaf = False
    world.broker.start()
    world.run(10 * MINUTE_MS)
    stored = [(boot, sequence) for boot, sequence, _ in site.centre.stored]
    taken = [(boot, sequence) for boot, sequence, _ in accepted]
    assert len(telemetry.outbox) == 0, len(telemetry.outbox)
    assert stored == taken[: len(stored)] and len(taken) - len(stored) <= 1, SEED
    assert stored == sorted(set(stored)), "once and in order"
    assert site.centre.gap_count == 0 and telemetry.outbox.shed_count == 0
    print(f"{waiting} events waited a day; {len(stored)} stored, once and in order")
