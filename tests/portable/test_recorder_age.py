"""Footage waits in memory for a hung medium for no longer than its epoch and a short grace."""

from firmware.recorder.causes import DISK, NO_PICTURE, RECORDED
from firmware.recorder.epochs import GRACE_MS
from firmware.recorder.ledger import StreamLedger, WallClock
from hal.api.clock import UTC_SYNCED
from tests.portable.ring_world import (
    ALAW,
    PICTURE,
    SOUND,
    SOUND_CHAIN,
    UTC_MS,
    Rig,
    unit_of,
)

MICROPYTHON_HEAP = "8m"
STEP_MS = 500


class Hung:
    """A rig whose medium takes everything and answers nothing, once it hangs."""

    def __init__(self):
        self.rig = Rig(slots=30)
        self.number = 0
        self.kept = []
        self.names = []
        self.wall = WallClock()
        self.wall.set(UTC_MS + self.rig.now_ms, UTC_SYNCED, self.rig.now_ms)
        self.ledger = StreamLedger(self.wall, self.rig.now_ms)

    def receive(self, stream=PICTURE):
        """Give the recorder its next unit."""
        rig = self.rig
        rig.service.receive(stream, unit_of(self.number, rig.now_ms, every=1), rig.now_ms)
        self.number += 1

    def works(self, turns):
        """Record on a medium that works."""
        for _ in range(turns):
            self.receive()
            self.rig.turn(STEP_MS)
            self._judge()

    def hangs(self, span_ms, is_recording=True):
        """Let time pass while nothing completes."""
        rig = self.rig
        end_ms = rig.now_ms + span_ms
        while rig.now_ms < end_ms:
            if is_recording:
                self.receive()
            rig.now_ms += STEP_MS
            plan, _ = rig.service.step(rig.now_ms)
            numbers = list(range(rig.token + 1, rig.token + 1 + len(plan)))
            rig.token += len(plan)
            self.kept += [(numbers[at], plan[at]) for at in range(len(plan))]
            rig.service.on_submitted(numbers)
            self._judge()

    def answers(self, code=""):
        """Let all that was submitted be over."""
        kept, self.kept = self.kept, []
        for number, step in kept:
            self.rig.medium.do([step])
            self.rig.service.on_completion(number, code, self.rig.now_ms)
        self._judge()

    def stream(self):
        """The recorder's side of the picture."""
        return self.rig.service._streams[PICTURE]

    def waiting(self):
        """Epochs of what is in memory, written or not."""
        stream = self.stream()
        keys = [item.key for item in stream.queue] + [one[1].key for one in stream.unsettled]
        return sorted({key[1] for key in keys + ([stream.held_key] if stream.held else [])})

    def missing_ms(self, cause):
        """What the ledger says was missing for a cause."""
        return sum(row.spent_ms[cause] for row in self.ledger.days.rows)

    def _judge(self):
        service, stream = self.rig.service, self.stream()
        self.names += [event[0] for event in service.events.take()]
        is_hung = service.is_slow or service.is_failing
        now_ms = self.rig.now_ms
        self.ledger.blame(DISK if is_hung else NO_PICTURE, now_ms, now_ms)
        self.ledger.step(stream.take_recorded(), stream.pending_ms(now_ms), now_ms)


def test_what_waits_longer_than_its_epoch_and_a_grace_is_dropped_counted_and_told():
    hung = Hung()
    service = hung.rig.service
    hung.works(20)
    hung.hangs(20_000)
    first = hung.rig.chain.epoch
    assert hung.waiting() == [first] and not service.is_stuck
    hung.rig.chain.epoch += 1
    hung.hangs(GRACE_MS - STEP_MS)
    assert hung.waiting() == [first, first + 1] and service.expired_count == 0
    before = hung.rig.service._memory_bytes
    hung.hangs(3 * STEP_MS)
    assert hung.waiting() == [first + 1]
    assert service.expired_count > 0 and service.is_stuck
    assert service._memory_bytes < before
    assert hung.names.count("recording.gap") == 1
    assert hung.stream().writer.spare_key()[1] in (-1, first + 1)
    hung.hangs(7_000)
    disk_ms = hung.missing_ms(DISK)
    assert 19_000 <= disk_ms <= 22_500, disk_ms
    assert hung.missing_ms(NO_PICTURE) == 0
    hung.answers()
    assert not service.is_stuck
    hung.works(20)
    hung.rig.settle()
    assert hung.rig.numbers()[-1] == hung.number - 1
    assert disk_ms <= hung.missing_ms(DISK) <= disk_ms + 2 * STEP_MS
    assert hung.missing_ms(RECORDED) > 0


def test_a_medium_that_comes_back_within_the_grace_loses_nothing():
    for code in ("", "port.failed"):
        hung = Hung()
        hung.works(20)
        hung.hangs(20_000)
        hung.rig.chain.epoch += 1
        hung.hangs(GRACE_MS - 5_000)
        hung.answers(code)
        hung.works(10)
        hung.rig.settle()
        assert hung.rig.numbers() == list(range(hung.number)), code
        assert hung.rig.service.expired_count == 0, code


def test_nothing_of_an_epoch_that_is_over_is_left_in_memory():
    hung = Hung()
    hung.works(20)
    hung.hangs(20_000)
    hung.rig.chain.epoch += 1
    hung.hangs(GRACE_MS + 2_000, is_recording=False)
    stream = hung.stream()
    assert (stream.queue, stream.unsettled, stream.held) == ([], [], [])
    assert not stream.writer.is_open() and stream.writer.spare_key() == ("", -1)
    assert stream.pending_ms(7) == 7
    hung.answers("port.failed")
    hung.works(20)
    hung.rig.settle()
    assert hung.rig.numbers()[-1] == hung.number - 1


def test_a_grant_that_ended_leaves_no_sound_behind_a_hung_medium():
    hung = Hung()
    rig = hung.rig
    assert rig.service.open_stream(SOUND, ALAW, rig.now_ms, SOUND_CHAIN) == ""
    hung.works(10)
    for _ in range(20):
        hung.receive(SOUND)
        hung.hangs(STEP_MS)
    rig.service.close_stream(SOUND, "sound_off", rig.now_ms)
    rig.service.set_epoch(SOUND_CHAIN, None)
    sound = rig.service._streams[SOUND]
    hung.hangs(GRACE_MS - STEP_MS)
    assert [item.payload or item._sealed for item in sound.queue] or sound.unsettled
    hung.hangs(3 * STEP_MS)
    left = sound.queue + [entry[1] for entry in sound.unsettled]
    assert [item.payload or item._sealed for item in left if not item.cause] == []
