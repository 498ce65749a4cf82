"""The link to the CMC over chumicro-mqtt, one client object for each attempt."""

import os
import time

import chumicro_sockets
from chumicro_mqtt import MQTTBackpressureError
from chumicro_mqtt._wire import PacketDecoder
from chumicro_mqtt.client import MQTTClient, ProtocolState
from chumicro_timing import ticks

from hal.api._typing import TYPE_CHECKING
from hal.api.link import ACKED, DOWN, MESSAGE, UP, Message

if TYPE_CHECKING:
    from hal.api.clock import Clock

    Told = tuple[str, int, Message | None, str]

MQTT_PORT = 1883
POLL_READ, POLL_WRITE = 1, 4
CLIENT_WRITE = 2
KEEP_ALIVE_S = 10
RECEIVE_BYTES_MAX = 4096
SEND_QUEUE_MAX = 40
IN_FLIGHT_MAX = 32
TOLD_MAX = 64
STEPS_PER_POLL = 16
RETRY_MS_MIN, RETRY_MS_MAX = 1_000, 60_000
FAREWELL_MS = 1_000
IPPROTO_TCP, TCP_NODELAY = 6, 1


def split_url(url: str) -> "tuple[str, int, str, str]":
    """Take "mqtt://[user:password@]host[:port]" apart; escapes by percent are undone.

    Returns:
        (host, port, user, password); host is "" where the URL is of another kind.
    """
    scheme, _, rest = url.partition("://")
    credentials, _, address = rest.rpartition("@")
    user, _, password = credentials.partition(":")
    host, _, port = address.rstrip("/").partition(":")
    if scheme != "mqtt" or (port and not port.isdigit()):
        return "", 0, "", ""
    return host, int(port) if port else MQTT_PORT, unquote(user), unquote(password)


def unquote(text: str) -> str:
    """Undo the escapes of a URL."""
    first, *rest = text.split("%")
    parts = [first.encode()]
    parts += [bytes([int(part[:2], 16)]) + part[2:].encode() for part in rest]
    return b"".join(parts).decode()


class Decoder(PacketDecoder):
    """The library's decoder, which also remembers the flags it drops.

    Attributes:
        qos: of the last publication received.
        is_retained: whether the broker had kept it.
    """

    qos = 0
    is_retained = False

    def _parse_publish(self, fixed_byte: int, view, body_start: int, body_end: int):
        self.qos = fixed_byte >> 1 & 3
        self.is_retained = bool(fixed_byte & 1)
        return super()._parse_publish(fixed_byte, view, body_start, body_end)


