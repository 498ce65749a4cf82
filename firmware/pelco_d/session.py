"""One exchange with a dome: a frame out, its own echo away, the one reply that is due in.

The deadline is the time that command and reply need on the wire, plus a margin for the device to
think. A reply after the deadline is junk for the next exchange, whose reader passes over it.
An exchange that a stop has overtaken may still be answered: the stop's own exchange then lasts
until that reply cannot come any more, and takes nothing for an answer.
"""

from firmware.pelco_d import replies
from hal.api._typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:

    class AnyReply(Protocol):
        """A reply, whatever the protocol."""

        kind: str
        value: int

    class AnyReader(Protocol):
        """Takes bytes until one reply is among them."""

        junk_count: int

        def receive(self, data: bytes, is_quiet: bool = False) -> "AnyReply | None":
            """Take bytes; returns the reply once it is there."""
            raise NotImplementedError

        def drop(self) -> None:
            """Hear that no more comes: what is held was no reply."""
            raise NotImplementedError

    class Forms(Protocol):
        """The forms of reply of one protocol; `firmware.pelco_d.replies` is the model."""

        COMMAND_BYTES: int

        def byte_count(self, kind: str) -> int:
            """Tell how long a reply of a kind is."""
            raise NotImplementedError

        def expect(self, kind: str, address: int, command_frame: bytes) -> AnyReader:
            """Make the reader of exactly one reply."""
            raise NotImplementedError


BITS_PER_BYTE = 10  # 8N1
MARGIN_MS = 50
QUIET_BYTES = 4  # this many byte times of silence end a reply
NOTHING_HEARD = -1


