"""Weighs the ring against a plain file of the same bytes: `python benchmarks/bench_ring.py`.

The recorder seals access units with AES-256-GCM and writes a pool file with one fdatasync for
each second of footage; the plain file gets the same units and the same number of fdatasyncs.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from pathlib import Path

from firmware.keys.ratchet import Ratchet
from firmware.recorder.service import RecorderService
from firmware.ring import layout, recovery
from hal.api.media import AccessUnit, StreamParameters
from hal.linux.cipher import KernelEntropy, OpenSslCipher

STREAM_COUNT = 8
FRAME_BYTES = 20_000  # 4 Mbit/s at 25 pictures a second
FRAMES_PER_SECOND = 25
SEGMENT_BYTES = 8 << 20
POOL_BYTES = 512 << 20
PARAMETERS = StreamParameters("h264", 90_000, b"", 1920, 1080)


def make_file(path: Path, size_bytes: int) -> int:
    """Preallocate a file with written extents, as a unit in service has."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    for offset in range(0, size_bytes, 1 << 20):
        os.pwrite(descriptor, bytes(1 << 20), offset)
    os.fsync(descriptor)
    return descriptor


def write_ring(descriptor: int, seconds: int) -> "tuple[float, float]":
    """Record; returns (wall seconds, CPU seconds)."""
    cipher, entropy = OpenSslCipher(), KernelEntropy()
    wants = [(f"camera-{at}/picture", SEGMENT_BYTES, 1) for at in range(STREAM_COUNT)]
    pool = layout.plan_pool(cipher, os.urandom(16), "bench", POOL_BYTES, wants)
    recovered = recovery.Recovered(
        pool, [recovery.PartitionState(part) for part in pool.partitions], 0
    )
    service = RecorderService(cipher, entropy, pool, recovered, 1)
    service.set_epoch("picture", Ratchet(cipher, 1, bytes(32)))
    for stream, _, _ in wants:
        service.open_stream(stream, PARAMETERS, 0)
    data = os.urandom(FRAME_BYTES)
    token = 0
    wall, cpu = time.perf_counter(), time.process_time()
    for number in range(seconds * FRAMES_PER_SECOND):
        now_ms = number * 1000 // FRAMES_PER_SECOND
        for stream, _, _ in wants:
            unit = AccessUnit(data, now_ms, number * 3600, number * 3600, number % 50 == 0)
            service.receive(stream, unit, now_ms)
        plan, _ = service.step(now_ms)
        tokens: list[int] = []
        for kind, offset, page in plan:
            token += 1
            tokens.append(token)
            if kind == "write":
                os.pwrite(descriptor, page, offset)
            else:
                os.fdatasync(descriptor)
        service.on_submitted(tokens)
        for done in tokens:
            service.on_completion(done, "", now_ms)
    return time.perf_counter() - wall, time.process_time() - cpu


def write_plain(descriptor: int, seconds: int) -> "tuple[float, float]":
    """Write the same bytes in the clear, a second of a stream at a time."""
    data = os.urandom(FRAME_BYTES)
    offset = 0
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(seconds):
        for _ in range(STREAM_COUNT):
            block = b"".join([data] * FRAMES_PER_SECOND)
            if offset + len(block) > POOL_BYTES:
                offset = 0
            os.pwrite(descriptor, block, offset)
            offset += len(block)
        os.fdatasync(descriptor)
    return time.perf_counter() - wall, time.process_time() - cpu


def main() -> None:
    """Interleave rounds of both and print medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=60, help="of footage in each round")
    options = parser.parse_args()
    megabytes = options.seconds * FRAMES_PER_SECOND * STREAM_COUNT * FRAME_BYTES / 1e6
    results: dict[str, list[tuple[float, float]]] = {"ring": [], "plain": []}
    with tempfile.TemporaryDirectory() as folder:
        ring = make_file(Path(folder) / "ring", POOL_BYTES)
        plain = make_file(Path(folder) / "plain", POOL_BYTES)
        for _ in range(options.rounds):
            results["ring"].append(write_ring(ring, options.seconds))
            results["plain"].append(write_plain(plain, options.seconds))
        os.close(ring)
        os.close(plain)
    speed = {
        name: round(megabytes / statistics.median(wall for wall, _ in rounds), 1)
        for name, rounds in results.items()
    }
    cpu = {
        name: round(statistics.median(used for _, used in rounds) / megabytes * 1000, 2)
        for name, rounds in results.items()
    }
    report = {
        "bench": "ring",
        "ring_mb_per_s": speed["ring"],
        "plain_mb_per_s": speed["plain"],
        "ratio": round(speed["ring"] / speed["plain"], 3),
        "ring_cpu_s_per_gb": cpu["ring"],
        "plain_cpu_s_per_gb": cpu["plain"],
        "megabytes_per_round": megabytes,
        "rounds": options.rounds,
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
