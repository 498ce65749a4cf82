"""Flushes a second and write amplification of a recorder, as the block device counts them.

usage: bench_flush.py [--streams 1 8 32] [--seconds 40]

The pool lies on an ext4 of its own behind a loop device. The gateway's recorder records so many
cameras of 4 Mbit/s with sound on it; what the device was asked to write, its file system's own
blocks included, is set beside the bytes that the cameras sent. Needs root or sudo.
"""

import argparse
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks import bench_recorder_cpu as recorder  # noqa: E402
from hal.linux.blocks import create  # noqa: E402
from tests.rig.cut_disk import CutDisk  # noqa: E402

SECTOR_BYTES = 512
WRITES, WRITTEN_SECTORS, FLUSHES = 4, 6, 15  # places in the kernel's block statistics
SPARE_BYTES = 96 << 20
RECORDED = re.compile(r"([0-9.]+) MB")


def run(stream_count: int, seconds: float, folder: Path) -> None:
    """Record on a fresh disk and print what it counted."""
    pool_bytes = (stream_count * recorder.SEGMENTS_PER_STREAM + 1) * recorder.SEGMENT_BYTES
    film = recorder.street_4mbit()
    with (
        recorder.replay(folder, film) as server,
        CutDisk(folder, f"disk-{stream_count}", pool_bytes + SPARE_BYTES) as disk,
    ):
        pool = disk.path / "pool"
        create(str(pool), pool_bytes)
        subprocess.run(["sync", "-f", str(pool)], check=True)
        urls = [f"rtsp://127.0.0.1:{server.port}/{at}" for at in range(stream_count)]
        words = ["--seconds", str(seconds), "--record", str(pool), *urls]
        before, begun_s = disk.statistics(), time.monotonic()
        done = subprocess.run(
            [sys.executable, recorder.__file__, *words], capture_output=True, text=True, check=True
        )
        subprocess.run(["sync", "-f", str(pool)], check=True)
        span_s = time.monotonic() - begun_s
        counted = [late - early for early, late in zip(before, disk.statistics(), strict=True)]
    found = RECORDED.search(done.stderr)
    assert found, done.stderr
    recorded_bytes = float(found.group(1)) * 1e6
    amplification = counted[WRITTEN_SECTORS] * SECTOR_BYTES / recorded_bytes
    print(
        f"{stream_count:3} streams: {recorded_bytes / 1e6 / span_s:5.1f} MB/s, "
        f"write amplification {amplification:.3f}, {counted[FLUSHES] / span_s:.2f} flushes/s, "
        f"{counted[WRITES] / span_s:.0f} writes/s",
        flush=True,
    )


def main() -> None:
    """Run all numbers of streams."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--streams", type=int, nargs="+", default=[1, 8, 32])
    parser.add_argument("--seconds", type=float, default=40.0)
    settings = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for stream_count in settings.streams:
            run(stream_count, settings.seconds, Path(folder))


if __name__ == "__main__":
    main()
