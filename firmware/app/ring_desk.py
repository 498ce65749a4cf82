"""The ring of a unit: made or recovered when its medium is there, then driven every turn."""

from firmware.app.backoff import Backoff
from firmware.app.hold_desk import HoldDesk
from firmware.app.medium import Medium
from firmware.errors import DamagedError
from firmware.recorder import causes
from firmware.recorder.marks import Marks
from firmware.recorder.service import RecorderService
from firmware.recorder.settings import RecorderSettings, StreamState
from firmware.ring import holds, recovery
from firmware.ring import layout as geometry
from firmware.ring.layout import BARRIER
from firmware.ring.scrub import Scrub
from hal.api._typing import TYPE_CHECKING
from hal.api.errors import PortError, PortFull

if TYPE_CHECKING:
    from firmware.app.chains import Chains
    from firmware.buffers import EventQueue
    from firmware.config.load import Config
    from firmware.ring.layout import Step
    from firmware.ring.recovery import PartitionState, Recovered
    from hal.api._typing import Callable
    from hal.api.board import Board
    from hal.api.media import AccessUnit, StreamParameters

UUID_BYTES = 16
MAKE_MS_MAX = 30_000
PREPARE_MS_MAX = 120_000
PREPARING = "port.preparing"  # of a port that is being made or opened; no board has one
INDEX_KEY_ID = b"command"
INDEX_LABEL = b"ring index"
MARK_LABEL = b"ring ledger"
MARK_EVERY_MS = 1_000
SLACK_MS = 100  # barriers do not come to the millisecond
POLL_MS = 250


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
        "_mark",
        "_marked_ms",
        "_marks",
        "_medium",
        "_prepared_ms",
        "_recovered",
        "cipher",
        "fault",
        "holds",
        "index_key",
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
        self.holds = HoldDesk(board, int(config.ring["hold_permille"]), events)
        self.cipher = board.cipher
        self.index_key = board.keys.mac(INDEX_KEY_ID, INDEX_LABEL)
        """Opens the unit's own notes in the headers of segments."""
        self.recorder: RecorderService | None = None
        self._recovered: Recovered | None = None
        self._marks: Marks | None = None
        self._mark: Callable[[], bytes] | None = None
        self._marked_ms = 0
        self._prepared_ms = -1  # since when its medium is being prepared
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
            if error.code != PREPARING or not self._prepare(now_ms):
                self._fail(error.code, str(error), now_ms)
            return
        settings = RecorderSettings(
            record_bytes_max=int(self._config.ring["record_bytes"]),
            memory_bytes_max=self._board.footage_bytes_max,
            index_key=self.index_key,
        )
        self.recorder = RecorderService(
            self._board.cipher,
            self._board.entropy,
            recovered.layout,
            recovered,
            self._boot,
            settings,
        )
        self._recovered = recovered
        key = self._board.keys.mac(INDEX_KEY_ID, MARK_LABEL)
        self._marks = Marks(recovered.layout, self._board.cipher, self._board.entropy, key)
        self.holds.begin(recovered, self.index_key)
        self._code = self.fault = ""
        for name in chains.names():
            self.recorder.set_epoch(name, chains.ratchet(name))
        self._events.emit("ring.recovered", now_ms, {"reads": recovered.read_count})

    def _prepare(self, now_ms: int) -> bool:
        """Wait for a medium that is being made or opened; false when that takes too long."""
        self._backoff.wait(now_ms)
        if self._prepared_ms < 0:
            self._prepared_ms = now_ms
            self._events.emit("ring.preparing", now_ms, {})
        return now_ms - self._prepared_ms < PREPARE_MS_MAX

    def _fail(self, code: str, text: str, now_ms: int) -> None:
        """Keep why there is no ring, and tell it when it is another reason."""
        if code != PREPARING:
            self._backoff.failed(now_ms)
        self._code = code
        if text != self.fault:
            self.fault = text
            self._events.emit("disk.failed", now_ms, {"code": code, "text": text[:200]})

    def step(self, now_ms: int) -> int:
        """Take completions, plan and submit; returns when it is next due."""
        recorder = self.recorder
        if recorder is None:
            return max(now_ms + 1, self._backoff.due_ms)
        for number, code in self._medium.poll():
            if not self.holds.take(number, code, now_ms):
                recorder.on_completion(number, code, now_ms)
        plan, due_ms = recorder.step(now_ms)
        due_ms = min(due_ms, self._submit_mark(plan, recorder.is_failing, now_ms))
        recorder.on_submitted(self._medium.submit(plan))
        self.holds.step(self._medium, now_ms)
        return due_ms

    def load_marks(self, mark: "Callable[[], bytes]") -> "tuple[bytes, bytes]":
        """Read the ledger's mark, and write one with every barrier from now on.

        Args:
            mark: writes down what is to be kept.

        Returns:
            (id of the pool, what the newest mark holds, b"" for none).
        """
        if self._recovered is None or self._marks is None:
            return b"", b""
        if self._marks.exist():
            self._mark = mark
        return self._recovered.layout.uuid, self._marks.load(self._board.ring.read)

    def has_marks(self) -> bool:
        """Tell whether the ledger's marks are written."""
        return self._mark is not None

    def generations(self, stream: str) -> "tuple[int, int]":
        """Tell the oldest and the newest generation that the ring holds of a stream."""
        record = self.recorder.streams.get(stream) if self.recorder is not None else None
        if record is not None:
            newest, count = record.writer.generation, record.writer.partition.segment_count
        else:
            state = self._found(stream)
            if state is None:
                return 0, -1
            newest, count = state.generation, state.partition.segment_count
        return max(0, newest - count + 1), newest

    def kept(self, stream: str) -> "list[tuple[int, int]]":
        """List the (first, end) of the generations of a stream that holds keep, none twice."""
        state = self._found(stream)
        if state is None or self._recovered is None:
            return []
        found = holds.listed(self._recovered.layout, state.partition)
        return holds.spans([one for one in found if one.freed == holds.ACTIVE])

    def is_quiet(self) -> bool:
        """Tell whether the medium works and has nothing to do, so that a read is in no way."""
        recorder = self.recorder
        return recorder is not None and not recorder.is_failing and not self._medium.in_flight()

    def scrub(self, stream: str) -> "Scrub | None":
        """Begin to read a stream back; None where nothing was ever written of it."""
        state, newest = self._found(stream), self.generations(stream)[1]
        if state is None or self._recovered is None or newest < 0:
            return None
        return Scrub(self._board.ring.read, self._recovered.layout, state.partition, newest)

    def _found(self, stream: str) -> "PartitionState | None":
        """Find where recovery found a stream to stand that was not recorded in this boot."""
        if self._recovered is None:
            return None
        partition = self._recovered.layout.find(self._board.cipher, stream)
        for state in self._recovered.states:
            if state.partition is partition:
                return state
        return None

    def _submit_mark(self, plan: "list[Step]", is_failing: bool, now_ms: int) -> int:
        """Write the mark in front of a plan's barrier, or under one of its own when none comes.

        Should one fail, the recorder is told like of any other; of those that are done it knows
        nothing. While the medium fails only the recorder decides when to try again.
        """
        if self._mark is None or self._marks is None:
            return now_ms + MARK_EVERY_MS
        since_ms = now_ms - self._marked_ms
        has_barrier = BARRIER in plan and since_ms >= MARK_EVERY_MS - SLACK_MS
        is_late = since_ms >= 2 * MARK_EVERY_MS and BARRIER not in plan
        if has_barrier or (is_late and not is_failing and not self._medium.in_flight()):
            self._marked_ms = now_ms
            steps = self._marks.plan(self._mark())
            if steps and not has_barrier:
                steps.append(BARRIER)
            self._medium.submit(steps)
        return max(now_ms + POLL_MS, self._marked_ms + 2 * MARK_EVERY_MS)

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
        """Tell whether nothing can be recorded because the medium failed."""
        return self.fault != "" if self.recorder is None else self.recorder.is_failing

    def is_preparing(self) -> bool:
        """Tell whether the medium is being made or opened, and nothing was wrong so far."""
        return self.recorder is None and self._prepared_ms >= 0 and not self.fault

    def obstacle(self, stream: str) -> int:
        """Tell what keeps a stream from the ring now: a cause of the ledger, 0 for nothing."""
        recorder = self.recorder
        if recorder is None or recorder.is_failing or recorder.is_slow:
            return causes.DISK
        record = recorder.streams.get(stream)
        if record is None or not record.gap_cause:
            return 0
        return causes.NO_KEY if record.gap_cause == "no_key" else causes.DISK

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
