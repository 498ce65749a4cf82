"""The ring of a unit: made or recovered when its medium is there, then driven every turn."""

from firmware.app.backoff import Backoff
from firmware.app.medium import Medium
from firmware.errors import DamagedError
from firmware.recorder.service import RecorderService
from firmware.recorder.settings import RecorderSettings, StreamState
from firmware.ring import layout as geometry
from firmware.ring import recovery
from hal.api._typing import TYPE_CHECKING
from hal.api.errors import PortError, PortFull

if TYPE_CHECKING:
    from firmware.app.chains import Chains
    from firmware.buffers import EventQueue
    from firmware.config.load import Config
    from firmware.ring.recovery import Recovered
    from hal.api.board import Board
    from hal.api.media import AccessUnit, StreamParameters

UUID_BYTES = 16
MAKE_MS_MAX = 30_000
INDEX_KEY_ID = b"command"
INDEX_LABEL = b"ring index"


class RingDesk:
    """Stands before the recorder, also while there is no medium to record on.

    Args:
        board: its ring, cipher and entropy are used.
        config: the unit's name, the cameras and the ring's settings.
        boot: number of this boot.
        events: where to tell what became of the ring.
    """

    __slots__ = (
        "_backoff",
        "_board",
        "_boot",
        "_code",
        "_config",
        "_events",
        "_medium",
        "fault",
        "recorder",
        "unrecorded_count",
    )

    def __init__(self, board: "Board", config: "Config", boot: int, events: "EventQueue") -> None:
        self._board = board
        self._config = config
        self._boot = boot
        self._events = events
        self._backoff = Backoff(first_ms=1_000)
        self._medium = Medium(board.ring)
        self.recorder: RecorderService | None = None
        self._code = ""
        self.fault = ""
        """Why there is no recorder; "" while there is one."""
        self.unrecorded_count = 0

    def open(self, chains: "Chains", now_ms: int) -> None:
        """Make or recover the ring, if that is due and has not been done."""
        if self.recorder is not None or not self._backoff.is_due(now_ms):
            return
        try:
            recovered = self._recover()
        except (PortError, DamagedError) as error:
            self._backoff.failed(now_ms)
            self._code = error.code
            if str(error) != self.fault:
                self.fault = str(error)
                self._events.emit(
                    "disk.failed", now_ms, {"code": error.code, "text": self.fault[:200]}
                )
            return
        settings = RecorderSettings(
            record_bytes_max=int(self._config.ring["record_bytes"]),
            index_key=self._board.keys.mac(INDEX_KEY_ID, INDEX_LABEL),
        )
        self.recorder = RecorderService(
            self._board.cipher,
            self._board.entropy,
            recovered.layout,
            recovered,
            self._boot,
            settings,
        )
        self._code = self.fault = ""
        for name in chains.names():
            self.recorder.set_epoch(name, chains.ratchet(name))
        self._events.emit("ring.recovered", now_ms, {"reads": recovered.read_count})

    def step(self, now_ms: int) -> int:
        """Take completions, plan and submit; returns when it is next due."""
        recorder = self.recorder
        if recorder is None:
            return max(now_ms + 1, self._backoff.due_ms)
        for number, code in self._medium.poll():
            recorder.on_completion(number, code, now_ms)
        plan, due_ms = recorder.step(now_ms)
        recorder.on_submitted(self._medium.submit(plan))
        return due_ms

    def open_stream(
        self, stream: str, parameters: "StreamParameters", now_ms: int, chain: str = "picture"
    ) -> None:
        """Begin to record a stream, or go on with it."""
        if self.recorder is not None:
            self.recorder.open_stream(stream, parameters, now_ms, chain)

    def close_stream(self, stream: str, cause: str, now_ms: int) -> None:
        """End a stream; nothing happens when it is not open."""
        if self.recorder is not None:
            self.recorder.close_stream(stream, cause, now_ms)

    def receive(self, stream: str, unit: "AccessUnit", now_ms: int) -> None:
        """Take one access unit; without a ring it is only counted."""
        if self.recorder is None:
            self.unrecorded_count += 1
        else:
            self.recorder.receive(stream, unit, now_ms)

    def state(self, stream: str) -> StreamState:
        """Tell how a stream is; all zero while there is no ring."""
        return StreamState() if self.recorder is None else self.recorder.state(stream)

    def is_failing(self) -> bool:
        """Tell whether nothing can be recorded for want of a working medium."""
        return self.recorder is None or self.recorder.is_failing

    def is_full(self) -> bool:
        """Tell whether the medium has no room for the ring that the settings ask for."""
        return self._code == PortFull.code

    def settle(self, timeout_ms: int) -> None:
        """Write what is only in memory; for shutdown, waits at most `timeout_ms`."""
        clock = self._board.clock
        until_ms = clock.now_ms() + timeout_ms
        while self.recorder is not None and clock.now_ms() < until_ms:
            self.step(clock.now_ms())
            if self.recorder.is_settled():
                return
            self._board.wake.wait(20)

    def _recover(self) -> "Recovered":
        """Find the pool on the medium, or make one on a blank medium.

        Raises:
            PortError: there is no medium, or it does not take the new pool.
        """
        ring = self._board.ring
        unit = str(self._config.unit["name"])
        if geometry.is_blank(ring.read):
            plan = geometry.plan_pool(
                self._board.cipher,
                self._board.entropy.random(UUID_BYTES),
                unit,
                ring.size_bytes,
                self._wants(),
            )
            self._medium.submit(plan.format_plan(is_zeroed=True))
            failed = [
                code
                for _, code in self._medium.settle(
                    self._board.clock, self._board.wake, MAKE_MS_MAX
                )
                if code
            ]
            if failed or self._medium.in_flight():
                raise PortError("%s: the ring could not be made (%s)" % (ring.name, failed))
        return recovery.load(ring.read, ring.size_bytes, unit)

    def _wants(self) -> "list[tuple[str, int, int]]":
        """List the streams of every camera with their shares."""
        segment_bytes = int(self._config.ring["segment_bytes"])
        wants: list[tuple[str, int, int]] = []
        for camera in self._config.cameras:
            name = str(camera.picture["name"])
            wants.append((name + "/picture", segment_bytes, int(camera.picture["share"])))
            if camera.sound is not None:
                small_bytes = max(64 << 10, segment_bytes // 8)
                wants.append((name + "/sound", small_bytes, int(camera.sound["share"])))
        return wants
