"""Serves the page on loopback, on a thread of its own."""

import secrets
import threading
import time

import uvicorn

from host_tools.cmc.controls import Controls
from host_tools.cmc.evidence_counter import EvidenceCounter
from host_tools.cmc.fleet import Fleet
from host_tools.cmc.operator import Desk
from host_tools.cmc.presets import PresetBook
from host_tools.cmc.store import Store
from host_tools.cmc.wallboard.page import Page, Room

START_TIMEOUT_S = 10.0
TOKEN_BYTES = 24


class PageServerError(Exception):
    """The page cannot be served; the text names the port and the remedy."""


class PageServer:
    """The page at a local address.

    Args:
        fleet: what is known now.
        store: what was stored.
        desk: who sits there.
        controls: sends commands.
        port: loopback port; 0 for any that is free.
    """

    def __init__(
        self, fleet: Fleet, store: Store, desk: Desk, controls: Controls, port: int
    ) -> None:
        presets = PresetBook(store.path.parent, fleet)
        token = secrets.token_urlsafe(TOKEN_BYTES)
        self._room = Room(fleet, store, desk, controls, presets, token)
        self.page = Page(self._room)
        self._wanted_port = port
        self._server = uvicorn.Server(
            uvicorn.Config(
                self.page.app,
                host="127.0.0.1",
                port=port,
                log_level="warning",
                access_log=False,
                lifespan="off",
                timeout_graceful_shutdown=2,
            )
        )
        self._thread = threading.Thread(target=self._server.run, name="page", daemon=True)

    def offer(self, counter: EvidenceCounter) -> None:
        """Let requests for footage be made and reviewed at the page."""
        self._room.counter = counter

    def open(self) -> None:
        """Begin to serve; PageServerError when the port is taken."""
        self._thread.start()
        deadline_s = time.monotonic() + START_TIMEOUT_S
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline_s:
                raise PageServerError(
                    f"port {self._wanted_port} of 127.0.0.1 cannot be used; give --port another "
                    "number, or 0 for any that is free"
                )
            time.sleep(0.02)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.servers[0].sockets[0].getsockname()[1])

    @property
    def url(self) -> str:
        """The address to open, with the token in it."""
        return f"http://127.0.0.1:{self.port}/?token={self._room.token}"

    def step(self) -> None:
        """Forget what is too old, also while nobody has the page open; about once a second."""
        self._room.presets.step()

    def close(self) -> None:
        """End every stream and stop serving; idempotent."""
        self._room.is_closing = True
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join()
        self._room.presets.close()
