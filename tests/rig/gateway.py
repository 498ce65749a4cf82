"""A real gateway process on a pty, a film and a real broker, and a small CMC to command it."""

import contextlib
import os
import select
import signal
import subprocess
import sys
import threading
import time
import tty
from pathlib import Path

import paho.mqtt.client as mqtt

from firmware.commands.message import Answer, Command, decode_answer
from firmware.telemetry import messages, topics
from host_tools import authority
from host_tools.keystore import CommandSigner, Keystore
from tests.hal.servers import program

UNIT = "gateway-1"
PLACE = "yard-7"
ROOT = Path(__file__).resolve().parents[2]
YARD = "yard-2"
FRAME_BYTES = 7
SITE = """
[unit]
name = "{}"
place = "{}"
[link]
url = "mqtt://127.0.0.1:{}"
heartbeat = "500 ms"
[ring]
size = "{}"
segment = "1 MiB"
[[camera]]
"""
DOME_CAMERA = """
name = "dome-1"
source = "file:{}"
still_every = "1 s"
[camera.ptz]
serial = "dome.pty"
baud = 9600
replies = false
"""
YARD_CAMERA = """
name = "{}"
source = "{}"
share = 4
[camera.sound]
source = "track"
grant = "grant.cose"
share = 1
"""
WAIT_S = 15.0
RUN = """
import logging, sys
from pathlib import Path
from hal.boot.linux import run
from host_tools import site
logging.basicConfig(level=logging.INFO)
path = Path(sys.argv[1])
sys.exit(run(site.read(path), path.parent))
"""


def utc_ms() -> int:
    return time.time_ns() // 1_000_000


def make_film(path: Path, seconds: int = 20, size: str = "320x180") -> Path:
    """Make a small H.264 film that changes all the time; made once for each folder."""
    if not path.exists():
        picture = f"testsrc2=size={size}:rate=10"
        coder = ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "5"]
        command = [program("ffmpeg"), "-v", "error", "-f", "lavfi", "-i", picture]
        subprocess.run(
            [*command, "-t", str(seconds), "-pix_fmt", "yuv420p", *coder, str(path)], check=True
        )
    return path


class Dome:
    """The far end of a pty: hears frames with the time of their last byte, says nothing."""

    def __init__(self, path: Path) -> None:
        self.frames: list[tuple[float, bytes]] = []
        self._master, slave = os.openpty()
        tty.setraw(slave)
        path.symlink_to(os.ttyname(slave))
        self._slave = slave
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def after(self, moment_s: float) -> list[tuple[float, bytes]]:
        return [entry for entry in list(self.frames) if entry[0] >= moment_s]

    def say(self, data: bytes) -> None:
        os.write(self._master, data)

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        os.close(self._slave)
        os.close(self._master)

    def _listen(self) -> None:
        heard = b""
        while not self._stop.is_set():
            if not select.select([self._master], [], [], 0.05)[0]:
                continue
            heard += os.read(self._master, 4096)
            while len(heard) >= FRAME_BYTES:
                self.frames.append((time.monotonic(), heard[:FRAME_BYTES]))
                heard = heard[FRAME_BYTES:]


class Centre:
    """The CMC's side: signs commands, hears everything, acknowledges nothing unless asked."""

    def __init__(self, port: int, keystore: Keystore) -> None:
        self.answers: dict[int, Answer] = {}
        self.states: list[object] = []
        self.heartbeats: list[messages.Heartbeat] = []
        self.signer = CommandSigner(keystore, UNIT, utc_ms)
        self._news = threading.Condition()
        self._client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
        self._client.on_message = self._on_message
        self._client.on_connect = lambda client, *_: client.subscribe("lamppost/#", 1)
        self._client.reconnect_delay_set(1, 1)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def send(self, act: str, **arguments: object) -> int:
        command = Command(act, arguments)
        command.person, command.role, command.purpose = "T. Ester", "operator", 1
        payload = self.signer.seal(command)
        self._client.publish(topics.topic(UNIT, topics.COMMAND), payload)
        return command.sequence

    def publish(self, topic: str, payload: bytes, is_retained: bool = False) -> None:
        self._client.publish(topic, payload, qos=1, retain=is_retained).wait_for_publish(5)

    def ask(self, act: str, **arguments: object) -> Answer:
        """Send a command and wait for its answer; a sequence not stored yet is asked again."""
        for _ in range(20):
            sequence = self.send(act, **arguments)
            self.wait(lambda number=sequence: number in self.answers, f"answer to {act}")
            if self.answers[sequence].code != "command.unstored":
                break
            time.sleep(0.05)
        return self.answers[sequence]

    def wait(self, is_so, what: str, timeout_s: float = WAIT_S) -> None:
        with self._news:
            assert self._news.wait_for(is_so, timeout_s), what

    def camera(self) -> messages.CameraState:
        return self.heartbeats[-1].cameras[0]

    def close(self) -> None:
        self._client.loop_stop()
        self._client.disconnect()

    def _on_message(self, _client, _data, got) -> None:
        _, kind, _ = topics.parse(got.topic)
        with self._news:
            if kind == topics.ANSWER:
                answer = decode_answer(got.payload)
                self.answers[answer.sequence] = answer
            elif kind == topics.HEARTBEAT:
                self.heartbeats.append(messages.decode_heartbeat(got.payload))
                self.signer.resume(self.heartbeats[-1].command_sequence_next)
            elif kind == topics.STATE:
                state = messages.decode_state(got.payload)
                self.states.append(state)
                if isinstance(state, messages.Birth):
                    self.signer.resume(state.command_sequence_next)
            self._news.notify_all()


class Gateway:
    """The process `lamppost run` in a folder of its own."""

    def __init__(
        self, folder: Path, port: int, film: Path, ring: str = "32 MiB", sound_url: str = ""
    ) -> None:
        self.folder = folder
        self.process: subprocess.Popen | None = None
        self.dome = Dome(folder / "dome.pty")
        self.keystore = Keystore(folder / "keystore")
        now_ms = utc_ms()
        permit = authority.draft_permit(UNIT, PLACE, now_ms)
        (folder / "permit.cose").write_bytes(
            authority.sign_permit(self.keystore.authority, permit)
        )
        grant = authority.draft_grant(permit, YARD)
        (folder / "grant.cose").write_bytes(authority.sign_grant(self.keystore.authority, grant))
        self.grant_id = str(grant["id"])
        self.claim = self.keystore.claim(UNIT, ["picture", f"sound:{self.grant_id}"], now_ms)
        (folder / "claim.cbor").write_bytes(self.claim.data)
        self.site = folder / "site.toml"
        cameras = YARD_CAMERA.format(YARD, sound_url) if sound_url else DOME_CAMERA.format(film)
        self.site.write_text(SITE.format(UNIT, PLACE, port, ring) + cameras)

    def start(self, script: list[str] | None = None) -> None:
        command = script or ["-c", RUN, str(self.site)]
        log = (self.folder / "gateway.log").open("ab")
        with log:
            self.process = subprocess.Popen(
                [sys.executable, *command],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def end(self, number: int = signal.SIGTERM, timeout_s: float = WAIT_S) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        code = self.process.wait(timeout_s)
        self.process = None
        return code

    def log(self) -> str:
        return (self.folder / "gateway.log").read_text(errors="replace")

    def close(self) -> None:
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                self.end(signal.SIGKILL)
        self.dome.close()
