"""Checks of `hal.api.link`: a broker that can be cut off, and somebody else who is connected."""

from hal.api._typing import TYPE_CHECKING, Protocol
from hal.api.link import ACKED, DOWN, MESSAGE, UP, Message
from hal.conformance.world import World, median_ms, wait_until

if TYPE_CHECKING:
    from hal.api.link import Link

TIMEOUT_MS = 20000
IN_FLIGHT_COUNT_MAX = 32
EVENT_COUNT_MAX = 64
CALL_MS_MAX = 5
CLIENT_ID = "conformance-1"
ROOT = "lamppost/v1/conformance-1/"


class LinkWorld(World, Protocol):
    """A broker, and an observer that subscribes to everything and may publish."""

    def cut(self) -> None:
        """Break the unit's connection without a goodbye and let no new one come about."""
        ...

    def mend(self) -> None:
        """Let connections come about again."""
        ...

    def send(self, topic: str, payload: bytes) -> None:
        """Publish from the observer, QoS 1; blocks until the broker has it."""
        ...

    def heard(self) -> "list[tuple[str, bytes]]":
        """What the observer received since the last call."""
        ...


class Talk:
    """A link under test, with everything it told sorted by kind."""

    def __init__(self, link: "Link", world: LinkWorld) -> None:
        self.link = link
        self.world = world
        self.told: list[tuple[str, int, Message | None, str]] = []
        self.heard: list[tuple[str, bytes]] = []
        link.open(CLIENT_ID, Message(ROOT + "state", b"dead", 1), [ROOT + "command"])
        self.wait_for(UP)

    def count(self, kind: str) -> int:
        """How many events of a kind were told."""
        return len([event for event in self.told if event[0] == kind])

    def poll(self) -> None:
        """Take what the link and the observer have."""
        events = self.link.poll()
        assert len(events) <= EVENT_COUNT_MAX, len(events)
        self.told.extend(events)
        self.heard.extend(self.world.heard())

    def wait_for(self, kind: str, count: int = 1) -> None:
        """Wait until so many events of a kind were told."""

        def is_done() -> bool:
            self.poll()
            return self.count(kind) >= count

        assert wait_until(self.world, is_done, TIMEOUT_MS), (kind, count, self.told)

    def wait_heard(self, want: "tuple[str, bytes]") -> bool:
        """Wait until the observer received something."""

        def is_done() -> bool:
            self.poll()
            return want in self.heard

        return wait_until(self.world, is_done, TIMEOUT_MS)


def check_link_carries_both_ways(link: "Link", world: LinkWorld) -> None:
    """After UP a message goes out, and one to the subscription comes in as it was sent."""
    talk = Talk(link, world)
    assert talk.told[-1] == (UP, 0, None, ""), talk.told
    link.publish(Message(ROOT + "event", b"out"))
    assert talk.wait_heard((ROOT + "event", b"out")), talk.heard
    world.send(ROOT + "command", b"\x00in\xff")
    talk.wait_for(MESSAGE)
    message = next(event[2] for event in talk.told if event[0] == MESSAGE)
    assert message is not None
    assert (message.topic, message.payload) == (ROOT + "command", b"\x00in\xff")
    assert not message.is_retained
    link.close(None)


def check_link_acknowledges_once(link: "Link", world: LinkWorld) -> None:
    """Each QoS 1 publication is told as ACKED exactly once, with its own rising token."""
    talk = Talk(link, world)
    event = ROOT + "event"
    tokens = [link.publish(Message(event, bytes([index]), 1)) for index in range(20)]
    assert 0 not in tokens and tokens == sorted(set(tokens)), tokens
    talk.wait_for(ACKED, 20)
    world.pause(100)
    talk.poll()
    told = [one[1] for one in talk.told if one[0] == ACKED]
    assert sorted(told) == tokens, told
    link.close(None)


def check_link_bounds_what_is_in_flight(link: "Link", world: LinkWorld) -> None:
    """Without a poll the 33rd QoS 1 message is not taken; after the answers there is room."""
    talk = Talk(link, world)
    for index in range(IN_FLIGHT_COUNT_MAX):
        assert link.publish(Message(ROOT + "event", bytes([index]), 1)) > 0, index
    assert link.publish(Message(ROOT + "event", b"too many", 1)) == 0
    talk.wait_for(ACKED, IN_FLIGHT_COUNT_MAX)
    assert link.publish(Message(ROOT + "event", b"room", 1)) > 0
    talk.wait_for(ACKED, IN_FLIGHT_COUNT_MAX + 1)
    assert (ROOT + "event", b"too many") not in talk.heard
    link.close(None)


def check_link_hands_over_at_most_64(link: "Link", world: LinkWorld) -> None:
    """150 messages at once come in order, at most 64 a poll."""
    talk = Talk(link, world)
    for index in range(150):
        world.send(ROOT + "command", bytes([index]))
    talk.wait_for(MESSAGE, 150)
    got = [event[2].payload for event in talk.told if event[0] == MESSAGE and event[2]]
    assert got == [bytes([index]) for index in range(150)], got
    link.close(None)


def check_link_mends_itself(link: "Link", world: LinkWorld) -> None:
    """Cut: DOWN with a reason, the will is told, nothing is taken; mended: UP and subscribed."""
    talk = Talk(link, world)
    world.cut()
    talk.wait_for(DOWN)
    reason = next(event[3] for event in talk.told if event[0] == DOWN)
    assert reason, "DOWN without a reason"
    assert link.publish(Message(ROOT + "event", b"while down", 1)) == 0
    assert link.publish(Message(ROOT + "event", b"while down", 0)) == 0
    assert talk.wait_heard((ROOT + "state", b"dead")), ("the will", talk.heard)
    world.mend()
    talk.wait_for(UP, 2)
    world.send(ROOT + "command", b"after")
    talk.wait_for(MESSAGE)
    assert link.publish(Message(ROOT + "event", b"back", 1)) > 0
    assert talk.wait_heard((ROOT + "event", b"back"))
    assert (ROOT + "event", b"while down") not in talk.heard, "a refused message was sent"
    link.close(None)


def check_link_says_farewell(link: "Link", world: LinkWorld) -> None:
    """Close sends the farewell and no will, returns in good time, and may be called twice."""
    talk = Talk(link, world)
    start_ms = world.now_ms()
    link.close(Message(ROOT + "state", b"bye", 1))
    assert world.now_ms() - start_ms <= 2500, world.now_ms() - start_ms
    link.close(None)
    assert wait_until(
        world, lambda: (ROOT + "state", b"bye") in _listen(talk, world), TIMEOUT_MS
    ), talk.heard
    world.pause(200)
    assert (ROOT + "state", b"dead") not in _listen(talk, world), "will after a clean end"
    assert link.publish(Message(ROOT + "event", b"closed")) == 0


def check_link_does_not_block(link: "Link", world: LinkWorld) -> None:
    """Publish and poll are usually done within 5 ms, up and down."""
    talk = Talk(link, world)
    message = Message(ROOT + "event", b"quick")
    for state in (UP, DOWN):
        assert median_ms(world, lambda: link.publish(message)) <= CALL_MS_MAX, state
        assert median_ms(world, link.poll) <= CALL_MS_MAX, state
        if state == UP:
            world.cut()
            talk.wait_for(DOWN)
    world.mend()
    link.close(None)


def _listen(talk: Talk, world: LinkWorld) -> "list[tuple[str, bytes]]":
    talk.heard.extend(world.heard())
    return talk.heard
