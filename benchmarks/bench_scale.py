"""Grows a ring to 1 TiB and times recovery and seeks: `python -m benchmarks.bench_scale`.

The pool is a sparse file whose every segment has its real header, sealed under a key of its own,
as in the middle of the second lap; some segments are full of sealed records, and seeks go to
random seconds in those. All reads go past the page cache (O_DIRECT).
"""

import argparse
import json
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from firmware.ring import layout, recovery
from firmware.ring.content import Block, encode_block
from firmware.ring.reader import RingReader
from firmware.ring.segments import SegmentInfo
from firmware.ring.writer import PartitionWriter
from hal.api.media import AccessUnit, StreamParameters
from hal.linux.cipher import KernelEntropy, OpenSslCipher
from host_tools.evidence.scrub import DirectReader
from host_tools.evidence.seek import Seeker

STREAM = "camera-1/picture"
SEGMENT_BYTES = 64 << 20
RECORD_BYTES = 250_000  # half a second of 4 Mbit/s
RECORD_MS = 500
FIRST_UTC_MS = 1_800_000_000_000
PARAMETERS = StreamParameters("h264", 90_000, b"\x00\x00\x00\x01sps", 1920, 1080)


class OneKey:
    """A key chain whose content keys are as fresh as real ones, and known to the benchmark."""

    epoch = 1

    def __init__(self, cipher: OpenSslCipher) -> None:
        self._cipher = cipher

    def content_key(self, label: bytes) -> bytes:
        """Derive as a ratchet does."""
        return self._cipher.hmac_sha256(bytes(32), b"content" + label)


class Grown:
    """A pool of one partition in the middle of its second lap.

    Args:
        path: of the sparse file.
        size_bytes: of the pool.
        full_count: how many segments, besides the newest, are full of records.
    """

    def __init__(
        self, path: Path, size_bytes: int, full_count: int, segment_bytes: int = SEGMENT_BYTES
    ) -> None:
        self.path = path
        self.cipher = OpenSslCipher()
        self.source = OneKey(self.cipher)
        self.record_bytes = min(RECORD_BYTES, segment_bytes // 16)
        wants = [(STREAM, segment_bytes, 1)]
        self.layout = layout.plan_pool(self.cipher, os.urandom(16), "bench", size_bytes, wants)
        self.part = self.layout.partitions[0]
        self.newest = self.part.segment_count * 3 // 2
        self.segment_ms = self.record_count = 0
        self.record_count = len(self._segment(0, True)) - 1  # with the footer
        self.segment_ms = (self.record_count - 1) * RECORD_MS
        oldest = self.newest - self.part.segment_count + 1
        self.full = sorted(
            random.Random(1).sample(  # noqa: S311 - the same places each time
                range(oldest, self.newest), full_count
            )
        )
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        os.ftruncate(descriptor, self.layout.size_bytes)
        for _, offset, data in self.layout.format_plan(is_zeroed=True):
            os.pwrite(descriptor, data, offset)
        full = {*self.full, self.newest}
        for generation in range(oldest, self.newest + 1):
            for _, offset, data in self._segment(generation, generation in full):
                os.pwrite(descriptor, data, offset)
        os.fsync(descriptor)
        os.close(descriptor)

    def opened_utc_ms(self, generation: int) -> int:
        """When a generation was opened."""
        return FIRST_UTC_MS + generation * self.segment_ms

    def _segment(self, generation: int, is_full: bool) -> "list[tuple[str, int, bytes]]":
        """Plan a segment as the recorder does; returns the writes."""
        state = recovery.PartitionState(self.part, generation - 1, generation * self.record_count)
        writer = PartitionWriter(self.cipher, KernelEntropy(), self.layout, state)
        now_ms = generation * self.segment_ms
        stamp = (now_ms, self.opened_utc_ms(generation), 2)
        info = SegmentInfo(STREAM, "picture", 1, 1, stamp, PARAMETERS)
        plan = writer.open(self.source, info, b"")
        body = os.urandom(self.record_bytes)
        while is_full:
            unit = AccessUnit(body, now_ms, now_ms * 90, now_ms * 90, True)
            payload = encode_block(Block((now_ms, FIRST_UTC_MS + now_ms, 2), False, [unit]))
            if not writer.has_room(len(payload)):
                break
            writer.settled = writer.sequence
            plan.append(writer.append(payload, now_ms))
            now_ms += RECORD_MS
        if is_full and generation != self.newest:
            plan += writer.close("full", (now_ms, FIRST_UTC_MS + now_ms, 2))
        return plan

    def key_for(self, _key_id: bytes, label: bytes) -> bytes:
        """Answer as a keyholder that released every key."""
        return self.source.content_key(label)


def timed(work: Callable[[], object]) -> float:
    """Tell how long a call takes, ms."""
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def measure(folder: Path, size_gib: int, seek_count: int, full_count: int) -> dict[str, object]:
    """Grow a pool and measure it."""
    grown = Grown(folder / f"{size_gib}.pool", size_gib << 30, full_count)
    with DirectReader(grown.path) as direct:
        read_count = recovery.recover(direct.read, grown.layout).read_count
        recoveries = [timed(lambda: recovery.load(direct.read, 2**62)) for _ in range(9)]
        found = recovery.recover(direct.read, grown.layout).states[0]
        assert found.generation == grown.newest, "recovery found another segment"
        seeker = Seeker(direct.read, grown.layout, grown.part, found.generation, grown.key_for)
        seeks: list[float] = []
        floors: list[float] = []
        chance = random.Random(2)  # noqa: S311 - the same seconds each time
        for _ in range(seek_count):
            generation = chance.choice(grown.full)
            utc_ms = grown.opened_utc_ms(generation) + chance.randrange(grown.segment_ms)
            start = time.perf_counter()
            place = seeker.find(utc_ms)
            seeks.append((time.perf_counter() - start) * 1000)
            assert place is not None, utc_ms
            slot = generation % grown.part.segment_count
            at = grown.part.segment_offset_bytes(slot) + place.offset_bytes
            floors.append(timed(lambda at=at: direct.read(at, 256 << 10)))
            assert 0 <= utc_ms - place.utc_ms < RECORD_MS, (utc_ms, place.utc_ms)
        reader = RingReader(direct.read, grown.layout, None, lambda _key_id, _label: None)
        headers = timed(lambda: reader.segments(grown.part))
    grown.path.unlink()
    seeks.sort()
    floors.sort()
    return {
        "size_gib": size_gib,
        "segments": grown.part.segment_count,
        "recovery_reads": read_count,
        "recovery_ms_median": round(statistics.median(recoveries), 1),
        "recovery_ms_max": round(max(recoveries), 1),
        "seek_ms_p50": round(statistics.median(seeks), 2),
        "seek_ms_p99": round(seeks[len(seeks) * 99 // 100], 2),
        "one_read_ms_p99": round(floors[len(floors) * 99 // 100], 2),
        "all_headers_ms": round(headers),
    }


def main() -> None:
    """Measure every size and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="16,64,256,1024", help="of the pools, GiB")
    parser.add_argument("--seeks", type=int, default=1000, help="for each size")
    parser.add_argument("--full", type=int, default=16, help="segments full of records")
    parser.add_argument("--folder", default=None, help="on the disk to measure")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        for size in options.sizes.split(","):
            print(json.dumps(measure(Path(folder), int(size), options.seeks, options.full)))


if __name__ == "__main__":
    main()
