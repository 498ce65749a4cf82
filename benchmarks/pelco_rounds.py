"""The part of `bench_pelco.py` that runs on each interpreter: `name frames_per_s`, a line each."""

import time

from firmware.pelco_d import commands, frame, replies
from firmware.pelco_d.stream import FrameFinder

SPAN_MS = 400
ROUNDS_PER_LOOK = 20
FRAMES_PER_ROUND = 10
WIRE = commands.motion(1, commands.LEFT | commands.UP, 0x20, 0x3F)
STREAM = (WIRE + b"\x00") * FRAMES_PER_ROUND
ASK_PAN = commands.build(1, "query_pan")
PAN = b"\xff\x01\x00\x59\x20\x15\x8f"
FINDER = FrameFinder()


def now_ms():
    """Read the interpreter's own clock."""
    return time.ticks_ms() if hasattr(time, "ticks_ms") else time.monotonic_ns() // 1_000_000


def encode():
    """Build ten motion frames."""
    for speed in range(FRAMES_PER_ROUND):
        commands.motion(1, 0x0004, speed)


def decode():
    """Take ten frames apart."""
    for _ in range(FRAMES_PER_ROUND):
        frame.decode(WIRE)


def find():
    """Find ten frames with junk between them."""
    FINDER.receive(STREAM)


def reply():
    """Read ten position replies, each by a reader of its own."""
    for _ in range(FRAMES_PER_ROUND):
        replies.expect("pan", 1, ASK_PAN).receive(PAN)


def frames_per_s(work):
    """Count how many frames one function handles in a second."""
    work()
    count = 0
    start_ms = now_ms()
    while True:
        for _ in range(ROUNDS_PER_LOOK):
            work()
        count += ROUNDS_PER_LOOK * FRAMES_PER_ROUND
        span_ms = now_ms() - start_ms
        if span_ms >= SPAN_MS:
            return count * 1000 // span_ms


for name, work in (("encode", encode), ("decode", decode), ("find", find), ("reply", reply)):
    print(name, frames_per_s(work))
