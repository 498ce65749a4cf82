"""What a unit sends is stored once, in order, whatever dies in between."""

import sys
from pathlib import Path

import pytest

from firmware.cose import mac0
from firmware.telemetry import messages, topics
from host_tools.cmc import fleet as fleets
from host_tools.cmc.broker import MOSQUITTO, BrokerProcess
from host_tools.cmc.child import Child
from host_tools.cmc.fleet import Fleet
from host_tools.cmc.store import AHEAD, DUPLICATE, STORED, Store
from tests.host_tools.centre import Centre, until
from tests.host_tools.model_unit import KEY_ID, ModelUnit, Shared

ROOT = Path(__file__).parents[2]
RECORD_COUNT = 3_000


def _record(boot: int, sequence: int, previous: tuple[int, int], is_head: bool = False):
    record = messages.EventRecord(boot, sequence, 301)
    record.previous_boot, record.previous_sequence = previous
    record.is_head = is_head
    return record


def test_the_cursor_rule_stores_only_what_follows(tmp_path: Path):
    store = Store(tmp_path / "cmc.sqlite")
    table = (
        (_record(1, 1, (0, 0), is_head=True), STORED, (1, 1)),
        (_record(1, 1, (0, 0), is_head=True), DUPLICATE, (1, 1)),
        (_record(1, 3, (1, 2)), AHEAD, (1, 1)),
        (_record(1, 2, (1, 1)), STORED, (1, 2)),
        (_record(2, 1, (1, 9)), AHEAD, (1, 2)),
        (_record(2, 1, (1, 9), is_head=True), STORED, (2, 1)),
        (_record(1, 3, (1, 2)), DUPLICATE, (2, 1)),
        (_record(2, 2, (2, 1)), STORED, (2, 2)),
    )
    for index, (record, verdict, cursor) in enumerate(table):
        with store.batch():
            assert store.take("unit-1", record, 0) == verdict, index
        assert store.cursor("unit-1") == cursor, index
    assert store.gap_count("unit-1") == 1
    assert [row[:2] for row in store.events("unit-1", 9)] == [(2, 2), (2, 1), (1, 2), (1, 1)]
    store.close()


def test_a_batch_that_fails_leaves_nothing(tmp_path: Path):
    store = Store(tmp_path / "cmc.sqlite")
    with pytest.raises(ZeroDivisionError), store.batch():
        store.take("unit-1", _record(1, 1, (0, 0), is_head=True), 0)
        raise ZeroDivisionError
    assert store.cursor("unit-1") == (0, 0)
    assert store.events("unit-1", 9) == []
    store.close()


@pytest.mark.slow
def test_a_feed_killed_mid_stream_loses_nothing_and_repeats_nothing(tmp_path: Path):
    left_at_kill = (73, 340, 211, 0)
    broker = BrokerProcess(tmp_path / "broker", ["unit-1"], MOSQUITTO)
    path = tmp_path / "cmc.sqlite"
    script = str(ROOT / "tests" / "host_tools" / "feed_child.py")
    argv = ["env", f"PYTHONPATH={ROOT}", sys.executable, script, broker.url, str(path), "unit-1"]
    feed = Child(argv, tmp_path / "feed.log")
    unit = ModelUnit(broker.port, "unit-1", broker.passwords["unit-1"], Shared())
    unit.drops_every = 701
    try:
        for kill, left in enumerate(left_at_kill):
            feed.start()
            unit.live() if kill == 0 else None
            target = (kill + 1) * RECORD_COUNT // 4
            while unit.sequence < target:
                unit.emit(301, camera=f"yard-{unit.sequence}")
            until(lambda left=left: len(unit.records) <= left, f"stuck after kill {kill}", 60)
            if left:
                feed.kill()
        feed.stop()
        store = Store(path)
        got = [row[:2] for row in store.events("unit-1", RECORD_COUNT + 9)][::-1]
        assert got == [(1, n + 1) for n in range(RECORD_COUNT)]
        assert store.gap_count("unit-1") == 0
        store.close()
    finally:
        feed.stop()
        unit.close()
        broker.stop()


@pytest.mark.slow
def test_a_killed_broker_loses_nothing(tmp_path: Path):
    centre = Centre(tmp_path, ["unit-1"])
    unit = ModelUnit(centre.broker.port, "unit-1", centre.broker.passwords["unit-1"], centre.keys)
    try:
        unit.live()
        for _ in range(200):
            unit.emit(301, camera="yard-2")
        view = centre.fleet.units["unit-1"]
        until(lambda: centre.fleet.state_of(view) == fleets.LIVE, "never live")
        centre.broker.kill()
        until(lambda: not centre.fleet.is_broker_up, "the feed did not notice")
        assert centre.fleet.state_of(view) == fleets.STALE
        for _ in range(200):
            unit.emit(301, camera="yard-2")
        centre.broker.restart()
        until(lambda: not unit.records, "the unit still waits", 30)
        rows = centre.store.events("unit-1", 999)
        assert [row[1] for row in rows] == list(range(400, 0, -1))
        until(lambda: centre.fleet.state_of(view) == fleets.LIVE, "not live again")
    finally:
        unit.close()
        centre.close()


