"""The link to the CMC: MQTT 3.1.1 over one socket that never waits."""

import errno
import os
import select
import socket
import time

from hal.api._typing import TYPE_CHECKING
from hal.api.link import ACKED, DOWN, MESSAGE, UP, Message
from hal.micropython import mqtt

if TYPE_CHECKING:
    from hal.api.clock import Clock

    Told = tuple[str, int, Message | None, str]

MQTT_PORT = 1883
KEEP_ALIVE_S = 10
PING_EVERY_MS = KEEP_ALIVE_S * 500
SILENCE_MS_MAX = KEEP_ALIVE_S * 1_500
CONNECT_MS_MAX = 5_000
PACKET_BYTES_MAX = 4096
RECEIVE_BYTES = 1024
RECEIVES_PER_POLL = 8
SEND_QUEUE_MAX = 96
IN_FLIGHT_MAX = 32
TOLD_MAX = 64
PACKET_ID_MAX = 0xFFFF
RETRY_MS_MIN, RETRY_MS_MAX = 1_000, 60_000
FAREWELL_MS = 1_000
SUBSCRIPTION_ID = 1
IPPROTO_TCP, TCP_NODELAY = 6, 1
ERROR_EVENTS = select.POLLERR | select.POLLHUP
WOULD_BLOCK = (errno.EAGAIN, errno.EINPROGRESS)


class LinkLostError(Exception):
    """The connection is over; the text says why."""


