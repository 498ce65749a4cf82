"""Hours of the day are read or refused, wrap over midnight, and follow summer time."""

from firmware.ptz.schedule import is_within, local_minute, read_hours

MICROPYTHON_HEAP = "8m"
HOUR_MS = 3_600_000
# The last second before and the first of summer and of winter time, and a leap day; UTC.
BEFORE_SUMMER_MS, BEFORE_WINTER_MS = 1_774_745_999_000, 1_792_889_999_000
LEAP_NOON_MS = 1_709_208_000_000


def test_hours_are_read_or_refused():
    good = (
        ("22:00-06:30", (1320, 390)),
        ("00:00-24:00", (0, 1440)),
        ("7:05 - 08:00", (425, 480)),
    )
    for text, want in good:
        assert read_hours(text) == want, text
    wrong = ("", "by hand", "22-06", "22:00", "22:00-", "24:00-06:00", "25:00-06:00",
             "06:60-07:00", "06:00-06:00", "06:0-07:00", "06:00-24:01",
             "06:00-07:00-08:00", "6:00pm-7:00pm", "-1:00-06:00", "0\u0666:00-07:00")  # fmt: skip
    for text in wrong:
        assert read_hours(text) is None, text


def test_hours_may_go_over_midnight():
    for hours, inside, outside in (
        ((1320, 390), (1320, 1439, 0, 389), (390, 1319)),
        ((425, 480), (425, 479), (424, 480, 0)),
        ((0, 1440), (0, 1439), ()),
    ):
        assert all(is_within(hours, minute) for minute in inside), hours
        assert not any(is_within(hours, minute) for minute in outside), hours


def test_local_time_follows_offset_and_summer():
    for utc_ms, offset_h, has_summer, want in (
        (BEFORE_SUMMER_MS, 0, True, "00:59"),
        (BEFORE_SUMMER_MS + 1000, 0, True, "02:00"),
        (BEFORE_SUMMER_MS + 1000, 0, False, "01:00"),
        (BEFORE_WINTER_MS, 0, True, "01:59"),
        (BEFORE_WINTER_MS + 1000, 0, True, "01:00"),
        (BEFORE_WINTER_MS + 1000, 1, True, "02:00"),
        (LEAP_NOON_MS, 0, True, "12:00"),
        (LEAP_NOON_MS, -12, True, "00:00"),
        (LEAP_NOON_MS, 14, False, "02:00"),
    ):
        minute = local_minute(utc_ms, offset_h * HOUR_MS, has_summer)
        assert "%02d:%02d" % divmod(minute, 60) == want, (utc_ms, offset_h, has_summer)
