"""A cheap RTSP server of one film: every packet is made once, then sent to all clients as it is.

usage: replay_rtsp.py PORT FILM.mp4

A server that packs the film anew for each client eats a core for a hundred of them; this one takes
a tenth of that, so that two cores carry 32 cameras with two recorders each. Every path gives the
picture (H.264, RFC 6184) and the sound (AAC, RFC 3640) of the film, to each client from the start
when it says PLAY, in real time, packets inside the connection. The film is not repeated.
"""

import base64
import selectors
import socket
import sys
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

PAYLOAD_BYTES = 1400
CLOCK_HZ = 90_000
TICK_S = 0.01
PICTURE_TYPE, SOUND_TYPE = 96, 97
SOURCE = 0x1A3B5C7D
FRAGMENT = 28  # FU-A
KEYFRAME = 5


class Track:
    """All packets of one track, framed for one interleaved channel when that is asked for."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.times_s: list[float] = []
        self._packets: list[list[bytes]] = []
        self._framed: dict[int, list[bytes]] = {}
        self._sequence = 1000

    def add(self, moment: Fraction, clock_hz: int, kind: int, payloads: list[bytes]) -> None:
        """Add the packets of one access unit; the last carries the marker."""
        stamp = int(moment * clock_hz) + 7777
        packets = []
        for index, payload in enumerate(payloads):
            marker = 0x80 if index == len(payloads) - 1 else 0
            head = bytes([0x80, kind | marker]) + (self._sequence & 0xFFFF).to_bytes(2, "big")
            packets.append(head + stamp.to_bytes(4, "big") + SOURCE.to_bytes(4, "big") + payload)
            self._sequence += 1
        self.times_s.append(float(moment))
        self._packets.append(packets)

    def framed(self, channel: int) -> list[bytes]:
        """What goes over the connection for each access unit."""
        if channel not in self._framed:
            mark = bytes([0x24, channel])
            self._framed[channel] = [
                b"".join(mark + len(one).to_bytes(2, "big") + one for one in packets)
                for packets in self._packets
            ]
        return self._framed[channel]


def fragments(unit: bytes) -> list[bytes]:
    """Cut a NAL unit into payloads."""
    if len(unit) <= PAYLOAD_BYTES:
        return [unit]
    kind, indicator = unit[0] & 0x1F, unit[0] & 0xE0 | FRAGMENT
    pieces = [unit[at : at + PAYLOAD_BYTES] for at in range(1, len(unit), PAYLOAD_BYTES)]
    bits = [0x80, *[0] * (len(pieces) - 2), 0x40]
    pairs = zip(bits, pieces, strict=True)
    return [bytes([indicator, bit | kind]) + piece for bit, piece in pairs]


def nal_units(data: bytes) -> list[bytes]:
    """Take an MP4 sample apart."""
    units, at = [], 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        units.append(data[at + 4 : at + 4 + size])
        at += 4 + size
    return units


def sets_of(record: bytes) -> list[bytes]:
    """Read the parameter sets of an avcC with one of each kind."""
    size = int.from_bytes(record[6:8], "big")
    second = 8 + size + 1
    return [
        record[8 : 8 + size],
        record[second + 2 : second + 2 + int.from_bytes(record[second : second + 2], "big")],
    ]


def read(film: Path) -> list[Track]:
    """Make the packets of picture and sound."""
    with av.open(str(film)) as container:
        picture, sound = container.streams.video[0], container.streams.audio[0]
        sets = sets_of(picture.codec_context.extradata or b"")
        told = ",".join(base64.b64encode(one).decode() for one in sets)
        rate, config = sound.rate, (sound.codec_context.extradata or b"").hex()
        pictures = Track(
            [
                f"m=video 0 RTP/AVP {PICTURE_TYPE}",
                f"a=rtpmap:{PICTURE_TYPE} H264/{CLOCK_HZ}",
                f"a=fmtp:{PICTURE_TYPE} packetization-mode=1;sprop-parameter-sets={told}",
                "a=control:stream=0",
            ]
        )
        words = "streamtype=5;mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3"
        sounds = Track(
            [
                f"m=audio 0 RTP/AVP {SOUND_TYPE}",
                f"a=rtpmap:{SOUND_TYPE} MPEG4-GENERIC/{rate}/{sound.channels}",
                f"a=fmtp:{SOUND_TYPE} {words};config={config}",
                "a=control:stream=1",
            ]
        )
        for packet in container.demux(picture, sound):
            if packet.size:
                _add(packet, pictures, sounds, sets, rate)
    return [pictures, sounds]


def _add(
    packet: "av.Packet[Any]", pictures: Track, sounds: Track, sets: list[bytes], rate: int
) -> None:
    data, base = bytes(packet), packet.time_base or Fraction(1)
    if packet.stream.type == "audio":
        block = b"\x00\x10" + (len(data) << 3).to_bytes(2, "big") + data
        sounds.add(max(Fraction(0), (packet.pts or 0) * base), rate, SOUND_TYPE, [block])
        return
    units = nal_units(data)
    if any(unit[0] & 0x1F == KEYFRAME for unit in units):
        units = sets + [unit for unit in units if unit not in sets]
    payloads = [piece for unit in units for piece in fragments(unit)]
    pictures.add((packet.dts or 0) * base, CLOCK_HZ, PICTURE_TYPE, payloads)


class Client:
    """One connection and how far it is."""

    def __init__(self, sock: socket.socket, tracks: list[Track]) -> None:
        self.sock = sock
        self.output = b""
        self.is_playing = False
        self._tracks = tracks
        self._heard = b""
        self._start_s = 0.0
        self._chosen: list[tuple[Track, list[bytes]]] = []
        self._at: list[int] = []

    def receive(self, data: bytes) -> None:
        """Answer what is asked; packets of the client (reports) are passed over."""
        self._heard += data
        while self._heard:
            if self._heard[:1] == b"$":
                size = 4 + int.from_bytes(self._heard[2:4], "big")
                if len(self._heard) < max(4, size):
                    return
                self._heard = self._heard[size:]
                continue
            head, mark, rest = self._heard.partition(b"\r\n\r\n")
            if not mark:
                return
            self._heard = rest
            self._answer(head.decode("latin-1"))

    def send_due(self, now_s: float) -> None:
        """Send what is due."""
        for number, (track, framed) in enumerate(self._chosen if self.is_playing else []):
            at = self._at[number]
            while at < len(framed) and track.times_s[at] <= now_s - self._start_s:
                self.output += framed[at]
                at += 1
            self._at[number] = at
        if self.output:
            try:
                self.output = self.output[self.sock.send(self.output) :]
            except BlockingIOError:
                return

    def _answer(self, head: str) -> None:
        first, *lines = head.split("\r\n")
        method, url, _ = first.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in map(_parted, lines)}
        told, body = ["Session: 77"], ""
        if method == "OPTIONS":
            told.append("Public: OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN")
        elif method == "DESCRIBE":
            all_lines = [line for track in self._tracks for line in track.lines]
            session = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=replay", "t=0 0", "a=control:*"]
            body = "\r\n".join([*session, *all_lines, ""])
            told += ["Content-Type: application/sdp", f"Content-Base: {url}/"]
        elif method == "SETUP":
            told.append("Transport: " + headers["transport"])
            track = self._tracks[int(url.rpartition("=")[2])]
            channel = int(headers["transport"].rpartition("interleaved=")[2].partition("-")[0])
            self._chosen.append((track, track.framed(channel)))
            self._at.append(0)
        elif method == "PLAY":
            self.is_playing, self._start_s = True, time.monotonic()
        else:
            self.is_playing = method == "GET_PARAMETER" and self.is_playing
        told += [f"CSeq: {headers['cseq']}", f"Content-Length: {len(body)}"]
        self.output += ("\r\n".join(["RTSP/1.0 200 OK", *told, "", ""]) + body).encode()


def _parted(line: str) -> tuple[str, str, str]:
    return line.partition(":")


def serve(port: int, tracks: list[Track]) -> None:
    """Serve until killed."""
    server = socket.create_server(("127.0.0.1", port), backlog=256)
    server.setblocking(False)
    selector = selectors.DefaultSelector()
    selector.register(server, selectors.EVENT_READ)
    clients: dict[socket.socket, Client] = {}
    while True:
        for key, _ in selector.select(TICK_S):
            if key.fileobj is server:
                sock = server.accept()[0]
                sock.setblocking(False)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                clients[sock] = Client(sock, tracks)
                selector.register(sock, selectors.EVENT_READ)
                continue
            sock = key.fileobj
            try:
                data = sock.recv(65536)
            except OSError:
                data = b""
            if data:
                clients[sock].receive(data)
            else:
                _drop(selector, clients, sock)
        now_s = time.monotonic()
        for sock, client in list(clients.items()):
            try:
                client.send_due(now_s)
            except OSError:
                _drop(selector, clients, sock)
        left_s = TICK_S - (time.monotonic() - now_s)
        time.sleep(max(0.0, left_s))


def _drop(
    selector: selectors.BaseSelector, clients: dict[socket.socket, Client], sock: socket.socket
) -> None:
    selector.unregister(sock)
    del clients[sock]
    sock.close()


if __name__ == "__main__":
    serve(int(sys.argv[1]), read(Path(sys.argv[2])))
