"""A reply is read by what is due, never by how it looks."""

from firmware.errors import LocalProtocolError
from firmware.pelco_d import commands, frame, replies
from firmware.pelco_d.opcodes import GENERAL, REPLIES
from firmware.pelco_d.replies import Reply, expect

PATH = (__file__.rpartition("/")[0] or ".") + "/../vectors/pelco_vectors.csv"
QUERY_1 = commands.build(1, "query")


def checked(sum_byte):
    """Make some command frame whose checksum is this byte."""
    return b"\xff\x01\x00\x00\x00\x00" + bytes((sum_byte,))


# kind, address, command answered, value, text: one for each reply row, in the file's order.
WANT = (
    (GENERAL, 1, commands.motion(1, commands.LEFT, 0x20), 0, b""),
    (GENERAL, 1, commands.stop(1), 0, b""),
    (GENERAL, 1, commands.motion(1, commands.CAMERA_ON), 0b101, b""),
    (GENERAL, 1, checked(0x63), 0b1000101, b""),
    (GENERAL, 10, commands.preset(10, "go", 5), 0x7F, b""),
    (GENERAL, 255, commands.preset(255, "go", 255), 0, b""),
    (GENERAL, 1, commands.motion(1, commands.RIGHT, 0x3F), 0, b""),
    ("pan", 1, commands.build(1, "query_pan"), 33098, b""),
    ("pan", 1, commands.build(1, "query_pan"), 8213, b""),
    ("pan", 1, commands.build(1, "query_pan"), 0, b""),
    ("tilt", 1, commands.build(1, "query_tilt"), 4500, b""),
    ("zoom", 1, commands.build(1, "query_zoom"), 1781, b""),
    ("magnification", 1, commands.build(1, "query_magnification"), 500, b""),
    ("device_type", 1, commands.build(1, "query_device_type"), 5 << 8 | 1, b""),
    ("diagnostic", 1, commands.build(1, "query_diagnostic"), 42 << 8 | 5, b""),
    ("ack", 1, commands.preset(1, "set", 7), 1, b""),
    ("version", 1, commands.build(1, "query_version"), 1 << 8 | 2, b""),
    ("build", 1, commands.build(1, "query_build"), 345, b""),
    ("part_number", 1, QUERY_1, 0, b"DD5-C V3.05\0\0\0\0"),
    ("part_number", 7, QUERY_1, 0, b"123456789012345"),
)


def reply_rows():
    rows = []
    with open(PATH) as file:
        for line in file:
            text, address, meaning = line.split(",", 2)
            if meaning.lstrip('"').startswith("REPLY"):
                rows.append((bytes.fromhex(text.replace(" ", "")), int(address), meaning))
    return rows


def test_every_reply_vector_is_read_at_every_cut():
    rows = reply_rows()
    assert len(rows) == len(WANT)
    for index, (wire, address, meaning) in enumerate(rows):
        kind, want_address, command, value, text = WANT[index]
        assert address == want_address, meaning
        for cut in range(len(wire) + 1):
            reader = expect(kind, address, command)
            reply = reader.receive(wire[:cut])
            assert reply is None or cut == len(wire), (meaning, cut)
            reply = reply or reader.receive(wire[cut:], True)
            assert reply is not None, (meaning, cut)
            assert (reply.kind, reply.address) == (kind, address), meaning
            assert (reply.value, reply.text) == (value, text), meaning


def test_every_reply_vector_is_laid_out():
    for index, (wire, address, meaning) in enumerate(reply_rows()):
        kind, _, command, value, text = WANT[index]
        got = replies.encode(Reply(kind, address, value, text), command)
        assert got == wire, (meaning, got)


def test_every_named_reply_survives_the_round():
    command = commands.build(3, "query_pan")
    for kind in REPLIES:
        value = 1 if kind == "ack" else 0xFF01
        wire = replies.encode(Reply(kind, 3, value), command)
        reply = expect(kind, 3, command).receive(wire)
        assert reply is not None and reply.value == value, kind


PAN = b"\xff\x01\x00\x59\x20\x15\x8f"
ASK_PAN = commands.build(1, "query_pan")


