"""A camera that leaves its newest JPEG in a file, as a small sensor or a simulator does.

The file is replaced as a whole, about twice a second:

    0   4  "LJPG"
    4   4  sequence, big endian, one more for each picture
    8   4  milliseconds of the camera's own clock, big endian
    12  4  length of the JPEG, big endian
    16     the JPEG

It survives a file that is missing, cut short, of another kind, or no longer replaced.
"""

from hal.api._typing import TYPE_CHECKING
from hal.api.errors import PortAbsent, PortLost, PortRefused
from hal.api.media import AccessUnit, StreamParameters

if TYPE_CHECKING:
    from hal.api.clock import Clock
    from hal.api.media import PictureMeasures

MAGIC = b"LJPG"
HEADER_BYTES = 16
JPEG_BYTES_MAX = 65536
LOOK_EVERY_MS = 50
STALE_MS = 5_000
TIMESCALE = 1000
SEQUENCE_HALF = 1 << 31
MARKER = 0xFF
START_OF_FRAME = (0xC0, 0xC1, 0xC2)


class JpegFileCamera:
    """A `hal.api.camera.Camera` over a JPEG file.

    Args:
        path: the file.
        clock: stamps the pictures.
    """

    def __init__(self, path: str, clock: "Clock") -> None:
        self.name = path
        self.dropped_count = 0
        self._clock = clock
        self._is_open = False
        self._parameters: StreamParameters | None = None
        self._jpeg = b""
        self._sequence = -1
        self._source_ms = 0
        self._pts = 0
        self._seen_ms = 0
        self._look_ms = 0

    def open(self) -> None:
        """Begin to look at the file."""
        self._is_open = True
        self._sequence = -1
        self._seen_ms = self._look_ms = self._clock.now_ms()

    def close(self) -> None:
        """Stop looking and forget the picture; idempotent."""
        self._is_open = False
        self._jpeg = b""
        self._parameters = None

    def read(self) -> "AccessUnit | None":
        """Hand over the newest picture once, or None.

        Raises:
            PortAbsent: no such file.
            PortRefused: it is not a picture of this kind.
            PortLost: it was not replaced for 5 s.
        """
        now_ms = self._clock.now_ms()
        if not self._is_open or now_ms < self._look_ms:
            return None
        self._look_ms = now_ms + LOOK_EVERY_MS
        found = self._load()
        if found is None:
            if now_ms - self._seen_ms > STALE_MS:
                raise PortLost("%s: no new picture for %d ms" % (self.name, STALE_MS))
            return None
        self._take(found[0], found[1])
        self._seen_ms = now_ms
        self._jpeg = found[2]
        if self._parameters is None:
            width_px, height_px = picture_size(self._jpeg)
            self._parameters = StreamParameters("jpeg", TIMESCALE, b"", width_px, height_px)
        return AccessUnit(self._jpeg, now_ms, self._pts, self._pts, True)

    def parameters(self) -> "StreamParameters | None":
        """How to read the pictures; None until the first."""
        return self._parameters

    def measures(self) -> "PictureMeasures | None":
        """Give None: a board does not decode its JPEGs."""
        return None

    def clock_offset_ms(self) -> "int | None":
        """Tell that it tells no time."""
        return None

    def clock_doubt_ms(self) -> int:
        """Nothing is measured."""
        return 0

    def counts(self) -> "dict[str, int]":
        """Nothing is wrong with what comes whole or not at all."""
        return {}

    def still(self, zones: "list[tuple[int, int, int, int]]") -> bytes:
        """Give the newest JPEG, or b"" where a zone would have to be filled in it."""
        return b"" if zones else self._jpeg

    def _load(self) -> "tuple[int, int, bytes] | None":
        """Read (sequence, milliseconds, JPEG) if there is a new one."""
        try:
            file = open(self.name, "rb")
        except OSError as error:
            raise PortAbsent("%s: no picture there (%s); check the source" % (self.name, error))
        with file:
            header = file.read(HEADER_BYTES)
            if len(header) != HEADER_BYTES or header[:4] != MAGIC:
                raise PortRefused("%s: begins with %r, not with LJPG" % (self.name, header[:4]))
            sequence, milliseconds, length_bytes = (
                int.from_bytes(header[start : start + 4], "big") for start in (4, 8, 12)
            )
            if sequence == self._sequence:
                return None
            if length_bytes > JPEG_BYTES_MAX:
                told = (self.name, length_bytes, JPEG_BYTES_MAX)
                raise PortRefused("%s: a JPEG of %d bytes; at most %d fit" % told)
            try:
                jpeg = file.read(length_bytes)
            except MemoryError:
                return None  # at the next look there may be room
        if len(jpeg) != length_bytes or jpeg[:2] != b"\xff\xd8":
            raise PortRefused("%s: cut short, or not a JPEG" % self.name)
        return sequence, milliseconds, jpeg

    def _take(self, sequence: int, milliseconds: int) -> None:
        """Count what was missed and keep the stamps rising when the source starts again."""
        missed = (sequence - self._sequence - 1) & 0xFFFFFFFF
        if self._sequence >= 0 and missed < SEQUENCE_HALF:
            self.dropped_count += missed
        passed_ms = milliseconds - self._source_ms
        self._pts += passed_ms if passed_ms > 0 else 1
        self._sequence = sequence
        self._source_ms = milliseconds


def picture_size(jpeg: bytes) -> "tuple[int, int]":
    """Find (width_px, height_px) in a JPEG's frame header; (0, 0) where there is none."""
    offset = 2
    while offset + 9 <= len(jpeg) and jpeg[offset] == MARKER:
        if jpeg[offset + 1] in START_OF_FRAME:
            height_px = jpeg[offset + 5] << 8 | jpeg[offset + 6]
            return jpeg[offset + 7] << 8 | jpeg[offset + 8], height_px
        offset += 2 + (jpeg[offset + 2] << 8 | jpeg[offset + 3])
    return 0, 0
