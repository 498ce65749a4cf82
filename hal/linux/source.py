"""Where pictures and sound come from: a URL taken apart, and opened by libavformat."""

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit, urlunsplit

import av
from av.error import (
    FFmpegError,
    HTTPBadRequestError,
    HTTPForbiddenError,
    HTTPUnauthorizedError,
    InvalidDataError,
)

from hal.api.errors import PortAbsent, PortError, PortLost, PortRefused

if TYPE_CHECKING:
    from av.container import InputContainer

OPEN_TIMEOUT_S = 10.0
PICTURE_TIMEOUT_S = 5.0
SOUND_TIMEOUT_S = 2.0
NETWORK_SCHEMES = ("rtsp", "rtsps", "http", "https")
PICTURE, SOUND = "video", "audio"

# Short looks: the default probe blocks for 1.1 s. Not `nobuffer`: it throws the probed packets
# away, and with them the first keyframe.
PROBE = {"probesize": "200000", "analyzeduration": "200000"}


class Source:
    """One source of pictures or sound.

    Args:
        url: "rtsp://[user:password@]host[:port]/path" (rtsps, http and https alike),
            "v4l2:///dev/video0?codec=h264" (or mjpeg), or the path of a film file.

    Raises:
        PortRefused: a URL of another kind.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.scheme = parts.scheme or "file"
        self.is_file = self.scheme == "file"
        self.name = url
        self._address = url
        self._format: str | None = None
        self._options: dict[str, str] = {}
        if self.scheme in NETWORK_SCHEMES:
            self.name = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
        elif self.scheme == "v4l2":
            codec = parse_qs(parts.query).get("codec", ["h264"])[0]
            self._address, self._format = parts.path, "v4l2"
            self._options = {"input_format": codec}
        elif self.is_file:
            self._address = parts.path
        else:
            raise PortRefused(
                f"source {self.scheme}: no such kind; use rtsp, rtsps, http, https, v4l2 or a file"
            )

    def open(self, kind: str) -> "InputContainer":
        """Open the source for one kind alone; the other is not even set up. Blocks.

        Args:
            kind: PICTURE or SOUND.

        Raises:
            PortAbsent: it cannot be reached.
            PortRefused: it says no, or is not a film.
        """
        options = dict(self._options)
        if self.scheme in NETWORK_SCHEMES:
            options.update(PROBE)
        if self.scheme in {"rtsp", "rtsps"}:
            options.update(rtsp_transport="tcp", allowed_media_types=kind)
        read_timeout_s = PICTURE_TIMEOUT_S if kind == PICTURE else SOUND_TIMEOUT_S
        timeouts_s = None if self.is_file else (OPEN_TIMEOUT_S, read_timeout_s)
        try:
            return av.open(self._address, format=self._format, options=options, timeout=timeouts_s)
        except (FFmpegError, OSError, ValueError) as trouble:
            raise self._opening_error(trouble) from None  # the cause names the password

    def lost(self, trouble: BaseException | None) -> PortLost:
        """Make the error for a source that stopped."""
        why = self._words(trouble) if trouble else "the stream ended"
        return PortLost(f"source {self.name}: {why}; open it again")

    def _opening_error(self, trouble: BaseException) -> PortError:
        words = self._words(trouble)
        if isinstance(trouble, (HTTPUnauthorizedError, HTTPForbiddenError, PermissionError)):
            return PortRefused(f"source {self.name}: {words}; check user and password")
        if isinstance(trouble, (InvalidDataError, HTTPBadRequestError)):
            return PortRefused(f"source {self.name}: {words}; it is not a film or stream we read")
        return PortAbsent(f"source {self.name}: {words}; check address, path and power")

    @staticmethod
    def _words(trouble: BaseException) -> str:
        """What went wrong, without the address that FFmpeg repeats with its password."""
        return getattr(trouble, "strerror", None) or type(trouble).__name__
