"""The head's own menu, drawn into its picture: opened by a preset, steered by moves.

    closed --open-->  open      the head is sent the preset that opens its menu
    open   --back-->  open      iris close; several lead out of it on most heads
    open   --close--> closed    asked for, or nobody has touched it for a while

While it is open, arrows of the menu are ordinary moves, under every check that a move gets; what
the head says of its position counts for nothing, so a camera with zones shows and keeps nothing.
Nobody can know what a menu turns the head to: where a zone must be avoided, there is no menu.
"""

from firmware.ptz import drive as states
from firmware.ptz.switches import MENU
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.ptz.service import PtzService
    from firmware.ptz.switches import Switches

NO_MENU, FENCED = "ptz.no_menu", "ptz.zone"
OPEN, ENTER, BACK, CLOSE = "open", "enter", "back", "close"
KEYS = {ENTER: 1, BACK: -1}  # iris open, iris close
IDLE_MS_MAX = 60_000
KEY_MS = 150  # of a key press


class Menu:
    """The menu of one dome.

    Args:
        dome: that has it.
        switches: knows how it is opened.
    """

    __slots__ = ("_dome", "_key_until_ms", "_switches", "_until_ms", "is_open")

    def __init__(self, dome: "PtzService", switches: "Switches") -> None:
        self._dome = dome
        self._switches = switches
        self._until_ms = 0
        self._key_until_ms = -1
        self.is_open = False

    def press(self, key: str, now_ms: int) -> str:
        """Open, steer or close it.

        Args:
            key: "open", "enter", "back" or "close".
            now_ms: monotonic.

        Returns:
            "" or why not: "ptz.no_menu" (the head has none, or it is not open), "ptz.zone" (a
            zone must be avoided here), "ptz.line", "ptz.full".
        """
        refusal = self._refusal(key)
        if not refusal and key == OPEN:
            refusal = self._switches.say(MENU, True)
        elif not refusal and key in KEYS:
            refusal = self._dome.lens(0, KEYS[key], now_ms)
            self._key_until_ms = now_ms + KEY_MS
        if refusal:
            return self._dome.report.refuse("menu", refusal, now_ms)
        if key == CLOSE:
            self.close(now_ms)
            return ""
        self._until_ms = now_ms + IDLE_MS_MAX
        if not self.is_open:
            self.is_open = self._dome.sight.is_blind = True
            self._dome.report.emit("ptz.menu_opened", now_ms)
        return ""

    def on_person(self, now_ms: int) -> None:
        """Hear that a person steers it."""
        if self.is_open:
            self._until_ms = now_ms + IDLE_MS_MAX

    def step(self, now_ms: int) -> None:
        """End a key press, and a menu that nobody touches any more."""
        if 0 <= self._key_until_ms <= now_ms:
            self._key_until_ms = -1
            if self._dome.drive.state == states.MOVING:
                self._dome.drive.stop("menu")
        is_elsewhere = self._dome.drive.state in {states.SEEKING, states.LOST}
        if self.is_open and (is_elsewhere or now_ms >= self._until_ms):
            self.close(now_ms)

    def close(self, now_ms: int) -> None:
        """Leave it: by the way out that the head has, and by its key for back."""
        self._switches.say(MENU, False)
        if self._dome.drive.state in {states.IDLE, states.STOPPING}:
            self._dome.lens(0, KEYS[BACK], now_ms)
            self._key_until_ms = now_ms + KEY_MS
        self.is_open = self._dome.sight.is_blind = False
        self._dome.place.forget()
        self._dome.report.emit("ptz.menu_closed", now_ms)

    def _refusal(self, key: str) -> str:
        if MENU not in self._switches.names() or (key != OPEN and not self.is_open):
            return NO_MENU
        return FENCED if key == OPEN and self._dome.settings.fences else ""
