"""An RTSP server for simulated cameras: H.264 and A-law, over TCP or UDP, on the loopback.

Source: RFC 2326; RFC 4566 for the description.
"""

import asyncio
import base64
import contextlib
import secrets
from typing import NamedTuple
from urllib.parse import urlsplit

from sim.bridge.rtp import PICTURE_TYPE, SOUND_TYPE, RtpTrack
from sim.bridge.streams import CameraStream

BUFFERED_BYTES_MAX = 2_000_000
SOUND_GAP_S = 0.04
PICTURE, SOUND = "picture", "sound"
REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed",
           455: "Method Not Valid in This State", 459: "Aggregate Operation Not Allowed",
           461: "Unsupported Transport", 503: "Service Unavailable"}  # fmt: skip
METHODS = "OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, TEARDOWN, GET_PARAMETER"


class Asked(NamedTuple):
    """One request: method, camera, track ("" for all) and headers."""

    method: str
    camera: str
    track: str
    url: str
    headers: dict[str, str]


class Answer(NamedTuple):
    """One answer: status, header lines, body."""

    code: int
    headers: tuple[str, ...] = ()
    body: str = ""


class RtspServer:
    """Serves every camera under its name.

    Args:
        streams: cameras by name.
    """

    def __init__(self, streams: dict[str, CameraStream]) -> None:
        self.streams = streams
        self.port = 0
        self._server: asyncio.Server | None = None
        self._sessions: set[Session] = set()
        self._running: set[asyncio.Task[None]] = set()
        self._sound: asyncio.Task[None] | None = None

    async def start(self, port: int) -> None:
        """Begin to serve on the loopback; port 0 takes any free one."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        self.port = int(self._server.sockets[0].getsockname()[1])
        self._sound = asyncio.create_task(self._run_sound())

    async def close(self) -> None:
        """Stop serving and drop every client."""
        if self._sound is not None:
            self._sound.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._sound
        if self._server is not None:
            self._server.close()
        for session in list(self._sessions):
            session.leave()
        await asyncio.gather(*self._running, return_exceptions=True)
        if self._server is not None:
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = Session(self.streams, reader, writer)
        self._sessions.add(session)
        running = asyncio.current_task()
        assert running is not None
        self._running.add(running)
        try:
            await session.run()
        finally:
            self._sessions.discard(session)
            self._running.discard(running)

    async def _run_sound(self) -> None:
        while True:
            await asyncio.sleep(SOUND_GAP_S)
            for stream in self.streams.values():
                stream.fan_sound()


class Session:
    """One client's connection.

    Args:
        streams: cameras by name.
        reader: what the client sends.
        writer: what it gets.
    """

    def __init__(
        self,
        streams: dict[str, CameraStream],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._streams = streams
        self._reader = reader
        self._writer = writer
        self._client = str(writer.get_extra_info("peername"))
        self._id = secrets.token_hex(4)
        self._stream: CameraStream | None = None
        self._tracks: dict[str, RtpTrack] = {}
        self._has_key = False

    async def run(self) -> None:
        """Answer requests until the client leaves."""
        try:
            while await self._answer_one():
                pass
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
            pass
        finally:
            if self._stream is not None:
                self._stream.part(self)
            for track in self._tracks.values():
                track.close()
            self.leave()

    def take_picture(self, units: list[bytes], timestamp: int) -> None:
        """Send one picture on, from the first keyframe; drop a client that is too slow."""
        track = self._tracks.get(PICTURE)
        if track is None:
            return
        if not self._has_key:
            if not any(unit[0] & 0x1F == 5 for unit in units):  # noqa: PLR2004
                return
            self._has_key = True
        if self._writer.transport.get_write_buffer_size() > BUFFERED_BYTES_MAX:
            if self._stream is not None:
                self._stream.dropped_client_count += 1
            self.leave()
            return
        track.send_picture(units, timestamp)

    def take_sound(self, data: bytes, timestamp: int) -> None:
        """Send one block of sound on, if the client asked for sound."""
        track = self._tracks.get(SOUND)
        if track is not None:
            track.send_sound(data, timestamp)

    def leave(self) -> None:
        """Close the connection."""
        if self._stream is not None:
            self._stream.part(self)
        if self._writer.transport.get_write_buffer_size() > BUFFERED_BYTES_MAX:
            self._writer.transport.abort()
        self._writer.close()

    async def _answer_one(self) -> bool:
        first = await self._reader.readexactly(1)
        if first == b"$":  # the client's RTCP; nothing here needs it
            head = await self._reader.readexactly(3)
            await self._reader.readexactly(int.from_bytes(head[1:], "big"))
            return True
        text = (first + await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        asked = _parsed(text)
        length = asked.headers.get("content-length", "0")
        if length.isdigit():
            await self._reader.readexactly(int(length))
        stream = self._streams.get(asked.camera)
        answer = await self._answer(asked, stream)
        if stream is not None:
            stream.note(self._client, asked.method, asked.track, answer.code)
        lines = [
            f"RTSP/1.0 {answer.code} {REASONS[answer.code]}",
            f"CSeq: {asked.headers.get('cseq', '0')}",
            f"Session: {self._id};timeout=60",
            *answer.headers,
            f"Content-Length: {len(answer.body)}",
        ]
        self._writer.write(("\r\n".join(lines) + "\r\n\r\n" + answer.body).encode())
        if asked.method == "PLAY" and answer.code == 200 and stream is not None:  # noqa: PLR2004
            self._has_key = False
            stream.join(self)
        return asked.method != "TEARDOWN"

    async def _answer(self, asked: Asked, stream: CameraStream | None) -> Answer:
        if asked.method == "OPTIONS":
            return Answer(200, (f"Public: {METHODS}",))
        if stream is None:
            return Answer(404)
        if stream.source.camera.faults.is_off:
            return Answer(503)
        if asked.method == "DESCRIBE":
            return await self._describe(asked, stream)
        if asked.method == "SETUP":
            return await self._set_up(asked, stream)
        return self._play(asked, stream) if asked.method == "PLAY" else self._other(asked, stream)

    def _other(self, asked: Asked, stream: CameraStream) -> Answer:
        if asked.method in {"PAUSE", "TEARDOWN"}:
            stream.part(self)
        known = asked.method in {"PAUSE", "TEARDOWN", "GET_PARAMETER", "SET_PARAMETER"}
        return Answer(200 if known else 405)

    async def _describe(self, asked: Asked, stream: CameraStream) -> Answer:
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, stream.source.wait_for_parameters)
        sets = stream.source.parameter_sets
        if not sets:
            return Answer(503)
        sprop = ",".join(base64.b64encode(unit).decode() for unit in sets)
        lines = [
            "v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=Simulated street", "c=IN IP4 127.0.0.1",
            "t=0 0", "a=control:*", "a=range:npt=now-", f"m=video 0 RTP/AVP {PICTURE_TYPE}",
            f"a=rtpmap:{PICTURE_TYPE} H264/90000",
            f"a=framerate:{stream.source.settings.pictures_per_s}",
            f"a=fmtp:{PICTURE_TYPE} packetization-mode=1;"
            f"profile-level-id={sets[0][1:4].hex()};sprop-parameter-sets={sprop}",
            f"a=control:{PICTURE}",
        ]  # fmt: skip
        if stream.gate is not None:
            lines += [f"m=audio 0 RTP/AVP {SOUND_TYPE}", f"a=rtpmap:{SOUND_TYPE} PCMA/8000/1",
                      f"a=control:{SOUND}"]  # fmt: skip
        base = f"Content-Base: {asked.url.rstrip('/')}/"
        return Answer(200, (base, "Content-Type: application/sdp"), "\r\n".join(lines) + "\r\n")

    async def _set_up(self, asked: Asked, stream: CameraStream) -> Answer:
        offered = [PICTURE] + ([SOUND] if stream.gate is not None else [])
        if asked.track not in offered:
            return Answer(459 if not asked.track else 404)
        wanted = _transport(asked.headers.get("transport", ""))
        kind = PICTURE_TYPE if asked.track == PICTURE else SOUND_TYPE
        if "interleaved" in wanted:
            channel = wanted["interleaved"]
            track = RtpTrack(kind, self._writer, channel)
            agreed = f"RTP/AVP/TCP;unicast;interleaved={channel}-{channel + 1}"
        elif "client_port" in wanted:
            port = wanted["client_port"]
            loop = asyncio.get_running_loop()
            transport, _ = await loop.create_datagram_endpoint(
                asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0)
            )
            host = str(self._writer.get_extra_info("peername")[0])
            track = RtpTrack(kind, self._writer, 0, (transport, (host, port)))
            own = int(transport.get_extra_info("sockname")[1])
            agreed = f"RTP/AVP;unicast;client_port={port}-{port + 1};server_port={own}-{own + 1}"
        else:
            return Answer(461)
        older = self._tracks.get(asked.track)
        if older is not None:
            older.close()
        self._stream = stream
        self._tracks[asked.track] = track
        return Answer(200, (f"Transport: {agreed};ssrc={track.source:08X}",))

    def _play(self, asked: Asked, stream: CameraStream) -> Answer:
        if not self._tracks or self._stream is not stream:
            return Answer(455)
        base = asked.url.rstrip("/")
        times = {PICTURE: stream.picture_now(), SOUND: stream.sound_now()}
        info = ",".join(
            f"url={base}/{name};seq={track.sequence & 0xFFFF};rtptime={times[name] & 0xFFFFFFFF}"
            for name, track in self._tracks.items()
        )
        return Answer(200, ("Range: npt=0.000-", f"RTP-Info: {info}"))


def _parsed(text: str) -> Asked:
    lines = text.split("\r\n")
    words = lines[0].split(" ")
    method = words[0]
    url = words[1] if len(words) > 1 else "*"
    headers: dict[str, str] = {}
    for line in lines[1:]:
        key, colon, value = line.partition(":")
        if colon:
            headers[key.strip().lower()] = value.strip()
    parts = [part for part in urlsplit(url).path.split("/") if part]
    camera = parts[0] if parts else ""
    track = parts[1] if len(parts) > 1 else ""
    return Asked(method, camera, track, url, headers)


def _transport(header: str) -> dict[str, int]:
    """Read the channel or port that a client offers; empty when it offers none."""
    found: dict[str, int] = {}
    for part in header.split(",", maxsplit=1)[0].split(";"):
        key, _, value = part.strip().partition("=")
        first = value.split("-")[0]
        if key in {"interleaved", "client_port"} and first.isdigit():
            found[key] = int(first)
    return found
