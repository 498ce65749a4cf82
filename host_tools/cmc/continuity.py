"""What became of every second of every stream's days, as units have told it.

The newest event `recording.day` of a day replaces the one before; what does not add up is not
kept, and counted. The format: docs/formats/continuity.md.
"""

import datetime as dt
import json
import sqlite3
from dataclasses import dataclass

from firmware.telemetry.codes import code_of
from firmware.telemetry.messages import EventRecord

SCHEMA = """
CREATE TABLE IF NOT EXISTS continuity (
    unit TEXT NOT NULL, stream TEXT NOT NULL, day INTEGER NOT NULL, is_full INTEGER NOT NULL,
    seconds TEXT NOT NULL, told_utc_ms INTEGER NOT NULL,
    PRIMARY KEY (unit, stream, day)
) WITHOUT ROWID;
"""
CODE = code_of("recording.day")
DAY_S = 86_400
SHOWN_DAY_COUNT = 31
KEPT_DAY_COUNT = 400
SUFFIX = "_s"
WORDS = {
    "recorded": "recorded",
    "overwritten": "overwritten early",
    "privacy": "privacy",
    "disarmed": "no permit",
    "no_picture": "no picture",
    "camera_lost": "camera lost",
    "power": "power off",
    "disk": "disk",
    "no_key": "no key",
    "clock": "clock unknown",
    "sound_off": "sound off",
    "no_sound": "no sound",
}


@dataclass(frozen=True)
class DayTold:
    """One day of one stream.

    Attributes:
        day: days since 1970-01-01.
        is_full: the day was over when it was told.
        seconds: by cause, none that is 0; 86,400 in all where it is full.
    """

    day: int
    is_full: bool
    seconds: dict[str, int]

    def date(self) -> str:
        """Write the day as people do: 2026-11-24."""
        return dt.date.fromordinal(EPOCH_ORDINAL + self.day).isoformat()

    def told_s(self) -> int:
        """How much of the day is accounted for."""
        return sum(self.seconds.values())


EPOCH_ORDINAL = dt.date(1970, 1, 1).toordinal()
DAY_MAX = dt.date.max.toordinal() - EPOCH_ORDINAL


def keep(file: sqlite3.Connection, unit: str, record: EventRecord) -> bool:
    """Keep what an event tells of a day, inside the transaction that stores the event.

    Returns:
        False when it does not add up; then nothing is kept of it but the event itself.
    """
    fields = record.fields
    stream, day, is_full = (fields.get(name) for name in ("stream", "day", "is_full"))
    if not isinstance(stream, str) or not isinstance(is_full, bool):
        return False
    if not isinstance(day, int) or isinstance(day, bool) or not 0 <= day <= DAY_MAX:
        return False
    seconds: dict[str, int] = {}
    for name, value in fields.items():
        cause = name.removesuffix(SUFFIX)
        if cause == name:
            continue
        if not isinstance(value, int) or not 0 <= value <= DAY_S:
            return False
        seconds[cause] = value
    told_s = sum(seconds.values())
    if told_s > DAY_S or (is_full and told_s != DAY_S):
        return False
    file.execute(
        "INSERT INTO continuity VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (unit, stream, day) DO "
        "UPDATE SET is_full = excluded.is_full, seconds = excluded.seconds, "
        "told_utc_ms = excluded.told_utc_ms",
        (unit, stream, day, is_full, json.dumps(seconds, sort_keys=True), record.utc_ms),
    )
    file.execute(
        "DELETE FROM continuity WHERE unit = ? AND stream = ? AND day < ?",
        (unit, stream, day - KEPT_DAY_COUNT),
    )
    return True


def last_days(file: sqlite3.Connection, unit: str) -> dict[str, list[DayTold]]:
    """List the last 31 days that were told of each stream of a unit, oldest first."""
    found: dict[str, list[DayTold]] = {}
    rows = file.execute(
        "SELECT stream, day, is_full, seconds FROM continuity WHERE unit = ? ORDER BY stream, day",
        (unit,),
    ).fetchall()
    for stream, day, is_full, seconds in rows:
        found.setdefault(stream, []).append(DayTold(day, bool(is_full), json.loads(seconds)))
    newest = max((days[-1].day for days in found.values()), default=0)
    return {
        stream: kept
        for stream, days in found.items()
        if (kept := [one for one in days if one.day > newest - SHOWN_DAY_COUNT])
    }


def totals(days: list[DayTold]) -> dict[str, int]:
    """Add days up, cause by cause, in the order in which they are shown."""
    names = [*WORDS, *sorted({name for one in days for name in one.seconds} - set(WORDS))]
    sums = {name: sum(one.seconds.get(name, 0) for one in days) for name in names}
    return {name: total_s for name, total_s in sums.items() if total_s}
