"""One exchange with a VISCA camera: packets out one by one, each accepted before the next.

A camera that does not answer gets the next packet at the deadline all the same: a stop must not
be kept back because an acceptance was lost. The exchange is over when the last packet is
accepted, refused, answered or given up; that a long command is done is not waited for.

No checksum guards an answer, so a place is asked for twice and believed when both answers are no
further apart than the fastest head turns meanwhile.
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
PLACES = ("pan", "tilt", "zoom")
ASK_COUNT = 2  # a place is asked for so often
INQUIRY_BYTES, PLACE_BYTES_MAX = 5, 12


class ViscaSession:
    """Holds one exchange at a time.

    Args:
        address: the camera's, 1 to 7.
        baud: of the line, bits per second.
        margin_ms: how long the camera may think.
        fastest_per_s: no axis turns, and no lens zooms faster, in the camera's own count.
    """

    def __init__(
        self,
        address: int,
        baud: int,
        margin_ms: int,
        fastest_per_s: "tuple[int, int]" = (0, 0),
    ) -> None:
        self.address = address
        self.fastest_per_s = fastest_per_s
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
        self.unlike_count = 0  # places that were told in two ways at once
        self._told: list[tuple[int, int]] = []  # (when, place), of this exchange
        self._until_ms = 0
        self._finder = PacketFinder()
        self._packets: list[bytes] = []
        self._out = b""
        self._last = b""
        self._kind = NONE
        self._is_heard = False
        self._left_ms = 0  # when its last bit has left: what comes before answers another
        self._sent_ms = 0  # when the next packet may follow
        self._due_ms = 0

    def duration_ms(self, kind: str) -> int:
        """Tell how long an exchange takes at most when a reply of this kind is due."""
        count = 1 if kind == INQUIRY else ASK_COUNT if kind in PLACES else BURST_COUNT_MAX
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
        self._told = []
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
            elif now_ms >= self._left_ms and self._is_due(reply):
                self._is_heard = True
                self.refused_count += reply.kind == replies.ERROR
                self._take(reply, now_ms)

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
        if self._kind in PLACES:
            self._believe()
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
        self._left_ms = now_ms + self._wire_ms(len(self._out))
        self._sent_ms = max(now_ms + GAP_MS, self._left_ms)
        self._due_ms = now_ms + self._packet_ms(self._kind)
        if not self._packets:
            self._due_ms = max(self._due_ms, self._until_ms)

    def _take(self, reply: "Reply", now_ms: int) -> None:
        if self._kind not in PLACES:
            self.reply = reply
        elif reply.kind == replies.ANSWER:
            value = replies.place(self._kind, reply.data)
            assert value is not None
            self.reply = replies.Reply(replies.ANSWER, reply.address, value)
            self._told.append((now_ms, value))

    def _believe(self) -> None:
        """Drop a place that was not told twice, or not alike."""
        if len(self._told) < ASK_COUNT:
            self.reply = None
            return
        (first_ms, first), (last_ms, last) = self._told[0], self._told[-1]
        fastest_per_s = self.fastest_per_s[1 if self._kind == "zoom" else 0]
        way_max = fastest_per_s * (last_ms - first_ms) // 1000 + 1
        if abs(last - first) > way_max:
            self.unlike_count += 1
            self.reply = None

    def _packet_ms(self, kind: str) -> int:
        if kind in PLACES:
            wire_ms = self._wire_ms(INQUIRY_BYTES + PLACE_BYTES_MAX)
            return max(GAP_MS, wire_ms + self.margin_ms)
        if kind == NONE:
            return max(GAP_MS, self._wire_ms(PACKET_BYTES_MAX))
        reply_bytes = PACKET_BYTES_MAX if kind == INQUIRY else 3
        return max(GAP_MS, self._wire_ms(PACKET_BYTES_MAX + reply_bytes) + self.margin_ms)

    def _wire_ms(self, byte_count: int) -> int:
        return -(-byte_count * BITS_PER_BYTE * 1000 // self.baud)

    def _is_due(self, reply: "Reply") -> bool:
        if not self.is_busy or reply.address != self.address:
            return False
        if self._kind in PLACES and reply.kind == replies.ANSWER:
            if replies.place(self._kind, reply.data) is None or self._is_heard:
                self.junk_count += len(reply.data)
                return False
            return True
        if self._kind == INQUIRY or self._kind in PLACES:
            return reply.kind in {replies.ANSWER, replies.ERROR}
        return self._kind == COMMAND and reply.kind in {replies.ACCEPTED, replies.ERROR}
