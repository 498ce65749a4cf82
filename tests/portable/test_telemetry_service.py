"""The CMC stores every accepted event once and in order, whatever the link does."""

import sys

from firmware.errors import LocalProtocolError, RemoteProtocolError
from firmware.telemetry import messages, topics
from firmware.telemetry.codes import CODES, code_of, name_of, priority_of
from firmware.telemetry.outbox import Outbox
from firmware.telemetry.service import TelemetryService

MICROPYTHON_HEAP = "4m"
IS_FAST = sys.implementation.name == "cpython"
HOUR_MS = 3_600_000
UTC_MS = 1_790_000_000_000


class Dice:
    """A small seeded generator, the same on both interpreters."""

    def __init__(self, seed):
        self.value = seed

    def below(self, bound):
        """The next number, 0 to bound - 1."""
        self.value = (self.value * 1103515245 + 12345) % 2147483648
        return (self.value >> 8) % bound


class Medium:
    """A medium that does at once what it is told."""

    def __init__(self, slot_count):
        self.size_bytes = (slot_count + 2) * 512
        self.slots = {}
        self.number = 0

    def read(self, offset_bytes, length_bytes):
        """Give what was written, slot by slot: a board has no room for it in one piece."""
        first = offset_bytes // 512
        count = length_bytes // 512
        return b"".join([self.slots.get(at, bytes(512)) for at in range(first, first + count)])

    def perform(self, service, plan, now_ms):
        """Carry a plan out and tell the service."""
        numbers = []
        for _act, offset_bytes, data in plan:
            self.number += 1
            numbers.append(self.number)
            self.store(offset_bytes, data)
        service.on_submitted(numbers)
        for number in numbers:
            service.on_completion(number, "", now_ms)

    def store(self, offset_bytes, data):
        """Take one slot, or the b"" of a barrier."""
        if data:
            assert len(data) == 512
            self.slots[offset_bytes // 512] = data


class Cmc:
    """The rules of docs/formats/telemetry.md for storing, and nothing else."""

    def __init__(self):
        self.cursor = (0, 0)
        self.stored = []
        self.duplicate_count = 0
        self.refused_count = 0
        self.shed_told = 0

    def receive(self, payload):
        """Take one event; the cursor is the answer in each case."""
        record = messages.decode_event(payload)
        key = (record.boot, record.sequence)
        previous = (record.previous_boot, record.previous_sequence)
        if key <= self.cursor:
            self.duplicate_count += 1
        elif record.is_head or previous == self.cursor:
            self.cursor = key
            self.stored.append(key)
            if record.code == CODES["outbox.shed"]:
                self.shed_told += record.fields["count"]
        else:
            self.refused_count += 1

    def answer(self):
        """The payload of the cursor topic."""
        return messages.encode(messages.Cursor(self.cursor[0], self.cursor[1], UTC_MS, 1))


class Rig:
    """One unit, one link and one CMC under a virtual clock."""

    def __init__(self, slot_count, seed=1, loss=0, duplicates=0, jitter_ms=1):
        self.medium = Medium(slot_count)
        self.cmc = Cmc()
        self.dice = Dice(seed)
        self.loss, self.duplicates, self.jitter_ms = loss, duplicates, jitter_ms
        self.now_ms = 0
        self.is_up = False
        self.token = 0
        self.in_flight = []
        self.accepted = []
        self.heartbeats_ms = []
        self.births = 0
        self.boot = 0
        self.start()

    def start(self):
        """Boot the unit, after a kill as at first."""
        self.boot += 1
        outbox = Outbox(self.medium.read, self.medium.size_bytes)
        self.service = TelemetryService("unit-1", self.boot, outbox, 5_000)
        self.in_flight = []
        if self.is_up:
            self.service.on_link(True, self.now_ms)

    def link(self, is_up):
        """Let the link come or go; what is in flight is lost."""
        self.is_up = is_up
        self.in_flight = []
        self.service.on_link(is_up, self.now_ms)

    def event(self, name, fields=None):
        """Let something happen; remember it when it was accepted."""
        if self.service.event(name, self.now_ms, UTC_MS, 2, fields or {"camera": "dome-1"}):
            self.accepted.append(self.service.outbox.last_key())

    def turn(self):
        """One turn of the unit; returns when the next is due."""
        service = self.service
        for name, _now_ms, fields in service.events.take():
            self.event(name, fields)
        if service.is_birth_due():
            service.put_birth(messages.Birth())
        if service.is_heartbeat_due(self.now_ms):
            service.put_heartbeat(messages.Heartbeat(), self.now_ms)
        publications, plan, due_ms = service.step(self.now_ms)
        for reference, message in publications:
            self.token += 1
            self.send(message.topic, message.payload)
            service.on_published(reference, self.token if message.qos else 0, self.now_ms)
        self.medium.perform(service, plan, self.now_ms)
        assert due_ms >= self.now_ms
        return due_ms

    def send(self, topic, payload):
        """Put a message on the way, once, twice or not at all."""
        copies = 1 + (self.dice.below(1000) < self.duplicates)
        for _ in range(copies):
            if self.dice.below(1000) >= self.loss:
                is_late = self.dice.below(100) < 2
                delay_ms = 20 + (self.dice.below(self.jitter_ms) if is_late else 0)
                self.in_flight.append((self.now_ms + delay_ms, topic, payload))

    def deliver(self):
        """Hand over what has arrived, to either side."""
        if not self.in_flight:
            return
        arrived = [one for one in self.in_flight if one[0] <= self.now_ms]
        self.in_flight = [one for one in self.in_flight if one[0] > self.now_ms]
        for _at_ms, topic, payload in sorted(arrived, key=lambda one: one[0]):
            kind = topics.parse(topic)[1]
            if kind == topics.CURSOR:
                self.service.on_cursor(payload, self.now_ms)
                continue
            if kind == topics.EVENT:
                self.cmc.receive(payload)
            if kind == topics.HEARTBEAT:
                self.heartbeats_ms.append(self.now_ms)
            if kind == topics.STATE:
                self.births += messages.decode_state(payload).is_alive
            if kind in (topics.EVENT, topics.STATE):
                self.send(topics.topic("unit-1", topics.CURSOR), self.cmc.answer())

    def run(self, until_ms, every_ms=0, names=("ptz.moved",)):
        """Let time pass, with an event every so often."""
        next_event_ms = self.now_ms + every_ms if every_ms else until_ms
        count = 0
        while self.now_ms < until_ms:
            self.deliver()
            if every_ms and self.now_ms >= next_event_ms:
                self.event(names[count % len(names)])
                count += 1
                next_event_ms += every_ms
            due_ms = max(self.turn(), self.now_ms + 1)
            if self.in_flight:
                due_ms = min(due_ms, max(min(self.in_flight)[0], self.now_ms + 1))
            self.now_ms = min(due_ms, max(next_event_ms, self.now_ms + 1), until_ms)

    def drain(self, hours=48):
        """Let time pass until nothing waits."""
        until_ms = self.now_ms + hours * HOUR_MS
        self.run(self.now_ms + 1_000)
        while len(self.service.outbox) and self.now_ms < until_ms:
            self.run(self.now_ms + 1_000)
        assert len(self.service.outbox) == 0, len(self.service.outbox)


EVERY_MS = 10_000 if IS_FAST else 300_000
DAY_COUNT = 24 * HOUR_MS // EVERY_MS


def test_a_day_of_outage_arrives_once_and_in_order():
    for title, loss, duplicates, jitter_ms in (
        ("a good link", 0, 0, 1),
        ("a link that repeats, loses and reorders", 5, 20, 90),
    ):
        rig = Rig(DAY_COUNT + 100, 7, loss, duplicates, jitter_ms)
        rig.link(True)
        rig.run(60_000, 5_000)
        rig.link(False)
        rig.run(rig.now_ms + 24 * HOUR_MS, EVERY_MS, ("ptz.moved", "sound.on", "fault.raised"))
        assert len(rig.service.outbox) >= DAY_COUNT - 2, title
        rig.link(True)
        rig.drain()
        assert rig.cmc.stored == rig.accepted, title
        assert len(rig.accepted) >= DAY_COUNT, title
        assert rig.service.outbox.shed_count == 0, title
        if loss:
            assert rig.cmc.duplicate_count and rig.cmc.refused_count, title


def test_an_outbox_smaller_than_the_outage_keeps_what_matters_and_tells_the_rest():
    rig = Rig(DAY_COUNT // 4, 9, loss=10, duplicates=20, jitter_ms=20)
    names = ("ptz.moved", "ptz.stopped", "ptz.moved", "link.down", "ptz.moved", "fault.raised")
    rig.run(24 * HOUR_MS, EVERY_MS, names)
    outbox = rig.service.outbox
    assert outbox.shed_count > DAY_COUNT // 2
    rig.link(True)
    rig.drain()
    stored = rig.cmc.stored
    assert stored == sorted(stored)
    assert len(set(stored)) == len(stored)
    gone = set(rig.accepted) - set(stored)
    assert set(stored) <= set(rig.accepted)
    assert len(gone) + rig.service.refused_event_count == outbox.shed_count
    assert rig.cmc.shed_told == outbox.shed_count
    faults = [key for at, key in enumerate(rig.accepted[:DAY_COUNT]) if at % 6 == 5]
    assert rig.service.refused_event_count or set(faults) <= set(stored)


def test_kills_and_cuts_of_the_link_lose_no_accepted_event():
    rig = Rig(300, 11, loss=20, duplicates=50, jitter_ms=30)
    for round_number in range(12):
        rig.link(round_number % 3 != 0)
        rig.run(rig.now_ms + 40_000, 2_000)
        if round_number % 2:
            rig.turn()
            rig.start()
    rig.link(True)
    rig.drain()
    assert rig.service.boot == 7
    assert rig.cmc.stored == rig.accepted
    assert len(rig.accepted) > 200


def test_live_values_are_not_held_up_by_a_backlog():
    rig = Rig(400)
    rig.run(200_000, 1_000)
    rig.link(True)
    start_ms = rig.now_ms
    rig.run(start_ms + 30_000)
    assert rig.heartbeats_ms[0] - start_ms <= 100
    for at in range(1, len(rig.heartbeats_ms)):
        assert rig.heartbeats_ms[at] - rig.heartbeats_ms[at - 1] <= 5_100, at
    assert rig.births == 1


def offered(service, now_ms):
    """References of one step, all taken by the link."""
    publications, _plan, _due_ms = service.step(now_ms)
    for token, (reference, message) in enumerate(publications):
        service.on_published(reference, (token + 1) if message.qos else 0, now_ms)
    return [reference.split(" ")[0] for reference, _message in publications]


def made(heartbeat_ms=5_000):
    """A service with an empty outbox."""
    medium = Medium(30)
    return TelemetryService("unit-1", 3, Outbox(medium.read, medium.size_bytes), heartbeat_ms)


def test_nothing_is_said_before_the_birth():
    service = made()
    service.answer(b"answer")
    assert offered(service, 0) == []
    service.on_link(True, 1_000)
    assert service.is_birth_due()
    assert offered(service, 1_000) == []
    service.put_birth(messages.Birth())
    service.put_heartbeat(messages.Heartbeat(), 1_000)
    assert offered(service, 1_000) == ["birth", "answer", "heartbeat"]
    assert not service.is_birth_due()
    service.on_link(False, 2_000)
    service.on_link(True, 3_000)
    assert service.is_birth_due(), "each connection begins with a birth"
    names = [name for name, _now_ms, _fields in service.events.take()]
    assert names == ["link.up", "link.down", "link.up"]


def test_a_birth_or_answer_that_the_link_refuses_is_tried_again():
    service = made()
    service.on_link(True, 0)
    service.answer(b"one")
    service.put_birth(messages.Birth())
    publications, _plan, _due_ms = service.step(0)
    for reference, _message in publications:
        service.on_published(reference, 0, 0)
    assert service.unpublished_count == 2
    assert service.is_birth_due()
    service.put_birth(messages.Birth())
    assert offered(service, 50) == [], "with a pause"
    assert offered(service, 100) == ["birth", "answer"]
    assert offered(service, 200) == []


def test_heartbeats_are_regular_and_soon_after_a_change():
    service = made()
    service.on_link(True, 0)
    sent = []
    for now_ms in range(0, 20_000, 50):
        if now_ms in (7_000, 7_050, 7_100):
            service.changed()
        if service.is_heartbeat_due(now_ms):
            heartbeat = messages.Heartbeat()
            service.put_heartbeat(heartbeat, now_ms)
            sent.append((now_ms, heartbeat.number))
    assert sent == [(0, 1), (5_000, 2), (7_000, 3), (7_200, 4), (12_200, 5), (17_200, 6)]


def test_answers_are_bounded_and_the_bound_is_counted():
    service = made()
    for number in range(40):
        service.answer(b"answer %d" % number)
    assert service.live.dropped_answer_count == 8
    service.on_link(True, 0)
    service.put_birth(messages.Birth())
    publications = service.step(0)[0]
    assert publications[1][1].payload == b"answer 8"


def test_stills_are_dropped_while_the_link_is_down():
    service = made()
    service.still("dome-1", messages.Still(0, b"\xff\xd8"))
    assert service.live.dropped_still_count == 1
    service.on_link(True, 0)
    service.put_birth(messages.Birth())
    service.still("dome-1", messages.Still(0, b"\xff\xd8old"))
    service.still("dome-1", messages.Still(0, b"\xff\xd8new"))
    assert offered(service, 0) == ["birth", "still"]


def test_a_cursor_of_the_future_lets_nothing_go():
    service = made()
    service.event("ptz.moved", 0, 0, 0, {})
    for key in ((3, 2), (4, 1)):
        cursor = service.on_cursor(messages.encode(messages.Cursor(key[0], key[1])), 0)
        assert (cursor.boot, cursor.sequence) == key
    assert service.foreign_cursor_count == 2
    assert len(service.outbox) == 1
    try:
        service.on_cursor(b"\xa0", 0)
        raise AssertionError("junk was taken as a cursor")
    except RemoteProtocolError as error:
        assert "cursor.boot" in str(error)


def test_a_boot_number_used_before_is_not_used_again():
    rig = Rig(30)
    rig.run(5_000, 1_000)
    outbox = Outbox(rig.medium.read, rig.medium.size_bytes)
    assert TelemetryService("unit-1", 1, outbox, 5_000).boot == 2


def test_a_long_text_is_cut_so_that_the_event_is_not_lost():
    service = made()
    assert service.event("camera.lost", 0, 0, 0, {"text": "x" * 256, "more": "y" * 250})
    assert service.shortened_event_count == 1
    assert service.event("camera.lost", 0, 0, 0, {"text": "short"})
    assert service.shortened_event_count == 1


def test_will_and_farewell_name_the_boot_and_are_retained():
    service = made()
    for message, reason in ((service.will(), "lost"), (service.farewell(), "stopped")):
        farewell = messages.decode_state(message.payload)
        assert (farewell.boot, farewell.is_alive, farewell.reason) == (3, False, reason)
        assert message.is_retained and message.qos == 1
        assert topics.parse(message.topic) == ("unit-1", "state", "")


def test_codes_are_unique_named_and_weighed():
    assert len(set(CODES.values())) == len(CODES)
    for name, number in CODES.items():
        assert (code_of(name), name_of(number)) == (number, name)
        assert 0 <= priority_of(number) <= 3
    assert name_of(999) == "unknown.999"
    assert priority_of(CODES["ptz.moved"]) < priority_of(CODES["link.up"])
    assert priority_of(CODES["link.up"]) < priority_of(CODES["sound.on"])
    assert priority_of(CODES["sound.on"]) < priority_of(CODES["fault.raised"])
    try:
        code_of("ptz.danced")
        raise AssertionError("an event without a number was taken")
    except LocalProtocolError as error:
        assert "codes.py" in str(error)
