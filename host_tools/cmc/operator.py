"""Who sits at the page: a person with a role and a purpose; a guest only beside an operator.

An open page says every second that it is there. A guest may act while that of the operator beside
them does, and has no session any more once it has been away for a while (C67).

Who has a dome is the unit's to say (decision 0012); nothing here knows it.
"""

import dataclasses
import secrets
from dataclasses import dataclass

from firmware.commands.message import TEXT_BYTES_MAX
from firmware.policy.rules import ENGINEER, GUEST, OPERATOR, PURPOSES, SUPERVISOR

ROLES = (OPERATOR, SUPERVISOR, ENGINEER, GUEST)
HOSTS = (OPERATOR, SUPERVISOR)
NAME_CHARACTER_COUNT_MAX = 48
REASON_CHARACTER_COUNT_MAX = 120
OPERATOR_COUNT_MAX = 64
SILENT_MS = 3_000  # after which a page that said nothing is away: closed, asleep or cut off
GRACE_MS = 5_000  # for an operator to come back, as when a page is loaded anew


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
    host: str = ""  # and that operator's name


class Desk:
    """Everybody who has signed in since the page started."""

    def __init__(self) -> None:
        self._operators: dict[str, Operator] = {}
        self._here_until_ms: dict[str, int] = {}
        self._lost: dict[str, list[str]] = {}  # session to guests who lost theirs meanwhile
        self._why: dict[str, str] = {}  # of guests whose session was ended

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
        beside = self._host(host.strip()) if role == GUEST else None
        if role == GUEST and beside is None:
            raise SignInError(
                f"supervised by {host!r}: name an operator or supervisor who is signed in"
            )
        if beside is not None:
            reason = f"beside {beside.person}: {reason}"
        if len(reason.encode()) > TEXT_BYTES_MAX:
            raise SignInError(
                f"reason {reason!r}: has {len(reason.encode())} bytes; say it in fewer words, "
                f"at most {TEXT_BYTES_MAX} bytes"
            )
        if len(self._operators) >= OPERATOR_COUNT_MAX:
            self._forget(min(self._operators, key=lambda one: self._here_until_ms.get(one, 0)))
        seat = (beside.token, beside.person) if beside is not None else ("", "")
        operator = Operator(secrets.token_urlsafe(24), person, role, purpose, reason, *seat)
        self._operators[operator.token] = operator
        return operator

    def find(self, token: str) -> Operator | None:
        """Look a session up by the token in its cookie."""
        return self._operators.get(token)

    def guests(self, token: str = "") -> list[Operator]:
        """List the guests beside one operator, or all there are."""
        return [
            one
            for one in self._operators.values()
            if one.role == GUEST and token in {"", one.host_token}
        ]

    def replace(self, token: str, operator: Operator) -> list[Operator]:
        """Forget a session in whose place another has come.

        Its guests go over to that, if it is the same person and they may have guests.

        Returns:
            those who have no session any more; what they move must be stopped.
        """
        old = self._operators.get(token)
        if old is None:
            return []
        self._lost[operator.token] = self._lost.pop(token, [])
        gone: list[Operator] = []
        for guest in self.guests(token):
            if old.person == operator.person and operator.role in HOSTS:
                self._operators[guest.token] = dataclasses.replace(
                    guest, host_token=operator.token
                )
            else:
                gone.append(self._end(guest, f"{operator.person} sat down instead"))
        self._forget(token)
        return gone

    def sign_out(self, token: str) -> list[Operator]:
        """End a session, and those of its guests (C67).

        Returns:
            everybody who has no session any more; what they move must be stopped.
        """
        operator = self._operators.get(token)
        if operator is None:
            return []
        gone = [self._end(guest, f"{operator.person} left") for guest in self.guests(token)]
        self._forget(token)
        return [operator, *gone]

    def see(self, token: str, now_ms: int) -> None:
        """Hear that the page of a session is open."""
        if token in self._operators:
            self._here_until_ms[token] = now_ms + SILENT_MS

    def miss(self, token: str, now_ms: int) -> None:
        """Hear that the page of a session was closed; another one may still be open."""
        if token in self._operators:
            self._here_until_ms[token] = min(now_ms, self._here_until_ms.get(token, now_ms))

    def is_attended(self, operator: Operator, now_ms: int) -> bool:
        """Tell whether somebody may act: of a guest, whether their operator's page is open."""
        host = operator.host_token
        return operator.role != GUEST or now_ms < self._here_until_ms.get(host, 0)

    def end_unattended(self, now_ms: int) -> list[Operator]:
        """End the sessions of guests whose operator did not come back; returns whose."""
        return [
            self._end(guest, f"the page of {guest.host} is closed or cut off")
            for guest in self.guests()
            if now_ms >= self._here_until_ms.get(guest.host_token, 0) + GRACE_MS
        ]

    def lost(self, token: str) -> list[str]:
        """List the guests of an operator whose sessions were ended since this was asked last."""
        return self._lost.pop(token, [])

    def why_ended(self, token: str) -> str:
        """Say why a session was ended; "" for one that never was."""
        return self._why.get(token, "")

    def _end(self, guest: Operator, why: str) -> Operator:
        if guest.host_token in self._operators:
            self._lost.setdefault(guest.host_token, []).append(guest.person)
        self._forget(guest.token)
        self._why[guest.token] = f"your session has ended: {why}"
        if len(self._why) > OPERATOR_COUNT_MAX:
            del self._why[next(iter(self._why))]
        return guest

    def _forget(self, token: str) -> None:
        for book in (self._operators, self._here_until_ms, self._lost):
            book.pop(token, None)

    def _host(self, person: str) -> Operator | None:
        """Find the newest session of somebody who may have guests."""
        hosts = [
            one for one in self._operators.values() if one.person == person and one.role in HOSTS
        ]
        return hosts[-1] if hosts else None
