"""The last words: a child that outlives us and speaks to the line when we die.

It is run as a program and imports nothing of ours, so that it starts quickly and stays small.
Its standard input is a pipe from the unit: a byte n from 0 to 64 and n bytes name the words, 255
is a goodbye. When the pipe ends without a goodbye the words go out twice.
"""

import os
import select
import sys
import time

GOODBYE = 255
GAP_S = 0.15  # longer than any answer that may be under way at 2400 baud and damage the first copy
PATIENCE_S = 0.2


def speak(line_fd: int, words: bytes) -> None:
    """Write the words once; a line that takes nothing for 200 ms is given up."""
    left = words
    while left:
        if not select.select([], [line_fd], [], PATIENCE_S)[1]:
            return
        left = left[os.write(line_fd, left) :]


def listen(pipe_fd: int, line_fd: int) -> bytes:
    """Follow the pipe to its end; returns the words to say, b"" after a goodbye."""
    words = b""
    pending = b""
    watch = select.poll()
    watch.register(pipe_fd, select.POLLIN)
    watch.register(line_fd, 0)  # tells only a hang-up: an unplugged adapter must be let go
    while True:
        for fd, _event in watch.poll():
            if fd == line_fd:
                return b""
            piece = os.read(pipe_fd, 256)
            if not piece:
                return words
            pending += piece
            while pending and pending[0] != GOODBYE and len(pending) > pending[0]:
                words = pending[1 : 1 + pending[0]]
                pending = pending[1 + pending[0] :]
            if pending[:1] == bytes([GOODBYE]):
                return b""


def main() -> int:
    """Guard the line named by the first argument."""
    line_fd = os.open(sys.argv[1], os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
    words = listen(0, line_fd)
    if words:
        speak(line_fd, words)
        time.sleep(GAP_S)
        speak(line_fd, words)
    return 0


if __name__ == "__main__":
    sys.exit(main())
