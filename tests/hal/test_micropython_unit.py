"""A whole unit in the micropython interpreter: commanded over a real broker, killed, resumed."""

import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from tests.hal.servers import mosquitto

from firmware.commands import message
from firmware.commands.message import Command
from firmware.telemetry import topics
from host_tools import authority
from host_tools.keystore import CommandSigner, Keystore
from host_tools.site import compile_config
from sim.bridge.lines import PtyLine
from sim.bridge.pictures import DrawnCamera
from sim.bridge.settings import CameraSettings
from sim.bridge.snapshots import SnapshotFile
from sim.devices.dome import Dome

ROOT = Path(__file__).parent.parent.parent
UNIT, CAMERA, PLACE = "pole-7", "dome-7", "High Street"
ANSWER_WAIT_S = 30
HEAP_BYTES_MAX = 512 * 1024
SITE = """
[unit]
name = "{unit}"
kind = "redeployable"
place = "{place}"

[link]
url = "mqtt://127.0.0.1:{port}"
heartbeat = "1 s"

[ring]
size = "4 MiB"
segment = "128 KiB"
record = "16 KiB"
outbox = "256 KiB"

[[camera]]
name = "{camera}"
source = "jpeg:{camera}/frame.jpg"

[camera.ptz]
serial = "{camera}/pty"
replies = true
"""


def utc_ms() -> int:
    return time.time_ns() // 1_000_000


class Post:
    """Stands in for the CMC: listens to everything and commands the unit."""

    def __init__(self, port: int, keystore: Keystore) -> None:
        self.answers: dict[int, message.Answer] = {}
        self.news = threading.Condition()
        self.counts: dict[str, int] = {}
        self.signer = CommandSigner(keystore, UNIT, utc_ms)
        self.client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id="cmc")
        self.client.on_message = self._take
        self.client.connect("127.0.0.1", port)
        self.client.subscribe("#", 1)
        self.client.loop_start()

    def _take(self, _client, _data, mail) -> None:
        kind = mail.topic.rpartition("/")[2]
        with self.news:
            self.counts[kind] = self.counts.get(kind, 0) + 1
            if kind == topics.ANSWER:
                answer = message.decode_answer(mail.payload)
                self.answers[answer.sequence] = answer
            self.news.notify_all()

    def wait_for(self, kind: str, count: int) -> None:
        with self.news:
            met = self.news.wait_for(lambda: self.counts.get(kind, 0) >= count, ANSWER_WAIT_S)
        assert met, f"{kind}: {self.counts}"

    def command(self, act: str, **arguments) -> message.Answer:
        order = Command(act, {"camera": CAMERA, **arguments})
        order.person, order.role, order.purpose, order.reason = "T. Ester", "operator", 1, "test"
        data = self.signer.seal(order)
        self.client.publish(topics.topic(UNIT, topics.COMMAND), data)
        with self.news:
            met = self.news.wait_for(lambda: order.sequence in self.answers, ANSWER_WAIT_S)
        assert met, f"no answer to {act} {order.sequence}"
        return self.answers[order.sequence]

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


class Bench:
    """A broker, a dome on a pty, a camera in a file, and the unit's own process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.broker = mosquitto(folder)
        self.broker.start()
        self.dome = Dome(1, "general")
        self.line = PtyLine(folder / CAMERA / "pty", self.dome, 2400)
        settings = CameraSettings(CAMERA, kind="snapshot", address=1, width_px=320, height_px=180)
        drawn = DrawnCamera(settings, self.line.look)
        self.snapshots = SnapshotFile(folder / CAMERA / "frame.jpg", drawn)
        site = folder / "site.toml"
        port = self.broker.port
        site.write_text(SITE.format(unit=UNIT, place=PLACE, port=port, camera=CAMERA))
        (folder / "site.cbor").write_bytes(compile_config(site))
        keystore = Keystore(folder / "keystore")
        self.claim = keystore.claim(UNIT, ["picture"], utc_ms())
        (folder / "claim.cbor").write_bytes(self.claim.data)
        draft = authority.draft_permit(UNIT, PLACE, utc_ms())
        paper = authority.sign_permit(keystore.authority, draft)
        (folder / "permit.cose").write_bytes(paper)
        self.post = Post(port, keystore)
        self.log = folder / "unit.log"
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "hal.boot.launch", str(self.folder / "site.cbor")]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "--with-parent"],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
            )

    def kill(self) -> None:
        assert self.process
        self.process.kill()
        self.process.communicate()

    def stop(self) -> int:
        assert self.process
        self.process.communicate(timeout=20)
        return self.process.returncode

    def close(self) -> None:
        if self.process and self.process.poll() is None:
            self.kill()
        self.post.close()
        self.snapshots.close()
        self.line.close()
        self.broker.end()


def heap_used_bytes(log: str) -> "list[int]":
    return [int(found) for found in re.findall(r"heap: (\d+) bytes used", log)]


@pytest.mark.slow
def test_a_unit_of_half_a_mebibyte_is_commanded_and_stops(tmp_path: Path):
    bench = Bench(tmp_path)
    try:
        bench.start()
        bench.post.wait_for(topics.HEARTBEAT, 1)
        assert not (tmp_path / "claim.cbor").exists(), "the claim was kept"
        start_pan_cdeg = bench.line.look()[0]
        for turn in range(100):
            pan = 500 if turn % 4 < 3 else -500
            answer = bench.post.command("ptz.move", pan=pan, tilt=0, zoom=0)
            assert answer.result == "done", (turn, answer.code, answer.remedy)
            answer = bench.post.command("ptz.stop")
            assert answer.result == "done", (turn, answer.code)
        assert bench.line.look()[0] != start_pan_cdeg, "the dome did not move"
        bench.post.wait_for(CAMERA, 1)
        assert bench.stop() == 0, bench.log.read_text()
        used = heap_used_bytes(bench.log.read_text())
        assert used, bench.log.read_text()
        assert max(used) < HEAP_BYTES_MAX, used
    finally:
        bench.close()


@pytest.mark.slow
def test_a_killed_unit_resumes_and_takes_commands(tmp_path: Path):
    bench = Bench(tmp_path)
    try:
        for life in range(1, 6):
            bench.start()
            bench.post.wait_for(topics.HEARTBEAT, bench.post.counts.get(topics.HEARTBEAT, 0) + 1)
            bench.post.signer.resume(life * 10_000)
            answer = bench.post.command("ptz.stop")
            assert answer.result == "done", (life, answer.code, answer.remedy)
            bench.kill()
    finally:
        bench.close()
    assert "Traceback" not in bench.log.read_text(), bench.log.read_text()
