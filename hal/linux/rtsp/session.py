"""The conversation with one camera about one track; sends and waits for nothing itself.

```text
OPTIONS -> DESCRIBE -> SETUP (one track) -> PLAY -> playing, kept alive -> TEARDOWN -> over
```

Fed with `receive`, `receive_rtp` and `step`; what is to be sent is taken from `output`. It ends
with `trouble`, or after `stop` with `is_over` and none.

Source: RFC 2326.
"""

from typing import Protocol

from hal.api.errors import PortAbsent, PortError, PortLost, PortRefused
from hal.linux.rtsp import wire
from hal.linux.rtsp.address import Address
from hal.linux.rtsp.authorization import Authorization
from hal.linux.rtsp.flow import Flow
from hal.linux.rtsp.reorder import Reorder
from hal.linux.rtsp.rtcp import CameraClock, receiver_report
from hal.linux.rtsp.rtp import RtpTrack
from hal.linux.rtsp.sdp import Media, join, parse
from hal.linux.rtsp.transport import told_transport, wanted_transport

OPTIONS, DESCRIBE, SETUP, PLAY = "OPTIONS", "DESCRIBE", "SETUP", "PLAY"
TEARDOWN, KEEP_ALIVE = "TEARDOWN", "GET_PARAMETER"
AFTER = {OPTIONS: DESCRIBE, DESCRIBE: SETUP, SETUP: PLAY, PLAY: ""}

ANSWER_MS_MAX = 10_000
TEARDOWN_MS_MAX = 700
TIMEOUT_S_DEFAULT = 60
KEEP_ALIVE_MS = (1_000, 30_000)
REPORT_EVERY_MS = 5_000
SESSION_LETTERS_MAX = 200
OK, UNAUTHORIZED, FORBIDDEN, NOT_FOUND, NO_SESSION = 200, 401, 403, 404, 454
BUSY, WRONG_TRANSPORT = 453, 461
STATUS_CLASS = 100


class Reader(Protocol):
    """Who wants the track: chooses it, and makes what reads it."""

    def choose(self, offers: list[Media]) -> Media:
        """Choose a track of those on offer; PortError when none will do."""
        ...

    def read(self, media: Media) -> RtpTrack:
        """Make what reads the track; PortError when it cannot be read."""
        ...


