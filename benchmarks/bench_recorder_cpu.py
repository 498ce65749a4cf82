"""CPU seconds per recorded stream-hour at 4 Mbit/s, beside ffmpeg's segmenter in the same run.

usage: bench_recorder_cpu.py [--streams 1 8 32] [--seconds 30] [--rounds 3] [--watch] [--profile]
                             [--silent] [--gstreamer]

Ours is `recorder_process.py`: one process for all cameras, sealed, one barrier a second. With
`--watch` the measures of every camera are asked for once a second, as the health service does;
then keyframes are decoded as well.

ffmpeg: one process a stream, `-c copy -f segment` of 10 s, no encryption, no flush.

Both pull from the same RTSP server at the same time; what starting costs is left out. The server
is `replay_rtsp.py`, because 32 cameras of GStreamer with two recorders each are more than two
cores carry; with `--gstreamer` it is GStreamer, which sends packet by packet.
"""

import argparse
import json
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

from benchmarks.recorder_process import pool_bytes  # noqa: E402
from hal.linux.blocks import create  # noqa: E402
from tests.hal.servers import FOOTAGE, Server, film, free_port, program, rtsp  # noqa: E402

WARM_S = 5.0
HOUR_S = 3600
SAMPLE_S = 0.25
STREAM_BYTES_PER_S = 500_000
LATE_S_MAX = 4.0


def street_4mbit() -> Path:
    """Real footage at 4 Mbit/s constant, 720p, and its sound at 64 kbit/s; 65 s, made once."""
    path = FOOTAGE / "cup_4mbit_sound.mp4"
    if not path.exists():
        part = path.with_suffix(".part.mp4")
        coder = "-vf scale=1280:960,fps=25 -c:v libx264 -preset veryfast -b:v 4M -minrate 4M"
        coder += " -maxrate 4M -bufsize 4M -g 50 -bf 0 -x264-params nal-hrd=cbr"
        coder += " -c:a aac -b:a 64k -ar 16000 -ac 1"
        command = [program("ffmpeg"), "-v", "error", "-y", "-i", str(film()), *coder.split()]
        subprocess.run([*command, str(part)], check=True)
        part.rename(path)
    return path


def replay(folder: Path, source: Path) -> Server:
    """Make the cheap server of one film."""
    port = free_port()
    script = Path(__file__).with_name("replay_rtsp.py")
    return Server([sys.executable, str(script), str(port), str(source)], port, folder)


def make_pool(pool: Path, stream_count: int) -> None:
    """Make a pool of zeros, every extent written, as a unit in service has."""
    pool.unlink(missing_ok=True)
    create(str(pool), pool_bytes(stream_count))


def start_recorder(pool: Path, urls: list[str], *words: str) -> subprocess.Popen:
    """Start our recorder on a pool of zeros."""
    script = Path(__file__).with_name("recorder_process.py")
    command = [sys.executable, str(script), *words, str(pool), *urls]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def start_segmenter(folder: Path, url: str, *, is_silent: bool) -> subprocess.Popen:
    """Start ffmpeg for one stream."""
    folder.mkdir(exist_ok=True)
    command = [program("ffmpeg"), "-v", "fatal", "-rtsp_transport", "tcp"]
    command += ["-allowed_media_types", "video"] if is_silent else []
    command += ["-i", url, "-c", "copy", "-f", "segment", "-segment_time", "10"]
    command.append(str(folder / "%03d.mp4"))
    return subprocess.Popen(command, stdin=subprocess.DEVNULL)


def end(process: subprocess.Popen) -> None:
    """End a process that we started."""
    process.send_signal(signal.SIGKILL)
    process.wait()


