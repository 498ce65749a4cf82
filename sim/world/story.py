"""What people do with a simulated unit: an operator moves the dome and switches sound."""

from sim.devices.chance import Chance
from sim.world.sites import CAMERA, SimSite

OPERATOR = "operator"
RENEW_MS = 400
MINUTE_MS = 60_000
HOLD_COUNT_MAX = 8


class Operator:
    """Somebody at the CMC who now and then takes one unit in hand.

    Args:
        site: the unit.
        chance: a stream of its own.
        gap_ms: mean time between two goes.
    """

    def __init__(self, site: SimSite, chance: Chance, gap_ms: int = 10 * MINUTE_MS) -> None:
        self.move_count = 0
        self.last_move_ms = -1
        """True time of the last renewal that was sent; -1 before the first."""
        self._site = site
        self._chance = chance
        self._gap_ms = gap_ms
        self._is_sound_on = False
        site.timeline.after(chance.gap_ms(gap_ms), self._act)
        site.timeline.after(MINUTE_MS, self._send_cursor)

    def _act(self) -> None:
        if self._chance.below(4):
            pan, tilt = self._chance.between(-1000, 1000), self._chance.between(-1000, 1000)
            self._hold(pan, tilt, self._chance.between(1, HOLD_COUNT_MAX))
        else:
            self._is_sound_on = not self._is_sound_on
            act = "sound.on" if self._is_sound_on else "sound.off"
            self._site.centre.command(act, {"camera": CAMERA}, OPERATOR)
        self._site.timeline.after(self._chance.gap_ms(self._gap_ms), self._act)

    def _hold(self, pan: int, tilt: int, left_count: int) -> None:
        """Renew a move; one time in three the operator vanishes without a stop."""
        if left_count == 0:
            if self._chance.below(3):
                self._site.centre.command("ptz.stop", {"camera": CAMERA}, OPERATOR)
            return
        arguments: dict[str, int | str | bool] = {
            "camera": CAMERA, "pan": pan, "tilt": tilt, "zoom": 0
        }  # fmt: skip
        self._site.centre.command("ptz.move", arguments, OPERATOR)
        self.move_count += 1
        self.last_move_ms = self._site.timeline.now_ms()
        self._site.timeline.after(RENEW_MS, lambda: self._hold(pan, tilt, left_count - 1))

    def _send_cursor(self) -> None:
        self._site.centre.send_cursor()
        self._site.timeline.after(MINUTE_MS, self._send_cursor)
