"""The clock of a keyholder at a site that stands alone: it knows what it cannot know.

The latest that it can be is not asked of any wall clock. It is the newest time that somebody
trustworthy vouched for, and the time powered since. While the power was off an unknown time has
passed, so after each start the clock is sealed: it goes on from where it was, which is never ahead
of the truth, and nobody may read by it until somebody vouches for the time again.

| what happens | what the clock does |
| --- | --- |
| wall clock at 1970, years ahead, stepped, missing, halted while off | nothing: it is not asked |
| restart of a process in the same boot | goes on: the monotonic clock counted |
| power cut, restart, a file of another day put back | sealed, from where it was |
| a time vouched for, at most 48 h ahead | takes it, opens |
| more than 48 h ahead, by a source | waits for a second source that agrees within a minute |
| more than 48 h ahead, or the first of all, by an operator | takes it, opens |
| a time behind its own by more than a minute | refused: the truth is never behind it |
| an answer to no challenge, or to one older than 15 min | refused: it could be an old one |

Between two vouchings it tells a time that is 0.1 % of the span ahead, because quartz may run slow.

Source: docs/formats/keys.md, "A keyholder at a site that stands alone".
"""

import secrets
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from host_tools.cmc.footage import RefusedError
from host_tools.cmc.transaction import transaction

HOUR_MS = 3_600_000
JUMP_MS_MAX = 48 * HOUR_MS
AGREE_MS = 60_000
DRIFT_DIVISOR = 1000
ANSWER_MS_MAX = 15 * 60_000
ERASE_AFTER_MS_MAX = 72 * HOUR_MS
OPERATOR, SOURCE = "operator", "source"
ACCEPTED, WAITS = "accepted", "waits"
CHALLENGE_BYTES = 32
SCHEMA = """
CREATE TABLE IF NOT EXISTS clock (
    number INTEGER PRIMARY KEY CHECK (number = 1), utc_ms INTEGER NOT NULL,
    vouched_utc_ms INTEGER NOT NULL,
    boot TEXT NOT NULL, boot_ms INTEGER NOT NULL, begun_utc_ms INTEGER NOT NULL,
    is_open INTEGER NOT NULL, sealed_ms INTEGER NOT NULL, erase_after_ms INTEGER NOT NULL,
    challenge BLOB NOT NULL, asked_ms INTEGER NOT NULL,
    claimed_by TEXT NOT NULL, claimed_utc_ms INTEGER NOT NULL, claimed_ms INTEGER NOT NULL
) STRICT;
"""


@dataclass(frozen=True)
class Power:
    """Which boot it is, and how long it has been powered."""

    boot: Callable[[], str]
    boot_ms: Callable[[], int]


def kernel_power() -> Power:
    """The kernel's own: time asleep counts."""
    return Power(
        lambda: Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip(),
        lambda: time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000,
    )


@dataclass(frozen=True)
class ClockState:
    """What the clock knows.

    Attributes:
        utc_ms: the latest that it is sure of; 0 before the first time and the first chain.
        vouched_utc_ms: what it was when somebody vouched for it last; 0 for never.
        is_open: somebody vouched for it in this boot.
        begun_utc_ms: what it was when this boot began.
        sealed_ms: powered time that it has been sealed in all.
        erase_after_ms: powered time sealed after which what was recorded before this boot dies.
    """

    utc_ms: int
    vouched_utc_ms: int
    is_open: bool
    begun_utc_ms: int
    sealed_ms: int
    erase_after_ms: int

    def drift_ms(self) -> int:
        """How far the quartz may have been slow since somebody vouched."""
        return (self.utc_ms - (self.vouched_utc_ms or self.utc_ms)) // DRIFT_DIVISOR

    def must_erase(self) -> bool:
        """Tell whether it has been sealed for too long."""
        return not self.is_open and self.utc_ms > 0 and self.sealed_ms >= self.erase_after_ms


