"""A record that completed its barrier is there after any cut, in order, until it is stored."""

from firmware.telemetry import slots
from firmware.telemetry.codes import CODES
from firmware.telemetry.outbox import Outbox
from hal.api.errors import PortFailed

MOVED = CODES["ptz.moved"]
RAISED = CODES["fault.raised"]
ACCEPTED = CODES["command.accepted"]


class Medium:
    """Bytes that remember which writes no barrier has covered yet."""

    def __init__(self, size_bytes):
        self.data = bytearray(size_bytes)
        self.loose = []
        self.number = 0
        self.has_failed = False

    def read(self, offset_bytes, length_bytes):
        """Give what was written, covered or not."""
        if self.has_failed:
            raise PortFailed("medium: read failed; replace it")
        data = bytearray(self.data)
        for offset, chunk in self.loose:
            data[offset : offset + len(chunk)] = chunk
        return bytes(data[offset_bytes : offset_bytes + length_bytes])

    def perform(self, outbox, now_ms=0, code=""):
        """Carry one plan out; returns how many entries it had."""
        plan = outbox.plan(now_ms)
        numbers = []
        for _ in plan:
            self.number += 1
            numbers.append(self.number)
        outbox.on_submitted(numbers)
        for act, offset_bytes, data in plan:
            if act == "write":
                assert offset_bytes % outbox.slot_bytes == 0
                assert len(data) == outbox.slot_bytes
                self.loose.append((offset_bytes, data))
            elif not code:
                self.settle()
        for number in numbers:
            outbox.on_completion(number, code if number == numbers[-1] else "", now_ms)
        return len(plan)

    def settle(self):
        """Make every write durable."""
        for offset, chunk in self.loose:
            self.data[offset : offset + len(chunk)] = chunk
        self.loose = []

    def cut(self, kept_mask, torn_bytes=-1):
        """What a power cut leaves: the durable bytes and the loose writes of the mask.

        The highest write of the mask is torn after torn_bytes, unless that is negative.
        """
        after = Medium(len(self.data))
        after.data[:] = self.data
        kept = [entry for at, entry in enumerate(self.loose) if kept_mask >> at & 1]
        for at, (offset, chunk) in enumerate(kept):
            is_torn = at == len(kept) - 1 and torn_bytes >= 0
            written = chunk[:torn_bytes] if is_torn else chunk
            after.data[offset : offset + len(written)] = written
        return after


def keys(outbox):
    """The keys of what may be sent, oldest first."""
    return [outbox.key(at) for at in range(outbox.durable_count)]


def filled(medium, count, code=MOVED, boot=1):
    """An outbox with so many durable records."""
    outbox = Outbox(medium.read, len(medium.data))
    first = outbox.last_key()[1] if outbox.last_key()[0] == boot else 0
    for sequence in range(first + 1, first + count + 1):
        assert outbox.append((boot, sequence), code, b"event %d" % sequence), sequence
        medium.perform(outbox)
    return outbox


def test_a_record_may_leave_only_after_its_barrier():
    medium = Medium(32 * 512)
    outbox = Outbox(medium.read, len(medium.data))
    outbox.append((1, 1), MOVED, b"one")
    assert (len(outbox), outbox.durable_count) == (1, 0)
    plan = outbox.plan(0)
    assert [act for act, _offset, _data in plan] == ["write", "barrier"]
    outbox.on_submitted([7, 8])
    outbox.append((1, 2), MOVED, b"two")
    outbox.on_completion(7, "", 0)
    assert outbox.durable_count == 0
    assert outbox.plan(0) == [], "one barrier at a time"
    outbox.on_completion(8, "", 0)
    assert outbox.durable_count == 1


def test_records_come_back_in_order_and_whole():
    medium = Medium(32 * 512)
    filled(medium, 9)
    outbox = Outbox(medium.read, len(medium.data))
    assert keys(outbox) == [(1, sequence) for sequence in range(1, 10)]
    assert [outbox.record(at) for at in range(9)] == [b"event %d" % n for n in range(1, 10)]
    outbox = filled(medium, 3, boot=2)
    assert keys(outbox)[-3:] == [(2, 1), (2, 2), (2, 3)]
    assert outbox.last_key() == (2, 3)


