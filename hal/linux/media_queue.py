"""Access units between the thread that receives them and the core that reads them."""

import threading
from collections import deque

from hal.api.media import AccessUnit, StreamParameters


class PictureQueue:
    """Bounded; when the core is late whole groups of pictures go, so what is left decodes.

    Args:
        byte_count_max: about 20 s of a 4 Mbit/s camera by default.
        unit_count_max: bound where units are small.
    """

    def __init__(self, byte_count_max: int = 10_000_000, unit_count_max: int = 1000) -> None:
        self.dropped_count = 0
        self.passed_count = 0
        """Units passed over because no keyframe had come yet."""
        self.parameters: StreamParameters | None = None
        """How to read the unit taken last."""
        self._byte_count_max = byte_count_max
        self._unit_count_max = unit_count_max
        self._units: deque[tuple[AccessUnit, StreamParameters | None]] = deque()
        self._is_run = False  # units were taken, and nothing since
        self._byte_count = 0
        self._is_waiting = True  # for a keyframe
        self._has_begun = False
        self._lock = threading.Lock()

    def put(self, unit: AccessUnit, parameters: StreamParameters | None) -> None:
        """Add the next unit and how it is read; before the first keyframe it is passed over."""
        with self._lock:
            if self._is_waiting and not unit.is_keyframe:
                # before the first keyframe the stream has not begun, so nothing is lost
                self.dropped_count += self._has_begun
                self.passed_count += not self._has_begun
                return
            self._is_waiting = False
            self._has_begun = True
            self._units.append((unit, parameters))
            self._byte_count += len(unit.data)
            if self._byte_count > self._byte_count_max or len(self._units) > self._unit_count_max:
                self._drop_group()

    def is_empty(self) -> bool:
        """Tell whether nothing waits."""
        return not self._units

    def take(self) -> AccessUnit | None:
        """The oldest unit; None for none, and once in front of units that are read otherwise.

        So what is taken in one go is all of the same parameters.
        """
        with self._lock:
            is_run, self._is_run = self._is_run, False
            if not self._units or (is_run and self._units[0][1] is not self.parameters):
                return None
            unit, self.parameters = self._units.popleft()
            self._is_run = True
            self._byte_count -= len(unit.data)
            return unit

    def _drop_group(self) -> None:
        """Drop from the oldest up to the next keyframe; if there is none, wait for one."""
        while self._units:
            self._byte_count -= len(self._units.popleft()[0].data)
            self.dropped_count += 1
            if self._units and self._units[0][0].is_keyframe:
                return
        self._is_waiting = True


def added(before: dict[str, int], found: dict[str, int]) -> dict[str, int]:
    """Add counts of an opening to those of the ones before, name by name."""
    names = sorted({*before, *found})
    return {name: before.get(name, 0) + found.get(name, 0) for name in names}


class SoundQueue:
    """Bounded to a span of time; the oldest go first.

    Args:
        timescale: ticks a second of the units' times.
        span_ms: 2,000 at most.
    """

    def __init__(self, timescale: int, span_ms: int = 2000) -> None:
        self.dropped_count = 0
        self._span = timescale * span_ms // 1000
        self._units: deque[AccessUnit] = deque()
        self._lock = threading.Lock()

    def put(self, unit: AccessUnit) -> None:
        """Add the next unit."""
        with self._lock:
            self._units.append(unit)
            while self._units[-1].dts - self._units[0].dts > self._span:
                self._units.popleft()
                self.dropped_count += 1

    def take(self) -> AccessUnit | None:
        """The oldest unit; None for none."""
        with self._lock:
            return self._units.popleft() if self._units else None
