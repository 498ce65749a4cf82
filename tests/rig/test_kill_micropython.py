"""SIGKILL of the MicroPython unit at random instants: nothing that was acknowledged is lost."""

import random
import time
from pathlib import Path

import pytest

from firmware.telemetry import messages, topics
from host_tools.evidence.pool import KeyBox, PoolFile, ring_check
from host_tools.keystore import Keystore
from tests.hal.test_micropython_unit import HEAP_BYTES_MAX, UNIT, Bench, heap_used_bytes
from tests.rig.chain_keys import ChainKeys

KILL_COUNT = 50
SEED = 20261124
RESUME_S_MAX = 30.0
SEGMENT_COUNT = 31  # of the bench unit: older generations are overwritten, as they should be


class Feed:
    """Stores events in order and acknowledges them after storing, as the CMC does."""

    def __init__(self, bench: Bench, keystore: Keystore) -> None:
        self.stored: list[tuple[int, int]] = []
        self.gap_count = 0
        self._cursor = (0, 0)
        self._keystore = keystore
        self._client = bench.post.client
        self._topic = topics.topic(UNIT, topics.CURSOR)
        self._client.message_callback_add(topics.topic(UNIT, topics.EVENT), self._take)
        self._pass_on = bench.post._take

    def _take(self, client, data, mail) -> None:
        event = messages.decode_event(mail.payload)
        key = (event.boot, event.sequence)
        previous = (event.previous_boot, event.previous_sequence)
        if key > self._cursor and (previous == self._cursor or event.is_head):
            self.gap_count += previous != self._cursor
            self.stored.append(key)
            self._cursor = key
        cursor = messages.Cursor(*self._cursor, utc_ms=time.time_ns() // 1_000_000, epoch=0)
        sealed = self._keystore.seal(UNIT, self._topic, messages.encode(cursor))
        self._client.publish(self._topic, sealed, qos=1)
        self._pass_on(client, data, mail)


def readable(pool: Path, keys: KeyBox) -> set[tuple[int, int]]:
    """List every record that can be unsealed: (generation, sequence)."""
    found = set()
    with PoolFile(pool, UNIT) as opened:
        reader = opened.reader(keys)
        for partition in opened.layout.partitions:
            for segment in reader.segments(partition):
                for record, _ in reader.contents(segment):
                    found.add((segment.header.generation, record.sequence))
    return found


@pytest.mark.slow
@pytest.mark.clause("C33")
def test_fifty_kills_of_the_board_lose_nothing_acknowledged(tmp_path: Path):
    chance = random.Random(SEED)
    bench = Bench(tmp_path)
    keystore = Keystore(tmp_path / "keystore")
    feed = Feed(bench, keystore)
    keys = ChainKeys(*bench.claim.chains["picture"])
    before: set[tuple[int, int]] = set()
    resumed_s = []
    try:
        for kill in range(KILL_COUNT):
            beats = bench.post.counts.get(topics.HEARTBEAT, 0)
            begun_s = time.monotonic()
            bench.start()
            bench.post.wait_for(topics.HEARTBEAT, beats + 1)
            resumed_s.append(time.monotonic() - begun_s)
            assert resumed_s[-1] < RESUME_S_MAX, (kill, SEED)
            bench.post.signer.resume((kill + 1) * 1_000)
            assert bench.post.command("ptz.stop").result == "done", (kill, SEED)
            time.sleep(chance.uniform(0, 2.0))
            bench.kill()
            keys.follow()
            now = readable(tmp_path / "ring.pool", keys)
            newest = max(generation for generation, _ in now | before)
            lost = {row for row in before - now if row[0] > newest - SEGMENT_COUNT + 1}
            assert not lost, (kill, SEED, sorted(lost)[:3])
            before = now
    finally:
        bench.close()
    faults = ring_check(tmp_path / "ring.pool", keys)
    assert faults == [], faults[:5]
    assert feed.stored == sorted(set(feed.stored)) and feed.gap_count == 0, feed.gap_count
    assert {boot for boot, _ in feed.stored} >= set(range(1, KILL_COUNT)), "a boot told nothing"
    log = bench.log.read_text()
    assert "Traceback" not in log, log[-2000:]
    used = max(heap_used_bytes(log))
    assert used < HEAP_BYTES_MAX
    print(
        f"{KILL_COUNT} kills, up again after {min(resumed_s):.1f} to {max(resumed_s):.1f} s; "
        f"{len(before)} records, {len(feed.stored)} events; heap {used} of {HEAP_BYTES_MAX} bytes"
    )
