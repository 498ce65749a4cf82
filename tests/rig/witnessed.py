"""Runs a gateway whose ring is watched: what it wrote before each barrier is noted as it is done.

    python -m tests.rig.witnessed SITE.toml NOTES

Each line of NOTES is "w offset length sha256" when a write was handed to the medium, or "b" when a
barrier over all the lines before it has completed. The file is appended without buffering, so a
SIGKILL leaves every note that was made.
"""

import hashlib
import logging
import os
import sys
from pathlib import Path

from hal.boot import linux
from hal.linux.blocks import FileBlocks
from hal.linux.wake import Wake
from host_tools import site

NOTES_FD = os.open(sys.argv[2], os.O_WRONLY | os.O_APPEND | os.O_CREAT)


class WitnessedBlocks(FileBlocks):
    """A file medium that notes what it is given and what is proven to be there."""

    def __init__(self, path: str, wake: Wake) -> None:
        super().__init__(path, wake)
        self._lines: list[str] = []
        self._barriers: dict[int, str] = {}

    def submit_write(self, offset_bytes: int, data: bytes) -> int:
        digest = hashlib.sha256(data).hexdigest()
        self._lines.append(f"w {offset_bytes} {len(data)} {digest}\n")
        return super().submit_write(offset_bytes, data)

    def submit_barrier(self) -> int:
        token = super().submit_barrier()
        self._barriers[token] = "".join(self._lines) + "b\n"
        self._lines = []
        return token

    def poll(self) -> list[tuple[int, str]]:
        done = super().poll()
        for token, code in done:
            notes = self._barriers.pop(token, "")
            if notes and not code:
                os.write(NOTES_FD, notes.encode())
        return done


def open_medium(path: Path, size_bytes: int, wake: Wake) -> FileBlocks:
    medium = make(path, size_bytes, wake)
    if path.suffix != ".pool":
        return medium
    medium.close()
    return WitnessedBlocks(str(path), wake)


make = linux.open_medium
linux.open_medium = open_medium
logging.basicConfig(level=logging.INFO)
path = Path(sys.argv[1])
sys.exit(linux.run(site.read(path), path.parent))
