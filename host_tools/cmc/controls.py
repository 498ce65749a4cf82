"""Turns a press at the page into a signed command, and waits for what the unit answers."""

import asyncio
import threading
from collections.abc import Callable

from firmware.commands.acts import ACTS, STOP, argument_faults
from firmware.commands.message import Answer, Command, encode
from firmware.telemetry import topics
from host_tools.cmc.feed import Feed, Signer
from host_tools.cmc.fleet import Fleet, UnitView
from host_tools.cmc.operator import OPERATOR_COUNT_MAX, Operator
from host_tools.cmc.store import Store

MOVE, DOME = "ptz.move", "ptz."
RELEASE = "ptz.release"
HELD_ACTS = (MOVE, "ptz.lens")  # renewed while a button is held, and worth nothing late
EXPIRY_MS = 4_000
MOVE_EXPIRY_MS = 1_500
ANSWER_TIMEOUT_S = 3.0
NO_ANSWER, NO_LINK, UNKNOWN = "no_answer", "no_link", "unknown"
OVERTAKEN = "overtaken"
Take = Callable[[Answer], None]
Outcome = dict[str, "str | int | dict[str, int | str | bool]"]


class Controls:
    """Sends commands and matches answers.

    Args:
        feed: the way to the units.
        store: keeps every command before it leaves, and its answer.
        fleet: what is known now.
        signer: seals commands.
    """

    def __init__(self, feed: Feed, store: Store, fleet: Fleet, signer: Signer) -> None:
        self._feed = feed
        self._store = store
        self._fleet = fleet
        self._signer = signer
        self._waiting: dict[tuple[str, int], Take] = {}
        self._leaving = threading.Lock()
        self._turns: dict[str, asyncio.Lock] = {}
        self._driven: dict[str, set[tuple[str, str]]] = {}  # session to the domes it moved
        self._press_least: dict[tuple[str, str, str], int] = {}
        self.overtaken_count = 0
        self.unexpected_answer_count = 0
        self.no_answer_count = 0
        feed.answers = self._on_answer

    async def order(
        self, operator: Operator, unit: str, command: Command, press: int = 0
    ) -> Outcome:
        """Ask a unit to do something.

        Args:
            operator: who asks.
            unit: whom.
            command: act and arguments; the rest is filled in here.
            press: rises with each press of a button at one page; a move that comes after the
                stop of the same press, or after a later press, is dropped, because requests may
                overtake one another.

        Returns:
            result, code, clause, remedy, detail, sequence, and latency_ms from the moment the
            command left to the moment the answer came.
        """
        view = self._fleet.units.get(unit)
        if view is None or command.act not in ACTS:
            known = ", ".join(self._fleet.units if view is None else ACTS)
            return refusal(UNKNOWN, f"{unit} {command.act}: not known; known are {known}")
        faults = argument_faults(command.act, command.arguments)
        if faults:
            return refusal(UNKNOWN, "; ".join(faults))
        _sign(command, operator, unit)
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[Answer] = loop.create_future()
        # One at a time to each unit, so that they leave in the order of their numbers.
        async with self._turns.setdefault(unit, asyncio.Lock()):
            overtaken = self._check_turn(operator, command, press)
            if overtaken is not None:
                return overtaken

            def take(answer: Answer) -> None:
                loop.call_soon_threadsafe(_settle, answered, answer)

            is_sent, left_ms = await asyncio.to_thread(self._leave, command, view, take)
        try:
            if not is_sent:
                return refusal(NO_LINK, "the broker is away; nothing was sent")
            answer = await asyncio.wait_for(answered, ANSWER_TIMEOUT_S)
        except TimeoutError:
            self.no_answer_count += 1
            return refusal(NO_ANSWER, f"{unit} did not answer within 3 s")
        finally:
            self._waiting.pop((unit, command.sequence), None)
        return _outcome(answer, self._fleet.now_ms() - left_ms)

    def send(self, operator: Operator, unit: str, command: Command, take: Take) -> int:
        """Ask a unit to do what was decided before, and do not wait for it.

        Args:
            operator: who decided it.
            unit: whom; one of the fleet.
            command: act and arguments; the rest is filled in here.
            take: is given the answer, on the feed's thread, should one come.

        Returns:
            the command's sequence, with which `forget` ends the wait; 0 when nothing was sent.
        """
        _sign(command, operator, unit)
        is_sent, _ = self._leave(command, self._fleet.units[unit], take)
        if not is_sent:
            self.forget(unit, command.sequence)
        return command.sequence if is_sent else 0

    def forget(self, unit: str, sequence: int) -> None:
        """Wait no longer for an answer."""
        self._waiting.pop((unit, sequence), None)

    async def let_go(self, operator: Operator) -> None:
        """Stop and release every dome that somebody moved who may not any more."""
        places = sorted(self._driven.pop(operator.token, set()))
        for act in (STOP, RELEASE):
            await asyncio.gather(
                *(
                    self.order(operator, unit, Command(act, {"camera": name}))
                    for unit, name in places
                )
            )

    def _check_turn(self, operator: Operator, command: Command, press: int) -> Outcome | None:
        """Say why a command may not leave: a stop came before it."""
        camera = command.text("camera")
        place = (operator.token, command.unit, camera)
        if command.act == STOP:
            # A stop is nobody's: whoever sees a dome move may stop it.
            self._press_least[place] = max(press + 1, self._press_least.get(place, 0))
            return None
        if command.act in HELD_ACTS and press:
            if press < self._press_least.get(place, 0):
                self.overtaken_count += 1
                return refusal(OVERTAKEN, "a later press, or its stop, was here before it")
            self._press_least[place] = press
        if command.act.startswith(DOME) and camera:
            self._driven.setdefault(operator.token, set()).add((command.unit, camera))
            if len(self._driven) > OPERATOR_COUNT_MAX:
                del self._driven[next(iter(self._driven))]
        return None

    def _leave(self, command: Command, view: UnitView, take: Take) -> tuple[bool, int]:
        """Number, keep, seal and send a command; they leave in the order of their numbers.

        Returns:
            whether it was sent, and when.
        """
        with self._leaving:
            sealed = self._prepare(command, view)
            self._waiting[command.unit, command.sequence] = take
            left_ms = self._fleet.now_ms()
            return self._feed.publish(topics.topic(command.unit, topics.COMMAND), sealed), left_ms

    def _prepare(self, command: Command, view: UnitView) -> bytes:
        """Number, keep and seal a command."""
        command.issued_utc_ms = self._fleet.utc_ms()
        life_ms = MOVE_EXPIRY_MS if command.act in HELD_ACTS else EXPIRY_MS
        command.expires_utc_ms = command.issued_utc_ms + life_ms
        self._store.add_command(command, view.command_sequence_next())
        topic = topics.topic(command.unit, topics.COMMAND)
        return self._signer.seal(command.unit, topic, encode(command))

    def _on_answer(self, answer: Answer) -> None:
        """Take an answer on the feed's thread."""
        result = (answer.result, answer.code, answer.clause)
        take = self._waiting.pop((answer.unit, answer.sequence), None)
        if take is not None:
            take(answer)
        is_ours = self._store.answer_command(
            answer.unit, answer.sequence, result, self._fleet.utc_ms()
        )
        if not is_ours:
            self.unexpected_answer_count += 1


def _sign(command: Command, operator: Operator, unit: str) -> None:
    command.unit = unit
    command.person = operator.person
    command.role = operator.role
    command.purpose = operator.purpose
    command.reason = operator.reason


def _settle(answered: "asyncio.Future[Answer]", answer: Answer) -> None:
    if not answered.done():
        answered.set_result(answer)


def _outcome(answer: Answer, latency_ms: int) -> Outcome:
    return {
        "result": answer.result,
        "code": answer.code,
        "clause": answer.clause,
        "remedy": answer.remedy,
        "detail": dict(answer.detail),
        "sequence": answer.sequence,
        "latency_ms": latency_ms,
    }


def refusal(code: str, text: str) -> Outcome:
    """An outcome that never reached the unit, or of which nothing is known."""
    return {
        "result": "failed" if code in (NO_ANSWER, NO_LINK) else "refused",
        "code": code,
        "clause": "",
        "remedy": text,
        "detail": {},
        "sequence": 0,
        "latency_ms": -1,
    }
