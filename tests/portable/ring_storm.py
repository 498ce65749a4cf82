"""A storm of power cuts and faulty media, and what each state of the medium must still hold.

Each story records three streams behind one barrier and is cut again and again: at any write of a
plan, before and after its barrier, right after a start, after a failed barrier, as an epoch ends.
Each cut is looked at in several states: of what no barrier covered, any sectors may be there, in
any order. A faulty medium also loses whole writes that it called done, or puts them elsewhere.

What a faulty write took may be missing. In the newest segment so may what stands behind a hole
that nothing proves: a record that was certainly written proves the holes below its `settled`, and
no other. The lowest hole at or above the highest such `settled` is where a torn tail would begin
as well, and no reader can tell the two apart; so all from there on, and nothing before it.
"""

from firmware.recorder.service import RecorderService
from firmware.ring import check, layout, records, recovery
from firmware.ring.content import decode_block
from firmware.ring.reader import RingReader
from tests.portable.ring_world import (
    ALAW,
    PAGE,
    PICTURE,
    SECTOR,
    SOUND,
    SOUND_CHAIN,
    Chance,
    Medium,
    Rig,
    number_of,
    unit_of,
)

GATE = "gate-3/picture"
STREAMS = (PICTURE, GATE, SOUND)
SLOT_COUNT = 4
SEGMENT_PAGES = 16
FORK_COUNT = 3
H265 = type(ALAW)("hevc", 90000, b"\x00\x00\x00\x01vps", 320, 240)


