"""A medium in a preallocated file or a partition, written by a thread of its own."""

import errno
import fcntl
import os
import threading
import time
from collections import deque
from pathlib import Path

from hal.api.errors import PortAbsent, PortFailed, PortFull, PortLost, PortRefused
from hal.linux.wake import Wake

QUEUE_BYTES_MAX = 64 * 1024 * 1024
QUEUE_ENTRY_COUNT_MAX = 4096
GATHER_BYTES = 1024 * 1024
GATHER_S = 0.25
CLOSE_WAIT_S = 5.0
ZERO_BYTES = 4 * 1024 * 1024
WRITTEN_BYTES_MAX = 1 << 30
ALIGN_BYTES = 4096
CODES = {
    errno.ENOSPC: PortFull.code,
    errno.EDQUOT: PortFull.code,
    errno.ENODEV: PortLost.code,
    errno.ENXIO: PortLost.code,
    errno.EROFS: PortRefused.code,
}


def create(path: str, size_bytes: int) -> None:
    """Make a medium of zeros, whole or not at all.

    All of it is reserved, because a full disk is better met now than in the night. Up to 1 GiB it
    is written as well: a flush over extents that were never written costs two to three times as
    much. To write more would keep a unit from recording for minutes; there the first lap does it.

    Args:
        path: where; must not exist yet.
        size_bytes: length, a multiple of 4096.

    Raises:
        PortRefused: the file exists, or the folder cannot be written.
        PortFull: there is not so much room.
    """
    assert size_bytes % ALIGN_BYTES == 0
    target = Path(path)
    part = target.with_name(target.name + ".part")
    if target.exists():
        raise PortRefused(f"medium {path}: exists already; remove it or name another file")
    try:
        _fill(part, size_bytes)
        part.rename(target)
        _sync_folder(target.parent)
    except OSError as trouble:
        part.unlink(missing_ok=True)
        if CODES.get(trouble.errno or 0) == PortFull.code:
            raise PortFull(
                f"medium {path}: no room for {size_bytes} bytes; free some"
            ) from trouble
        raise PortRefused(f"medium {path}: {trouble.strerror}; check the folder") from trouble


