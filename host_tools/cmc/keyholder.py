"""Who can read the last 31 days, and nobody further back.

Every chain of epoch secrets is held at one place only: the oldest epoch that may still be read.
The keyholder steps it forward on its own clock; what lies behind cannot be worked out again by
anybody, which is how footage dies. A chain handed over younger than 31 days is held at its first
secret until its time comes. The clock may be wrong: going back changes nothing, going forward
only shortens a life.

What is handed over is written down first, with who asked and why.
"""

import hashlib
import hmac
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from firmware.keys.ratchet import EPOCH_MS, LIFE_MS, epoch_of, oldest_epoch
from firmware.policy.rules import KEYHOLDER, PURPOSES, RESPONSIBLE_OFFICER, SUPERVISOR

SECRET_BYTES = 32
SOUND_PREFIX = "sound:"
ROLES = (RESPONSIBLE_OFFICER, SUPERVISOR, KEYHOLDER)
EPOCH_COUNT_MAX = LIFE_MS // EPOCH_MS + 1
SCHEMA = """
CREATE TABLE IF NOT EXISTS chains (
    unit TEXT NOT NULL, chain TEXT NOT NULL, first_epoch INTEGER NOT NULL,
    epoch INTEGER NOT NULL, secret BLOB NOT NULL, PRIMARY KEY (unit, chain)
);
CREATE TABLE IF NOT EXISTS releases (
    number INTEGER PRIMARY KEY, utc_ms INTEGER NOT NULL, unit TEXT NOT NULL, chain TEXT NOT NULL,
    first_epoch INTEGER NOT NULL, last_epoch INTEGER NOT NULL, person TEXT NOT NULL,
    role TEXT NOT NULL, purpose INTEGER NOT NULL, reason TEXT NOT NULL, case_number TEXT NOT NULL,
    sound_reason TEXT NOT NULL, grant_id TEXT NOT NULL
);
"""


class ReleaseRefusedError(Exception):
    """Keys are not handed over; `clause` says by which rule, the text what would be needed."""

    def __init__(self, clause: str, text: str) -> None:
        super().__init__(text)
        self.clause = clause


@dataclass(frozen=True)
class Request:
    """Who asks for keys, and why.

    Attributes:
        person: who asks, by name.
        role: one of ROLES.
        purpose: 1 to 14, from the closed list.
        reason: in words.
        case: number of the case or incident.
        sound_reason: why sound as well; "" for pictures alone.
        grant: id of the grant under which the sound was recorded; "" for pictures alone.
    """

    person: str
    role: str
    purpose: int
    reason: str
    case: str
    sound_reason: str = ""
    grant: str = ""