class StormMedium(Medium):
    """A medium that may also lose a write that it has called done, or put it elsewhere."""

    def __init__(self, size_bytes):
        Medium.__init__(self, size_bytes)
        self.chance = None
        self.lost_permille = 0
        self.misdirected_permille = 0
        self.barrier_lost_percent = 0
        self.scars = {}  # pages that do not hold what was meant for them
        self.meant = {}  # what a good medium would hold
        self.lost_count = self.misdirected_count = 0

    def write(self, offset_bytes, data):
        """Write, or fail to without a word."""
        chance = self.chance
        for at in range(0, len(data), PAGE):
            self.meant[(offset_bytes + at) // PAGE] = data[at : at + PAGE]
        if chance is not None and chance.below(1000) < self.lost_permille:
            self.lost_count += 1
            self._scar(offset_bytes, data)
            return
        if chance is not None and chance.below(1000) < self.misdirected_permille:
            self.misdirected_count += 1
            self._scar(offset_bytes, data)
            offset_bytes = self._elsewhere(offset_bytes, data)
            self._scar(offset_bytes, data)
            Medium.write(self, offset_bytes, data)
            return
        for at in range(offset_bytes // PAGE, (offset_bytes + len(data)) // PAGE):
            self.scars.pop(at, None)
        Medium.write(self, offset_bytes, data)

    def barrier(self):
        """Make all durable, or only say so."""
        if self.chance is None or self.chance.below(100) >= self.barrier_lost_percent:
            Medium.barrier(self)

    def states(self, chance, count):
        """Make some of the states that a power cut may leave behind."""
        return [self.state(chance) for _ in range(count)]

    def state(self, chance):
        """Choose which sectors of what is pending are there, and which write came last."""
        pages = dict(self.durable)
        keep_percent = (0, 10, 50, 90, 100)[chance.below(5)]
        pending = list(self.pending)
        if chance.below(2):
            for at in range(len(pending) - 1, 0, -1):
                other = chance.below(at + 1)
                pending[at], pending[other] = pending[other], pending[at]
        for offset_bytes, data in pending:
            for at in range(0, len(data), PAGE):
                _mix(pages, offset_bytes + at, data[at : at + PAGE], (chance, keep_percent))
        return pages

    def become(self, pages):
        """Start again from a state."""
        self.pages = pages
        self.durable = dict(pages)
        self.meant = dict(pages)
        self.scars = {}
        self.pending = []

    def _elsewhere(self, offset_bytes, data):
        if self.chance.below(2):  # the right place of another segment
            step = SEGMENT_PAGES * PAGE
            room = self.size_bytes // step - 1
            there = offset_bytes % step + self.chance.below(room) * step
        else:
            there = self.chance.below((self.size_bytes - len(data)) // PAGE) * PAGE
        return max(2 * PAGE, min(there, self.size_bytes - len(data)))

    def _scar(self, offset_bytes, data):
        for at in range(offset_bytes // PAGE, (offset_bytes + len(data)) // PAGE):
            self.scars[at] = True


def _mix(pages, offset_bytes, data, draw):
    chance, keep_percent = draw
    index = offset_bytes // PAGE
    if keep_percent == 100:
        pages[index] = data
    elif keep_percent:
        page = bytearray(pages.get(index, layout.ZERO_PAGE))
        for start in range(0, PAGE, SECTOR):
            if chance.below(100) < keep_percent:
                page[start : start + SECTOR] = data[start : start + SECTOR]
        pages[index] = bytes(page)


class StormRig(Rig):
    """Three streams on one medium."""

    medium_class = StormMedium
    streams = STREAMS


class Entry:
    """One record of footage and where it lies."""

    def __init__(self, segment, record, start, offset, units):
        self.generation = segment.header.generation
        self.header_page = start // PAGE
        self.sequence = record.sequence
        self.settled = record.settled
        first = (start + offset) // PAGE
        self.pages = range(first, first + record.length_bytes() // PAGE)
        self.numbers = [number_of(unit) for unit in units]

    def is_hit(self, scars):
        """Tell whether a faulty write took a part of it, or its segment's header."""
        return bool([1 for page in self.pages if page in scars]) or self.header_page in scars


class View:
    """One state of the medium, seen by a reader with every key.

    Args:
        rig: whose keys and cipher.
        pages: the state.
    """

    def __init__(self, rig, pages):
        self.rig = rig
        self.medium = Medium(rig.medium.size_bytes)
        self.medium.pages = pages
        self.layout = layout.load(self.medium.read, self.medium.size_bytes, "unit-7")
        self.generations = []

    def recovered(self):
        """Recover, as a start does."""
        return recovery.recover(self.medium.read, self.layout)

    def entries(self, stream):
        """List every readable record of footage, oldest first."""
        rig = self.rig
        reader = RingReader(self.medium.read, self.layout, rig.cipher, rig.key_for)
        part = self.layout.find(rig.cipher, stream)
        self.generations = []
        found = []
        for segment in reader.segments(part):
            self.generations.append(segment.header.generation)
            start = part.segment_offset_bytes(segment.header.slot)
            for offset, record, sealed in reader.walk(segment):
                plain = segment.key and records.unseal(rig.cipher, 1, segment.key, record, sealed)
                if plain and record.kind == records.FOOTAGE:
                    found.append(Entry(segment, record, start, offset, decode_block(plain).units))
        return found

    def numbers(self, stream):
        """Numbers of every readable unit, oldest first."""
        return [number for entry in self.entries(stream) for number in entry.numbers]

    def faults(self):
        """Check it with every key."""
        rig = self.rig
        return check.check(self.medium.read, self.medium.size_bytes, rig.cipher, rig.key_for)


class Storm:
    """One story.

    Args:
        seed: decides everything.
        recorder: class of the recorder.
        hazards: (lost writes, misdirected writes, in a thousand; lost barriers in a hundred).
    """

    def __init__(self, seed, recorder=RecorderService, hazards=(0, 0, 0)):
        self.chance = Chance(seed)
        self.rig = StormRig(SLOT_COUNT, SEGMENT_PAGES, seed, recorder)
        medium = self.rig.medium
        medium.lost_permille, medium.misdirected_permille = hazards[:2]
        medium.barrier_lost_percent = hazards[2]
        medium.chance = Chance(seed + 77)
        self.given = dict.fromkeys(STREAMS, 0)
        self.where = {stream: {} for stream in STREAMS}
        self.owed = dict.fromkeys(STREAMS, -1)
        self.begun = dict.fromkeys(STREAMS, -1)
        self.state_count = self.excused_count = self.untold_count = 0
        self.told_count = 0
        self.open_streams()

    def open_streams(self):
        """Begin to record the two that the rig does not open."""
        service, now_ms = self.rig.service, self.rig.now_ms
        assert service.open_stream(GATE, H265, now_ms) == ""
        assert service.open_stream(SOUND, ALAW, now_ms, SOUND_CHAIN) == ""

    def writer(self, stream):
        """The writer of a stream."""
        return self.rig.service._streams[stream].writer

    def run(self, turns):
        """Record; now and then an epoch ends, a barrier fails, or a stream closes."""
        rig = self.rig
        for _ in range(turns):
            what = self.chance.below(120)
            if what == 0:
                rig.chain.epoch += 1
                rig.sound_chain.epoch += 1
            elif what == 1:
                rig.service.close_stream(SOUND, "sound_off", rig.now_ms)
                self.open_streams()
            for stream in STREAMS:
                if self.chance.below(4):
                    self.give(stream)
            expired = rig.service.expired_count
            rig.turn(100, "port.failed" if what in (2, 3) else "")
            if rig.service.expired_count > expired:
                self.forgive()

    def give(self, stream):
        """Hand the next unit of a stream to the recorder."""
        number = self.given[stream]
        self.given[stream] += 1
        self.where[stream][number] = self.writer(stream).generation
        size = 200 + self.chance.below(3000)
        self.rig.service.receive(
            stream, unit_of(number, self.rig.now_ms, size, 1), self.rig.now_ms
        )

    def waiting(self, stream):
        """How many units are only in memory, or not behind a barrier."""
        record = self.rig.service._streams[stream]
        count = len(record.held)
        for item in record.queue + [entry[1] for entry in record.unsettled]:
            payload = item.payload
            if getattr(item, "_sealed", b""):
                payload = records.reopen(self.rig.cipher, item._content_key, item._sealed)
            if payload:
                count += len(decode_block(payload).units)
        return count

    def forgive(self):
        """What an epoch took with it (a failed medium at its very end) is not owed."""
        view = View(self.rig, self.rig.medium.pages)
        for stream in STREAMS:
            got = set(view.numbers(stream))
            end = self.given[stream] - self.waiting(stream)
            for number in range(max(0, end - 60), end):
                if number not in got:
                    self.where[stream].pop(number, None)

    def note(self):
        """Everything received and no longer in memory is owed."""
        for stream in STREAMS:
            if self.rig.service._streams[stream].recorded_bytes:
                self.owed[stream] = self.given[stream] - 1 - self.waiting(stream)
            self.begun[stream] = max(self.begun[stream], self.writer(stream).generation)

    def cut(self):
        """Cut the power somewhere in the next plan; returns what is wrong in any state after."""
        rig = self.rig
        self.note()
        self.stop_within_a_turn()
        for stream in STREAMS:
            self.begun[stream] = max(self.begun[stream], self.writer(stream).generation)
        excused = self.excused()
        states = rig.medium.states(self.chance, FORK_COUNT)
        faults = []
        for pages in states:
            faults.extend(self.look(View(rig, pages), excused))
            self.state_count += 1
        rig.medium.become(states[-1])
        self.settle_accounts(View(rig, rig.medium.pages))
        rig.start()
        self.open_streams()
        return faults

    def stop_within_a_turn(self):
        """Do a part of the next plan; its completions never come."""
        rig = self.rig
        rig.now_ms += 100
        plan = rig.service.step(rig.now_ms)[0]
        for kind, offset_bytes, data in plan[: self.chance.below(len(plan) + 1)]:
            if kind == "write":
                rig.medium.write(offset_bytes, data)
            else:
                rig.medium.barrier()

    def look(self, view, excused):
        """Compare what can be read with what is owed; returns faults."""
        faults = []
        is_hurt = False
        states = view.recovered().states
        for at, stream in enumerate(STREAMS):
            got = view.numbers(stream)
            newest = states[at].generation
            where = self.where[stream]
            oldest = self.begun[stream] - SLOT_COUNT
            owed = [n for n in range(self.owed[stream] + 1) if n in where and where[n] > oldest]
            missing = sorted(set(owed) - set(got))
            lost = [n for n in missing if n not in excused[stream]]
            self.excused_count += len(missing) - len(lost)
            if lost:
                faults.append("%s: owed and lost: %r" % (stream, lost[:5]))
            # A lost write leaves no trace until something that was written later stands there.
            is_hurt = is_hurt or [n for n in missing if n not in lost and n < max(got or [0])]
            if got != sorted(set(got)):
                faults.append("%s: out of order or twice" % stream)
            if got and got[-1] >= self.given[stream]:
                faults.append("%s: never given" % stream)
            if [each for each in view.generations if each <= newest - SLOT_COUNT]:
                faults.append("%s: risen from an earlier lap" % stream)
        if is_hurt:
            is_told = bool(view.faults())
            self.told_count += is_told
            self.untold_count += not is_told
        return faults

    def excused(self):
        """Find the units that faulty writes have taken: they, and no other, may be missing.

        In the newest segment a hole is told from the torn tail by what was written behind the
        next barrier; before that what lies behind the hole goes with it (see the module).
        """
        found = {stream: set() for stream in STREAMS}
        scars = self.rig.medium.scars
        if not scars:
            return found
        meant = View(self.rig, self.rig.medium.meant)
        for stream in STREAMS:
            entries = meant.entries(stream)
            whole = [
                each.generation
                for each in entries
                if each.header_page not in scars and each.numbers[-1] <= self.owed[stream]
            ]
            newest = max(whole or [-1])  # if the header of a newer one is lost, this is the newest
            settled = 0  # what a record that is certainly there says
            for entry in entries:
                if entry.numbers[-1] <= self.owed[stream] and not entry.is_hit(scars):
                    settled = max(settled, entry.settled)
            is_torn = False
            for entry in entries:
                is_hit = entry.is_hit(scars)
                if entry.generation == newest and is_hit and entry.sequence >= settled:
                    is_torn = True
                if is_hit or (is_torn and entry.generation == newest):
                    found[stream].update(entry.numbers)
        return found

    def settle_accounts(self, view):
        """What this state has lost is gone for good; the account goes on behind it."""
        for stream in STREAMS:
            got = set(view.numbers(stream))
            oldest = self.begun[stream] - SLOT_COUNT
            for number, generation in list(self.where[stream].items()):
                if number not in got or generation < oldest - SLOT_COUNT:
                    self.where[stream].pop(number)
            self.begun[stream] = -1


def storm(seeds, cuts=5, recorder=RecorderService, hazards=(0, 0, 0)):
    """Live through several cuts for each seed; returns (stories, [(seed, fault)])."""
    faults = []
    stories = []
    for seed in seeds:
        story = Storm(seed, recorder, hazards)
        stories.append(story)
        for _ in range(cuts):
            story.run((0, 3, 20, 60)[story.chance.below(4)])
            found = story.cut()
            faults.extend([(seed, fault) for fault in found])
            if found:
                break
    return stories, faults


def hunt(wanted, seeds, recorder=RecorderService, hazards=(0, 0, 0)):
    """Tell whether some story shows a fault of these words, for a planted bug."""
    for seed in seeds:
        faults = storm((seed,), 5, recorder, hazards)[1]
        if [text for _, text in faults if wanted in text]:
            return True
    return False
