"""One stream on its way to the ring: units are held, payloads queued, what is in doubt kept."""

from firmware.recorder.settings import StreamState
from firmware.ring.content import Block, encode_block, unit_bytes
from firmware.ring.records import reopen
from firmware.ring.segments import EXTRADATA_BYTES_MAX
from hal.api._typing import TYPE_CHECKING
from hal.api.media import StreamParameters

if TYPE_CHECKING:
    from firmware.buffers import Value
    from firmware.recorder.retention import HeldTimes
    from firmware.ring.content import Stamp
    from firmware.ring.layout import Step
    from firmware.ring.writer import PartitionWriter
    from hal.api.cipher import Cipher
    from hal.api.media import AccessUnit

    Key = tuple[str, int]

RECORDING_WITHIN_MS = 10_000
PICTURE_CHAIN = "picture"
SOUND_SUFFIX = "/sound"
SPAN_COUNT_MAX = 64


def is_same(one: StreamParameters, other: StreamParameters) -> bool:
    """Tell whether two streams are read alike."""
    return all(getattr(one, name) == getattr(other, name) for name in StreamParameters.__slots__)


class Item:
    """One payload, or the end of a run of them.

    Args:
        key: (chain, epoch) in which it was captured.
        parameters: how to read it.
        stamp: (now_ms, utc_ms, utc_quality) of its first unit, or of the end.
        payload: the bytes of a record; b"" for the end of a run, and while it is sealed.
        cause: why the run ended; "" for a payload.

    Once written it is kept sealed, as the medium has it, so that no second copy is in memory.
    """

    __slots__ = (
        "_content_key",
        "_sealed",
        "cause",
        "is_cut",
        "key",
        "parameters",
        "payload",
        "payload_bytes",
        "stamp",
        "until_ms",
    )

    def __init__(
        self,
        key: "Key",
        parameters: StreamParameters,
        stamp: "Stamp",
        payload: bytes,
        cause: str = "",
    ) -> None:
        self.key = key
        self.parameters = parameters
        self.stamp = stamp
        self.payload = payload
        self.payload_bytes = len(payload)
        self.cause = cause
        self.until_ms = stamp[0]  # now_ms of its last unit
        self.is_cut = False  # what came before it, if anything did, is not of the same run
        self._sealed = b""
        self._content_key = b""

    def keep_sealed(self, sealed: bytes, content_key: bytes) -> None:
        """Keep what was written, and what opens it, in place of the payload."""
        self._sealed = sealed
        self._content_key = content_key
        self.payload = b""

    def open_again(self, cipher: "Cipher") -> None:
        """Bring the payload back, because what was written does not count."""
        if self._sealed:
            self.payload = reopen(cipher, self._content_key, self._sealed)
            self._sealed = self._content_key = b""

    def memory_bytes(self) -> int:
        """How much of it is in memory."""
        return len(self.payload) + len(self._sealed)


