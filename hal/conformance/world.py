"""What a check needs of the world around a port: time that passes, and a little patience."""

from hal.api._typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable


class World(Protocol):
    """Time as the checks see it: real beside a real port, virtual beside a simulated one."""

    def now_ms(self) -> int:
        """Monotonic milliseconds of the world."""
        ...

    def pause(self, span_ms: int) -> None:
        """Let everything else go on for `span_ms` milliseconds."""
        ...


def wait_until(world: "World", is_done: "Callable[[], bool]", timeout_ms: int) -> bool:
    """Let the world run until something is so; False when it was not within `timeout_ms`."""
    end_ms = world.now_ms() + timeout_ms
    while not is_done():
        if world.now_ms() >= end_ms:
            return is_done()
        world.pause(5)
    return True


def median_ms(world: "World", call: "Callable[[], object]", count: int = 41) -> int:
    """Measure how long a call usually takes; the median, so that a busy host does not matter."""
    spans: list[int] = []
    for _ in range(count):
        start_ms = world.now_ms()
        call()
        spans.append(world.now_ms() - start_ms)
    spans.sort()
    return spans[count // 2]
