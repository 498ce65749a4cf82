"""Every Pelco-D command as one table: number, name, what its data may be, and its answer.

A row is `(name, form, low, high, reply, is_dangerous)`, found under `cmd1 << 8 | cmd2`.

| form | data1 | data2 |
| --- | --- | --- |
| BYTE | 0 | low..high |
| WORD | the 16-bit number data1 << 8 | data2 is low..high |
| PAIR | (low >> 8)..(high >> 8) | (low & 255)..(high & 255) |

`reply` names what a device that answers sends back, in the words of `replies`. A dangerous
command strands the device or opens its memory; it is encoded only when asked for by name.

Source: Pelco TF-0002 (2003); D Protocol v5.0.1 (2008) for what is marked so in
docs/formats/pelco_d.md.

What a drive says every day is in `everyday`; a board loads the rest only when it is asked for.
"""

from firmware.pelco_d.everyday import BYTE, EVERYDAY, GENERAL, PAIR, REPLIES, WORD

__all__ = ("BYTE", "COMMANDS", "GENERAL", "PAIR", "REPLIES", "WORD")

COMMANDS = EVERYDAY | {
    0x0109: ("led_set", PAIR, 0x00FC, 0xFFFE, GENERAL, False),
    0x010B: ("led_clear", PAIR, 0x00FC, 0xFFFE, GENERAL, False),
    0x000D: ("ping", BYTE, 0, 0, GENERAL, False),
    0x000F: ("remote_reset", BYTE, 0, 0, GENERAL, False),
    0x0011: ("zone_start", BYTE, 1, 8, GENERAL, False),
    0x0013: ("zone_end", BYTE, 1, 8, GENERAL, False),
    0x0015: ("write_character", PAIR, 0x0020, 0x277E, GENERAL, False),
    0x0017: ("clear_screen", BYTE, 0, 0, GENERAL, False),
    0x0019: ("alarm_acknowledge", BYTE, 1, 8, GENERAL, False),
    0x001B: ("zone_scan_on", BYTE, 0, 0, GENERAL, False),
    0x001D: ("zone_scan_off", BYTE, 0, 0, GENERAL, False),
    0x001F: ("pattern_start", BYTE, 0, 8, GENERAL, False),
    0x0021: ("pattern_stop", BYTE, 0, 8, GENERAL, False),
    0x0023: ("pattern_run", BYTE, 0, 8, GENERAL, False),
    0x0025: ("zoom_speed", BYTE, 0, 3, GENERAL, False),
    0x0027: ("focus_speed", BYTE, 0, 3, GENERAL, False),
    0x0029: ("camera_reset", BYTE, 0, 0, GENERAL, False),
    0x002F: ("auto_gain", BYTE, 0, 2, GENERAL, False),
    0x0033: ("auto_white_balance", BYTE, 1, 2, GENERAL, False),
    0x0035: ("device_phase", BYTE, 0, 0, GENERAL, False),
    0x0037: ("shutter", WORD, 0, 30000, GENERAL, False),
    0x0039: ("line_phase", WORD, 0, 0x7FFF, GENERAL, False),
    0x0139: ("line_phase_step", WORD, 0, 0xFFFF, GENERAL, False),
    0x003B: ("white_red_blue", WORD, 0, 0x0300, GENERAL, False),
    0x013B: ("white_red_blue_step", WORD, 0, 0xFFFF, GENERAL, False),
    0x003D: ("white_magenta_green", WORD, 0, 0x0300, GENERAL, False),
    0x013D: ("white_magenta_green_step", WORD, 0, 0xFFFF, GENERAL, False),
    0x003F: ("gain", WORD, 0, 0x01C0, GENERAL, False),
    0x013F: ("gain_step", WORD, 0, 0xFFFF, GENERAL, False),
    0x0041: ("iris_level", WORD, 0, 0xFF, GENERAL, False),
    0x0141: ("iris_level_step", WORD, 0, 0xFFFF, GENERAL, False),
    0x0043: ("iris_peak", WORD, 0, 0xFF, GENERAL, False),
    0x0143: ("iris_peak_step", WORD, 0, 0xFFFF, GENERAL, False),
    0x0045: ("query", WORD, 0, 0xFFFF, "part_number", False),
    0x0047: ("preset_scan", BYTE, 1, 255, GENERAL, False),
    0x0049: ("zero_set", BYTE, 0, 0, GENERAL, False),
    0x004B: ("pan_set", WORD, 0, 35999, GENERAL, False),
    0x004D: ("tilt_set", WORD, 0, 35999, GENERAL, False),
    0x004F: ("zoom_set", WORD, 0, 0xFFFF, GENERAL, False),
    0x0057: ("download_prepare", BYTE, 0, 0, GENERAL, True),
    0x005F: ("magnification_set", WORD, 1, 0xFFFF, GENERAL, False),
    0x015F: ("magnification_step", WORD, 0, 0xFFFF, GENERAL, False),
    0x0061: ("query_magnification", BYTE, 0, 0, "magnification", False),
    0x0065: ("echo_mode", BYTE, 0, 0, GENERAL, True),
    0x0067: ("baud_set", BYTE, 0, 5, GENERAL, True),
    0x0069: ("download_start", BYTE, 0, 0, GENERAL, True),
    0x006B: ("query_device_type", BYTE, 0, 0, "device_type", False),
    0x006F: ("query_diagnostic", BYTE, 0, 0, "diagnostic", False),
    0x0073: ("query_version", BYTE, 0, 0, "version", False),
    0x0273: ("query_build", BYTE, 0, 0, "build", False),
    0x0075: ("query_azimuth_zero", BYTE, 0, 0, "azimuth_zero", False),
    0x0275: ("zoom_limit_set", WORD, 100, 0xFFFF, GENERAL, False),
    0x0375: ("query_zoom_limit", BYTE, 0, 0, "zoom_limit", False),
    0x0575: ("query_alarms", BYTE, 0, 0, "alarms", False),
    0x0775: ("pattern_delete", BYTE, 0, 8, GENERAL, False),
    0x0875: ("manual_left_limit_set", WORD, 0, 35999, GENERAL, False),
    0x0975: ("manual_right_limit_set", WORD, 0, 35999, GENERAL, False),
    0x0A75: ("scan_left_limit_set", WORD, 0, 35999, GENERAL, False),
    0x0B75: ("scan_right_limit_set", WORD, 0, 35999, GENERAL, False),
    0x0C75: ("query_limit", BYTE, 0, 3, "limit", False),
    0x0E75: ("limits_enable", BYTE, 0, 1, GENERAL, False),
    0x0F75: ("query_presets", BYTE, 0, 255, "presets", False),
    0x1175: ("query_patterns", BYTE, 0, 255, "patterns", False),
    0x0077: ("seconds_set", BYTE, 0, 59, GENERAL, False),
    0x0177: ("query_seconds", BYTE, 0, 0, "seconds", False),
    0x0277: ("hour_minute_set", PAIR, 0, 23 << 8 | 59, GENERAL, False),
    0x0377: ("query_hour_minute", BYTE, 0, 0, "hour_minute", False),
    0x0477: ("month_day_set", PAIR, 1 << 8 | 1, 12 << 8 | 31, GENERAL, False),
    0x0577: ("query_month_day", BYTE, 0, 0, "month_day", False),
    0x0677: ("year_set", WORD, 1970, 9999, GENERAL, False),
    0x0777: ("query_year", BYTE, 0, 0, "year", False),
    0x0079: ("screen_move_to", WORD, 0, 0xFFFF, GENERAL, False),
    0x0179: ("screen_move_by", WORD, 0, 0xFFFF, GENERAL, False),
}
