"""How often a recorder flushes its disk, and how much more it writes than it was given.

usage: bench_flush.py [--streams 1 8 32] [--seconds 40]

Our recorder and ffmpeg's segmenter each have an ext4 of their own behind a loop device, and record
the same cameras of 4 Mbit/s with sound at the same time. What counts is what the kernel's
statistics say of the loop device, file system and its journal included, from before the first byte
to after the last was synced. Needs root or sudo for the loop devices.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.bench_recorder_cpu import (  # noqa: E402
    end,
    make_pool,
    replay,
    start_recorder,
    start_segmenter,
    street_4mbit,
)
from benchmarks.recorder_process import pool_bytes  # noqa: E402
from tests.hal.servers import FOOTAGE, program  # noqa: E402
from tests.rig.cut_disk import CutDisk  # noqa: E402

SECTOR_BYTES = 512
WRITTEN_SECTORS, FLUSHES = 6, 15  # places in the kernel's block statistics
ROOM_BYTES = 256 << 20
STREAM_BYTES_PER_S = 600_000


def counted(disk: CutDisk) -> tuple[int, int]:
    """Sync the disk; returns (bytes written, flushes) so far."""
    subprocess.run([program("sync"), "--file-system", str(disk.path)], check=True)
    found = disk.statistics()
    return found[WRITTEN_SECTORS] * SECTOR_BYTES, found[FLUSHES]


def show(name: str, written_bytes: int, media_bytes: int, flushes_per_s: float) -> None:
    """Print one row."""
    ratio = written_bytes / media_bytes
    print(
        f"  {name:9} {media_bytes / 1e6:7.1f} MB given, {written_bytes / 1e6:7.1f} MB written: "
        f"{ratio:.4f}; {flushes_per_s:.2f} flushes a second",
        flush=True,
    )


def run(urls: list[str], seconds: float, folder: Path) -> None:
    """Let both record and print what each did to its disk."""
    peer_bytes = int(len(urls) * STREAM_BYTES_PER_S * seconds) + ROOM_BYTES
    with (
        CutDisk(folder, f"ours-{len(urls)}", pool_bytes(len(urls)) + ROOM_BYTES) as ours,
        CutDisk(folder, f"theirs-{len(urls)}", peer_bytes) as theirs,
    ):
        make_pool(ours.path / "pool", len(urls))
        before = {disk: counted(disk) for disk in (ours, theirs)}
        recorder = start_recorder(ours.path / "pool", urls, "--seconds", str(seconds))
        segmenters = [
            start_segmenter(theirs.path / f"segments-{index}", url, is_silent=False)
            for index, url in enumerate(urls)
        ]
        start_s = time.monotonic()
        words = recorder.communicate()[0]
        span_s = time.monotonic() - start_s
        for process in segmenters:
            end(process)
        assert recorder.returncode == 0, "a camera was lost; the machine is too busy for a figure"
        told = json.loads(words)
        after = {disk: counted(disk) for disk in (ours, theirs)}
        media_bytes = sum(path.stat().st_size for path in theirs.path.rglob("*.mp4"))
    for name, disk, given_bytes in (
        ("lamppost", ours, told["media_bytes"]),
        ("ffmpeg", theirs, media_bytes),
    ):
        written_bytes = after[disk][0] - before[disk][0]
        flushes_per_s = (after[disk][1] - before[disk][1]) / span_s
        show(name, written_bytes, given_bytes, flushes_per_s)
    print(f"  {told['barrier_count'] / span_s:.2f} barriers a second", flush=True)


def main() -> None:
    """Run each number of streams once."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--streams", type=int, nargs="+", default=[1, 8, 32])
    parser.add_argument("--seconds", type=float, default=40.0)
    settings = parser.parse_args()
    source = street_4mbit()
    with (
        tempfile.TemporaryDirectory(prefix="bench-", dir=FOOTAGE.parent) as name,
        replay(Path(name), source) as server,
    ):
        for count in settings.streams:
            print(f"{count} streams")
            run([f"rtsp://127.0.0.1:{server.port}/both"] * count, settings.seconds, Path(name))


if __name__ == "__main__":
    main()
