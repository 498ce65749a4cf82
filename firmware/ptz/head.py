"""What the drive asks of a protocol, and of one exchange in it: for the type checkers alone."""

from hal.api._typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from firmware.pelco_d.session import AnyReply


class Exchange(Protocol):
    """One exchange at a time with one head; `firmware.pelco_d.session.Session` is the model."""

    is_busy: bool
    answered_count: int
    timeout_count: int
    echo_count: int
    collision_count: int
    junk_count: int
    overtaken_count: int
    late_count: int

    @property
    def reply(self) -> "AnyReply | None":
        """The reply of the exchange that is over, or None."""
        raise NotImplementedError

    def duration_ms(self, kind: str) -> int:
        """Tell how long an exchange takes at most when a reply of this kind is due."""
        raise NotImplementedError

    def begin(self, frame: bytes, kind: str, now_ms: int, until_ms: int = 0) -> None:
        """Start an exchange; `take` then hands out what to send.

        Args:
            frame: the bytes being sent.
            kind: what is due.
            now_ms: monotonic.
            until_ms: it lasts until then at least; what comes meanwhile is late, and no reply.
        """
        raise NotImplementedError

    def out_ms(self, is_whole: bool) -> int:
        """Tell when what is leaving has left: the packet, or the whole frame of several."""
        raise NotImplementedError

    def overtake(self) -> int:
        """Drop the exchange for a stop; tells until when its reply may still come."""
        raise NotImplementedError

    def take(self) -> bytes:
        """Hand out, once, the bytes to put on the line now; b"" for none."""
        raise NotImplementedError

    def receive(self, data: bytes, now_ms: int) -> None:
        """Take what the line brought."""
        raise NotImplementedError

    def wake_ms(self) -> int:
        """Tell when `step` can next find something to do, if nothing comes until then."""
        raise NotImplementedError

    def step(self, now_ms: int) -> bool:
        """Tell whether the exchange is over; then `reply` is the reply, or None."""
        raise NotImplementedError

    def abandon(self) -> None:
        """Drop the exchange: the line is gone."""
        raise NotImplementedError


class HeadProtocol(Protocol):
    """What the drive asks of a protocol; every frame may be a burst of several packets."""

    preset_max: int
    aux_max: int

    def stop(self) -> bytes:
        """Build what stops pan, tilt, zoom, focus and iris at once."""
        raise NotImplementedError

    def motion(self, move: "tuple[int, int, int]", lens: "tuple[int, int]") -> bytes:
        """Build what says everything that shall move, and so stops everything else.

        Args:
            move: pan and tilt, -1000 to 1000 (right and up positive), zoom -1 wide, 0, 1 tele.
            lens: focus -1 near, 0, 1 far; iris -1 close, 0, 1 open.
        """
        raise NotImplementedError

    def preset(self, act: str, number: int) -> bytes:
        """Build what sets, clears or goes to ("set", "clear", "go") preset 1..preset_max."""
        raise NotImplementedError

    def aux(self, number: int, level: bool) -> bytes:
        """Build what switches auxiliary 1..aux_max; never asked where aux_max is 0."""
        raise NotImplementedError

    def query(self, axis: str) -> bytes:
        """Build what asks for "pan", "tilt" or "zoom"; b"" when the head cannot tell."""
        raise NotImplementedError

    def position(self, axis: str, value: int) -> int:
        """Turn the value of a reply to `query` into cdeg or permille."""
        raise NotImplementedError

    def reply_kind(self) -> str:
        """Tell what is due to a command, in the words of the session; "none" for nothing."""
        raise NotImplementedError

    def session(self) -> Exchange:
        """Make what holds one exchange at a time with this head."""
        raise NotImplementedError
