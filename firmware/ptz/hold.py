"""Who has one dome: one person at a time, whom a supervisor may preempt at once (C67).

A guest, who sits beside an operator, is preempted by anybody of the CMC.

A hold begins with an act that changes what the dome looks at and lasts until a while after the
last one, so it ends by itself when nobody moves the dome. A stop needs no hold and takes none.
"""

from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.ptz.report import Report

    Value = int | str | bytes | bool

HELD, NOT_HOLDER = "ptz.held", "ptz.not_holder"
RANKS = {"guest": 0, "supervisor": 2}  # any other role: 1; a higher one takes it from a lower
HOLD_MS = 3_000  # after the last act
HANDED_MS = 30_000  # for somebody to take up what was handed over
NAME_LETTERS_MAX = 48


class Hold:
    """The hold on one dome.

    Args:
        report: where to tell of it.

    Attributes:
        refused_count: acts that were refused because somebody else had the dome.
        pre_empted_count: holds that somebody of a higher rank ended.
    """

    __slots__ = ("_report", "_until_ms", "person", "pre_empted_count", "refused_count", "role")

    def __init__(self, report: "Report") -> None:
        self._report = report
        self._until_ms = 0
        self.person = ""
        self.role = ""
        self.refused_count = 0
        self.pre_empted_count = 0

    def take(self, person: str, role: str, now_ms: int) -> str:
        """Take the dome, or keep it; "", or "ptz.held" when somebody else has it."""
        person = person[:NAME_LETTERS_MAX]
        self.step(now_ms)
        if self.person != person:
            if self.person and _rank(role) <= _rank(self.role):
                self.refused_count += 1
                return HELD
            if self.person:
                self.pre_empted_count += 1
                self._tell("ptz.pre_empted", now_ms, {"person": person, "from": self.person})
            else:
                self._tell("ptz.held", now_ms, {"person": person, "role": role})
            self.person = person
            self._until_ms = 0
        self.role = role
        self._until_ms = max(self._until_ms, now_ms + HOLD_MS)
        return ""

    def hand_over(self, person: str, role: str, to: str, now_ms: int) -> str:
        """Give the dome to somebody else, who has a while to take it up.

        Args:
            person: who gives: the holder, or somebody of a higher rank.
            role: theirs.
            to: who shall have it.
            now_ms: monotonic.

        Returns:
            "", or "ptz.not_holder".
        """
        self.step(now_ms)
        if not self._may_give(person, role):
            self.refused_count += 1
            return NOT_HOLDER
        self.person, self.role = to[:NAME_LETTERS_MAX], ""
        self._until_ms = now_ms + HANDED_MS
        fields: dict[str, Value] = {"person": self.person, "from": person[:NAME_LETTERS_MAX]}
        self._tell("ptz.handed_over", now_ms, fields)
        return ""

    def release(self, person: str, role: str, now_ms: int) -> str:
        """Let the dome go before the hold is over; "", or "ptz.not_holder"."""
        self.step(now_ms)
        if not self._may_give(person, role):
            self.refused_count += 1
            return NOT_HOLDER
        self._end(now_ms)
        return ""

    def left_ms(self, now_ms: int) -> int:
        """Tell how long the hold goes on if nothing more is done; 0 when nobody has the dome."""
        return max(self._until_ms - now_ms, 0) if self.person else 0

    def step(self, now_ms: int) -> None:
        """End a hold that is over."""
        if self.person and now_ms >= self._until_ms:
            self._end(now_ms)

    def _may_give(self, person: str, role: str) -> bool:
        is_theirs = self.person in {"", person[:NAME_LETTERS_MAX]}
        return is_theirs or _rank(role) > _rank(self.role)

    def _end(self, now_ms: int) -> None:
        if self.person:
            self._tell("ptz.released", now_ms, {"person": self.person})
        self.person = self.role = ""

    def _tell(self, name: str, now_ms: int, fields: "dict[str, Value]") -> None:
        self._report.emit(name, now_ms, fields)


def _rank(role: str) -> int:
    return RANKS.get(role, 1)
