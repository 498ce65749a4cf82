"""A broker in virtual time, and what may go wrong on the way to it.

The fault model, for each link by its client id:

* Delay: each message takes `delay_ms_min` to `delay_ms_max`, and none overtakes another of the
  same connection.
* Loss (`loss_ppm`): a QoS 0 message vanishes; at QoS 1 the connection breaks, and the message may
  or may not have arrived.
* Duplicate (`duplicate_ppm`): a QoS 1 message is delivered twice.
* Forgetting (`forget_ppm`): the broker acknowledges a message and loses it.
* Partition: nothing passes and nobody is told; both sides notice by keep-alive.
* Kill: the broker dies with every connection at once; retained messages survive or not.
"""

from hal.api._typing import TYPE_CHECKING
from hal.api.link import Message

if TYPE_CHECKING:
    from collections.abc import Callable

    from sim.devices.chance import Chance
    from sim.devices.link import SimLink
    from sim.devices.timeline import Timeline


def matches(topic_filter: str, topic: str) -> bool:
    """Tell whether an MQTT topic filter takes a topic."""
    wanted = topic_filter.split("/")
    got = topic.split("/")
    for index, level in enumerate(wanted):
        if level == "#":
            return True
        if index >= len(got) or level not in {"+", got[index]}:
            return False
    return len(wanted) == len(got)


class LinkFaults:
    """What may go wrong between the broker and its clients; changed at any time."""

    def __init__(self) -> None:
        self.delay_ms_min = 20
        self.delay_ms_max = 80
        self.loss_ppm = 0
        self.duplicate_ppm = 0
        self.forget_ppm = 0
        self.keep_alive_ms = 20_000


class Broker:
    """Passes messages on, keeps the retained ones, speaks for those who vanish.

    Args:
        timeline: the true time of the world.
        chance: where its faults are drawn from.
    """

    def __init__(self, timeline: "Timeline", chance: "Chance") -> None:
        self.timeline = timeline
        self.chance = chance
        self.faults = LinkFaults()
        self.is_up = True
        self.retained: dict[str, Message] = {}
        self.passed_count = 0
        self.lost_count = 0
        self.duplicate_count = 0
        self.forgotten_count = 0
        self._links: list[SimLink] = []
        self._clients: list[tuple[str, Callable[[Message], None]]] = []
        self._partitioned: list[str] = []

    def client(self, topic_filter: str, on_message: "Callable[[Message], None]") -> None:
        """Attach somebody who is always there: a CMC of the scenario, or a checker.

        Its own line is perfect; it publishes with `publish`.
        """
        self._clients.append((topic_filter, on_message))
        for topic in sorted(self.retained):
            if matches(topic_filter, topic):
                on_message(self.retained[topic])

    def publish(self, message: Message) -> None:
        """Take a message and pass it on; nothing happens while the broker is down."""
        if not self.is_up:
            self.lost_count += 1
            return
        self.passed_count += 1
        if message.is_retained:
            if message.payload:
                self.retained[message.topic] = message
            else:
                self.retained.pop(message.topic, None)
        passed = Message(message.topic, message.payload, message.qos, False)
        for topic_filter, on_message in self._clients:
            if matches(topic_filter, message.topic):
                on_message(passed)
        for link in self._links:
            link.offer(passed)

    def kill(self, keeps_retained: bool = True) -> None:
        """Fault: the broker dies; every connection is reset and no will is spoken."""
        self.is_up = False
        if not keeps_retained:
            self.retained = {}
        for link in list(self._links):
            link.break_off("connection reset", False)

    def start(self) -> None:
        """Bring the broker back."""
        self.is_up = True

    def partition(self, client_id: str, is_cut: bool) -> None:
        """Fault: cut one client off, or let it through again; nobody is told."""
        if is_cut and client_id not in self._partitioned:
            self._partitioned.append(client_id)
        elif not is_cut and client_id in self._partitioned:
            self._partitioned.remove(client_id)
        for link in list(self._links):
            if link.client_id == client_id and is_cut:
                link.on_silence()

    def is_reachable(self, client_id: str) -> bool:
        """Tell whether this client's packets arrive."""
        return self.is_up and client_id not in self._partitioned

    def attach(self, link: "SimLink") -> None:
        """Take a connection; an older one with the same client id is thrown out."""
        for other in list(self._links):
            if other.client_id == link.client_id and other is not link:
                other.break_off("taken over", True)
        if link not in self._links:
            self._links.append(link)

    def detach(self, link: "SimLink") -> None:
        """Forget a connection."""
        if link in self._links:
            self._links.remove(link)