@pytest.mark.slow
def test_a_cursor_is_sealed_for_its_unit_and_sent_at_each_birth(tmp_path: Path):
    centre = Centre(tmp_path, ["unit-1"])
    unit = ModelUnit(centre.broker.port, "unit-1", centre.broker.passwords["unit-1"], centre.keys)
    try:
        until(lambda: unit.cursors, "no cursor at birth")
        assert (unit.cursors[0].boot, unit.cursors[0].sequence) == (0, 0)
        assert unit.cursors[0].epoch == 7
        topic = topics.topic("unit-1", topics.CURSOR)
        sealed = centre.keys.seal("unit-1", topic, b"x")
        assert mac0.unseal(centre.keys, sealed, topic.encode()) == (KEY_ID, b"x")
    finally:
        unit.close()
        centre.close()


@pytest.mark.slow
def test_nonsense_and_strangers_are_counted_and_shown(tmp_path: Path):
    centre = Centre(tmp_path, ["unit-1", "stranger"])
    del centre.fleet.units["stranger"]
    units = [
        ModelUnit(centre.broker.port, name, centre.broker.passwords[name], centre.keys)
        for name in ("unit-1", "stranger")
    ]
    try:
        for unit in units:
            assert unit.is_up.wait(10)
        for payload in (b"", b"\xff", b"\xa1\x01\x02", bytes(2000)):
            for kind in (topics.HEARTBEAT, topics.EVENT, topics.ANSWER, topics.STATE):
                units[0].client.publish(topics.topic("unit-1", kind), payload, 1)
            units[0].client.publish(topics.still("unit-1", "dome-1"), payload, 1)
        units[0].live()
        view = centre.fleet.units["unit-1"]
        until(lambda: view.malformed_count == 20, f"{view.malformed_count} of 20 counted")
        until(lambda: centre.fleet.state_of(view) == fleets.LIVE, "nonsense stopped the feed")
        until(lambda: centre.fleet.unknown.get("stranger"), "the stranger was not seen")
        units[1].emit(301)
        assert not units[1].cursors, "a stranger was told a cursor"
    finally:
        for unit in units:
            unit.close()
        centre.close()


def _fleet():
    clock = {"now": 0, "utc": 3_000_000_000_000}
    fleet = Fleet(lambda: clock["now"], lambda: clock["utc"])
    fleet.register("unit-1", "gateway", "yard-7", "R. Officer")
    fleet.on_broker(is_up=True)
    return fleet, fleet.units["unit-1"], clock


def _beat(boot: int, number: int) -> messages.Heartbeat:
    beat = messages.Heartbeat(boot)
    beat.number = number
    return beat


def test_silence_is_stale_and_a_will_is_gone():
    fleet, view, clock = _fleet()
    assert fleet.state_of(view) == fleets.MISSING
    fleet.on_birth(view, messages.Birth(1), is_retained=True)
    assert fleet.state_of(view) == fleets.MISSING, "a retained birth says nothing of now"
    fleet.on_heartbeat(view, _beat(1, 1))
    assert fleet.state_of(view) == fleets.LIVE
    clock["now"] += fleets.STALE_AFTER_MS - 1
    assert fleet.state_of(view) == fleets.LIVE
    clock["now"] += 1
    assert fleet.state_of(view) == fleets.STALE
    fleet.on_heartbeat(view, _beat(1, 1))
    assert fleet.state_of(view) == fleets.STALE, "an old heartbeat makes nothing live"
    fleet.on_heartbeat(view, _beat(1, 5))
    assert (view.heartbeat_lost_count, view.heartbeat_old_count) == (3, 1)
    fleet.on_broker(is_up=False)
    assert fleet.state_of(view) == fleets.STALE
    fleet.on_broker(is_up=True)
    fleet.on_farewell(view, messages.Farewell(0, messages.LOST))
    assert fleet.state_of(view) == fleets.LIVE, "the will of an earlier boot came late"
    fleet.on_farewell(view, messages.Farewell(1, messages.LOST))
    assert fleet.state_of(view) == fleets.GONE
    fleet.on_heartbeat(view, _beat(2, 1))
    assert fleet.state_of(view) == fleets.LIVE


def test_stills_are_the_newest_only_and_never_old():
    fleet, view, clock = _fleet()
    still = messages.Still(1, b"\xff\xd8old")
    still.utc_ms = clock["utc"] - 2_678_400_000
    fleet.on_still(view, "dome-1", still)
    assert fleet.jpeg("unit-1", "dome-1") == b""
    assert fleet.still_too_old_count == 1
    for jpeg in (b"\xff\xd8a", b"\xff\xd8b"):
        still = messages.Still(1, jpeg)
        still.utc_ms = clock["utc"]
        fleet.on_still(view, "dome-1", still)
    assert fleet.jpeg("unit-1", "dome-1") == b"\xff\xd8b"
    clock["now"] += fleets.STILL_LIFE_MS + 1
    fleet.step()
    assert fleet.jpeg("unit-1", "dome-1") == b""
