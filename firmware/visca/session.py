"""One exchange with a VISCA camera: packets out one by one, each accepted before the next.

A camera that does not answer gets the next packet at the deadline all the same: a stop must not
be kept back because an acceptance was lost. The exchange is over when the last packet is
accepted, refused, answered or given up; that a long command is done is not waited for.
"""

from firmware.errors import RemoteProtocolError
from firmware.visca import replies
from firmware.visca.packet import PacketFinder, split
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.visca.replies import Reply

BITS_PER_BYTE = 10
GAP_MS = 20  # one command a video field
PACKET_BYTES_MAX = 16
BURST_COUNT_MAX = 4  # pan and tilt, zoom, focus, iris
NEVER_MS = 1 << 62
NONE, COMMAND, INQUIRY = "none", "command", "inquiry"


class ViscaSession:
    """Holds one exchange at a time.

    Args:
        address: the camera's, 1 to 7.
        baud: of the line, bits per second.
        margin_ms: how long the camera may think.
    """

    def __init__(self, address: int, baud: int, margin_ms: int) -> None:
        self.address = address
        self.baud = baud
        self.margin_ms = margin_ms
        self.is_busy = False
        self.reply: Reply | None = None
        self.answered_count = 0
        self.timeout_count = 0
        self.refused_count = 0
        self.echo_count = 0
        self.collision_count = 0
        self.junk_count = 0
        self.overtaken_count = 0
        self.late_count = 0
        self._until_ms = 0
        self._finder = PacketFinder()
        self._packets: list[bytes] = []
        self._out = b""
        self._last = b""
        self._kind = NONE
        self._is_heard = False
        self._sent_ms = 0
        self._due_ms = 0

    def duration_ms(self, kind: str) -> int:
        """Tell how long an exchange takes at most when a reply of this kind is due."""
        count = 1 if kind == INQUIRY else BURST_COUNT_MAX
        return count * self._packet_ms(kind)

    def begin(self, frame: bytes, kind: str, now_ms: int, until_ms: int = 0) -> None:
        """Start an exchange: the first packet leaves now, from `take`.

        Args:
            frame: whole packets.
            kind: COMMAND, INQUIRY, or NONE when nothing is due.
            now_ms: monotonic.
            until_ms: it lasts until then at least; what comes meanwhile is late, and no reply.
        """
        assert not self.is_busy
        self._until_ms = until_ms
        self._packets = split(frame)
        self.is_busy = True
        self.reply = None
        self._kind = kind
        self._send(now_ms)

    def take(self) -> bytes:
        """Hand out, once, the bytes to put on the line now; b"" for none."""
        out, self._out = self._out, b""
        return out

    def receive(self, data: bytes, now_ms: int) -> None:
        """Take what the line brought."""
        for packet in self._finder.receive(data):
            if packet == self._last:
                self.echo_count += 1
                continue
            try:
                reply = replies.read(packet)
            except RemoteProtocolError:
                self.junk_count += len(packet)
                continue
            if self.is_busy and now_ms < self._until_ms:
                self.late_count += len(packet)
            elif now_ms >= self._sent_ms and self._is_due(reply):
                self._is_heard = True
                self.refused_count += reply.kind == replies.ERROR
                self.reply = reply

    def wake_ms(self) -> int:
        """Tell when `step` can next find something to do, if nothing comes until then."""
        return self._sent_ms if self._is_heard else self._due_ms

    def step(self, now_ms: int) -> bool:
        """Tell whether the exchange is over; then `reply` is the last reply, or None."""
        if not self.is_busy or now_ms < self._sent_ms:
            return False
        if not self._is_heard and now_ms < self._due_ms:
            return False
        if self._kind != NONE:
            self.answered_count += self._is_heard
            self.timeout_count += not self._is_heard
        if self._packets:
            self._send(now_ms)
            return False
        self.is_busy = False
        self.junk_count, self._finder.junk_count = self.junk_count + self._finder.junk_count, 0
        return True

    def out_ms(self, is_whole: bool) -> int:
        """Tell when the packet that leaves is out, or the burst; NEVER_MS if more are due."""
        return NEVER_MS if is_whole and self._packets else self._sent_ms

    def overtake(self) -> int:
        """Drop the exchange for a stop; tells until when its reply may still come."""
        self.overtaken_count += 1
        self.abandon()
        return self._due_ms

    def abandon(self) -> None:
        """Drop the exchange: the line is gone."""
        self.is_busy = False
        self.reply = None
        self._packets = []
        self._out = b""

    def _send(self, now_ms: int) -> None:
        self._out = self._last = self._packets.pop(0)
        self._is_heard = False
        self._sent_ms = now_ms + max(GAP_MS, self._wire_ms(len(self._out)))
        self._due_ms = now_ms + self._packet_ms(self._kind)
        if not self._packets:
            self._due_ms = max(self._due_ms, self._until_ms)

    def _packet_ms(self, kind: str) -> int:
        if kind == NONE:
            return max(GAP_MS, self._wire_ms(PACKET_BYTES_MAX))
        reply_bytes = PACKET_BYTES_MAX if kind == INQUIRY else 3
        return max(GAP_MS, self._wire_ms(PACKET_BYTES_MAX + reply_bytes) + self.margin_ms)

    def _wire_ms(self, byte_count: int) -> int:
        return -(-byte_count * BITS_PER_BYTE * 1000 // self.baud)

    def _is_due(self, reply: "Reply") -> bool:
        if not self.is_busy or reply.address != self.address:
            return False
        if self._kind == INQUIRY:
            return reply.kind in {replies.ANSWER, replies.ERROR}
        return self._kind == COMMAND and reply.kind in {replies.ACCEPTED, replies.ERROR}
