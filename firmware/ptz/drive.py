"""Decides the next frame to a dome: what may move, for how long, and that a stop comes first.

    lost     --open-->    stopping        the line is back: stop whatever is going on
    stopping --stopped--> idle            both copies of the stop are out
    idle, stopping, seeking --move--> moving;  idle, stopping, moving --go--> seeking
    moving, seeking, idle --stop--> stopping;  moving --expire--> stopping
    seeking  --settle-->  idle            the preset is reached, or was given up
    any      --lose-->    lost;   any --close--> closed

A stop overtakes everything, is sent twice, and purges older motion. Only the newest motion is
kept, so nothing old can run after it. A move that comes while the second copy is due takes its
place: the second copy would undo the newer wish. A preset waits for both copies.
"""

from firmware.machine import Machine
from firmware.ptz import protocols
from firmware.ptz.model import PtzSettings

LOST, IDLE, MOVING = "lost", "idle", "moving"
STOPPING, SEEKING, CLOSED = "stopping", "seeking", "closed"
OPEN, LOSE, MOVE, STOP, EXPIRE = "open", "lose", "move", "stop", "expire"
STOPPED, GO, SETTLE, CLOSE = "stopped", "go", "settle", "close"

NEXT = {
    (LOST, OPEN): STOPPING,
    (LOST, CLOSE): CLOSED,
    (STOPPING, STOPPED): IDLE,
    (STOPPING, STOP): STOPPING,
    (STOPPING, MOVE): MOVING,
    (STOPPING, GO): SEEKING,
    (STOPPING, LOSE): LOST,
    (STOPPING, CLOSE): CLOSED,
    (IDLE, MOVE): MOVING,
    (IDLE, STOP): STOPPING,
    (IDLE, GO): SEEKING,
    (IDLE, LOSE): LOST,
    (IDLE, CLOSE): CLOSED,
    (MOVING, MOVE): MOVING,
    (MOVING, STOP): STOPPING,
    (MOVING, EXPIRE): STOPPING,  # the dead-man timer: nobody renewed the move
    (MOVING, GO): SEEKING,
    (MOVING, LOSE): LOST,
    (MOVING, CLOSE): CLOSED,
    (SEEKING, MOVE): MOVING,
    (SEEKING, STOP): STOPPING,
    (SEEKING, GO): SEEKING,
    (SEEKING, SETTLE): IDLE,
    (SEEKING, LOSE): LOST,
    (SEEKING, CLOSE): CLOSED,
}

STOP_COPY_COUNT = 2
QUEUE_COUNT_MAX = 8
STILL = (0, 0, 0)
LENS_STILL = (0, 0)
LEASE_MS_MAX = 900  # the stop needs the rest of the second to reach the head
NEVER_MS = 1 << 62


