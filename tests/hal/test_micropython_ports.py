"""The MicroPython ports keep the promises of hal.api, on the real binary."""

import contextlib
import os
import pty
import select
import socket
import subprocess
import sys
import threading
import time
import tty
from pathlib import Path

import paho.mqtt.client as paho
import pytest

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
BINARY = Path(sys.executable).parent / "micropython"
USER, PASSWORD = "unit-1", "correct horse"
PORT_WAIT_S = 10


class World:
    """Answers what the checks in the binary ask of the world."""

    def start(self) -> None:
        """Forget what the check before left over."""

    def answer(self, name: str, words: "list[bytes]") -> "list[bytes]":
        """Do what the checks ask; each request is a method of the world."""
        result = getattr(self, name)(*words)
        return result if isinstance(result, list) else []


class PtyWorld(World):
    """The far end of a pty that stands under a name of its own."""

    def __init__(self, link: Path) -> None:
        self.link = link
        self.master = -1
        self.plug()

    def plug(self) -> None:
        """Give the line back."""
        self.master, slave = pty.openpty()
        tty.setraw(self.master)
        self.link.symlink_to(os.ttyname(slave))
        os.close(slave)

    def start(self) -> None:
        """Forget what the check before left over."""
        self.hear()

    def unplug(self) -> None:
        """Take the line away."""
        self.link.unlink()
        os.close(self.master)

    def hear(self) -> "list[bytes]":
        """Take what reached the far end."""
        heard = b""
        try:
            while select.select([self.master], [], [], 0)[0]:
                heard += os.read(self.master, 4096)
        except OSError:
            pass
        return [heard]

    def say(self, data: bytes) -> None:
        """Send from the far end."""
        os.write(self.master, data)

    def close(self) -> None:
        """Let go of everything."""
        os.close(self.master)


class Relay:
    """A TCP relay in front of the broker that can be cut."""

    def __init__(self, target_port: int) -> None:
        self.target_port = target_port
        self.is_cut = False
        self.pairs: list[socket.socket] = []
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self.server.accept()
            except OSError:
                return
            if self.is_cut:
                near.close()
                continue
            far = socket.create_connection(("127.0.0.1", self.target_port))
            self.pairs += [near, far]
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(4096):
                sink.sendall(data)
        except OSError:
            pass
        for one in (source, sink):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def cut(self) -> None:
        """Break the connection and let no new one come about."""
        self.is_cut = True
        for one in self.pairs:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Let go of everything."""
        self.cut()
        self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()
        self.thread.join()
        for one in self.pairs:
            one.close()


class BrokerWorld(World):
    """A real broker behind a relay, and an observer that sees everything."""

    def __init__(self, folder: Path) -> None:
        port = free_port()
        users = folder / "users"
        users.touch(0o600)
        subprocess.run(["mosquitto_passwd", "-b", users, USER, PASSWORD], check=True)
        configuration = folder / "mosquitto.conf"
        configuration.write_text(
            f"listener {port} 127.0.0.1\nallow_anonymous false\npassword_file {users}\n"
            f"persistence false\nlog_type error\nuser root\n"
        )
        self.broker = subprocess.Popen(["mosquitto", "-c", configuration])
        wait_for_port(port)
        self.relay = Relay(port)
        self.mail: list[tuple[str, bytes]] = []
        self.observer = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id="observer")
        self.observer.username_pw_set(USER, PASSWORD)
        self.observer.on_message = lambda _c, _u, m: self.mail.append((m.topic, m.payload))
        subscribed = threading.Event()
        self.observer.on_subscribe = lambda *_: subscribed.set()
        self.observer.connect("127.0.0.1", port)
        self.observer.loop_start()
        self.observer.subscribe("#", 1)
        assert subscribed.wait(PORT_WAIT_S)

    def start(self) -> None:
        """Forget what the check before left over."""
        self.heard()

    def cut(self) -> None:
        """Break the connection and let no new one come about."""
        self.relay.cut()

    def mend(self) -> None:
        """Let connections come about again."""
        self.relay.is_cut = False

    def send(self, topic: bytes, payload: bytes) -> None:
        """Publish from the observer."""
        self.observer.publish(topic.decode(), payload, 1).wait_for_publish(PORT_WAIT_S)

    def heard(self) -> "list[bytes]":
        """Take what the observer received."""
        mail, self.mail = self.mail, []
        return [part for topic, payload in mail for part in (topic.encode(), payload)]

    def close(self) -> None:
        """Let go of everything."""
        self.observer.disconnect()
        self.observer.loop_stop()
        self.relay.close()
        self.broker.terminate()
        self.broker.wait()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def wait_for_port(port: int) -> None:
    end_s = time.monotonic() + PORT_WAIT_S
    while time.monotonic() < end_s:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError(f"nothing listens on {port}")


def run_checks(port: str, arguments: "list[str]", world: World) -> "dict[str, str]":
    """Run every check of a port in the binary; returns name to "" or what it printed."""
    command = [str(BINARY), "-X", "heapsize=2m", str(HERE / "micropython_board.py"), port]
    environment = {**os.environ, "MICROPYPATH": str(ROOT)}
    results: dict[str, str] = {}
    printed: list[str] = []
    with subprocess.Popen(
        [*command, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
    ) as child:
        assert child.stdin
        assert child.stdout
        for line in child.stdout:
            word, *rest = line.split() or [""]
            if word in {"pass", "fail"}:
                results[rest[0]] = "" if word == "pass" else "\n".join(printed)
            elif word == "run":
                printed = []
            elif hasattr(world, word) and not line.startswith(" "):
                words = [b"" if one == "-" else bytes.fromhex(one) for one in rest]
                answer = " ".join(one.hex() or "-" for one in world.answer(word, words))
                child.stdin.write(answer + "\n")
                child.stdin.flush()
            else:
                printed.append(line.rstrip())
    assert results, printed
    return results


def assert_kept(results: "dict[str, str]", count_min: int) -> None:
    broken = {name: text for name, text in results.items() if text}
    assert not broken, "\n".join(f"{name}:\n{text}" for name, text in broken.items())
    assert len(results) >= count_min, results


def test_the_clock_keeps_its_promises():
    assert_kept(run_checks("clock", [], World()), 3)


def test_the_medium_keeps_its_promises(tmp_path: Path):
    assert_kept(run_checks("blocks", [str(tmp_path / "medium")], World()), 6)


@pytest.mark.slow
def test_the_line_keeps_its_promises(tmp_path: Path):
    world = PtyWorld(tmp_path / "line")
    try:
        assert_kept(run_checks("serial", [str(tmp_path / "line")], world), 7)
    finally:
        world.close()


@pytest.mark.slow
def test_the_link_keeps_its_promises(tmp_path: Path):
    world = BrokerWorld(tmp_path)
    try:
        arguments = ["127.0.0.1", str(world.relay.port), USER, PASSWORD]
        assert_kept(run_checks("link", arguments, world), 7)
    finally:
        world.close()