class ChumicroLink:
    """A `hal.api.link.Link` over chumicro-mqtt.

    The library mends a connection by itself, but without jitter, without telling when its
    subscriptions stand, and gives up for good on a refused password. So each attempt gets a
    client of its own here, and the waiting between attempts is ours.

    Args:
        host: name or address of the broker.
        port: its TCP port.
        clock: times the attempts.
        username: "" for none.
        password: "" for none.
        tls_context: an ssl.SSLContext; None for plain TCP.
    """

    def __init__(
        self,
        host: str,
        port: int,
        clock: "Clock",
        username: str = "",
        password: str = "",
        tls_context: object = None,
    ) -> None:
        self.name = "%s://%s:%d" % ("mqtts" if tls_context else "mqtt", host, port)
        self.oversized_count = 0
        self._address = (host, port)
        self._clock = clock
        self._credentials = (username or None, password or None)
        self._tls_context = tls_context
        self._session: tuple[str, Message, list[str]] | None = None
        self._client: MQTTClient | None = None
        self._decoder: Decoder | None = None
        self._granted_count = 0
        self._is_up = False
        self._is_prompt = False
        self._in_flight: set[int] = set()
        self._token = 0
        self._told: list[Told] = []
        self._retry_ms = RETRY_MS_MIN
        self._retry_at_ms = 0

    def open(self, client_id: str, will: Message, subscriptions: "list[str]") -> None:
        """Begin to connect."""
        self._session = (client_id, will, subscriptions)
        self._retry_ms = RETRY_MS_MIN
        self._connect()

    def publish(self, message: Message) -> int:
        """Send one message; returns its token, or 0 when it was not taken."""
        client = self._client
        if not self._is_up or client is None or client.state != ProtocolState.CONNECTED:
            return 0
        token = self._token + 1
        told = None
        if message.qos:
            if len(self._in_flight) >= IN_FLIGHT_MAX:
                return 0
            told = self._acknowledger(token)
        try:
            client.publish(
                message.topic,
                message.payload,
                qos=message.qos,
                retain=message.is_retained,
                on_publish=told,
            )
        except MQTTBackpressureError:
            return 0
        self._token = token
        if message.qos:
            self._in_flight.add(token)
        return token

    def poll(self) -> "list[Told]":
        """Tell what happened since the last call, at most 64 at once, in order."""
        if self._session is not None:
            self._step()
        told = self._told[:TOLD_MAX]
        self._told = self._told[TOLD_MAX:]
        return told

    def close(self, farewell: "Message | None") -> None:
        """Send the farewell if up and disconnect cleanly; idempotent."""
        if self._client is not None and self._is_up and farewell is not None:
            token = self.publish(farewell)
            end_ms = self._clock.now_ms() + FAREWELL_MS
            while self._clock.now_ms() < end_ms and self._is_sending(token):
                self._client.handle(ticks.ticks_ms())
                time.sleep(0.002)
        self._session = None
        self._drop()

    def wake_on(self) -> "tuple[object, int] | None":
        """Name the socket and the events that should end a sleep; None while there is none."""
        client = self._client
        found = None if client is None else client.io_socket
        if found is None:
            return None
        events = POLL_READ
        if client.io_interest(ticks.ticks_ms()) & CLIENT_WRITE:
            events |= POLL_WRITE
        return getattr(found, "sock", found), events

    def is_due(self) -> bool:
        """Tell whether `poll` has something already, so that nobody sleeps on it."""
        return bool(self._told)

    def _is_sending(self, token: int) -> bool:
        client = self._client
        if client is None or client.state != ProtocolState.CONNECTED:
            return False
        return token in self._in_flight or bool(client.io_interest(0) & CLIENT_WRITE)

    def _step(self) -> None:
        """Let the client work, or start the next attempt when it is due."""
        if self._client is None:
            if self._clock.now_ms() >= self._retry_at_ms:
                self._connect()
            return
        for _ in range(STEPS_PER_POLL):
            if len(self._told) >= TOLD_MAX:
                return
            self._client.handle(ticks.ticks_ms())
            if self._client.state in {ProtocolState.FAILED, ProtocolState.DISCONNECTED}:
                self._fail(str(self._client.last_error))
                return
            self._send_promptly()
            if not self._client.io_interest(0) & CLIENT_WRITE:
                return

    def _send_promptly(self) -> None:
        """Turn Nagle's algorithm off once the socket is there: it costs 40 ms a message."""
        found = self._client.io_socket
        if self._is_prompt or self._client.state == ProtocolState.AWAITING_TRANSPORT or not found:
            return
        self._is_prompt = True
        sock = getattr(found, "sock", found)
        if hasattr(sock, "setsockopt"):
            sock.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)

    def _connect(self) -> None:
        """Make a client for one attempt."""
        client_id, will, subscriptions = self._session
        host, port = self._address
        username, password = self._credentials
        client = MQTTClient(
            transport_factory=lambda: chumicro_sockets.connector(
                host, port, tls=self._tls_context is not None, context=self._tls_context
            ),
            client_id=client_id,
            keep_alive_seconds=KEEP_ALIVE_S,
            username=username,
            password=password,
            will_topic=will.topic,
            will_message=will.payload,
            will_qos=will.qos,
            will_retain=will.is_retained,
            rx_buffer_size=RECEIVE_BYTES_MAX,
            when_disconnected="raise",
            max_tx_queue_size=SEND_QUEUE_MAX,
        )
        self._decoder = client._decoder = Decoder(rx_buffer_size=RECEIVE_BYTES_MAX)  # noqa: SLF001
        client.on_message = self._receive
        client.on_connect = self._rise
        client.on_oversized = self._refuse
        self._granted_count = 0
        self._is_prompt = False
        for topic in subscriptions:
            client.subscribe(topic, 1, on_subscribe=self._grant)
        self._client = client
        client.connect()

    def _receive(self, topic: str, payload: bytes) -> None:
        decoder = self._decoder
        message = Message(topic, payload, decoder.qos, decoder.is_retained)
        self._told.append((MESSAGE, 0, message, ""))

    def _refuse(self, length_bytes: int, topic: "str | None") -> None:  # noqa: ARG002 - the library's
        self.oversized_count += 1

    def _grant(self, topic: str, granted_qos: "list[int]") -> None:  # noqa: ARG002 - the library's
        self._granted_count += 1
        self._rise()

    def _rise(self) -> None:
        """Tell UP once every subscription stands."""
        if self._is_up or self._granted_count < len(self._session[2]):
            return
        self._is_up = True
        self._retry_ms = RETRY_MS_MIN
        self._told.append((UP, 0, None, ""))

    def _acknowledger(self, token: int):
        def tell(topic: str, payload: bytes) -> None:  # noqa: ARG001 - the library's
            if token in self._in_flight:
                self._in_flight.discard(token)
                self._told.append((ACKED, token, None, ""))

        return tell

    def _fail(self, reason: str) -> None:
        """Tell DOWN and plan the next attempt: 1 s doubling to 60 s, each halved at random."""
        self._drop()
        self._told.append((DOWN, 0, None, reason))
        jitter = int.from_bytes(os.urandom(2), "big")
        self._retry_at_ms = (
            self._clock.now_ms() + self._retry_ms // 2 + (self._retry_ms * jitter >> 17)
        )
        self._retry_ms = min(2 * self._retry_ms, RETRY_MS_MAX)

    def _drop(self) -> None:
        client, self._client = self._client, None
        self._is_up = False
        self._in_flight.clear()
        if client is not None:
            client.disconnect()
