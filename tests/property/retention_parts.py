"""What a retention timeline simulates: a state medium, and clocks that may say anything."""

import random
from collections.abc import Callable

from hal.api.clock import UTC_KEPT, UTC_NONE, UTC_PROVEN, UTC_SYNCED
from tests.property.retention_judge import EPOCH_MS, LIFE_MS

START_MS = 1_795_500_000_000
DAY_MS = 86_400_000
YEAR_MS = 365 * DAY_MS
STATE_BYTES = 16_384
DRIFT_PPM = 900


class StateMedium:
    """Two areas of state; every write is durable at once."""

    def __init__(self) -> None:
        self.data = bytearray(STATE_BYTES)

    def read(self, offset_bytes: int, length_bytes: int) -> bytes:
        """Read."""
        return bytes(self.data[offset_bytes : offset_bytes + length_bytes])


class Clock:
    """The unit's clocks: one that counts since its start, and one that may say anything."""

    def __init__(self, draw: random.Random, true_ms: Callable[[], int]) -> None:
        self._draw = draw
        self._true_ms = true_ms
        self.started_ms = true_ms()
        self.rate_ppm = draw.randrange(-DRIFT_PPM, DRIFT_PPM + 1)
        self.change()

    def change(self) -> None:
        """Let the wall clock be another one from now on."""
        draw, true_ms = self._draw, self._true_ms()
        self.set_at_ms = true_ms
        self.wall_ppm = draw.choice((0, 0, 50, -50, 100_000, -100_000, -1_000_000))
        self.doubt_ms = draw.choice((50, 1000, 10_000))
        quality = draw.choice((UTC_NONE, UTC_KEPT, UTC_SYNCED, UTC_SYNCED, UTC_PROVEN))
        self.quality = quality
        step_ms = draw.choice(
            (0, YEAR_MS, 3 * YEAR_MS, -YEAR_MS, LIFE_MS, DAY_MS, EPOCH_MS, -1000)
        )
        self.set_ms = true_ms + step_ms
        if quality == UTC_PROVEN:
            self.wall_ppm = 0
            self.set_ms = true_ms + draw.randrange(-self.doubt_ms, self.doubt_ms + 1)

    def now_ms(self) -> int:
        """Monotonic time, at most 0.09 % wrong."""
        passed_ms = self._true_ms() - self.started_ms
        return passed_ms + passed_ms * self.rate_ppm // 1_000_000

    def utc_ms(self) -> int:
        """What the wall clock says."""
        passed_ms = self._true_ms() - self.set_at_ms
        said_ms = self.set_ms + passed_ms + passed_ms * self.wall_ppm // 1_000_000
        return 0 if self.quality == UTC_NONE else max(0, said_ms)

    def utc_quality(self) -> int:
        """What it says of itself."""
        return self.quality

    def utc_doubt_ms(self) -> int:
        """How wrong it says it may be."""
        return self.doubt_ms
