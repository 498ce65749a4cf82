"""CPU seconds per recorded stream-hour at 4 Mbit/s, beside ffmpeg's segmenter in the same run.

usage: bench_recorder_cpu.py [--streams 1 8 32] [--seconds 30] [--rounds 3] [--watch] [--profile]
                             [--silent] [--gstreamer]

Ours: one process with the gateway's own recorder: RTSP by `hal.linux.rtsp`, a session for the
picture and one for the sound of each camera, `firmware.recorder` with its ring, AES-256-GCM, one
pool file, one barrier a second for all streams. With `--watch` the measures of every camera are
asked for once a second, as the health service does; then keyframes are decoded as well.

ffmpeg: one process a stream, `-c copy -f segment` of 10 s, no encryption, no flush.

Both pull from the same RTSP server at the same time; what starting costs is left out. The server
is `replay_rtsp.py`, because 32 cameras of GStreamer with two recorders each are more than two
cores carry; with `--gstreamer` it is GStreamer, which sends packet by packet.
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
import threading
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
from hal.linux.rtsp.microphone import RtspMicrophone  # noqa: E402
from hal.linux.wake import Wake  # noqa: E402
from tests.hal.servers import FOOTAGE, Server, film, free_port, program, rtsp  # noqa: E402

WARM_S = 5.0
SEGMENT_BYTES = 4 << 20
SOUND_SEGMENT_BYTES = 512 << 10
SEGMENTS_PER_STREAM = 8
SOUND_CHAIN = "sound:bench"
HOUR_S = 3600
WATCH_EVERY_MS = 1000


def make_recorder(blocks: FileBlocks, names: list[str], now_ms: int) -> tuple:
    """Make a pool on an empty medium and a recorder on it, as the gateway does."""
    cipher = OpenSslCipher()
    wants = [
        (name, SOUND_SEGMENT_BYTES, 1) if name.endswith("/sound") else (name, SEGMENT_BYTES, 8)
        for name in names
    ]
    pool = layout.plan_pool(cipher, os.urandom(16), "bench", blocks.size_bytes, wants)
    medium = Medium(blocks)
    medium.submit(pool.format_plan(is_zeroed=True))
    states = [recovery.PartitionState(part) for part in pool.partitions]
    recorder = RecorderService(
        cipher, KernelEntropy(), pool, recovery.Recovered(pool, states, 0), 1
    )
    recorder.set_epoch("picture", Ratchet(cipher, 1, bytes(32)))
    recorder.set_epoch(SOUND_CHAIN, Ratchet(cipher, 1, bytes(32)))
    recorder.set_time(1_800_000_000_000, 2, now_ms)
    return medium, recorder


def hand_on(
    name: str, source: RtspCamera | RtspMicrophone, recorder: RecorderService, now_ms: int
) -> None:
    """Give the recorder all that a source has."""
    chain = SOUND_CHAIN if name.endswith("/sound") else "picture"
    units = []
    while (unit := source.read()) is not None:
        units.append(unit)
    parameters = source.parameters()
    if units and parameters is not None:
        assert recorder.open_stream(name, parameters, now_ms, chain) == ""
        for one in units:
            recorder.receive(name, one, now_ms)


def record(urls: list[str], settings: argparse.Namespace, pool: str) -> None:
    """Record for so many seconds."""
    wake, clock = Wake(), SystemClock()
    blocks = FileBlocks(pool, wake)
    sources: dict[str, RtspCamera | RtspMicrophone] = {
        f"camera-{at}/picture": RtspCamera(url, wake) for at, url in enumerate(urls)
    }
    if not settings.silent:
        sources |= {f"camera-{at}/sound": RtspMicrophone(url, wake) for at, url in enumerate(urls)}
    medium, recorder = make_recorder(blocks, list(sources), clock.now_ms())
    for source in sources.values():
        source.open()
    watch_ms, due_ms, turn_count = 0, 0, 0
    end_ms = clock.now_ms() + int(settings.seconds * 1000)
    while clock.now_ms() < end_ms:
        wake.wait(max(0, min(1000, due_ms - clock.now_ms())))
        now_ms = clock.now_ms()
        turn_count += 1
        for name, source in sources.items():
            hand_on(name, source, recorder, now_ms)
        for token, code in medium.poll():
            assert code == "", code
            recorder.on_completion(token, code, now_ms)
        plan, due_ms = recorder.step(now_ms)
        recorder.on_submitted(medium.submit(plan))
        if settings.watch and now_ms >= watch_ms:
            watch_ms = now_ms + WATCH_EVERY_MS
            for camera in [one for one in sources.values() if isinstance(one, RtspCamera)]:
                camera.measures()
    dropped = sum(source.dropped_count for source in sources.values())
    recorded = sum(recorder.state(name).recorded_bytes for name in sources)
    words = f"{turn_count} turns, {recorder.barrier_count} barriers, {recorded / 1e6:.1f} MB"
    print(f"{words}, {dropped} dropped", file=sys.stderr)
    for thread in threading.enumerate() if settings.profile else ():
        used_s = time.clock_gettime(time.pthread_getcpuclockid(thread.ident or 0))
        print(f"  thread {thread.name}: {used_s:.2f} s", file=sys.stderr)


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


def cpu_s(process: subprocess.Popen) -> float:
    """User and system time of a living process and its threads, seconds."""
    tasks = Path(f"/proc/{process.pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9


def rss_mb(process: subprocess.Popen) -> float:
    """Resident memory of a living process."""
    pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def run_round(urls: list[str], settings: argparse.Namespace, folder: Path) -> dict:
    """Let both record side by side; returns (CPU seconds a stream-hour, MB) for each."""
    pool = folder / "pool"
    pool.unlink(missing_ok=True)
    create(str(pool), (len(urls) * SEGMENTS_PER_STREAM + 1) * SEGMENT_BYTES)
    flags = ("watch", "profile", "silent")
    words = [f"--{flag}" for flag in flags if getattr(settings, flag)]
    words += ["--seconds", str(settings.seconds + WARM_S)]
    ours = subprocess.Popen([sys.executable, __file__, *words, "--record", str(pool), *urls])
    theirs = []
    for index, url in enumerate(urls):
        target = folder / f"segments-{index}"
        target.mkdir(exist_ok=True)
        command = [program("ffmpeg"), "-v", "fatal", "-rtsp_transport", "tcp"]
        command += ["-allowed_media_types", "video"] if settings.silent else []
        command += ["-i", url, "-c", "copy", "-f", "segment"]
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
    parser.add_argument("--streams", type=int, nargs="+", default=[1, 8, 32])
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--watch", action="store_true", help="measure the pictures as well")
    parser.add_argument("--profile", action="store_true", help="print where our time goes")
    parser.add_argument("--silent", action="store_true", help="record no sound")
    parser.add_argument("--gstreamer", action="store_true", help="serve by GStreamer")
    settings = parser.parse_args()
    if settings.record:
        pool, *urls = settings.record
        profile = cProfile.Profile()
        if settings.profile:
            profile.enable()
        record(urls, settings, pool)
        if settings.profile:
            profile.print_stats("tottime")
        return
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
