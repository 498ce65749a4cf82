"""RTSP on the wire: requests out; answers and interleaved packets in, however they are cut.

```text
$ channel length(16) packet                       an interleaved RTP or RTCP packet
RTSP/1.0 200 OK CRLF Name: value CRLF CRLF body   an answer
METHOD url RTSP/1.0 CRLF ...                      a request of the camera
```

Survives: any cut, empty lines between messages, junk (passed over up to the next beginning and
counted), channels that nobody set up. A head or body beyond its bound ends the connection.

Source: RFC 2326 sections 4, 6, 7 and 10.12.
"""

from collections.abc import Callable

Sink = Callable[[bytes, int, int, int], None]
"""Called with (data, start, end, now_ms); the packet is data[start:end]."""
Run = Callable[[bytes, int, int, int], int]
"""Called with (data, at, end, channel) after each packet of a channel; may take whole frames that
follow on the same channel, and returns where it stopped."""

VERSION = "RTSP/1.0"
DOLLAR = 0x24
FRAME_HEAD_BYTES = 4
HEAD_BYTES_MAX = 16_384
BODY_BYTES_MAX = 262_144
STARTS = (b"$", b"RTSP/")
METHOD_BYTES_MAX = 16
END = b"\r\n\r\n"


class TooLongError(Exception):
    """The far end sent a message beyond every bound; it does not speak RTSP."""


class Message:
    """An answer, or a request of the camera (status 0).

    Args:
        status: 100 to 599; 0 for a request.
        words: reason of an answer, or the method of a request.
        headers: (name in small letters, value), in order.
        body: as it was sent.
    """

    __slots__ = ("body", "headers", "status", "words")

    def __init__(
        self, status: int, words: str, headers: list[tuple[str, str]], body: bytes = b""
    ) -> None:
        self.status = status
        self.words = words
        self.headers = headers
        self.body = body

    def header(self, name: str) -> str:
        """The first header of a name; "" when there is none."""
        return next((value for one, value in self.headers if one == name), "")

    def all(self, name: str) -> list[str]:
        """All headers of a name."""
        return [value for one, value in self.headers if one == name]


def request(method: str, url: str, headers: list[tuple[str, str]]) -> bytes:
    """Make a request without a body."""
    lines = [f"{method} {url} {VERSION}", *[f"{name}: {value}" for name, value in headers]]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


class Splitter:
    """Takes the byte stream of a connection apart.

    Args:
        on_message: called with each message.
    """

    def __init__(self, on_message: Callable[[Message], None]) -> None:
        self.channels: dict[int, Sink] = {}
        """Where the packets of each interleaved channel go."""
        self.runs: dict[int, Run] = {}
        """For channels where one packet is mostly like the one before: a short cut."""
        self.junk_byte_count = 0
        self.stray_count = 0
        """Packets of channels that nobody set up."""
        self.malformed_count = 0
        self._on_message = on_message
        self._rest: bytes = b""

    def receive(self, data: bytes, now_ms: int) -> None:
        """Take what came; packets and messages are handed on in their order.

        Raises:
            TooLongError: a message is longer than any camera's.
        """
        channels, runs = self.channels, self.runs
        at = 0
        if self._rest:
            missing = self._missing_bytes()
            if 0 < missing < len(data) and channels:
                first, self._rest = self._rest + data[:missing], b""
                self._take_frame(first, now_ms)
                at = missing
            else:
                data = self._rest + data
        end = len(data)
        while end - at >= FRAME_HEAD_BYTES:
            if data[at] == DOLLAR:
                start = at + FRAME_HEAD_BYTES
                stop = start + (data[at + 2] << 8 | data[at + 3])
                if stop > end:
                    break
                channel = data[at + 1]
                sink = channels.get(channel)
                if sink is None:
                    self.stray_count += 1
                else:
                    sink(data, start, stop, now_ms)
                at = runs[channel](data, stop, end, channel) if channel in runs else stop
            else:
                after = self._take_message(data, at)
                if after == at:
                    break
                at = after
        self._rest = data[at:]

    def _missing_bytes(self) -> int:
        """How much the packet lacks that was cut; 0 where the rest is something else."""
        rest = self._rest
        if rest[0] != DOLLAR or len(rest) < FRAME_HEAD_BYTES:
            return 0
        return FRAME_HEAD_BYTES + (rest[2] << 8 | rest[3]) - len(rest)

    def _take_frame(self, frame: bytes, now_ms: int) -> None:
        """Take one packet that was cut; the large batch behind it is not copied for it."""
        sink = self.channels.get(frame[1])
        if sink is None:
            self.stray_count += 1
        else:
            sink(frame, FRAME_HEAD_BYTES, len(frame), now_ms)

    def _take_message(self, data: bytes, at: int) -> int:
        """Take a message, or pass over junk; returns where to go on, `at` when more must come."""
        if data[at] in b"\r\n":
            return at + 1
        if not _may_begin(data, at):
            return self._pass_over(data, at)
        head_end = data.find(END, at, at + HEAD_BYTES_MAX)
        if head_end < 0:
            if len(data) - at >= HEAD_BYTES_MAX:
                raise TooLongError
            return at
        message = _parse_head(data[at:head_end])
        if message is None:
            self.malformed_count += 1
            return self._pass_over(data, at)
        start = head_end + len(END)
        length = message.header("content-length")
        size = int(length) if length.isascii() and length.isdigit() and len(length) < 10 else 0  # noqa: PLR2004
        if size > BODY_BYTES_MAX:
            raise TooLongError
        if len(data) - start < size:
            return at
        message.body = data[start : start + size]
        self._on_message(message)
        return start + size

    def _pass_over(self, data: bytes, at: int) -> int:
        """Skip to the next beginning of a packet or an answer."""
        found = [place for start in STARTS if (place := data.find(start, at + 1)) > 0]
        after = min(found, default=len(data) - FRAME_HEAD_BYTES + 1)
        after = max(after, at + 1)
        self.junk_byte_count += after - at
        return after


def _may_begin(data: bytes, at: int) -> bool:
    """Tell whether an answer or a request could begin here."""
    word = data[at : at + METHOD_BYTES_MAX]
    if word.startswith(b"RTSP/"[: len(word)]):
        return True
    method, space, _ = word.partition(b" ")
    if not method.replace(b"_", b"").isalpha() or not method.isupper():
        return False
    return bool(space) or len(word) < METHOD_BYTES_MAX


def _parse_head(head: bytes) -> Message | None:
    """Read the head of a message; None when it is none."""
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = [line.partition(":") for line in lines]
    headers = [(name.strip().lower(), value.strip()) for name, colon, value in pairs if colon]
    words = first.split(None, 2)
    if first.startswith("RTSP/") and len(words) > 1:
        status = words[1]
        if not (status.isascii() and status.isdigit() and len(status) == len("200")):
            return None
        return Message(int(status), words[2] if len(words) > 2 else "", headers)  # noqa: PLR2004
    if len(words) == 3 and words[2].startswith("RTSP/"):  # noqa: PLR2004
        return Message(0, words[0], headers)
    return None
