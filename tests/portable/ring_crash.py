"""One power cut after another, and what each crash state must hold."""

from firmware.recorder import service
from firmware.ring import check, records
from firmware.ring.content import decode_block
from tests.portable.ring_world import ALAW, PICTURE, SOUND, SOUND_CHAIN, Chance, Rig, unit_of

STREAMS = (PICTURE, SOUND)
SLOT_COUNT = 4


class Story:
    """A rig that lives through cuts, and an account of what it owes."""

    def __init__(self, seed, recorder=service.RecorderService):
        self.chance = Chance(seed)
        self.rig = Rig(SLOT_COUNT, 16, seed, recorder)
        self.given = {PICTURE: 0, SOUND: 0}
        self.where = {PICTURE: {}, SOUND: {}}
        self.owed = {PICTURE: -1, SOUND: -1}
        self.begun = {PICTURE: -1, SOUND: -1}  # the newest generation ever begun
        self.open_sound()

    def open_sound(self):
        """Begin to record sound."""
        refusal = self.rig.service.open_stream(SOUND, ALAW, self.rig.now_ms, SOUND_CHAIN)
        assert refusal == ""

    def run(self, turns):
        """Record for some turns; now and then an epoch ends, a barrier fails, a stream closes."""
        rig = self.rig
        for _ in range(turns):
            what = self.chance.below(200)
            if what == 0:
                rig.chain.epoch += 1
            elif what == 1:
                rig.service.close_stream(SOUND, "sound_off", rig.now_ms)
                self.open_sound()
            for stream in STREAMS:
                self.give(stream)
            code = "port.failed" if what == 2 else ""
            self.turn(100, code)

    def turn(self, step_ms, code=""):
        """Let the recorder work, and bring the account up to date."""
        expired = self.rig.service.expired_count
        self.rig.turn(step_ms, code)
        self.note()
        if self.rig.service.expired_count > expired:
            self.forgive()

    def give(self, stream):
        """Hand the next unit of a stream to the recorder."""
        number = self.given[stream]
        self.given[stream] += 1
        writer = self.writer(stream)
        self.where[stream][number] = writer.generation
        size = 200 + self.chance.below(3000)
        unit = unit_of(number, self.rig.now_ms, size, 1)
        self.rig.service.receive(stream, unit, self.rig.now_ms)

    def writer(self, stream):
        """The writer of a stream."""
        return self.rig.service._streams[stream].writer

    def note(self):
        """Everything received and no longer in memory is owed."""
        for stream in STREAMS:
            if self.rig.service._streams[stream].recorded_bytes:
                self.owed[stream] = self.given[stream] - 1 - self.waiting(stream)

    def waiting(self, stream):
        """How many units are only in memory, or not behind a barrier."""
        record = self.rig.service._streams[stream]
        count = len(record.held)
        for item in record.queue + [entry[1] for entry in record.unsettled]:
            payload = item.payload
            if item._sealed:
                payload = records.reopen(self.rig.cipher, item._content_key, item._sealed)
            if payload:
                count += len(decode_block(payload).units)
        return count

    def forgive(self):
        """What an epoch took with it (a failed medium at its very end) is not owed."""
        for stream in STREAMS:
            got = self.rig.numbers(stream)
            end = self.given[stream] - self.waiting(stream)
            for number in range(max(0, end - 40), end):
                if number not in got:
                    self.where[stream].pop(number, None)

    def cut(self):
        """Cut the power, boot, and say what is wrong then."""
        rig = self.rig
        self.note_generations()
        failures = rig.service.failure_count
        rig.medium.cut(self.chance)
        rig.start()
        self.open_sound()
        faults = self.look()
        for at, stream in enumerate(STREAMS):
            # Each failed barrier gives up one generation that may leave no trace but the damage
            # to the oldest segments that it was about to overwrite.
            if self.begun[stream] - rig.recovered.states[at].generation > 1 + failures:
                faults.append("%s: generations lost without a cause" % stream)
        self.run(12)
        for _ in range(8):
            self.turn(1000)
        found = check.check(rig.medium.read, rig.medium.size_bytes, rig.cipher, rig.key_for)
        faults.extend([repr(fault) for fault in found if not self.is_half_overwritten(fault)])
        self.note_generations()
        faults.extend(self.look())
        return faults

    def note_generations(self):
        """Remember how far the ring was ever begun to be overwritten."""
        for stream in STREAMS:
            self.begun[stream] = max(self.begun[stream], self.writer(stream).generation)

    def is_half_overwritten(self, fault):
        """Tell whether a fault lies in a slot begun before the cut and not again since."""
        for at, stream in enumerate(STREAMS):
            for generation in range(self.writer(stream).generation + 1, self.begun[stream] + 1):
                place = "partition %d, slot %d" % (at, generation % SLOT_COUNT)
                if fault.place.split(", record")[0] == place:
                    return True
        return False

    def look(self):
        """Compare what can be read with what is owed; returns faults."""
        faults = []
        for stream in STREAMS:
            got = self.rig.numbers(stream)
            where = self.where[stream]
            held = self.begun[stream] - SLOT_COUNT
            owed = [n for n in range(self.owed[stream] + 1) if n in where and where[n] > held]
            missing = set(owed) - set(got)
            if missing:
                faults.append("%s: owed and lost: %r" % (stream, sorted(missing)[:5]))
            if got != sorted(set(got)):
                faults.append("%s: out of order or twice" % stream)
            if got and got[-1] >= self.given[stream]:
                faults.append("%s: never given" % stream)
            # What was only in memory is gone for good; the rest of the account goes on behind it.
            for number in range(self.owed[stream] + 1, self.given[stream]):
                if number not in got:
                    where.pop(number, None)
        return faults