def _fill(part: Path, size_bytes: int) -> None:
    fd = os.open(part, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.posix_fallocate(fd, 0, size_bytes)
        zeros = bytes(ZERO_BYTES)
        written_bytes = size_bytes if size_bytes <= WRITTEN_BYTES_MAX else ZERO_BYTES
        for offset_bytes in range(0, written_bytes, ZERO_BYTES):
            _write_all(fd, zeros[: written_bytes - offset_bytes], offset_bytes)
        os.fsync(fd)
    finally:
        os.close(fd)


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _write_all(fd: int, data: bytes, offset_bytes: int) -> None:
    left = memoryview(data)
    while left:
        count = os.pwritev(fd, [left], offset_bytes)
        left = left[count:]
        offset_bytes += count


class _Entry:
    """One thing to do: a write, or a barrier when `data` is None."""

    __slots__ = ("data", "offset_bytes", "token")

    def __init__(self, token: int, offset_bytes: int, data: bytes | None) -> None:
        self.token = token
        self.offset_bytes = offset_bytes
        self.data = data


class FileBlocks:
    """A file or a block device as a medium; one unit at a time may have it.

    Waking the thread for each write, and the core for each that is done, costs more than writing.
    So writes gather until a barrier comes, until they are 1 MiB, or until the core polls 250 ms
    later; and the core is woken when a barrier or all is done, or something failed.

    Args:
        path: a file made by `create`, or a partition.
        wake: told when something completed.
        align_bytes: 512 or 4096.

    Raises:
        PortAbsent: no such file.
        PortRefused: no permission, or another unit has it.
    """

    def __init__(self, path: str, wake: Wake, align_bytes: int = ALIGN_BYTES) -> None:
        self.name = path
        self.align_bytes = align_bytes
        self._fd = _open(path)
        self.size_bytes = os.lseek(self._fd, 0, os.SEEK_END) // align_bytes * align_bytes
        self._wake = wake
        self._token = 0
        self._queued_bytes = 0
        self._gathered_bytes = 0
        self._gathered_s = 0.0  # when the first of them came
        self._is_due = False  # what is queued is to be done
        self._queue: deque[_Entry] = deque()  # stays here until it is on the medium
        self._done: deque[tuple[int, str]] = deque()
        self._is_closing = False
        self._is_gone = False
        self._change = threading.Condition()
        self._writer = threading.Thread(target=self._run, name="blocks", daemon=True)
        self._writer.start()

    def read(self, offset_bytes: int, length_bytes: int) -> bytes:
        """Read what is, or is going to be, on the medium there.

        Raises:
            PortFailed: the medium cannot read there.
            PortLost: it went away.
        """
        assert offset_bytes >= 0
        assert offset_bytes + length_bytes <= self.size_bytes
        with self._change:
            pending = list(self._queue)
        data = bytearray()
        while len(data) < length_bytes:
            data += self._read_piece(offset_bytes + len(data), length_bytes - len(data))
        for entry in pending:
            _overlay(data, offset_bytes, entry)
        return bytes(data)

    def submit_write(self, offset_bytes: int, data: bytes) -> int:
        """Queue a write; returns its token.

        Raises:
            PortFull: the queue is full; nothing was queued.
            PortLost: the medium went away.
        """
        assert offset_bytes % self.align_bytes == 0
        assert len(data) % self.align_bytes == 0
        assert 0 <= offset_bytes <= self.size_bytes - len(data)
        return self._submit(offset_bytes, data)

    def submit_barrier(self) -> int:
        """Queue a barrier; returns its token.

        Raises:
            PortFull: the queue is full; nothing was queued.
            PortLost: the medium went away.
        """
        return self._submit(0, None)

    def poll(self) -> list[tuple[int, str]]:
        """Tell (token, code) of what has completed, in order of submission."""
        if self._gathered_bytes and time.monotonic() - self._gathered_s >= GATHER_S:
            with self._change:
                self._let_write()
        done: list[tuple[int, str]] = []
        while self._done:
            done.append(self._done.popleft())
        return done

    def close(self) -> None:
        """Finish what is queued, at most 5 s, and let go; idempotent."""
        with self._change:
            if self._is_closing:
                return
            self._is_closing = True
            self._change.notify_all()
        self._writer.join(CLOSE_WAIT_S)
        if not self._writer.is_alive():  # a stuck medium keeps its descriptor until it answers
            os.close(self._fd)

    def _submit(self, offset_bytes: int, data: bytes | None) -> int:
        size_bytes = len(data or b"")
        with self._change:
            if self._is_gone or self._is_closing:
                raise PortLost(f"medium {self.name}: gone; check it and open it again")
            is_full = len(self._queue) >= QUEUE_ENTRY_COUNT_MAX
            if is_full or self._queued_bytes + size_bytes > QUEUE_BYTES_MAX:
                raise PortFull(f"medium {self.name}: too slow, its queue is full; ask again later")
            self._token += 1
            self._queued_bytes += size_bytes
            self._queue.append(_Entry(self._token, offset_bytes, data))
            if not self._gathered_bytes:
                self._gathered_s = time.monotonic()
            self._gathered_bytes += size_bytes
            if data is None or self._gathered_bytes >= GATHER_BYTES:
                self._let_write()
            return self._token

    def _let_write(self) -> None:
        """Let the thread do what has gathered; the lock is held."""
        self._gathered_bytes = 0
        self._is_due = True
        self._change.notify_all()

    def _read_piece(self, offset_bytes: int, length_bytes: int) -> bytes:
        try:
            piece = os.pread(self._fd, length_bytes, offset_bytes)
        except OSError as trouble:
            code = CODES.get(trouble.errno or 0)
            error = PortLost if code == PortLost.code else PortFailed
            raise error(f"medium {self.name}: at {offset_bytes}: {trouble.strerror}") from trouble
        if not piece:
            raise PortFailed(f"medium {self.name}: ends at {offset_bytes}; it was shortened")
        return piece

    def _run(self) -> None:
        while True:
            with self._change:
                while not (self._is_due and self._queue) and not self._is_closing:
                    self._change.wait()
                if not self._queue:
                    return
                entry = self._queue[0]
            code = self._perform(entry)
            with self._change:
                self._queue.popleft()
                self._queued_bytes -= len(entry.data or b"")
                self._is_gone = self._is_gone or code == PortLost.code
                self._done.append((entry.token, code))
                if not self._queue:
                    self._is_due = False
                    self._gathered_bytes = 0
            if code or entry.data is None or not self._is_due:
                self._wake.notify()

    def _perform(self, entry: _Entry) -> str:
        try:
            self._touch(entry.offset_bytes, entry.data)
        except OSError as trouble:
            return CODES.get(trouble.errno or 0, PortFailed.code)
        return ""

    def _touch(self, offset_bytes: int, data: bytes | None) -> None:
        """Write, or flush when there is no data."""
        if data is None:
            os.fdatasync(self._fd)
        else:
            _write_all(self._fd, data, offset_bytes)


def _open(path: str) -> int:
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError as trouble:
        raise PortAbsent(f"medium {path}: no such file; create it first") from trouble
    except OSError as trouble:
        raise PortRefused(f"medium {path}: {trouble.strerror}; check owner and mode") from trouble
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as trouble:
        os.close(fd)
        raise PortRefused(f"medium {path}: another unit has it; stop that one first") from trouble
    return fd


def _overlay(data: bytearray, offset_bytes: int, entry: _Entry) -> None:
    """Lay a pending write over what was read."""
    if entry.data is None:
        return
    start = max(offset_bytes, entry.offset_bytes)
    end = min(offset_bytes + len(data), entry.offset_bytes + len(entry.data))
    if start < end:
        piece = entry.data[start - entry.offset_bytes : end - entry.offset_bytes]
        data[start - offset_bytes : end - offset_bytes] = piece
