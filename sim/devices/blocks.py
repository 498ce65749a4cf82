"""A medium that lies, tears, rots and stalls.

The fault model. A write goes into the drive's cache in order; nothing in the cache is safe until
a barrier has passed. Then:

* Power cut: of what was not yet behind a barrier, each 512-byte sector may or may not be there.
  One draw decides how: nothing survives, everything does, everything up to one torn write, or
  any subset of the sectors in any order.
* Lost barrier (`lost_barrier_ppm`): the barrier is reported as done and nothing was flushed.
* Failing window (`is_failing`): writes are refused with "port.failed"; a barrier fails, and each
  cached write is then kept or dropped, after which the drive believes itself clean, as file
  systems do.
* Full (`is_full`): writes complete with "port.full". Held (`is_held`): nothing completes. Gone
  (`is_gone`): every call raises PortLost.
* Slow flush (`slow_flush_ppm`, `slow_flush_ms`): a barrier takes that long.
* Bit rot (`rot_ppm`): with a barrier, one bit of something written long ago turns over.
* Misdirected (`misdirected_ppm`): a write lands whole at another aligned place.
"""

from hal.api._typing import TYPE_CHECKING
from hal.api.errors import PortFailed, PortFull, PortLost
from sim.devices.medium import survivors

if TYPE_CHECKING:
    from collections.abc import Callable

    from sim.devices.chance import Chance
    from sim.devices.medium import Medium
    from sim.devices.timeline import Timeline

SECTOR_BYTES = 512
QUEUE_BYTES_MAX = 64 * 1024 * 1024
QUEUE_COUNT_MAX = 4096


class BlockFaults:
    """What may go wrong with a medium; a scenario changes the fields at any time."""

    def __init__(self) -> None:
        self.lost_barrier_ppm = 0
        self.slow_flush_ppm = 0
        self.slow_flush_ms = 500
        self.rot_ppm = 0
        self.misdirected_ppm = 0
        self.is_failing = False
        self.is_full = False
        self.is_held = False
        self.is_gone = False


