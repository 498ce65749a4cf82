"""A unit's clocks in virtual time: one that only counts, and one that is wrong in every way.

Faults: the wall clock steps forwards and back, runs fast or slow by parts per million, loses its
setting with the power, and says less of its quality than before (never more).
"""

from hal.api._typing import TYPE_CHECKING
from hal.api.clock import UTC_KEPT, UTC_NONE, UTC_SYNCED

if TYPE_CHECKING:
    from sim.devices.timeline import Timeline

WORLD_BEGINS_UTC_MS = 1_790_000_000_000
PPM = 1_000_000


class SimClock:
    """The clocks of one unit.

    Args:
        timeline: the true time of the world.
        quality: what the wall clock says of itself at first.
        doubt_ms: half width of the interval that holds true time, where synchronised.
    """

    def __init__(
        self, timeline: "Timeline", quality: int = UTC_SYNCED, doubt_ms: int = 50
    ) -> None:
        self.timeline = timeline
        self.quality = quality
        self.doubt_ms = doubt_ms
        self.drift_ppm = 0
        self.step_count = 0
        self._boot_ms = timeline.now_ms()
        self._set_at_ms = timeline.now_ms()
        self._set_utc_ms = self.true_utc_ms()

    def true_utc_ms(self) -> int:
        """What the wall clock would say if it were right."""
        return WORLD_BEGINS_UTC_MS + self.timeline.now_ms()

    def now_ms(self) -> int:
        """Milliseconds since this boot."""
        return self.timeline.now_ms() - self._boot_ms

    def utc_ms(self) -> int:
        """The wall clock with its faults; 0 while nobody has set it."""
        if self.quality == UTC_NONE:
            return 0
        passed_ms = self.timeline.now_ms() - self._set_at_ms
        return self._set_utc_ms + passed_ms + passed_ms * self.drift_ppm // PPM

    def utc_quality(self) -> int:
        """What the wall clock says of itself."""
        return self.quality

    def utc_doubt_ms(self) -> int:
        """Half width of the interval that holds true time."""
        return self.doubt_ms

    def set_utc(self, utc_ms: int, quality: int) -> None:
        """Set the wall clock, as a time service or a person would."""
        self._set_at_ms = self.timeline.now_ms()
        self._set_utc_ms = utc_ms
        self.quality = quality

    def step(self, by_ms: int) -> None:
        """Fault: the wall clock jumps, and nobody told it."""
        self.step_count += 1
        self.set_utc(self.utc_ms() + by_ms, self.quality)

    def run_at(self, drift_ppm: int) -> None:
        """Fault: from now on the wall clock runs fast (positive) or slow."""
        self.set_utc(self.utc_ms(), self.quality)
        self.drift_ppm = drift_ppm

    def restart(self, has_battery: bool) -> None:
        """Power comes back: counting starts again; without a battery the wall clock is lost."""
        self._boot_ms = self.timeline.now_ms()
        if self.quality != UTC_NONE:
            self.set_utc(self.utc_ms(), UTC_KEPT if has_battery else UTC_NONE)

    def world_ms(self, now_ms: int) -> int:
        """Turn a time of this boot into the true time of the world."""
        return now_ms + self._boot_ms
