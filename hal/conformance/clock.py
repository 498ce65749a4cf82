"""Checks of `hal.api.clock`."""

from hal.api._typing import TYPE_CHECKING
from hal.api.clock import UTC_NONE, UTC_PROVEN, UTC_SYNCED

if TYPE_CHECKING:
    from hal.api.clock import Clock
    from hal.conformance.world import World

UTC_2024_MS = 1_704_067_200_000


def check_clock_never_goes_back(clock: "Clock", world: "World") -> None:
    """Read many times; no reading is below the one before."""
    last_ms = clock.now_ms()
    for turn in range(2000):
        now_ms = clock.now_ms()
        assert now_ms >= last_ms, (turn, last_ms, now_ms)
        last_ms = now_ms
        if turn % 500 == 0:
            world.pause(2)


def check_clock_counts_milliseconds(clock: "Clock", world: "World") -> None:
    """Let 200 ms pass; the clock counts them, and no great deal more than the world did."""
    start_ms = clock.now_ms()
    world_ms = world.now_ms()
    world.pause(200)
    world_ms = world.now_ms() - world_ms
    span_ms = clock.now_ms() - start_ms
    assert 195 <= span_ms <= world_ms + 100, (span_ms, world_ms)


def check_clock_utc_fits_its_quality(clock: "Clock", world: "World") -> None:
    """Wall time is 0 exactly when nobody set it; from UTC_SYNCED on its doubt is told."""
    world.pause(1)
    quality = clock.utc_quality()
    assert UTC_NONE <= quality <= UTC_PROVEN, quality
    utc_ms = clock.utc_ms()
    if quality == UTC_NONE:
        assert utc_ms == 0, utc_ms
    else:
        assert utc_ms >= UTC_2024_MS, utc_ms
    if quality >= UTC_SYNCED:
        assert 0 <= clock.utc_doubt_ms() < 3_600_000, clock.utc_doubt_ms()