class SimBlocks:
    """A port to a medium, in virtual time; while it is gone or closed, calls raise PortLost.

    Args:
        timeline: the true time of the world.
        medium: what it stores on.
        name: how a person finds it.
        chance: where its faults are drawn from.
        on_news: called when something completed.
    """

    align_bytes = SECTOR_BYTES
    flush_ms = 4
    bytes_per_ms = 20_000

    def __init__(
        self,
        timeline: "Timeline",
        medium: "Medium",
        name: str,
        chance: "Chance",
        on_news: "Callable[[], None] | None" = None,
    ) -> None:
        self.name = name
        self.size_bytes = medium.size_bytes
        self.medium = medium
        self.faults = BlockFaults()
        self.lost_barrier_count = 0
        self.rotten_bit_count = 0
        self.misdirected_count = 0
        self.write_count = 0
        self.barrier_count = 0
        self._timeline = timeline
        self._on_news = on_news
        self._cut_chance = chance.stream("cut")
        self._barrier_chance = chance.stream("barrier")
        self._slow_chance = chance.stream("slow")
        self._rot_chance = chance.stream("rot")
        self._place_chance = chance.stream("place")
        self._token = 0
        self._queue: list[tuple[int, int, bytes]] = []
        self._queued_bytes = 0
        self._cache: list[tuple[int, bytes]] = []
        self._completed: list[tuple[int, str]] = []
        self._busy_until_ms = 0
        self._power_cycle = 0
        self._is_open = True

    def read(self, offset_bytes: int, length_bytes: int) -> bytes:
        """Read, as if everything submitted had been written.

        Raises:
            PortFailed: the medium is failing.
        """
        self._require_present()
        assert 0 <= offset_bytes <= self.size_bytes - length_bytes, offset_bytes
        if self.faults.is_failing:
            raise PortFailed(
                "medium %s cannot be read at byte %d; look at its cable, then replace it"
                % (self.name, offset_bytes)
            )
        found = bytearray(self.medium.read(offset_bytes, length_bytes))
        for place, data in self._cache:
            _overlay(found, offset_bytes, place, data)
        for _, place, data in self._queue:
            if place >= 0:
                _overlay(found, offset_bytes, place, data)
        return bytes(found)

    def submit_write(self, offset_bytes: int, data: bytes) -> int:
        """Queue a write; returns its token.

        Raises:
            PortFull: the queue is full; nothing was queued.
        """
        self._require_present()
        assert offset_bytes % self.align_bytes == 0, offset_bytes
        assert len(data) % self.align_bytes == 0, len(data)
        assert 0 <= offset_bytes <= self.size_bytes - len(data), offset_bytes
        is_long = self._queued_bytes + len(data) > QUEUE_BYTES_MAX
        if is_long or len(self._queue) >= QUEUE_COUNT_MAX:
            raise PortFull("medium %s takes no more; wait for what is queued" % self.name)
        return self._submit(offset_bytes, data, len(data) // self.bytes_per_ms)

    def submit_barrier(self) -> int:
        """Queue a barrier over all submitted so far; returns its token.

        Raises:
            PortFull: the queue is full.
        """
        self._require_present()
        if len(self._queue) >= QUEUE_COUNT_MAX:
            raise PortFull("medium %s takes no more; wait for what is queued" % self.name)
        cost_ms = self.flush_ms
        if self._slow_chance.hits(self.faults.slow_flush_ppm):
            cost_ms = self.faults.slow_flush_ms
        return self._submit(-1, b"", cost_ms)

    def poll(self) -> "list[tuple[int, str]]":
        """Tell what has completed since the last call, in order of submission."""
        if not self._completed:
            self._require_present()
        completed = self._completed
        self._completed = []
        return completed

    def close(self) -> None:
        """Perform what is queued and let go; idempotent."""
        while self._is_open and self._queue:
            self._perform_first()
        for place, data in self._cache:
            self.medium.write(place, data)
        self._cache = []
        self._is_open = False

    def power_cut(self) -> None:
        """Take the power away: the cache is lost as the fault model says, and so is the queue."""
        unsafe = self._cache + [(place, data) for _, place, data in self._queue if place >= 0]
        for place, data in survivors(unsafe, self._cut_chance):
            self.medium.write(place, data)
        self._cache = []
        self._queue = []
        self._queued_bytes = 0
        self._completed = []
        self._busy_until_ms = 0
        self._power_cycle += 1
        self._is_open = False

    def release(self) -> None:
        """End `is_held`: what is queued completes now."""
        self.faults.is_held = False
        while self._queue:
            self._perform_first()
        if self._on_news is not None:
            self._on_news()

    def power_on(self) -> None:
        """Give the power back: the port may be used again, with what survived."""
        self._is_open = True

    def _submit(self, place: int, data: bytes, cost_ms: int) -> int:
        self._token += 1
        self._queue.append((self._token, place, data))
        self._queued_bytes += len(data)
        now_ms = self._timeline.now_ms()
        self._busy_until_ms = max(self._busy_until_ms, now_ms) + cost_ms
        power_cycle = self._power_cycle
        self._timeline.at(self._busy_until_ms, lambda: self._on_time(power_cycle))
        return self._token

    def _on_time(self, power_cycle: int) -> None:
        if power_cycle != self._power_cycle or not self._queue or self.faults.is_held:
            return
        self._perform_first()
        if self._on_news is not None:
            self._on_news()

    def _perform_first(self) -> None:
        token, place, data = self._queue.pop(0)
        self._queued_bytes -= len(data)
        code = self._flush() if place < 0 else self._store(place, data)
        self._completed.append((token, code))

    def _store(self, place: int, data: bytes) -> str:
        self.write_count += 1
        if self.faults.is_gone:
            return PortLost.code
        if self.faults.is_failing:
            return PortFailed.code
        if self.faults.is_full:
            return PortFull.code
        if self._place_chance.hits(self.faults.misdirected_ppm):
            self.misdirected_count += 1
            room = (self.size_bytes - len(data)) // self.align_bytes + 1
            place = self._place_chance.below(room) * self.align_bytes
        self._cache.append((place, data))
        return ""

    def _flush(self) -> str:
        self.barrier_count += 1
        if self.faults.is_gone:
            return PortLost.code
        if self.faults.is_full:
            return PortFull.code
        if self.faults.is_failing:
            for place, data in self._cache:
                if self._barrier_chance.below(2):
                    self.medium.write(place, data)
            self._cache = []
            return PortFailed.code
        if self._barrier_chance.hits(self.faults.lost_barrier_ppm):
            self.lost_barrier_count += 1
            return ""
        for place, data in self._cache:
            self.medium.write(place, data)
        self._cache = []
        if (
            self._rot_chance.hits(self.faults.rot_ppm)
            and self.medium.flip_bit(self._rot_chance) >= 0
        ):
            self.rotten_bit_count += 1
        return ""

    def _require_present(self) -> None:
        if self.faults.is_gone or not self._is_open:
            raise PortLost("medium %s is gone; plug it in and start again" % self.name)


def _overlay(found: bytearray, offset_bytes: int, place: int, data: bytes) -> None:
    """Lay a write over what was read, where the two meet."""
    start = max(offset_bytes, place)
    end = min(offset_bytes + len(found), place + len(data))
    if start < end:
        found[start - offset_bytes : end - offset_bytes] = data[start - place : end - place]
