"""The sockets of one session: made in a thread of their own, then never waited for again."""

import contextlib
import socket
import ssl

from hal.api.errors import PortAbsent, PortRefused
from hal.linux.rtsp.address import Address

CONNECT_TIMEOUT_S = 10.0
UDP_BUFFER_BYTES = 4 << 20
PAIR_TRY_COUNT = 50


def connect(address: Address) -> socket.socket:
    """Connect, with TLS where the address says so; blocks for 10 s at most, and for the DNS.

    Raises:
        PortAbsent: nobody answers there.
        PortRefused: the certificate is not trusted, or the far end speaks no TLS.
    """
    try:
        sock = socket.create_connection((address.host, address.port), CONNECT_TIMEOUT_S)
    except (OSError, UnicodeError) as trouble:
        words = _words(trouble)
        raise PortAbsent(f"source {address.url}: {words}; check address and power") from trouble
    if address.is_secure:
        sock = _secured(address, sock)
    sock.setblocking(False)
    return sock


def _words(trouble: Exception) -> str:
    return getattr(trouble, "strerror", None) or str(trouble) or type(trouble).__name__


def _secured(address: Address, sock: socket.socket) -> socket.socket:
    """Speak TLS over a connection."""
    try:
        context = ssl.create_default_context()
        return context.wrap_socket(sock, server_hostname=address.host)
    except ssl.SSLCertVerificationError as trouble:
        sock.close()
        raise PortRefused(
            f"source {address.url}: {trouble.verify_message}; name the certificate of the camera "
            "or its authority in the environment as SSL_CERT_FILE, and the camera as it does"
        ) from trouble
    except (OSError, ValueError) as trouble:
        sock.close()
        raise PortRefused(
            f"source {address.url}: {_words(trouble)}; it does not answer in TLS; use rtsp"
        ) from trouble


def udp_pair(near: socket.socket) -> tuple[socket.socket, socket.socket]:
    """Bind an even port for RTP and the next for RTCP, on the interface of a connection.

    Raises:
        OSError: there is no such pair.
    """
    host = near.getsockname()[0]
    for _ in range(PAIR_TRY_COUNT):
        rtp = socket.socket(near.family, socket.SOCK_DGRAM)
        rtcp = socket.socket(near.family, socket.SOCK_DGRAM)
        with contextlib.suppress(OSError):
            rtp.bind((host, 0))
            port = rtp.getsockname()[1]
            if port % 2 == 0:
                rtcp.bind((host, port + 1))
                rtp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, UDP_BUFFER_BYTES)
                rtp.setblocking(False)
                rtcp.setblocking(False)
                return rtp, rtcp
        rtp.close()
        rtcp.close()
    raise OSError("no pair of free UDP ports")
