"""The finder gives the same frames however the bytes are cut, and outlives what lines do."""

from firmware.pelco_d import frame
from firmware.pelco_d.stream import FrameFinder

NOISE = b"\x00\xff\xff\x01"
WIRE = NOISE + frame.encode(1, 0x0002, 0x2000) + b"\x55" + frame.encode(255, 0x0004, 0xFFFF)
WANT = [(1, 0x0002, 0x2000), (255, 0x0004, 0xFFFF)]
GOOD = b"\xff\x01\x00\x04\x20\x00\x25"
LEFT = (1, 0x0004, 0x2000)


def test_every_cut_gives_the_same_frames():
    for cut in range(len(WIRE) + 1):
        for second in range(cut, len(WIRE) + 1):
            finder = FrameFinder()
            got = finder.receive(WIRE[:cut]) + finder.receive(WIRE[cut:second])
            got += finder.receive(WIRE[second:])
            assert got == WANT, (cut, second)
            assert finder.junk_count == len(NOISE) + 1, (cut, second)
            assert finder.frame_count == 2


def test_byte_by_byte_gives_the_same_frames():
    finder = FrameFinder()
    got = []
    for index in range(len(WIRE)):
        got += finder.receive(WIRE[index : index + 1])
    assert got == WANT


def test_what_lines_do_is_outlived():
    cases = (
        ("bad sum", "FF 01 00 04 20 00 26", []),
        ("noise in front", "00 11 FF 01 00 04 20 00 25", [LEFT]),
        ("a second sync", "FF FF 01 00 04 20 00 25", [LEFT]),
        ("a fragment in front", "FF 01 00 04 20 FF 01 00 04 20 00 25", [LEFT]),
        ("two at once", "FF 01 00 04 20 00 25 FF 01 00 00 00 00 01", [LEFT, (1, 0, 0)]),
        ("address 255", "FF FF 00 04 20 00 23", [(255, 4, 0x2000)]),
        ("address 0", "FF 00 00 04 20 00 24", [(0, 4, 0x2000)]),
        ("checksum ff", "FF 01 FF FE 00 01 FF", [(1, 0xFFFE, 1)]),
        ("opposed bits", "FF 01 00 06 20 00 27", [(1, 6, 0x2000)]),
        ("turbo of 1999", "FF 01 00 04 FF 00 04", [(1, 4, 0xFF00)]),
        ("very slow", "FF 01 00 04 00 00 05", [(1, 4, 0)]),
        ("ack from a host", "FF 01 00 01 00 01 03", [(1, 1, 1)]),
        ("tilt 36000", "FF 01 00 4D 8C A0 7A", [(1, 0x4D, 36000)]),
        ("nothing", "", []),
    )
    for title, text, want in cases:
        finder = FrameFinder()
        assert finder.receive(bytes.fromhex(text.replace(" ", ""))) == want, title


def test_junk_is_counted_and_not_kept():
    finder = FrameFinder()
    for _ in range(100):
        assert finder.receive(bytes(300)) == []
    assert finder.junk_count == 30000
    assert finder.receive(b"\xff\x01") == []
    finder.drop()
    assert finder.junk_count == 30002
    assert finder.receive(GOOD) == [LEFT]
