"""Reads the ring back in the background, so that what can be read back is measured and not hoped.

One stream after the other, newest segment first, a bounded piece in each turn and only while
nothing waits for the medium. Without keys: structure and the CRC of the sealed bytes, which finds
rot as well as a seal would. What is older than 31 days is read and not counted.
"""

from firmware.recorder.retention import LIFE_MS
from firmware.ring.scrub import OVERTAKEN, Scrub
from firmware.ring.segments import open_note
from hal.api._typing import TYPE_CHECKING
from hal.api.clock import UTC_SYNCED
from hal.api.errors import PortError

if TYPE_CHECKING:
    from firmware.app.ledger_desk import LedgerDesk
    from firmware.app.ring_desk import RingDesk
    from firmware.buffers import EventQueue, Value
    from firmware.config.load import Config
    from firmware.ring.scrub import SegmentReport
    from hal.api.clock import Clock

STEP_MS = 250
IDLE_MS = 1_000
EMPTY_MS = 60_000  # until a ring that held nothing is looked at again
PERMILLE = 1_000
MS_PER_S = 1_000


class Share:
    """What the last full round found of one stream.

    Attributes:
        permille: of the records that must be there, how many read back; 0 to 1000.
        readable_s: seconds of the last 31 days that could be read back.
        utc_ms: when the round ended; 0 where the time is not known.
    """

    __slots__ = ("permille", "readable_s", "utc_ms")

    def __init__(self, permille: int, readable_s: int, utc_ms: int) -> None:
        self.permille = permille
        self.readable_s = readable_s
        self.utc_ms = utc_ms


class ScrubDesk:
    """Keeps reading the ring back.

    Args:
        config: how fast, how often, and what share is a fault.
        events: where a share that changed is told.
        now_ms: monotonic time; the first round begins at once.
    """

    __slots__ = (
        "_bytes_per_s",
        "_due_ms",
        "_events",
        "_good_count",
        "_least_permille",
        "_lost_count",
        "_names",
        "_pause_ms",
        "_scrub",
        "_stream",
        "abandoned_count",
        "lost_count",
        "round_count",
        "shares",
    )

    def __init__(self, config: "Config", events: "EventQueue", now_ms: int) -> None:
        self._bytes_per_s = int(config.ring["read_back_bytes"])
        self._pause_ms = int(config.ring["read_back_every_ms"])
        self._least_permille = int(config.ring["readable_permille"])
        self._events = events
        self._due_ms = now_ms
        self._names: list[str] = []
        self._stream = ""
        self._scrub: Scrub | None = None
        self._good_count = self._lost_count = 0
        self.shares: dict[str, Share] = {}
        self.lost_count = 0
        """Records found that cannot be read back, over all rounds; only rises."""
        self.abandoned_count = 0
        """Streams left alone half read, because the medium went away."""
        self.round_count = 0
        """Rounds over all streams that were finished."""

    def is_low(self, stream: str) -> bool:
        """Tell whether less of a stream can be read back than the settings ask for."""
        share = self.shares.get(stream)
        return share is not None and share.permille < self._least_permille

    def step(self, ring: "RingDesk", ledger: "LedgerDesk", clock: "Clock", now_ms: int) -> int:
        """Read a piece when one is due and the medium is idle; returns when to call again."""
        if now_ms < self._due_ms:
            return self._due_ms
        if not ring.is_quiet():
            return now_ms + STEP_MS
        self._due_ms = now_ms + STEP_MS
        scrub = self._scrub or self._begin(ring, ledger, now_ms)
        if scrub is None:
            return max(self._due_ms, now_ms + IDLE_MS)
        try:
            report = scrub.step(self._bytes_per_s * STEP_MS // MS_PER_S)
        except PortError:
            self.abandoned_count += 1
            self._scrub = None
            return self._due_ms
        if report is not None:
            self._add(report, ring, clock)
        if scrub.is_done():
            self._end(ledger, ring, clock, now_ms)
        return self._due_ms

    def _begin(self, ring: "RingDesk", ledger: "LedgerDesk", now_ms: int) -> "Scrub | None":
        """Turn to the next stream; after the last one comes the pause."""
        if not self._names:
            self._names = sorted(ledger.ledgers)
        self._stream = self._names.pop(0)
        self._scrub = ring.scrub(self._stream)
        self._good_count = self._lost_count = 0
        if self._scrub is None:
            self._rest(now_ms)
        return self._scrub

    def _add(self, report: "SegmentReport", ring: "RingDesk", clock: "Clock") -> None:
        """Count what a segment holds, unless it was overwritten meanwhile or is too old."""
        if report.verdict == OVERTAKEN:
            return
        if report.header is not None and clock.utc_quality() >= UTC_SYNCED:
            note = open_note(ring.cipher, report.header, ring.index_key)
            if note is not None and note[1] and note[0] < clock.utc_ms() - LIFE_MS:
                return
        lost_count = report.rotten_count + report.missing_count
        self._good_count += report.good_count
        self._lost_count += lost_count
        self.lost_count += lost_count

    def _end(self, ledger: "LedgerDesk", ring: "RingDesk", clock: "Clock", now_ms: int) -> None:
        """Work the share of a stream out, and tell it when it is another one."""
        self._scrub = None
        self._rest(now_ms)
        owed_count = self._good_count + self._lost_count
        if not owed_count:
            return
        permille = self._good_count * PERMILLE // owed_count
        readable_s = ledger.held_s(self._stream, ring) * self._good_count // owed_count
        utc_ms = clock.utc_ms() if clock.utc_quality() else 0
        before = self.shares.get(self._stream)
        self.shares[self._stream] = Share(permille, readable_s, utc_ms)
        if before is None or before.permille != permille:
            fields: dict[str, Value] = {"stream": self._stream, "permille": permille}
            fields["lost"] = self._lost_count
            self._events.emit("ring.read_back", now_ms, fields)

    def _rest(self, now_ms: int) -> None:
        if not self._names:
            self.round_count += 1
            self._due_ms = now_ms + (self._pause_ms if self.shares else EMPTY_MS)
