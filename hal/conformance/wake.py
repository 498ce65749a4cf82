"""Checks of `hal.api.wake`."""

from hal.api._typing import TYPE_CHECKING, Protocol
from hal.conformance.world import World

if TYPE_CHECKING:
    from hal.api.wake import Wake


class WakeWorld(World, Protocol):
    """Something that makes a port of the board have something."""

    def stir_in(self, delay_ms: int) -> None:
        """Let a port have something after `delay_ms`."""
        ...


def check_wake_only_looks_at_zero(wake: "Wake", world: WakeWorld) -> None:
    """A wait of 0 returns at once, many times."""
    start_ms = world.now_ms()
    for _ in range(100):
        wake.wait(0)
    assert world.now_ms() - start_ms < 500, world.now_ms() - start_ms


def check_wake_ends_with_its_time(wake: "Wake", world: WakeWorld) -> None:
    """With nothing going on the waits add up to what was asked, early returns allowed."""
    start_ms = world.now_ms()
    wake.wait(100)
    assert world.now_ms() - start_ms <= 1000, world.now_ms() - start_ms


def check_wake_returns_early(wake: "Wake", world: WakeWorld) -> None:
    """A port that has something ends a long sleep."""
    wake.wait(0)
    start_ms = world.now_ms()
    world.stir_in(50)
    wake.wait(10_000)
    assert world.now_ms() - start_ms <= 5000, world.now_ms() - start_ms
