"""One MQTT connection from dialling to its end; never used twice."""

import contextlib
import socket
import ssl
import threading
from typing import TYPE_CHECKING, Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from hal.api.link import ACKED, MESSAGE, UP, Message
from hal.linux.mqtt_url import MqttUrl

if TYPE_CHECKING:
    from collections.abc import Callable

    from paho.mqtt.reasoncodes import ReasonCode

    Tell = Callable[["Connection", str, int, Message | None, str], None]

PAYLOAD_BYTES_MAX = 262_144
IN_FLIGHT_COUNT_MAX = 32
CONNECT_TIMEOUT_S = 10.0
HANDSHAKE_TIMEOUT_S = 20.0


class Connection:
    """A client that connects once, so nothing of an earlier connection can be sent again.

    paho keeps publications made while it is down and delivers them later, and it re-sends those
    in flight when it comes back; both would be stale here. A client that dies with its
    connection takes its queue with it.

    Args:
        url: the broker.
        tell: called by the network thread with (self, kind, packet id, message, reason).
        subscriptions: topic filters, renewed before UP is told.
    """

    def __init__(self, url: MqttUrl, tell: "Tell", subscriptions: list[str]) -> None:
        self.was_up = False
        self._url = url
        self._tell = tell
        self._subscriptions = subscriptions
        self._client: paho.Client | None = None
        self._is_up = False
        self._reason = ""
        self._early: list[Message] = []  # the broker may send before it answers the subscription
        self._ended = threading.Event()
        self._settled = threading.Event()

    def is_up(self) -> bool:
        """Tell whether it carries messages now."""
        return self._is_up

    def live(self, client_id: str, will: Message, keepalive_s: int, stop: threading.Event) -> str:
        """Connect, serve, and return the reason of the end; runs in the link's own thread."""
        client = self._make_client(client_id, will)
        self._client = client
        try:
            client.connect(self._url.host, self._url.port, keepalive_s)
        except (OSError, ssl.SSLError, ValueError) as trouble:
            return f"{self._url.name}: {trouble}"
        if stop.is_set():
            client.disconnect()
        client.loop_start()
        if not self._settled.wait(HANDSHAKE_TIMEOUT_S):
            self._reason = "no answer to the connection within 20 s"
            client.disconnect()
        self._ended.wait()
        self._is_up = False
        client.loop_stop()
        return f"{self._url.name}: {self._reason}"

    def publish(self, message: Message) -> int:
        """Send now; returns the packet id, or 0 when the connection is just ending."""
        assert self._client is not None
        info = self._client.publish(
            message.topic, message.payload, message.qos, message.is_retained
        )
        # an error here means that the client dies unsent; nothing is kept for a later one
        return info.mid if info.rc == MQTTErrorCode.MQTT_ERR_SUCCESS else 0

    def say_farewell(self, message: Message, timeout_s: float) -> None:
        """Publish and wait until the broker has it, at most `timeout_s`."""
        assert self._client is not None
        info = self._client.publish(message.topic, message.payload, 1, message.is_retained)
        with contextlib.suppress(RuntimeError, ValueError):
            info.wait_for_publish(timeout_s)

    def hang_up(self) -> None:
        """End it cleanly; the broker then tells no will."""
        if self._client is not None:
            self._client.disconnect()
        self._settled.set()
        if self._client is None or not self._client.is_connected():
            self._ended.set()

    def _make_client(self, client_id: str, will: Message) -> paho.Client:
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id,
            clean_session=True,
            protocol=paho.MQTTv311,
            reconnect_on_failure=False,
        )
        client.connect_timeout = CONNECT_TIMEOUT_S
        client.max_inflight_messages_set(IN_FLIGHT_COUNT_MAX)
        client.will_set(will.topic, will.payload, will.qos, will.is_retained)
        if self._url.user:
            client.username_pw_set(self._url.user, self._url.password or None)
        if self._url.context is not None:
            client.tls_set_context(self._url.context)  # pyright: ignore[reportUnknownMemberType]
        client.on_socket_open = _on_socket_open
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        client.on_disconnect = self._on_disconnect
        return client

    def _on_connect(
        self, client: paho.Client, _data: Any, _flags: Any, code: "ReasonCode", _properties: Any
    ) -> None:
        if code.is_failure:
            self._reason = f"refused: {code}; check user, password and certificate"
        elif self._subscriptions:
            client.subscribe([(topic, 1) for topic in self._subscriptions])
        else:
            self._go_up()

    def _on_subscribe(
        self,
        client: paho.Client,
        _data: Any,
        _packet_id: int,
        codes: "list[ReasonCode]",
        _properties: Any,
    ) -> None:
        for topic, code in zip(self._subscriptions, codes, strict=False):
            if code.is_failure:
                self._reason = f"subscription {topic} refused; check the broker's access list"
                client.disconnect()
                return
        self._go_up()

    def _go_up(self) -> None:
        self._is_up = True
        self.was_up = True
        self._settled.set()
        self._tell(self, UP, 0, None, "")
        for message in self._early:
            self._tell(self, MESSAGE, 0, message, "")
        self._early.clear()

    def _on_publish(
        self, _client: paho.Client, _data: Any, packet_id: int, _code: Any, _properties: Any
    ) -> None:
        # only noted: paho holds its own lock here, and `publish` takes that lock too
        self._tell(self, ACKED, packet_id, None, "")

    def _on_message(self, _client: paho.Client, _data: Any, got: paho.MQTTMessage) -> None:
        if len(got.payload) > PAYLOAD_BYTES_MAX:
            return
        message = Message(got.topic, bytes(got.payload), got.qos, got.retain)
        if self._is_up:
            self._tell(self, MESSAGE, 0, message, "")
        else:
            self._early.append(message)

    def _on_disconnect(
        self, _client: paho.Client, _data: Any, _flags: Any, code: "ReasonCode", _properties: Any
    ) -> None:
        self._is_up = False
        self._reason = self._reason or f"connection ended: {code}"
        self._settled.set()
        self._ended.set()


def _on_socket_open(_client: paho.Client, _data: Any, sock: Any) -> None:
    """Send commands' answers at once: they are smaller than a segment."""
    with contextlib.suppress(OSError, AttributeError):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
