"""One picture a second, decoded to be measured and to be shown with its zones filled."""

# pyright: reportUnknownMemberType=false
# (PyAV leaves the kind of stream of its packets open)

from fractions import Fraction
from typing import Any

import numpy as np
from av import CodecContext, Packet, VideoCodecContext, VideoFrame
from av.error import FFmpegError
from numpy.typing import NDArray

from hal.api.media import PictureMeasures

MEASURE_GAP_MS = 900
MEASURE_WIDTH_PX = 640
STILL_WIDTH_PX = 1280  # so that a JPEG fits into one message of 262,144 bytes
STILL_Q_MIN, STILL_Q_MAX = 3, 8
GREY = 128
FULL_RANGE = 2  # AVCOL_RANGE_JPEG
PLANAR_FORMATS = ("yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p")
DECODERS = {"h264": "h264", "hevc": "hevc", "jpeg": "mjpeg"}


class PictureEye:
    """Decodes a keyframe now and then; owned by the camera's thread, asked by the core.

    Args:
        codec: "h264", "hevc" or "jpeg".
        extradata: Annex B parameter sets.
    """

    def __init__(self, codec: str, extradata: bytes) -> None:
        self.broken_count = 0
        """Keyframes that could not be decoded, or only with their damage painted over."""
        self.latest: tuple[VideoFrame, PictureMeasures] | None = None
        decoder = CodecContext.create(DECODERS[codec], "r")
        assert isinstance(decoder, VideoCodecContext)
        self._decoder = decoder
        self._decoder.thread_count = 1
        if extradata:
            self._decoder.extradata = extradata
        self._luma: NDArray[np.int16] | None = None
        self._looked_at_ms = -MEASURE_GAP_MS

    def offer(self, keyframe: bytes, now_ms: int) -> None:
        """Look at a keyframe (Annex B or JPEG) if the last look is long enough ago."""
        if now_ms - self._looked_at_ms < MEASURE_GAP_MS:
            return
        self._looked_at_ms = now_ms
        frame = self._decode(keyframe)
        self.broken_count += frame is None or frame.is_corrupt
        if frame is None:
            return
        luma = _luma(frame)
        self.latest = (frame, _measure(luma, self._luma, now_ms))
        self._luma = luma

    def _decode(self, keyframe: bytes) -> VideoFrame | None:
        try:
            packet: Packet[Any] = Packet(keyframe)
            frames = [*self._decoder.decode(packet), *self._decoder.decode(None)]
        except FFmpegError:
            frames = []
        self._decoder.flush_buffers()
        return frames[0] if frames else None


def _luma(frame: VideoFrame) -> NDArray[np.int16]:
    """Brightness, thinned to at most 640 columns, stretched to 0..255."""
    if frame.format.name not in PLANAR_FORMATS:
        frame = frame.reformat(format="yuv420p")
    plane = frame.planes[0]
    whole = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
    step = max(1, -(-frame.width // MEASURE_WIDTH_PX))
    luma: NDArray[np.int16] = whole[::step, : frame.width : step].astype(np.int16)
    if frame.color_range == FULL_RANGE or frame.format.name.startswith("yuvj"):
        return luma
    stretched = (luma.astype(np.int32) - 16) * 255 // 219
    return np.clip(stretched, 0, 255).astype(np.int16)


def _measure(
    luma: NDArray[np.int16], before: NDArray[np.int16] | None, now_ms: int
) -> PictureMeasures:
    inner = luma[1:-1, 1:-1] * 4
    edges = inner - luma[:-2, 1:-1] - luma[2:, 1:-1] - luma[1:-1, :-2] - luma[1:-1, 2:]
    change = 0
    if before is not None and before.shape == luma.shape:
        change = int(np.abs(luma - before).mean() * 1_000_000 / 255)
    return PictureMeasures(now_ms, int(luma.mean() * 1000 / 255), int(edges.var()), change)


def still(frame: VideoFrame, zones: list[tuple[int, int, int, int]]) -> bytes:
    """Make a JPEG with zones filled; b"" when a zone cannot be understood.

    Args:
        frame: the picture; not changed.
        zones: (left, top, right, bottom), permille of the picture; edges are rounded outward.
    """
    for left, top, right, bottom in zones:
        if not (0 <= left <= right <= 1000 and 0 <= top <= bottom <= 1000):  # noqa: PLR2004
            return b""
    scale = min(1.0, STILL_WIDTH_PX / frame.width)
    width = int(frame.width * scale) // 2 * 2
    height = int(frame.height * scale) // 2 * 2
    planes = frame.reformat(width, height, "yuvj420p").to_ndarray().astype(np.uint8)
    luma = planes[:height]
    blue, red = planes[height:].reshape(2, height // 2, width // 2)
    for zone in zones:
        for plane in (luma, blue, red):
            _fill(plane, zone)
    return _jpeg(VideoFrame.from_ndarray(planes, "yuvj420p"))


def _fill(plane: NDArray[np.uint8], zone: tuple[int, int, int, int]) -> None:
    rows, columns = plane.shape
    left, top, right, bottom = zone
    top, bottom = top * rows // 1000, -(-bottom * rows // 1000)
    left, right = left * columns // 1000, -(-right * columns // 1000)
    plane[top:bottom, left:right] = GREY


def _jpeg(frame: VideoFrame) -> bytes:
    encoder = CodecContext.create("mjpeg", "w")
    assert isinstance(encoder, VideoCodecContext)
    encoder.width, encoder.height = frame.width, frame.height
    encoder.pix_fmt = "yuvj420p"
    encoder.time_base = Fraction(1, 25)
    encoder.qmin, encoder.qmax = STILL_Q_MIN, STILL_Q_MAX
    packets: list[Packet[Any]] = [*encoder.encode(frame), *encoder.encode(None)]
    return b"".join(bytes(packet) for packet in packets)
