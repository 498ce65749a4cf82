"""The days of one stream: what became of each millisecond of them, which always adds up.

    row 0 | row 1 | ... | newest row       one row for each UTC day, no day left out
    86,400,000 | 86,400,000 | ... | frontier - midnight      sum of each row

Whoever fills says up to when and why; there is no other way to put time in, so no clock can make a
day longer than it is. Stored form: docs/formats/continuity.md.
"""

from firmware.errors import DamagedError
from firmware.recorder.causes import (
    CAMERA_LOST,
    CAUSE_COUNT,
    CLOCK,
    DISARMED,
    DISK,
    NAMES,
    NO_KEY,
    NO_PICTURE,
    NO_SOUND,
    POWER,
    PRIVACY,
    RECORDED,
    SOUND_OFF,
)
from firmware.ring.varint import Cursor, put_uint
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

DAY_MS = 86_400_000
S_MS = 1_000
ROW_COUNT_MAX = 32  # today and the 31 days before
# What gives way first when a clock went back; what was recorded is the last.
_GIVING = (
    CLOCK,
    POWER,
    NO_PICTURE,
    CAMERA_LOST,
    NO_SOUND,
    DISK,
    NO_KEY,
    SOUND_OFF,
    DISARMED,
    PRIVACY,
    RECORDED,
)


class Row:
    """One UTC day.

    Attributes:
        day: days since 1970-01-01.
        generation: the first that was, or would be, opened on it.
        spent_ms: milliseconds by cause.
        told: what was last told of it; () for nothing.
    """

    __slots__ = ("day", "generation", "spent_ms", "told")

    def __init__(self, day: int, generation: int) -> None:
        self.day = day
        self.generation = generation
        self.spent_ms = [0] * CAUSE_COUNT
        self.told: tuple[int, ...] = ()


