"""A CMC in the simulated world: it stores events as the format says, and sends signed commands."""

from collections.abc import Callable

from firmware.commands import message as commands
from firmware.cose import mac0
from firmware.errors import ProtocolError
from firmware.keys.ratchet import epoch_of
from firmware.telemetry import messages, topics
from hal.api.link import Message
from sim.devices.broker import Broker
from sim.devices.cipher import SimKeys
from sim.devices.clock import WORLD_BEGINS_UTC_MS

KEY_ID = b"command"
COMMAND_LIFE_MS = 5_000


class SimCentre:
    """The CMC of one unit.

    Args:
        broker: where it listens; its own line is perfect.
        unit: whose CMC it is.
        secret: shared with the unit.
    """

    def __init__(self, broker: Broker, unit: str, secret: bytes) -> None:
        self.keys = SimKeys()
        self.keys.mac_keys[KEY_ID] = secret
        self.stored: list[tuple[int, int, int]] = []
        """(boot, sequence, code) of each event, in the order stored."""
        self.answers: list[tuple[int, str, str]] = []
        """(sequence of the command, result, code) of each answer."""
        self.gap_count = 0
        self.duplicate_count = 0
        self.unread_count = 0
        self.heartbeat_count = 0
        self.birth_count = 0
        self.last_words = ""
        self._broker = broker
        self._unit = unit
        self._sequence = 0
        self._cursor = (0, 0)
        for kind, take in (
            (topics.EVENT, self._on_event),
            (topics.ANSWER, self._on_answer),
            (topics.STATE, self._on_state),
            (topics.HEARTBEAT, self._on_heartbeat),
        ):
            broker.client(topics.topic(unit, kind), self._guarded(take))

    @property
    def utc_ms(self) -> int:
        """The CMC's own clock, which is right."""
        return WORLD_BEGINS_UTC_MS + self._broker.timeline.now_ms()

    def command(
        self,
        act: str,
        arguments: "dict[str, int | str | bool]",
        role: str,
        person: str = "a.operator",
    ) -> int:
        """Send a signed command; returns its sequence."""
        command = commands.Command(act, arguments)
        self._sequence += 1
        command.unit = self._unit
        command.sequence = self._sequence
        command.issued_utc_ms = self.utc_ms
        command.expires_utc_ms = self.utc_ms + COMMAND_LIFE_MS
        command.person = person
        command.role = role
        command.purpose = 6
        command.reason = "story"
        self._send(topics.COMMAND, commands.encode(command), 0)
        return self._sequence

    def send_cursor(self) -> None:
        """Tell the unit how far events are stored."""
        boot, sequence = self._cursor
        cursor = messages.Cursor(boot, sequence, self.utc_ms, epoch_of(self.utc_ms))
        self._send(topics.CURSOR, messages.encode(cursor), 1)

    def _send(self, kind: str, payload: bytes, qos: int) -> None:
        topic = topics.topic(self._unit, kind)
        sealed = mac0.seal(self.keys, KEY_ID, payload, topic.encode())
        self._broker.publish(Message(topic, sealed, qos))

    def _guarded(self, take: Callable[[bytes], None]) -> Callable[[Message], None]:
        def on_message(message: Message) -> None:
            try:
                take(message.payload)
            except ProtocolError:
                self.unread_count += 1

        return on_message

    def _on_event(self, payload: bytes) -> None:
        event = messages.decode_event(payload)
        key = (event.boot, event.sequence)
        previous = (event.previous_boot, event.previous_sequence)
        if key <= self._cursor:
            self.duplicate_count += 1
        elif previous == self._cursor or event.is_head:
            self.gap_count += previous != self._cursor
            self.stored.append((event.boot, event.sequence, event.code))
            self._cursor = key
        self.send_cursor()

    def _on_answer(self, payload: bytes) -> None:
        answer = commands.decode_answer(payload)
        self.answers.append((answer.sequence, answer.result, answer.code))

    def _on_state(self, payload: bytes) -> None:
        state = messages.decode_state(payload)
        if isinstance(state, messages.Birth):
            self.birth_count += 1
            self.last_words = ""
            self.send_cursor()
        else:
            self.last_words = state.reason

    def _on_heartbeat(self, payload: bytes) -> None:
        messages.decode_heartbeat(payload)
        self.heartbeat_count += 1
