"""The way to the Control & Monitoring Centre: MQTT 3.1.1 as a service."""

from hal.api._typing import Protocol

UP = "up"
DOWN = "down"
ACKED = "acked"
MESSAGE = "message"


class Message:
    """One MQTT publication.

    Args:
        topic: without wildcards.
        payload: at most 262,144 bytes.
        qos: 0 or 1.
        is_retained: the broker keeps it, or kept it.
    """

    __slots__ = ("is_retained", "payload", "qos", "topic")

    def __init__(
        self, topic: str, payload: bytes, qos: int = 0, is_retained: bool = False
    ) -> None:
        self.topic = topic
        self.payload = payload
        self.qos = qos
        self.is_retained = is_retained


class Link(Protocol):
    """A connection to a broker that mends itself.

    The port promises: no call blocks for longer than 5 ms; it reconnects by itself with back-off
    (1 s doubling to 60 s, each with jitter); sessions are clean; subscriptions are renewed at each
    connection, before UP is told; nothing is queued while down; a QoS 1 publication is told as
    ACKED once, or never if the connection breaks first. The core promises to keep what must not be
    lost: a broker's acknowledgement is not durability.
    """

    name: str
    """The broker's URL without credentials."""

    def open(self, client_id: str, will: Message, subscriptions: "list[str]") -> None:
        """Begin to connect.

        Args:
            client_id: 1 to 64 of A-Z a-z 0-9 and "-".
            will: what the broker says of us when we vanish.
            subscriptions: topic filters, all at QoS 1.
        """
        ...

    def publish(self, message: Message) -> int:
        """Send one message.

        Returns:
            a token above 0, rising, told back by ACKED when qos is 1; 0 when it was not taken
            (down, or 32 are in flight): nothing was sent.
        """
        ...

    def poll(self) -> "list[tuple[str, int, Message | None, str]]":
        """Tell what happened since the last call, at most 64 at once, in order.

        Returns:
            (UP, 0, None, ""), (DOWN, 0, None, reason), (ACKED, token, None, ""),
            (MESSAGE, 0, message, "").
        """
        ...

    def close(self, farewell: "Message | None") -> None:
        """Send the farewell if up (waits at most 1 s) and disconnect cleanly; idempotent."""
        ...
