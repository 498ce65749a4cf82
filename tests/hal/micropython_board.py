"""Runs checks of `hal.conformance` on the MicroPython ports, inside the micropython binary.

Called as `micropython micropython_board.py PORT ARGUMENT...`. Whatever the checks ask of the world
is asked of the parent process, one line each way: `NAME HEX...` out, a line of hex words back.
"""

import sys
import time

from hal.conformance import blocks as blocks_checks
from hal.conformance import clock as clock_checks
from hal.conformance import link as link_checks
from hal.conformance import serial as serial_checks
from hal.micropython import blocks as blocks_port
from hal.micropython.clock import TickClock
from hal.micropython.link import SocketLink
from hal.micropython.serial import TtySerial

MEDIUM_BYTES = 1 << 20


class FarWorld:
    """The world around a port, kept by the parent process."""

    def __init__(self):
        self.clock = TickClock()
        self.baud = 0

    def ask(self, name, *words):
        """Ask the parent; returns its answer as a list of bytes."""
        print(" ".join([name] + [word.hex() or "-" for word in words]))
        answer = sys.stdin.readline().split()
        return [b"" if word == "-" else bytes.fromhex(word) for word in answer]

    def now_ms(self):
        """Tell the time of this process."""
        return self.clock.now_ms()

    def pause(self, span_ms):
        """Let everything else go on."""
        time.sleep(span_ms / 1000)

    def hear(self):
        """Take what reached the far end."""
        return self.ask("hear")[0]

    def say(self, data):
        """Send from the far end."""
        self.ask("say", data)

    def unplug(self):
        """Take the line away."""
        self.ask("unplug")

    def plug(self):
        """Give the line back."""
        self.ask("plug")

    def cut(self):
        """Break the connection and let no new one come about."""
        self.ask("cut")

    def mend(self):
        """Let connections come about again."""
        self.ask("mend")

    def send(self, topic, payload):
        """Publish from the observer."""
        self.ask("send", topic.encode(), payload)

    def heard(self):
        """Take what the observer received."""
        words = self.ask("heard")
        return [(words[at].decode(), words[at + 1]) for at in range(0, len(words), 2)]


class SickFile:
    """A file on which writing and syncing fails."""

    def __init__(self, file, number):
        self.file = file
        self.number = number

    def seek(self, offset, whence=0):
        """Move as the file does."""
        return self.file.seek(offset, whence)

    def write(self, _data):
        """Fail."""
        raise OSError(self.number)

    def flush(self):
        """Fail."""
        raise OSError(self.number)


class MediumWorld(FarWorld):
    """A medium in this process that can be broken; what is held is done at once here."""

    def __init__(self, path):
        super().__init__()
        self.path = path
        self.port = None
        self.file = None

    def reopen(self):
        """Open the medium anew."""
        self.port = blocks_port.FileBlocks(self.path, MEDIUM_BYTES)
        return self.port

    def hold(self):
        """Do nothing: nothing waits here."""

    def fail(self, code):
        """Break the medium."""
        self.file = self.port._open_file()
        self.port._file = SickFile(self.file, 28 if code == "port.full" else 5)

    def release(self):
        """Mend the medium."""
        if self.file is not None:
            self.port._file = self.file
            self.file = None


def make(port, arguments):
    """Make (checks, world, a function that makes a fresh port)."""
    if port == "blocks":
        world = MediumWorld(arguments[0])
        return blocks_checks, world, world.reopen
    world = FarWorld()
    if port == "clock":
        return clock_checks, world, TickClock
    if port == "serial":
        world.baud = 9600
        return serial_checks, world, lambda: TtySerial(arguments[0], 9600, world.clock)
    host, number, user, password = arguments
    return link_checks, world, lambda: SocketLink(host, int(number), world.clock, user, password)


def main():
    """Run every check of one port; the parent reads `pass NAME` and `fail NAME`."""
    checks, world, make_port = make(sys.argv[1], sys.argv[2:])
    for name in sorted(name for name in dir(checks) if name.startswith("check_")):
        print("run " + name)
        world.ask("start")
        try:
            getattr(checks, name)(make_port(), world)
        except Exception as error:
            sys.print_exception(error, sys.stdout)
            print("fail " + name)
        else:
            print("pass " + name)


main()
