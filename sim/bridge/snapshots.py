"""A JPEG camera as a file that is replaced twice a second.

The file is a header of 16 bytes, then the JPEG:

    0   4   "LJPG"
    4   4   sequence, big endian, rising by one
    8   4   milliseconds since the camera started, big endian
    12  4   length of the JPEG in bytes, big endian
"""

import struct
import threading
import time
from pathlib import Path

from sim.bridge.pictures import DrawnCamera
from sim.devices.coder import jpeg

GAP_S = 0.5
JPEG_BYTES_MAX = 24 * 1024
QUALITIES = (5, 8, 12, 18, 27, 31)


class SnapshotFile:
    """Replaces one file, atomically, with the newest picture.

    Args:
        path: the file.
        camera: draws the pictures.
    """

    def __init__(self, path: Path, camera: DrawnCamera) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.camera = camera
        self.made_count = 0
        self._is_stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"file {path}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop replacing; the last file stays."""
        self._is_stopping.set()
        self._thread.join()

    def _run(self) -> None:
        begin_s = time.monotonic()
        due_s = begin_s
        while not self._is_stopping.wait(max(0.0, due_s - time.monotonic())):
            due_s = max(due_s + GAP_S, time.monotonic())
            if not self.camera.faults.is_off:
                self._replace(int((time.monotonic() - begin_s) * 1000))

    def _replace(self, now_ms: int) -> None:
        picture = self.camera.draw()
        data = b""
        for quality in QUALITIES:
            data = jpeg(picture, quality)
            if len(data) <= JPEG_BYTES_MAX:
                break
        self.made_count += 1
        head = struct.pack(
            ">4sIII", b"LJPG", self.made_count & 0xFFFFFFFF, now_ms & 0xFFFFFFFF, len(data)
        )
        new = self.path.with_suffix(".new")
        new.write_bytes(head + data)
        new.replace(self.path)
