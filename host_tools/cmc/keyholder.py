"""Who can read the last 31 days, and nobody further back.

Every chain of epoch secrets is held at one place only: the oldest epoch that may still be read.
The keyholder steps it forward on its own clock; what lies behind cannot be worked out again by
anybody, which is how footage dies. A chain handed over younger than 31 days is held at its first
secret until its time comes. The clock may be wrong: put back it is not believed, neither by a
running keyholder nor by one that starts again; put forward it only shortens a life.

A secret opens everything after it, so none is ever handed over. What is, for one accepted request,
are the content keys of segments whose epoch lies in its range; each release is written down first.

The file must not be backed up: an old copy of it would bring back what has died.
"""

import hashlib
import hmac
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from firmware.keys.ratchet import BOOT_COUNT_MAX, EPOCH_MS, LIFE_MS, epoch_of, oldest_epoch
from firmware.ring.segments import KEY_ID_BYTES, KEY_ID_LABEL
from host_tools.cmc.footage import Footage, Person, RefusedError
from host_tools.cmc.requests import Register

KEYHOLDER_FILE = "keyholder.sqlite"
SECRET_BYTES = 32
PICTURE_CHAIN, SOUND_PREFIX = "picture", "sound:"
LABEL_BYTES = 40
KEEP_CLOCK_EVERY_MS = 30_000
WANTED_COUNT_MAX = 1 << 20
SegmentName = tuple[bytes, bytes]
"""Key id and label of a segment."""
SCHEMA = """
CREATE TABLE IF NOT EXISTS chains (
    unit TEXT NOT NULL, chain TEXT NOT NULL, first_epoch INTEGER NOT NULL,
    epoch INTEGER NOT NULL, secret BLOB NOT NULL, PRIMARY KEY (unit, chain)
);
CREATE TABLE IF NOT EXISTS clock (number INTEGER PRIMARY KEY CHECK (number = 1), utc_ms INTEGER);
INSERT OR IGNORE INTO clock VALUES (1, 0);
"""


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000


class ReleaseRefusedError(RefusedError):
    """Keys are not handed over."""


