"""Runs a unit on the MicroPython unix port, or on a board.

    micropython -X heapsize=512k -m hal.boot.micropython CONFIG.cbor [--with-parent]

CONFIG.cbor is what `host_tools.site` compiles from a site file; the state folder is found from it.
With `--with-parent` the unit stops cleanly when its standard input ends, that is, when whoever
started it goes; else Ctrl-C stops it. The heap is printed at the start and once a minute. On a
desk, start it by `hal.boot.launch`, which keeps the code out of the heap as a board's flash does.
"""

import gc
import select
import sys

from firmware.app import supervisor
from firmware.app.unit import Unit
from firmware.errors import ConfigError
from hal.api._typing import TYPE_CHECKING
from hal.api.board import Board, CameraPorts
from hal.api.errors import PortError
from hal.boot.unit_files import UnitFiles
from hal.micropython.blocks import FileBlocks
from hal.micropython.camera import JpegFileCamera
from hal.micropython.cipher import BoardCipher
from hal.micropython.clock import TickClock
from hal.micropython.entropy import SystemEntropy
from hal.micropython.keys import MemoryKeys
from hal.micropython.link import SocketLink, split_url
from hal.micropython.sensors import HostSensors
from hal.micropython.serial import TtySerial
from hal.micropython.wake import PollWake
from hal.micropython.watchdog import FileWatchdog

if TYPE_CHECKING:
    from firmware.config.load import CameraConfig
    from hal.api.clock import Clock

STATE_BYTES = 64 << 10
FOOTAGE_BYTES_MAX = 48 << 10
COLLECT_EVERY_MS, COLLECT_EVERY_BYTES = 1_000, 4 << 10
PRINT_EVERY_MS = 60_000
EXIT_USAGE, EXIT_CONFIG, EXIT_BUG = 64, 2, 70
WITH_PARENT = "--with-parent"


class Pulse:
    """Runs between turns: collects garbage, prints the heap, and watches for the end.

    Args:
        clock: tells when it is time.
        is_with_parent: stop when standard input ends.
    """

    def __init__(self, clock: "Clock", is_with_parent: bool) -> None:
        self._clock = clock
        self._collect_at_ms = self._print_at_ms = clock.now_ms()
        self._poller = None
        if is_with_parent:
            self._poller = select.poll()
            self._poller.register(sys.stdin, select.POLLIN)

    def is_asked_to_stop(self) -> bool:
        """Do what is due; returns whether the unit shall stop."""
        now_ms = self._clock.now_ms()
        if now_ms >= self._collect_at_ms:
            gc.collect()
            self._collect_at_ms = now_ms + COLLECT_EVERY_MS
        if now_ms >= self._print_at_ms:
            print_heap()
            self._print_at_ms = now_ms + PRINT_EVERY_MS
        if self._poller is None:
            return False
        # nobody writes to it: the end of the stream is the only thing that can make it ready
        return bool(self._poller.poll(0))


def make_camera(files: UnitFiles, camera: "CameraConfig", clock: "Clock") -> CameraPorts:
    """Make the ports of one camera; sound is not fitted on this board."""
    name = str(camera.picture["name"])
    kind, _, path = str(camera.picture["source"]).partition(":")
    if kind != "jpeg":
        raise ConfigError(["camera %s: source %s: this board takes jpeg:PATH only" % (name, kind)])
    if camera.sound is not None:
        raise ConfigError(["camera %s: sound: this board has no microphone; remove it" % name])
    serial = None
    if camera.ptz is not None:
        line = files.beside(str(camera.ptz["serial"]))
        serial = TtySerial(line, int(camera.ptz["baud"]), clock)
    return CameraPorts(name, JpegFileCamera(files.beside(path), clock), serial)


def make_board(files: UnitFiles) -> Board:
    """Make every port of the unix port; ConfigError for what it does not have."""
    config = files.config
    clock, cipher = TickClock(), BoardCipher()
    cameras = [make_camera(files, camera, clock) for camera in config.cameras]
    host, port, username, password = split_url(str(config.link["url"]))
    if not host:
        raise ConfigError(["link.url: this board takes mqtt://[user:password@]host[:port] only"])
    link = SocketLink(host, port, clock, username, password)
    secrets, public_keys = files.keys()
    ring = FileBlocks(files.in_state(str(config.ring["file"])), int(config.ring["size_bytes"]))
    state = FileBlocks(files.in_state("state.pages"), STATE_BYTES)
    outbox = FileBlocks(files.in_state("outbox.pages"), int(config.ring["outbox_bytes"]))
    watched: list[object] = [link]
    watched += [camera.serial for camera in cameras if camera.serial is not None]
    return Board(
        clock=clock,
        wake=PollWake(clock, watched, [ring, state, outbox, link]),
        cipher=cipher,
        keys=MemoryKeys(cipher, secrets, public_keys),
        entropy=SystemEntropy(),
        sensors=HostSensors(),
        watchdog=FileWatchdog(),
        link=link,
        ring=ring,
        state=state,
        outbox=outbox,
        cameras=cameras,
        footage_bytes_max=FOOTAGE_BYTES_MAX,
    )


def print_heap() -> None:
    """Print what of the heap is in use after a collection."""
    gc.collect()
    used_bytes, free_bytes = getattr(gc, "mem_alloc", None), getattr(gc, "mem_free", None)
    if used_bytes is not None and free_bytes is not None:
        print("heap: %d bytes used, %d free" % (used_bytes(), free_bytes()))


def main(arguments: "list[str]") -> int:
    """Run a unit until it is stopped; returns the exit code."""
    if not arguments or arguments[1:] not in ([], [WITH_PARENT]):
        print("usage: micropython -m hal.boot.micropython CONFIG.cbor [%s]" % WITH_PARENT)
        return EXIT_USAGE
    try:
        files = UnitFiles(arguments[0])
        board = make_board(files)
        unit = Unit(board, files.config, files.papers())
    except (ConfigError, PortError) as error:
        print(error)
        return EXIT_CONFIG
    files.forget_claim()
    threshold = getattr(gc, "threshold", None)
    if threshold is not None:
        threshold(COLLECT_EVERY_BYTES)  # pictures come and go: collect before they scatter
    pulse = Pulse(board.clock, WITH_PARENT in arguments)
    reason = ""
    try:
        reason = supervisor.run(unit, pulse.is_asked_to_stop)
    except KeyboardInterrupt:
        unit.close()
    if reason:
        print("stopped by a bug of ours: " + reason)
        return EXIT_BUG
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
