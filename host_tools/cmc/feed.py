"""Takes in what units say, stores it, and tells each unit how far it was stored.

The broker's acknowledgement is not durability: a record counts when the transaction that holds it
was flushed. Only then is the message acknowledged and the unit told the cursor, which lets it drop
the record. A crash anywhere before that costs nothing: the unit sends from the cursor again.
"""

import logging
import queue
import sqlite3
import threading
from collections.abc import Callable
from typing import Protocol
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from firmware.commands.message import Answer, decode_answer
from firmware.errors import LocalProtocolError, RemoteProtocolError
from firmware.telemetry import messages, topics
from host_tools.cmc.fleet import Fleet, UnitView
from host_tools.cmc.store import AHEAD, STORED, Store

LOG = logging.getLogger(__name__)
BATCH_COUNT_MAX = 200
QUEUE_COUNT_MAX = 20_000
CURSOR_EVERY_MS = 60_000
TICK_S = 0.5
KEEPALIVE_S = 5
RECONNECT_S_MAX = 2
QOS_DURABLE = 1
SHOWN_COUNT = 80


class Signer(Protocol):
    """Seals what the CMC says to a unit, with the key that the two share."""

    def seal(self, unit: str, topic: str, payload: bytes) -> bytes:
        """Wrap a payload in a COSE_Mac0 whose external_aad is the topic."""
        ...


