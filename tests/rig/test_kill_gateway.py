"""SIGKILL at random instants costs nothing that was behind a barrier, and recording resumes."""

import hashlib
import random
import signal
import time
from pathlib import Path

import pytest

from firmware.recorder.marks import COPY_BYTES, COPY_COUNT
from firmware.ring.check import check
from firmware.telemetry.messages import Birth
from hal.linux.cipher import OpenSslCipher
from tests.hal.servers import mosquitto
from tests.rig.gateway import Centre, Gateway, make_film

KILL_COUNT = 50
SEED = 20261124
RESUME_S_MAX = 10.0


def vouched_for(notes: str) -> dict[int, tuple[int, str]]:
    """The newest write to each offset that a completed barrier stands behind."""
    last: dict[int, tuple[int, str]] = {}
    for line in notes.splitlines():
        if line.startswith("w "):
            _, offset, length, digest = line.split()
            last[int(offset)] = (int(length), digest)
    return last


@pytest.mark.slow
@pytest.mark.clause("C33")
def test_fifty_kills_lose_nothing_behind_a_barrier(tmp_path: Path):
    film = make_film(tmp_path / "film.mp4")
    chance = random.Random(SEED)
    notes = tmp_path / "notes"
    notes.touch()
    resumed_s = []
    with mosquitto(tmp_path) as broker:
        gateway = Gateway(tmp_path, broker.port, film, ring="256 MiB")
        centre = Centre(broker.port, gateway.keystore)
        script = ["-m", "tests.rig.witnessed", str(gateway.site), str(notes)]
        try:
            for kill in range(KILL_COUNT + 1):
                births = len([state for state in centre.states if isinstance(state, Birth)])
                begun_s, noted_bytes = time.monotonic(), notes.stat().st_size
                gateway.start(script)
                while notes.stat().st_size == noted_bytes:  # the first barrier of this boot
                    assert gateway.process.poll() is None, gateway.log()[-2000:]
                    assert time.monotonic() - begun_s < RESUME_S_MAX, (kill, SEED)
                    time.sleep(0.01)
                resumed_s.append(time.monotonic() - begun_s)
                centre.wait(lambda count=births: len(centre.states) > count, "birth")
                if kill == KILL_COUNT:
                    break
                time.sleep(chance.uniform(0, 1.5))
                gateway.end(signal.SIGKILL)
                assert_all_there(tmp_path / "ring.pool", notes.read_text(), (kill, SEED))
            assert gateway.end() == 0, gateway.log()[-2000:]
        finally:
            centre.close()
            gateway.close()
    boots = [state.boot for state in centre.states if isinstance(state, Birth)]
    assert boots == sorted(set(boots)), boots
    pool = (tmp_path / "ring.pool").open("rb")
    with pool:

        def read(offset_bytes: int, length_bytes: int) -> bytes:
            pool.seek(offset_bytes)
            return pool.read(length_bytes)

        size_bytes = (tmp_path / "ring.pool").stat().st_size
        faults = check(read, size_bytes, OpenSslCipher())
    assert faults == [], faults[:5]
    print(f"{KILL_COUNT} kills, resumed after {min(resumed_s):.2f} to {max(resumed_s):.2f} s")


def assert_all_there(pool: Path, notes: str, case: object) -> None:
    """Compare the medium with everything that a barrier vouched for."""
    rows = vouched_for(notes)
    assert rows, case
    marks_bytes = pool.stat().st_size - COPY_COUNT * COPY_BYTES
    with pool.open("rb") as file:
        for offset_bytes, (length_bytes, digest) in rows.items():
            if offset_bytes >= marks_bytes:
                continue  # two copies written in turn: one may be under the pen
            file.seek(offset_bytes)
            found = hashlib.sha256(file.read(length_bytes)).hexdigest()
            assert found == digest, (case, offset_bytes, length_bytes)