class Stream:
    """The recorder's side of one stream.

    Args:
        name: "dome-1/picture" and the like.
        writer: of its partition.
        times: of its partition.
        record_bytes_max: a record is made when so many bytes are held.
    """

    __slots__ = (
        "chain",
        "cut_since_ms",
        "dropped_count",
        "gap_cause",
        "has_gap",
        "held",
        "held_bytes",
        "held_key",
        "held_stamp",
        "is_cut",
        "is_held_up",
        "is_open",
        "is_waiting",
        "last_settled_ms",
        "name",
        "parameters",
        "queue",
        "queued_bytes",
        "record_bytes_max",
        "recorded",
        "recorded_bytes",
        "segment_key",
        "segment_parameters",
        "times",
        "unsettled",
        "unsettled_bytes",
        "writer",
    )

    def __init__(
        self, name: str, writer: "PartitionWriter", times: "HeldTimes", record_bytes_max: int
    ) -> None:
        self.name = name
        self.writer = writer
        self.times = times
        self.record_bytes_max = min(record_bytes_max, writer.payload_bytes_max())
        self.chain = ""
        self.parameters = StreamParameters("", 1)
        self.is_open = False
        self.is_held_up = False  # a barrier was waited for, and what waited is not settled yet
        self.is_waiting = True  # for a keyframe
        self.gap_cause = ""  # why units are being left out; "" when none are
        self.has_gap = False  # units were left out in front of the next record
        self.cut_since_ms = 0
        self.held: list[AccessUnit] = []
        self.held_bytes = 0
        self.held_key: Key = ("", -1)
        self.held_stamp: Stamp = (0, 0, 0)
        self.queue: list[Item] = []
        self.queued_bytes = 0
        self.unsettled: list[tuple[int, Item]] = []
        self.unsettled_bytes = 0
        self.segment_key: Key = ("", -1)
        self.segment_parameters: StreamParameters | None = None
        self.recorded_bytes = 0
        self.recorded: list[tuple[int, int, bool]] = []  # what a barrier is behind, for the ledger
        self.is_cut = True
        self.dropped_count = 0
        self.last_settled_ms = -1

    def memory_bytes(self) -> int:
        """How much of it is only in memory."""
        return self.held_bytes + self.queued_bytes + self.unsettled_bytes

    def hold(self, unit: "AccessUnit", key: "Key", stamp: "Stamp") -> None:
        """Keep a unit for the next record; key and stamp are those of the record's first."""
        if not self.held:
            self.held_key = key
            self.held_stamp = stamp
        self.held.append(unit)
        self.held_bytes += unit_bytes(unit)

    def obstacle(self, unit: "AccessUnit", has_key: bool, room_bytes: int) -> str:
        """Tell why a unit cannot be kept; "" when it can."""
        if not has_key:
            return "no_key"
        size = unit_bytes(unit)
        if size > self.writer.payload_bytes_max():
            return "too_big"
        if self.gap_cause:
            size += self.record_bytes_max  # some room first, or every group ends at once again
        return "disk" if size > room_bytes else ""

    def leave_out(self, cause: str, now_ms: int) -> bool:
        """Count a unit that cannot be kept; true when a gap begins with it."""
        self.dropped_count += 1
        self.is_waiting = True
        if self.gap_cause:
            return False
        self.flush()
        self.has_gap = True
        self.gap_cause = cause
        self.cut_since_ms = now_ms
        return True

    def resume(self, now_ms: int) -> "dict[str, Value]":
        """End a gap; returns what is to be told of it."""
        fields: dict[str, Value] = {"stream": self.name, "after": self.gap_cause}
        fields["lasted_ms"] = now_ms - self.cut_since_ms
        self.gap_cause = ""
        return fields

    def is_pressed(self) -> bool:
        """Tell whether so much is queued that it cannot wait for a barrier of all."""
        return self.queued_bytes * 2 >= self.writer.partition.segment_bytes

    def is_ample(self) -> bool:
        """Tell whether what is held is enough for a record, so that it need not wait for more."""
        return self.held_bytes * 4 >= self.record_bytes_max * 3

    def flush(self) -> None:
        """Make a payload of the units held; a board without memory for it leaves them out."""
        held, self.held, self.held_bytes = self.held, [], 0
        if not held:
            return
        try:
            payload = encode_block(Block(self.held_stamp, self.has_gap, held))
        except MemoryError:
            self.dropped_count += len(held)
            self.has_gap = self.is_waiting = True
            return
        item = Item(self.held_key, self.parameters, self.held_stamp, payload)
        item.until_ms = held[-1].now_ms
        item.is_cut = self.is_cut or self.has_gap
        self.has_gap = self.is_cut = False
        self.enqueue(item)

    def enqueue(self, item: Item) -> None:
        """Queue an item behind the others."""
        self.is_cut = self.is_cut or item.cause != ""
        self.queue.append(item)
        self.queued_bytes += len(item.payload)

    def next_item(self) -> Item:
        """Take the first item from the queue."""
        item = self.queue.pop(0)
        self.queued_bytes -= len(item.payload)
        return item

    def state(self, stamp: "Stamp") -> StreamState:
        """Tell how the stream is at (now_ms, utc_ms, utc_quality)."""
        state = StreamState()
        settled_ms = self.last_settled_ms
        is_fresh = settled_ms >= 0 and stamp[0] - settled_ms <= RECORDING_WITHIN_MS
        state.is_recording = self.is_open and is_fresh
        state.recorded_bytes = self.recorded_bytes
        state.dropped_count = self.dropped_count
        state.segment_count = self.writer.segment_count
        newest = self.writer.generation
        count = self.writer.partition.segment_count
        state.fill_permille = min(count, newest + 1) * 1000 // count
        state.oldest_utc_ms = self.times.oldest_utc_ms(newest, stamp[1], stamp[2])
        return state

    def write(self) -> "Step | None":
        """Seal the first item of the queue; None where a board has no memory for it now."""
        item = self.queue[0]
        try:
            step = self.writer.append(item.payload, item.stamp[0])
        except MemoryError:
            return None
        self.next_item()
        item.keep_sealed(step[2], self.writer.content_key())
        self.written(self.writer.sequence - 1, item)
        return step

    def written(self, sequence: int, item: Item) -> None:
        """Remember an item until a barrier is behind it."""
        self.unsettled.append((sequence, item))
        self.unsettled_bytes += item.memory_bytes()

    def settle(self, sequence: int, now_ms: int) -> None:
        """A barrier is behind all below this sequence: only now they are recorded."""
        self.writer.settled = max(self.writer.settled, sequence)
        while self.unsettled and self.unsettled[0][0] < sequence:
            item = self.unsettled.pop(0)[1]
            self.unsettled_bytes -= item.memory_bytes()
            self.recorded_bytes += item.payload_bytes
            self.last_settled_ms = now_ms
            if not item.cause:
                self._tell_recorded(item)
        if not self.unsettled and not self.queue:
            self.is_held_up = False

    def _tell_recorded(self, item: Item) -> None:
        """Keep the time of an item for the ledger, which takes it several times a second."""
        spans = self.recorded
        if len(spans) < SPAN_COUNT_MAX:
            spans.append((item.stamp[0], item.until_ms, item.is_cut))
        else:
            spans[-1] = (spans[-1][0], item.until_ms, spans[-1][2])

    def take_recorded(self) -> "list[tuple[int, int, bool]]":
        """Hand over the time that was recorded since the last call, and forget it.

        Returns:
            (now_ms of the first unit, of the last, is not of one run with what was before).
        """
        spans, self.recorded = self.recorded, []
        return spans

    def pending_ms(self, now_ms: int) -> int:
        """Tell the oldest moment that is only in memory; `now_ms` when there is none."""
        if self.unsettled:
            return self.unsettled[0][1].stamp[0]
        if self.queue:
            return self.queue[0].stamp[0]
        return self.held_stamp[0] if self.held else now_ms

    def oldest_key(self) -> "Key":
        """Tell the (chain, epoch) of what has waited longest in memory; ("", -1) for nothing."""
        if self.unsettled:
            return self.unsettled[0][1].key
        return self.queue[0].key if self.queue else ("", -1)

    def give_up(self, cipher: "Cipher") -> None:
        """Leave the open segment; what was not settled is first in the queue again."""
        self.writer.give_up(self.writer.settled)
        self.segment_parameters = None
        for _, item in self.unsettled:
            item.open_again(cipher)
            self.queued_bytes += item.payload_bytes
        self.queue = [item for _, item in self.unsettled] + self.queue
        self.unsettled = []
        self.unsettled_bytes = 0

    def fits(self, item: Item) -> str:
        """Tell why an item cannot go into the open segment; "" when it can."""
        if self.segment_parameters is not item.parameters:
            return "parameters"
        if self.segment_key != item.key:
            return "epoch"
        if not self.writer.has_room(len(item.payload)):
            return "full"
        return ""


def refuse(record: "Stream | None", parameters: StreamParameters, chain: str) -> str:
    """Tell why a stream cannot be recorded so; "" when it can."""
    if record is None:
        return "ring.no_partition"
    if len(parameters.extradata) > EXTRADATA_BYTES_MAX:
        return "ring.extradata"
    if record.name.endswith(SOUND_SUFFIX) == (chain == PICTURE_CHAIN):
        return "ring.chain"
    return ""
