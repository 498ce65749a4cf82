"""How H.264 and H.265 are put into RTP packets.

Source: RFC 6184 sections 5.3 to 5.8, RFC 7798 section 4.4.
"""

from struct import Struct

from hal.linux.nal import H264_SLICES, HEVC_SLICE_TYPE_COUNT
from hal.linux.rtsp.picture_track import PictureTrack

SEI = 6
RECOVERY_POINT = b"\x06"


def is_recovery(unit: bytes) -> bool:
    """Tell whether an H.264 unit says that the pictures from here on are right at once.

    Cameras without IDR pictures mark their intra pictures so: the first message is a recovery
    point, and its frame count, an Exp-Golomb number, is 0.
    """
    return unit[0] & 0x1F == SEI and unit[1:2] == RECOVERY_POINT and unit[3:4] >= b"\x80"


class H264Track(PictureTrack):
    """H.264: single units, STAP-A and FU-A."""

    STAP_A, FU_A = 24, 28
    SLICES = frozenset(H264_SLICES)
    KEYFRAMES = frozenset((5,))
    MIDDLE = Struct(">HHI10s")

    def kinds_of(self, units: list[bytes]) -> set[int]:
        """List the types of the units."""
        return {unit[0] & 0x1F for unit in units}

    def is_keyframe(self, kinds: set[int], units: list[bytes]) -> bool:
        """Tell whether decoding can begin here; some cameras have recovery points alone."""
        if super().is_keyframe(kinds, units):
            return True
        return SEI in kinds and any(is_recovery(unit) for unit in units)

    def on_payload(self, data: bytes, at: int, end: int) -> None:
        """Take one payload."""
        if at >= end:
            return
        kind = data[at] & 0x1F
        if kind == self.FU_A and end - at > 2:  # noqa: PLR2004
            flags = data[at + 1]
            if flags & 0x80:
                head = bytes((data[at] & 0xE0 | flags & 0x1F,))
                middle = bytes((data[at], flags & 0x1F))
                self.begin(head, middle, data[at + 2 : end])
            else:
                self.go_on(data[at + 2 : end])
            if flags & 0x40:
                self.end()
        elif 0 < kind < self.STAP_A:
            self.add(data[at:end])
        elif kind == self.STAP_A:
            self.aggregate(data, at + 1, end)
        else:
            self.spoil()


class HevcTrack(PictureTrack):
    """H.265: single units, aggregation packets and fragments."""

    SLICES = frozenset(range(HEVC_SLICE_TYPE_COUNT))
    KEYFRAMES = frozenset(range(16, 22))
    AGGREGATE, FRAGMENT, UNIT_TYPE_COUNT = 48, 49, 48
    MIDDLE = Struct(">HHI11s")

    def kinds_of(self, units: list[bytes]) -> set[int]:
        """List the types of the units."""
        return {unit[0] >> 1 & 0x3F for unit in units}

    def on_payload(self, data: bytes, at: int, end: int) -> None:
        """Take one payload."""
        if at >= end:
            return
        kind = data[at] >> 1 & 0x3F
        if kind == self.FRAGMENT and end - at > 3:  # noqa: PLR2004
            flags = data[at + 2]
            if flags & 0x80:
                head = bytes((data[at] & 0x81 | (flags & 0x3F) << 1, data[at + 1]))
                middle = bytes((data[at], data[at + 1], flags & 0x3F))
                self.begin(head, middle, data[at + 3 : end])
            else:
                self.go_on(data[at + 3 : end])
            if flags & 0x40:
                self.end()
        elif kind < self.UNIT_TYPE_COUNT and end - at > 2:  # noqa: PLR2004
            self.add(data[at:end])
        elif kind == self.AGGREGATE:
            self.aggregate(data, at + 2, end)
        else:
            self.spoil()
