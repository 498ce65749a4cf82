"""A hold keeps its segments from being overwritten, for as long as it may, through any crash."""

import sys

from firmware.recorder.keeper import LIFE_MS, Keeper
from firmware.ring import check, holds, layout, recovery
from firmware.ring.holds import Hold
from tests.portable import ring_crash
from tests.portable.ring_world import INDEX_KEY, PAGE, PICTURE, UTC_MS, Rig, number_of

MICROPYTHON_HEAP = "16m"
SEED_COUNT = 16 if sys.implementation.name == "cpython" else 2  # a matter of time alone
HOUR_MS = 3_600_000


class Keeping:
    """A keeper beside a rig's recorder."""

    def __init__(self, rig, cap_permille=500):
        self.rig = rig
        self.cap_permille = cap_permille
        self.start()

    def start(self):
        """Begin with what recovery found."""
        rig = self.rig
        read = rig.medium.read
        self.keeper = Keeper(rig.cipher, read, rig.recovered, INDEX_KEY, self.cap_permille)

    def utc_ms(self):
        """Tell the time of the rig."""
        return UTC_MS + self.rig.boot * HOUR_MS + self.rig.now_ms

    def hold(self, from_ms, to_ms):
        """Hold a range of this boot."""
        start = UTC_MS + self.rig.boot * HOUR_MS
        return self.keeper.hold(PICTURE, start + from_ms, start + to_ms, self.utc_ms())

    def write(self, is_done=True, quality=2, utc_ms=0):
        """Do what the keeper plans; returns how many writes that were."""
        plan = self.keeper.step(utc_ms or self.utc_ms(), quality, self.rig.now_ms)
        if plan:
            self.rig.medium.do(plan)
            self.keeper.on_written(is_done, self.rig.now_ms)
        return len(plan)

    def held(self):
        """List the spans that count."""
        active = [one for one in self.rig.layout.holds if one.freed == holds.ACTIVE]
        return [(one.first, one.last) for one in active]


def newest_by_scan(rig):
    part = rig.layout.partitions[0]
    probe = recovery._Probe(rig.medium.read, rig.layout, recovery.PartitionState(part))
    best = recovery._scan(probe)
    return best.generation if best else -1


def assert_recovers(rig, what):
    pool = layout.load(rig.medium.read, rig.medium.size_bytes)
    found = recovery.recover(rig.medium.read, pool).states[0]
    writer = rig.service._streams[PICTURE].writer
    assert found.generation == newest_by_scan(rig), what
    assert (found.generation, found.sequence) == (writer.generation, writer.sequence), what
    assert found.scan_count == 0, what


def recorded(slots=16, count=400):
    rig = Rig(slots=slots)
    rig.record(range(count), size=3000)
    rig.settle()
    return rig, Keeping(rig)


def go_on(rig, number):
    """Record five more units; returns the number of the next."""
    rig.record(range(number, number + 5), size=3000)
    rig.turn(1000)
    rig.turn(1000)
    return number + 5


def test_what_is_held_stays_while_the_ring_goes_round_and_round():
    rig, keeping = recorded()
    newest = rig.recovered.states[0].generation
    since_ms = rig.now_ms - 13_500
    code, told = keeping.hold(since_ms, since_ms + 800)
    assert code == "" and 1 <= told["segments"] <= 4, told
    assert told["until_utc_ms"] == UTC_MS + HOUR_MS + since_ms + LIFE_MS
    assert keeping.held() == []  # not before it is on the medium
    assert keeping.write() == 4
    span = keeping.held()[0]
    kept = [
        number_of(unit)
        for segment, _, content in rig.blocks()
        if span[0] <= segment.header.generation <= span[1] and hasattr(content, "units")
        for unit in content.units
    ]
    assert kept
    number = 400
    while rig.recovered.states[0].generation < newest + 20:
        number = go_on(rig, number)
        assert_recovers(rig, number)
        assert set(kept) <= set(rig.numbers()), number
    rig.settle()
    assert check.check(rig.medium.read, rig.medium.size_bytes, rig.cipher, rig.key_for) == []
    assert keeping.keeper.release(told["hold"])[0] == ""
    assert set(kept) <= set(rig.numbers())
    keeping.write()
    assert not set(kept) & set(rig.numbers())  # stale now, and not yet overwritten
    while rig.recovered.states[0].generation < newest + 58:
        number = go_on(rig, number)
        keeping.write()
        assert_recovers(rig, number)
    assert rig.layout.holds == [] and rig.layout.encode()[8:10] == b"\x00\x01"
    assert check.check(rig.medium.read, rig.medium.size_bytes, rig.cipher, rig.key_for) == []


