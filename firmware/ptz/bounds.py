"""Keeps what a dome is told off soft stops and privacy zones, before a move and all the way."""

from firmware.pelco_d.replies import NONE
from firmware.ptz import drive as states
from firmware.ptz.limits import slowed
from firmware.ptz.model import TILT_HIGH_CDEG, TILT_LOW_CDEG, room_cdeg, within_limits
from firmware.ptz.place import AXES
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.ptz.service import PtzService

    Move = tuple[int, int, int]

MS_PER_S = 1000
ZONE, LIMIT = "ptz.zone", "ptz.limit"
TURN_MS = 100  # a turn of a crowded machine may take so much longer
ROUND_HALVES = 9  # three questions and a motion take four exchanges; half of one to spare
COAST_MS = 300  # from the end of a stop on the wire until a head stands


class Bounds:
    """What one dome may not pass.

    Args:
        dome: that is kept.
    """

    __slots__ = ("_dome", "others_ms")

    def __init__(self, dome: "PtzService") -> None:
        self._dome = dome
        self.others_ms = 0
        """How long the stops of the other domes on the line can take, should they go first."""

    def limited(self, move: "Move", now_ms: int) -> "Move":
        """Take out of a move, or slow, what may not be."""
        known = self._until_known(move)
        return self._dome.sight.limited(known, self._horizon_ms(), self._round_ms(), now_ms)

    def slowed(self, index: int, permille: int, now_ms: int) -> int:
        """Slow pan (0) or tilt (1) so that it would come to stand before a soft stop."""
        settings, place = self._dome.settings, self._dome.sight.aim()[index]
        room = room_cdeg(settings, index, 1 if permille > 0 else -1, place)
        if room < 0 or not permille:
            return permille
        age_ms = self._dome.place.drift(MS_PER_S, now_ms)
        return slowed(settings, permille, room, self._horizon_ms() + age_ms)

    def _round_ms(self) -> int:
        """Tell how long a round of questions and one motion take, if the head answers at once."""
        dome = self._dome
        return (dome.exchange_ms(AXES[0]) - dome.settings.margin_ms) * ROUND_HALVES // 2

    def _horizon_ms(self) -> int:
        """Tell how long a wrong decision can last, from now until the head stands.

        How old a place is by now counts as drift, not here. The next decision falls when the
        exchange under way is over, and a turn of the unit may be late; then the frame that is
        leaving leaves, and the stop, whose first copy a reply may damage.
        """
        dome = self._dome
        horizon_ms = dome.exchange_ms(AXES[0]) + TURN_MS + 2 * dome.session.duration_ms(NONE)
        horizon_ms += dome.exchange_ms(dome.protocol.reply_kind()) + self.others_ms + COAST_MS
        return horizon_ms

    def _until_known(self, move: "Move") -> "Move":
        """Take out of a move what has a soft stop, until a head that can tell has told a place."""
        sight, settings = self._dome.sight, self._dome.settings
        can_tell = self._dome.protocol.query(AXES[0]) and not sight.is_silent
        if sight.is_located() or not can_tell:
            return move
        has_tilt_stop = settings.tilt_limits_cdeg != (TILT_LOW_CDEG, TILT_HIGH_CDEG)
        pan = move[0] if settings.pan_limits_cdeg is None else 0
        return pan, 0 if has_tilt_stop else move[1], move[2]

    def limit_of(self, move: "Move") -> str:
        """Tell whether a soft stop or a zone is what nothing was left of a move for."""
        pan_cdeg, tilt_cdeg, _, is_known = self._dome.position()
        settings = self._dome.settings
        if not settings.fences:
            return LIMIT
        is_limit = (
            is_known and within_limits(settings, move, (pan_cdeg, tilt_cdeg)) == states.STILL
        )
        return LIMIT if is_limit else ZONE

    def hold_back(self, now_ms: int) -> None:
        """Slow the move that goes on, or end it, before a soft stop or a zone is reached."""
        drive = self._dome.drive
        if drive.state != states.MOVING or drive.move == states.STILL:
            return
        move = self.limited(drive.move, now_ms)
        if move != drive.move:
            drive.trim(move, "limit" if self.limit_of(drive.move) == LIMIT else "zone")
