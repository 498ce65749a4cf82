"""What the continuity ledger of a large site costs: `python -m benchmarks.bench_ledger`.

64 streams with a full month, half of them recording: a judgement twice a second, a mark a second.
"""

import sys
import time

from firmware.cbor.encode import dumps
from firmware.recorder.causes import NO_PICTURE, PRIVACY
from firmware.recorder.days import DAY_MS, ROW_COUNT_MAX
from firmware.recorder.ledger import StreamLedger, WallClock

STREAM_COUNT = 64
SPAN_S = 120
JUDGEMENTS_PER_S = 2
BEGIN_MS = 20_700 * DAY_MS


def month(wall: WallClock) -> list[StreamLedger]:
    """Make ledgers that hold a month."""
    ledgers = [StreamLedger(wall, 0) for _ in range(STREAM_COUNT)]
    for ledger in ledgers:
        for day in range(ROW_COUNT_MAX):
            ledger.days.fill(BEGIN_MS + day * DAY_MS + DAY_MS // 2, 0, day * 144)
            ledger.days.fill(BEGIN_MS + (day + 1) * DAY_MS, day % 7, day * 144)
    return ledgers


def main() -> int:
    """Measure and print."""
    wall = WallClock()
    ledgers = month(wall)
    names = [f"camera-{at // 2}/{'picture' if at % 2 else 'sound'}" for at in range(STREAM_COUNT)]
    wall.set(BEGIN_MS + ROW_COUNT_MAX * DAY_MS, 2, 0)
    begin_s = time.process_time()
    for step in range(SPAN_S * JUDGEMENTS_PER_S):
        now_ms = (step + 1) * 1000 // JUDGEMENTS_PER_S
        wall.set(BEGIN_MS + ROW_COUNT_MAX * DAY_MS + now_ms, 2, now_ms)
        for at, ledger in enumerate(ledgers):
            is_on = at % 2 == 0
            ledger.blame(NO_PICTURE if is_on else PRIVACY, now_ms, now_ms)
            spans = [(now_ms - 500, now_ms, False)] if is_on else []
            ledger.step(spans, now_ms, now_ms)
    judged_s = time.process_time() - begin_s
    begin_s = time.process_time()
    mark = b""
    for _ in range(SPAN_S):
        pairs = zip(names, ledgers, strict=True)
        mark = dumps({name: ledger.days.pack(2) for name, ledger in pairs})
    marked_s = time.process_time() - begin_s
    pairs = zip(names, ledgers, strict=True)
    stored = dumps({name: ledger.days.pack(ROW_COUNT_MAX) for name, ledger in pairs})
    sys.stdout.write(
        f"{STREAM_COUNT} streams: judging {judged_s * 1000 / SPAN_S:.2f} ms of CPU a second, "
        f"marks {marked_s * 1000 / SPAN_S:.2f} ms; mark {len(mark)} bytes, "
        f"all days {len(stored)} bytes\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
