"""CPU seconds per recorded stream-hour at 4 Mbit/s, beside ffmpeg's segmenter in the same run.

usage: bench_recorder_cpu.py [--streams 1 8] [--seconds 30] [--rounds 3] [--watch] [--profile]

Ours: one process with the gateway's own recorder: RTSP by `hal.linux.rtsp`, `firmware.recorder`
with its ring, AES-256-GCM, one pool file, one barrier a second for all streams. With `--watch`
the measures of every camera are asked for once a second, as the health service does; then a
keyframe is decoded every 4 s.

ffmpeg: one process a stream, `-c copy -f segment` of 10 s, no encryption, no flush.

Both pull from the same real RTSP server at the same time; what starting costs is left out.
"""

import argparse
import cProfile
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

from firmware.app.medium import Medium  # noqa: E402
from firmware.keys.ratchet import Ratchet  # noqa: E402
from firmware.recorder.service import RecorderService  # noqa: E402
from firmware.ring import layout, recovery  # noqa: E402
from hal.linux.blocks import FileBlocks, create  # noqa: E402
from hal.linux.cipher import KernelEntropy, OpenSslCipher  # noqa: E402
from hal.linux.clock import SystemClock  # noqa: E402
from hal.linux.rtsp.camera import RtspCamera  # noqa: E402
from hal.linux.wake import Wake  # noqa: E402
from tests.hal.servers import FOOTAGE, film, program, rtsp  # noqa: E402

WARM_S = 5.0
SEGMENT_BYTES = 4 << 20
SEGMENTS_PER_STREAM = 8
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
HOUR_S = 3600
WATCH_EVERY_MS = 1000


def make_recorder(blocks: FileBlocks, names: list[str], now_ms: int) -> tuple:
    """Make a pool on an empty medium and a recorder on it, as the gateway does."""
    cipher = OpenSslCipher()
    wants = [(name, SEGMENT_BYTES, 1) for name in names]
    pool = layout.plan_pool(cipher, os.urandom(16), "bench", blocks.size_bytes, wants)
    medium = Medium(blocks)
    medium.submit(pool.format_plan(is_zeroed=True))
    states = [recovery.PartitionState(part) for part in pool.partitions]
    recorder = RecorderService(
        cipher, KernelEntropy(), pool, recovery.Recovered(pool, states, 0), 1
    )
    recorder.set_epoch("picture", Ratchet(cipher, 1, bytes(32)))
    recorder.set_time(1_800_000_000_000, 2, now_ms)
    return medium, recorder


def record(urls: list[str], pool: str, *, is_watched: bool, until_s: float) -> None:
    """Record until killed, or for so many seconds."""
    wake, clock = Wake(), SystemClock()
    blocks = FileBlocks(pool, wake)
    cameras = {f"camera-{at}/picture": RtspCamera(url, wake) for at, url in enumerate(urls)}
    medium, recorder = make_recorder(blocks, list(cameras), clock.now_ms())
    for camera in cameras.values():
        camera.open()
    watch_ms, due_ms = 0, 0
    end_ms = clock.now_ms() + int(until_s * 1000)
    shown = dict.fromkeys(cameras)
    while clock.now_ms() < end_ms:
        wake.wait(max(0, min(250, due_ms - clock.now_ms())))
        now_ms = clock.now_ms()
        for name, camera in cameras.items():
            while (unit := camera.read()) is not None:
                if shown[name] is not camera.parameters():
                    shown[name] = camera.parameters()
                    assert recorder.open_stream(name, shown[name], now_ms) == ""
                recorder.receive(name, unit, now_ms)
        for token, code in medium.poll():
            assert code == "", code
            recorder.on_completion(token, code, now_ms)
        plan, due_ms = recorder.step(now_ms)
        recorder.on_submitted(medium.submit(plan))
        if is_watched and now_ms >= watch_ms:
            watch_ms = now_ms + WATCH_EVERY_MS
            for camera in cameras.values():
                camera.measures()
    dropped = sum(camera.dropped_count for camera in cameras.values())
    print(f"{recorder.barrier_count} barriers, {dropped} dropped", file=sys.stderr)


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


def run_round(urls: list[str], settings: argparse.Namespace, folder: Path) -> dict:
    """Let both record side by side; returns (CPU seconds a stream-hour, MB) for each."""
    pool = folder / "pool"
    pool.unlink(missing_ok=True)
    create(str(pool), (len(urls) * SEGMENTS_PER_STREAM + 1) * SEGMENT_BYTES)
    words = ["--watch"] if settings.watch else []
    words += ["--profile"] if settings.profile else []
    words += ["--seconds", str(settings.seconds + WARM_S)]
    ours = subprocess.Popen([sys.executable, __file__, *words, "--record", str(pool), *urls])
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
    time.sleep(settings.seconds - 1)
    span_s = time.monotonic() - start_s
    stream_hours = span_s * len(urls) / HOUR_S
    result = {}
    for name, group in groups.items():
        used_s = sum(map(cpu_s, group)) - before[name]
        result[name] = (used_s / stream_hours, sum(map(rss_mb, group)))
    ours.wait()
    for process in theirs:
        process.send_signal(signal.SIGKILL)
        process.wait()
    return result


def show(stream_count: int, rounds: list[dict]) -> None:
    """Print the medians of all rounds and their ratio."""
    print(f"{stream_count} streams")
    medians = {}
    for name in ("lamppost", "ffmpeg"):
        values = sorted(one[name][0] for one in rounds)
        medians[name] = statistics.median(values)
        memory_mb = statistics.median(one[name][1] for one in rounds)
        span = f"[{values[0]:.1f}..{values[-1]:.1f}]"
        told = f"{medians[name]:6.1f} CPU-s a stream-hour {span}, {memory_mb:.0f} MB in all"
        print(f"  {name:9} {told}")
    ratio = medians["lamppost"] / medians["ffmpeg"]
    print(f"  ratio     {ratio:6.2f} (below 1: less than ffmpeg)", flush=True)


def main() -> None:
    """Run all rounds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--record", nargs="+", help=argparse.SUPPRESS)
    parser.add_argument("--streams", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--watch", action="store_true", help="measure the pictures as well")
    parser.add_argument("--profile", action="store_true", help="print where our time goes")
    settings = parser.parse_args()
    if settings.record:
        pool, *urls = settings.record
        profile = cProfile.Profile()
        run = (
            profile.runcall
            if settings.profile
            else lambda call, *args, **words: call(*args, **words)
        )
        run(record, urls, pool, is_watched=settings.watch, until_s=settings.seconds)
        if settings.profile:
            profile.print_stats("tottime")
        return
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=FOOTAGE.parent))
    try:
        source = street_4mbit()
        print(f"{source.stat().st_size * 8 / 65e6:.1f} Mbit/s, {settings.seconds:g} s a round")
        with rtsp(folder, source) as server:
            for count in settings.streams:
                urls = [f"rtsp://127.0.0.1:{server.port}/silent"] * count
                rounds = [run_round(urls, settings, folder) for _ in range(settings.rounds)]
                show(count, rounds)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
