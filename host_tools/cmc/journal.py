"""A list of records that only grows, each bound to the one before it.

    sha256(n) = SHA-256(CBOR of [sha256(n-1), n, kind, request, utc_ms, body as bytes])

What is changed, taken out or put in between later shows, because every hash after it is wrong.
Records cut off at the end do not show here; they show where a hash was handed out: the manifest of
an export holds the hash of the request and of the review that it rests on.
"""

import hashlib
import sqlite3
import threading
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from firmware.cbor.decode import loads
from firmware.cbor.encode import dumps
from firmware.errors import RemoteProtocolError
from host_tools.cmc.transaction import transaction

FIRST_HASH = bytes(32)
SCHEMA = """
CREATE TABLE IF NOT EXISTS records (
    number INTEGER PRIMARY KEY, kind TEXT NOT NULL, request TEXT NOT NULL,
    utc_ms INTEGER NOT NULL, body BLOB NOT NULL, sha256 BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS by_request ON records (request);
CREATE TRIGGER IF NOT EXISTS no_update BEFORE UPDATE ON records
    BEGIN SELECT RAISE(ABORT, 'records are never changed'); END;
CREATE TRIGGER IF NOT EXISTS no_delete BEFORE DELETE ON records
    BEGIN SELECT RAISE(ABORT, 'records are never deleted'); END;
"""
# Whatever somebody put there is read as bytes; each way has a statement, so that it has its index.
OF_ALL = (
    "SELECT number, kind, request, utc_ms, CAST(body AS BLOB), CAST(sha256 AS BLOB) "
    "FROM records WHERE ?1 IN ('', kind) ORDER BY number"
)
OF_REQUEST = (
    "SELECT number, kind, request, utc_ms, CAST(body AS BLOB), CAST(sha256 AS BLOB) "
    "FROM records WHERE request = ?1 AND ?2 IN ('', kind) ORDER BY number"
)
BY_NUMBER = (
    "SELECT number, kind, request, utc_ms, CAST(body AS BLOB), CAST(sha256 AS BLOB) "
    "FROM records WHERE number = ?1"
)
Body = dict[str, object]
Row = tuple[int, str, str, int, bytes, bytes]


@dataclass(frozen=True)
class Record:
    """One record.

    Attributes:
        number: 1 for the first.
        kind: what it is.
        request: id of the request that it belongs to.
        utc_ms: when it was written, by the CMC's clock.
        body: its fields.
        sha256: its hash, in hex.
    """

    number: int
    kind: str
    request: str
    utc_ms: int
    body: Body
    sha256: str


class Journal:
    """Keeps records in one file; several processes may write to it.

    Args:
        path: of the file; made where there is none.
    """

    def __init__(self, path: Path) -> None:
        path.touch(mode=0o600)
        self._lock = threading.RLock()
        self._file = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._file.execute("PRAGMA busy_timeout=5000")
        self._file.execute("PRAGMA synchronous=EXTRA")
        self._file.executescript(SCHEMA)

    def close(self) -> None:
        """Let go of the file; idempotent."""
        with self._lock:
            self._file.close()

    def writing(self) -> AbstractContextManager[None]:
        """Keep others from writing until what was read has been acted on."""
        return transaction(self._file, self._lock)

    def append(self, kind: str, request: str, utc_ms: int, body: Mapping[str, object]) -> Record:
        """Write a record down; call it inside `writing`."""
        number, before = 1, FIRST_HASH
        row = self._file.execute(
            "SELECT number, sha256 FROM records ORDER BY number DESC LIMIT 1"
        ).fetchone()
        if row is not None:
            number, before = row[0] + 1, row[1]
        data = dumps(dict(body))
        own = _hash(before, (number, kind, request, utc_ms), data)
        self._file.execute(
            "INSERT INTO records VALUES (?, ?, ?, ?, ?, ?)",
            (number, kind, request, utc_ms, data, own),
        )
        return Record(number, kind, request, utc_ms, dict(body), own.hex())

    def records(self, kind: str = "", request: str = "") -> list[Record]:
        """List records, oldest first; of one kind, or of one request, or all."""
        return [_record(row) for row in self._rows(kind, request)]

    def newest(self) -> int:
        """Tell the number of the newest record; 0 for none."""
        with self._lock:
            row = self._file.execute("SELECT COALESCE(MAX(number), 0) FROM records").fetchone()
        return int(row[0])

    def requests_since(self, number: int) -> list[str]:
        """List the requests that have records after one, each once."""
        with self._lock:
            rows = self._file.execute(
                "SELECT DISTINCT request FROM records WHERE number > ?", (number,)
            ).fetchall()
        return [str(row[0]) for row in rows]

    def record(self, number: int) -> Record | None:
        """Give one record; None where there is none of that number."""
        with self._lock:
            row = self._file.execute(BY_NUMBER, (number,)).fetchone()
        return _record(row) if row else None

    def check(self) -> list[str]:
        """Tell every record that is not as it was written; empty for a whole journal."""
        faults: list[str] = []
        before, expected = FIRST_HASH, 1
        for number, kind, request, utc_ms, data, own in self._rows():
            if number != expected:
                faults.append(f"records {expected} to {number - 1} are missing")
            if _hash(before, (number, kind, request, utc_ms), data) != own:
                faults.append(f"record {number} ({kind} of {request}) is not as it was written")
            before, expected = own, number + 1
        return faults

    def _rows(self, kind: str = "", request: str = "") -> list[Row]:
        with self._lock:
            if request:
                return self._file.execute(OF_REQUEST, (request, kind)).fetchall()
            return self._file.execute(OF_ALL, (kind,)).fetchall()


def _record(row: Row) -> Record:
    number, kind, request, utc_ms, data, own = row
    return Record(number, kind, request, utc_ms, _body(data), own.hex())


def _hash(before: bytes, head: tuple[int, str, str, int], data: bytes) -> bytes:
    return hashlib.sha256(dumps([before, *head, data])).digest()


def _body(data: bytes) -> Body:
    try:
        value = loads(data)
    except RemoteProtocolError:
        return {}
    return {str(key): item for key, item in value.items()} if isinstance(value, dict) else {}
