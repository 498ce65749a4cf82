"""Real servers on free loopback ports for the length of a test; each is ended by its own pid."""

import contextlib
import fcntl
import gzip
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

START_TIMEOUT_S = 20.0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def wait_for_port(port: int, process: subprocess.Popen) -> None:
    """Wait until a server takes connections; AssertionError when it ended or never does."""
    end_s = time.monotonic() + START_TIMEOUT_S
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        assert process.poll() is None, f"server ended with {process.returncode}"
        assert time.monotonic() < end_s, f"nothing listens on {port}"
        time.sleep(0.02)


def program(*names: str) -> str:
    """Find a program of a Debian package, also where only root's PATH has it."""
    for name in names:
        path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
        if path:
            return path
    raise AssertionError(f"none of {names} is installed; see docs/guides/ports.md, packages")


class Server:
    """A child process that can be started, killed and started again on the same port."""

    def __init__(self, command: list[str], port: int, folder: Path) -> None:
        self.command = command
        self.port = port
        self.log_path = folder / f"server-{port}.log"
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        wait_for_port(self.port, self.process)

    def end(self, number: int = signal.SIGTERM) -> None:
        if self.process is None:
            return
        self.process.send_signal(signal.SIGCONT)
        self.process.send_signal(number)
        self.process.wait(10)
        self.process = None

    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_args) -> None:
        self.end(signal.SIGKILL)


def mosquitto(folder: Path, authority=None, access_list: str = "", accounts: str = "") -> Server:
    """Make a broker: plain, or with TLS and client certificates when there is an authority.

    `access_list` is the text of a Mosquitto ACL file; with TLS the user is the certificate's
    common name. `accounts` are "user:password".
    """
    port = free_port()
    lines = [f"listener {port} 127.0.0.1", "persistence false", "max_queued_messages 10000"]
    if os.geteuid() == 0:
        lines.append("user root")
    if authority is not None:
        certificate, key = authority.issue("broker")
        lines += [
            f"cafile {authority.path('ca.pem')}",
            f"certfile {certificate}",
            f"keyfile {key}",
            "require_certificate true",
            "use_identity_as_username true",
        ]
    if accounts:
        passwords = folder / f"passwords-{port}"
        passwords.write_text(accounts)
        subprocess.run([program("mosquitto_passwd"), "-U", str(passwords)], check=True)
        lines += [f"password_file {passwords}", "allow_anonymous false"]
    else:
        lines.append(f"allow_anonymous {'false' if authority else 'true'}")
    if access_list:
        path = folder / f"access-{port}"
        path.write_text(access_list)
        path.chmod(0o600)
        lines.append(f"acl_file {path}")
    settings = folder / f"mosquitto-{port}.conf"
    settings.write_text("\n".join(lines) + "\n")
    return Server([program("mosquitto"), "-c", str(settings)], port, folder)


def rtsp(folder: Path, film_path: Path, is_guarded: bool = False) -> Server:
    """Make a real RTSP server (GStreamer) for a film; its mounts are in `rtsp_server.py`.

    It runs under Debian's own interpreter, because that one has the GObject bindings.
    """
    port = free_port()
    script = Path(__file__).with_name("rtsp_server.py")
    words = ["guarded"] if is_guarded else []
    return Server(
        ["/usr/bin/python3", str(script), str(port), str(film_path), *words], port, folder
    )


