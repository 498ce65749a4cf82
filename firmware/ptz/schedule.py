"""Hours of the day at a site: when a kept tour runs by itself."""

from firmware.ptz.plan import is_number

MINUTES_PER_DAY = 1440
MS_PER_MINUTE = 60_000
MS_PER_HOUR = 3_600_000
MS_PER_DAY = 86_400_000
HOURS_PER_DAY = 24
MINUTES_PER_HOUR = 60
BY_HAND = "by hand"
MARCH, OCTOBER, LAST_DAY = 3, 10, 31
THURSDAY = 4  # 1 January 1970, where Sunday is 0


def read_hours(text: str) -> "tuple[int, int] | None":
    """Turn "22:00-06:30" into minutes of the day.

    Args:
        text: from when to when, local time; to an earlier time means over midnight.

    Returns:
        first minute and the one that is no more part of it; None when the text is none, or
        both are the same. "24:00" is the end of the day.
    """
    first, dash, last = text.partition("-")
    minutes = [_read_time(part.strip()) for part in (first, last)]
    if not dash or -1 in minutes or minutes[0] == MINUTES_PER_DAY or minutes[0] == minutes[1]:
        return None
    return minutes[0], minutes[1]


def is_within(hours: "tuple[int, int]", minute: int) -> bool:
    """Whether a minute of the day is in the hours."""
    first, end = hours
    return first <= minute < end if first < end else minute >= first or minute < end


def local_minute(utc_ms: int, offset_ms: int, has_summer_time: bool) -> int:
    """Tell the minute of the day at a site, 0 to 1439.

    Args:
        utc_ms: wall clock.
        offset_ms: of the site's winter time from UTC.
        has_summer_time: clocks go an hour forward from the last Sunday of March to the last of
            October, at 01:00 UTC, as in all of Europe.
    """
    summer_ms = MS_PER_HOUR if has_summer_time and _is_summer(utc_ms) else 0
    return (utc_ms + offset_ms + summer_ms) // MS_PER_MINUTE % MINUTES_PER_DAY


def _read_time(text: str) -> int:
    """Turn "06:30" into a minute of the day; -1 when it is none."""
    hour, colon, minute = text.partition(":")
    if not colon or not is_number(hour) or not is_number(minute) or len(minute) != len("00"):
        return -1
    total = int(hour) * MINUTES_PER_HOUR + int(minute)
    is_time = int(minute) < MINUTES_PER_HOUR and total <= MINUTES_PER_DAY
    return total if is_time and int(hour) <= HOURS_PER_DAY else -1


def _is_summer(utc_ms: int) -> bool:
    day = utc_ms // MS_PER_DAY
    year = 1970 + day * 400 // 146_097  # the last day or so of a year may be counted to the next
    begins_ms = _last_sunday(year, MARCH) * MS_PER_DAY + MS_PER_HOUR
    ends_ms = _last_sunday(year, OCTOBER) * MS_PER_DAY + MS_PER_HOUR
    return begins_ms <= utc_ms < ends_ms


def _last_sunday(year: int, month: int) -> int:
    """Give the day since 1970 of the last Sunday of a month of 31 days."""
    # Years that begin in March, so that the leap day is the last of its year.
    days_before = 0 if month == MARCH else 214
    day = 365 * year + year // 4 - year // 100 + year // 400 - 719_468 + days_before + LAST_DAY - 1
    return day - (day + THURSDAY) % 7