class Days:
    """What became of each millisecond of one stream's last 32 days."""

    __slots__ = ("dropped_ms", "frontier_ms", "rows")

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.frontier_ms = 0
        """UTC up to which everything is accounted for; 0 before the first moment."""
        self.dropped_ms = 0
        """Time that a wall clock told twice; only rises."""

    def fill(self, until_ms: int, cause: int, generation: int) -> None:
        """Account for the time from the frontier to a moment.

        Args:
            until_ms: UTC; nothing happens when it is not behind the frontier.
            cause: index into CAUSES; the first moment of all gives the day before it to POWER.
            generation: that the stream's partition would open next.
        """
        if until_ms <= self.frontier_ms:
            return
        day = until_ms // DAY_MS
        if not self.frontier_ms or day - self.frontier_ms // DAY_MS > ROW_COUNT_MAX:
            self.rows = []
            self.frontier_ms = day * DAY_MS
            cause = POWER
        while self.frontier_ms < until_ms:
            self._fill_row(until_ms, cause, generation)
        while len(self.rows) > ROW_COUNT_MAX:
            del self.rows[0]

    def _fill_row(self, until_ms: int, cause: int, generation: int) -> None:
        """Account for time up to the end of the frontier's day at most."""
        day = self.frontier_ms // DAY_MS
        if not self.rows or self.rows[-1].day < day:
            self.rows.append(Row(day, generation))
        end_ms = min(until_ms, (day + 1) * DAY_MS)
        self.rows[-1].spent_ms[cause] += end_ms - self.frontier_ms
        self.frontier_ms = end_ms

    def rebase(self, utc_ms: int) -> None:
        """Take that it is earlier than was believed: days to come are struck, today is cut."""
        if utc_ms >= self.frontier_ms:
            return
        day = utc_ms // DAY_MS
        while self.rows and self.rows[-1].day > day:
            self.dropped_ms += sum(self.rows.pop().spent_ms)
        if not self.rows or self.rows[-1].day < day:
            # What was written of this day went with the days that never were.
            self.frontier_ms = (self.rows[-1].day + 1) * DAY_MS if self.rows else 0
            generation = self.rows[-1].generation if self.rows else 0
            self.fill(utc_ms, CLOCK, generation)
            return
        spent_ms = self.rows[-1].spent_ms
        over_ms = sum(spent_ms) - (utc_ms - day * DAY_MS)
        self.dropped_ms += over_ms
        for cause in _GIVING:
            taken_ms = min(over_ms, spent_ms[cause])
            spent_ms[cause] -= taken_ms
            over_ms -= taken_ms
        self.frontier_ms = utc_ms

    def lose_medium(self) -> None:
        """Take that the medium is another one: what was recorded on it went with the disk."""
        for row in self.rows:
            row.spent_ms[DISK] += row.spent_ms[RECORDED]
            row.spent_ms[RECORDED] = 0
            row.generation = 0

    def told_s(
        self, index: int, oldest: int, newest: int, kept: "Sequence[tuple[int, int]]" = ()
    ) -> "dict[str, int]":
        """Tell a row in whole seconds by cause, none that is 0; they add up like the row.

        Args:
            index: of the row.
            oldest: generation that is still on the medium.
            newest: generation of the partition.
            kept: (first, end) of older generations that holds keep on the medium, none twice.
        """
        row = self.rows[index]
        after = self.rows[index + 1].generation if index + 1 < len(self.rows) else newest + 1
        count = after - row.generation
        end = row.generation + max(0, min(oldest - row.generation, count))
        gone = end - row.generation
        for first, behind in kept:
            gone -= max(0, min(behind, end) - max(first, row.generation))
        spent_ms = list(row.spent_ms)
        spent_ms.append(0)
        if gone:
            spent_ms[CAUSE_COUNT] = spent_ms[RECORDED] * gone // count
            spent_ms[RECORDED] -= spent_ms[CAUSE_COUNT]
        spent_s = whole_seconds(spent_ms)
        return {NAMES[at]: spent_s[at] for at in range(len(NAMES)) if spent_s[at]}

    def pack(self, count: int) -> bytes:
        """Write the newest rows down, with the frontier."""
        out = bytearray()
        rows = self.rows[-count:] if count else []
        put_uint(out, self.frontier_ms)
        put_uint(out, len(rows))
        day = generation = 0
        for row in rows:
            put_uint(out, row.day - day)
            put_uint(out, max(0, row.generation - generation))
            day, generation = row.day, max(generation, row.generation)
            used = [cause for cause in range(CAUSE_COUNT) if row.spent_ms[cause]]
            put_uint(out, sum(1 << cause for cause in used))
            for cause in used:
                put_uint(out, row.spent_ms[cause])
        return bytes(out)

    def unpack(self, data: bytes) -> None:
        """Take rows that were written down, and forget the present ones.

        Raises:
            DamagedError: the bytes are none of `pack`, or do not add up; nothing was changed.
        """
        cursor = Cursor(data)
        frontier_ms, count = cursor.take_uint(), cursor.take_uint()
        if count > ROW_COUNT_MAX:
            raise DamagedError("the ledger has %d days of %d" % (count, ROW_COUNT_MAX))
        rows: list[Row] = []
        day = generation = 0
        for _ in range(count):
            day += cursor.take_uint()
            generation += cursor.take_uint()
            row = Row(day, generation)
            used = cursor.take_uint()
            if used >> CAUSE_COUNT:
                raise DamagedError("the ledger has a cause that is not known: %d" % used)
            for cause in range(CAUSE_COUNT):
                row.spent_ms[cause] = cursor.take_uint() if used >> cause & 1 else 0
            rows.append(row)
        _check(rows, frontier_ms)
        self.rows, self.frontier_ms = rows, frontier_ms

    def take_newer(self, other: "Days") -> None:
        """Take the rows of a later copy that holds only the newest of them."""
        if other.frontier_ms <= self.frontier_ms or not other.rows:
            return
        first = other.rows[0]
        while self.rows and self.rows[-1].day >= first.day:
            self.rows.pop()
        if self.rows:
            # Days that only a copy that is lost told of.
            self.frontier_ms = (self.rows[-1].day + 1) * DAY_MS
            self.fill(first.day * DAY_MS, CLOCK, first.generation)
        self.rows += other.rows
        self.frontier_ms = other.frontier_ms
        while len(self.rows) > ROW_COUNT_MAX:
            del self.rows[0]


def whole_seconds(spent_ms: "Sequence[int]") -> "list[int]":
    """Round milliseconds to seconds so that the sum is that of all, rounded down."""
    spent_s = [value // S_MS for value in spent_ms]
    left_s = sum(spent_ms) // S_MS - sum(spent_s)
    by_rest = sorted([(-(spent_ms[at] % S_MS), at) for at in range(len(spent_s))])
    for _, at in by_rest[:left_s]:
        spent_s[at] += 1
    return spent_s


def _check(rows: "list[Row]", frontier_ms: int) -> None:
    """Refuse rows that are not day after day, or do not add up."""
    for at, row in enumerate(rows):
        is_last = at + 1 == len(rows)
        want_ms = frontier_ms - row.day * DAY_MS if is_last else DAY_MS
        is_next = at == 0 or row.day == rows[at - 1].day + 1
        if sum(row.spent_ms) != want_ms or not is_next or want_ms > DAY_MS:
            raise DamagedError(
                "the ledger's day %d has %d ms and should have %d"
                % (row.day, sum(row.spent_ms), want_ms)
            )
