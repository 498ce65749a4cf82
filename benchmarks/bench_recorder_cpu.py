"""CPU seconds per recorded stream-hour at 4 Mbit/s, beside ffmpeg's segmenter in the same run.

usage: bench_recorder_cpu.py [--streams 4] [--seconds 30] [--rounds 2]

Ours: one process, RTSP by PyAV with a keyframe a second decoded for the measures, one AES-256-GCM
record a second for each stream, one pool file, one barrier a second for all streams. The pool is
written through the Blocks port directly, without `firmware/ring`, whose frame tables cost extra.

ffmpeg: one process a stream, `-c copy -f segment` of 10 s, no encryption, no flush.

Both pull from the same real RTSP server at the same time; what starting costs is left out.
"""

import argparse
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from hal.linux.blocks import FileBlocks, create  # noqa: E402
from hal.linux.camera import StreamCamera  # noqa: E402
from hal.linux.cipher import OpenSslCipher  # noqa: E402
from hal.linux.pull import boot_ms  # noqa: E402
from hal.linux.wake import Wake  # noqa: E402
from tests.hal.servers import FOOTAGE, film, program, rtsp  # noqa: E402

WARM_S = 4.0
POOL_BYTES = 64 * 1024 * 1024
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
HOUR_S = 3600


def record(urls: list[str], pool: str) -> None:
    """Record until killed."""
    wake = Wake()
    blocks = FileBlocks(pool, wake)
    cameras = [StreamCamera(url, wake) for url in urls]
    for camera in cameras:
        camera.open()
    cipher, key = OpenSslCipher(), os.urandom(32)
    pieces: list[list[bytes]] = [[] for _ in cameras]
    offset, nonce, due_ms = 0, 0, boot_ms() + 1000
    while True:
        wake.wait(100)
        for camera, waiting in zip(cameras, pieces, strict=True):
            while (unit := camera.read()) is not None:
                waiting.append(unit.data)
        blocks.poll()
        if boot_ms() < due_ms:
            continue
        due_ms += 1000
        for waiting in pieces:
            nonce += 1
            sealed = cipher.seal(key, nonce.to_bytes(12, "big"), b"", b"".join(waiting))
            waiting.clear()
            sealed += bytes(-len(sealed) % blocks.align_bytes)
            offset = 0 if offset + len(sealed) > blocks.size_bytes else offset
            blocks.submit_write(offset, sealed)
            offset += len(sealed)
        blocks.submit_barrier()


def street_4mbit() -> Path:
    """Real footage at 4 Mbit/s constant, 720p, 65 s; made once."""
    path = FOOTAGE / "cup_4mbit.mp4"
    if not path.exists():
        part = path.with_suffix(".part.mp4")
        coder = "-vf scale=1280:960,fps=25 -c:v libx264 -preset veryfast -b:v 4M -minrate 4M"
        coder += " -maxrate 4M -bufsize 4M -g 50 -bf 0 -x264-params nal-hrd=cbr -c:a copy"
        command = [program("ffmpeg"), "-v", "error", "-y", "-i", str(film()), *coder.split()]
        subprocess.run([*command, str(part)], check=True)
        part.rename(path)
    return path


def cpu_s(process: subprocess.Popen) -> float:
    """User and system time of a living process, seconds."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def rss_mb(process: subprocess.Popen) -> float:
    """Resident memory of a living process."""
    pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def run_round(urls: list[str], seconds: float, folder: Path) -> dict[str, tuple[float, float]]:
    """Let both record side by side; returns CPU seconds a stream-hour and MB, for each."""
    pool = folder / "pool"
    pool.unlink(missing_ok=True)
    create(str(pool), POOL_BYTES)
    ours = subprocess.Popen([sys.executable, __file__, "--record", str(pool), *urls])
    theirs = []
    for index, url in enumerate(urls):
        target = folder / f"segments-{index}"
        target.mkdir(exist_ok=True)
        command = [program("ffmpeg"), "-v", "fatal", "-rtsp_transport", "tcp"]
        command += ["-allowed_media_types", "video", "-i", url, "-c", "copy", "-f", "segment"]
        command += ["-segment_time", "10", str(target / "%03d.mp4")]
        theirs.append(subprocess.Popen(command, stdin=subprocess.DEVNULL))
    groups = {"lamppost": [ours], "ffmpeg": theirs}
    time.sleep(WARM_S)
    before = {name: sum(map(cpu_s, group)) for name, group in groups.items()}
    start_s = time.monotonic()
    time.sleep(seconds)
    span_s = time.monotonic() - start_s
    stream_hours = span_s * len(urls) / HOUR_S
    result = {}
    for name, group in groups.items():
        used_s = sum(map(cpu_s, group)) - before[name]
        result[name] = (used_s / stream_hours, sum(map(rss_mb, group)) / len(urls))
    for process in (ours, *theirs):
        process.send_signal(signal.SIGKILL)
        process.wait()
    return result


def main() -> None:
    """Run all rounds and print the medians and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--record", nargs="+", help=argparse.SUPPRESS)
    parser.add_argument("--streams", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--rounds", type=int, default=2)
    settings = parser.parse_args()
    if settings.record:
        record(settings.record[1:], settings.record[0])
        return
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=FOOTAGE.parent))
    rounds = []
    try:
        source = street_4mbit()
        mbit_per_s = source.stat().st_size * 8 / 65e6
        with rtsp(folder, source) as server:
            urls = [f"rtsp://127.0.0.1:{server.port}/silent"] * settings.streams
            for _ in range(settings.rounds):
                one = run_round(urls, settings.seconds, folder)
                rounds.append(one)
                print(one, flush=True)
    finally:
        shutil.rmtree(folder)
    print(f"{settings.streams} streams of {mbit_per_s:.1f} Mbit/s, {settings.seconds:g} s a round")
    medians = {}
    for name in ("lamppost", "ffmpeg"):
        values = sorted(one[name][0] for one in rounds)
        medians[name] = statistics.median(values)
        memory_mb = statistics.median(one[name][1] for one in rounds)
        span = f"[{values[0]:.1f}..{values[-1]:.1f}]"
        print(
            f"{name:9} {medians[name]:6.1f} CPU-s per stream-hour {span}  {memory_mb:.1f} MB each"
        )
    print(f"ratio     {medians['lamppost'] / medians['ffmpeg']:6.2f} (below 1: less than ffmpeg)")


if __name__ == "__main__":
    main()
