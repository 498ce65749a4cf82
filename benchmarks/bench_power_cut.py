"""What a power cut costs: our gateway, ffmpeg's segmenter, and fragments of a second.

usage: bench_power_cut.py [--cuts 12] [--seconds 55] [--seed 1]

Each recorder has an ext4 of its own behind a loop device and records the same real footage from a
real RTSP server. At random instants the recorder is held still and the device copied; the copy is
mounted, so that the journal is replayed, and what plays of it is counted. The device keeps all it
was sent, which flatters everybody alike. Needs root or sudo for the loop devices.
"""

import argparse
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import av

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.hal.servers import film, mosquitto, program, rtsp  # noqa: E402
from tests.rig.cut_disk import CutDisk, powered_up  # noqa: E402
from tests.rig.gateway import Centre, Gateway, utc_ms  # noqa: E402
from tests.rig.test_power_cut import lost_ms  # noqa: E402

DISK_BYTES = 256 << 20
FIRST_CUT_S = 6.0
FRAGMENTS = "-f mp4 -movflags frag_keyframe+empty_moov+default_base_moof -frag_duration 1000000"
PEERS = {
    "ffmpeg -f segment, 10 s": ("-f segment -segment_time 10", "%03d.mp4"),
    "ffmpeg, 1 s fragments": (f"{FRAGMENTS} -flush_packets 1", "all.mp4"),
}


def played_ms(folder: Path) -> float:
    """How much of what a peer wrote still plays, by the pictures that come out."""
    total_ms = 0.0
    for path in folder.glob("*.mp4"):
        try:
            with av.open(str(path)) as container:
                rate = float(container.streams.video[0].average_rate or 0)
                count = sum(1 for packet in container.demux(video=0) if packet.size)
                total_ms += 1000 * count / rate if rate else 0
        except (av.FFmpegError, IndexError):
            continue  # cut before its index was written: nothing of it plays
    return total_ms


class Peer:
    """One ffmpeg on a disk of its own."""

    def __init__(self, name: str, url: str, folder: Path) -> None:
        options, target = PEERS[name]
        self.name, self.folder = name, folder
        command = [program("ffmpeg"), "-v", "fatal", "-rtsp_transport", "tcp"]
        command += ["-allowed_media_types", "video", "-i", url, "-c", "copy", *options.split()]
        self.process = subprocess.Popen([*command, str(folder / target)], stdin=subprocess.DEVNULL)
        self.played: list[tuple[int, float]] = []

    def look(self, disk: CutDisk, copy: Path) -> None:
        """Cut its power and see what plays."""
        cut_ms = utc_ms()
        disk.cut([self.process.pid], copy)
        with powered_up(copy) as folder:
            self.played.append((cut_ms, played_ms(folder)))

    def lost_ms(self) -> list[float]:
        """End it well; what it has then tells when it began, and so what each cut cost."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(20)
        begun_ms = utc_ms() - played_ms(self.folder)
        return [max(0.0, cut_ms - begun_ms - had_ms) for cut_ms, had_ms in self.played]


def run(settings: argparse.Namespace, folder: Path) -> dict[str, list[float]]:
    """Record side by side and cut at the drawn instants."""
    chance = random.Random(settings.seed)  # noqa: S311 - instants, not secrets
    span = (FIRST_CUT_S, settings.seconds)
    instants_s = sorted(chance.uniform(*span) for _ in range(settings.cuts))
    source = film()
    with (
        mosquitto(folder) as broker,
        rtsp(folder, source) as server,
        CutDisk(folder, "ours", DISK_BYTES) as own_disk,
        CutDisk(folder, "segments", DISK_BYTES) as segment_disk,
        CutDisk(folder, "fragments", DISK_BYTES) as fragment_disk,
    ):
        url = f"rtsp://127.0.0.1:{server.port}/both"
        unit = own_disk.path / "unit"
        unit.mkdir()
        gateway = Gateway(unit, broker.port, source, ring="128 MiB", sound_url=url)
        centre = Centre(broker.port, gateway.keystore)
        lost: dict[str, list[float]] = {"lamppost": []}
        try:
            gateway.start()
            centre.wait(lambda: centre.heartbeats and centre.camera().is_recording, "recording")
            disks = (segment_disk, fragment_disk)
            peers = [Peer(name, url, disk.path) for name, disk in zip(PEERS, disks, strict=True)]
            begun_s = time.monotonic()
            for at_s in instants_s:
                time.sleep(max(0.0, begun_s + at_s - time.monotonic()))
                cut_ms = utc_ms()
                own_disk.cut([gateway.process.pid], folder / "cut.img")
                lost["lamppost"].append(lost_ms(gateway, folder / "cut.img", cut_ms))
                for peer, disk in zip(peers, disks, strict=True):
                    peer.look(disk, folder / "cut.img")
            for peer in peers:
                lost[peer.name] = peer.lost_ms()
            assert gateway.end() == 0, gateway.log()
        finally:
            centre.close()
            gateway.close()
    return lost


def main() -> None:
    """Cut and tell."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cuts", type=int, default=12)
    parser.add_argument("--seconds", type=float, default=55.0)
    parser.add_argument("--seed", type=int, default=1)
    settings = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        lost = run(settings, Path(folder))
    print(
        f"seconds of pictures lost at a power cut, {settings.cuts} instants, seed {settings.seed}"
    )
    for name, values in lost.items():
        median, worst = statistics.median(values) / 1000, max(values) / 1000
        print(f"  {name:26} median {median:5.2f}  max {worst:5.2f}")


if __name__ == "__main__":
    main()