class SealedClock:
    """Kept in one file, which any process of the same machine may ask.

    Args:
        path: of the file, made by `create`.
        power: which boot it is, and how long it has been powered.
    """

    def __init__(self, path: Path, power: Power) -> None:
        self._power = power
        self._lock = threading.RLock()
        self._file = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._file.execute("PRAGMA busy_timeout=5000")
        self._file.execute("PRAGMA synchronous=EXTRA")

    @staticmethod
    def create(path: Path, erase_after_ms: int) -> None:
        """Make the file of a clock that knows nothing yet.

        Raises:
            ValueError: there is one, or it would stay sealed for more than 72 h.
        """
        if path.exists():
            raise ValueError(f"{path}: there is a store already; give another folder")
        if not 0 <= erase_after_ms <= ERASE_AFTER_MS_MAX:
            raise ValueError("a store stays sealed for 0 to 72 h")
        path.touch(mode=0o600, exist_ok=False)
        file = sqlite3.connect(path, isolation_level=None)
        file.executescript(SCHEMA)
        file.execute(
            "INSERT INTO clock VALUES (1, 0, 0, '', 0, 0, 0, 0, ?, x'', 0, '', 0, 0)",
            (erase_after_ms,),
        )
        file.close()

    def close(self) -> None:
        """Let go of the file; idempotent."""
        with self._lock:
            self._file.close()

    def step(self) -> ClockState:
        """Let the powered time count, and keep it; call it at least once a minute."""
        with transaction(self._file, self._lock):
            return self._step()

    def utc_ms(self) -> int:
        """The latest that it can be, as far as it can know."""
        state = self.step()
        return state.utc_ms + state.drift_ms()

    def begin(self, utc_ms: int) -> None:
        """Take note of a time that is past for sure, where nobody has vouched for any yet."""
        with transaction(self._file, self._lock):
            state = self._step()
            if not state.vouched_utc_ms and utc_ms > state.utc_ms:
                self._set(utc_ms=utc_ms, begun_utc_ms=utc_ms)

    def challenge(self) -> bytes:
        """Ask for the time: 32 random bytes, which an answer must hold; good for 15 min."""
        with transaction(self._file, self._lock):
            self._step()
            asked = secrets.token_bytes(CHALLENGE_BYTES)
            self._set(challenge=asked, asked_ms=self._power.boot_ms())
        return asked

    def answer(self, challenge: bytes, utc_ms: int, name: str, kind: str) -> str:
        """Take the time that somebody vouches for; their signature was checked.

        Args:
            challenge: which they answer.
            utc_ms: the time when they did.
            name: of who vouches.
            kind: OPERATOR or SOURCE.

        Returns:
            ACCEPTED, or WAITS where a second source must say the same.

        Raises:
            RefusedError: it answers no challenge of the last 15 min, or is behind the truth.
        """
        with transaction(self._file, self._lock):
            state = self._step()
            asked, asked_ms = self._file.execute(
                "SELECT challenge, asked_ms FROM clock"
            ).fetchone()
            now_ms = self._power.boot_ms()
            if not asked or not secrets.compare_digest(asked, challenge):
                raise RefusedError(
                    "C28", "it answers no challenge of this store; ask for a new one"
                )
            if now_ms - asked_ms > ANSWER_MS_MAX:
                raise RefusedError("C28", "the challenge is older than 15 min; ask for a new one")
            # It was signed after the challenge; how long ago is not known, so all of that counts.
            now_utc_ms = utc_ms + now_ms - asked_ms
            if now_utc_ms < state.utc_ms - state.drift_ms() - AGREE_MS:
                raise RefusedError(
                    "C28",
                    "that time is behind what this store is sure of; mend the clock it is of",
                )
            if kind != OPERATOR and self._is_far(state, now_utc_ms, name, now_ms):
                return WAITS
            newest_utc_ms = max(state.utc_ms, now_utc_ms)
            self._set(
                utc_ms=newest_utc_ms, vouched_utc_ms=newest_utc_ms, is_open=1, sealed_ms=0,
                challenge=b"", claimed_by="",
            )  # fmt: skip
            return ACCEPTED

    def erased(self) -> None:
        """Take note that what was recorded before this boot is dead; the count begins anew."""
        with transaction(self._file, self._lock):
            self._set(sealed_ms=0)

    def _is_far(self, state: ClockState, now_utc_ms: int, name: str, now_ms: int) -> bool:
        """Tell whether a source leads further than one source may; remember what it said."""
        if state.vouched_utc_ms and now_utc_ms - state.utc_ms <= JUMP_MS_MAX:
            return False
        by, said_utc_ms, said_ms = self._file.execute(
            "SELECT claimed_by, claimed_utc_ms, claimed_ms FROM clock"
        ).fetchone()
        differ_ms = abs(now_utc_ms - said_utc_ms - (now_ms - said_ms))
        is_fresh = 0 <= now_ms - said_ms <= ANSWER_MS_MAX
        if by and by != name and is_fresh and differ_ms <= AGREE_MS:
            return False
        self._set(claimed_by=name, claimed_utc_ms=now_utc_ms, claimed_ms=now_ms)
        return True

    def _step(self) -> ClockState:
        utc_ms, vouched_utc_ms, boot, boot_ms, begun_utc_ms, is_open, sealed_ms, erase_after_ms = (
            self._file.execute(
                "SELECT utc_ms, vouched_utc_ms, boot, boot_ms, begun_utc_ms, is_open, sealed_ms, "
                "erase_after_ms FROM clock"
            ).fetchone()
        )
        now_boot, now_ms = self._power.boot(), self._power.boot_ms()
        passed_ms = now_ms - boot_ms
        if now_boot != boot or passed_ms < 0:
            passed_ms, begun_utc_ms, is_open = now_ms, utc_ms, 0
            self._set(challenge=b"", claimed_by="")
        utc_ms += passed_ms if utc_ms else 0
        sealed_ms += 0 if is_open else passed_ms
        self._set(
            utc_ms=utc_ms, boot=now_boot, boot_ms=now_ms, begun_utc_ms=begun_utc_ms,
            is_open=is_open, sealed_ms=sealed_ms,
        )  # fmt: skip
        return ClockState(
            utc_ms, vouched_utc_ms, bool(is_open), begun_utc_ms, sealed_ms, erase_after_ms
        )

    def _set(self, **values: "int | str | bytes") -> None:
        names = ", ".join(f"{name} = ?" for name in values)
        self._file.execute(f"UPDATE clock SET {names}", tuple(values.values()))  # noqa: S608
