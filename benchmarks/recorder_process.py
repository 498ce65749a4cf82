"""The gateway's recorder alone in a process, for the benchmarks to weigh.

usage: recorder_process.py [--seconds 30] [--watch] [--profile] [--silent] POOL URL ...

RTSP by `hal.linux.rtsp`, a session for the picture and one for the sound of each camera,
`firmware.recorder` with its ring, AES-256-GCM, one pool file, one barrier a second for all
streams. At its end it prints, as JSON, how many bytes of pictures and sound it was given and how
many turns and barriers that took.
"""

import argparse
import json
import os
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from firmware.app.medium import Medium  # noqa: E402
from firmware.keys.ratchet import Ratchet  # noqa: E402
from firmware.recorder.service import RecorderService  # noqa: E402
from firmware.ring import layout, recovery  # noqa: E402
from hal.linux.blocks import FileBlocks  # noqa: E402
from hal.linux.cipher import KernelEntropy, OpenSslCipher  # noqa: E402
from hal.linux.clock import SystemClock  # noqa: E402
from hal.linux.rtsp.camera import RtspCamera  # noqa: E402
from hal.linux.rtsp.microphone import RtspMicrophone  # noqa: E402
from hal.linux.wake import Wake  # noqa: E402

SEGMENT_BYTES = 4 << 20
SOUND_SEGMENT_BYTES = 512 << 10
SEGMENTS_PER_STREAM = 8
SOUND_CHAIN = "sound:bench"
WATCH_EVERY_MS = 1000
SETTLE_MS = 5000


def pool_bytes(stream_count: int) -> int:
    """How large a pool of so many cameras is."""
    return (stream_count * SEGMENTS_PER_STREAM + 1) * (SEGMENT_BYTES + SOUND_SEGMENT_BYTES)


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


class Account:
    """What the recorder was given and how often it turned."""

    def __init__(self) -> None:
        self.media_bytes = 0
        self.turn_count = 0

    def hand_on(
        self, name: str, source: RtspCamera | RtspMicrophone, recorder: RecorderService
    ) -> None:
        """Give the recorder all that a source has."""
        chain = SOUND_CHAIN if name.endswith("/sound") else "picture"
        units = []
        while (unit := source.read()) is not None:
            units.append(unit)
        parameters = source.parameters()
        if not units or parameters is None:
            return
        assert recorder.open_stream(name, parameters, units[-1].now_ms, chain) == ""
        for one in units:
            self.media_bytes += len(one.data)
            recorder.receive(name, one)

    def turn(self, medium: Medium, recorder: RecorderService, now_ms: int) -> int:
        """Let the recorder take its turn; returns when the next is due."""
        self.turn_count += 1
        for token, code in medium.poll():
            assert code == "", code
            recorder.on_completion(token, code, now_ms)
        plan, due_ms = recorder.step(now_ms)
        recorder.on_submitted(medium.submit(plan))
        return due_ms


def make_sources(
    urls: list[str], wake: Wake, *, is_silent: bool
) -> dict[str, RtspCamera | RtspMicrophone]:
    """Make the ports of every camera."""
    sources: dict[str, RtspCamera | RtspMicrophone] = {
        f"camera-{at}/picture": RtspCamera(url, wake) for at, url in enumerate(urls)
    }
    if not is_silent:
        sources |= {f"camera-{at}/sound": RtspMicrophone(url, wake) for at, url in enumerate(urls)}
    return sources


def record(settings: argparse.Namespace) -> None:
    """Record for so many seconds, settle, and tell the account."""
    wake, clock, account = Wake(), SystemClock(), Account()
    sources = make_sources(settings.urls, wake, is_silent=settings.silent)
    medium, recorder = make_recorder(
        FileBlocks(settings.pool, wake), list(sources), clock.now_ms()
    )
    for source in sources.values():
        source.open()
    watch_ms, due_ms = 0, 0
    end_ms = clock.now_ms() + int(settings.seconds * 1000)
    while clock.now_ms() < end_ms:
        wake.wait(max(0, min(1000, due_ms - clock.now_ms())))
        now_ms = clock.now_ms()
        for name, source in sources.items():
            account.hand_on(name, source, recorder)
        due_ms = account.turn(medium, recorder, now_ms)
        if settings.watch and now_ms >= watch_ms:
            watch_ms = now_ms + WATCH_EVERY_MS
            for camera in [one for one in sources.values() if isinstance(one, RtspCamera)]:
                camera.measures()
    while not recorder.is_settled() and clock.now_ms() < end_ms + SETTLE_MS:
        wake.wait(20)
        account.turn(medium, recorder, clock.now_ms())
    told = {
        "media_bytes": account.media_bytes,
        "turn_count": account.turn_count,
        "barrier_count": recorder.barrier_count,
        "dropped_count": sum(source.dropped_count for source in sources.values()),
    }
    print(json.dumps(told), flush=True)


def main() -> None:
    """Record as the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pool")
    parser.add_argument("urls", nargs="+")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--watch", action="store_true", help="measure the pictures as well")
    parser.add_argument("--profile", action="store_true", help="print where the time goes")
    parser.add_argument("--silent", action="store_true", help="record no sound")
    settings = parser.parse_args()
    if not settings.profile:
        record(settings)
        return
    import cProfile  # else it would be weighed as well

    profile = cProfile.Profile()
    profile.runcall(record, settings)
    profile.print_stats("tottime")
    for thread in threading.enumerate():
        used_s = time.clock_gettime(time.pthread_getcpuclockid(thread.ident or 0))
        print(f"  thread {thread.name}: {used_s:.2f} s")


if __name__ == "__main__":
    main()