def test_every_cut_between_two_barriers_keeps_all_that_was_durable():
    for durable in (0, 3, 10):
        medium = Medium(16 * 512)  # 14 slots, so that old slots are used again
        outbox = filled(medium, 10)
        outbox.acknowledge((1, 10 - durable))
        medium.perform(outbox, 100_000)
        for sequence in (11, 12, 13):
            outbox.append((1, sequence), MOVED, b"event %d" % sequence)
        plan = outbox.plan(100_000)
        medium.loose = [(offset, data) for act, offset, data in plan if act == "write"]
        kept = [(1, sequence) for sequence in range(11 - durable, 11)]
        for mask in range(8):
            for torn_bytes in (-1, 0, 1, 4, 20, 23, 24, 27, 511):
                after = medium.cut(mask, torn_bytes)
                found = keys(Outbox(after.read, len(after.data)))
                case = (durable, mask, torn_bytes, found)
                assert [key for key in found if key <= (1, 10)] == kept, case
                assert found == sorted(found), case
                assert set(found) <= set(kept) | {(1, 11), (1, 12), (1, 13)}, case
                if torn_bytes < 0:
                    assert len(found) == durable + bin(mask).count("1"), case


def test_a_cut_after_every_write_of_a_long_run_loses_nothing_unstored():
    medium = Medium(12 * 512)
    outbox = Outbox(medium.read, len(medium.data))
    stored = (0, 0)
    for sequence in range(1, 120):
        assert outbox.append((1, sequence), MOVED, b"event %d" % sequence)
        if sequence % 3 == 0:
            outbox.acknowledge((1, sequence - 2))
            stored = (1, sequence - 2)
        plan = outbox.plan(sequence * 7_000)
        medium.loose = [(offset, data) for act, offset, data in plan if act == "write"]
        outbox.on_submitted(list(range(len(plan))))
        for mask in range(1 << len(medium.loose)):
            after = medium.cut(mask)
            found = keys(Outbox(after.read, len(after.data)))
            wanted = [(1, n) for n in range(stored[1] + 1, sequence)]
            alive = [key for key in found if key > stored]
            assert alive[: len(wanted)] == wanted, (sequence, mask, found)
        medium.settle()
        for number in range(len(plan)):
            outbox.on_completion(number, "", sequence * 7_000)


def test_a_lost_cursor_costs_only_duplicates():
    medium = Medium(32 * 512)
    outbox = filled(medium, 6)
    assert outbox.acknowledge((1, 4)) == 4
    assert keys(outbox) == [(1, 5), (1, 6)]
    assert keys(Outbox(medium.read, len(medium.data))) == [(1, n) for n in range(1, 7)]
    assert medium.perform(outbox, 60_000) == 2, "the cursor and a barrier"
    again = Outbox(medium.read, len(medium.data))
    assert keys(again) == [(1, 5), (1, 6)]
    assert again.cursor() == (1, 4)


def test_the_cursor_is_written_seldom_and_either_slot_may_be_torn():
    medium = Medium(32 * 512)
    outbox = filled(medium, 20)
    write_count = 0
    for sequence in range(1, 21):
        outbox.acknowledge((1, sequence))
        write_count += medium.perform(outbox, sequence * 10_000) // 2
    assert write_count == 4, "once a minute in 190 s"
    outbox.acknowledge((1, 20))
    for slot in (0, 1):
        torn = medium.cut(0)
        torn.data[slot * 512 + 24] ^= 1
        again = Outbox(torn.read, len(torn.data))
        assert again.damaged_count == 1
        assert again.cursor()[1] in (19, 13, 7, 1), "the other slot counts"
        assert keys(again) == sorted(keys(again))


def test_an_acknowledgement_takes_what_it_names_and_no_more():
    medium = Medium(32 * 512)
    cases = (((0, 0), 0), ((1, 0), 0), ((1, 1), 1), ((1, 3), 3), ((1, 99), 5), ((2, 0), 5))
    for key, want in cases:
        outbox = filled(Medium(32 * 512), 5)
        assert outbox.acknowledge(key) == want, key
        assert outbox.acknowledge(key) == 0, key
        assert len(outbox) == 5 - want, key
    outbox = filled(medium, 5)
    outbox.append((1, 6), MOVED, b"not durable yet")
    assert outbox.acknowledge((1, 6)) == 5
    assert len(outbox) == 1


