"""What a camera and a microphone hand over: one coded piece of a stream, and how to read it."""


class StreamParameters:
    """How the access units of one stream are to be understood.

    Args:
        codec: "h264", "hevc", "jpeg"; "aac", "alaw", "ulaw", "opus", "s16le".
        timescale: ticks of `pts` and `dts` per second, above 0.
        extradata: parameter sets for a decoder: Annex B SPS and PPS for H.264, the
            AudioSpecificConfig for AAC, empty where the codec needs none.
        width_px: picture width; 0 for sound.
        height_px: picture height; 0 for sound.
        sample_rate_hz: 0 for pictures.
        channel_count: 0 for pictures.
    """

    __slots__ = (
        "channel_count",
        "codec",
        "extradata",
        "height_px",
        "sample_rate_hz",
        "timescale",
        "width_px",
    )

    def __init__(
        self,
        codec: str,
        timescale: int,
        extradata: bytes = b"",
        width_px: int = 0,
        height_px: int = 0,
        sample_rate_hz: int = 0,
        channel_count: int = 0,
    ) -> None:
        self.codec = codec
        self.timescale = timescale
        self.extradata = extradata
        self.width_px = width_px
        self.height_px = height_px
        self.sample_rate_hz = sample_rate_hz
        self.channel_count = channel_count


class AccessUnit:
    """One coded picture, or one block of coded sound.

    Args:
        data: H.264 and H.265 as NAL units each behind its length in 4 bytes big endian, their
            bytes as the camera sent them; other codecs as they are.
        now_ms: monotonic time at which the unit received it.
        pts: presentation time in ticks of the stream's timescale; any origin.
        dts: decoding time in the same ticks, not falling.
        is_keyframe: decoding may start here; always true for sound and JPEG.
    """

    __slots__ = ("data", "dts", "is_keyframe", "now_ms", "pts")

    def __init__(self, data: bytes, now_ms: int, pts: int, dts: int, is_keyframe: bool) -> None:
        self.data = data
        self.now_ms = now_ms
        self.pts = pts
        self.dts = dts
        self.is_keyframe = is_keyframe


class PictureMeasures:
    """What a picture is like, in numbers that show nothing of it.

    Args:
        now_ms: when the measured picture was received.
        luma_permille: mean brightness, 0 black to 1000 white.
        sharpness: variance of the Laplacian of the grey picture, 0 and up; compare only with the
            same camera's own history.
        change_ppm: mean absolute difference to the picture measured before, in millionths of full
            scale, 0 to 1,000,000; a live scene gives thousands, a frozen one coded again tens.
    """

    __slots__ = ("change_ppm", "luma_permille", "now_ms", "sharpness")

    def __init__(self, now_ms: int, luma_permille: int, sharpness: int, change_ppm: int) -> None:
        self.now_ms = now_ms
        self.luma_permille = luma_permille
        self.sharpness = sharpness
        self.change_ppm = change_ppm
