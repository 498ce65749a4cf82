"""A medium in one preallocated file, written at once and told of later."""

import os

from hal.api.errors import PortAbsent, PortFailed, PortFull, PortLost

ALIGN_BYTES = 512
COMPLETION_COUNT_MAX = 4096
FILL_BYTES = 16384
ENOSPC = 28  # Linux's number; MicroPython's errno does not name it


class FileBlocks:
    """A `hal.api.blocks.Blocks` over a file.

    A write is done when submitted and a barrier waits for the disk, so both take as long as the
    medium needs; completions are told by `poll` all the same, and the core sees no difference.
    The file is opened at its first use, and made, filled with zeros, where it is missing or
    short; a medium that is not there can so come later.

    Args:
        path: the file.
        size_bytes: a multiple of 512.
    """

    align_bytes = ALIGN_BYTES

    def __init__(self, path: str, size_bytes: int) -> None:
        assert size_bytes % ALIGN_BYTES == 0, size_bytes
        self.name = path
        self.size_bytes = size_bytes
        self._token = 0
        self._completions: list[tuple[int, str]] = []
        self._doubt_code = ""
        self._is_closed = False
        self._file = None

    def read(self, offset_bytes: int, length_bytes: int) -> bytes:
        """Read at once.

        Raises:
            PortFailed: the medium cannot read there.
            PortAbsent, PortFull: the file cannot be made.
            PortLost: the medium was closed.
        """
        file = self._open_file()
        if offset_bytes < 0 or offset_bytes + length_bytes > self.size_bytes:
            raise PortFailed(
                "%s: no %d bytes at %d in %d"
                % (self.name, length_bytes, offset_bytes, self.size_bytes)
            )
        try:
            file.seek(offset_bytes)
            data = file.read(length_bytes)
        except OSError as error:
            raise PortFailed("%s: cannot read at %d (%s)" % (self.name, offset_bytes, error))
        if len(data) != length_bytes:
            raise PortFailed("%s: cut short at %d" % (self.name, offset_bytes + len(data)))
        return data

    def submit_write(self, offset_bytes: int, data: bytes) -> int:
        """Write; returns a token above 0, rising.

        Raises:
            PortFull: 4,096 completions wait to be told; nothing was queued.
            PortLost: the medium was closed.
        """
        self._make_room()
        assert 0 <= offset_bytes <= self.size_bytes - len(data), offset_bytes
        assert not offset_bytes % ALIGN_BYTES, offset_bytes
        assert not len(data) % ALIGN_BYTES, len(data)
        file = self._open_file()
        code = _code_of(lambda: _write(file, offset_bytes, data))
        self._doubt_code = self._doubt_code or code
        return self._queue(code)

    def submit_barrier(self) -> int:
        """Wait until all submitted so far would survive a power cut; returns a token.

        It fails, with the code of the first failure, where a write since the last barrier failed.

        Raises:
            PortFull: 4,096 completions wait to be told; nothing was queued.
            PortLost: the medium was closed.
        """
        self._make_room()
        file = self._open_file()
        code = self._doubt_code or _code_of(lambda: _sync(file))
        self._doubt_code = ""
        return self._queue(code)

    def poll(self) -> "list[tuple[int, str]]":
        """Tell what has completed since the last call, as (token, code)."""
        completions = self._completions
        if completions:
            self._completions = []
        return completions

    def close(self) -> None:
        """Let go of the medium for good; idempotent."""
        self._is_closed = True
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def is_due(self) -> bool:
        """Tell whether `poll` has something, so that nobody sleeps on it."""
        return bool(self._completions)

    def _open_file(self):
        if self._is_closed:
            raise PortLost("%s: the medium is closed" % self.name)
        if self._file is None:
            self._file = _preallocate(self.name, self.size_bytes)
        return self._file

    def _make_room(self) -> None:
        if len(self._completions) >= COMPLETION_COUNT_MAX:
            raise PortFull("%s: %d completions wait; poll" % (self.name, COMPLETION_COUNT_MAX))

    def _queue(self, code: str) -> int:
        self._token += 1
        self._completions.append((self._token, code))
        return self._token


def _code_of(act) -> str:
    """Do one thing to the medium; returns "" or the code of what went wrong."""
    try:
        act()
    except OSError as error:
        return PortFull.code if error.args[0] == ENOSPC else PortFailed.code
    return ""


def _write(file, offset_bytes: int, data: bytes) -> None:
    file.seek(offset_bytes)
    written = file.write(data)
    if written != len(data):
        raise OSError(ENOSPC)


def _sync(file) -> None:
    """Reach the disk: flush is fsync on MicroPython, and only a flush on CPython."""
    file.flush()
    if hasattr(os, "fsync"):
        os.fsync(file.fileno())


def _preallocate(path: str, size_bytes: int):
    """Open the file and make it as long as asked, never shorter than it was."""
    try:
        file = open(path, "r+b", 0)
    except OSError:
        try:
            file = open(path, "w+b", 0)
        except OSError as error:
            raise PortAbsent("%s: cannot be made (%s); check the folder" % (path, error))
    have_bytes = file.seek(0, 2)
    zeros = bytes(FILL_BYTES)
    try:
        while have_bytes < size_bytes:
            chunk = zeros[: min(FILL_BYTES, size_bytes - have_bytes)]
            _write(file, have_bytes, chunk)
            have_bytes += len(chunk)
        _sync(file)
    except OSError as error:
        file.close()
        raise PortFull("%s: no room for %d bytes (%s)" % (path, size_bytes, error))
    return file