def campaign(seeds, cuts=3, recorder=service.RecorderService):
    """Live through several cuts for each seed; returns (states, [(seed, fault)])."""
    faults = []
    states = 0
    for seed in seeds:
        story = Story(seed, recorder)
        for _ in range(cuts):
            story.run(1 + story.chance.below(60))
            found = story.cut()
            states += 1
            faults.extend([(seed, fault) for fault in found])
            if found:
                break
    return states, faults


class EarlyRecorder(service.RecorderService):
    """Planted bug: a record counts as soon as it was handed to the medium."""

    def on_submitted(self, tokens):
        """Settle everything at once."""
        service.RecorderService.on_submitted(self, tokens)
        for record in self._streams.values():
            record.settle(record.writer.sequence, self._now_ms)


class HastyRecorder(service.RecorderService):
    """Planted bug: opens the next segment without a barrier over the one before."""

    def _is_clear(self, _record):
        """Say yes."""
        return True


class RetryingRecorder(service.RecorderService):
    """Planted bug: takes a failed barrier for done, as who tries it again does."""

    def on_completion(self, token, _code, now_ms):
        """Hide the code."""
        service.RecorderService.on_completion(self, token, "", now_ms)


def no_lap_check(data, layout, header):
    """Planted bug: takes any record of this slot, of whatever lap or attempt."""
    salt, generation = header.salt, header.generation
    if len(data) >= 64 and data[:4] == records.MAGIC:
        header.salt = data[16:24] + salt[8:]
        header.generation = int.from_bytes(data[28:36], "big")
    record = KEPT["decode"](data, layout, header)
    header.salt, header.generation = salt, generation
    return record


def no_tag_check(cipher, _suite, key, record, sealed):
    """Planted bug: opens a record without looking at its tag."""
    return cipher._mix(key, records.nonce(record.sequence), sealed[:-16])


def no_crc_check(*_):
    """Planted bug: takes sealed bytes as they are."""
    return True


KEPT = {"decode": records.decode, "unseal": records.unseal, "is_whole": records.is_whole}


def with_planted(name, bug, function, *arguments):
    """Call a function while one function of `records` is replaced."""
    setattr(records, name, bug)
    try:
        return function(*arguments)
    finally:
        setattr(records, name, KEPT[name])
