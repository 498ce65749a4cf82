"""Why a second is recorded or missing: the words of the continuity ledger, in stored order.

A new cause takes the next place before the last; none is ever moved or taken out. What each means:
docs/formats/continuity.md.
"""

NAMES = (
    "recorded",
    "privacy",
    "disarmed",
    "no_picture",
    "power",
    "disk",
    "camera_lost",
    "no_key",
    "clock",
    "sound_off",
    "no_sound",
    "overwritten",  # told, never stored: recorded once, and overwritten before its 31 days
)
RECORDED, PRIVACY, DISARMED, NO_PICTURE, POWER, DISK = range(6)
CAMERA_LOST, NO_KEY, CLOCK, SOUND_OFF, NO_SOUND = range(6, 11)
CAUSE_COUNT = len(NAMES) - 1
CERTAIN = (PRIVACY, DISARMED, SOUND_OFF)
"""While one of these holds nothing can be on its way to the ring any more."""
