"""Sends the outbox to the CMC: a window of 20, from the head again when nothing moves.

Nothing moves for 10 s when the link swallows what is sent; for 1 s is enough when the CMC keeps
answering with the same cursor, because then it lives and waits for a record that was lost.
"""

from firmware.errors import RemoteProtocolError
from firmware.telemetry.messages import decode_event, encode
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.telemetry.outbox import Outbox

WINDOW_COUNT = 20
PROGRESS_MS = 10_000
REPEAT_COUNT = 3
REPEAT_PROGRESS_MS = 1_000
RETRY_MS = 100


class Backlog:
    """Knows how far the outbox has been sent in this round.

    Args:
        outbox: where the records wait.
    """

    __slots__ = (
        "_is_up",
        "_outbox",
        "_progress_ms",
        "_repeat_count",
        "_retry_ms",
        "_sent",
        "resent_count",
        "sent_count",
    )

    def __init__(self, outbox: "Outbox") -> None:
        self._outbox = outbox
        self._is_up = False
        self._sent = (0, 0)
        self._progress_ms = 0
        self._repeat_count = 0
        self._retry_ms = 0
        self.sent_count = 0
        self.resent_count = 0

    def on_link(self, is_up: bool, now_ms: int) -> None:
        """Begin from the head with each connection."""
        self._is_up = is_up
        self._retry_ms = now_ms
        self._restart(now_ms)

    def _restart(self, now_ms: int) -> None:
        self._sent = (0, 0)
        self._progress_ms = now_ms
        self._repeat_count = 0

    def on_cursor(self, dropped_count: int, now_ms: int) -> None:
        """Learn that the CMC has stored so many records more."""
        self._repeat_count += 1
        if dropped_count:
            self._progress_ms = now_ms
            self._repeat_count = 0

    def _restart_ms(self) -> int:
        """When what was sent counts as lost."""
        is_answered = self._repeat_count >= REPEAT_COUNT
        return self._progress_ms + (REPEAT_PROGRESS_MS if is_answered else PROGRESS_MS)

    def take(self, now_ms: int) -> "tuple[tuple[int, int], bytes] | None":
        """Hand over the next record to send.

        Returns:
            (key, payload), or None when the window is full, nothing durable is left, or a publish
            was just refused. It counts as sent unless `on_refused` says otherwise.
        """
        if not self._is_up or now_ms < self._retry_ms:
            return None
        position = self._outbox.position_after(self._sent)
        if position and now_ms >= self._restart_ms():
            self.resent_count += position
            self._restart(now_ms)
            position = 0
        if position == 0:
            self._progress_ms = now_ms
        if position >= min(WINDOW_COUNT, self._outbox.durable_count):
            return None
        payload = self._payload(position)
        if not payload:
            self._retry_ms = now_ms + RETRY_MS
            return None
        self._sent = self._outbox.key(position)
        self.sent_count += 1
        return self._sent, payload

    def _payload(self, position: int) -> bytes:
        """Read one record and tell in it what comes before; b"" when it cannot be read now."""
        data = self._outbox.record(position)
        if not data:
            return b""
        try:
            record = decode_event(data)
        except RemoteProtocolError:
            # Whole, but of another version of this format: the CMC could not read it either.
            self._outbox.discard(position)
            return b""
        record.is_head = position == 0
        previous = self._outbox.key(position - 1) if position else self._outbox.cursor()
        record.previous_boot, record.previous_sequence = previous
        return encode(record)

    def on_refused(self, key: "tuple[int, int]", now_ms: int) -> None:
        """Learn that the link did not take a record: it and all after it count as not sent."""
        self._retry_ms = now_ms + RETRY_MS
        if key <= self._sent:
            # Just below it: no record lies between, whatever the outbox has given up since.
            self._sent = (key[0], key[1] - 1)

    def due_ms(self, now_ms: int, idle_ms: int) -> int:
        """When `take` may have something at the earliest."""
        due_ms = now_ms + idle_ms
        if not self._is_up:
            return due_ms
        position = self._outbox.position_after(self._sent)
        if position:
            due_ms = min(due_ms, self._restart_ms())
        if position < min(WINDOW_COUNT, self._outbox.durable_count):
            due_ms = min(due_ms, self._retry_ms)
        return max(now_ms, due_ms)
