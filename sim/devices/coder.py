"""Coding drawn pictures: H.264 for a stream, JPEG for a still."""

# PyAV's stubs leave the parameter of Packet open.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

import fractions

import av
import numpy as np
from av.video.frame import PictureType, VideoFrame
from numpy.typing import NDArray

from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from av.video.codeccontext import VideoCodecContext

TIMESCALE = 90_000
NAL_KIND = 0x1F
NAL_KEY, NAL_SPS, NAL_PPS = 5, 7, 8
JPEG_QUALITY_BEST, JPEG_QUALITY_WORST = 2, 31


class PictureCoder:
    """Codes one stream of pictures as H.264 without delay.

    Args:
        width_px: even width.
        height_px: even height.
        pictures_per_s: how many come, 1 to 60.
        bits_per_s: what the stream may take.
    """

    def __init__(
        self, width_px: int, height_px: int, pictures_per_s: int, bits_per_s: int = 900_000
    ) -> None:
        self._context: VideoCodecContext = av.CodecContext.create("libx264", "w")
        self._context.width = width_px
        self._context.height = height_px
        self._context.pix_fmt = "yuv420p"
        self._context.time_base = fractions.Fraction(1, TIMESCALE)
        self._context.framerate = fractions.Fraction(pictures_per_s)
        self._context.bit_rate = bits_per_s
        self._context.thread_count = 1
        self._context.options = {
            "preset": "ultrafast",
            "tune": "zerolatency",
            "g": str(pictures_per_s * 2),
            "x264-params": "repeat-headers=1:scenecut=0",
        }
        self.parameter_sets: list[bytes] = []
        """SPS and PPS of the newest keyframe, without start codes; empty before the first."""

    def code(self, picture: NDArray[np.uint8], pts: int, is_forced: bool = False) -> list[bytes]:
        """Code one picture.

        Args:
            picture: height x width x 3 RGB.
            pts: ticks of 1/90000 s, rising.
            is_forced: make it a keyframe.

        Returns:
            the NAL units of its access unit, without start codes.
        """
        frame = VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p")
        frame.pts = pts
        frame.time_base = fractions.Fraction(1, TIMESCALE)
        if is_forced:
            frame.pict_type = PictureType.I
        units: list[bytes] = []
        for packet in self._context.encode(frame):
            units.extend(split_units(bytes(packet)))
        sets = [unit for unit in units if unit[0] & NAL_KIND in {NAL_SPS, NAL_PPS}]
        if sets:
            self.parameter_sets = sets
        return units


def split_units(stream: bytes) -> list[bytes]:
    """Cut an Annex B byte stream at its start codes."""
    pieces = stream.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1")
    return [piece for piece in pieces if piece]


def is_keyframe(units: list[bytes]) -> bool:
    """Tell whether decoding may start with these NAL units."""
    return any(unit[0] & NAL_KIND == NAL_KEY for unit in units)


def jpeg(picture: NDArray[np.uint8], quality: int = 6) -> bytes:
    """Code one picture as a JPEG.

    Args:
        picture: height x width x 3 RGB.
        quality: 2 best to 31 worst.
    """
    assert JPEG_QUALITY_BEST <= quality <= JPEG_QUALITY_WORST, quality
    context: VideoCodecContext = av.CodecContext.create("mjpeg", "w")
    context.width = picture.shape[1]
    context.height = picture.shape[0]
    context.pix_fmt = "yuvj420p"
    context.time_base = fractions.Fraction(1, 25)
    context.options = {"qmin": str(quality), "qmax": str(quality)}
    frame = VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuvj420p")
    frame.pts = 0
    packets = list(context.encode(frame)) + list(context.encode(None))
    return b"".join(bytes(packet) for packet in packets)
