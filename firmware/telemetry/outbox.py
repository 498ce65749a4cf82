"""A durable queue of records on a medium, bounded, in order, and honest about what it gave up.

It plans writes and makes none. Faults it survives: a cut at any byte, a torn or lost write before
its barrier, a failed barrier (what was pending is written again, never only flushed again), a
rotten slot (that record is given up and counted). Format and invariants: docs/formats/outbox.md.
"""

from firmware.cbor.decode import loads
from firmware.cbor.encode import dumps
from firmware.errors import RemoteProtocolError
from firmware.telemetry import slots
from firmware.telemetry.codes import priority_of
from firmware.telemetry.fields import from_map, to_map
from firmware.telemetry.shed import Control
from firmware.telemetry.waiting import Waiting
from hal.api._typing import TYPE_CHECKING
from hal.api.errors import PortError

if TYPE_CHECKING:
    from firmware.buffers import Value
    from hal.api._typing import Callable

    Plan = list[tuple[str, int, bytes]]

PENDING_COUNT_MAX = 64  # records in RAM until their barrier
SHED_COUNT_MAX = 64  # records given up at once, so that a full outbox does not sort at each event
SLOT_COUNT_MIN = 8
RETRY_MS = 10_000
CONTROL_MS = 60_000  # the cursor is written this seldom; losing it costs only duplicates
READ_SLOT_COUNT = 8