def test_the_same_question_gives_the_same_hold_however_often_and_late():
    rig, keeping = recorded()
    since_ms = rig.now_ms - 13_500
    start = UTC_MS + rig.boot * HOUR_MS + since_ms
    first = keeping.hold(since_ms, since_ms + 800)
    assert first[0] == "" and keeping.hold(since_ms, since_ms + 800) == first  # not written yet
    keeping.write()
    assert keeping.hold(since_ms, since_ms + 800) == first and keeping.write() == 0
    other = keeping.hold(since_ms, since_ms + 1800)
    assert other[0] == "" and other[1]["hold"] != first[1]["hold"], "another range"
    newest = rig.recovered.states[0].generation
    number = 400
    while rig.recovered.states[0].generation < newest + 20:
        number = go_on(rig, number)
        keeping.write()
    late = keeping.keeper.hold(PICTURE, start, start + 800, keeping.utc_ms())
    assert late == first, "more than a lap back"
    keeping.start()
    assert keeping.keeper.hold(PICTURE, start, start + 800, keeping.utc_ms()) == first
    assert keeping.keeper.release(first[1]["hold"])[0] == ""
    assert keeping.keeper.release(other[1]["hold"])[0] == ""
    assert (
        keeping.keeper.hold(PICTURE, start, start + 800, keeping.utc_ms())[0] == "ring.not_there"
    )


def test_what_cannot_be_held_says_why():
    rig, keeping = recorded()
    now_ms = rig.now_ms
    start = UTC_MS + rig.boot * HOUR_MS
    utc_ms = start + now_ms
    keeper = keeping.keeper
    assert keeping.hold(now_ms - 100, now_ms - 100)[0] == "ring.range"
    assert keeper.hold("dome-9/picture", start, utc_ms, utc_ms)[0] == "ring.no_partition"
    assert keeper.hold(PICTURE, start, utc_ms, 0)[0] == "ring.no_time"
    code, told = keeper.hold(PICTURE, utc_ms - LIFE_MS, utc_ms, utc_ms)
    assert code == "ring.dead" and told["clause"] == "C28"
    assert keeping.hold(0, now_ms)[0] == "ring.hold_full"
    assert keeping.hold(0, 1100)[0] == "ring.not_there"  # overwritten long ago
    assert keeper.release(7)[0] == "ring.no_hold"
    assert keeper.refused_count == 7
    assert keeping.write() == 0
    blind = Keeper(rig.cipher, rig.medium.read, rig.recovered, b"", 500)
    assert blind.hold(PICTURE, start, utc_ms, utc_ms)[0] == "ring.no_time"


def test_the_cap_counts_every_hold_once():
    rig, keeping = recorded(24, 500)
    keeping.cap_permille = 250
    keeping.start()
    now_ms = rig.now_ms
    codes = []
    for back_ms in range(13_000, 33_000, 500):
        codes.append(keeping.hold(now_ms - back_ms, now_ms - back_ms + 10)[0])
        keeping.write()
    assert codes[:2] == ["", ""] and "ring.hold_full" in codes, codes
    part = rig.layout.partitions[0]
    free = sum(run[1] for run in holds.free_runs(rig.layout.holds, part.segment_count))
    assert free >= 18


def test_a_hold_ends_by_itself_at_31_days_by_a_trusted_clock_alone():
    rig, keeping = recorded()
    since_ms = rig.now_ms - 13_500
    until_utc_ms = keeping.hold(since_ms, since_ms + 10)[1]["until_utc_ms"]
    keeping.write()
    assert keeping.write(quality=1, utc_ms=until_utc_ms + 1) == 0
    assert keeping.write(quality=2, utc_ms=until_utc_ms - 1) == 0
    assert len(keeping.held()) == 1
    assert keeping.write(quality=2, utc_ms=until_utc_ms) == 4
    assert keeping.held() == []
    assert until_utc_ms == UTC_MS + HOUR_MS + since_ms + LIFE_MS


def test_a_release_leaves_what_another_hold_keeps():
    rig, keeping = recorded()
    since_ms = rig.now_ms - 14_000
    one = keeping.hold(since_ms, since_ms + 400)[1]["hold"]
    other = keeping.hold(since_ms + 200, since_ms + 900)[1]["hold"]
    keeping.write()
    spans = keeping.held()
    assert one != other and len(spans) == 2
    keeping.keeper.release(one)
    keeping.write()
    assert keeping.held() == [spans[1]]
    parts = [hold for hold in rig.layout.holds if hold.freed]
    assert all(not (spans[1][0] <= part.first <= spans[1][1]) for part in parts)
    for turn in range(80):
        rig.record(range(1000 + turn * 5, 1005 + turn * 5), size=3000)
        rig.turn(1000)
        rig.turn(1000)
        keeping.write()
        assert_recovers(rig, turn)
    assert check.check(rig.medium.read, rig.medium.size_bytes, rig.cipher, rig.key_for) == []


