"""What the CMC has taken in, in one SQLite file: events, cursors, commands and the fleet.

The key of an event is (unit, boot, sequence), never a time. `batch()` is one transaction; what was
taken in it counts as stored only when it has been left, because the file is flushed there.
"""

import json
import sqlite3
import threading
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from firmware.commands.message import Command
from firmware.telemetry.messages import EventRecord
from host_tools.cmc import continuity
from host_tools.cmc.transaction import transaction

STORE_FILE = "cmc.sqlite"
STORED, DUPLICATE, AHEAD = "stored", "duplicate", "ahead"
SCHEMA = """
CREATE TABLE IF NOT EXISTS units (
    unit TEXT PRIMARY KEY, kind TEXT NOT NULL, place TEXT NOT NULL, responsible TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS events (
    unit TEXT NOT NULL, boot INTEGER NOT NULL, sequence INTEGER NOT NULL, code INTEGER NOT NULL,
    now_ms INTEGER NOT NULL, utc_ms INTEGER NOT NULL, utc_quality INTEGER NOT NULL,
    received_utc_ms INTEGER NOT NULL, fields TEXT NOT NULL, position INTEGER NOT NULL,
    PRIMARY KEY (unit, boot, sequence)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS cursors (
    unit TEXT PRIMARY KEY, boot INTEGER NOT NULL, sequence INTEGER NOT NULL,
    stored_count INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS gaps (
    unit TEXT NOT NULL, after_boot INTEGER NOT NULL, after_sequence INTEGER NOT NULL,
    until_boot INTEGER NOT NULL, until_sequence INTEGER NOT NULL,
    received_utc_ms INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS commands (
    unit TEXT NOT NULL, sequence INTEGER NOT NULL, issued_utc_ms INTEGER NOT NULL,
    person TEXT NOT NULL, role TEXT NOT NULL, purpose INTEGER NOT NULL, reason TEXT NOT NULL,
    act TEXT NOT NULL, arguments TEXT NOT NULL,
    result TEXT NOT NULL, code TEXT NOT NULL, clause TEXT NOT NULL,
    answered_utc_ms INTEGER NOT NULL,
    PRIMARY KEY (unit, sequence)
) WITHOUT ROWID;
"""
WAITING = "waiting"


