"""A camera that does what a script says, right or wrong, over real sockets."""

import contextlib
import re
import socket
import threading
from dataclasses import dataclass, field

from tests.hal import rtsp_packets as paper

SESSION = "Session: 42;timeout=60\r\n"


@dataclass
class Life:
    """What the camera does with one connection.

    `answers` gives whole answers by method ("%d" is the number asked under); None for silence.
    `packets` are sent after PLAY: RTP as bytes, RTCP as (bytes,).
    """

    packets: list = field(default_factory=list)
    sdp: str = paper.SDP
    answers: dict = field(default_factory=dict)
    is_udp: bool = False


class ScriptedCamera:
    """Lives through its lives, one for each connection; the last one goes on for ever."""

    def __init__(self, *lives: Life) -> None:
        self.lives = list(lives)
        self.connection_count = 0
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"rtsp://127.0.0.1:{self._server.getsockname()[1]}/cam"
        self._thread = threading.Thread(target=self._run)
        self._open: socket.socket | None = None
        self._is_over = False
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_args) -> None:
        self._is_over = True
        for sock in (self._open, self._server):
            with contextlib.suppress(OSError):
                if sock is not None:
                    sock.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._server.close()

    def _run(self) -> None:
        while not self._is_over:
            try:
                sock = self._server.accept()[0]
            except OSError:
                return
            life = self.lives[min(self.connection_count, len(self.lives) - 1)]
            self.connection_count += 1
            self._open = sock
            with sock, contextlib.suppress(OSError):
                self._live(life, sock)

    def _live(self, life: Life, sock: socket.socket) -> None:
        data, ports = b"", None
        while more := sock.recv(65536):
            data += more
            while b"\r\n\r\n" in data:
                head, data = data.split(b"\r\n\r\n", 1)
                text = head.decode()
                method, number = text.split(" ")[0], int(re.search(r"CSeq: (\d+)", text)[1])
                found = re.search(r"client_port=(\d+)-", text)
                ports = int(found[1]) if found else ports
                sock.sendall(self._answer(life, method, number, ports))
                if method == "PLAY":
                    self._play(life, sock, ports)

    def _answer(self, life: Life, method: str, number: int, port) -> bytes:
        if method in life.answers:
            told = life.answers[method]
            return told.replace(b"%d", b"%d" % number) if told is not None else b""
        if method == "DESCRIBE":
            return paper.answer(number, body=life.sdp.encode())
        if method == "SETUP":
            way = f"RTP/AVP;client_port={port}-{port + 1};server_port=9-10" if port else ""
            return paper.answer(number, f"{SESSION}Transport: {way or 'RTP/AVP/TCP'}\r\n")
        return paper.answer(number, SESSION)

    def _play(self, life: Life, sock: socket.socket, port) -> None:
        if port is None:
            parts = [
                paper.framed(*one, 1) if isinstance(one, tuple) else paper.framed(one)
                for one in life.packets
            ]
            sock.sendall(b"".join(parts))
            return
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way:
            for one in life.packets:
                is_rtcp = isinstance(one, tuple)
                way.sendto(one[0] if is_rtcp else one, ("127.0.0.1", port + is_rtcp))
