"""Checks of `hal.api.serial`: a line, and the far end of it."""

from hal.api._typing import TYPE_CHECKING, Protocol
from hal.api.errors import PortAbsent, PortLost
from hal.conformance.world import World, median_ms, wait_until

if TYPE_CHECKING:
    from hal.api.serial import Serial

FRAME = b"\xff\x01\x00\x02\x20\x00\x23"
READ_BYTES_MAX = 256
CALL_MS_MAX = 5


class SerialWorld(World, Protocol):
    """The far end of the line; every check starts with the line plugged and the port closed."""

    baud: int
    """Rate of the line, bits per second."""

    def hear(self) -> bytes:
        """What reached the far end since the last call."""
        ...

    def say(self, data: bytes) -> None:
        """Send from the far end."""
        ...

    def unplug(self) -> None:
        """Take the line away under the port."""
        ...

    def plug(self) -> None:
        """Give it back under the same name."""
        ...


def _open(serial: "Serial", world: SerialWorld) -> None:
    """Open a line that may still be connecting, as the core would: by asking again."""
    end_ms = world.now_ms() + 5000
    while True:
        try:
            serial.open()
        except PortAbsent:
            assert world.now_ms() < end_ms, "the line does not open"
            world.pause(20)
        else:
            return


def check_serial_carries_bytes_in_order(serial: "Serial", world: SerialWorld) -> None:
    """Send frames as bursts; the far end hears them whole and in order."""
    _open(serial, world)
    heard = bytearray()
    want = bytearray()
    for turn in range(8):
        frame = FRAME[:-1] + bytes([turn])
        assert serial.write(frame) == len(frame), turn
        want.extend(frame)

    def is_done() -> bool:
        heard.extend(world.hear())
        return len(heard) >= len(want)

    wait_until(world, is_done, 3000)
    assert bytes(heard) == bytes(want), heard
    serial.close()


def check_serial_hands_over_what_came(serial: "Serial", world: SerialWorld) -> None:
    """Say 600 bytes; they come in order, at most 256 at a time, and b"" after them."""
    _open(serial, world)
    assert serial.read() == b"", "bytes before any were sent"
    said = bytes([index % 251 for index in range(600)])
    for start in range(0, 600, 60):
        world.say(said[start : start + 60])
    got = bytearray()

    def is_done() -> bool:
        piece = serial.read()
        assert len(piece) <= READ_BYTES_MAX, len(piece)
        got.extend(piece)
        return len(got) >= len(said)

    wait_until(world, is_done, 5000)
    assert bytes(got) == said, len(got)
    assert serial.read() == b"", "more than was sent"
    serial.close()


def check_serial_tells_when_sent(serial: "Serial", world: SerialWorld) -> None:
    """Two bursts of 7 bytes need the wire time of 14, counted from the first write."""
    _open(serial, world)
    wire_ms = 14 * 10 * 1000 // world.baud
    before_ms = world.now_ms()
    serial.write(FRAME)
    serial.write(FRAME)
    after_ms = world.now_ms()
    busy_ms = serial.busy_until_ms()
    assert before_ms + wire_ms - 1 <= busy_ms <= after_ms + wire_ms + 25, (wire_ms, busy_ms)
    world.pause(max(0, busy_ms - world.now_ms()) + 30)
    assert world.hear() == FRAME + FRAME, "not all had left when the port said so"
    serial.close()


def check_serial_does_not_block(serial: "Serial", world: SerialWorld) -> None:
    """Write and read are usually done within 5 ms, even while the line is still busy."""
    _open(serial, world)
    assert median_ms(world, lambda: serial.write(FRAME)) <= CALL_MS_MAX
    assert median_ms(world, serial.read) <= CALL_MS_MAX
    assert median_ms(world, serial.busy_until_ms) <= CALL_MS_MAX
    serial.close()


def check_serial_opens_again(serial: "Serial", world: SerialWorld) -> None:
    """Close is idempotent, tells itself, and does not spoil the next open."""
    assert not serial.is_open()
    for turn in range(3):
        _open(serial, world)
        assert serial.is_open(), turn
        serial.write(FRAME)
        serial.close()
        serial.close()
        assert not serial.is_open(), turn
        heard = bytearray()

        def is_done(into: bytearray = heard) -> bool:
            into.extend(world.hear())
            return len(into) >= len(FRAME)

        wait_until(world, is_done, 1000)
        assert bytes(heard) == FRAME, (turn, heard)


def check_serial_unplugged_is_lost(serial: "Serial", world: SerialWorld) -> None:
    """Pull the line: read says PortLost; plugged again it opens and works."""
    _open(serial, world)
    world.unplug()
    lost: list[str] = []

    def is_lost() -> bool:
        try:
            serial.read()
        except PortLost as trouble:
            lost.append(str(trouble))
        return bool(lost)

    assert wait_until(world, is_lost, 2000), "nobody noticed"
    assert lost[0], "an error without words"
    serial.close()
    assert not serial.is_open()
    world.plug()
    _open(serial, world)
    serial.write(FRAME)
    assert wait_until(world, lambda: world.hear() == FRAME, 2000), "dead after the replug"
    serial.close()


def check_serial_absent_is_named(serial: "Serial", world: SerialWorld) -> None:
    """Opening what is not there says PortAbsent, with the name of the line in it."""
    world.unplug()
    said = ""
    try:
        serial.open()
    except PortAbsent as trouble:
        said = str(trouble)
    assert serial.name in said, said
    assert not serial.is_open()
    world.plug()
