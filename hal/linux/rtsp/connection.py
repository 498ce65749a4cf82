"""One session and its sockets, owned by the loop's thread."""

import contextlib
import socket
import ssl

from hal.linux.rtsp.session import Session

STREAM_BYTES = 1 << 16
DATAGRAM_BYTES_MAX = 65_535
DATAGRAMS_PER_DRAIN = 2000
DRAINS_PER_TURN = 64
SMALL_BYTES = 40_000  # fits into every kernel's first buffer
CLOSED = "the camera closed the connection"


class Connection:
    """Moves bytes between sockets and a session; never waits.

    Args:
        session: the conversation.
        sock: connected, non-blocking.
        udp: (RTP, RTCP) sockets, or None.
    """

    def __init__(
        self,
        session: Session,
        sock: socket.socket,
        udp: tuple[socket.socket, socket.socket] | None,
    ) -> None:
        self.session = session
        self._drained_bytes = 0  # found by the last drain of the connection
        self._sock = sock
        self._udp = udp
        self._host: str = sock.getpeername()[0]
        self._is_broken = False

    def fds(self) -> list[int]:
        """The descriptors to watch."""
        return [one.fileno() for one in (self._sock, *(self._udp or ()))]

    def drain(self, fd: int, buffer: memoryview, now_ms: int, utc_ms: int) -> None:
        """Take all that waits at one descriptor."""
        if self._udp is not None and fd == self._udp[0].fileno():
            packets = self._datagrams(self._udp[0], buffer)
            self.session.receive_rtp(packets, now_ms)
        elif self._udp is not None and fd == self._udp[1].fileno():
            for packet in self._datagrams(self._udp[1], buffer):
                self.session.receive_rtcp(packet, now_ms, utc_ms)
        else:
            self._drain_stream(now_ms, utc_ms)
        self.send()

    def step(self, now_ms: int) -> None:
        """Let time pass."""
        report = self.session.step(now_ms)
        if report and self._udp is not None and self.session.far_ports[1]:
            with contextlib.suppress(OSError):  # a lost report is made good by the next
                self._udp[1].sendto(report, (self._host, self.session.far_ports[1]))
        self.send()

    def is_rather_full(self) -> bool:
        """Tell whether the kernel had little room left when the connection was last drained.

        What it holds takes more room than the bytes alone, so "little" begins below the half.
        """
        if self._drained_bytes < SMALL_BYTES or self._is_broken:
            return False
        room_bytes = self._sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
        return self._drained_bytes * 5 >= room_bytes * 2

    def send(self) -> None:
        """Send what the session has to say, as far as the socket takes it."""
        output = self.session.output
        if self._is_broken:
            output.clear()
        if not output:
            return
        try:
            del output[: self._sock.send(output)]
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return  # again at the next step
        except OSError as trouble:
            self._break(trouble.strerror or type(trouble).__name__)

    def close(self) -> None:
        """Let go of every socket."""
        for one in (self._sock, *(self._udp or ())):
            one.close()

    def _drain_stream(self, now_ms: int, utc_ms: int) -> None:
        self._drained_bytes = 0
        for _ in range(DRAINS_PER_TURN):
            try:
                data = self._sock.recv(STREAM_BYTES)
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return
            except OSError as trouble:
                self._break(trouble.strerror or type(trouble).__name__)
                return
            if not data:
                self._break(CLOSED)
                return
            self._drained_bytes += len(data)
            self.session.receive(data, now_ms, utc_ms)
            if len(data) < STREAM_BYTES and not isinstance(self._sock, ssl.SSLSocket):
                return

    def _datagrams(self, sock: socket.socket, buffer: memoryview) -> list[bytes]:
        """Take what the camera sent to one UDP socket; what others send is passed over."""
        packets: list[bytes] = []
        for _ in range(DATAGRAMS_PER_DRAIN):
            try:
                count, sender = sock.recvfrom_into(buffer, DATAGRAM_BYTES_MAX)
            except OSError:  # none left, or an ICMP that the TCP connection will tell as well
                break
            if sender[0] == self._host:
                packets.append(bytes(buffer[:count]))
            else:
                self.session.stranger_count += 1
        return packets

    def _break(self, words: str) -> None:
        self._is_broken = True
        self.session.connection_ended(words)
