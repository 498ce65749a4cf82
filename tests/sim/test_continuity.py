"""A whole unit accounts for every second of its days, and a judge who saw it all agrees."""

import pytest

from firmware.app.unit import Papers
from firmware.cbor.encode import dumps
from firmware.policy import permit
from firmware.recorder.causes import NAMES
from firmware.telemetry import codes, messages
from sim.devices.broker import Broker
from sim.devices.chance import Chance
from sim.devices.timeline import Timeline
from sim.world import papers
from sim.world.sites import BOOT_MS, CAMERA, SimSite

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
PICTURE = CAMERA + "/picture"
EDGE_MS = 16_000  # to find a camera gone and to have it back, to start, to look away
CLOCK_CODE = codes.code_of("camera.clock")
DAY_CODE = codes.code_of("recording.day")


class Site:
    """One unit, the papers it can be given, and the judge's book."""

    def __init__(self, seed, picture_gap_ms=4_000):
        self.timeline = Timeline()
        chance = Chance(seed, "world")
        self.broker = Broker(self.timeline, chance.stream("broker"))
        chance = chance.stream("unit-1")
        self.sim = SimSite(self.timeline, self.broker, "unit-1", chance, picture_gap_ms)
        clock = self.sim.clock
        till_midnight_ms = DAY_MS - clock.utc_ms() % DAY_MS
        clock.step(till_midnight_ms - HOUR_MS // 2)
        self.lead_ms = clock.utc_ms() - self.timeline.now_ms()
        self.wants = {}
        self.edge_count = 0
        self.told = {}
        self.clocks = []
        self.broker.client("lamppost/v1/unit-1/event", self._on_event)
        self.papers = self.sim._papers
        self.sim.boot()

    def _on_event(self, message):
        event = messages.decode_event(message.payload)
        if event.code == CLOCK_CODE and dict(event.fields) not in self.clocks:
            self.clocks.append(dict(event.fields))
        if event.code == DAY_CODE and event.fields["stream"] == PICTURE:
            self.told[event.fields["day"]] = event.fields

    def utc_ms(self):
        """True UTC as the unit's clock has it."""
        return self.timeline.now_ms() + self.lead_ms

    def run(self, span_ms, cause):
        """Let time pass, and write down why nothing was recorded in it."""
        self.edge_count += 1
        at = self.utc_ms()
        while span_ms:
            part_ms = min(span_ms, DAY_MS - at % DAY_MS)
            key = (at // DAY_MS, cause)
            self.wants[key] = self.wants.get(key, 0) + part_ms
            at += part_ms
            span_ms -= part_ms
        self.timeline.run_until(at - self.lead_ms)

    def restart(self, off_ms, fields=None):
        """Cut the power, and start again, under another permit where one is given."""
        if fields is not None:
            signed = papers.SimAuthority(self.sim.chance.stream("authority")).sign(
                dumps(fields), permit.EXTERNAL_AAD
            )
            self.sim._papers = Papers(signed, self.papers.grants, None)
        self.sim.power_cut()
        self.run(off_ms, "power")
        self.sim.power_on()

    def rows(self, stream=PICTURE):
        """What the ledger says: (day, cause) to ms."""
        days = self.sim.unit.ledger.ledgers[stream].days
        return {
            (row.day, NAMES[at]): spent_ms
            for row in days.rows
            for at, spent_ms in enumerate(row.spent_ms)
            if spent_ms
        }

    def verdict(self):
        """Compare with the judge's book, from the first full day on."""
        got, wants = self.rows(), self.wants
        for book in (got, wants):  # what a failing disk keeps out may get in later
            for day, _ in [key for key in book if key[1] == "disk"]:
                book[day, "recorded"] = book.get((day, "recorded"), 0) + book.pop((day, "disk"))
        first = min(day for day, _ in got)
        for key in sorted(set(got) | set(wants)):
            if key[0] > first:
                wrong_ms = got.get(key, 0) - wants.get(key, 0)
                assert abs(wrong_ms) <= EDGE_MS * self.edge_count, (key, wrong_ms, got)
        for ledger in self.sim.unit.ledger.ledgers.values():
            for row in ledger.days.rows[:-1]:
                assert sum(row.spent_ms) == DAY_MS


def permit_of(zones=(), ended=False):
    """Draw up a permit for the unit, with zones, or one that has ended."""
    utc_ms = 1_790_000_000_000
    fields = papers._permit("unit-1", utc_ms - (100 * DAY_MS if ended else 0))
    fields["zones"] = list(zones)
    return fields


EVERYWHERE = {"camera": CAMERA, "space": "dome", "rectangle": [0, -9000, 36000, 9000]}


@pytest.mark.slow
@pytest.mark.clause("C26")
def test_every_second_of_a_hard_day_has_a_cause():
    site = Site(5)
    site.run(40 * MINUTE_MS, "recorded")
    site.sim.camera.is_absent = True
    site.run(10 * MINUTE_MS, "camera_lost")
    site.sim.camera.is_absent = False
    site.run(5 * MINUTE_MS, "recorded")
    site.restart(4 * MINUTE_MS, permit_of([EVERYWHERE]))
    site.run(8 * MINUTE_MS, "privacy")
    site.restart(2 * MINUTE_MS, permit_of(ended=True))
    site.run(9 * MINUTE_MS, "disarmed")
    site.restart(22 * HOUR_MS, permit_of())
    site.run(10 * MINUTE_MS, "recorded")
    site.sim.media["ring"].faults.is_failing = True
    site.run(30 * MINUTE_MS, "disk")
    site.sim.media["ring"].faults.is_failing = False
    site.run(40 * MINUTE_MS, "recorded")
    rows = site.rows()
    failed_ms = rows[max(day for day, cause in rows if cause == "disk"), "disk"]
    assert 10 * MINUTE_MS <= failed_ms <= 31 * MINUTE_MS, "what memory still held was kept"
    site.verdict()
    day = min(site.told) + 1
    told = site.told[day]
    assert told["is_full"]
    assert sum(told[name] for name in told if name.endswith("_s")) == DAY_MS // 1_000
    for cause in ("recorded", "camera_lost", "privacy", "disarmed", "power"):
        assert told[cause + "_s"] > 60, told


@pytest.mark.slow
@pytest.mark.clause("C26")
def test_a_power_cut_at_any_moment_costs_the_ledger_seconds_and_no_more():
    site = Site(6, picture_gap_ms=500)
    lost = []
    power_ms = 0
    for number in range(12):
        site.run(30_000 + 337 * number, "recorded")
        site.sim.power_cut()
        off_ms = 30_000
        site.run(off_ms, "power")
        site.sim.power_on()
        site.run(20_000, "recorded")
        told_ms = sum(spent_ms for key, spent_ms in site.rows().items() if key[1] == "power")
        if number:  # the first also has the hours before the unit was there
            lost.append(told_ms - power_ms - off_ms - BOOT_MS)
        power_ms = told_ms
    assert all(0 <= lost_ms <= 3_000 for lost_ms in lost), lost
    assert sorted(lost)[len(lost) // 2] <= 2_000, lost


def test_a_cameras_wrong_clock_is_told_with_its_doubt():
    site = Site(4)
    site.sim.camera.offset_ms, site.sim.camera.doubt_ms = -70_000, 80
    site.run(MINUTE_MS, "recorded")
    assert site.clocks == [{"subject": CAMERA, "offset_ms": -70_000, "doubt_ms": 80}]
    site.sim.camera.offset_ms = -71_500
    site.run(MINUTE_MS, "recorded")
    assert [told["offset_ms"] for told in site.clocks] == [-70_000, -71_500]


@pytest.mark.slow
@pytest.mark.clause("C33")
def test_a_rotten_sector_is_found_and_lowers_the_share_that_can_be_read_back():
    site = Site(9)
    scrubs, station = site.sim.unit.scrubs, site.sim.unit.stations[0]
    scrubs._pause_ms = 6 * MINUTE_MS
    site.run(15 * MINUTE_MS, "recorded")
    round_count = scrubs.round_count
    assert round_count >= 2
    assert scrubs.shares[PICTURE].permille == 1_000 and scrubs.lost_count == 0
    partition = site.sim.unit.ring.scrub(PICTURE).partition
    ring = site.sim.media["ring"]
    at = partition.segment_offset_bytes(0) + 4096 + 100
    rotten = bytes(byte ^ 0xFF for byte in ring.medium.read(at, 16))
    ring.medium.write(at, rotten)
    site.run(8 * MINUTE_MS, "recorded")
    share = scrubs.shares[PICTURE]
    assert scrubs.round_count > round_count and scrubs.lost_count >= 1
    assert 0 < share.permille < 1_000
    held_s = site.sim.unit.ledger.held_s(PICTURE, site.sim.unit.ring)
    assert 0 < share.readable_s < held_s <= 24 * 60
    heartbeat = site.sim.unit.reporter._heartbeat(site.sim.clock.now_ms())
    assert heartbeat.cameras[0].readable_permille == share.permille
    assert heartbeat.cameras[0].read_back_utc_ms > 0
    assert not scrubs.is_low(PICTURE), "one record in some hundreds is no fault yet"
    for slot in range(2):
        ring.medium.write(partition.segment_offset_bytes(slot) + 4096 + 100, rotten)
        ring.medium.write(partition.segment_offset_bytes(slot) + 8 * 4096 + 100, rotten)
    site.run(8 * MINUTE_MS, "recorded")
    active = [row[:2] for row in site.sim.unit.health.active()]
    assert scrubs.is_low(PICTURE) and ("ring.unreadable", station.name) in active, share.permille
