"""Plays random sequences against the dome's drive, as many as wanted, and tells what it saw.

    python -m benchmarks.campaign_ptz 1000000 1365729465
    python -m benchmarks.campaign_ptz 100000 1365729465 places

The second also turns heads to places, sends them home and reckons those that never answer.
Sequence n is drawn from seed + n alone, so that any can be played again. It needs nothing but
the standard library, so that a faster interpreter than CPython may run it. A broken rule ends it
with status 1 and names the sequence; every thousand sequences a line says how far it is.
"""

import sys
import time

from tests.sim.ptz_campaign import Sequence, play
from tests.sim.ptz_places import PlaceSequence
from tests.sim.ptz_witness import BrokenError

STRIDE = 1000
SEED = 1365729465


def main() -> int:
    """Play them; returns the exit status."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else STRIDE
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else SEED
    make = PlaceSequence if sys.argv[3:] == ["places"] else Sequence
    total: dict[str, int] = {}
    start_s = time.perf_counter()
    for done in range(0, count, STRIDE):
        batch = min(STRIDE, count - done)
        try:
            told = play(batch, seed + done, make=make)
        except BrokenError as error:
            print(f"BROKEN {error}", flush=True)
            return 1
        for name, value in told.items():
            total[name] = total.get(name, 0) + value
        span_s = time.perf_counter() - start_s
        print(f"{done + batch} sequences of seed {seed} in {span_s:.0f} s: {total}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
