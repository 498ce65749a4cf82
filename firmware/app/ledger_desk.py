"""Keeps the continuity ledger of every stream: asks why, judges, stores, and tells.

Two places hold it through a power cut: all days in the state pages, now and then, and the newest
two of each stream in the ring's marks, with each barrier. At a start the later one counts.
"""

from firmware.cbor.decode import loads
from firmware.cbor.encode import dumps
from firmware.errors import DamagedError, LocalProtocolError, RemoteProtocolError
from firmware.recorder.causes import NAMES
from firmware.recorder.days import DAY_MS, ROW_COUNT_MAX, Days
from firmware.recorder.ledger import StreamLedger, WallClock
from hal.api._typing import TYPE_CHECKING
from hal.api.clock import UTC_NONE

if TYPE_CHECKING:
    from firmware.app.ring_desk import RingDesk
    from firmware.app.station import Station
    from firmware.buffers import EventQueue
    from firmware.buffers import Value as EventValue
    from firmware.cbor.encode import Key, Value
    from firmware.state.pages import StatePages
    from hal.api.clock import Clock

LEDGER = "ledger"
POOL, STREAMS = 1, 2
JUDGE_MS = 500
STORE_MS = 600_000
STORE_WITHOUT_MARKS_MS = 60_000
HOUR_MS = 3_600_000
TELL_LATE_MS = 60_000  # after the hour, so that a day that is over has been judged
MARK_ROW_COUNT = 2
MARK_BYTES_MAX = 8_000
LIFE_DAYS = 31
TOLD_AGAIN_COUNT = 2  # days that are told after each start


