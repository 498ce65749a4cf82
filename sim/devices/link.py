"""A unit's way to the simulated broker; its fault model is that of `sim.devices.broker`."""

from hal.api._typing import TYPE_CHECKING
from hal.api.link import ACKED, DOWN, MESSAGE, UP, Message
from sim.devices.broker import matches

if TYPE_CHECKING:
    from collections.abc import Callable

    from sim.devices.broker import Broker

    News = tuple[str, int, Message | None, str]

IN_FLIGHT_COUNT_MAX = 32
POLL_COUNT_MAX = 64
INBOX_COUNT_MAX = 4096
PAYLOAD_BYTES_MAX = 262_144
BACKOFF_MS_MIN, BACKOFF_MS_MAX = 1_000, 60_000


class SimLink:
    """A unit's way to the broker.

    Args:
        broker: where it leads.
        name: how a person finds it.
        on_news: called when something came.
    """

    def __init__(
        self,
        broker: "Broker",
        name: str = "sim://broker",
        on_news: "Callable[[], None] | None" = None,
    ) -> None:
        self.name = name
        self.client_id = ""
        self.dropped_count = 0
        self.attempt_count = 0
        self._broker = broker
        self._timeline = broker.timeline
        self._on_news = on_news
        self._chance = broker.chance
        self._will: Message | None = None
        self._subscriptions: list[str] = []
        self._news: list[News] = []
        self._is_open = False
        self._is_up = False
        self._connection = 0
        self._in_flight_count = 0
        self._token = 0
        self._arrives_ms = 0
        self._backoff_ms = BACKOFF_MS_MIN

    def open(self, client_id: str, will: Message, subscriptions: "list[str]") -> None:
        """Begin to connect."""
        assert 1 <= len(client_id) <= 64, client_id  # noqa: PLR2004
        self.client_id = client_id
        self._will = will
        self._subscriptions = list(subscriptions)
        self._is_open = True
        self._chance = self._broker.chance.stream(client_id)
        self._backoff_ms = BACKOFF_MS_MIN
        self._timeline.after(self._delay_ms(), self._connect)

    def publish(self, message: Message) -> int:
        """Send one message; returns its token, 0 when it was not taken."""
        assert len(message.payload) <= PAYLOAD_BYTES_MAX, len(message.payload)
        if not self._is_up or (message.qos and self._in_flight_count >= IN_FLIGHT_COUNT_MAX):
            return 0
        self._token += 1
        token = self._token
        connection = self._connection
        self._in_flight_count += message.qos
        self._arrives_ms = max(self._arrives_ms, self._timeline.now_ms() + self._delay_ms())
        self._timeline.at(self._arrives_ms, lambda: self._arrive(connection, token, message))
        return token

    def poll(self) -> "list[News]":
        """Tell what happened since the last call, at most 64 at once, in order."""
        news = self._news[:POLL_COUNT_MAX]
        self._news = self._news[POLL_COUNT_MAX:]
        return news

    def close(self, farewell: "Message | None") -> None:
        """Send the farewell if up and disconnect cleanly; idempotent."""
        if self._is_up and self._broker.is_reachable(self.client_id) and farewell is not None:
            self._broker.detach(self)
            self._broker.publish(farewell)
        self._forget()
        self._is_open = False

    def power_cut(self) -> None:
        """The unit dies: the broker notices by keep-alive and speaks the will."""
        if self._is_up:
            self._speak_will_later()
        self._forget()
        self._news = []
        self._is_open = False

    def break_off(self, reason: str, speaks_will: bool) -> None:
        """The connection ends now; the port will connect again by itself."""
        if not self._is_up:
            return
        if speaks_will and self._will is not None:
            self._broker.publish(self._will)
        self._forget()
        self._tell((DOWN, 0, None, reason))
        self._plan_connect()

    def on_silence(self) -> None:
        """The line went dead without a word; both sides notice by keep-alive."""
        if not self._is_up:
            return
        connection = self._connection

        def notice() -> None:
            if self._connection != connection or self._broker.is_reachable(self.client_id):
                return
            self.break_off("keep-alive", True)

        self._timeline.after(self._broker.faults.keep_alive_ms, notice)

    def offer(self, message: Message) -> None:
        """Let the broker deliver a message here, if it is subscribed to and the line holds."""
        if not self._is_up or not any(matches(f, message.topic) for f in self._subscriptions):
            return
        faults = self._broker.faults
        if message.qos == 0 and self._chance.hits(faults.loss_ppm):
            self._broker.lost_count += 1
            return
        copy_count = 1
        if message.qos and self._chance.hits(faults.duplicate_ppm):
            copy_count = 2
            self._broker.duplicate_count += 1
        connection = self._connection
        for _ in range(copy_count):
            self._arrives_ms = max(self._arrives_ms, self._timeline.now_ms() + self._delay_ms())
            self._timeline.at(self._arrives_ms, lambda: self._receive(connection, message))

    def _delay_ms(self) -> int:
        faults = self._broker.faults
        return self._chance.between(faults.delay_ms_min, faults.delay_ms_max)

    def _connect(self) -> None:
        if not self._is_open or self._is_up:
            return
        self.attempt_count += 1
        if not self._broker.is_reachable(self.client_id):
            self._plan_connect()
            return
        self._broker.attach(self)
        self._is_up = True
        self._connection += 1
        self._arrives_ms = self._timeline.now_ms()
        self._backoff_ms = BACKOFF_MS_MIN
        self._tell((UP, 0, None, ""))
        retained = self._broker.retained
        for topic in sorted(retained):
            if any(matches(f, topic) for f in self._subscriptions):
                self._receive(self._connection, retained[topic])

    def _plan_connect(self) -> None:
        if not self._is_open:
            return
        wait_ms = self._backoff_ms + self._chance.below(self._backoff_ms)
        self._backoff_ms = min(self._backoff_ms * 2, BACKOFF_MS_MAX)
        self._timeline.after(wait_ms, self._connect)

    def _arrive(self, connection: int, token: int, message: Message) -> None:
        """A message of ours reaches the broker, or does not."""
        if connection != self._connection or not self._broker.is_reachable(self.client_id):
            return
        faults = self._broker.faults
        if self._chance.hits(faults.loss_ppm):
            self._broker.lost_count += 1
            if message.qos == 0:
                return
            if self._chance.below(2):
                self._broker.publish(message)
            self.break_off("connection reset", True)
            return
        if message.qos and self._chance.hits(faults.forget_ppm):
            self._broker.forgotten_count += 1
        else:
            self._broker.publish(message)
        if message.qos:
            self._timeline.after(self._delay_ms(), lambda: self._acknowledge(connection, token))

    def _acknowledge(self, connection: int, token: int) -> None:
        if connection == self._connection and self._broker.is_reachable(self.client_id):
            self._in_flight_count -= 1
            self._tell((ACKED, token, None, ""))

    def _receive(self, connection: int, message: Message) -> None:
        if connection != self._connection or not self._broker.is_reachable(self.client_id):
            self._broker.lost_count += 1
            return
        if len(self._news) >= INBOX_COUNT_MAX:
            self.dropped_count += 1
            return
        self._tell((MESSAGE, 0, message, ""))

    def _speak_will_later(self) -> None:
        will = self._will
        if will is not None:
            broker = self._broker
            self._timeline.after(broker.faults.keep_alive_ms, lambda: broker.publish(will))

    def _forget(self) -> None:
        self._is_up = False
        self._connection += 1
        self._in_flight_count = 0
        self._broker.detach(self)

    def _tell(self, news: "News") -> None:
        self._news.append(news)
        if self._on_news is not None:
            self._on_news()
