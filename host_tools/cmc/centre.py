"""The whole CMC in one process: feed, store, keyholder, desk and page."""

import logging
import sqlite3
import time

from host_tools.cmc.controls import Controls
from host_tools.cmc.evidence_counter import EvidenceCounter
from host_tools.cmc.feed import Feed
from host_tools.cmc.fleet import Fleet
from host_tools.cmc.footage import RefusedError
from host_tools.cmc.hold_courier import HoldCourier
from host_tools.cmc.operator import Desk
from host_tools.cmc.requests import REGISTER_FILE
from host_tools.cmc.settings import CmcSettings
from host_tools.cmc.site_keyholder import open_keyholder
from host_tools.cmc.store import STORE_FILE, Store
from host_tools.cmc.urgent import urgent_requests
from host_tools.cmc.wallboard.server import PageServer
from host_tools.keystore import Keystore

LOG = logging.getLogger(__name__)
STEP_KEYS_EVERY_MS = 60_000
LOOK_FOR_URGENT_EVERY_MS = 10_000


def now_ms() -> int:
    """Monotonic milliseconds."""
    return time.monotonic_ns() // 1_000_000


def utc_ms() -> int:
    """The wall clock, milliseconds of UTC."""
    return time.time_ns() // 1_000_000


class Centre:
    """Everything of the CMC; made, then opened, then stepped until closed.

    Args:
        settings: where it lives and which units are its own.
        keystore: seals what it says to them.
    """

    def __init__(self, settings: CmcSettings, keystore: Keystore) -> None:
        settings.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.store = Store(settings.folder / STORE_FILE)
        self.keyholder = open_keyholder(settings.folder, utc_ms)
        self.fleet = Fleet(now_ms, utc_ms)
        for unit in settings.units:
            self.store.register(unit.name, unit.kind, unit.place, unit.responsible)
            self.fleet.register(unit.name, unit.kind, unit.place, unit.responsible)
        self.feed = Feed(settings.broker, self.store, self.fleet, keystore, self.keyholder.epoch)
        self.feed.anchor_utc_ms = self.keyholder.utc_ms
        desk = Desk()
        controls = Controls(self.feed, self.store, self.fleet, keystore)
        self._register = settings.folder / REGISTER_FILE
        self.holds = HoldCourier(
            self._register, controls, self.fleet, self.keyholder.latest_utc_ms
        )
        self.register_failed_count = 0
        self.server = PageServer(self.fleet, self.store, desk, controls, settings.port)
        self.server.offer(EvidenceCounter(settings.folder, settings.keys, utc_ms, now_ms))
        self._keys_due_ms = self._urgent_due_ms = now_ms()

    def open(self) -> None:
        """Begin; PageServerError when the page's port is taken."""
        self.feed.open()
        self.server.open()

    def step(self) -> None:
        """Do what time asks for; call it about once a second."""
        self.server.step()
        if now_ms() >= self._keys_due_ms:
            self._keys_due_ms = now_ms() + STEP_KEYS_EVERY_MS
            self.keyholder.step()
        try:
            self._step_evidence()
        except (sqlite3.Error, RefusedError) as error:
            # Everything else goes on: a fleet is not left alone because of one file.
            self.register_failed_count += 1
            if self.register_failed_count == 1:
                LOG.warning(
                    "%s cannot be used: %s; restore it from your backup", self._register, error
                )

    def _step_evidence(self) -> None:
        self.holds.step()
        if now_ms() >= self._urgent_due_ms:
            self._urgent_due_ms = now_ms() + LOOK_FOR_URGENT_EVERY_MS
            self.fleet.urgent_footage = urgent_requests(
                self._register, self.keyholder.latest_utc_ms
            )

    def close(self) -> None:
        """End page, feed and files, in this order; idempotent."""
        self.server.close()
        self.feed.close()
        self.holds.close()
        self.store.close()
        self.keyholder.close()