class Session:
    """One session with one camera.

    Args:
        address: of the stream.
        reader: chooses the track and makes what reads it.
        udp_ports: (RTP, RTCP) ports of ours; None for packets interleaved in the connection.
        now_ms: monotonic time.
    """

    def __init__(
        self, address: Address, reader: Reader, udp_ports: tuple[int, int] | None, now_ms: int
    ) -> None:
        self.trouble: PortError | None = None
        self.is_over = False
        self.is_playing = False
        self.has_setup = False
        """Whether a track was asked for, and not yet torn down."""
        self.output = bytearray()
        self.clock = CameraClock()
        self.track: RtpTrack | None = None
        self.far_ports = (0, 0)
        self.unanswered_count = 0
        self.stranger_count = 0
        """Datagrams from somebody else than the camera."""
        self._address = address
        self._authorization = Authorization(address.user, address.password)
        self._reader = reader
        self._udp_ports = udp_ports
        self._reorder: Reorder | None = None
        self._splitter = wire.Splitter(self._on_message)
        self._media: Media | None = None
        self._method = ""  # of the request that waits for its answer
        self._url = address.url
        self._base = address.url
        self._control = ""
        self._session = ""
        self._keep_alive = OPTIONS
        self._keep_alive_every_ms = TIMEOUT_S_DEFAULT * 500
        self._number = 0
        self._is_stopping = False
        self._now_ms = now_ms
        self._utc_ms = 0
        self._asked_ms = now_ms
        self._flow = Flow()
        self._kept_alive_ms = now_ms
        self._reported_ms = now_ms
        self._ask(OPTIONS)

    def receive(self, data: bytes, now_ms: int, utc_ms: int) -> None:
        """Take what came by the connection."""
        self._now_ms, self._utc_ms = now_ms, utc_ms
        try:
            self._splitter.receive(data, now_ms)
        except wire.TooLongError:
            self._fail(PortLost(f"{self._name()}: it does not speak RTSP; check the port"))
        except PortError as trouble:
            self._fail(trouble)
        if self.track is not None:
            self.track.flush()

    def receive_rtp(self, packets: list[bytes], now_ms: int) -> None:
        """Take the RTP packets that came by UDP."""
        self._now_ms = now_ms
        if self._reorder is None or self.track is None:
            return
        for packet in packets:
            self._reorder.packet(packet, 0, len(packet), now_ms)
        self.track.flush()

    def receive_rtcp(self, packet: bytes, now_ms: int, utc_ms: int) -> None:
        """Take an RTCP packet that came by UDP."""
        self._now_ms, self._utc_ms = now_ms, utc_ms
        self.clock.receive(packet, utc_ms)

    def step(self, now_ms: int) -> bytes:
        """Let time pass: keep alive, or give up; returns an RTCP packet to send by UDP, or b""."""
        self._now_ms = now_ms
        if self.is_over:
            return b""
        if self._is_stopping:
            if now_ms - self._asked_ms >= TEARDOWN_MS_MAX:
                self._end()
            return b""
        if not self.is_playing:
            if now_ms - self._asked_ms >= ANSWER_MS_MAX:
                self._fail(PortAbsent(f"{self._name()}: no answer to {self._method}"))
            return b""
        return self._step_playing(now_ms)

    def stop(self, now_ms: int) -> None:
        """Hand on nothing more, and tear down what was set up."""
        self._now_ms = now_ms
        self._is_stopping = True
        self._splitter.channels.clear()
        self._splitter.runs.clear()
        self._reorder = None
        if not self.has_setup:
            self._end()
        elif self._method != SETUP:  # else its answer tells what to tear down
            self._ask(TEARDOWN)

    def connection_ended(self, words: str) -> None:
        """Take note that the connection is gone."""
        if self._is_stopping or self.is_over:
            self._end()
        elif self.is_playing:
            self._fail(PortLost(f"{self._name()}: {words}; open it again"))
        else:
            self._fail(PortAbsent(f"{self._name()}: {words}; check address, path and power"))

    def reordered_count(self) -> int:
        """How many datagrams came before their turn."""
        return self._reorder.reordered_count if self._reorder is not None else 0

    def malformed_count(self) -> int:
        """How much of what came made no sense: messages, junk, packets."""
        wire_count = self._splitter.malformed_count + self._splitter.stray_count
        wire_count += self._splitter.junk_byte_count + self.clock.malformed_count
        return wire_count + (self.track.malformed_count if self.track is not None else 0)

    def _step_playing(self, now_ms: int) -> bytes:
        assert self.track is not None
        if self._reorder is not None:
            self._reorder.step(now_ms)
            self.track.flush()
        stopped = self._flow.step(self.track, now_ms)
        if self.clock.has_ended:
            self._fail(PortLost(f"{self._name()}: the camera ended the stream; open it again"))
        elif stopped:
            self._fail(PortLost(f"{self._name()}: {stopped}; open it again"))
        elif now_ms - self._kept_alive_ms >= self._keep_alive_every_ms:
            self._kept_alive_ms = now_ms
            self.unanswered_count += self._method != ""
            self._ask(self._keep_alive)
        if self._udp_ports is None or now_ms - self._reported_ms < REPORT_EVERY_MS:
            return b""
        self._reported_ms = now_ms
        return receiver_report(self.track.ssrc)

    def _ask(self, method: str) -> None:
        """Put a request into the output."""
        if method == SETUP:
            self._url = join(self._base, self._media.control if self._media else "")
        elif method in {OPTIONS, DESCRIBE}:
            self._url = self._address.url
        else:
            self._url = join(self._base, self._control)
        self._number += 1
        self._method = method
        self._asked_ms = self._now_ms
        headers = [("CSeq", str(self._number)), ("User-Agent", "lamppost")]
        authorization = self._authorization.header(method, self._url)
        headers += [("Authorization", authorization)] if authorization else []
        headers += [("Session", self._session)] if self._session else []
        if method == DESCRIBE:
            headers.append(("Accept", "application/sdp"))
        elif method == PLAY:
            headers.append(("Range", "npt=0.000-"))
        elif method == SETUP:
            self.has_setup = True
            headers.append(("Transport", wanted_transport(self._udp_ports)))
        self.output += wire.request(method, self._url, headers)

    def _on_message(self, message: wire.Message) -> None:
        if message.status == 0:
            self._refuse_request(message)
        elif message.header("cseq") == str(self._number) and self._method:
            method, self._method = self._method, ""
            self._on_answer(method, message)

    def _refuse_request(self, message: wire.Message) -> None:
        """Answer a camera that asks something of us."""
        status = "200 OK" if message.words == OPTIONS else "501 Not Implemented"
        number = message.header("cseq")
        if number.isascii() and number.isdigit():
            self.output += f"{wire.VERSION} {status}\r\nCSeq: {number}\r\n\r\n".encode()

    def _on_answer(self, method: str, message: wire.Message) -> None:
        if message.status < OK:
            self._method = method  # the final answer follows
            return
        if method == TEARDOWN:
            self._end()
            return
        if message.status == UNAUTHORIZED:
            if self._authorization.challenged(message.all("www-authenticate")):
                self._ask(method)
                return
        elif message.status // STATUS_CLASS == OK // STATUS_CLASS:
            self._authorization.accepted()
            self._on_success(method, message)
            return
        if method == OPTIONS and message.status not in {UNAUTHORIZED, FORBIDDEN, NOT_FOUND}:
            self._on_success(method, message)  # old cameras know no OPTIONS
        elif self.is_playing:
            self.unanswered_count += 1
            if message.status == NO_SESSION:
                self._fail(PortLost(f"{self._name()}: it forgot the session; open it again"))
        elif self._is_stopping:
            self._end()
        else:
            self._fail(self._refusal(method, message))

    def _on_success(self, method: str, message: wire.Message) -> None:
        if method == OPTIONS and KEEP_ALIVE in message.header("public"):
            self._keep_alive = KEEP_ALIVE
        elif method == DESCRIBE:
            self._take_description(message)
        elif method == SETUP:
            self._take_setup(message)
        elif method == PLAY:
            self.is_playing = True
            self._kept_alive_ms = self._now_ms
            self._flow.begin(self._now_ms)
        if self._is_stopping:
            self._ask(TEARDOWN)
        elif following := AFTER.get(method, "") if not self.is_playing else "":
            self._ask(following)

    def _take_description(self, message: wire.Message) -> None:
        offers, self._control = parse(message.body)
        self._base = (
            message.header("content-base") or message.header("content-location") or self._url
        )
        self._media = self._reader.choose(offers)
        for url in (join(self._base, self._control), join(self._base, self._media.control)):
            if not url.isascii() or not url.isprintable() or " " in url:
                raise PortRefused(f"{self._name()}: it names its tracks by no address to ask")
        self.track = self._reader.read(self._media)

    def _take_setup(self, message: wire.Message) -> None:
        assert self.track is not None
        session, _, rest = message.header("session").partition(";")
        self._session = "".join(filter(str.isprintable, session))[:SESSION_LETTERS_MAX].strip()
        told_s = rest.strip().lower().removeprefix("timeout=").partition(";")[0]
        if told_s.isascii() and told_s.isdigit() and len(told_s) <= len("86400"):
            least_ms, most_ms = KEEP_ALIVE_MS
            self._keep_alive_every_ms = min(most_ms, max(least_ms, int(told_s) * 500))
        if self._is_stopping:
            return
        told = told_transport(message.header("transport"))
        if self._udp_ports is None:
            rtp, rtcp = told.get("interleaved") or (0, 1)
            self._splitter.channels.update({rtp: self.track.packet, rtcp: self._on_rtcp})
            self._splitter.runs[rtp] = self.track.run
        else:
            self.far_ports = told.get("server_port") or (0, 0)
            self._reorder = Reorder(self.track)

    def _on_rtcp(self, data: bytes, start: int, end: int, _now_ms: int) -> None:
        self.clock.receive(data[start:end], self._utc_ms)

    def _refusal(self, method: str, message: wire.Message) -> PortError:
        """Say what a refusal means for the person who set the camera up."""
        words = "".join(filter(str.isprintable, message.words))[:60]
        told = f"{self._name()}: {method}: {message.status} {words}"
        if message.status == NOT_FOUND:
            return PortAbsent(f"{told}; check the path")
        remedies = {
            UNAUTHORIZED: "check user and password",
            FORBIDDEN: "check user and password",
            BUSY: "the camera has too many viewers; end one",
            WRONG_TRANSPORT: 'use the other of ingest = "own" and "own-udp"',
        }
        remedy = remedies.get(message.status, "check the camera's settings")
        return PortRefused(f"{told}; {remedy}")

    def _name(self) -> str:
        return f"source {self._address.url}"

    def _fail(self, trouble: PortError) -> None:
        """End with an error; what was set up is torn down in passing."""
        if self.trouble is None and not self._is_stopping:
            self.trouble = trouble
        if self.has_setup and not self._is_stopping:
            self.stop(self._now_ms)
        else:
            self._end()

    def _end(self) -> None:
        self.is_over = True
        self.has_setup = False