def test_five_hostile_buses_are_read_right():
    stale = b"\xff\x01\x00\x05"
    for title, front in (
        ("plain", b""),
        ("byte at a time", b""),
        ("adapter echo", ASK_PAN),
        ("stale acknowledgement in front", stale),
        ("two garbage bytes in front", b"\x13\xff"),
    ):
        reader = expect("pan", 1, ASK_PAN)
        wire = front + PAN
        reply = None
        for index in range(len(wire)):
            assert reply is None, (title, index)
            reply = reader.receive(wire[index : index + 1])
        assert reply is not None and reply.value == 8213, title
        assert reader.junk_count == len(front), title
        whole = expect("pan", 1, ASK_PAN).receive(wire)
        assert whole is not None and whole.value == 8213, title
        again = expect("pan", 1, ASK_PAN).receive(PAN)
        assert again is not None and again.value == 8213, title


def test_the_address_8_trap():
    for address, name, opcode in (
        (8, "query_pan", 0x59),
        (8, "query_tilt", 0x5B),
        (8, "query_zoom", 0x5D),
        (2, "query_magnification", 0x63),
    ):
        ask = commands.build(address, name)
        wire = frame.encode(address, opcode, 0x1234)
        assert wire[3] == ask[6], "the trap is there"
        kind = commands.reply_kind(commands.number_of(name))
        for cut in range(8):
            reader = expect(kind, address, ask)
            reply = reader.receive(wire[:cut]) or reader.receive(wire[cut:])
            assert reply is not None and reply.value == 0x1234, (address, name, cut)
            fooled = expect(GENERAL, address, ask)
            assert fooled.receive(wire[:cut]) is None, (name, cut)
            assert fooled.receive(wire[cut:], True) is None, (name, cut)


def test_seven_byte_ack_is_not_a_four_byte_reply():
    wire = b"\xff\x01\x00\x01\x07\x01\x0a"
    command = commands.preset(1, "go", 249)  # its checksum is 01 as well
    assert command[6] == 0x01
    for cut in range(8):
        reader = expect("ack", 1, command)
        reply = reader.receive(wire[:cut]) or reader.receive(wire[cut:])
        assert reply is not None and reply.value == 1, cut
        reader = expect(GENERAL, 1, command)
        assert reader.receive(wire[:cut]) is None, cut
        assert reader.receive(wire[cut:], True) is None, cut


def test_a_general_reply_ends_in_silence_or_other_bytes():
    command = commands.motion(1, commands.LEFT, 0x20)
    wire = b"\xff\x01\x00\x25"
    reader = expect(GENERAL, 1, command)
    assert reader.receive(wire) is None, "more may come"
    assert reader.receive(b"", True) is not None
    assert expect(GENERAL, 1, command).receive(wire + b"\x01\x02\x03") is not None
    assert expect(GENERAL, 1, command).receive(b"\xff\x01\x80\xa5", True) is None, "bit 7"


def test_foreign_and_damaged_replies_are_passed_over():
    cases = (
        ("other address", b"\xff\x02\x00\x59\x20\x15\x90"),
        ("other opcode", b"\xff\x01\x00\x5b\x20\x15\x91"),
        ("bad sum", b"\xff\x01\x00\x59\x20\x15\x90"),
        ("own echo", ASK_PAN),
    )
    for title, wire in cases:
        reader = expect("pan", 1, ASK_PAN)
        assert reader.receive(wire, True) is None, title
        assert reader.receive(PAN) is not None, title
    other = expect("ack", 1, commands.preset(1, "set", 1))
    assert other.receive(b"\xff\x01\x00\x01\x05\x01\x08") is None, "acknowledges a clear"


def test_junk_never_grows_the_reader():
    reader = expect("part_number", 1, QUERY_1)
    for _ in range(50):
        assert reader.receive(b"\xff" * 100) is None
    assert reader.junk_count >= 4900


def test_unknown_kinds_are_refused():
    for make in (
        lambda: expect("none", 1, ASK_PAN),
        lambda: replies.encode(Reply("what", 1, 0), ASK_PAN),
    ):
        try:
            make()
        except LocalProtocolError as error:
            assert "opcodes.REPLIES" in str(error)
            continue
        raise AssertionError("taken")
