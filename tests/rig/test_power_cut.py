"""A power cut costs what came after the last barrier, on a real file system.

How little that is on a quiet machine is measured by `benchmarks/bench_power_cut.py`; here a
crowded one may take its time, and a recorder without barriers would lose up to half a minute.
"""

import random
import time
from pathlib import Path

import pytest

from firmware.ring.content import Block
from host_tools.evidence.pool import KeyBox, PoolFile, ring_check
from tests.hal.servers import film, mosquitto, rtsp
from tests.rig.chain_keys import ChainKeys
from tests.rig.cut_disk import CutDisk, powered_up
from tests.rig.gateway import UNIT, Centre, Gateway, utc_ms

CUT_COUNT = 4
SEED = 20261124
DISK_BYTES = 192 << 20
LOST_MS_MAX = 5_000
PICTURE_MS = 40


def newest_utc_ms(pool: Path, keys: KeyBox) -> int:
    """When the newest picture that can be unsealed was taken."""
    newest_ms = 0
    with PoolFile(pool, UNIT) as opened:
        reader = opened.reader(keys)
        for partition in opened.layout.partitions:
            for segment in reader.segments(partition):
                for _, content in reader.contents(segment):
                    if isinstance(content, Block) and content.units:
                        now_ms, stamp_ms, _ = content.stamp
                        newest_ms = max(newest_ms, stamp_ms + content.units[-1].now_ms - now_ms)
    return newest_ms


def lost_ms(gateway: Gateway, copy: Path, cut_ms: int) -> int:
    """Start the machine again after a cut and see how much of the last moments is gone."""
    keys = ChainKeys(*gateway.claim.chains["picture"])
    with powered_up(copy) as folder:
        pool = folder / gateway.folder.name / "ring.pool"
        assert ring_check(pool, keys) == [], "what the cut left breaks an invariant"
        return max(0, cut_ms - newest_utc_ms(pool, keys) - PICTURE_MS)


@pytest.mark.slow
@pytest.mark.clause("C33")
def test_a_power_cut_costs_only_what_came_after_the_last_barrier(tmp_path: Path):
    chance = random.Random(SEED)
    source = film()
    with (
        mosquitto(tmp_path) as broker,
        rtsp(tmp_path, source) as server,
        CutDisk(tmp_path, "disk", DISK_BYTES) as disk,
    ):
        folder = disk.path / "unit"
        folder.mkdir()
        url = f"rtsp://127.0.0.1:{server.port}/both"
        gateway = Gateway(folder, broker.port, source, ring="64 MiB", sound_url=url)
        centre = Centre(broker.port, gateway.keystore)
        lost = []
        try:
            gateway.start()
            centre.wait(lambda: centre.heartbeats and centre.camera().is_recording, "recording")
            for cut in range(CUT_COUNT):
                time.sleep(chance.uniform(1.5, 3.5))
                copy = tmp_path / f"cut-{cut}.img"
                cut_ms = utc_ms()
                disk.cut([gateway.process.pid], copy)
                lost.append(lost_ms(gateway, copy, cut_ms))
            assert gateway.end() == 0, gateway.log()[-2000:]
        finally:
            centre.close()
            gateway.close()
    assert max(lost) <= LOST_MS_MAX, (lost, SEED)
    print(f"{CUT_COUNT} cuts, {min(lost)} to {max(lost)} ms lost")
