"""Who sits at the page: a person with a role and a purpose; a guest only beside an operator.

Who has a dome is the unit's to say (decision 0012); nothing here knows it.
"""

import dataclasses
import secrets
from dataclasses import dataclass

from firmware.policy.rules import ENGINEER, GUEST, OPERATOR, PURPOSES, SUPERVISOR

ROLES = (OPERATOR, SUPERVISOR, ENGINEER, GUEST)
HOSTS = (OPERATOR, SUPERVISOR)
NAME_CHARACTER_COUNT_MAX = 48
REASON_CHARACTER_COUNT_MAX = 120
OPERATOR_COUNT_MAX = 64


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
    host_token: str = ""  # of a guest: the operator's session that theirs is part of (C67)


class Desk:
    """Everybody who has signed in since the page started."""

    def __init__(self) -> None:
        self._operators: dict[str, Operator] = {}

    def sign_in(
        self, person: str, role: str, purpose: int, reason: str, host: str = ""
    ) -> Operator:
        """Let somebody sit down.

        Args:
            person: name, 1 to 48 characters.
            role: one of ROLES.
            purpose: 1 to 14, from the closed list.
            reason: in words, 1 to 120 characters.
            host: of a guest, the operator or supervisor beside whom they sit, signed in now.

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
        host_token = self._host_token(host.strip()) if role == GUEST else ""
        if role == GUEST and not host_token:
            raise SignInError(
                f"supervised by {host!r}: name an operator or supervisor who is signed in"
            )
        if len(self._operators) >= OPERATOR_COUNT_MAX:
            del self._operators[next(iter(self._operators))]
        token = secrets.token_urlsafe(24)
        operator = Operator(token, person, role, purpose, reason, host_token)
        self._operators[operator.token] = operator
        return operator

    def find(self, token: str) -> Operator | None:
        """Look a session up by the token in its cookie."""
        return self._operators.get(token)

    def replace(self, token: str, operator: Operator) -> None:
        """Forget a session in whose place another has come; its guests go over to that."""
        if self._operators.pop(token, None) is None:
            return
        for guest in [one for one in self._operators.values() if one.host_token == token]:
            self._operators[guest.token] = dataclasses.replace(guest, host_token=operator.token)

    def sign_out(self, token: str) -> list[Operator]:
        """End a session, and those of its guests (C67).

        Returns:
            everybody who has no session any more; what they move must be stopped.
        """
        if token not in self._operators:
            return []
        gone = [self._operators.pop(token)]
        gone += [one for one in self._operators.values() if one.host_token == token]
        for guest in gone[1:]:
            del self._operators[guest.token]
        return gone

    def _host_token(self, person: str) -> str:
        """Find the newest session of somebody who may have guests; "" for none."""
        tokens = [
            one.token
            for one in self._operators.values()
            if one.person == person and one.role in HOSTS
        ]
        return tokens[-1] if tokens else ""
