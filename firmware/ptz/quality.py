"""Judges a serial line by what happened on it: good, noisy, bad, dead, or not known yet.

| verdict | of the last 64 exchanges that a reply was due to |
| --- | --- |
| unknown | fewer than 8 |
| dead | none was answered |
| bad | a tenth or more was not answered, or a fifth or more was damaged |
| noisy | a fiftieth or more was not answered or damaged |
| good | less than that |

An exchange is damaged when bytes came that belong to no reply, or an echo differed from what was
sent.
"""

from hal.api._typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:

    class Counted(Protocol):
        """A session's counters; all only rise."""

        answered_count: int
        timeout_count: int
        echo_count: int
        collision_count: int
        junk_count: int
        overtaken_count: int


UNKNOWN, GOOD, NOISY, BAD, DEAD = "unknown", "good", "noisy", "bad", "dead"
WINDOW_COUNT = 64
KNOWN_COUNT = 8
BAD_MISSED_PARTS, BAD_DAMAGED_PARTS, NOISY_PARTS = 10, 5, 50


class LineQuality:
    """Adds up the exchanges of one line."""

    def __init__(self) -> None:
        self.exchange_count = 0
        self.error_count = 0
        self.noise_count = 0
        self.collision_count = 0
        self.echo_count = 0
        self.overtaken_count = 0
        self._recent: list[tuple[bool, bool]] = []

    def observe(self, before: "tuple[int, ...]", session: "Counted") -> None:
        """Take one exchange that is over.

        Args:
            before: `totals` of the session when the exchange began, or the one before was over.
            session: that it went through.
        """
        change = [now - then for now, then in zip(totals(session), before)]
        answered, missed, echoes, collisions, junk, overtaken = change
        self.exchange_count += 1
        self.error_count += missed
        self.echo_count += echoes
        self.collision_count += collisions
        self.noise_count += junk
        self.overtaken_count += overtaken
        if answered or missed:
            self._recent.append((missed > 0, junk > 0 or collisions > 0))
        if len(self._recent) > WINDOW_COUNT:
            self._recent.pop(0)

    def counts(self) -> "list[tuple[str, int]]":
        """Tell what happened on the line since the start, by name; all only rise."""
        return [
            ("line_unanswered", self.error_count),
            ("line_noise", self.noise_count),
            ("line_collisions", self.collision_count),
            ("line_echoes", self.echo_count),
            ("line_overtaken", self.overtaken_count),
        ]

    def verdict(self) -> str:
        """Judge the line as the table above says."""
        count = len(self._recent)
        if count < KNOWN_COUNT:
            return UNKNOWN
        missed = sum(1 for is_missed, _ in self._recent if is_missed)
        damaged = sum(1 for _, is_damaged in self._recent if is_damaged)
        if missed == count:
            return DEAD
        if missed * BAD_MISSED_PARTS >= count or damaged * BAD_DAMAGED_PARTS >= count:
            return BAD
        return NOISY if max(missed, damaged) * NOISY_PARTS >= count else GOOD


def totals(session: "Counted") -> "tuple[int, ...]":
    """Give a session's counters at this moment."""
    return (
        session.answered_count,
        session.timeout_count,
        session.echo_count,
        session.collision_count,
        session.junk_count,
        session.overtaken_count,
    )
