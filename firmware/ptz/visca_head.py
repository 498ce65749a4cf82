"""A head that is spoken to in VISCA over a serial line.

Every model counts pan and tilt in steps of its own, and its profile tells how many make a turn.
Where none does, places are not asked for: such a head's place counts as unknown, so privacy
zones withhold the whole picture.
"""

from firmware.ptz.model import PERMILLE, wired
from firmware.units import CDEG_PER_TURN, div_round, wrap_cdeg
from firmware.visca import commands
from firmware.visca.session import ASK_COUNT, COMMAND, NONE, ViscaSession
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.ptz.model import PtzSettings


class Visca:
    """VISCA; memory n of the camera is preset n, and memory 0 is left alone.

    Args:
        settings: of the head and its line; `address` is the camera's, 1 to 7.
    """

    preset_max = commands.MEMORY_MAX
    aux_max = 0

    def __init__(self, settings: "PtzSettings") -> None:
        self._settings = settings

    def stop(self) -> bytes:
        """Build three packets: pan and tilt, zoom, focus."""
        address = self._settings.address
        return (
            commands.drive(address, 0, 0)
            + commands.zoom(address, 0)
            + commands.build(address, "focus_stop")
        )

    def motion(self, move: "tuple[int, int, int]", lens: "tuple[int, int]") -> bytes:
        """Build three packets, and a fourth for a step of the iris, which needs no stop."""
        (pan, tilt, zoom), (focus, iris) = wired(self._settings, move, lens)
        address = self._settings.address
        burst = commands.drive(
            address,
            _speed(pan, commands.PAN_SPEED_MAX),
            _speed(tilt, commands.TILT_SPEED_MAX),
        )
        burst += commands.build(address, ("zoom_stop", "zoom_tele", "zoom_wide")[zoom])
        burst += commands.build(address, ("focus_stop", "focus_far", "focus_near")[focus])
        if iris:
            burst += commands.build(address, "iris_open" if iris > 0 else "iris_close")
        return burst

    def preset(self, act: str, number: int) -> bytes:
        """Build a memory packet."""
        return commands.memory(self._settings.address, act, number)

    def aux(self, number: int, level: bool) -> bytes:
        """Build nothing: there are no auxiliaries, and nobody asks past aux_max."""
        assert number <= self.aux_max or level
        return b""

    def query(self, axis: str) -> bytes:
        """Build the inquiry, as often as it is asked; b"" for a head that does not tell."""
        settings = self._settings
        if not (settings.has_replies and settings.has_position and settings.counts_per_turn):
            return b""
        name = "query_zoom" if axis == "zoom" else "query_position"
        return commands.build(settings.address, name) * ASK_COUNT

    def position(self, axis: str, value: int) -> int:
        """Turn the head's count, right and up positive, into cdeg or permille."""
        settings = self._settings
        if axis == "zoom":
            return div_round(min(value, settings.zoom_limit) * PERMILLE, settings.zoom_limit)
        cdeg = value * (-1 if settings.is_upside_down else 1) * CDEG_PER_TURN
        cdeg = div_round(cdeg, settings.counts_per_turn)
        return wrap_cdeg(cdeg) if axis == "pan" else cdeg

    def reply_kind(self) -> str:
        """Tell what is due to a command."""
        return COMMAND if self._settings.has_replies else NONE

    def session(self) -> ViscaSession:
        """Make a session."""
        settings = self._settings
        turn_per_s = settings.speed_cdeg_per_s_max * settings.counts_per_turn // CDEG_PER_TURN
        zoom_per_s = settings.zoom_permille_per_s_max * settings.zoom_limit // PERMILLE
        fastest_per_s = (turn_per_s, zoom_per_s)
        return ViscaSession(settings.address, settings.baud, settings.margin_ms, fastest_per_s)


def _speed(permille: int, fastest: int) -> int:
    """Turn -1000..1000 into -fastest..fastest, never 0 for what shall move."""
    size = -(-abs(permille) * fastest // PERMILLE)
    return size if permille > 0 else -size
