"""What a dome can switch, by name: wiper, washer, lamp, day and night, lens, and its menu.

A name stands for a way to say on and a way to say off: an auxiliary, a preset that the head keeps
for it, or a command of its own. What installers wire to auxiliaries differs from pole to pole, so
the settings name those; presets and commands come with the profile of the head.

Source: pelco.md, A3 and A4 (docs/sources.md names the lists behind it).
"""

from firmware.ptz import dialects
from firmware.ptz import drive as states
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.ptz.service import PtzService

    Way = tuple[str, int]

AUX, SET, GO, LEVEL, KEY = "aux", "set", "go", "level", "key"
MENU, DAY_NIGHT = "menu", "day-night"
LINE, FULL, NO_SWITCH = "ptz.line", "ptz.full", "ptz.no_switch"
PELCO_D, PELCO_P = "pelco-d", "pelco-p"
WIRED = {"wiper": 1, "aux-2": 2, "aux-3": 3}  # where the settings name none
FILTER = ((GO, 88), (GO, 89))  # of infrared light: in by day, out by night
MENU_95 = ((SET, 95), (KEY, 0))  # the way out is a key of the menu itself

# Profile: name to the ways to say on (or day) and off (or night).
BY_PROFILE: "dict[str, dict[str, tuple[Way, Way]]]" = {
    "pelco-spectra": {MENU: MENU_95},
    "pelco-esprit": {MENU: MENU_95},
    "pelco-v5": {
        "wiper": ((SET, 86), (GO, 86)),
        "washer": ((SET, 87), (GO, 87)),
        DAY_NIGHT: FILTER,
        MENU: MENU_95,
    },
    "orlaco": {"wiper": ((SET, 86), (GO, 86)), DAY_NIGHT: FILTER},
    "eneo": {MENU: ((SET, 95), (SET, 96))},
}
SHOWN_LEVELS = ("auto_focus", "auto_iris", "backlight")


class Switches:
    """What one dome can switch.

    Args:
        dome: whose line is used.
        profile: name of its profile.
        wired: names of its auxiliaries, as the settings give them; may be empty.
    """

    __slots__ = ("_dome", "_profile", "_ways")

    def __init__(self, dome: "PtzService", profile: str, wired: "dict[str, int]") -> None:
        self._dome = dome
        self._profile = profile
        self._ways: dict[str, tuple[Way, Way]] = {}
        if dome.protocol.aux_max:
            for name, number in (wired or WIRED).items():
                self._ways[name] = ((AUX, number), (AUX, -number))
        if dome.settings.protocol == PELCO_D:
            levels = dialects.look_up(profile)["levels"]
            assert isinstance(levels, dict)
            for name in SHOWN_LEVELS:
                if name in levels:
                    self._ways[name.replace("_", "-")] = ((LEVEL, 1), (LEVEL, 0))
            self._ways.update(BY_PROFILE.get(profile, {}))

    def names(self) -> "list[str]":
        """List what can be switched, the menu besides."""
        return sorted(self._ways)

    def switch(self, name: str, is_on: bool, now_ms: int) -> str:
        """Say on (automatic, day) or off (manual, night); "" or why not."""
        if name not in self._ways or name == MENU:
            return self._dome.report.refuse("switch", NO_SWITCH, now_ms)
        refusal = self.say(name, is_on)
        return self._dome.report.refuse("switch", refusal, now_ms) if refusal else ""

    def say(self, name: str, is_on: bool) -> str:
        """Queue the frame of one way; "" or "ptz.line" or "ptz.full"."""
        dome = self._dome
        if dome.drive.state in {states.LOST, states.CLOSED}:
            return LINE
        kind, number = self._ways[name][0 if is_on else 1]
        if kind == KEY:
            return ""
        if kind == AUX:
            frame = dome.protocol.aux(abs(number), number > 0)
        elif kind == LEVEL:
            what = name.replace("-", "_")
            frame = dialects.switch(self._profile, dome.settings.address, what, is_on)
        else:
            frame = dome.protocol.preset(kind, number)
        return "" if dome.drive.queue(frame) else FULL