class LedgerDesk:
    """The ledgers of one unit.

    Args:
        pages: the unit's small durable map.
        stations: the cameras.
        events: where days are told.
        now_ms: monotonic time.
    """

    __slots__ = (
        "_due_ms",
        "_events",
        "_hour",
        "_is_loaded",
        "_pages",
        "_pool",
        "_stations",
        "_store_due_ms",
        "_stored_day",
        "_tell_from_ms",
        "_to_tell",
        "_wall",
        "damaged_count",
        "ledgers",
        "unstored_count",
    )

    def __init__(
        self,
        pages: "StatePages",
        stations: "list[Station]",
        events: "EventQueue",
        now_ms: int,
    ) -> None:
        self._pages = pages
        self._stations = stations
        self._events = events
        self._wall = WallClock()
        self.ledgers: dict[str, StreamLedger] = {}
        for station in stations:
            self.ledgers[station.picture_stream] = StreamLedger(self._wall, now_ms)
            if station.sound is not None:
                self.ledgers[station.sound_stream] = StreamLedger(self._wall, now_ms)
        self._due_ms = now_ms
        self._hour = 0
        self._is_loaded = False
        self._store_due_ms = now_ms + STORE_MS
        self._stored_day = 0
        self._tell_from_ms = now_ms + TELL_LATE_MS
        self._to_tell: list[str] = []
        self.damaged_count = 0
        """Streams whose stored days did not add up, and began anew."""
        self.unstored_count = 0
        """How often not all days fitted the state pages, and the oldest were left out."""
        stored = pages.get(LEDGER)
        found = stored if isinstance(stored, dict) else {}
        pool = found.get(POOL)
        self._pool = pool if isinstance(pool, bytes) else b""
        for name, days in self._read(found.get(STREAMS)).items():
            self.ledgers[name].days = days
            self.ledgers[name].generation = days.rows[-1].generation if days.rows else 0

    def step(self, ring: "RingDesk", is_armed: bool, clock: "Clock", now_ms: int) -> int:
        """Take why, judge, store and tell what is due; returns when the next step is."""
        for station in self._stations:
            ledger = self.ledgers[station.picture_stream]
            cause = station.picture_blame(ring, is_armed)
            ledger.blame(cause, now_ms, station.pictures.last_unit_ms)
            if station.sounds is not None and station.sound is not None:
                ledger = self.ledgers[station.sound_stream]
                cause = station.sound_blame(ring, is_armed)
                ledger.blame(cause, now_ms, station.sounds.last_unit_ms)
        if self._to_tell:
            self._tell(self._to_tell.pop(0), ring, now_ms)
        if now_ms >= self._due_ms:
            self._due_ms = now_ms + JUDGE_MS
            self._judge(ring, clock, now_ms)
        return self._due_ms

    def close(self, ring: "RingDesk", now_ms: int) -> None:
        """Judge all that is left, after the ring has settled, and store it."""
        for name in self.ledgers:
            self._step_one(name, ring, now_ms)
            self.ledgers[name].close(now_ms)
        self._store(ring, now_ms)

    def _judge(self, ring: "RingDesk", clock: "Clock", now_ms: int) -> None:
        """Give every ledger what a barrier is behind now."""
        if ring.recorder is not None and not self._is_loaded:
            self._load(ring, now_ms)
        quality = clock.utc_quality()
        utc_ms = clock.utc_ms() if quality != UTC_NONE else 0
        self._wall.set(utc_ms, quality, now_ms)
        for name in self.ledgers:
            self._step_one(name, ring, now_ms)
        day = utc_ms // DAY_MS
        if now_ms >= self._store_due_ms or day > self._stored_day:
            self._stored_day = max(day, self._stored_day)
            self._store(ring, now_ms)
        hour = (utc_ms - TELL_LATE_MS) // HOUR_MS
        is_due = self._is_loaded and now_ms >= self._tell_from_ms
        if hour != self._hour and is_due and utc_ms:
            self._hour = hour
            self._to_tell = sorted(self.ledgers)

    def _step_one(self, name: str, ring: "RingDesk", now_ms: int) -> None:
        ledger = self.ledgers[name]
        if ring.recorder is not None:
            ledger.generation = ring.generations(name)[1] + 1
        stream = ring.recorder.streams.get(name) if ring.recorder is not None else None
        if stream is None:
            ledger.step((), now_ms, now_ms)
        else:
            pending_ms = stream.pending_ms(now_ms)
            ledger.step(stream.take_recorded(), pending_ms, now_ms)

    def mark(self) -> bytes:
        """Write down the newest days of every stream, for the ring's marks."""
        data = self._mark(MARK_ROW_COUNT)
        return data if len(data) <= MARK_BYTES_MAX else self._mark(1)

    def _mark(self, count: int) -> bytes:
        found: dict[Key, Value] = {}
        for name, ledger in self.ledgers.items():
            found[name] = ledger.days.pack(count)
        return dumps(found)

    def held_s(self, stream: str, ring: "RingDesk") -> int:
        """Tell how many seconds of the last 31 days were recorded and are not overwritten."""
        days = self.ledgers[stream].days
        (oldest, newest), kept = ring.generations(stream), ring.kept(stream)
        rows = range(max(0, len(days.rows) - LIFE_DAYS), len(days.rows))
        return sum(days.told_s(index, oldest, newest, kept).get("recorded", 0) for index in rows)

    # Storing

    def _load(self, ring: "RingDesk", now_ms: int) -> None:
        """Take the ring's marks, once there is a ring; from then on they are written."""
        self._is_loaded = True
        pool, marked = ring.load_marks(self.mark)
        is_other = self._pool not in (b"", pool)
        self._pool = pool
        for name, days in self._read(_loads(marked)).items():
            if not is_other:
                self.ledgers[name].days.take_newer(days)
        for name, ledger in self.ledgers.items():
            if is_other:
                ledger.days.lose_medium()
            for index in range(len(ledger.days.rows) - TOLD_AGAIN_COUNT):
                ledger.days.rows[index].told = self._told(name, index, ring)[1]
        if is_other:
            self._store(ring, now_ms)

    def _read(self, stored: "Value") -> "dict[str, Days]":
        """Read the days of the streams that this unit has; what does not add up is counted."""
        found: dict[str, Days] = {}
        if not isinstance(stored, dict):
            return found
        for name, data in stored.items():
            if not isinstance(name, str) or not isinstance(data, bytes):
                continue
            if name in self.ledgers:
                days = Days()
                try:
                    days.unpack(data)
                    found[name] = days
                except DamagedError:
                    self.damaged_count += 1
        return found

    def _store(self, ring: "RingDesk", now_ms: int) -> None:
        """Put all days into the state pages, or as many as fit."""
        has_marks = ring.has_marks() and not ring.is_failing()
        self._store_due_ms = now_ms + (STORE_MS if has_marks else STORE_WITHOUT_MARKS_MS)
        count = ROW_COUNT_MAX
        while count:
            streams: dict[Key, Value] = {}
            for name, ledger in self.ledgers.items():
                streams[name] = ledger.days.pack(count)
            value: dict[Key, Value] = {POOL: self._pool, STREAMS: streams}
            try:
                self._pages.put(LEDGER, value)
            except LocalProtocolError:
                self.unstored_count += 1
                count //= 2
            else:
                return

    # Telling

    def _tell(self, name: str, ring: "RingDesk", now_ms: int) -> None:
        """Tell the days of one stream that are not as they were told last."""
        days = self.ledgers[name].days
        for index, row in enumerate(days.rows):
            spent, told = self._told(name, index, ring)
            if told == row.told:
                continue
            row.told = told
            fields: dict[str, EventValue] = {"stream": name, "day": row.day}
            fields["is_full"] = index + 1 < len(days.rows)
            for cause in sorted(spent):
                fields[cause + "_s"] = spent[cause]
            self._events.emit("recording.day", now_ms, fields)

    def _told(
        self, name: str, index: int, ring: "RingDesk"
    ) -> "tuple[dict[str, int], tuple[int, ...]]":
        """Work out what to tell of one row, and that as something to compare."""
        oldest, newest = ring.generations(name)
        spent = self.ledgers[name].days.told_s(index, oldest, newest, ring.kept(name))
        return spent, tuple([spent.get(cause, 0) for cause in NAMES])


def _loads(data: bytes) -> "Value":
    """Read what the marks held; None for nothing."""
    try:
        return loads(data) if data else None
    except RemoteProtocolError:
        return None
