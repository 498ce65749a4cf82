"""Where a dome looks and what of it is private, from its replies and from what it was told."""

from firmware.ptz import drive as states
from firmware.ptz.limits import Reach, limited, speed_cdeg_per_s
from firmware.ptz.model import fov_cdeg
from firmware.ptz.place import BY_ITSELF_PERMILLE, Pace, Place
from firmware.ptz.privacy import PERMILLE, WHOLE, zones_in_view
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.ptz.drive import Drive
    from firmware.ptz.model import PtzSettings

    Aim = tuple[int, int, int]
    Rect = tuple[int, int, int, int]

PRESET_LEARNED_MAX = 64
MS_PER_S = 1000
FLIP_CDEG = -8_900
RUN_OUT_MS = 3_000  # so long after a move a head that has not come to rest is still in it


class Sight:
    """The view of one dome.

    Args:
        settings: of the head, with its zones.

    Attributes:
        place: the latest replies.
        is_silent: replies are due and do not come; then nothing is known.
        is_blind: the head's own menu may be open, so what it says counts for nothing.
        presets: number to (pan, tilt, zoom), of those that were set standing and in plain view.
        presets_count: rises with each change of `presets`.
    """

    __slots__ = (
        "_driven_until_ms",
        "_pace",
        "_settings",
        "_state",
        "is_blind",
        "is_silent",
        "place",
        "presets",
        "presets_count",
    )

    def __init__(self, settings: "PtzSettings") -> None:
        self._settings = settings
        self._pace = Pace()
        self._state = states.LOST
        self._driven_until_ms = 0
        self.place = Place()
        self.is_silent = False
        self.is_blind = False
        self.presets: dict[int, Aim] = {}
        self.presets_count = 0

    def follow(self, drive: "Drive", now_ms: int) -> None:
        """Hear what the head is being told now."""
        self._state = drive.state
        is_alone = drive.state == states.SEEKING or self.place.is_missed  # it turns by itself
        self.place.ways.run(self._speeds(drive), now_ms)
        if drive.state == states.MOVING:
            self._driven_until_ms = now_ms + RUN_OUT_MS
            permille = max(abs(drive.move[0]), abs(drive.move[1]))
            is_flipping = drive.move[1] < 0 and self._may_have_flipped(drive.move[1], now_ms)
            is_alone = is_alone or is_flipping
            self._pace.tell(BY_ITSELF_PERMILLE if is_alone else permille, now_ms)
        elif self.place.still_count:
            self._pace = Pace()
        elif is_alone or now_ms >= self._driven_until_ms:
            self._pace.tell(BY_ITSELF_PERMILLE, now_ms)

    def is_known(self) -> bool:
        """Whether the position is known: it was told, replies come, and no preset is sought."""
        return self.is_located() and self._state != states.SEEKING and not self.is_blind

    def is_located(self) -> bool:
        """Whether the position is known but for how far the head can have turned meanwhile."""
        return self.place.has_round and not self.is_silent

    def aim(self) -> "Aim":
        """Tell pan, tilt and zoom as last heard."""
        return self.place.pan, self.place.tilt, self.place.zoom

    def picture_zones(self, now_ms: int) -> "list[Rect]":
        """Tell what of the picture is private: (left, top, right, bottom) in permille.

        Returns:
            nothing when no zone can be in view; the whole picture when there are zones and the
            position is not known.
        """
        if not self._settings.zones:
            return []
        if not self.is_known():
            return [WHOLE]
        drift_cdeg, drift_permille = self._drifts(now_ms)
        ways = self.place.ways
        return self._zones_at(
            self.aim(), max(drift_cdeg, ways.cdeg()), max(drift_permille, ways.permille())
        )

    def limited(self, move: "Aim", horizon_ms: int, round_ms: int, now_ms: int) -> "Aim":
        """Take out of a move, or slow, what would pass a soft stop or show what must be avoided.

        Args:
            move: pan and tilt, -1000 to 1000, and zoom -1, 0, 1.
            horizon_ms: how long a wrong decision can last.
            round_ms: within this time it is told anew where it looks, if nothing is in the way;
                the margin of a soft stop stands for it.
            now_ms: monotonic.
        """
        if not self.is_located():
            return states.STILL if self._settings.fences else move
        drift_cdeg, drift_permille = self._drifts(now_ms)
        reach = Reach(drift_cdeg, drift_permille, horizon_ms, self._past_cdeg(round_ms, now_ms))
        return limited(self._settings, move, self.aim(), reach)

    def shows_zone(self, aim: "Aim") -> bool:
        """Whether a head that stands and looks there shows a zone."""
        return bool(self._settings.zones) and bool(self._zones_at(aim, 0, 0))

    def is_standing_clear(self) -> bool:
        """Whether the head is known to stand, with no zone in view."""
        ways = self.place.ways
        is_true = not ways.cdeg() and not ways.permille()
        is_standing = self.is_known() and self.place.still_count > 0 and is_true
        return is_standing and not self.shows_zone(self.aim())

    def learn(self, number: int) -> None:
        """Remember where a preset looks, when it is set standing and in plain view."""
        is_room = number in self.presets or len(self.presets) < PRESET_LEARNED_MAX
        if self.is_standing_clear() and is_room:
            self.presets[number] = self.aim()
            self.presets_count += 1
        else:
            self.unlearn(number)

    def unlearn(self, number: int) -> None:
        """Forget where a preset looks."""
        if self.presets.pop(number, None) is not None:
            self.presets_count += 1

    def _speeds(self, drive: "Drive") -> "Aim":
        """Tell how fast each axis can go by what it is told, with its direction."""
        if drive.state != states.MOVING:
            return 0, 0, 0
        pan, tilt, zoom = drive.move
        return (
            _signed(speed_cdeg_per_s(self._settings, abs(pan)), pan),
            _signed(speed_cdeg_per_s(self._settings, abs(tilt)), tilt),
            zoom * self._settings.zoom_permille_per_s_max,
        )

    def _may_have_flipped(self, tilt_permille: int, now_ms: int) -> bool:
        """Whether it can have come to straight down, where many a head turns about by itself."""
        speed = speed_cdeg_per_s(self._settings, -tilt_permille)
        way_cdeg = speed * (now_ms - self.place.oldest_ms()) // MS_PER_S
        return self.place.tilt - way_cdeg <= FLIP_CDEG

    def _drifts(self, now_ms: int) -> "tuple[int, int]":
        """Tell how far axis and zoom can be from what was heard."""
        settings = self._settings
        pace_permille = self._pace.most(self.place.oldest_ms())
        return (
            self.place.drift(speed_cdeg_per_s(settings, pace_permille), now_ms),
            self.place.drift(settings.zoom_permille_per_s_max, now_ms),
        )

    def _past_cdeg(self, round_ms: int, now_ms: int) -> int:
        """Tell how far it can have gone since it should have been heard again."""
        late_ms = self.place.drift(MS_PER_S, now_ms) - round_ms
        if late_ms <= 0:
            return 0
        pace_permille = min(self._pace.most(self.place.oldest_ms()), PERMILLE)
        return speed_cdeg_per_s(self._settings, pace_permille) * late_ms // MS_PER_S

    def _zones_at(self, aim: "Aim", drift_cdeg: int, drift_permille: int) -> "list[Rect]":
        fovs_cdeg = (
            fov_cdeg(self._settings, max(aim[2] - drift_permille, 0)),
            fov_cdeg(self._settings, min(aim[2] + drift_permille, PERMILLE)),
        )
        return zones_in_view(self._settings.zones, (aim[0], aim[1]), fovs_cdeg, drift_cdeg)


def _signed(speed: int, way: int) -> int:
    """Give a speed the sign of a way, and none to no way."""
    return speed if way > 0 else -speed if way < 0 else 0
