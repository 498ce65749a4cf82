"""Has units hold what accepted requests are about, and let it go again: asks until they answer.

What is to be done is worked out from the register, so nothing is lost with this process. One
question at a time is under way to each unit, which searches its ring for it. A unit that is away
is asked when it is live; one that refuses is asked again after a while, or after its next boot,
unless asking again cannot help. A hold that was told is asked for again a minute later and after
each boot of the unit, because it counts only once it is on the medium; the unit gives the same
one to the same question. One that is over is let go by name too: a unit that trusts no clock ends
none by itself.
"""

import queue
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from firmware.commands.acts import argument_faults
from firmware.commands.message import DONE, Answer, Command
from firmware.errors import LocalProtocolError
from host_tools.cmc.case import RELEASED, WITHDRAWN, Case
from host_tools.cmc.controls import Controls
from host_tools.cmc.fleet import LIVE, Fleet, UnitView
from host_tools.cmc.footage import RELEASE, REVIEW, WITHDRAW, Person
from host_tools.cmc.holds import (
    HELD,
    LIFTED,
    LIFTING,
    OVER,
    PENDING,
    REFUSED,
    SENT,
    HoldState,
    hold_states,
    latest,
)
from host_tools.cmc.operator import Operator
from host_tools.cmc.requests import Register

HOLD, LET_GO = "ring.hold", "ring.release"
NO_HOLD, UNKNOWN_UNIT, UNSENDABLE = "ring.no_hold", "unit.unknown", "command.unsendable"
FINAL = ("ring.dead", "ring.not_there", "ring.range", "ring.no_partition")
OUT_OF_TURN = ("command.unstored", "command.replayed", "command.far_ahead")
SLOW = ("ring.hold_full", "command.not_permitted")
ANSWER_TIMEOUT_MS = 5_000
RETRY_MS = 10_000
AGAIN_MS = 60_000
REFUSED_RETRY_MS = 600_000
Key = tuple[str, str]
"""Request and stream."""


@dataclass
class _Errand:
    """What is under way for one stream of a request."""

    due_ms: int = 0
    boot: int = -1  # of the unit when it last answered
    told_count: int = 0  # how often it told the hold in that boot
    sequence: int = 0  # of the question under way; 0 for none
    act: str = ""
    unit: str = ""


