"""Where a stream is, taken apart so that the password can never be told."""

from urllib.parse import unquote, urlsplit, urlunsplit

from hal.api.errors import PortRefused

PORTS = {"rtsp": 554, "rtsps": 322}


class Address:
    """An RTSP address.

    Args:
        url: "rtsp://[user:password@]host[:port]/path[?query]", or rtsps; user and password with
            percent signs for what a URL cannot hold.

    Raises:
        PortRefused: it is not such a URL; the text shows no password.
    """

    def __init__(self, url: str) -> None:
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise PortRefused(
                "source: the address cannot be read; write rtsp://host:port/path with a port of 1 "
                "to 65535, and percent signs for odd characters of the password"
            ) from None  # the cause may show the password
        self.url = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment=""))
        if parts.scheme not in PORTS or not parts.hostname:
            raise PortRefused(f"source {self.url}: not an RTSP address; write rtsp://host/path")
        if not self.url.isascii() or not self.url.isprintable() or " " in self.url:
            raise PortRefused(f"source {self.url!r}: write odd characters with percent signs")
        self.is_secure = parts.scheme == "rtsps"
        self.host = parts.hostname
        self.port = port or PORTS[parts.scheme]
        self.user = unquote(parts.username or "")
        self.password = unquote(parts.password or "")