class Proxy:
    """A TCP proxy that remembers what the client asked, and can cut every connection."""

    def __init__(self, target_port: int) -> None:
        self.target_port = target_port
        self.asked = bytearray()
        self.is_cut = False
        self._pairs: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self._accepting = threading.Thread(target=self._accept)
        self._accepting.start()

    def requests(self, method: str) -> list[str]:
        """First lines of the requests of a text protocol, in order."""
        lines = bytes(self.asked).decode("latin-1").split("\r\n")
        return [line for line in lines if line.startswith(method + " ")]

    def cut(self) -> None:
        """Break all connections at once, and refuse new ones until `mend`."""
        self.is_cut = True
        for sock in self._pairs:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        self.is_cut = False

    def close(self) -> None:
        self.cut()
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._accepting.join()
        for thread in self._threads:
            thread.join()
        for sock in self._pairs:
            sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_args) -> None:
        self.close()

    def _accept(self) -> None:
        while True:
            try:
                client = self._server.accept()[0]
            except OSError:
                return
            if self.is_cut:
                client.close()
                continue
            try:
                server = socket.create_connection(("127.0.0.1", self.target_port))
            except OSError:
                client.close()
                continue
            self._pairs += [client, server]
            for source, target, memory in ((client, server, self.asked), (server, client, None)):
                thread = threading.Thread(target=self._pass_on, args=(source, target, memory))
                self._threads.append(thread)
                thread.start()

    def _pass_on(self, source, target, memory) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if memory is not None and len(memory) < 1_000_000:
                    memory += data
                target.sendall(data)
        for sock in (source, target):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)


FOOTAGE = Path(__file__).parents[2] / "build" / "footage"
CUP = "usr/share/doc/opencv-doc/opencv4/html/cup.mp4.gz"


def film() -> Path:
    """Real footage with its sound, 65 s of H.264 and AAC; fetched once from a Debian package."""
    path = FOOTAGE / "cup_65s.mp4"
    FOOTAGE.mkdir(parents=True, exist_ok=True)
    with (FOOTAGE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            _make_film(path)
    return path


def _make_film(path: Path) -> None:
    """Repeat the 8 s of the package eight times, without touching a coded picture."""
    installed = Path("/") / CUP
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if not installed.exists():
            command = [program("apt-get"), "download", "opencv-doc"]
            subprocess.run(command, cwd=folder, check=True, capture_output=True)
            package = next(folder.glob("*.deb"))
            subprocess.run([program("dpkg-deb"), "-x", str(package), str(folder)], check=True)
            installed = folder / CUP
        once = folder / "cup.mp4"
        once.write_bytes(gzip.decompress(installed.read_bytes()))
        made = folder / "made.mp4"
        loop = [program("ffmpeg"), "-v", "error", "-stream_loop", "7", "-i", str(once)]
        subprocess.run([*loop, "-c", "copy", "-t", "65", str(made)], check=True)
        shutil.copyfile(made, path.with_suffix(".part"))
    path.with_suffix(".part").rename(path)


class SoundServer:
    """A PulseAudio of our own with one source fed through a FIFO: real time, exact samples.

    `environment` leads PortAudio there; it must be in the environment before the first look.
    """

    def __init__(self, folder: Path) -> None:
        self.fifo = folder / "mic.fifo"
        self.socket = folder / "pulse.sock"
        self.environment = {
            "XDG_RUNTIME_DIR": str(folder),
            "PULSE_SERVER": f"unix:{self.socket}",
            "PULSE_COOKIE": str(folder / "cookie"),
            "ALSA_CONFIG_PATH": str(folder / "asound.conf"),
        }
        (folder / "asound.conf").write_text(
            "</usr/share/alsa/alsa.conf>\n"
            "pcm.simmic { type pulse device simmic hint { show on description simmic } }\n"
        )
        script = folder / "sound.pa"
        script.write_text(
            f"load-module module-native-protocol-unix auth-anonymous=1 socket={self.socket}\n"
            f"load-module module-pipe-source source_name=simmic file={self.fifo} "
            "format=s16le rate=16000 channels=1\n"
            "set-default-source simmic\n"
        )
        words = "--daemonize=no --disallow-exit=yes --exit-idle-time=-1 --use-pid-file=no"
        self.command = [program("pulseaudio"), "-n", "-F", str(script), *words.split()]
        self.command += ["--disable-shm=yes", "--log-target=stderr"]
        self.log_path = folder / "pulse.log"
        self.process: subprocess.Popen | None = None

    def __enter__(self):
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **self.environment},
            )
        end_s = time.monotonic() + START_TIMEOUT_S
        while not (self.fifo.exists() and self.socket.exists()):
            assert self.process.poll() is None, self.log_path.read_text()
            assert time.monotonic() < end_s, self.log_path.read_text()
            time.sleep(0.02)
        return self

    def __exit__(self, *_args) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None