class Keyholder:
    """Holds the chains of all units.

    Args:
        path: its own SQLite file, apart from everything else the CMC stores.
        utc_ms: its own clock.
    """

    def __init__(self, path: Path, utc_ms: Callable[[], int]) -> None:
        path.touch(mode=0o600)
        self._utc_ms = utc_ms
        self._lock = threading.RLock()
        self._file = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        # A secret that was stepped over must not stay behind in a free page or a write-ahead log.
        self._file.execute("PRAGMA journal_mode=TRUNCATE")
        self._file.execute("PRAGMA secure_delete=ON")
        self._file.execute("PRAGMA synchronous=EXTRA")
        self._file.executescript(SCHEMA)

    def close(self) -> None:
        """Let go of the file; idempotent."""
        with self._lock:
            self._file.close()

    def epoch(self) -> int:
        """Tell the epoch of now, by this clock."""
        return epoch_of(self._utc_ms())

    def oldest_epoch(self) -> int:
        """Tell the oldest epoch none of whose footage is 31 days old."""
        return oldest_epoch(self._utc_ms())

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

    def step(self) -> int:
        """Bring every chain up to the clock; call it at least once in ten minutes.

        Returns:
            how many chains moved.
        """
        oldest = self.oldest_epoch()
        moved_count = 0
        with self._lock:
            for unit, chain, epoch, secret in self._rows(
                "SELECT unit, chain, epoch, secret FROM chains WHERE epoch < ?", oldest
            ):
                self._file.execute(
                    "UPDATE chains SET epoch = ?, secret = ? WHERE unit = ? AND chain = ?",
                    (oldest, _stepped(epoch, secret, oldest), unit, chain),
                )
                moved_count += 1
        return moved_count

    def release(
        self, unit: str, chain: str, first_epoch: int, last_epoch: int, request: Request
    ) -> dict[int, bytes]:
        """Hand over the secrets of a range of epochs for one authorised request.

        A secret opens everything after it too, so what is returned stays in the program that
        makes the export and is never written down.

        Args:
            unit: whose footage.
            chain: which of its chains.
            first_epoch: first epoch wanted.
            last_epoch: last epoch wanted, included.
            request: who asks, and why.

        Returns:
            epoch to secret.

        Raises:
            ReleaseRefusedError: the request is not complete, the chain is not held, or what is
                asked for is dead; nothing was handed over.
        """
        _check(request, chain)
        with self._lock:
            self.step()
            held = self._held(unit, chain)
            if held is None:
                raise ReleaseRefusedError(
                    "C31",
                    f"no chain {chain!r} of unit {unit!r} is held; held here: "
                    f"{', '.join(self.chains(unit)) or 'none'}",
                )
            epoch, secret = held
            if not epoch <= first_epoch <= last_epoch:
                raise ReleaseRefusedError(
                    "C31", self._why_not(unit, chain, first_epoch, last_epoch)
                )
            if last_epoch - first_epoch >= EPOCH_COUNT_MAX:
                raise ReleaseRefusedError("C31", "more than 31 days are asked for; ask for less")
            self._write_down(unit, chain, (first_epoch, last_epoch), request)
        secrets: dict[int, bytes] = {}
        while epoch <= last_epoch:
            if epoch >= first_epoch:
                secrets[epoch] = secret
            secret = _next(secret)
            epoch += 1
        return secrets

    def earliest_epoch(self, unit: str, chain: str) -> int:
        """Tell the earliest epoch of a chain that can be released now; 0 when it is not held."""
        with self._lock:
            self.step()
            held = self._held(unit, chain)
            return held[0] if held is not None else 0

    def releases(self) -> list[tuple[str, str, int, int, str, str]]:
        """List every release: (unit, chain, first epoch, last epoch, person, case)."""
        rows = self._rows(
            "SELECT unit, chain, first_epoch, last_epoch, person, case_number FROM releases "
            "ORDER BY number"
        )
        return [(row[0], row[1], row[2], row[3], row[4], row[5]) for row in rows]

    def _why_not(self, unit: str, chain: str, first_epoch: int, last_epoch: int) -> str:
        if last_epoch < first_epoch:
            return f"epochs {first_epoch} to {last_epoch} are none; give the earlier one first"
        rows = self._rows(
            "SELECT first_epoch FROM chains WHERE unit = ? AND chain = ?", unit, chain
        )
        if first_epoch < rows[0][0]:
            return (
                f"the chain begins at {_moment(rows[0][0] * EPOCH_MS)}; "
                f"{_moment(first_epoch * EPOCH_MS)} was never under it; ask for later"
            )
        return (
            f"footage of {_moment(first_epoch * EPOCH_MS)} is dead since "
            f"{_moment(first_epoch * EPOCH_MS + LIFE_MS)}: nobody can read it; "
            f"the oldest that lives is {_moment(self.oldest_epoch() * EPOCH_MS)}"
        )

    def _write_down(
        self, unit: str, chain: str, epochs: tuple[int, int], request: Request
    ) -> None:
        self._file.execute(
            "INSERT INTO releases VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                self._utc_ms(),
                unit,
                chain,
                *epochs,
                request.person,
                request.role,
                request.purpose,
                request.reason,
                request.case,
                request.sound_reason,
                request.grant,
            ),
        )

    def _held(self, unit: str, chain: str) -> "tuple[int, bytes] | None":
        rows = self._rows(
            "SELECT epoch, secret FROM chains WHERE unit = ? AND chain = ?", unit, chain
        )
        return (rows[0][0], rows[0][1]) if rows else None

    def _rows(self, query: str, *values: "str | int") -> "list[tuple[Any, ...]]":
        with self._lock:
            return self._file.execute(query, values).fetchall()


def _check(request: Request, chain: str) -> None:
    """Refuse a request that lacks something; what it lacks is named."""
    for name in ("person", "reason", "case"):
        if not getattr(request, name).strip():
            raise ReleaseRefusedError("C31", f"the request has no {name}; give one")
    if request.role not in ROLES:
        raise ReleaseRefusedError(
            "C31", f"role {request.role!r} may not release footage; {' or '.join(ROLES)} may"
        )
    if not 1 <= request.purpose <= len(PURPOSES):
        raise ReleaseRefusedError(
            "C31",
            f"purpose {request.purpose} is not on the list; give one of 1 to {len(PURPOSES)}",
        )
    if not chain.startswith(SOUND_PREFIX):
        return
    if not request.sound_reason.strip():
        raise ReleaseRefusedError(
            "C31", "sound is asked for without a reason of its own; give one"
        )
    if SOUND_PREFIX + request.grant != chain:
        raise ReleaseRefusedError(
            "C31",
            f"sound of {chain!r} needs the grant it was recorded under, not {request.grant!r}",
        )


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
