"""A disk of its own for a recorder, whose power can be cut at any instant, again and again.

An ext4 in a file, mounted through a loop device. A cut is a copy of the file taken while the
recorder is held still: what the file system had not sent to the device by then is not in it. The
copy is mounted as after a power cut, so the journal is replayed, and read.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.hal.servers import program

AS_ROOT = [] if os.geteuid() == 0 else ["sudo", "-n"]


def _root(*command: str | Path) -> str:
    """Run a program as root; AssertionError with its words when it fails."""
    words = [*AS_ROOT, program(str(command[0])), *map(str, command[1:])]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (
        f"{' '.join(words)}: {done.stderr.strip()}; a loop device and ext4 are needed, as root "
        "or with sudo"
    )
    return done.stdout.strip()


class CutDisk:
    """An ext4 of so many bytes in a folder, mounted at `path`; a context manager."""

    def __init__(self, folder: Path, name: str, size_bytes: int) -> None:
        self.path = folder / name
        self.image = folder / f"{name}.img"
        self.device = ""
        self._size_bytes = size_bytes

    def __enter__(self) -> "CutDisk":
        with self.image.open("wb") as file:
            file.truncate(self._size_bytes)
        _root("mkfs.ext4", "-q", "-F", self.image)
        self.path.mkdir()
        self.device = _root("losetup", "--find", "--show", self.image)
        _root("mount", self.device, self.path)
        if AS_ROOT:
            _root("chown", str(os.getuid()), self.path)
        return self

    def __exit__(self, *_error: object) -> None:
        _root("umount", self.path)
        _root("losetup", "--detach", self.device)
        self.image.unlink()

    def cut(self, pids: list[int], copy: Path) -> None:
        """Take what the device would hold if the power went now."""
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            command = [program("cp"), "--sparse=always", str(self.image), str(copy)]
            subprocess.run(command, check=True)
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)

    def statistics(self) -> list[int]:
        """What the block device counted so far, as the kernel's block/stat document orders it."""
        counted = Path("/sys/block") / Path(self.device).name / "stat"
        return [int(word) for word in counted.read_text().split()]


@contextmanager
def powered_up(copy: Path) -> Iterator[Path]:
    """Mount what a cut left, journal replayed; the copy is deleted at the end."""
    folder = copy.with_suffix(".mounted")
    folder.mkdir()
    try:
        device = _root("losetup", "--find", "--show", copy)
        try:
            _root("mount", device, folder)
            if AS_ROOT:
                _root("chown", "-R", str(os.getuid()), folder)
            try:
                yield folder
            finally:
                _root("umount", folder)
        finally:
            _root("losetup", "--detach", device)
    finally:
        copy.unlink()
        shutil.rmtree(folder)
