"""How soon a gateway records again after SIGKILL, with a small ring and with a large one.

usage: bench_start.py [--kills 10]

Seconds from the start of the process to the completion of its first barrier, as a witness inside
the medium notes it. The large ring is a sparse file of 100 GiB, blank at first; a
unit that finds none reserves it, which takes no longer.
"""

import argparse
import random
import signal
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.hal.servers import mosquitto  # noqa: E402
from tests.rig.gateway import Gateway, make_film  # noqa: E402

SEED = 1
RINGS = {"256 MiB": 256 << 20, "100 GiB": 100 << 30}
WAIT_S = 60.0


def recording_after_s(gateway: Gateway, notes: Path) -> float:
    """Start a gateway; returns how long its first barrier took."""
    noted_bytes, begun_s = notes.stat().st_size, time.monotonic()
    gateway.start(["-m", "tests.rig.witnessed", str(gateway.site), str(notes)])
    while notes.stat().st_size == noted_bytes:
        assert gateway.process is not None
        assert gateway.process.poll() is None, gateway.log()[-2000:]
        assert time.monotonic() - begun_s < WAIT_S, gateway.log()[-2000:]
        time.sleep(0.005)
    return time.monotonic() - begun_s


def run(ring: str, kill_count: int) -> None:
    """Kill a gateway with such a ring again and again, and print how soon it was back."""
    chance = random.Random(SEED)  # noqa: S311  # the same every time
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        film, notes = make_film(folder / "film.mp4"), folder / "notes"
        notes.touch()
        with (folder / "ring.pool").open("wb") as pool:
            pool.truncate(RINGS[ring])
        (folder / "ring.pool").chmod(0o600)
        with mosquitto(folder) as broker:
            gateway = Gateway(folder, broker.port, film, ring=ring)
            try:
                first_s = recording_after_s(gateway, notes)
                again_s = []
                for _ in range(kill_count):
                    time.sleep(chance.uniform(0.5, 2.0))
                    gateway.end(signal.SIGKILL)
                    again_s.append(recording_after_s(gateway, notes))
            finally:
                gateway.close()
    again = f"{statistics.median(again_s):.2f} s median, {max(again_s):.2f} s most"
    print(f"ring of {ring}: first start {first_s:.2f} s; after {kill_count} kills {again}")


def main() -> None:
    """Run every ring."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=10)
    settings = parser.parse_args()
    for ring in RINGS:
        run(ring, settings.kills)


if __name__ == "__main__":
    main()
