"""A microphone that keeps account of every sample: when it was taken, and whether it might be.

Sound is captured block by block in virtual time while the port is open. `stray_sample_count`
counts samples taken while closed and must stay 0; `dark_sample_count` counts those captured while
the gate had no supply (they are silence, and asking for them is the core's mistake).
"""

from hal.api._typing import TYPE_CHECKING
from hal.api.errors import PortAbsent
from hal.api.media import AccessUnit, StreamParameters
from sim.devices.tone import SAMPLE_RATE_HZ, SILENCE, tone_second

if TYPE_CHECKING:
    from collections.abc import Callable

    from sim.devices.clock import SimClock
    from sim.devices.digital import SimRelay

BLOCK_MS = 100
BLOCK_SAMPLES = SAMPLE_RATE_HZ * BLOCK_MS // 1000
QUEUE_BLOCKS_MAX = 2000 // BLOCK_MS
TONE_HZ = 440


class SimMicrophone:
    """The sound of one camera.

    Args:
        clock: the unit's clock; its timeline drives the capture.
        name: how a person finds it.
        gate: the relay of its supply; None for one that is always supplied.
        on_news: called when a block is ready.
    """

    def __init__(
        self,
        clock: "SimClock",
        name: str,
        gate: "SimRelay | None" = None,
        on_news: "Callable[[], None] | None" = None,
    ) -> None:
        self.name = name
        self.dropped_count = 0
        self.sample_count = 0
        self.stray_sample_count = 0
        self.dark_sample_count = 0
        self.open_count = 0
        self.is_absent = False
        self._clock = clock
        self._gate = gate
        self._on_news = on_news
        self._tone = tone_second(TONE_HZ)
        self._queue: list[AccessUnit] = []
        self._is_open = False
        self._opening = 0
        self._pts = 0

    def open(self) -> None:
        """Begin to capture."""
        if self._is_open:
            return
        self._is_open = True
        self.open_count += 1
        self._opening += 1
        self._pts = 0
        self._plan_block()

    def close(self) -> None:
        """Stop at once and forget what is buffered; idempotent."""
        self._is_open = False
        self._queue = []

    def read(self) -> "AccessUnit | None":
        """Hand over the next block, or None.

        Raises:
            PortAbsent: no microphone is fitted.
        """
        if not self._is_open:
            return None
        if self.is_absent:
            raise PortAbsent("microphone %s does not answer; look at its cable" % self.name)
        return self._queue.pop(0) if self._queue else None

    def parameters(self) -> "StreamParameters | None":
        """How to read the sound; None while closed."""
        if not self._is_open:
            return None
        return StreamParameters(
            "alaw", SAMPLE_RATE_HZ, sample_rate_hz=SAMPLE_RATE_HZ, channel_count=1
        )

    def _plan_block(self) -> None:
        opening = self._opening
        self._clock.timeline.after(BLOCK_MS, lambda: self._capture(opening))

    def _capture(self, opening: int) -> None:
        if not self._is_open or opening != self._opening:
            return
        self._take()
        self._plan_block()
        if self._on_news is not None:
            self._on_news()

    def _take(self) -> None:
        """Sample one block; the account is kept here, whoever calls."""
        if not self._is_open:
            self.stray_sample_count += BLOCK_SAMPLES
        self.sample_count += BLOCK_SAMPLES
        start = self._pts % SAMPLE_RATE_HZ
        data = self._tone[start : start + BLOCK_SAMPLES]
        if self._gate is not None and not self._gate.get():
            self.dark_sample_count += BLOCK_SAMPLES
            data = bytes([SILENCE]) * BLOCK_SAMPLES
        if len(self._queue) >= QUEUE_BLOCKS_MAX:
            self.dropped_count += 1
            self._queue.pop(0)
        now_ms = self._clock.now_ms()
        self._queue.append(AccessUnit(data, now_ms, self._pts, self._pts, True))
        self._pts += BLOCK_SAMPLES
