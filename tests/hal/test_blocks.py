"""The medium keeps its promises on a real file."""

import contextlib
import errno
import os
import threading

from tests.hal.real_world import RealWorld, run_checks

from hal.api.errors import PortAbsent, PortFull, PortRefused
from hal.conformance import blocks as checks
from hal.linux import blocks
from hal.linux.blocks import FileBlocks, create
from hal.linux.wake import Wake

SIZE_BYTES = 2 * 1024 * 1024
ERRORS = {"port.full": errno.ENOSPC, "port.failed": errno.EIO}


class HeldBlocks(FileBlocks):
    """A real file whose last step can be held or made to fail."""

    def __init__(self, path, wake):
        self.gate = threading.Event()
        self.gate.set()
        self.error = 0
        super().__init__(path, wake)

    def _touch(self, offset_bytes, data):
        self.gate.wait()
        if self.error:
            raise OSError(self.error, os.strerror(self.error))
        super()._touch(offset_bytes, data)


class CountingWake(Wake):
    def __init__(self):
        super().__init__()
        self.notify_count = 0

    def notify(self):
        self.notify_count += 1
        super().notify()


class FileWorld(RealWorld):
    def __init__(self, path):
        self.path = path
        self.wake = Wake()
        self.blocks = HeldBlocks(path, self.wake)

    def reopen(self):
        self.blocks = HeldBlocks(self.path, self.wake)
        return self.blocks

    def hold(self):
        self.blocks.gate.clear()

    def release(self):
        self.blocks.error = 0
        self.blocks.gate.set()

    def fail(self, code):
        self.blocks.error = ERRORS[code]


def test_every_promise_holds_on_a_file(tmp_path):
    numbers = iter(range(100))

    @contextlib.contextmanager
    def make():
        path = str(tmp_path / f"pool-{next(numbers)}")
        create(path, SIZE_BYTES)
        world = FileWorld(path)
        try:
            yield world.blocks, world
        finally:
            world.release()
            world.blocks.close()
            world.wake.close()

    assert len(run_checks(checks, "check_blocks", make)) == 6


def test_a_new_medium_is_whole_and_written_and_never_overwrites(tmp_path):
    path = tmp_path / "pool"
    create(str(path), SIZE_BYTES)
    assert path.stat().st_size == SIZE_BYTES
    assert path.stat().st_blocks * 512 >= SIZE_BYTES, "holes"
    assert path.stat().st_mode & 0o077 == 0, "others may read it"
    path.write_bytes(b"footage")
    try:
        create(str(path), SIZE_BYTES)
    except PortRefused as trouble:
        assert "exists" in str(trouble)
    else:
        raise AssertionError("overwrote a medium")
    assert path.read_bytes() == b"footage"


def test_a_large_medium_is_reserved_whole_but_not_written(tmp_path, monkeypatch):
    monkeypatch.setattr(blocks, "WRITTEN_BYTES_MAX", SIZE_BYTES - 1)
    monkeypatch.setattr(blocks, "ZERO_BYTES", 64 * 1024)
    written = []
    monkeypatch.setattr(
        blocks, "_write_all", lambda _fd, data, at: written.append((at, len(data)))
    )
    path = tmp_path / "pool"
    create(str(path), SIZE_BYTES)
    assert written == [(0, 64 * 1024)]
    assert path.stat().st_size == SIZE_BYTES
    assert path.stat().st_blocks * 512 >= SIZE_BYTES, "not reserved"


def test_writes_gather_until_a_barrier_and_wake_once(tmp_path):
    path = str(tmp_path / "pool")
    create(path, SIZE_BYTES)
    wake = CountingWake()
    medium = FileBlocks(path, wake)
    tokens = [medium.submit_write(4096 * at, bytes([at]) * 4096) for at in range(8)]
    assert medium.poll() == [], "written before anything called for it"
    assert medium.read(4096 * 7, 2) == b"\x07\x07"
    tokens.append(medium.submit_barrier())
    done = []
    while len(done) < len(tokens):
        wake.wait(10_000)
        done += medium.poll()
    assert done == [(token, "") for token in tokens]
    assert wake.notify_count == 1
    medium.close()
    wake.close()


def test_a_write_that_no_barrier_follows_is_done_all_the_same(tmp_path):
    path = str(tmp_path / "pool")
    create(path, SIZE_BYTES)
    wake = Wake()
    medium = FileBlocks(path, wake)
    token = medium.submit_write(0, bytes([1]) * 4096)
    done = []
    while not done:
        wake.wait(50)
        done = medium.poll()
    assert done == [(token, "")]
    full = medium.submit_write(0, bytes(blocks.GATHER_BYTES))
    while not (done := medium.poll()):
        wake.wait(10_000)
    assert done == [(full, "")]
    medium.close()
    wake.close()


def test_no_room_leaves_nothing_behind(tmp_path):
    try:
        create(str(tmp_path / "pool"), 1 << 50)
    except PortFull as trouble:
        assert "pool" in str(trouble)
    except PortRefused as trouble:
        assert "large" in str(trouble), trouble
    else:
        raise AssertionError("a petabyte")
    assert list(tmp_path.iterdir()) == []


def test_two_units_cannot_share_a_medium(tmp_path):
    path = str(tmp_path / "pool")
    create(path, SIZE_BYTES)
    wake = Wake()
    first = FileBlocks(path, wake)
    try:
        FileBlocks(path, wake)
    except PortRefused as trouble:
        assert path in str(trouble)
    else:
        raise AssertionError("shared")
    first.close()
    FileBlocks(path, wake).close()
    try:
        FileBlocks(path + "-none", wake)
    except PortAbsent as trouble:
        assert "-none" in str(trouble)
    wake.close()


def test_a_completion_wakes_the_unit(tmp_path):
    path = str(tmp_path / "pool")
    create(path, SIZE_BYTES)
    world = FileWorld(path)
    world.hold()
    token = world.blocks.submit_barrier()
    world.wake.wait(0)
    threading.Timer(0.05, world.release).start()
    start_ms = world.now_ms()
    world.wake.wait(5000)
    assert world.now_ms() - start_ms < 2000
    assert world.blocks.poll() == [(token, "")]
    world.blocks.close()
    world.wake.close()


def test_the_queue_is_bounded_in_bytes(tmp_path):
    path = str(tmp_path / "pool")
    create(path, SIZE_BYTES)
    world = FileWorld(path)
    world.hold()
    megabyte = bytes(1024 * 1024)
    for _ in range(64):
        world.blocks.submit_write(0, megabyte)
    try:
        world.blocks.submit_write(0, bytes(4096))
    except PortFull as trouble:
        assert path in str(trouble)
    else:
        raise AssertionError("more than 64 MiB")
    world.release()
    world.blocks.close()
    world.wake.close()
