"""NAL units of H.264 and H.265: taken out of either framing, put into ours, never changed.

Framings: Annex B (start codes, from RTSP and V4L2), lengths of 1 to 4 bytes (MP4), and ours
(lengths of 4 bytes). Survives: empty units, trailing zeros, a last unit that was cut short.
"""

START_CODE = b"\x00\x00\x00\x01"
SHORT_START_CODE = b"\x00\x00\x01"
H264_PARAMETER_SETS = (7, 8)
HEVC_PARAMETER_SETS = (32, 33, 34)
H264_SLICES = (1, 5)
HEVC_SLICE_TYPE_COUNT = 32
FIRST_SLICE = b"\x80"
AVCC_VERSION = 1
AVCC_BYTES_MIN = 7
HVCC_ARRAYS_OFFSET = 22


def split_annex_b(data: bytes) -> list[bytes]:
    """Take the units out of a byte stream with start codes.

    A unit never ends in a zero byte (its last bit is a stop bit), so zeros before a start code
    belong to the framing.
    """
    pieces = data.split(SHORT_START_CODE)
    return [piece for piece in (one.rstrip(b"\x00") for one in pieces[1:]) if piece]


def split_lengths(data: bytes, length_bytes: int) -> list[bytes]:
    """Take the units out of a sample with lengths; a unit that was cut short is left out."""
    units: list[bytes] = []
    offset = 0
    while offset + length_bytes <= len(data):
        size = int.from_bytes(data[offset : offset + length_bytes], "big")
        offset += length_bytes
        if offset + size > len(data):
            break
        if size:
            units.append(data[offset : offset + size])
        offset += size
    return units


def join_lengths(units: list[bytes]) -> bytes:
    """Put each unit behind its length in 4 bytes."""
    pieces: list[bytes] = []
    for unit in units:
        pieces += (len(unit).to_bytes(4, "big"), unit)
    return b"".join(pieces)


def join_annex_b(units: list[bytes]) -> bytes:
    """Put each unit behind a start code."""
    return b"".join(START_CODE + unit for unit in units)


def unit_type(codec: str, unit: bytes) -> int:
    """The type in a unit's header."""
    return unit[0] >> 1 & 0x3F if codec == "hevc" else unit[0] & 0x1F


def parameter_sets(codec: str, units: list[bytes]) -> list[bytes]:
    """Those units that a decoder needs before the first picture."""
    wanted = HEVC_PARAMETER_SETS if codec == "hevc" else H264_PARAMETER_SETS
    return [unit for unit in units if unit and unit_type(codec, unit) in wanted]


def starts_picture(codec: str, units: list[bytes]) -> bool:
    """Tell whether the first slice of a picture is among the units."""
    for unit in units:
        kind = unit_type(codec, unit)
        if codec == "hevc" and kind < HEVC_SLICE_TYPE_COUNT:
            return unit[2:3] >= FIRST_SLICE  # first_slice_segment_in_pic_flag
        if codec == "h264" and kind in H264_SLICES:
            return unit[1:2] >= FIRST_SLICE  # first_mb_in_slice is 0
    return False


class Framing:
    """How one stream frames its units, found out from its extradata.

    Args:
        codec: "h264" or "hevc".
        extradata: Annex B parameter sets, an avcC or hvcC record, or empty.
    """

    def __init__(self, codec: str, extradata: bytes) -> None:
        self.codec = codec
        self.length_bytes = 0
        self.sets: list[bytes] = []
        record_bytes_min = HVCC_ARRAYS_OFFSET + 1 if codec == "hevc" else AVCC_BYTES_MIN
        is_record = extradata[:1] == bytes([AVCC_VERSION])
        if not is_record or len(extradata) < record_bytes_min:
            self.sets = parameter_sets(codec, split_annex_b(extradata))
        elif codec == "hevc":
            self._read_hvcc(extradata)
        else:
            self._read_avcc(extradata)

    def units(self, data: bytes) -> list[bytes]:
        """Take the units out of one packet."""
        if self.length_bytes:
            return split_lengths(data, self.length_bytes)
        return split_annex_b(data)

    def _read_avcc(self, record: bytes) -> None:
        """Source: ISO/IEC 14496-15, AVCDecoderConfigurationRecord."""
        self.length_bytes = (record[4] & 3) + 1
        offset, left = 6, record[5] & 0x1F
        for _ in range(2):  # sequence sets, then picture sets
            for _ in range(left):
                size = int.from_bytes(record[offset : offset + 2], "big")
                self.sets.append(record[offset + 2 : offset + 2 + size])
                offset += 2 + size
            left = record[offset] if offset < len(record) else 0
            offset += 1

    def _read_hvcc(self, record: bytes) -> None:
        """Source: ISO/IEC 14496-15, HEVCDecoderConfigurationRecord."""
        self.length_bytes = (record[21] & 3) + 1
        offset = HVCC_ARRAYS_OFFSET + 1
        for _ in range(record[HVCC_ARRAYS_OFFSET]):
            count = int.from_bytes(record[offset + 1 : offset + 3], "big")
            offset += 3
            for _ in range(count):
                if offset >= len(record):
                    return
                size = int.from_bytes(record[offset : offset + 2], "big")
                self.sets.append(record[offset + 2 : offset + 2 + size])
                offset += 2 + size
        self.sets = parameter_sets("hevc", self.sets)