class Drive:
    """Holds the newest wish for one dome and hands out one frame at a time.

    Args:
        settings: of the head.
    """

    def __init__(self, settings: PtzSettings) -> None:
        self.settings = settings
        self.protocol = protocols.make(settings)
        self.lease_ms = min(settings.lease_ms, LEASE_MS_MAX)
        self.machine = Machine(NEXT, LOST)
        self.move: tuple[int, int, int] = STILL
        self.lens: tuple[int, int] = LENS_STILL
        self.sought_ms = NEVER_MS  # when the frame to the sought preset was handed out
        self._stop_cause = ""
        self._stopped_cause = ""
        self.purged_count = 0
        self.expired_count = 0
        self.full_count = 0
        self._move_until_ms = NEVER_MS
        self._lens_until_ms = NEVER_MS
        self._resend_ms = NEVER_MS
        self._stops_owed = 0
        self._is_told = True
        self._is_less = False  # a part was stopped: that is told twice, as any stop is
        self._preset = 0
        self._queue: list[bytes] = []

    @property
    def state(self) -> str:
        """One of the states above."""
        return self.machine.state

    def set_motion(
        self, move: "tuple[int, int, int] | None", lens: "tuple[int, int] | None", now_ms: int
    ) -> bool:
        """Take or renew a wish for a lease; None leaves that part as it is.

        Returns:
            False when nothing may move now: the line is lost or the drive closed.
        """
        new_move = self.move if move is None else move
        new_lens = self.lens if lens is None else lens
        if new_move == STILL and new_lens == LENS_STILL:
            return self.stop("operator")
        was_moving = self.state == MOVING
        if not self.machine.on_event(MOVE):
            return False
        if move is not None:
            self._move_until_ms = NEVER_MS if move == STILL else now_ms + self.lease_ms
        if lens is not None:
            is_still = lens == LENS_STILL
            self._lens_until_ms = NEVER_MS if is_still else now_ms + self.lease_ms
        if not was_moving or (new_move, new_lens) != (self.move, self.lens):
            self.purged_count += not self._is_told or self._preset != 0
            self._is_told = False
        self._preset = 0
        self.move, self.lens = new_move, new_lens
        return True

    def stop(self, cause: str) -> bool:
        """Stop everything, ahead of everything; False when the line is lost or closed."""
        return self._halt(STOP, cause)

    def repeat_stop(self) -> bool:
        """Owe one more copy of the last stop; False when one is owed or something newer waits."""
        is_before_preset = self.state == SEEKING and self._preset != 0
        if self._stops_owed or not (self.state == IDLE or is_before_preset):
            return False
        self._stops_owed, self._stop_cause = 1, ""
        return True

    def owes_stop(self) -> bool:
        """Whether any copy of a stop waits."""
        return self._stops_owed > 0

    def owes_copy(self) -> bool:
        """Whether the second copy of a stop is what goes next; one said again later is none."""
        is_second = 0 < self._stops_owed < STOP_COPY_COUNT and self._stop_cause != ""
        return is_second and self._is_told

    def go(self, number: int) -> bool:
        """Send the dome to a preset; False when the line is lost or the drive closed."""
        was_moving = self.state == MOVING
        if not self.machine.on_event(GO):
            return False
        self._forget_motion()
        if was_moving:
            # A head ignores a preset that it does not have, and would then run on for ever.
            self._stops_owed = STOP_COPY_COUNT
            self._stop_cause = "preset"
        self._preset = number
        self.sought_ms = NEVER_MS
        return True

    def queue(self, frame: bytes) -> bool:
        """Take a frame that moves nothing; False when too many wait."""
        if len(self._queue) >= QUEUE_COUNT_MAX:
            self.full_count += 1
            return False
        self._queue.append(frame)
        return True

    def on_line(self, is_open: bool) -> None:
        """Hear that the line came (then stop whatever goes on) or went."""
        if is_open:
            self._halt(OPEN, "start")
        elif self.machine.on_event(LOSE):
            self._forget_motion()
            self._stops_owed = 0
            self._queue = []

    def close(self) -> None:
        """Stop for good."""
        was_lost = self.state == LOST
        if self._halt(CLOSE, "close") and was_lost:
            self._stops_owed = 0

    def take_stopped(self) -> str:
        """Tell once why it was stopped, when the last copy of a stop was handed out; else ""."""
        cause, self._stopped_cause = self._stopped_cause, ""
        return cause

    def trim(self, move: "tuple[int, int, int]", cause: str) -> None:
        """Take something out of the move that goes on, without renewing it."""
        if move == STILL and self.lens == LENS_STILL:
            self._halt(STOP, cause)
            return
        self.move = move
        self._is_told = False
        if move == STILL:
            self._move_until_ms = NEVER_MS

    def settle(self) -> bool:
        """Hear that a preset is reached or given up; False when none was sought."""
        return bool(self.machine.on_event(SETTLE))

    def expire(self, now_ms: int) -> bool:
        """End what nobody renewed; True when a lease ran out."""
        is_move_over = now_ms >= self._move_until_ms
        is_lens_over = now_ms >= self._lens_until_ms
        if not is_move_over and not is_lens_over:
            return False
        self.expired_count += 1
        move = STILL if is_move_over else self.move
        lens = LENS_STILL if is_lens_over else self.lens
        if move == STILL and lens == LENS_STILL:
            self._halt(EXPIRE, "lease")
            return True
        self.move, self.lens = move, lens
        self._move_until_ms = NEVER_MS if move == STILL else self._move_until_ms
        self._lens_until_ms = NEVER_MS if lens == LENS_STILL else self._lens_until_ms
        self._is_told = False
        self._is_less = True
        return True

    def lease_due_ms(self) -> int:
        """Tell when the next lease runs out."""
        return min(self._move_until_ms, self._lens_until_ms)

    def due_ms(self, now_ms: int, exchange_ms: int = 0) -> int:
        """Tell when `next_frame` has something to say, if no wish comes; 0 for now.

        Args:
            now_ms: monotonic.
            exchange_ms: as in `next_frame`; so close to a lease's end nothing is told again.
        """
        if self.is_urgent() or (self._queue and self.state != MOVING):
            return 0
        lease_ms = self.lease_due_ms()
        is_lease_near = lease_ms - max(now_ms, self._resend_ms) < exchange_ms
        return lease_ms if is_lease_near else self._resend_ms

    def is_urgent(self) -> bool:
        """Whether a stop or a motion waits, before which no query may go."""
        return bool(self._stops_owed or not self._is_told or self._preset)

    def has_stop(self) -> bool:
        """Whether the first copy of a stop waits, before which nothing on the line may go."""
        return self._stops_owed == STOP_COPY_COUNT

    def next_frame(self, now_ms: int, exchange_ms: int = 0) -> bytes:
        """Hand out the frame to send now, b"" for none; it counts as sent.

        Args:
            now_ms: monotonic.
            exchange_ms: how long the line can be taken by one frame. What could still be on the
                line when a lease runs out must not be begun: a new motion then goes without the
                part whose lease is nearly over, anything else waits.
        """
        if self._stops_owed == STOP_COPY_COUNT:
            return self._stop_frame()
        is_lease_near = self.lease_due_ms() - now_ms < exchange_ms
        if is_lease_near and not self._is_told:
            self.expire(now_ms + exchange_ms)
            return self.next_frame(now_ms)
        is_resend_due = self.state == MOVING and now_ms >= self._resend_ms and not is_lease_near
        if not self._is_told or is_resend_due:
            self._stops_owed = 0
            self._is_told = True
            self._resend_ms = now_ms + (0 if self._is_less else self.settings.resend_ms)
            self._is_less = False
            return self.protocol.motion(self.move, self.lens)
        if self._stops_owed:
            return self._stop_frame()
        if self._preset:
            number, self._preset = self._preset, 0
            self.sought_ms = now_ms
            return self.protocol.preset("go", number)
        return self._queue.pop(0) if self._queue and not is_lease_near else b""

    def _stop_frame(self) -> bytes:
        self._stops_owed -= 1
        if not self._stops_owed:
            self._stopped_cause = self._stop_cause
            if self.state == STOPPING:
                self.machine.on_event(STOPPED)
        return self.protocol.stop()

    def _halt(self, event: str, cause: str) -> bool:
        was_stopping = self.state == STOPPING
        if not self.machine.on_event(event):
            return False
        self.purged_count += not self._is_told or self._preset != 0
        self._forget_motion()
        if event != STOP or not was_stopping or not self._stops_owed:
            self._stops_owed = STOP_COPY_COUNT
        self._stop_cause = cause
        return True

    def _forget_motion(self) -> None:
        self.move, self.lens = STILL, LENS_STILL
        self._move_until_ms = NEVER_MS
        self._lens_until_ms = NEVER_MS
        self._resend_ms = NEVER_MS
        self._is_told = True
        self._preset = 0