class Store:
    """The CMC's file; safe to use from several threads.

    Args:
        path: the SQLite file, made where missing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.touch(mode=0o600)
        self._lock = threading.RLock()
        self._file = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._file.execute("PRAGMA journal_mode=WAL")
        self._file.execute("PRAGMA synchronous=FULL")
        self._file.executescript(SCHEMA + continuity.SCHEMA)
        self.uneven_day_count = 0
        """Days told by units that did not add up, and were not kept."""

    def close(self) -> None:
        """Let go of the file; idempotent."""
        with self._lock:
            self._file.close()

    def batch(self) -> AbstractContextManager[None]:
        """One transaction: all of it is stored when it is left, or none of it."""
        return transaction(self._file, self._lock)

    # The fleet

    def register(self, unit: str, kind: str, place: str, responsible: str) -> None:
        """Put a unit into the fleet's register, or correct its entry."""
        with self.batch():
            self._file.execute(
                "INSERT INTO units VALUES (?, ?, ?, ?) ON CONFLICT (unit) DO UPDATE SET "
                "kind = excluded.kind, place = excluded.place, responsible = excluded.responsible",
                (unit, kind, place, responsible),
            )

    def units(self) -> dict[str, tuple[str, str, str]]:
        """List the register: unit to (kind, place, who is responsible)."""
        rows = self._rows("SELECT unit, kind, place, responsible FROM units ORDER BY unit")
        return {row[0]: (row[1], row[2], row[3]) for row in rows}

    # Events

    def cursor(self, unit: str) -> tuple[int, int]:
        """Tell (boot, sequence) of the last event stored of a unit; (0, 0) before the first."""
        rows = self._rows("SELECT boot, sequence FROM cursors WHERE unit = ?", unit)
        return (rows[0][0], rows[0][1]) if rows else (0, 0)

    def take(self, unit: str, record: EventRecord, received_utc_ms: int) -> str:
        """Take one record of an outbox; call it inside `batch`.

        Returns:
            STORED; DUPLICATE for one at or below the cursor; AHEAD for one whose previous is not
            the cursor, which the unit will send again after what is missing.
        """
        at = self.cursor(unit)
        key = (record.boot, record.sequence)
        previous = (record.previous_boot, record.previous_sequence)
        if key <= at:
            return DUPLICATE
        if previous != at and not record.is_head:
            return AHEAD
        if previous != at:
            self._file.execute(
                "INSERT INTO gaps VALUES (?, ?, ?, ?, ?, ?)", (unit, *at, *key, received_utc_ms)
            )
        self._file.execute(
            "INSERT INTO cursors VALUES (?, ?, ?, 1) ON CONFLICT (unit) DO UPDATE SET "
            "boot = excluded.boot, sequence = excluded.sequence, stored_count = stored_count + 1",
            (unit, *key),
        )
        self._file.execute(
            "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, "
            "(SELECT stored_count FROM cursors WHERE unit = ?))",
            (
                unit,
                *key,
                record.code,
                record.now_ms,
                record.utc_ms,
                record.utc_quality,
                received_utc_ms,
                json.dumps(record.fields, default=_told),
                unit,
            ),
        )
        if record.code == continuity.CODE:
            self.uneven_day_count += not continuity.keep(self._file, unit, record)
        return STORED

    def days(self, unit: str) -> dict[str, list[continuity.DayTold]]:
        """List what became of the last 31 days of each stream of a unit, oldest first."""
        with self._lock:
            return continuity.last_days(self._file, unit)

    def events(self, unit: str, count: int) -> list[tuple[int, int, int, int, str]]:
        """List the newest events of a unit, newest first.

        Returns:
            rows of (boot, sequence, code, utc_ms, fields as JSON).
        """
        return [
            (row[0], row[1], row[2], row[3], row[4])
            for row in self._rows(
                "SELECT boot, sequence, code, utc_ms, fields FROM events WHERE unit = ? "
                "ORDER BY boot DESC, sequence DESC LIMIT ?",
                unit,
                count,
            )
        ]

    def gap_count(self, unit: str) -> int:
        """Count the places where a unit had to give records up."""
        return int(self._rows("SELECT count(*) FROM gaps WHERE unit = ?", unit)[0][0])

    # Commands

    def add_command(self, command: Command, sequence_least: int) -> int:
        """Number a command and keep it, before it is sent.

        Args:
            command: what is asked; its sequence is set here.
            sequence_least: what the unit said it accepts next.

        Returns:
            its sequence: above every one given before, and at least `sequence_least`.
        """
        with self.batch():
            rows = self._rows("SELECT max(sequence) FROM commands WHERE unit = ?", command.unit)
            sequence = max((rows[0][0] or 0) + 1, sequence_least)
            command.sequence = sequence
            self._file.execute(
                "INSERT INTO commands VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', '', 0)",
                (
                    command.unit,
                    sequence,
                    command.issued_utc_ms,
                    command.person,
                    command.role,
                    command.purpose,
                    command.reason,
                    command.act,
                    json.dumps(command.arguments),
                    WAITING,
                ),
            )
            return sequence

    def answer_command(
        self, unit: str, sequence: int, result: tuple[str, str, str], answered_utc_ms: int
    ) -> bool:
        """Keep what a unit answered: (result, code, clause); False for no command of ours."""
        with self.batch():
            changed = self._file.execute(
                "UPDATE commands SET result = ?, code = ?, clause = ?, answered_utc_ms = ? "
                "WHERE unit = ? AND sequence = ?",
                (*result, answered_utc_ms, unit, sequence),
            )
            return changed.rowcount == 1

    def commands(self, unit: str, count: int) -> list[tuple[int, str, str, str, str, str]]:
        """List the newest commands to a unit, newest first.

        Returns:
            rows of (sequence, person, act, arguments as JSON, result, code).
        """
        return [
            (row[0], row[1], row[2], row[3], row[4], row[5])
            for row in self._rows(
                "SELECT sequence, person, act, arguments, result, code FROM commands "
                "WHERE unit = ? ORDER BY sequence DESC LIMIT ?",
                unit,
                count,
            )
        ]

    def _rows(self, query: str, *values: "str | int") -> "list[tuple[Any, ...]]":
        with self._lock:
            return self._file.execute(query, values).fetchall()


def _told(value: bytes) -> str:
    """Write bytes into JSON as hex digits."""
    return value.hex()
