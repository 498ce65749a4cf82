"""Checks of `hal.api.digital`."""

from hal.api._typing import TYPE_CHECKING, Protocol
from hal.conformance.world import World, wait_until

if TYPE_CHECKING:
    from hal.api.digital import Digital

SETTLE_MS = 200


class DigitalWorld(World, Protocol):
    """The real line, which may be forced against the port."""

    def force(self, level: "bool | None") -> None:
        """Hold the line at a level whatever the port drives; None lets go."""
        ...


def check_digital_starts_low(line: "Digital", world: DigitalWorld) -> None:
    """A fresh line is off before anybody set it."""
    world.pause(1)
    assert not line.get(), line.name


def check_digital_follows(line: "Digital", world: DigitalWorld) -> None:
    """What is driven is read back, each way, many times."""
    for turn in range(6):
        level = turn % 2 == 0
        line.set(level)
        assert wait_until(world, lambda want=level: line.get() is want, SETTLE_MS), turn  # type: ignore[misc]
    line.set(False)


def check_digital_reads_the_real_line(line: "Digital", world: DigitalWorld) -> None:
    """A line that is stuck is told as it is, not as it was set."""
    for stuck in (True, False):
        world.force(stuck)
        line.set(not stuck)
        world.pause(SETTLE_MS)
        assert line.get() is stuck, stuck
        world.force(None)
    line.set(False)
