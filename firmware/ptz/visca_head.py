"""A head that is spoken to in VISCA over a serial line.

Positions are not asked for: every model counts pan, tilt and zoom in steps of its own, and no
calibration is there yet. Such a head's place counts as unknown, so privacy zones withhold the
whole picture.
"""

from firmware.ptz.model import PERMILLE, wired
from firmware.visca import commands
from firmware.visca.session import COMMAND, NONE, ViscaSession
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
        """Build nothing; see above."""
        assert axis
        return b""

    def position(self, axis: str, value: int) -> int:
        """Hand the value on; never called while nothing is asked."""
        assert axis
        return value

    def reply_kind(self) -> str:
        """Tell what is due to a command."""
        return COMMAND if self._settings.has_replies else NONE

    def session(self) -> ViscaSession:
        """Make a session."""
        settings = self._settings
        return ViscaSession(settings.address, settings.baud, settings.margin_ms)


def _speed(permille: int, fastest: int) -> int:
    """Turn -1000..1000 into -fastest..fastest, never 0 for what shall move."""
    size = -(-abs(permille) * fastest // PERMILLE)
    return size if permille > 0 else -size
