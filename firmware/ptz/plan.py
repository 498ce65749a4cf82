"""Reads the plan of a tour and says whether a dome may be sent along it.

A plan is text: "3:20 4:15" stays 20 s at preset 3, then 15 s at preset 4, and so on for ever. One
step "3:0" means: go there once, and again whenever people have let go; that is parking. "p2:10"
plays pattern 2 from where it begins and then stays 10 s. "3:20@250" travels to preset 3 at a
quarter of full speed, where the head tells its position and the preset's place is known.
"""

from firmware.ptz.model import is_reserved
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.ptz.service import PtzService

    Stops = list[tuple[int, int, int]]

PLAN, NO_PATTERN = "ptz.plan", "ptz.no_pattern"
RANGE, RESERVED = "ptz.range", "ptz.reserved"
ZONE, UNLEARNED = "ptz.zone", "ptz.unlearned"
STOP_COUNT_MAX = 32
PRESET_MAX = 255
PATTERN_MAX = 4
PATTERN_MARK, SPEED_MARK = "p", "@"
SPEED_MIN, SPEED_MAX = 20, 1000
DWELL_MS_MIN, DWELL_MS_MAX = 2_000, 3_600_000
DIGIT_COUNT_MAX = 4
MS_PER_S = 1000


def read_plan(text: str) -> "Stops":
    """Turn the text of a plan into stops.

    Args:
        text: "preset:seconds" one after the other, 1 to 32 of them; presets 1 to 255, 2 to 3600
            seconds, or a single one with 0 seconds; "p1" to "p4" stand for a pattern; "@" and 20
            to 1000 permille may follow.

    Returns:
        (preset, or minus the number of a pattern; dwell_ms; speed in permille, 0 for the head's
        own) for each stop; empty when the text is no plan.
    """
    stops: Stops = []
    for word in text.split():
        place, colon, rest = word.partition(":")
        dwell, at, speed = rest.partition(SPEED_MARK)
        is_pattern = place.startswith(PATTERN_MARK)
        number = place[1:] if is_pattern else place
        if not colon or not is_number(number) or not is_number(dwell):
            return []
        if not 1 <= int(number) <= (PATTERN_MAX if is_pattern else PRESET_MAX):
            return []
        if at and not (is_number(speed) and SPEED_MIN <= int(speed) <= SPEED_MAX):
            return []
        preset = -int(number) if is_pattern else int(number)
        stops.append((preset, int(dwell) * MS_PER_S, int(speed) if at else 0))
    is_parking = len(stops) == 1 and stops[0][0] > 0 and stops[0][1] == 0
    for _, dwell_ms, _ in stops:
        if not is_parking and not DWELL_MS_MIN <= dwell_ms <= DWELL_MS_MAX:
            return []
    return stops if len(stops) <= STOP_COUNT_MAX else []


def preset_fault(dome: "PtzService", number: int) -> str:
    """Say why a dome may not be sent to a preset; "" when it may."""
    if not 1 <= number <= dome.protocol.preset_max:
        return RANGE
    if is_reserved(dome.settings, number):
        return RESERVED
    known = dome.sight.presets.get(number)
    if dome.settings.zones and known is None:
        return UNLEARNED
    return ZONE if known is not None and dome.sight.shows_zone(known) else ""


def is_number(text: str) -> bool:
    """Whether a text is up to four digits and nothing else; "isdigit" takes far more."""
    return 1 <= len(text) <= DIGIT_COUNT_MAX and all("0" <= letter <= "9" for letter in text)
