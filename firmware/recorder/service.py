"""Records every open stream on the ring; what it answers counts only after its barrier.

The rules of writing that it keeps stand in docs/formats/ring.md.
"""

from firmware.buffers import EventQueue
from firmware.recorder.commits import DONE, EVERY_MS, FAILED, HALF_MS, Commits
from firmware.recorder.epochs import Epochs
from firmware.recorder.retention import held_times
from firmware.recorder.settings import RecorderSettings, StreamState
from firmware.recorder.stream import PICTURE_CHAIN, Item, Stream, is_same, refuse
from firmware.ring.content import unit_bytes
from firmware.ring.layout import BARRIER
from firmware.ring.segments import SegmentInfo
from firmware.ring.writer import PartitionWriter
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.ring.content import Stamp
    from firmware.ring.layout import Layout, Step
    from firmware.ring.recovery import Recovered
    from firmware.ring.writer import KeySource
    from hal.api.cipher import Cipher, Entropy
    from hal.api.media import AccessUnit, StreamParameters

SLOW_MS = 2000


class RecorderService:
    """The recorder of a unit.

    Args:
        cipher: seals.
        entropy: for salts.
        layout: of the pool.
        recovered: where its partitions stand.
        boot: number of this boot.
        settings: bounds; None for those of a gateway.
    """

    def __init__(
        self,
        cipher: "Cipher",
        entropy: "Entropy",
        layout: "Layout",
        recovered: "Recovered",
        boot: int,
        settings: "RecorderSettings | None" = None,
    ) -> None:
        self._cipher = cipher
        self._entropy = entropy
        self._layout = layout
        self._recovered = recovered
        self._boot = boot
        self._settings = settings or RecorderSettings()
        self._streams: dict[str, Stream] = {}
        self.streams = self._streams  # for the ledger, which only looks
        self._epochs = Epochs()
        self._time: tuple[int, int, int] = (0, 0, 0)  # now_ms, utc_ms, quality at one moment
        self._now_ms = 0
        self._plan: list[Step] = []
        self._commits = Commits()
        self._memory_bytes = 0
        self._is_dirty = False
        self.events = EventQueue()
        self.is_failing = self.is_slow = False
        self.is_stuck = False  # no barrier came back since what waited too long was dropped
        self.barrier_count = self.failure_count = 0
        self.refused_count = self.expired_count = 0

    def open_stream(
        self,
        stream: str,
        parameters: "StreamParameters",
        now_ms: int,
        chain: str = PICTURE_CHAIN,
    ) -> str:
        """Begin to record a stream, or go on, with other parameters where they changed.

        Args:
            stream: its name; the pool must have a partition for it.
            parameters: how to read it; extradata of at most 2,048 bytes.
            now_ms: now.
            chain: "picture", or "sound:<grant id>" for sound.

        Returns:
            "" or a refusal: "ring.no_partition", "ring.extradata", or "ring.chain" for sound that
            would go under the picture's key.
        """
        record = self._streams.get(stream) or self._make(stream)
        refusal = refuse(record, parameters, chain)
        if record is None or refusal:
            self.refused_count += 1
            return refusal
        if not record.is_open:
            record.is_open = True
            record.is_waiting = True
            self.events.emit("recording.started", now_ms, {"stream": stream})
        elif record.chain == chain and is_same(record.parameters, parameters):
            return ""
        else:
            record.flush()
            record.is_waiting = True
        record.chain = chain
        record.parameters = parameters
        return ""

    def close_stream(self, stream: str, cause: str, now_ms: int) -> None:
        """End a stream; the cause is sealed with it and explains the gap that follows."""
        record = self._streams.get(stream)
        if record is None or not record.is_open:
            return
        record.flush()
        key = (record.chain, -1)
        record.enqueue(Item(key, record.parameters, self._stamp(now_ms), b"", cause))
        record.is_open = False
        self.events.emit("recording.stopped", now_ms, {"stream": stream, "cause": cause})

    def set_epoch(self, chain: str, ratchet: "KeySource | None") -> None:
        """Give a chain its current epoch; what was captured before stays in the old one.

        Args:
            chain: "picture" or "sound:<grant id>".
            ratchet: has advanced already, or is new; None takes the chain away.
        """
        for record in self._streams.values():
            if record.chain == chain:
                record.flush()
        self._epochs.set(chain, ratchet, self._now_ms)

    def set_time(self, utc_ms: int, quality: int, now_ms: int) -> None:
        """Tell the wall clock at a moment; quality 0 for none."""
        self._time = (now_ms, utc_ms, quality)

    def receive(self, stream: str, unit: "AccessUnit", now_ms: int = -1) -> None:
        """Take one access unit.

        Args:
            stream: must be open.
            unit: kept until its barrier; its data must not change.
            now_ms: now; -1 for the moment at which the unit was received.
        """
        if now_ms < 0:
            now_ms = unit.now_ms
        record = self._streams.get(stream)
        if record is None or not record.is_open:
            self.refused_count += 1
            return
        room_bytes = self._settings.memory_bytes_max - self._memory_bytes
        cause = record.obstacle(unit, self._epochs.get(record.chain)[0] is not None, room_bytes)
        if cause:
            if record.leave_out(cause, now_ms):
                self._tell_gap(stream, cause, now_ms)
            return
        if record.is_waiting and not unit.is_keyframe:
            record.dropped_count += 1
            return
        if record.gap_cause:
            self.events.emit("recording.started", now_ms, record.resume(now_ms))
        record.is_waiting = False
        size = unit_bytes(unit)
        if record.held and record.held_bytes + size > record.record_bytes_max:
            record.flush()
        self._memory_bytes += size
        key = (record.chain, self._epochs.get(record.chain)[1])
        record.hold(unit, key, self._stamp(unit.now_ms))

    def step(self, now_ms: int) -> "tuple[list[Step], int]":
        """Plan what is to be written now.

        Returns:
            (plan, when to call again): the caller submits the plan in order and tells the tokens
            with `on_submitted` before the next step.
        """
        assert not self._plan
        self._now_ms = now_ms
        self._watch(now_ms)
        if now_ms < self._commits.retry_at_ms:
            return [], self._commits.retry_at_ms
        is_due = self._commits.is_due(now_ms, EVERY_MS)
        records = [self._streams[name] for name in sorted(self._streams)]
        is_hurried = not self.barrier_count or any(record.is_pressed() for record in records)
        is_half_due = self._commits.is_due(now_ms, 0 if is_hurried else HALF_MS)
        for record in records:
            if is_due or (is_half_due and record.is_held_up) or record.is_ample():
                record.flush()
            self._fill(record)
        self._roll(records)
        for record in records:
            record.is_held_up = not self._open_next(record) or record.is_held_up
        is_wanted = is_due and self._is_dirty
        if is_wanted or (is_half_due and self._is_held_up()):
            self._plan.append(BARRIER)
            covered = {name: one.writer.sequence for name, one in self._streams.items()}
            is_first = not (is_wanted or self.barrier_count)  # over what an earlier life left
            self._commits.plan(covered, self._commits.barrier_ms if is_first else now_ms)
            self._is_dirty = False
        self._memory_bytes = sum(record.memory_bytes() for record in records)
        is_idle = not self._memory_bytes and not self._is_dirty
        return self._plan, self._commits.due_ms(now_ms, is_idle, self._is_held_up())

    def on_submitted(self, tokens: "list[int]") -> None:
        """Tell the tokens of the plan, in its order; fewer when the medium took no more."""
        plan = self._plan
        self._plan = []
        if not self._commits.on_submitted(plan, tokens, self._now_ms):
            self._fail("port.full", self._now_ms)

    def on_completion(self, token: int, code: str, now_ms: int) -> None:
        """Take one completion of the medium; code "" when it was done."""
        verdict = self._commits.on_completion(token, code)
        if verdict == FAILED:
            self._fail(code, now_ms)
        if verdict != DONE:
            return
        for name, sequence in self._commits.covered.items():
            self._streams[name].settle(sequence, now_ms)
        self.barrier_count += 1
        self.is_stuck = False
        if self.is_failing:
            self.is_failing = False
            self.events.emit("disk.recovered", now_ms)

    def state(self, stream: str) -> StreamState:
        """Tell how a stream was at the last step; all zero for one never opened."""
        record = self._streams.get(stream)
        return record.state(self._stamp(self._now_ms)) if record else StreamState()

    def is_settled(self) -> bool:
        """Tell whether nothing is only in memory: everything received is behind a barrier."""
        if self._is_dirty or self._commits.age_ms(self._now_ms) >= 0:
            return False
        return not any(record.memory_bytes() for record in self._streams.values())

    def _make(self, stream: str) -> "Stream | None":
        partition = self._layout.find(self._cipher, stream)
        found = [state for state in self._recovered.states if state.partition is partition]
        if not found:
            return None
        writer = PartitionWriter(self._cipher, self._entropy, self._layout, found[0])
        times = held_times(self._cipher, found[0], self._settings.index_key)
        record = Stream(stream, writer, times, self._settings.record_bytes_max)
        self._streams[stream] = record
        return record

    def _stamp(self, now_ms: int) -> "Stamp":
        set_ms, utc_ms, quality = self._time
        if not quality:
            return (now_ms, 0, 0)
        return (now_ms, max(0, utc_ms + now_ms - set_ms), quality)

    def _fill(self, record: Stream) -> None:
        """Write what the open segment takes, up to the first item that needs another."""
        while record.queue:
            if record.queue[0].cause:
                self._end(record)
                continue
            step = None if record.fits(record.queue[0]) else record.write()
            if step is None:
                return
            self._plan.append(step)
            self._is_dirty = True

    def _end(self, record: Stream) -> None:
        """Close the segment as the end of a run says, unless nothing of the run is on it."""
        item = record.next_item()
        if record.writer.is_open():
            record.written(record.writer.sequence, item)
            self._close(record, item.cause, item.stamp)

    def _close(self, record: Stream, cause: str, stamp: "Stamp") -> None:
        self._plan.extend(record.writer.close(cause, stamp))
        record.segment_parameters = None
        self._is_dirty = True

    def _roll(self, records: "list[Stream]") -> None:
        """Close segments that cannot take the next item."""
        for record in records:
            cause = ""
            if record.queue:
                cause = record.fits(record.queue[0])
            elif record.segment_key[1] != self._epochs.get(record.segment_key[0])[1]:
                cause = "epoch"  # nothing came since: its key must not stay in memory
            if cause and record.writer.is_open():
                self._close(record, cause, self._stamp(self._now_ms))

    def _is_held_up(self) -> bool:
        """Tell whether a stream had to wait for its next segment, and lags behind the others."""
        return any(record.is_held_up for record in self._streams.values())

    def _is_clear(self, record: Stream) -> bool:
        """Tell whether all of the segment before is behind a barrier that is done."""
        return self.barrier_count > 0 and record.writer.settled == record.writer.sequence

    def _open_next(self, record: Stream) -> bool:
        """Open a segment for what is queued; false while a barrier must come first."""
        while record.queue and not record.writer.is_open():
            if not self._is_clear(record):
                return False
            item = record.queue[0]
            chain, epoch = item.key
            source = self._epochs.get(chain)[0]
            if not record.writer.can_open(source, chain, epoch):
                # Its epoch is over: under a later key it would outlive its 31 days.
                record.next_item()
                self._expired(record, 1, "epoch")
                continue
            info = SegmentInfo(record.name, chain, epoch, self._boot, item.stamp, item.parameters)
            self._plan.extend(record.writer.open(source, info, self._settings.index_key))
            record.times.add(record.writer.generation, item.stamp[1])
            record.segment_key = item.key
            record.segment_parameters = item.parameters
            self._is_dirty = True
            self._fill(record)
        return True

    def _expired(self, record: Stream, count: int, cause: str) -> None:
        self.expired_count += count
        self._memory_bytes = sum(each.memory_bytes() for each in self._streams.values())
        self._tell_gap(record.name, cause, self._now_ms)

    def _tell_gap(self, stream: str, cause: str, now_ms: int) -> None:
        self.events.emit("recording.gap", now_ms, {"stream": stream, "cause": cause})

    def _watch(self, now_ms: int) -> None:
        for chain in self._epochs.turned():
            self.set_epoch(chain, self._epochs.get(chain)[0])
        for record in self._streams.values():
            if self._epochs.is_over(record.writer.spare_key(), now_ms):
                record.writer.forget_spare()
            if self._epochs.is_over(record.oldest_key(), now_ms):
                from firmware.recorder.expiry import expire  # noqa: PLC0415 - few media hang

                self.is_stuck = True
                self._expired(record, expire(record, self._epochs, now_ms), "disk")
        is_slow = self._commits.age_ms(now_ms) > SLOW_MS
        if is_slow and not self.is_slow:
            self.events.emit("disk.slow", now_ms)
        self.is_slow = is_slow

    def _fail(self, code: str, now_ms: int) -> None:
        """Give up every open segment; a failed barrier is never tried again."""
        self.failure_count += 1
        self._commits.fail(now_ms)
        self._is_dirty = True
        for record in self._streams.values():
            record.give_up(self._cipher)
        was_failing, self.is_failing = self.is_failing, True
        if not was_failing:
            self.events.emit("disk.failed", now_ms, {"code": code})