def wire_ms(byte_count: int, baud: int) -> int:
    """Tell how long bytes take on the line, in whole milliseconds, rounded up."""
    return -(-byte_count * BITS_PER_BYTE * 1000 // baud)


class Session:
    """Holds one exchange at a time.

    Args:
        address: the dome's, 1 to 255.
        baud: of the line, bits per second.
        has_echo: the adapter hears its own sending; a difference then is a collision. An exact
            echo is taken away in either case.
        margin_ms: how long the device may think.
        forms: what replies look like.
    """

    __slots__ = (
        "_echo",
        "_echoed",
        "_forms",
        "_frame",
        "_heard_ms",
        "_is_deaf",
        "_out",
        "_reader",
        "_sent_ms",
        "address",
        "answered_count",
        "baud",
        "collision_count",
        "due_ms",
        "echo_count",
        "has_echo",
        "is_busy",
        "junk_count",
        "late_count",
        "margin_ms",
        "overtaken_count",
        "quiet_ms",
        "reply",
        "timeout_count",
    )

    def __init__(
        self,
        address: int,
        baud: int,
        has_echo: bool = False,
        margin_ms: int = MARGIN_MS,
        forms: "Forms" = replies,
    ) -> None:
        self.address = address
        self.baud = baud
        self.has_echo = has_echo
        self._forms = forms
        self.margin_ms = margin_ms
        self.quiet_ms = max(5, wire_ms(QUIET_BYTES, baud) + 1)
        self.is_busy = False
        self.due_ms = 0
        self._sent_ms = 0
        self.reply: AnyReply | None = None
        self._frame = b""
        self._out = b""
        self._echo = b""
        self._echoed = b""
        self._heard_ms = NOTHING_HEARD
        self._reader: AnyReader | None = None
        self.answered_count = 0
        self.timeout_count = 0
        self.echo_count = 0
        self.collision_count = 0
        self.junk_count = 0
        self.overtaken_count = 0
        self.late_count = 0
        self._is_deaf = False

    def duration_ms(self, kind: str) -> int:
        """Tell how long an exchange takes at most when a reply of this kind is due."""
        if kind == replies.NONE:
            return wire_ms(self._forms.COMMAND_BYTES, self.baud)
        return (
            wire_ms(self._forms.COMMAND_BYTES + self._forms.byte_count(kind), self.baud)
            + self.margin_ms
        )

    def begin(self, frame: bytes, kind: str, now_ms: int, until_ms: int = 0) -> None:
        """Start an exchange: the frame's first bit leaves now, from `take`.

        Args:
            frame: the bytes being sent.
            kind: what is due, as in `forms.expect`; NONE when nothing is.
            now_ms: monotonic.
            until_ms: it lasts until then at least; what comes meanwhile is late, and no reply.
        """
        assert not self.is_busy
        self.is_busy = True
        self._is_deaf = until_ms > now_ms
        self.due_ms = max(now_ms + self.duration_ms(kind), until_ms)
        self._sent_ms = now_ms + wire_ms(self._forms.COMMAND_BYTES, self.baud)
        self.reply = None
        self._frame = self._out = frame
        self._echo = frame
        self._echoed = b""
        self._heard_ms = NOTHING_HEARD
        self._reader = None
        if kind != replies.NONE and not self._is_deaf:
            self._reader = self._forms.expect(kind, self.address, frame)

    def take(self) -> bytes:
        """Hand out, once, the bytes to put on the line now; b"" for none."""
        out, self._out = self._out, b""
        return out

    def receive(self, data: bytes, now_ms: int) -> None:
        """Take what the line brought."""
        if not data:
            return
        self._heard_ms = now_ms
        rest = self._without_echo(data)
        if self.is_busy and self._reader is not None and self.reply is None:
            self.reply = self._reader.receive(rest)
        elif self.is_busy and self._is_deaf:
            self.late_count += len(rest)
        else:
            self.junk_count += len(rest)

    def wake_ms(self) -> int:
        """Tell when `step` can next find the exchange over, if nothing comes until then."""
        if self._heard_ms == NOTHING_HEARD or self._reader is None:
            return self.due_ms
        heard_ms = self._heard_ms + (0 if self.reply else self.quiet_ms)
        return min(self.due_ms, max(heard_ms, self._sent_ms))

    def step(self, now_ms: int) -> bool:
        """Tell whether the exchange is over; then `reply` is the reply, or None."""
        if not self.is_busy or now_ms < self._sent_ms:
            return False  # what answers before the frame is out answers an earlier one
        is_due = now_ms >= self.due_ms
        if self._reader is not None and self.reply is None:
            if now_ms < self.wake_ms():
                return False
            held = self._give_up_echo() if self._echoed else b""
            self.reply = self._reader.receive(held, True)
            self._heard_ms = NOTHING_HEARD
        if self.reply is None and not is_due:
            return False
        self._finish()
        return True

    def out_ms(self, is_whole: bool) -> int:
        """Tell when what is leaving has left; a frame is one packet."""
        del is_whole
        return self._sent_ms

    def overtake(self) -> int:
        """Drop the exchange for a stop; tells until when its reply may still come."""
        self.overtaken_count += 1
        self.abandon()
        return self.due_ms

    def abandon(self) -> None:
        """Drop the exchange: the line is gone."""
        self.is_busy = False
        self.reply = None
        self._reader = None
        self._out = b""
        self._echo = b""
        self._echoed = b""

    def _finish(self) -> None:
        self.is_busy = False
        if self._reader is None:
            return
        self._reader.drop()
        self.junk_count += self._reader.junk_count
        self._reader = None
        if self.reply is None:
            self.timeout_count += 1
        else:
            self.answered_count += 1

    def _without_echo(self, data: bytes) -> bytes:
        """Take the echo of the frame off the front; what differs from it is no echo."""
        at = 0
        while at < len(data) and self._echo:
            if data[at] != self._echo[0]:
                self.collision_count += self.has_echo
                return self._give_up_echo() + data[at:]
            self._echo = self._echo[1:]
            self._echoed += data[at : at + 1]
            at += 1
            if not self._echo:
                self.echo_count += 1
                self._echoed = b""
        return data[at:]

    def _give_up_echo(self) -> bytes:
        """Hand back bytes that looked like the beginning of an echo and were none."""
        held = self._echoed
        self._echo = b""
        self._echoed = b""
        return held
