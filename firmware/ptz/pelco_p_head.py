"""A head that is spoken to in Pelco-P."""

from firmware.pelco_d.session import Session
from firmware.pelco_p import commands, replies
from firmware.ptz.model import PERMILLE, position_from_wire, speed_byte, wired
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.ptz.model import PtzSettings


class PelcoP:
    """Pelco-P; positions only from heads whose maker took Pelco-D's queries over.

    Args:
        settings: of the head and its line; `address` is the receiver's number, 1 to 32.
    """

    preset_max = 255
    aux_max = 8

    def __init__(self, settings: "PtzSettings") -> None:
        self._settings = settings

    def stop(self) -> bytes:
        """Build the stop."""
        return commands.stop(self._settings.address)

    def motion(self, move: "tuple[int, int, int]", lens: "tuple[int, int]") -> bytes:
        """Build one frame; its cleared bits stop what it does not name."""
        (pan, tilt, zoom), (focus, iris) = wired(self._settings, move, lens)
        bits = (
            _one_of(pan, commands.RIGHT, commands.LEFT)
            | _one_of(tilt, commands.UP, commands.DOWN)
            | _one_of(zoom, commands.TELE, commands.WIDE)
            | _one_of(focus, commands.FAR, commands.NEAR)
            | _one_of(iris, commands.IRIS_OPEN, commands.IRIS_CLOSE)
        )
        pan_speed = speed_byte(pan) if pan else 0
        if self._settings.has_turbo and abs(pan) == PERMILLE:
            pan_speed = commands.TURBO
        tilt_speed = speed_byte(tilt) if tilt else 0
        return commands.motion(self._settings.address, bits, pan_speed, tilt_speed)

    def preset(self, act: str, number: int) -> bytes:
        """Build a preset frame."""
        return commands.build(self._settings.address, "preset_" + act, number)

    def aux(self, number: int, level: bool) -> bytes:
        """Build an auxiliary frame."""
        return commands.build(self._settings.address, "aux_set" if level else "aux_clear", number)

    def query(self, axis: str) -> bytes:
        """Build a position query; b"" for a head that does not tell."""
        if not self._settings.has_replies or not self._settings.has_position:
            return b""
        return commands.build(self._settings.address, "query_" + axis)

    def position(self, axis: str, value: int) -> int:
        """Turn the head's number into cdeg or permille."""
        return position_from_wire(self._settings, axis, value)

    def reply_kind(self) -> str:
        """Tell what the head says to a command."""
        return replies.GENERAL if self._settings.has_replies else replies.NONE

    def session(self) -> Session:
        """Make a session."""
        settings = self._settings
        return Session(
            settings.address, settings.baud, settings.has_echo, settings.margin_ms, replies
        )


def _one_of(value: int, plus: int, minus: int) -> int:
    return plus if value > 0 else minus if value < 0 else 0