class Keyholder:
    """Holds the chains of all units.

    Args:
        path: its own SQLite file, apart from everything else the CMC stores.
        utc_ms: its own clock.
        now_ms: monotonic.
    """

    def __init__(
        self, path: Path, utc_ms: Callable[[], int], now_ms: Callable[[], int] = _now_ms
    ) -> None:
        path.touch(mode=0o600)
        self._utc_ms = utc_ms
        self._now_ms = now_ms
        self._lock = threading.RLock()
        self._file = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        # A secret that was stepped over must not stay behind in a free page or a write-ahead log.
        self._file.execute("PRAGMA journal_mode=TRUNCATE")
        self._file.execute("PRAGMA secure_delete=ON")
        self._file.execute("PRAGMA synchronous=EXTRA")
        self._file.executescript(SCHEMA)
        self._latest = (now_ms(), int(self._rows("SELECT utc_ms FROM clock")[0][0]))

    def close(self) -> None:
        """Let go of the file; idempotent."""
        with self._lock:
            self._file.close()

    def utc_ms(self) -> int:
        """Tell the time, by this clock."""
        return self._utc_ms()

    def latest_utc_ms(self) -> int:
        """Tell the latest that it can be: what is due by it is dead for this keyholder.

        That is this clock, or the latest ever seen and what passed since.
        """
        now_ms, (then_ms, seen_utc_ms) = self._now_ms(), self._latest
        self._latest = (now_ms, max(self._utc_ms(), seen_utc_ms + now_ms - then_ms))
        return self._latest[1]

    def epoch(self) -> int:
        """Tell the epoch of now, by this clock."""
        return epoch_of(self._utc_ms())

    def oldest_epoch(self) -> int:
        """Tell the oldest epoch none of whose footage is 31 days old."""
        return oldest_epoch(self.latest_utc_ms())

    def add(self, unit: str, chain: str, epoch: int, secret: bytes) -> None:
        """Take a chain over, at a claim or with a grant.

        Args:
            unit: whose it is.
            chain: "picture", or "sound:<grant id>".
            epoch: of which `secret` is the secret.
            secret: 32 bytes.

        Raises:
            ValueError: the secret has another length.
            ReleaseRefusedError: another chain of that name is held already; nothing was changed.
        """
        if len(secret) != SECRET_BYTES:
            raise ValueError(f"the secret has {len(secret)} bytes; a chain has {SECRET_BYTES}")
        with self._lock:
            held = self._held(unit, chain)
            if held is not None and _is_same(held, (epoch, secret)):
                return
            if held is not None:
                raise ReleaseRefusedError(
                    "C49",
                    f"a chain {chain!r} of unit {unit!r} is held already from epoch {held[0]}; "
                    "erase it first, or give the new one a name of its own",
                )
            self._file.execute(
                "INSERT INTO chains VALUES (?, ?, ?, ?, ?)", (unit, chain, epoch, epoch, secret)
            )

    def erase(self, unit: str, chain: str) -> bool:
        """Forget a chain, so that nothing under it can be read again; False when not held."""
        with self._lock:
            gone = self._file.execute(
                "DELETE FROM chains WHERE unit = ? AND chain = ?", (unit, chain)
            )
            return gone.rowcount == 1

    def chains(self, unit: str) -> list[str]:
        """List the names of a unit's chains."""
        rows = self._rows("SELECT chain FROM chains WHERE unit = ? ORDER BY chain", unit)
        return [str(row[0]) for row in rows]

    def newest_first_epoch(self) -> int:
        """Tell at which epoch the newest chain begins; 0 where none is held."""
        return int(self._rows("SELECT COALESCE(MAX(first_epoch), 0) FROM chains")[0][0])

    def step(self) -> int:
        """Bring every chain up to the clock; call it at least once an epoch.

        Returns:
            how many chains moved.
        """
        oldest = self.oldest_epoch()
        with self._lock:
            self._file.execute(
                "UPDATE clock SET utc_ms = ?1 WHERE utc_ms < ?1 - ?2",
                (self._latest[1], KEEP_CLOCK_EVERY_MS),
            )
        return self.advance(oldest)

    def advance(self, epoch: int) -> int:
        """Step every chain on to an epoch, so that nothing before it can be read; never back.

        Returns:
            how many chains moved.
        """
        moved_count = 0
        with self._lock:
            for unit, chain, held, secret in self._rows(
                "SELECT unit, chain, epoch, secret FROM chains WHERE epoch < ?", epoch
            ):
                self._file.execute(
                    "UPDATE chains SET epoch = ?, secret = ? WHERE unit = ? AND chain = ?",
                    (epoch, _stepped(held, secret, epoch), unit, chain),
                )
                moved_count += 1
        return moved_count

    def release(
        self,
        register: Register,
        request_id: str,
        who: Person,
        chain: str,
        wanted: Sequence[SegmentName],
    ) -> dict[SegmentName, bytes]:
        """Hand over the content keys of one stream's segments for one accepted request.

        Refused when the chain is not held, is not that of the request, or all of it is dead.

        Args:
            register: knows what was asked for and accepted, and takes down what is released.
            request_id: for which request.
            who: exports.
            chain: "picture", or "sound:<grant id>" of the request's grant.
            wanted: key id and label of every segment there is, as their headers have it.

        Returns:
            the keys of those that were sealed in the epochs of the request.
        """
        case = register.authorised(request_id, who)
        _check(case.footage, chain, wanted)
        held, first, last = self._living(case.footage, chain)
        secrets = _find({name[0] for name in wanted}, _secrets(held, first, last))
        keys = {
            name: _content_key(secrets[name[0]], name[1]) for name in wanted if name[0] in secrets
        }
        told = {
            "unit": case.footage.unit,
            "chain": chain,
            "first_epoch": first,
            "last_epoch": last,
            "key_count": len(keys),
            "labels_sha256": _hash_names(sorted(keys)),
        }
        register.note_keys(request_id, who, told)
        return keys

    def _living(self, footage: Footage, chain: str) -> tuple[tuple[int, bytes], int, int]:
        """Find what is held of a chain, and the first and last epoch of the footage that live."""
        with self._lock:
            self.step()
            held = self._held(footage.unit, chain)
        if held is None:
            raise ReleaseRefusedError(
                "C31",
                f"no chain {chain!r} of unit {footage.unit!r} is held; held here: "
                f"{', '.join(self.chains(footage.unit)) or 'none'}",
            )
        first = max(held[0], epoch_of(footage.from_utc_ms) - footage.earlier_epochs)
        last = epoch_of(footage.to_utc_ms - 1)
        if last < first:
            raise ReleaseRefusedError("C31", self._why_not(footage.unit, chain, last))
        return held, first, last

    def _why_not(self, unit: str, chain: str, last_epoch: int) -> str:
        rows = self._rows(
            "SELECT first_epoch FROM chains WHERE unit = ? AND chain = ?", unit, chain
        )
        if last_epoch < rows[0][0]:
            return (
                f"the chain begins at {_moment(rows[0][0] * EPOCH_MS)}; "
                f"{_moment(last_epoch * EPOCH_MS)} was never under it; ask for later"
            )
        return (
            f"footage of {_moment(last_epoch * EPOCH_MS)} is dead since "
            f"{_moment(last_epoch * EPOCH_MS + LIFE_MS)}: nobody can read it; "
            f"the oldest that lives is {_moment(self.oldest_epoch() * EPOCH_MS)}"
        )

    def _held(self, unit: str, chain: str) -> "tuple[int, bytes] | None":
        rows = self._rows(
            "SELECT epoch, secret FROM chains WHERE unit = ? AND chain = ?", unit, chain
        )
        return (rows[0][0], rows[0][1]) if rows else None

    def _rows(self, query: str, *values: "str | int") -> "list[tuple[Any, ...]]":
        with self._lock:
            return self._file.execute(query, values).fetchall()


