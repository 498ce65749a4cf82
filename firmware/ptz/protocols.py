"""The protocols that the drive can speak, behind one small interface, and their registry.

The drive thinks in wishes: move, lens, preset, auxiliary. A protocol turns each into the bytes of
one exchange and makes the session that reads the reply.
"""

from firmware.pelco_d import commands
from firmware.pelco_d.replies import NONE
from firmware.pelco_d.session import Session
from firmware.ptz.model import motion_frame, position_from_wire
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.ptz.head import Exchange, HeadProtocol
    from firmware.ptz.model import PtzSettings

PELCO_D, PELCO_P, VISCA = "pelco-d", "pelco-p", "visca"
REGISTRY = (PELCO_D, PELCO_P, VISCA)
PRESET_MAX = 255
AUX_MAX = 8


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

    def session(self) -> "Exchange":
        """Make a session."""
        settings = self._settings
        return Session(settings.address, settings.baud, settings.has_echo, settings.margin_ms)


def make(settings: "PtzSettings") -> "HeadProtocol":
    """Make the protocol that the settings name; a board holds only what its heads speak."""
    assert settings.protocol in REGISTRY
    if settings.protocol == PELCO_P:
        from firmware.ptz.pelco_p_head import PelcoP  # noqa: PLC0415 - few heads speak it

        return PelcoP(settings)
    if settings.protocol == VISCA:
        from firmware.ptz.visca_head import Visca  # noqa: PLC0415 - few heads speak it

        return Visca(settings)
    return PelcoD(settings)
