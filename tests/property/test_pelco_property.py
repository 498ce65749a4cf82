"""Random bytes and random commands, with the seed printed: nothing crashes, nothing is lost."""

import os
import random

from firmware.errors import LocalProtocolError, RemoteProtocolError
from firmware.pelco_d import commands, frame, opcodes, replies
from firmware.pelco_d.session import Session
from firmware.pelco_d.stream import FrameFinder

SEED = int(os.environ.get("LAMPPOST_SEED", "20261124"))


def drawer(offset: int) -> random.Random:
    print(f"seed {SEED}")
    return random.Random(SEED + offset)


def test_junk_raises_nothing_and_good_frames_come_through() -> None:
    draw = drawer(0)
    for _ in range(300):
        finder = FrameFinder()
        wire, want = bytearray(), []
        for _ in range(draw.randrange(8)):
            wire += bytes(
                draw.choice((0, 1, draw.randrange(255))) for _ in range(draw.randrange(9))
            )
            row = (draw.randrange(1, 256), draw.randrange(65536), draw.randrange(65536))
            want.append(row)
            wire += frame.encode(*row)
        got, at = [], 0
        while at < len(wire):
            step = draw.randrange(1, 12)
            got += finder.receive(bytes(wire[at : at + step]))
            at += step
        assert got == want, SEED


def test_random_bytes_never_break_a_reader() -> None:
    draw = drawer(1)
    kinds = ["none", "general", "part_number", *opcodes.REPLIES]
    for _ in range(300):
        session = Session(draw.randrange(1, 256), 2400, draw.random() < 0.5)
        now_ms = 0
        for _ in range(20):
            if not session.is_busy:
                session.begin(commands.stop(session.address), draw.choice(kinds), now_ms)
            junk = bytes(
                draw.choice((255, 1, draw.randrange(256))) for _ in range(draw.randrange(40))
            )
            session.receive(junk, now_ms)
            now_ms += draw.randrange(60)
            session.step(now_ms)
        reader = replies.expect("pan", 1, commands.build(1, "query_pan"))
        reader.receive(draw.randbytes(500))


def test_out_of_range_is_refused_and_in_range_comes_back() -> None:
    draw = drawer(2)
    for _ in range(3000):
        address = draw.randrange(-3, 260)
        bits = draw.randrange(-2, 70000)
        speeds = draw.randrange(-2, 300), draw.randrange(-2, 300)
        try:
            wire = commands.motion(address, bits, *speeds)
        except LocalProtocolError:
            continue
        got = frame.decode(wire)
        assert got == (address, bits, speeds[0] << 8 | speeds[1]), SEED
        assert commands.fault(*got[1:]) == "", SEED


def test_decode_raises_its_own_error_alone() -> None:
    draw = drawer(3)
    for _ in range(3000):
        data = draw.randbytes(draw.choice((7, 7, 7, draw.randrange(12))))
        try:
            frame.decode(data)
        except RemoteProtocolError:
            continue
        assert data[0] == 255
