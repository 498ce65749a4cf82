"""A whole CMC for a test: broker, store, fleet, feed, controls and page, in one folder."""

import time
from pathlib import Path

from host_tools.cmc.broker import BrokerProcess
from host_tools.cmc.controls import Controls
from host_tools.cmc.feed import Feed
from host_tools.cmc.fleet import Fleet
from host_tools.cmc.operator import Desk
from host_tools.cmc.store import Store
from host_tools.cmc.wallboard.server import PageServer
from tests.host_tools.model_unit import Shared

WAIT_S = 10.0


def now_ms() -> int:
    """Monotonic milliseconds."""
    return time.monotonic_ns() // 1_000_000


def utc_ms() -> int:
    """Wall clock."""
    return time.time_ns() // 1_000_000


def until(condition, what: str, wait_s: float = WAIT_S) -> None:
    """Wait for another thread or process, with a limit that fails the test."""
    deadline_s = time.monotonic() + wait_s
    while not condition():
        assert time.monotonic() < deadline_s, what
        time.sleep(0.01)


class Centre:
    """Everything of the CMC, with units by name in its register."""

    def __init__(self, folder: Path, units: list[str], kind: str = "") -> None:
        self.keys = Shared()
        self.broker = BrokerProcess(folder / "broker", units, kind)
        self.store = Store(folder / "cmc.sqlite")
        self.fleet = Fleet(now_ms, utc_ms)
        for unit in units:
            self.store.register(unit, "gateway", "yard-7", "R. Officer")
            self.fleet.register(unit, "gateway", "yard-7", "R. Officer")
        self.feed = Feed(self.broker.url, self.store, self.fleet, self.keys, lambda: 7)
        self.desk = Desk()
        self.controls = Controls(self.feed, self.store, self.fleet, self.keys)
        self.server = PageServer(self.fleet, self.store, self.desk, self.controls, 0)
        self.feed.open()
        until(lambda: self.fleet.is_broker_up, "the feed never reached the broker")

    def close(self) -> None:
        """End everything."""
        self.server.close()
        self.feed.close()
        self.store.close()
        self.broker.stop()