def test_a_hold_that_does_not_reach_the_medium_is_tried_again_and_counts_only_then():
    rig, keeping = recorded()
    since_ms = rig.now_ms - 13_500
    keeping.hold(since_ms, since_ms + 10)
    keeping.write(is_done=False)
    assert keeping.held() == [] and keeping.keeper.failed_count == 1
    assert keeping.write() == 0
    rig.now_ms += 6000
    assert keeping.write() == 4
    assert len(keeping.held()) == 1


def test_a_superblock_keeps_its_holds_and_older_software_refuses_it():
    rig = Rig()
    one = Hold(7, 1, (1 << 40, (1 << 40) + 3), UTC_MS, 0)
    rig.layout.holds = [one, Hold(8, 0, (5, 5), UTC_MS + 1, 9)]
    page = rig.layout.encode()
    assert page[8:10] == b"\x00\x02" and len(page) == PAGE
    found = layout.decode(page).holds
    assert [(h.number, h.partition, h.first, h.last, h.until_utc_ms, h.freed) for h in found] == [
        (7, 1, 1 << 40, (1 << 40) + 3, UTC_MS, 0),
        (8, 0, 5, 5, UTC_MS + 1, 9),
    ]
    assert rig.layout.hold_count_max() >= 90


class HoldingStory(ring_crash.Story):
    """A rig that lives through cuts while holds come and go."""

    def __init__(self, seed):
        ring_crash.Story.__init__(self, seed)
        self.keeping = Keeping(self.rig)
        self.promised = {}

    def turn(self, step_ms, code=""):
        """Let recorder and keeper work; a cut may come between the keeper's writes."""
        ring_crash.Story.turn(self, step_ms, code)
        chance = self.chance
        keeping = self.keeping
        what = chance.below(12)
        if what == 0:
            back_ms = 100 + chance.below(900)
            keeping.hold(self.rig.now_ms - back_ms, self.rig.now_ms - back_ms + 50)
        elif what == 1 and keeping.keeper._wanted:
            keeping.keeper.release(keeping.keeper._wanted[0].number)
        plan = keeping.keeper.step(keeping.utc_ms(), 2, self.rig.now_ms)
        if not plan:
            return
        self.promised = {}
        cut_at = chance.below(40)
        for at, (kind, offset_bytes, data) in enumerate(plan):
            if at == cut_at:
                return  # the rest never happens: the next thing is the cut
            if kind == "write":
                self.rig.medium.write(offset_bytes, data)
            else:
                self.rig.medium.barrier()
        keeping.keeper.on_written(True, self.rig.now_ms)
        self.promise()

    def promise(self):
        """Remember what must be there from now on: what is held and can be read."""
        for first, last in self.keeping.held():
            for segment, _, content in self.rig.blocks():
                if first <= segment.header.generation <= last and hasattr(content, "units"):
                    for unit in content.units:
                        self.promised[number_of(unit)] = segment.header.generation

    def cut_and_look(self):
        """Cut the power, boot, and say what is wrong then."""
        rig = self.rig
        rig.medium.cut(self.chance)
        rig.start()
        self.open_sound()
        self.keeping.start()
        faults = []
        got = set(rig.numbers())
        kept = self.keeping.held()
        for number, generation in self.promised.items():
            is_held = any(first <= generation <= last for first, last in kept)
            if is_held and number not in got:
                faults.append("held and lost: %d" % number)
        found = rig.recovered.states[0]
        if found.generation != newest_by_scan(rig):
            faults.append("recovered %d of %d" % (found.generation, newest_by_scan(rig)))
        self.promised = {}
        self.promise()
        return faults


def campaign(seeds, cuts):
    faults = []
    held_count = 0
    for seed in seeds:
        story = HoldingStory(seed)
        for _ in range(cuts):
            story.run(10 + story.chance.below(60))
            held_count += len(story.promised)
            found = story.cut_and_look()
            faults.extend([(seed, fault) for fault in found])
            if found:
                break
    return held_count, faults


def test_no_cut_loses_what_is_held_or_where_the_ring_stands():
    held_count, faults = campaign(range(1, SEED_COUNT), 4)
    assert faults == []
    assert held_count > 20


def test_a_search_that_knows_no_holds_is_caught():
    rig, keeping = recorded(24, 500)
    since_ms = rig.now_ms - 20_000
    assert keeping.hold(since_ms, since_ms + 6000)[1]["segments"] >= 5
    keeping.write()
    caught = 0
    for turn in range(60):
        rig.record(range(1000 + turn * 5, 1005 + turn * 5), size=3000)
        rig.turn(1000)
        rig.turn(1000)
        pool = layout.load(rig.medium.read, rig.medium.size_bytes)
        pool.holds = []
        found = recovery.recover(rig.medium.read, pool).states[0].generation
        caught += found != newest_by_scan(rig)
    assert caught > 0