def test_a_full_outbox_gives_up_what_matters_least_oldest_first():
    medium = Medium(12 * 512)  # ten slots
    outbox = Outbox(medium.read, len(medium.data))
    codes = [RAISED, MOVED, ACCEPTED, MOVED, RAISED, MOVED, MOVED, ACCEPTED, RAISED, MOVED]
    for at, code in enumerate(codes):
        assert outbox.append((1, at + 1), code, b"x")
        medium.perform(outbox)
    for sequence in range(11, 16):
        assert outbox.append((1, sequence), RAISED, b"x"), sequence
        medium.perform(outbox)
    kept = [at + 1 for at, code in enumerate(codes) if code != MOVED]
    assert keys(outbox) == [(1, n) for n in kept] + [(1, n) for n in range(11, 16)]
    assert not outbox.append((1, 16), MOVED, b"x"), "the new one matters least"
    assert outbox.append((1, 17), RAISED, b"x")
    medium.perform(outbox)
    assert (1, 3) not in keys(outbox)
    assert outbox.shed_count == 7
    assert outbox.take_shed() is None, "no room to tell it yet"
    again = Outbox(medium.read, len(medium.data))
    assert keys(again) == keys(outbox)
    again.acknowledge((1, 5))
    assert again.take_shed() == {
        "count": 7,
        "first_boot": 1,
        "first_sequence": 2,
        "last_boot": 1,
        "last_sequence": 16,
        "what": "command 1, ptz 6",
    }, "known across a restart"
    assert again.take_shed() is None


def test_a_failed_barrier_is_followed_by_writing_again_not_by_a_barrier_alone():
    medium = Medium(32 * 512)
    outbox = filled(medium, 2)
    outbox.append((1, 3), MOVED, b"three")
    assert medium.perform(outbox, 1000, code="port.failed") == 2
    assert outbox.durable_count == 2
    assert outbox.failed_count == 1
    assert outbox.plan(2000) == [], "with back-off"
    outbox.append((1, 4), MOVED, b"four")
    assert outbox.due_ms(2000, 60_000) == 11_000
    acts = [act for act, _offset, _data in outbox.plan(11_000)]
    assert acts == ["write", "write", "write", "barrier"], "both records and the control slot"


def test_a_failed_medium_bounds_what_waits_in_memory():
    outbox = Outbox(Medium(512 * 512).read, 512 * 512)
    taken = [outbox.append((1, n), MOVED, b"x") for n in range(1, 101)]
    assert taken.count(True) == 64
    assert outbox.dropped_count == 36


def test_a_medium_that_cannot_be_read_starts_empty_and_is_counted():
    medium = Medium(32 * 512)
    filled(medium, 5)
    medium.has_failed = True
    outbox = Outbox(medium.read, len(medium.data))
    assert len(outbox) == 0
    assert outbox.unreadable_count == 32


def test_a_rotten_record_is_given_up_and_counted():
    medium = Medium(32 * 512)
    outbox = filled(medium, 3)
    medium.data[(2 + 1) * 512 + 30] ^= 0x40
    assert outbox.record(0) == b"event 1"
    assert outbox.record(1) == b""
    assert outbox.damaged_count == 1
    assert outbox.record(1) == b"event 3"
    assert keys(Outbox(medium.read, len(medium.data))) == [(1, 1), (1, 3)]


def test_junk_on_the_medium_is_no_record():
    medium = Medium(32 * 512)
    for at in range(len(medium.data)):
        medium.data[at] = at * 37 % 251
    medium.data[2 * 512 : 2 * 512 + 4] = b"LPO1"
    medium.data[0:4] = b"LPOC"
    outbox = Outbox(medium.read, len(medium.data))
    assert len(outbox) == 0
    assert outbox.damaged_count == 2
    outbox.append((1, 1), MOVED, b"one")
    medium.perform(outbox)
    assert keys(Outbox(medium.read, len(medium.data))) == [(1, 1)]


def test_a_medium_of_4096_has_slots_of_4096():
    medium = Medium(16 * 4096)
    outbox = Outbox(medium.read, len(medium.data), align_bytes=4096)
    assert (outbox.slot_bytes, outbox.slot_count, outbox.room_bytes) == (4096, 14, 4072)
    outbox.append((1, 1), MOVED, bytes(4072))
    medium.perform(outbox)
    assert outbox.record(0) == bytes(4072)


def test_a_slot_is_believed_only_when_every_byte_of_it_agrees():
    slot = slots.pack_record((7, 9), MOVED, b"event", 512)
    assert slots.unpack_record(slot) == (7, 9, MOVED, b"event")
    assert slots.unpack_control(slot) is None
    for at in range(24 + 5):
        broken = bytearray(slot)
        broken[at] ^= 0x10
        assert slots.unpack_record(bytes(broken)) is None, at