class Feed:
    """The CMC's connection to the broker.

    Args:
        url: mqtt://user:password@host:port.
        store: where records go.
        fleet: what is known now.
        signer: seals cursors.
        epoch: the keyholder's epoch now.
    """

    def __init__(
        self, url: str, store: Store, fleet: Fleet, signer: Signer, epoch: Callable[[], int]
    ) -> None:
        self._store = store
        self._fleet = fleet
        self._signer = signer
        self._epoch = epoch
        self.anchor_utc_ms: Callable[[], int] = fleet.utc_ms
        """The keyholder's clock: what units are told of the time."""
        self._queue: queue.Queue[mqtt.MQTTMessage | None] = queue.Queue(QUEUE_COUNT_MAX)
        self._cursor_due_ms: dict[str, int] = {}
        self._is_closing = threading.Event()
        self.queue_full_count = 0
        self.store_failed_count = 0
        self.cursor_unsigned_count = 0
        self.answers: Callable[[Answer], None] = _ignore
        self._address = urlsplit(url)
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id="lamppost-cmc",
            protocol=mqtt.MQTTv311,
            manual_ack=True,
        )
        self._client.username_pw_set(self._address.username, self._address.password)
        self._client.reconnect_delay_set(1, RECONNECT_S_MAX)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message
        self._worker = threading.Thread(target=self._work, name="feed", daemon=True)

    def open(self) -> None:
        """Begin to connect; from now on the connection mends itself."""
        self._worker.start()
        self._client.connect_async(
            self._address.hostname or "127.0.0.1", self._address.port or 1883, KEEPALIVE_S
        )
        self._client.loop_start()

    def close(self) -> None:
        """Leave the broker and finish what is queued; idempotent."""
        if self._is_closing.is_set():
            return
        self._is_closing.set()
        self._client.disconnect()
        self._client.loop_stop()
        self._queue.put(None)
        self._worker.join()

    def publish(self, topic: str, payload: bytes) -> bool:
        """Send a command at QoS 0: one that cannot leave now must not leave later.

        Returns:
            whether the broker is there.
        """
        if not self._fleet.is_broker_up:
            return False
        return self._client.publish(topic, payload, qos=0).rc == mqtt.MQTT_ERR_SUCCESS

    # On the network thread

    def _on_connect(
        self,
        client: mqtt.Client,
        _data: object,
        _flags: mqtt.ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            LOG.error("broker refuses us: %s; check user and password of its URL", reason)
            return
        client.subscribe([(topic, QOS_DURABLE) for topic in topics.cmc_subscriptions()])
        self._fleet.on_broker(is_up=True)

    def _on_disconnect(
        self,
        _client: mqtt.Client,
        _data: object,
        _flags: mqtt.DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self._fleet.on_broker(is_up=False)
        LOG.warning("broker lost: %s", reason)

    def _on_message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        try:
            self._queue.put_nowait(message)
        except queue.Full:
            self.queue_full_count += 1  # not acknowledged: the unit sends it again

    # On the feed's own thread

    def _work(self) -> None:
        is_last = False
        while not is_last:
            batch, is_last = self._collect()
            try:
                told = self._take(batch)
            except sqlite3.Error as error:
                # Nothing is acknowledged, so the units keep what they sent and send it again.
                self.store_failed_count += 1
                LOG.warning("%s cannot be written: %s; free its disk", self._store.path, error)
                continue
            for message in batch:
                if message.qos:
                    self._client.ack(message.mid, message.qos)
            for unit in told | self._due():
                self._send_cursor(unit)
            self._fleet.step()

    def _collect(self) -> tuple[list[mqtt.MQTTMessage], bool]:
        batch: list[mqtt.MQTTMessage] = []
        try:
            message = self._queue.get(timeout=TICK_S)
            while message is not None:
                batch.append(message)
                if len(batch) >= BATCH_COUNT_MAX:
                    return batch, False
                message = self._queue.get_nowait()
        except queue.Empty:
            return batch, False
        return batch, True

    def _take(self, batch: list[mqtt.MQTTMessage]) -> set[str]:
        """Take a batch in; whoever sent records or was born is to be told its cursor."""
        told: set[str] = set()
        events: list[tuple[UnitView, messages.EventRecord]] = []
        for message in batch:
            try:
                unit, kind, camera = topics.parse(message.topic)
                view = self._fleet.find(unit)
                if view is None:
                    continue
                self._read(view, kind, camera, message)
                if kind == topics.EVENT:
                    events.append((view, messages.decode_event(bytes(message.payload))))
                if kind in (topics.EVENT, topics.STATE):
                    told.add(unit)
            except RemoteProtocolError as error:
                self._refuse(message, error)
        if events:
            self._store_events(events)
        return told

    def _store_events(self, events: list[tuple[UnitView, messages.EventRecord]]) -> None:
        received_utc_ms = self._fleet.utc_ms()
        with self._store.batch():
            verdicts = [
                (view, self._store.take(view.name, record, received_utc_ms))
                for view, record in events
            ]
        for view, verdict in verdicts:
            view.version += 1
            if verdict == STORED:
                view.event_stored_count += 1
            elif verdict == AHEAD:
                view.event_ahead_count += 1
            else:
                view.event_duplicate_count += 1

    def _read(self, view: UnitView, kind: str, camera: str, message: mqtt.MQTTMessage) -> None:
        data = bytes(message.payload)
        if kind == topics.STATE:
            state = messages.decode_state(data)
            if isinstance(state, messages.Birth):
                self._fleet.on_birth(view, state, message.retain)
            else:
                self._fleet.on_farewell(view, state)
        elif kind == topics.HEARTBEAT and not message.retain:
            self._fleet.on_heartbeat(view, messages.decode_heartbeat(data))
        elif kind == topics.STILL and not message.retain:
            self._fleet.on_still(view, camera, messages.decode_still(data))
        elif kind == topics.ANSWER:
            answer = decode_answer(data)
            if answer.unit != view.name:
                raise RemoteProtocolError(f"answer names the unit {answer.unit!r}")
            self.answers(answer)

    def _refuse(self, message: mqtt.MQTTMessage, error: RemoteProtocolError) -> None:
        LOG.warning("%s refused: %s", message.topic[:SHOWN_COUNT], error)
        with self._fleet.lock:
            self._fleet.malformed_count += 1
            name = message.topic.removeprefix(topics.PREFIX).partition("/")[0]
            view = self._fleet.units.get(name)
            if view is not None:
                view.malformed_count += 1
                view.version += 1

    def _due(self) -> set[str]:
        now_ms = self._fleet.now_ms()
        return {unit for unit, due_ms in self._cursor_due_ms.items() if now_ms >= due_ms}

    def _send_cursor(self, unit: str) -> None:
        self._cursor_due_ms[unit] = self._fleet.now_ms() + CURSOR_EVERY_MS
        boot, sequence = self._store.cursor(unit)
        cursor = messages.Cursor(boot, sequence, self.anchor_utc_ms(), self._epoch())
        topic = topics.topic(unit, topics.CURSOR)
        try:
            sealed = self._signer.seal(unit, topic, messages.encode(cursor))
        except LocalProtocolError as error:
            self.cursor_unsigned_count += 1
            LOG.warning("cursor of %s cannot be sealed: %s", unit, error)
            return
        self._client.publish(topic, sealed, qos=QOS_DURABLE)


def _ignore(_answer: Answer) -> None:
    """Take an answer that nobody waits for."""
