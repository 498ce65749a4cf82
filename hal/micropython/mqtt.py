"""The bytes of MQTT 3.1.1 as a unit needs them: QoS 0 and 1, a will, clean sessions.

    packet    kind and flags (1), length of the rest (1 to 4, 7 bits each, low group first), rest

Survives packets cut anywhere, packets too long for a board (skipped, counted, acknowledged) and
lengths that are none. The payload of a publication is never copied.

Source: MQTT 3.1.1, OASIS standard, sections 2 and 3.
"""

from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hal.api.link import Message

CONNACK, PUBLISH, PUBACK, SUBACK, PINGRESP = 0x20, 0x30, 0x40, 0x90, 0xD0
PINGREQ, DISCONNECT = b"\xc0\x00", b"\xe0\x00"
KIND_MASK, QOS_SHIFT, QOS_MASK, RETAIN = 0xF0, 1, 3, 1
MORE, GROUP_BITS, GROUP_COUNT_MAX = 0x80, 7, 4
CLEAN, WILL, WILL_QOS_SHIFT, WILL_RETAIN, PASSWORD, USER = 0x02, 0x04, 3, 0x20, 0x40, 0x80
FILTER_QOS = 1
REFUSED_FILTER = 0x80
ID_BYTES = 2


class MqttError(Exception):
    """The broker sent what the protocol does not allow."""


def encode_connect(
    client_id: str, keep_alive_s: int, will: "Message", user: str, password: str
) -> bytes:
    """Make a CONNECT for a clean session; user and password are left out where they are ""."""
    flags = CLEAN | WILL | will.qos << WILL_QOS_SHIFT
    flags |= WILL_RETAIN if will.is_retained else 0
    body = _text("MQTT") + b"\x04"
    rest = _text(client_id) + _text(will.topic) + _sized(will.payload)
    if user:
        flags |= USER
        rest += _text(user)
    if password:
        flags |= PASSWORD
        rest += _text(password)
    return _packet(0x10, body + bytes([flags]) + keep_alive_s.to_bytes(2, "big") + rest)


def encode_subscribe(packet_id: int, filters: "list[str]") -> bytes:
    """Make a SUBSCRIBE of every filter at QoS 1."""
    body = b"".join([_text(one) + bytes([FILTER_QOS]) for one in filters])
    return _packet(0x82, packet_id.to_bytes(ID_BYTES, "big") + body)


def encode_puback(packet_id: int) -> bytes:
    """Acknowledge a publication."""
    return _packet(PUBACK, packet_id.to_bytes(ID_BYTES, "big"))


def encode_publish_head(message: "Message", packet_id: int) -> bytes:
    """Make all of a PUBLISH that stands before its payload; packet_id 0 for QoS 0."""
    head = _text(message.topic)
    if message.qos:
        head += packet_id.to_bytes(ID_BYTES, "big")
    first = PUBLISH | message.qos << QOS_SHIFT | (RETAIN if message.is_retained else 0)
    return bytes([first]) + _length(len(head) + len(message.payload)) + head


def publication(body: bytes, qos: int) -> "tuple[str, int, bytes]":
    """Take the rest of a PUBLISH apart.

    Returns:
        (topic, packet id or 0, payload).

    Raises:
        MqttError: it ends too early, or its topic is no text.
    """
    end = ID_BYTES + int.from_bytes(body[:ID_BYTES], "big")
    start = end + (ID_BYTES if qos else 0)
    if start > len(body) or end < ID_BYTES + 1:
        raise MqttError("a publication of %d bytes ends in its topic" % len(body))
    try:
        topic = body[ID_BYTES:end].decode()
    except UnicodeError:
        raise MqttError("a publication's topic is no text")
    return topic, int.from_bytes(body[end:start], "big"), body[start:]


class PacketReader:
    """Cuts a stream into packets.

    Args:
        packet_bytes_max: longer publications are skipped; longer other packets are an error.
    """

    def __init__(self, packet_bytes_max: int) -> None:
        self._packet_bytes_max = packet_bytes_max
        self._data = b""
        self._skip_bytes = 0
        self.oversized_count = 0

    def receive(self, data: bytes) -> "list[tuple[int, bytes, bool]]":
        """Take bytes; returns (first byte, rest, is whole) of each packet that is now there.

        A publication that is too long comes without its payload, so that it can be acknowledged.

        Raises:
            MqttError: a length that is none, or a packet that is far too long.
        """
        self._data += data
        packets: list[tuple[int, bytes, bool]] = []
        while True:
            if self._skip_bytes:
                skipped = min(self._skip_bytes, len(self._data))
                self._data = self._data[skipped:]
                self._skip_bytes -= skipped
            head_bytes, rest_bytes = _read_length(self._data)
            if not head_bytes:
                return packets
            take_bytes = rest_bytes
            if head_bytes + rest_bytes > self._packet_bytes_max:
                take_bytes = self._prefix_bytes(head_bytes)
            if not 0 <= take_bytes <= len(self._data) - head_bytes:
                return packets
            rest = self._data[head_bytes : head_bytes + take_bytes]
            packets.append((self._data[0], rest, take_bytes == rest_bytes))
            self._skip_bytes = rest_bytes - take_bytes
            self.oversized_count += self._skip_bytes > 0
            self._data = self._data[head_bytes + take_bytes :]

    def _prefix_bytes(self, head_bytes: int) -> int:
        """Length of topic and packet id of a publication too long to take; -1 until known."""
        if self._data[0] & KIND_MASK != PUBLISH:
            raise MqttError("a packet of kind 0x%02x is too long" % self._data[0])
        if len(self._data) < head_bytes + ID_BYTES:
            return -1
        topic_bytes = int.from_bytes(self._data[head_bytes : head_bytes + ID_BYTES], "big")
        prefix_bytes = ID_BYTES + topic_bytes
        prefix_bytes += ID_BYTES if self._data[0] >> QOS_SHIFT & QOS_MASK else 0
        if head_bytes + prefix_bytes > self._packet_bytes_max:
            raise MqttError("a topic of %d bytes is too long" % topic_bytes)
        return prefix_bytes


def _read_length(data: bytes) -> "tuple[int, int]":
    """Read (bytes of the fixed head, bytes of the rest); (0, 0) until they are there."""
    value = 0
    for index in range(1, min(len(data), GROUP_COUNT_MAX + 1)):
        value |= (data[index] & ~MORE) << GROUP_BITS * (index - 1)
        if not data[index] & MORE:
            return index + 1, value
    if len(data) > GROUP_COUNT_MAX:
        raise MqttError("a packet's length is longer than 4 bytes")
    return 0, 0


def _packet(first: int, body: bytes) -> bytes:
    return bytes([first]) + _length(len(body)) + body


def _length(value: int) -> bytes:
    groups = bytearray()
    while value >= MORE:
        groups.append(value & ~MORE & 0xFF | MORE)
        value >>= GROUP_BITS
    groups.append(value)
    return bytes(groups)


def _text(text: str) -> bytes:
    return _sized(text.encode())


def _sized(data: bytes) -> bytes:
    return len(data).to_bytes(ID_BYTES, "big") + data