class SocketLink:
    """A `hal.api.link.Link` over a plain socket.

    Args:
        host: name or address of the broker; a name is looked up at each attempt, which may wait.
        port: its TCP port.
        clock: times the attempts.
        user: "" for none.
        password: "" for none.
    """

    def __init__(
        self, host: str, port: int, clock: "Clock", user: str = "", password: str = ""
    ) -> None:
        self.name = "mqtt://%s:%d" % (host, port)
        self.oversized_count = 0
        self._address = (host, port)
        self._credentials = (user, password)
        self._clock = clock
        self._session: tuple[str, Message, list[str]] | None = None
        self._socket = None
        self._poller = None
        self._reader = mqtt.PacketReader(PACKET_BYTES_MAX)
        self._sending: list[bytes] = []
        self._sent_bytes = 0
        self._is_connected = False
        self._is_up = False
        self._in_flight: dict[int, int] = {}
        self._packet_id = SUBSCRIPTION_ID
        self._token = 0
        self._told: list[Told] = []
        self._retry_ms = RETRY_MS_MIN
        self._retry_at_ms = self._began_ms = self._pinged_ms = self._heard_ms = 0

    def open(self, client_id: str, will: Message, subscriptions: "list[str]") -> None:
        """Begin to connect."""
        self._session = (client_id, will, subscriptions)
        self._retry_ms = RETRY_MS_MIN
        self._retry_at_ms = self._clock.now_ms()

    def publish(self, message: Message) -> int:
        """Send one message; returns its token, or 0 when it was not taken."""
        if not self._is_up or len(self._sending) >= SEND_QUEUE_MAX:
            return 0
        packet_id = 0
        if message.qos:
            if len(self._in_flight) >= IN_FLIGHT_MAX:
                return 0
            packet_id = self._next_packet_id()
            self._in_flight[packet_id] = self._token + 1
        self._token += 1
        self._sending.append(mqtt.encode_publish_head(message, packet_id))
        if message.payload:
            self._sending.append(message.payload)
        return self._token

    def poll(self) -> "list[Told]":
        """Tell what happened since the last call, at most 64 at once, in order."""
        if self._session is not None:
            try:
                self._step(self._clock.now_ms())
            except (OSError, LinkLostError, mqtt.MqttError) as error:
                self._fail(str(error))
        told = self._told[:TOLD_MAX]
        self._told = self._told[TOLD_MAX:]
        return told

    def close(self, farewell: "Message | None") -> None:
        """Send the farewell if up and disconnect cleanly; idempotent."""
        if self._is_up:
            self._say_farewell(farewell)
        self._session = None
        self._drop()

    def wake_on(self) -> "tuple[object, int] | None":
        """Name the socket and the events that should end a sleep; None while there is none."""
        if self._socket is None:
            return None
        is_writing = self._sending or not self._is_connected
        return self._socket, select.POLLIN | (select.POLLOUT if is_writing else 0)

    def is_due(self) -> bool:
        """Tell whether `poll` has something already, so that nobody sleeps on it."""
        return bool(self._told)

    def _step(self, now_ms: int) -> None:
        """Start an attempt when it is due, else let the connection work."""
        if self._socket is None:
            if now_ms >= self._retry_at_ms:
                self._connect(now_ms)
            return
        if not self._is_connected and not self._has_connected(now_ms):
            return
        self._receive(now_ms)
        if now_ms - self._pinged_ms >= PING_EVERY_MS:
            self._pinged_ms = now_ms
            self._sending.append(mqtt.PINGREQ)
        if now_ms - self._heard_ms > SILENCE_MS_MAX:
            raise LinkLostError("the broker is silent")
        if not self._is_up and now_ms - self._began_ms > CONNECT_MS_MAX:
            raise LinkLostError("the broker does not greet")
        self._send()

    def _connect(self, now_ms: int) -> None:
        """Begin a TCP connection."""
        found = socket.getaddrinfo(self._address[0], self._address[1], 0, socket.SOCK_STREAM)[0]
        self._socket = socket.socket(found[0], socket.SOCK_STREAM)
        self._socket.setblocking(False)
        self._began_ms = self._heard_ms = self._pinged_ms = now_ms
        try:
            self._socket.connect(found[-1])
        except OSError as error:
            if error.args[0] not in WOULD_BLOCK:
                raise
        self._poller = select.poll()
        self._poller.register(self._socket, select.POLLIN | select.POLLOUT)

    def _has_connected(self, now_ms: int) -> bool:
        """Look whether the TCP connection stands; the greeting goes out when it does."""
        ready = self._poller.poll(0)
        if not ready:
            if now_ms - self._began_ms > CONNECT_MS_MAX:
                raise LinkLostError("nobody answers")
            return False
        if ready[0][1] & ERROR_EVENTS:
            raise LinkLostError("the connection was refused")
        # a message is several small writes; without this each would wait for the one before
        self._socket.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        client_id, will, _ = self._session
        user, password = self._credentials
        self._sending = [mqtt.encode_connect(client_id, KEEP_ALIVE_S, will, user, password)]
        self._is_connected = True
        return True

    def _receive(self, now_ms: int) -> None:
        """Read what came, unless the core is behind with what was told already."""
        for _ in range(RECEIVES_PER_POLL):
            if len(self._told) >= TOLD_MAX:
                return
            try:
                data = self._socket.recv(RECEIVE_BYTES)
            except OSError as error:
                if error.args[0] in WOULD_BLOCK:
                    return
                raise
            if not data:
                raise LinkLostError("the broker hung up")
            self._heard_ms = now_ms
            before_count = self._reader.oversized_count
            for first, rest, is_whole in self._reader.receive(data):
                if first & mqtt.KIND_MASK == mqtt.PUBLISH:
                    self._take_publication(first, rest, is_whole)
                else:
                    self._take(first & mqtt.KIND_MASK, rest)
            self.oversized_count += self._reader.oversized_count - before_count

    def _take(self, kind: int, rest: bytes) -> None:
        """Act on one packet that is no publication."""
        if kind == mqtt.PUBACK:
            token = self._in_flight.pop(int.from_bytes(rest, "big"), 0)
            if token:
                self._told.append((ACKED, token, None, ""))
        elif kind == mqtt.CONNACK:
            if rest[1:] != b"\x00":
                raise LinkLostError("the broker refuses this unit: code %s" % rest[1:].hex())
            filters = self._session[2]
            if filters:
                self._sending.append(mqtt.encode_subscribe(SUBSCRIPTION_ID, filters))
            else:
                self._rise()
        elif kind == mqtt.SUBACK:
            if mqtt.REFUSED_FILTER in rest[mqtt.ID_BYTES :]:
                raise LinkLostError("the broker refuses a subscription; check its access list")
            self._rise()
        elif kind != mqtt.PINGRESP:
            raise mqtt.MqttError("a packet of kind 0x%02x, which no broker sends" % kind)

    def _take_publication(self, first: int, rest: bytes, is_whole: bool) -> None:
        qos = first >> mqtt.QOS_SHIFT & mqtt.QOS_MASK
        topic, packet_id, payload = mqtt.publication(rest, qos)
        if packet_id:
            self._sending.append(mqtt.encode_puback(packet_id))
        if not is_whole:
            return
        message = Message(topic, payload, qos, bool(first & mqtt.RETAIN))
        self._told.append((MESSAGE, 0, message, ""))

    def _send(self) -> None:
        """Send what the socket takes; a payload goes out from where it lies."""
        while self._sending:
            data = self._sending[0]
            try:
                count = self._socket.send(memoryview(data)[self._sent_bytes :])
            except OSError as error:
                if error.args[0] in WOULD_BLOCK:
                    return
                raise
            self._sent_bytes += count or 0
            if self._sent_bytes < len(data):
                return
            self._sending.pop(0)
            self._sent_bytes = 0

    def _rise(self) -> None:
        self._is_up = True
        self._retry_ms = RETRY_MS_MIN
        self._told.append((UP, 0, None, ""))

    def _next_packet_id(self) -> int:
        while True:
            self._packet_id = self._packet_id % PACKET_ID_MAX + 1
            if self._packet_id not in self._in_flight:
                return self._packet_id

    def _fail(self, reason: str) -> None:
        """Tell DOWN and plan the next attempt: 1 s doubling to 60 s, each up to half sooner."""
        self._drop()
        self._told.append((DOWN, 0, None, reason or "lost"))
        jitter = int.from_bytes(os.urandom(2), "big")
        wait_ms = self._retry_ms // 2 + (self._retry_ms * jitter >> 17)
        self._retry_at_ms = self._clock.now_ms() + wait_ms
        self._retry_ms = min(2 * self._retry_ms, RETRY_MS_MAX)

    def _say_farewell(self, farewell: "Message | None") -> None:
        """Send the last message and a clean end; waits at most 1 s for the acknowledgement."""
        token = 0 if farewell is None else self.publish(farewell)
        end_ms = self._clock.now_ms() + FAREWELL_MS
        try:
            while self._clock.now_ms() < end_ms:
                self._step(self._clock.now_ms())
                if not self._sending and token not in self._in_flight.values():
                    break
                time.sleep(0.002)
            self._sending.append(mqtt.DISCONNECT)
            self._send()
        except (OSError, LinkLostError, mqtt.MqttError):
            self._drop()  # it went away by itself; there is nobody left to tell

    def _drop(self) -> None:
        gone, self._socket = self._socket, None
        if gone is not None:
            gone.close()
        self._poller = None
        self._is_connected = self._is_up = False
        self._in_flight.clear()
        self._sending = []
        self._sent_bytes = 0
        self._reader = mqtt.PacketReader(PACKET_BYTES_MAX)


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
    parts = text.split("%")
    plain = parts[0].encode()
    for part in parts[1:]:
        plain += bytes([int(part[:2], 16)]) + part[2:].encode()
    return plain.decode()
