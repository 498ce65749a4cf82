"""Local time of a site is what Python's calendar says, at any instant of a century."""

import calendar
import datetime as dt
import os
import random

from firmware.ptz.schedule import is_within, local_minute, read_hours

SEED = int(os.environ.get("LAMPPOST_SEED", "20261124"))
SAMPLE_COUNT = int(os.environ.get("LAMPPOST_SAMPLES", "0")) or 4_000
UTC = dt.UTC
FIRST_S, LAST_S = 946_684_800, 4_102_444_800  # 2000 to 2100


def last_sunday(year: int, month: int) -> dt.datetime:
    """The change of clocks: 01:00 UTC of the last Sunday of a month."""
    day = max(week[calendar.SUNDAY] for week in calendar.monthcalendar(year, month))
    return dt.datetime(year, month, day, 1, tzinfo=UTC)


def test_local_time_is_that_of_the_calendar():
    chance = random.Random(SEED)
    changes = [last_sunday(year, month) for year in range(2000, 2100) for month in (3, 10)]
    for count in range(SAMPLE_COUNT):
        at_s = chance.randrange(FIRST_S, LAST_S)
        if count % 4 == 0:
            at_s = int(chance.choice(changes).timestamp()) + chance.randrange(-2, 3)
        offset_h, has_summer = chance.randrange(-12, 15), count % 2 == 0
        moment = dt.datetime.fromtimestamp(at_s, UTC)
        is_summer = last_sunday(moment.year, 3) <= moment < last_sunday(moment.year, 10)
        shift_h = offset_h + (has_summer and is_summer)
        local = moment + dt.timedelta(hours=shift_h)
        want = local.hour * 60 + local.minute
        assert local_minute(at_s * 1000, offset_h * 3_600_000, has_summer) == want, (SEED, moment)


def test_every_minute_is_in_the_hours_or_in_their_complement():
    chance = random.Random(SEED)
    for _ in range(300):
        first, end = chance.randrange(1440), chance.randrange(1440)
        texts = [f"{m // 60:02d}:{m % 60:02d}" for m in (first, end)]
        hours, others = read_hours("-".join(texts)), read_hours("-".join(reversed(texts)))
        assert (hours is None) == (first == end), texts
        for minute in range(1440):
            if hours is not None and others is not None:
                assert is_within(hours, minute) != is_within(others, minute), (texts, minute)