class HoldCourier:
    """Carries what the register wants to the units, and what they say back.

    Args:
        path: of the register; nothing is done while there is none.
        controls: sends commands.
        fleet: which units there are, and which are live.
        utc_ms: the keyholder's clock.
    """

    def __init__(
        self, path: Path, controls: Controls, fleet: Fleet, utc_ms: Callable[[], int]
    ) -> None:
        self._path = path
        self._controls = controls
        self._fleet = fleet
        self._utc_ms = utc_ms
        self._register: Register | None = None
        self._cases: dict[str, Case] = {}
        self._newest = 0
        self._errands: dict[Key, _Errand] = {}
        self._busy: set[str] = set()
        self._answers: queue.SimpleQueue[tuple[Key, Answer]] = queue.SimpleQueue()
        self.sent_count = 0
        self.unanswered_count = 0
        self.refused_count = 0

    def close(self) -> None:
        """Let go of the register; idempotent."""
        if self._register is not None:
            self._register.close()
            self._register = None

    def step(self) -> None:
        """Take answers and ask what is due; call it about once a second."""
        if self._register is None and self._path.exists():
            self._register = Register(self._path, self._utc_ms)
        if self._register is None:
            return
        register = self._register
        while not self._answers.empty():
            key, answer = self._answers.get()
            self._take(register, key, answer)
        self._read(register)
        self._busy = {errand.unit for errand in self._errands.values() if errand.sequence}
        by_death = sorted(self._cases.values(), key=lambda case: case.footage.first_dies_utc_ms())
        for case in by_death:
            for state in hold_states(case, self._utc_ms()):
                self._step(register, case, state)

    def _read(self, register: Register) -> None:
        before = self._newest
        self._newest, changed = register.news(before)
        if self._newest < before:
            self._cases.clear()
        self._cases.update({case.id: case for case in changed})

    def _step(self, register: Register, case: Case, state: HoldState) -> None:
        errand = self._errands.setdefault((case.id, state.kind), _Errand())
        now_ms = self._fleet.now_ms()
        if errand.sequence and now_ms >= errand.due_ms:
            self._controls.forget(case.footage.unit, errand.sequence)
            self.unanswered_count += 1
            errand.sequence, errand.due_ms = 0, now_ms + RETRY_MS
        is_done = state.state == LIFTED or (state.state == OVER and not state.number)
        if errand.sequence or is_done:
            return
        view = self._fleet.units.get(case.footage.unit)
        if view is None:
            remedy = "the CMC has no such unit; put it into the CMC's settings"
            self._refuse(register, case, state.kind, (UNKNOWN_UNIT, "", remedy))
        elif self._is_due(errand, state, view):
            self._ask(register, case, state, view)

    def _is_due(self, errand: _Errand, state: HoldState, view: UnitView) -> bool:
        is_live = self._fleet.state_of(view) == LIVE and view.birth is not None
        if not is_live or view.name in self._busy:
            return False
        is_time = self._fleet.now_ms() >= errand.due_ms
        if state.state in {LIFTING, OVER}:
            return is_time or errand.act != LET_GO
        if state.state == PENDING or not state.is_wanted:
            return is_time and state.state == PENDING
        if _boot(view) != errand.boot:
            return True
        is_told = state.state == HELD and errand.told_count > 1
        is_final = state.state == REFUSED and state.code in FINAL
        return is_time and not is_told and not is_final

    def _ask(self, register: Register, case: Case, state: HoldState, view: UnitView) -> None:
        """Send what is due; the wish is on record before the first command leaves."""
        footage, key = case.footage, (case.id, state.kind)
        who = _decided(case)
        if state.state in {LIFTING, OVER}:
            if self._is_shared(case, state):
                register.note_hold(case.id, who, {"kind": state.kind, "state": LIFTED})
                return
            command = Command(LET_GO, {"hold": state.number})
        else:
            command = Command(HOLD, {"camera": footage.camera, "kind": state.kind})
            command.arguments["from_utc_ms"] = footage.from_utc_ms
            command.arguments["to_utc_ms"] = footage.to_utc_ms
        faults = argument_faults(command.act, command.arguments)
        if faults:
            self._refuse(register, case, state.kind, (UNSENDABLE, "", "; ".join(faults)))
            return
        if latest(case, state.kind) is None:
            register.note_hold(case.id, who, {"kind": state.kind, "state": SENT})
        errand = self._errands[key]
        errand.act, errand.unit = command.act, view.name
        errand.due_ms = self._fleet.now_ms() + ANSWER_TIMEOUT_MS
        operator = Operator("", who.name, who.role, footage.purpose, f"evidence {case.id}")
        try:
            errand.sequence = self._controls.send(
                operator, view.name, command, lambda answer: self._answers.put((key, answer))
            )
        except LocalProtocolError as error:
            self._refuse(register, case, state.kind, (UNSENDABLE, "", str(error)))
        if errand.sequence:
            self._busy.add(view.name)
            self.sent_count += 1

    def _take(self, register: Register, key: Key, answer: Answer) -> None:
        """Take an answer to the newest question; an older one says nothing new."""
        errand = self._errands[key]
        if answer.sequence != errand.sequence:
            return
        case, kind = register.case(key[0]), key[1]
        view = self._fleet.units[answer.unit]
        boot = _boot(view)
        errand.told_count = errand.told_count + 1 if boot == errand.boot else 1
        errand.boot, errand.sequence = boot, 0
        errand.due_ms = self._fleet.now_ms() + AGAIN_MS
        if errand.act == LET_GO:
            if answer.result == DONE or answer.code == NO_HOLD:
                body = {"kind": kind, "state": LIFTED}
                register.note_hold(case.id, _decided(case), body)
        elif answer.result == DONE:
            self._hold(register, case, kind, answer)
        elif answer.code in OUT_OF_TURN:
            errand.due_ms, errand.boot = self._fleet.now_ms() + RETRY_MS, -1
        else:
            wait_ms = REFUSED_RETRY_MS if answer.code in SLOW else AGAIN_MS
            errand.due_ms = self._fleet.now_ms() + wait_ms
            self._refuse(register, case, kind, (answer.code, answer.clause, answer.remedy))

    def _hold(self, register: Register, case: Case, kind: str, answer: Answer) -> None:
        """Write a hold down that is new or another than before."""
        told = {name: answer.detail.get(name, 0) for name in ("hold", "segments", "until_utc_ms")}
        body = {"kind": kind, "state": HELD, **told}
        record = latest(case, kind)
        if record is None or any(record.body.get(name) != body[name] for name in body):
            register.note_hold(case.id, _decided(case), body)

    def _refuse(
        self, register: Register, case: Case, kind: str, why: tuple[str, str, str]
    ) -> None:
        """Write a refusal down that is new; what is held stays so unless it cannot be."""
        record = latest(case, kind)
        body = record.body if record is not None else {}
        is_known = body.get("state") == REFUSED and body.get("code") == why[0]
        if is_known or (body.get("state") == HELD and why[0] not in FINAL):
            return
        self.refused_count += 1
        told = dict(zip(("code", "clause", "why"), why, strict=True))
        full = {"kind": kind, "state": REFUSED, **told}
        register.note_hold(case.id, _decided(case), full)

    def _is_shared(self, case: Case, state: HoldState) -> bool:
        """Tell whether another request wants what the same hold keeps."""
        others = [
            other
            for other in self._cases.values()
            if other.id != case.id and other.footage.unit == case.footage.unit
        ]
        return any(
            one.is_wanted and one.state == HELD and one.number == state.number
            for other in others
            for one in hold_states(other, self._utc_ms())
        )


def _boot(view: UnitView) -> int:
    return view.birth.boot if view.birth is not None else -1


def _decided(case: Case) -> Person:
    """Tell who decided what a hold follows from: the newest of review, release and withdrawal."""
    kinds = {RELEASED: RELEASE, WITHDRAWN: WITHDRAW}
    return case.person(kinds.get(case.state, REVIEW))