class Outbox:
    """Records wait here, by key (boot, sequence), until the CMC's own cursor has passed them.

    Ask `plan` for writes, tell `on_submitted` the numbers that they got and `on_completion` how
    each ended. Only the first `durable_count` records may leave the unit.

    Args:
        read: gives bytes of the medium: (offset_bytes, length_bytes).
        size_bytes: length of the medium; ten slots or more.
        align_bytes: the medium's own; a slot is 512 bytes, or this where it is more.
    """

    def __init__(
        self, read: "Callable[[int, int], bytes]", size_bytes: int, align_bytes: int = 512
    ) -> None:
        self.slot_bytes = max(slots.SLOT_BYTES_MIN, align_bytes)
        self.slot_count = size_bytes // self.slot_bytes - slots.CONTROL_SLOT_COUNT
        assert self.slot_count >= SLOT_COUNT_MIN, size_bytes
        self.room_bytes = self.slot_bytes - slots.HEADER_BYTES
        self.dropped_count = 0
        self.shed_count = 0
        self.damaged_count = 0
        self.failed_count = 0
        self.unreadable_count = 0
        self._read = read
        self._waiting = Waiting()
        self._used = bytearray(self.slot_count)
        self._rover = 0
        self._control = Control()
        self._revision = 0
        self._is_control_due = False
        self._control_ms = 0
        self._pending: list[tuple[int, bytes]] = []
        self._covered_count = 0
        self._numbers: list[int] = []
        self._is_planned = False
        self._code = ""
        self._retry_ms = 0
        self._recover_control()
        self._recover_records()

    # Recovery

    def _slot(self, index: int, count: int = 1) -> bytes:
        """Read slots by their place on the medium; b"" where it cannot be read."""
        try:
            return self._read(index * self.slot_bytes, count * self.slot_bytes)
        except PortError:
            self.unreadable_count += count
            return b""

    def _recover_control(self) -> None:
        for index in range(slots.CONTROL_SLOT_COUNT):
            slot = self._slot(index)
            found = slots.unpack_control(slot)
            if found is None:
                self.damaged_count += slots.is_marked(slot)
            elif found[0] > self._revision:
                control = Control()
                try:
                    from_map(control, loads(found[1]), control.TITLE)
                except RemoteProtocolError:
                    self.damaged_count += 1
                    continue
                self._revision, self._control = found[0], control

    def _recover_records(self) -> None:
        """Find every whole record above the cursor, in order; anything else is a free slot."""
        found: list[tuple[int, int, int, int]] = []
        for index in range(0, self.slot_count, READ_SLOT_COUNT):
            count = min(READ_SLOT_COUNT, self.slot_count - index)
            data = self._slot(index + slots.CONTROL_SLOT_COUNT, count)
            for offset in range(len(data) // self.slot_bytes):
                slot = data[offset * self.slot_bytes : (offset + 1) * self.slot_bytes]
                record = slots.unpack_record(slot)
                if record is not None:
                    found.append((record[0], record[1], index + offset, record[2]))
                else:
                    self.damaged_count += slots.is_marked(slot)
        found.sort()
        last = self.cursor()
        for boot, sequence, slot_index, code in found:
            if (boot, sequence) > last:
                last = (boot, sequence)
                self._waiting.append(last, slot_index, code)
                self._used[slot_index] = 1

    # What waits

    def __len__(self) -> int:
        """How many records wait, durable or not."""
        return len(self._waiting)

    @property
    def durable_count(self) -> int:
        """How many of them, from the oldest, have completed their barrier."""
        return len(self._waiting) - len(self._pending)

    def is_full(self) -> bool:
        """Tell whether the next record costs another one."""
        return len(self._waiting) >= self.slot_count

    def cursor(self) -> "tuple[int, int]":
        """The key up to which the CMC has stored, as far as the unit knows."""
        return self._control.boot, self._control.sequence

    def last_key(self) -> "tuple[int, int]":
        """The highest key known here; a new boot must be numbered above its boot."""
        if len(self._waiting):
            return self._waiting.key(len(self._waiting) - 1)
        return self.cursor()

    def key(self, position: int) -> "tuple[int, int]":
        """The key of a waiting record, 0 for the oldest."""
        return self._waiting.key(position)

    def position_after(self, key: "tuple[int, int]") -> int:
        """How many waiting records have a key up to and including this one."""
        return self._waiting.position_after(key)

    def record(self, position: int) -> bytes:
        """Read a durable record back from the medium.

        Returns:
            its data; b"" where the medium cannot read it now, or where it was damaged: then it is
            given up and counted, and the next one has its position.
        """
        assert position < self.durable_count, position
        slot_index = self._waiting.slot(position)
        slot = self._slot(slot_index + slots.CONTROL_SLOT_COUNT)
        found = slots.unpack_record(slot)
        if found is not None and (found[0], found[1]) == self._waiting.key(position):
            return found[3]
        if slot:
            self.discard(position)
        return b""

    def discard(self, position: int) -> None:
        """Give up a record that nobody can read; counted as damaged."""
        self.damaged_count += 1
        self._give_up([position])

    # Coming and going

    def append(self, key: "tuple[int, int]", code: int, data: bytes) -> bool:
        """Take a record in; it is durable after the barrier of the next plan.

        Args:
            key: (boot, sequence), above every other.
            code: its event code; decides what a full outbox gives up first.
            data: at most `room_bytes`.

        Returns:
            False when it was not taken: the medium is too slow or has failed and as much waits in
            RAM as may (dropped_count), or the outbox is full of what matters more (shed_count).
        """
        if len(self._pending) >= PENDING_COUNT_MAX:
            self.dropped_count += 1
            return False
        if self.is_full() and not self._make_room(priority_of(code)):
            self.shed_count += 1
            self._control.note_shed(key, code)
            return False
        while self._used[self._rover]:
            self._rover = (self._rover + 1) % self.slot_count
        slot_index = self._rover
        self._used[slot_index] = 1
        self._waiting.append(key, slot_index, code)
        self._pending.append((slot_index, slots.pack_record(key, code, data, self.slot_bytes)))
        return True

    def _make_room(self, priority: int) -> bool:
        """Give up the oldest of what matters least, unless it matters more than the new one."""
        priorities = [priority_of(self._waiting.code(at)) for at in range(self.durable_count)]
        lowest = min(priorities) if priorities else priority + 1
        if lowest > priority:
            return False
        positions: list[int] = []
        count_max = max(1, min(SHED_COUNT_MAX, self.slot_count // 8))
        for position, one in enumerate(priorities):
            if one == lowest:
                positions.append(position)
                if len(positions) == count_max:
                    break
        self.shed_count += len(positions)
        for position in positions:
            self._control.note_shed(self._waiting.key(position), self._waiting.code(position))
        self._is_control_due = True
        self._control_ms = 0
        self._give_up(positions)
        return True

    def acknowledge(self, key: "tuple[int, int]") -> int:
        """Let go of what the CMC has stored; returns how many records that were."""
        if key <= self.cursor():
            return 0
        count = min(self._waiting.position_after(key), self.durable_count)
        self._give_up(list(range(count)))
        self._control.boot, self._control.sequence = key
        self._is_control_due = True
        return count

    def take_shed(self) -> "dict[str, Value] | None":
        """Hand over what was shed, once there is room to tell it; None when nothing was."""
        if not self._control.groups or len(self._waiting) > self.slot_count * 7 // 8:
            return None
        self._is_control_due = True
        return self._control.take_shed()

    def _give_up(self, positions: "list[int]") -> None:
        for position in positions:
            self._used[self._waiting.slot(position)] = 0
        self._waiting.remove(positions)

    # The medium

    def due_ms(self, now_ms: int, idle_ms: int) -> int:
        """When `plan` has something at the earliest."""
        if self._is_planned or not (self._pending or self._is_control_due):
            return now_ms + idle_ms
        due_ms = now_ms if self._pending else self._control_ms
        return min(now_ms + idle_ms, max(now_ms, due_ms, self._retry_ms))

    def plan(self, now_ms: int) -> "Plan":
        """Say what to write now: whole slots, then one barrier; [] when there is nothing to do.

        The answer must be submitted, and `on_submitted` called with the number of each entry.
        """
        if self._is_planned or now_ms < self._retry_ms:
            return []
        is_control_due = self._is_control_due and now_ms >= self._control_ms
        if not self._pending and not is_control_due:
            return []
        plan: Plan = []
        for slot_index, slot in self._pending:
            offset_bytes = (slot_index + slots.CONTROL_SLOT_COUNT) * self.slot_bytes
            plan.append(("write", offset_bytes, slot))
        if is_control_due:
            plan.append(self._control_entry())
            self._is_control_due = False
            self._control_ms = now_ms + CONTROL_MS
        plan.append(("barrier", 0, b""))
        self._covered_count = len(self._pending)
        self._is_planned = True
        self._code = ""
        return plan

    def _control_entry(self) -> "tuple[str, int, bytes]":
        self._revision += 1
        data = dumps(to_map(self._control, self._control.TITLE))
        slot = slots.pack_control(self._revision, data, self.slot_bytes)
        index = self._revision % slots.CONTROL_SLOT_COUNT
        return ("write", index * self.slot_bytes, slot)

    def on_submitted(self, numbers: "list[int]") -> None:
        """Learn the numbers that the entries of the last plan got, in order."""
        if self._is_planned:
            self._numbers += numbers

    def on_completion(self, number: int, code: str, now_ms: int) -> None:
        """Learn how one entry ended.

        Args:
            number: as given to `on_submitted`; another's is not minded.
            code: "" when done, else that of a PortError.
            now_ms: when.
        """
        if number not in self._numbers:
            return
        self._numbers.remove(number)
        self._code = self._code or code
        if self._numbers:
            return
        self._is_planned = False
        if not self._code:
            self._pending = self._pending[self._covered_count :]
            return
        # After a failure nobody knows what the medium holds, so a later barrier alone proves
        # nothing: everything pending is written again before it.
        self.failed_count += 1
        self._retry_ms = now_ms + RETRY_MS
        self._is_control_due = True
