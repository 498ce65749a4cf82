"""Access units between the thread that receives them and the core that reads them."""

import threading
from collections import deque

from hal.api.media import AccessUnit


class PictureQueue:
    """Bounded; when the core is late whole groups of pictures go, so what is left decodes.

    Args:
        byte_count_max: about 20 s of a 4 Mbit/s camera by default.
        unit_count_max: bound where units are small.
    """

    def __init__(self, byte_count_max: int = 10_000_000, unit_count_max: int = 1000) -> None:
        self.dropped_count = 0
        self._byte_count_max = byte_count_max
        self._unit_count_max = unit_count_max
        self._units: deque[AccessUnit] = deque()
        self._byte_count = 0
        self._is_waiting = True  # for a keyframe
        self._has_begun = False
        self._lock = threading.Lock()

    def put(self, unit: AccessUnit) -> None:
        """Add the next unit; before the first keyframe it is passed over."""
        with self._lock:
            if self._is_waiting and not unit.is_keyframe:
                # before the first keyframe the stream has not begun, so nothing is lost
                self.dropped_count += self._has_begun
                return
            self._is_waiting = False
            self._has_begun = True
            self._units.append(unit)
            self._byte_count += len(unit.data)
            if self._byte_count > self._byte_count_max or len(self._units) > self._unit_count_max:
                self._drop_group()

    def take(self) -> AccessUnit | None:
        """The oldest unit; None for none."""
        with self._lock:
            if not self._units:
                return None
            unit = self._units.popleft()
            self._byte_count -= len(unit.data)
            return unit

    def _drop_group(self) -> None:
        """Drop from the oldest up to the next keyframe; if there is none, wait for one."""
        while self._units:
            self._byte_count -= len(self._units.popleft().data)
            self.dropped_count += 1
            if self._units and self._units[0].is_keyframe:
                return
        self._is_waiting = True


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
