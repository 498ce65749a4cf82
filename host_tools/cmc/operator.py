"""Who sits at the page: a person with a role and a purpose, and who has a dome at the moment."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from firmware.policy.rules import ENGINEER, OPERATOR, PURPOSES, SUPERVISOR

ROLES = (OPERATOR, SUPERVISOR, ENGINEER)
NAME_CHARACTER_COUNT_MAX = 48
REASON_CHARACTER_COUNT_MAX = 120
OPERATOR_COUNT_MAX = 64
HOLD_MS = 3_000  # a dome is somebody's until so long after the last press


class SignInError(Exception):
    """Somebody cannot sit down; the text names the field, the value and the remedy."""


@dataclass(frozen=True)
class Operator:
    """One person's session at the page."""

    token: str
    person: str
    role: str
    purpose: int
    reason: str


class Desk:
    """Everybody who has signed in since the page started.

    Args:
        now_ms: monotonic clock.
    """

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._operators: dict[str, Operator] = {}
        self._holds: dict[tuple[str, str], tuple[Operator, int]] = {}
        self.pre_empted_count = 0

    def sign_in(self, person: str, role: str, purpose: int, reason: str) -> Operator:
        """Let somebody sit down.

        Args:
            person: name, 1 to 48 characters.
            role: one of ROLES.
            purpose: 1 to 14, from the closed list.
            reason: in words, 1 to 120 characters.

        Raises:
            SignInError: one of these is not as it must be.
        """
        person, reason = person.strip(), reason.strip()
        if not 1 <= len(person) <= NAME_CHARACTER_COUNT_MAX or not person.isprintable():
            raise SignInError(f"name {person!r}: give 1 to {NAME_CHARACTER_COUNT_MAX} characters")
        if role not in ROLES:
            raise SignInError(f"role {role!r}: give one of {', '.join(ROLES)}")
        if not 1 <= purpose <= len(PURPOSES):
            raise SignInError(f"purpose {purpose}: give a number from 1 to {len(PURPOSES)}")
        if not 1 <= len(reason) <= REASON_CHARACTER_COUNT_MAX or not reason.isprintable():
            raise SignInError(
                f"reason {reason!r}: say in 1 to {REASON_CHARACTER_COUNT_MAX} characters"
            )
        if len(self._operators) >= OPERATOR_COUNT_MAX:
            del self._operators[next(iter(self._operators))]
        operator = Operator(secrets.token_urlsafe(24), person, role, purpose, reason)
        self._operators[operator.token] = operator
        return operator

    def find(self, token: str) -> Operator | None:
        """Look a session up by the token in its cookie."""
        return self._operators.get(token)

    def sign_out(self, token: str) -> None:
        """End a session; what it held is free at once."""
        operator = self._operators.pop(token, None)
        for place, (holder, _) in list(self._holds.items()):
            if holder is operator:
                del self._holds[place]

    def hold(self, operator: Operator, unit: str, camera: str) -> str:
        """Take a dome, or keep it; a supervisor takes it from anybody else.

        Returns:
            "" when it is theirs, else who has it.
        """
        now_ms = self._now_ms()
        holder, until_ms = self._holds.get((unit, camera), (operator, now_ms))
        if holder.token != operator.token and now_ms < until_ms:
            if operator.role != SUPERVISOR or holder.role == SUPERVISOR:
                return holder.person
            self.pre_empted_count += 1
        self._holds[unit, camera] = (operator, now_ms + HOLD_MS)
        return ""

    def holders(self) -> dict[str, str]:
        """Tell who has which dome now: "unit/camera" to a name."""
        now_ms = self._now_ms()
        return {
            f"{unit}/{camera}": holder.person
            for (unit, camera), (holder, until_ms) in self._holds.items()
            if now_ms < until_ms
        }
