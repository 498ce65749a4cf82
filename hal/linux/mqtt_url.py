"""Where a broker is, and how it is to be trusted."""

import ssl
from pathlib import Path
from urllib.parse import unquote, urlsplit

from hal.api.errors import PortRefused

PORTS = {"mqtt": 1883, "mqtts": 8883}


class _ClosingSocket(ssl.SSLSocket):
    """Closes itself when the handshake fails; paho would leave that to the garbage collector."""

    def do_handshake(self, block: bool = False) -> None:
        """Shake hands, or close and say why not."""
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise


class Tls:
    """Files of a mutually authenticated connection, each a PEM path or "".

    Args:
        authority: certificates that may have signed the broker's; "" for the system's.
        certificate: the unit's own.
        key: its private key.
    """

    def __init__(self, authority: str = "", certificate: str = "", key: str = "") -> None:
        self.authority = authority
        self.certificate = certificate
        self.key = key

    def context(self) -> ssl.SSLContext:
        """Read the files.

        Raises:
            PortRefused: one of them is missing or is not what it should be.
        """
        for path in (self.authority, self.certificate, self.key):
            if path and not Path(path).is_file():
                raise PortRefused(f"TLS file {path}: no such file; correct the path")
        try:
            context = ssl.create_default_context(cafile=self.authority or None)
            context.sslsocket_class = _ClosingSocket
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            if self.certificate:
                context.load_cert_chain(self.certificate, self.key or None)
        except (ssl.SSLError, OSError) as trouble:
            raise PortRefused(
                f"TLS files {self.authority} {self.certificate} {self.key}: {trouble}; "
                "check that they are PEM and belong together"
            ) from trouble
        return context


class MqttUrl:
    """A broker's URL taken apart.

    Args:
        url: "mqtt[s]://[user[:password]@]host[:port]".
        tls: files for mqtts.

    Raises:
        PortRefused: the URL is of another kind, or a TLS file cannot be used.
    """

    def __init__(self, url: str, tls: Tls | None = None) -> None:
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError:
            port = -1
        if parts.scheme not in PORTS or not parts.hostname or port == -1:
            raise PortRefused(
                "broker URL: expected mqtt://host:1883 or mqtts://host:8883, "
                f"got scheme {parts.scheme!r}, host {parts.hostname!r}"
            )
        self.host = parts.hostname
        self.port = port or PORTS[parts.scheme]
        self.user = unquote(parts.username or "")
        self.password = unquote(parts.password or "")
        self.name = f"{parts.scheme}://{self.host}:{self.port}"
        is_tls = parts.scheme == "mqtts"
        self.context = (tls or Tls()).context() if is_tls else None