def _check(footage: Footage, chain: str, wanted: Sequence[SegmentName]) -> None:
    """Refuse a chain that the request is not about, and names that no segment has."""
    if chain != PICTURE_CHAIN and not footage.with_sound:
        raise ReleaseRefusedError("C43", "the request asks for no sound; no key of it is released")
    if chain not in {PICTURE_CHAIN, SOUND_PREFIX + footage.grant}:
        raise ReleaseRefusedError(
            "C43", f"chain {chain!r} is not of the request's grant {footage.grant!r}"
        )
    if len(wanted) > WANTED_COUNT_MAX:
        raise ReleaseRefusedError(
            "C31", f"{len(wanted)} segments are named; at most {WANTED_COUNT_MAX} are answered"
        )
    for key_id, label in wanted:
        if len(key_id) != KEY_ID_BYTES or len(label) != LABEL_BYTES:
            raise ReleaseRefusedError(
                "C31",
                f"a segment is named by {KEY_ID_BYTES} and {LABEL_BYTES} bytes, and not "
                f"by {len(key_id)} and {len(label)}",
            )


def _secrets(held: tuple[int, bytes], first: int, last: int) -> Iterator[bytes]:
    epoch, secret = held
    while epoch <= last:
        if epoch >= first:
            yield secret
        secret = _next(secret)
        epoch += 1


def _find(key_ids: set[bytes], secrets: Iterator[bytes]) -> dict[bytes, bytes]:
    """Find the secret that each key id names, among those of every boot of these epochs."""
    found: dict[bytes, bytes] = {}
    for secret in secrets:
        branch = secret
        for _ in range(BOOT_COUNT_MAX):
            key_id = _content_key(branch, KEY_ID_LABEL)[:KEY_ID_BYTES]
            if key_id in key_ids:
                found[key_id] = branch
            branch = hmac.digest(branch, b"boot", hashlib.sha256)
        if len(found) == len(key_ids):
            break
    return found


def _content_key(secret: bytes, label: bytes) -> bytes:
    return hmac.digest(secret, b"content" + label, hashlib.sha256)


def _hash_names(names: Sequence[SegmentName]) -> str:
    return hashlib.sha256(b"".join(label for _, label in names)).hexdigest()


def _next(secret: bytes) -> bytes:
    return hmac.digest(secret, b"next", hashlib.sha256)


def _stepped(epoch: int, secret: bytes, target: int) -> bytes:
    for _ in range(epoch, target):
        secret = _next(secret)
    return secret


def _is_same(held: tuple[int, bytes], given: tuple[int, bytes]) -> bool:
    """Tell whether two places belong to one chain."""
    latest = max(held[0], given[0])
    return hmac.compare_digest(_stepped(*held, latest), _stepped(*given, latest))


def _moment(utc_ms: int) -> str:
    return datetime.fromtimestamp(utc_ms // 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
