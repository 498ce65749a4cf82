"""Looks at the newest keyframe, but only when somebody wants to know.

Decoding one large keyframe costs about as much as recording its stream for seconds, so measures
are made at most every 4 s, and only while they are asked for. A still always shows the newest
keyframe, whether or not it was looked at before, because its zones are those of now.
"""

import threading
from typing import TYPE_CHECKING

from hal.linux.nal import START_CODE

if TYPE_CHECKING:
    from hal.api.media import PictureMeasures
    from hal.linux.picture import PictureEye

LOOK_EVERY_MS = 4000
OLDER_MS_MAX = 1000


class LazyEye:
    """One stream's eye; offered keyframes by one thread and asked by another."""

    def __init__(self) -> None:
        self._eye: PictureEye | None = None
        self._broken_before_count = 0
        self._codec = ""
        self._extradata = b""
        self._keyframe = b""
        self._keyframe_ms = 0
        self._looked_ms = -LOOK_EVERY_MS
        self._is_new = False
        self._is_wanted = False
        self._lock = threading.Lock()

    def offer(self, keyframe: bytes, now_ms: int) -> None:
        """Keep a keyframe, units behind lengths of 4 bytes, in place of the one before."""
        with self._lock:
            self._keyframe, self._keyframe_ms, self._is_new = keyframe, now_ms, True

    def set_stream(self, codec: str, extradata: bytes) -> None:
        """Say how the keyframes from now on are read."""
        with self._lock:
            self._broken_before_count = self.broken_count()
            self._codec, self._extradata, self._eye = codec, extradata, None

    def look_when_due(self, now_ms: int) -> None:
        """Decode if measures are wanted and the last look is long enough ago."""
        if self._is_wanted and self._is_new and now_ms - self._looked_ms >= LOOK_EVERY_MS:
            with self._lock:
                self._look()

    def broken_count(self) -> int:
        """How many of the keyframes looked at could not be decoded, or only with damage."""
        eye = self._eye
        return self._broken_before_count + (eye.broken_count if eye is not None else 0)

    def measures(self) -> "PictureMeasures | None":
        """The newest measures; asking makes the next ones due."""
        self._is_wanted = True
        eye = self._eye
        return eye.latest[1] if eye is not None and eye.latest is not None else None

    def still(self, zones: list[tuple[int, int, int, int]]) -> bytes:
        """A JPEG of the newest keyframe; b"" before the first."""
        with self._lock:
            if self._is_new:
                self._look()
            latest = self._eye.latest if self._eye is not None else None
            keyframe_ms = self._keyframe_ms
        if latest is None or latest[1].now_ms < keyframe_ms - OLDER_MS_MAX:
            return b""  # the newest cannot be decoded, and an old one is not from now
        from hal.linux.picture import still  # noqa: PLC0415  # see _look

        return still(latest[0], zones)

    def _look(self) -> None:
        """Decode the keyframe; a decoder is loaded only now, and most of the memory with it."""
        from hal.linux.picture import PictureEye  # noqa: PLC0415

        if self._eye is None:
            self._eye = PictureEye(self._codec, self._extradata)
        self._is_new = self._is_wanted = False
        self._looked_ms = self._keyframe_ms
        self._eye.offer(_annex_b(self._keyframe), self._keyframe_ms)


def _annex_b(data: bytes) -> bytes:
    """Put start codes in place of the lengths, which are as long."""
    out = bytearray(data)
    at = 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        out[at : at + 4] = START_CODE
        at += 4 + size
    return bytes(out)
