"""The board's MQTT makes the bytes of the standard and reads any cut of a stream."""

from hal.api.link import Message
from hal.micropython import mqtt

PACKET_BYTES_MAX = 64
PUBLICATION = b"\x32\x0c\x00\x03a/b\x00\x07hello"
STREAM = b"\x20\x02\x00\x00" + b"\x90\x03\x00\x01\x01" + PUBLICATION + b"\xd0\x00\x40\x02\x00\x09"
WANT = [
    (0x20, b"\x00\x00", True),
    (0x90, b"\x00\x01\x01", True),
    (0x32, b"\x00\x03a/b\x00\x07hello", True),
    (0xD0, b"", True),
    (0x40, b"\x00\x09", True),
]


def test_a_connect_has_the_bytes_of_the_standard():
    will = Message("w", b"gone", 1, True)
    got = mqtt.encode_connect("u-1", 10, will, "me", "pw")
    want = b"\x10\x20\x00\x04MQTT\x04\xee\x00\x0a\x00\x03u-1\x00\x01w\x00\x04gone"
    want += b"\x00\x02me\x00\x02pw"
    assert got == want, got
    got = mqtt.encode_connect("u-1", 10, Message("w", b""), "", "")
    assert got == b"\x10\x14\x00\x04MQTT\x04\x06\x00\x0a\x00\x03u-1\x00\x01w\x00\x00", got


def test_publications_have_the_bytes_of_the_standard():
    cases = (
        (Message("a/b", b"hello"), 0, b"\x30\x0a\x00\x03a/b"),
        (Message("a/b", b"hello", 1, True), 7, b"\x33\x0c\x00\x03a/b\x00\x07"),
        (Message("a", bytes(200)), 0, b"\x30\xcb\x01\x00\x01a"),
        (Message("a", bytes(20000)), 0, b"\x30\xa3\x9c\x01\x00\x01a"),
    )
    for message, packet_id, want in cases:
        assert mqtt.encode_publish_head(message, packet_id) == want, want
    assert (
        mqtt.encode_subscribe(1, ["a", "b/#"]) == b"\x82\x0c\x00\x01\x00\x01a\x01\x00\x03b/#\x01"
    )
    assert mqtt.encode_puback(258) == b"\x40\x02\x01\x02"


def test_every_cut_gives_the_same_packets():
    for cut in range(len(STREAM) + 1):
        reader = mqtt.PacketReader(PACKET_BYTES_MAX)
        assert reader.receive(STREAM[:cut]) + reader.receive(STREAM[cut:]) == WANT, cut
    reader = mqtt.PacketReader(PACKET_BYTES_MAX)
    got = []
    for byte in STREAM:
        got += reader.receive(bytes([byte]))
    assert got == WANT


def test_a_publication_comes_apart():
    assert mqtt.publication(b"\x00\x03a/b\x00\x07hello", 1) == ("a/b", 7, b"hello")
    assert mqtt.publication(b"\x00\x01ahello", 0) == ("a", 0, b"hello")


def test_a_publication_that_is_too_long_is_skipped_at_every_cut():
    long = b"\x32\xe8\x07\x00\x03a/b\x00\x05" + bytes(1000 - 7)
    want = [(0x32, b"\x00\x03a/b\x00\x05", False)]
    want.extend(WANT)
    data = long + STREAM
    for cut in range(len(data)):
        reader = mqtt.PacketReader(PACKET_BYTES_MAX)
        assert reader.receive(data[:cut]) + reader.receive(data[cut:]) == want, cut
        assert reader.oversized_count == 1, cut


def test_what_is_no_packet_is_an_error():
    cases = (
        b"\x30\xff\xff\xff\xff\x01",  # a length of five bytes
        b"\x90\xe8\x07\x00",  # too long, and no publication
        b"\x30\xe8\x07\x01\x00",  # a topic that is longer than all a board takes
    )
    for data in cases:
        try:
            mqtt.PacketReader(PACKET_BYTES_MAX).receive(data)
        except mqtt.MqttError as error:
            assert str(error), data
        else:
            raise AssertionError(data)


def test_what_is_no_publication_is_an_error():
    for body, qos in (
        (b"", 0),
        (b"\x00", 0),
        (b"\x00\x00", 0),
        (b"\x00\x05ab", 0),
        (b"\x00\x01a\x00", 1),
    ):
        try:
            mqtt.publication(body, qos)
        except mqtt.MqttError as error:
            assert str(error), body
        else:
            raise AssertionError(body)
