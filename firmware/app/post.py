"""Everything that goes over the link: commands and cursors in, telemetry out."""

from firmware.app.medium import Medium
from firmware.commands.message import encode_answer
from firmware.commands.service import KEY_ID
from firmware.cose import mac0
from firmware.errors import ProtocolError
from firmware.telemetry import topics
from hal.api._typing import TYPE_CHECKING
from hal.api.link import ACKED, DOWN, MESSAGE, UP

if TYPE_CHECKING:
    from firmware.commands.service import CommandService
    from firmware.telemetry.service import TelemetryService
    from hal.api._typing import Callable
    from hal.api.board import Board
    from hal.api.link import Message


class Post:
    """Joins the link to the services of telemetry and commands.

    Args:
        board: its link, keys, clock and outbox medium are used.
        unit: this unit's name.
        telemetry: says what goes out.
        commands: takes what comes in.
        on_anchor: called with the CMC's clock and now_ms at each authentic cursor.
    """

    __slots__ = (
        "_board",
        "_command_topic",
        "_commands",
        "_cursor_topic",
        "_medium",
        "_on_anchor",
        "_telemetry",
        "lost_link_count",
        "unread_count",
    )

    def __init__(
        self,
        board: "Board",
        unit: str,
        telemetry: "TelemetryService",
        commands: "CommandService",
        on_anchor: "Callable[[int, int], None]",
    ) -> None:
        self._board = board
        self._telemetry = telemetry
        self._commands = commands
        self._on_anchor = on_anchor
        self._medium = Medium(board.outbox)
        self._command_topic = topics.topic(unit, topics.COMMAND)
        self._cursor_topic = topics.topic(unit, topics.CURSOR)
        self.lost_link_count = 0
        self.unread_count = 0
        board.link.open(unit, telemetry.will(), topics.unit_subscriptions(unit))

    def take(self, now_ms: int) -> None:
        """Take what came over the link; commands are done before this returns."""
        for kind, token, message, reason in self._board.link.poll():
            if kind == MESSAGE and message is not None:
                self._take_message(message, now_ms)
            elif kind == ACKED:
                self._telemetry.on_acked(token, now_ms)
            elif kind == UP:
                self._telemetry.on_link(True, now_ms)
            elif kind == DOWN:
                self.lost_link_count += 1
                self._telemetry.on_link(False, now_ms, reason)

    def send(self, now_ms: int) -> int:
        """Publish and store what telemetry has ready; returns when it is next due."""
        for number, code in self._medium.poll():
            self._telemetry.on_completion(number, code, now_ms)
        publications, plan, due_ms = self._telemetry.step(now_ms)
        for reference, message in publications:
            self._telemetry.on_published(reference, self._board.link.publish(message), now_ms)
        self._telemetry.on_submitted(self._medium.submit(plan))
        return due_ms

    def close(self, timeout_ms: int) -> None:
        """Store what waits and say goodbye; waits at most `timeout_ms` for the medium."""
        clock = self._board.clock
        until_ms = clock.now_ms() + timeout_ms
        self.send(clock.now_ms())
        while self._medium.in_flight() and clock.now_ms() < until_ms:
            self._board.wake.wait(5)
            self.send(clock.now_ms())
        self._board.link.close(self._telemetry.farewell())

    def _take_message(self, message: "Message", now_ms: int) -> None:
        """Give a message to whom its topic says; what cannot be read is counted."""
        if message.topic == self._command_topic:
            clock = self._board.clock
            answer = self._commands.receive(
                message.topic, message, clock.utc_ms(), clock.utc_quality(), now_ms
            )
            if answer is not None:
                self._telemetry.answer(encode_answer(answer))
        elif message.topic == self._cursor_topic and not message.is_retained:
            self._take_cursor(message, now_ms)
        else:
            self.unread_count += 1

    def _take_cursor(self, message: "Message", now_ms: int) -> None:
        """Let go of what the CMC has stored, and take its clock."""
        try:
            key_id, payload = mac0.unseal(
                self._board.keys, message.payload, message.topic.encode()
            )
            if key_id != KEY_ID:
                self.unread_count += 1
                return
            cursor = self._telemetry.on_cursor(payload, now_ms)
        except ProtocolError:
            self.unread_count += 1
            return
        self._on_anchor(cursor.utc_ms, now_ms)