def cpu_s(process: subprocess.Popen) -> float:
    """User and system time of a living process and its threads, seconds."""
    tasks = Path(f"/proc/{process.pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9


def rss_mb(process: subprocess.Popen) -> float:
    """Resident memory of a living process."""
    pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def run_round(urls: list[str], settings: argparse.Namespace, folder: Path) -> dict:
    """Let both record side by side; returns (CPU seconds a stream-hour, MB, most MB) for each."""
    flags = ("watch", "profile", "silent")
    words = [f"--{flag}" for flag in flags if getattr(settings, flag)]
    words += ["--seconds", str(settings.seconds + WARM_S)]
    make_pool(folder / "pool", len(urls))
    ours = start_recorder(folder / "pool", urls, *words)
    theirs = [
        start_segmenter(folder / f"segments-{index}", url, is_silent=settings.silent)
        for index, url in enumerate(urls)
    ]
    groups = {"lamppost": [ours], "ffmpeg": theirs}
    time.sleep(WARM_S)
    before = {name: sum(map(cpu_s, group)) for name, group in groups.items()}
    start_s = time.monotonic()
    sizes_mb = []
    while time.monotonic() - start_s < settings.seconds - 1:
        time.sleep(SAMPLE_S)
        sizes_mb.append(rss_mb(ours))
    stream_hours = (time.monotonic() - start_s) * len(urls) / HOUR_S
    used_s = {name: sum(map(cpu_s, group)) - before[name] for name, group in groups.items()}
    theirs_mb = sum(map(rss_mb, theirs))
    told = ours.communicate()[0].strip()
    is_busy = [process.poll() for process in theirs] != [None] * len(theirs)
    for process in theirs:
        end(process)
    print("  " + told, file=sys.stderr)
    assert ours.returncode == 0, "our recorder lost a camera; the machine is too busy for a figure"
    assert not is_busy, "ffmpeg lost a camera; the machine is too busy for a figure"
    least_bytes = STREAM_BYTES_PER_S * len(urls) * (settings.seconds + WARM_S - LATE_S_MAX)
    given_bytes = json.loads(told)["media_bytes"] if not settings.profile else least_bytes
    assert given_bytes >= least_bytes, "it began late; the machine is too busy for a figure"
    return {
        "lamppost": (
            used_s["lamppost"] / stream_hours,
            statistics.median(sizes_mb),
            max(sizes_mb),
        ),
        "ffmpeg": (used_s["ffmpeg"] / stream_hours, theirs_mb, theirs_mb),
    }


def show(stream_count: int, rounds: list[dict]) -> None:
    """Print the medians of all rounds and their ratio."""
    print(f"{stream_count} streams")
    medians = {}
    for name in ("lamppost", "ffmpeg"):
        values = sorted(one[name][0] for one in rounds)
        medians[name] = statistics.median(values)
        memory_mb = statistics.median(one[name][1] for one in rounds)
        most_mb = max(one[name][2] for one in rounds)
        span = f"[{values[0]:.1f}..{values[-1]:.1f}]"
        told = f"{medians[name]:6.1f} CPU-s a stream-hour {span}, {memory_mb:.0f} MB in all"
        print(f"  {name:9} {told}, {most_mb:.0f} at most")
    ratios = sorted(one["lamppost"][0] / one["ffmpeg"][0] for one in rounds)
    ratio = medians["lamppost"] / medians["ffmpeg"]
    print(f"  ratio     {ratio:6.2f} [{ratios[0]:.2f}..{ratios[-1]:.2f}]", flush=True)


def main() -> None:
    """Run all rounds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--streams", type=int, nargs="+", default=[1, 8, 32])
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--watch", action="store_true", help="measure the pictures as well")
    parser.add_argument("--profile", action="store_true", help="print where our time goes")
    parser.add_argument("--silent", action="store_true", help="record no sound")
    parser.add_argument("--gstreamer", action="store_true", help="serve by GStreamer")
    settings = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=FOOTAGE.parent))
    try:
        source = street_4mbit()
        print(f"{source.stat().st_size * 8 / 65e6:.1f} Mbit/s, {settings.seconds:g} s a round")
        with rtsp(folder, source) if settings.gstreamer else replay(folder, source) as server:
            for count in settings.streams:
                urls = [f"rtsp://127.0.0.1:{server.port}/both"] * count
                rounds = [run_round(urls, settings, folder) for _ in range(settings.rounds)]
                show(count, rounds)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
