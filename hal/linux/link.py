"""The link to the CMC on Linux: paho-mqtt, one fresh client for each connection."""

import contextlib
import random
import threading
import time
from collections import deque

from hal.api.link import ACKED, DOWN, MESSAGE, UP, Message
from hal.linux.connection import Connection
from hal.linux.mqtt_url import MqttUrl, Tls
from hal.linux.wake import Wake

IN_FLIGHT_COUNT_MAX = 32
EVENT_COUNT_MAX = 64
FAREWELL_WAIT_S = 1.0
STOP_WAIT_S = 1.0


class Backoff:
    """Waits between attempts: doubling from `first_ms` to `last_ms`, each with jitter.

    Args:
        first_ms: 1,000 on a real site.
        last_ms: 60,000 on a real site, so that a fleet does not return in one wave.
    """

    def __init__(self, first_ms: int = 1000, last_ms: int = 60_000) -> None:
        self.first_ms = first_ms
        self.last_ms = last_ms
        self._next_ms = first_ms

    def reset(self) -> None:
        """Begin anew after a connection that worked."""
        self._next_ms = self.first_ms

    def take_ms(self) -> int:
        """The next wait: half of it fixed, half of it chance."""
        span_ms = self._next_ms
        self._next_ms = min(self.last_ms, span_ms * 2)
        return span_ms // 2 + random.randrange(span_ms // 2 + 1)  # noqa: S311  # no secret


class MqttLink:
    """One unit's conversation with one broker.

    Args:
        url: "mqtt://user:password@host:1883" or "mqtts://host:8883".
        wake: told when something happened.
        tls: files for mqtts; None takes the system's authorities and no client certificate.
        backoff: waits between attempts.
        keepalive_s: silence after which broker and unit give each other up; 5 to 300.
    """

    def __init__(
        self,
        url: str,
        wake: Wake,
        tls: Tls | None = None,
        backoff: Backoff | None = None,
        keepalive_s: int = 15,
    ) -> None:
        self._url = MqttUrl(url, tls)
        self.name = self._url.name
        self.dropped_count = 0
        self._wake = wake
        self._backoff = backoff or Backoff()
        self._keepalive_s = keepalive_s
        self._events: deque[tuple[Connection, str, int, Message | None, str]] = deque()
        self._in_flight: dict[int, int] = {}  # packet id to token, of this connection only
        self._token = 0
        self._current: Connection | None = None  # the one whose UP was told
        self._dialled: Connection | None = None
        self._reason = ""
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def open(self, client_id: str, will: Message, subscriptions: list[str]) -> None:
        """Begin to connect, and go on for ever; what comes of it is told by `poll`."""
        assert self._thread is None
        self._stop.clear()
        self._thread = threading.Thread(
            target=self._run, args=(client_id, will, list(subscriptions)), name="link", daemon=True
        )
        self._thread.start()

    def publish(self, message: Message) -> int:
        """Send one message; returns its token, or 0 when it was not taken."""
        current = self._current
        if current is None or not current.is_up():
            return 0
        if message.qos and len(self._in_flight) >= IN_FLIGHT_COUNT_MAX:
            return 0
        packet_id = current.publish(message)
        if packet_id == 0:
            return 0
        self._token += 1
        if message.qos:
            self._in_flight[packet_id] = self._token
        return self._token

    def poll(self) -> list[tuple[str, int, Message | None, str]]:
        """Tell what happened, at most 64 events, in order."""
        told: list[tuple[str, int, Message | None, str]] = []
        while self._events and len(told) < EVENT_COUNT_MAX:
            source, kind, packet_id, message, reason = self._events.popleft()
            event = self._translate(source, kind, packet_id, message, reason)
            if event is not None:
                told.append(event)
        if self._events:
            self._wake.notify()
        return told

    def close(self, farewell: Message | None) -> None:
        """Send the farewell if up, wait at most 1 s for the broker to have it, and end."""
        if self._thread is None:
            return
        current = self._current
        if farewell is not None and current is not None and current.is_up():
            current.say_farewell(farewell, FAREWELL_WAIT_S)
        self._stop.set()
        dialled = self._dialled
        if dialled is not None:
            dialled.hang_up()
        self._thread.join(STOP_WAIT_S)
        self._thread = None
        self._current = None
        self._in_flight.clear()
        self._events.clear()

    def _translate(
        self, source: Connection, kind: str, packet_id: int, message: Message | None, reason: str
    ) -> tuple[str, int, Message | None, str] | None:
        """Turn what a connection told into an event; None for what its end made meaningless."""
        if kind == UP:
            self._current = source
            self._reason = ""
        elif kind == DOWN:
            was_up, self._current = self._current is not None, None
            self._in_flight.clear()
            is_news, self._reason = reason != self._reason, reason
            return (DOWN, 0, None, reason) if was_up or is_news else None
        elif kind == ACKED:
            token = self._in_flight.pop(packet_id, 0)
            return (ACKED, token, None, "") if token else None
        return (kind, 0, message, "")

    def _tell(
        self, source: Connection, kind: str, packet_id: int, message: Message | None, reason: str
    ) -> None:
        """Take an event from the network thread."""
        if kind == MESSAGE and len(self._events) >= IN_FLIGHT_COUNT_MAX * EVENT_COUNT_MAX:
            self.dropped_count += 1
            return
        self._events.append((source, kind, packet_id, message, reason))
        self._wake.notify()

    def _run(self, client_id: str, will: Message, subscriptions: list[str]) -> None:
        while not self._stop.is_set():
            connection = Connection(self._url, self._tell, subscriptions)
            self._dialled = connection
            started_s = time.monotonic()
            reason = connection.live(client_id, will, self._keepalive_s, self._stop)
            if self._stop.is_set():
                return
            if connection.was_up and time.monotonic() - started_s > self._backoff.first_ms / 1000:
                self._backoff.reset()
            with contextlib.suppress(RuntimeError):  # the interpreter is going down
                self._tell(connection, DOWN, 0, None, reason)
            self._stop.wait(self._backoff.take_ms() / 1000)
