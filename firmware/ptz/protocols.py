"""The protocols that the drive can speak, behind one small interface, and their registry.

The drive thinks in wishes: move, lens, preset, auxiliary. A protocol turns each into the bytes of
one exchange and makes the session that reads the reply.
"""

from firmware.pelco_d import commands
from firmware.pelco_d.replies import NONE
from firmware.pelco_d.session import Session
from firmware.ptz.model import motion_frame, position_from_wire
from hal.api._typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from firmware.pelco_d.session import AnyReply
    from firmware.ptz.model import PtzSettings

PELCO_D, PELCO_P, VISCA = "pelco-d", "pelco-p", "visca"
REGISTRY = (PELCO_D, PELCO_P, VISCA)
PRESET_MAX = 255
AUX_MAX = 8


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


class PelcoD:
    """Pelco-D; the dialect is in the settings.

    Args:
        settings: of the head and its line.
    """

    preset_max = PRESET_MAX
    aux_max = AUX_MAX

    def __init__(self, settings: "PtzSettings") -> None:
        self._settings = settings
        self._queries: dict[str, bytes] = {}

    def stop(self) -> bytes:
        """Build the stop."""
        return commands.stop(self._settings.address)

    def motion(self, move: "tuple[int, int, int]", lens: "tuple[int, int]") -> bytes:
        """Build one frame; its cleared bits stop what it does not name."""
        return motion_frame(self._settings, move, lens)

    def preset(self, act: str, number: int) -> bytes:
        """Build a preset frame."""
        return commands.preset(self._settings.address, act, number)

    def aux(self, number: int, level: bool) -> bytes:
        """Build an auxiliary frame."""
        name = "aux_set" if level else "aux_clear"
        return commands.build(self._settings.address, name, number)

    def query(self, axis: str) -> bytes:
        """Build a position query; b"" for a head that does not tell."""
        if not self._settings.has_replies or not self._settings.has_position:
            return b""
        if axis not in self._queries:
            self._queries[axis] = commands.build(self._settings.address, "query_" + axis)
        return self._queries[axis]

    def position(self, axis: str, value: int) -> int:
        """Turn the head's number into cdeg or permille."""
        return position_from_wire(self._settings, axis, value)

    def reply_kind(self) -> str:
        """Tell what the head says to a command."""
        return self._settings.reply_kind if self._settings.has_replies else NONE

    def session(self) -> Exchange:
        """Make a session."""
        settings = self._settings
        return Session(settings.address, settings.baud, settings.has_echo, settings.margin_ms)


def make(settings: "PtzSettings") -> HeadProtocol:
    """Make the protocol that the settings name; a board holds only what its heads speak."""
    assert settings.protocol in REGISTRY
    if settings.protocol == PELCO_P:
        from firmware.ptz.pelco_p_head import PelcoP  # noqa: PLC0415 - few heads speak it

        return PelcoP(settings)
    if settings.protocol == VISCA:
        from firmware.ptz.visca_head import Visca  # noqa: PLC0415 - few heads speak it

        return Visca(settings)
    return PelcoD(settings)
