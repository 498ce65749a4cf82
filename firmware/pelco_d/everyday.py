"""The commands that a drive says every day, and the names of all replies.

Rows are as in `opcodes`, which is the whole table. One tuple a row costs a board about 60 bytes,
classes would cost four times that; the ninety rows that it hardly ever says cost it nothing.
"""

BYTE, WORD, PAIR = 1, 2, 3

GENERAL = "general"

EVERYDAY = {
    0x0003: ("preset_set", BYTE, 1, 255, GENERAL, False),
    0x0005: ("preset_clear", BYTE, 1, 255, GENERAL, False),
    0x0007: ("preset_go", BYTE, 1, 255, GENERAL, False),
    0x0009: ("aux_set", BYTE, 1, 8, GENERAL, False),
    0x000B: ("aux_clear", BYTE, 1, 8, GENERAL, False),
    0x002B: ("auto_focus", BYTE, 0, 2, GENERAL, False),
    0x002D: ("auto_iris", BYTE, 0, 2, GENERAL, False),
    0x0031: ("backlight", BYTE, 1, 2, GENERAL, False),
    0x0051: ("query_pan", BYTE, 0, 0, "pan", False),
    0x0053: ("query_tilt", BYTE, 0, 0, "tilt", False),
    0x0055: ("query_zoom", BYTE, 0, 0, "zoom", False),
}

# Extended replies: the name and the number that stands in the reply's command bytes. The reply to
# a version, Everest or time question carries the question's opcode and its own sub-number.
REPLIES = {
    "ack": 0x0001,
    "pan": 0x0059,
    "tilt": 0x005B,
    "zoom": 0x005D,
    "magnification": 0x0063,
    "device_type": 0x006D,
    "diagnostic": 0x0071,
    "version": 0x0173,
    "build": 0x0373,
    "azimuth_zero": 0x0175,
    "zoom_limit": 0x0475,
    "alarms": 0x0675,
    "limit": 0x0D75,
    "presets": 0x1075,
    "patterns": 0x1275,
    "seconds": 0x0177,
    "hour_minute": 0x0377,
    "month_day": 0x0577,
    "year": 0x0777,
}
