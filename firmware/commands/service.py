"""The one door commands come in by: verify, decide, do, answer.

A command is looked at in this order, and the first thing wrong decides: MAC, form, unit, retained,
clock, expiry, replay; then its sequence is taken; then person, act, arguments, policy; then the
act. What is not proven to come from the CMC gets no answer and leaves no event, only a count, and
of what somebody may have recorded and sent again one event a minute is left: nobody without the
key can fill the outbox.
"""

from firmware.buffers import EventQueue
from firmware.commands import acts, message
from firmware.commands.message import Answer, Command
from firmware.cose import mac0
from firmware.cose.replay import FAR_AHEAD, REPLAYED, UNSTORED, ReplayGuard
from firmware.cose.structure import UnverifiedError
from firmware.errors import RemoteProtocolError
from hal.api._typing import TYPE_CHECKING
from hal.api.clock import UTC_NONE, UTC_SYNCED

if TYPE_CHECKING:
    from firmware.commands.message import Argument
    from firmware.policy.decide import Decision
    from hal.api._typing import Callable
    from hal.api.cipher import Keys
    from hal.api.link import Message

    Decide = Callable[[Command], Decision]
    Act = Callable[[Command, int], tuple[str, dict[str, Argument]]]

KEY_ID = b"command"
FUTURE_MS_MAX = 5_000  # how far the CMC's clock may be ahead of ours
LIFE_MS_MAX = 60_000  # how long a command may be worth something
TELL_AGAIN_MS = 60_000  # pause between two events about envelopes refused for the same reason
RENEWAL_MS = 1_500  # a move repeated within this is the same move held on

MALFORMED, UNVERIFIED = "command.malformed", "command.unverified"
FOREIGN, RETAINED, NO_CLOCK = "command.foreign", "command.retained", "command.no_clock"
STALE, FUTURE = "command.stale", "command.future"
NO_PERSON, UNKNOWN_ACT = "command.person", "command.unknown_act"
ARGUMENTS, NOT_FITTED = "command.arguments", "command.not_fitted"

# Code to the clause behind it, where there is one, and the remedy.
REASONS = {
    FOREIGN: ("", "send it to the unit that it names"),
    RETAINED: ("", "publish commands without the retain flag and delete the retained one"),
    NO_CLOCK: ("", "wait until the unit has the time; only ptz.stop is taken until then"),
    STALE: ("", "send it again with an expiry at most 60 s ahead; compare the two clocks"),
    FUTURE: ("", "compare the clocks of the CMC and of the unit"),
    REPLAYED: ("", "number commands from the floor that birth and heartbeat tell"),
    FAR_AHEAD: ("", "number commands from the floor that birth and heartbeat tell"),
    UNSTORED: ("", "send it again in a second; the unit is storing its sequence mark"),
    NO_PERSON: ("C14", "name the person who asks; a shared account is none"),
    UNKNOWN_ACT: ("", "use one of: " + ", ".join(sorted(acts.ACTS))),
    NOT_FITTED: ("", "this unit has nothing that can do it"),
}


class CommandService:
    """Verifies commands, asks the policy, has them done and answers each once.

    Args:
        unit: this unit's name.
        keys: holds the key b"command".
        guard: refuses replays.
        decide: asks the policy about a command, with what holds at this moment.
    """

    __slots__ = (
        "_decide",
        "_functions",
        "_keys",
        "_last_move",
        "_last_move_ms",
        "_told_ms",
        "_unit",
        "accepted_count",
        "counts",
        "events",
        "guard",
        "renewed_count",
    )

    def __init__(self, unit: str, keys: "Keys", guard: ReplayGuard, decide: "Decide") -> None:
        self._unit = unit
        self._keys = keys
        self._decide = decide
        self._functions: dict[str, Act] = {}
        self._last_move: tuple[str, str, dict[str, Argument]] | None = None
        self._last_move_ms = 0
        self._told_ms: dict[str, int] = {}
        self.guard = guard
        self.events = EventQueue()
        self.accepted_count = 0
        self.renewed_count = 0
        self.counts: dict[str, int] = {}
        """How often each code was the reason not to do a command."""

    def register(self, act: str, function: "Act") -> None:
        """Say what does an act.

        Args:
            act: one of `acts.ACTS`.
            function: called with the command and the monotonic time; gives (code, detail), code ""
                when done. A code that begins with "port." is a failure, any other a refusal.
                "clause" and "remedy" in detail become those of the answer.
        """
        assert act in acts.ACTS
        self._functions[act] = function

    def receive(
        self, topic: str, received: "Message", utc_ms: int, utc_quality: int, now_ms: int
    ) -> "Answer | None":
        """Take one message from the command topic.

        Args:
            topic: the unit's own command topic; the MAC must cover it.
            received: what came.
            utc_ms: wall clock.
            utc_quality: how far it is trusted, as `hal.api.clock` has it.
            now_ms: monotonic time.

        Returns:
            the one answer to the command; None when it is not proven to come from the CMC.
        """
        command = self._unseal(topic, received.payload)
        if command is None:
            return None
        code = self._by_envelope(command, received.is_retained, utc_ms, utc_quality)
        answer = Answer(self._unit, command.sequence, message.DONE)
        if code:
            self._refuse(answer, code, "", "")
            if now_ms - self._told_ms.get(code, now_ms - TELL_AGAIN_MS) < TELL_AGAIN_MS:
                return answer
            self._told_ms[code] = now_ms
        else:
            self.guard.accept(command.sequence)
            self._perform(command, answer, now_ms)
        self._tell(command, answer, now_ms)
        return answer

    def _unseal(self, topic: str, payload: bytes) -> "Command | None":
        """Check MAC and form; counts what is wrong."""
        try:
            key_id, inner = mac0.unseal(self._keys, payload, topic.encode())
            if key_id != KEY_ID:
                self._count(UNVERIFIED)
                return None
            return message.decode(inner)
        except UnverifiedError:
            self._count(UNVERIFIED)
        except RemoteProtocolError:
            self._count(MALFORMED)
        return None

    def _by_envelope(
        self, command: Command, is_retained: bool, utc_ms: int, utc_quality: int
    ) -> str:
        """Check what is true of any command; "" or the code against it."""
        if command.unit != self._unit:
            return FOREIGN
        if is_retained:
            return RETAINED
        is_stop = command.act == acts.STOP
        if utc_quality == UTC_NONE and not is_stop:
            return NO_CLOCK
        # A stop is worth more than a clock that may be wrong: a late one only stops.
        if utc_quality >= UTC_SYNCED or not is_stop:
            code = _by_time(command, utc_ms)
            if code:
                return code
        code = self.guard.check(command.sequence)
        return "" if is_stop and code == UNSTORED else code

    def _perform(self, command: Command, answer: Answer, now_ms: int) -> None:
        """Ask person, act, arguments and policy, then do it; fills the answer in."""
        if not command.person.strip():
            self._refuse(answer, NO_PERSON, "", "")
            return
        if command.act not in acts.ACTS:
            self._refuse(answer, UNKNOWN_ACT, "", "")
            return
        faults = acts.argument_faults(command.act, command.arguments)
        if faults:
            self._refuse(answer, ARGUMENTS, "", "; ".join(faults))
            return
        decision = self._decide(command)
        if not decision.is_allowed:
            self._refuse(answer, decision.code, decision.clause, decision.remedy)
            return
        function = self._functions.get(command.act)
        if function is None:
            self._refuse(answer, NOT_FITTED, "", "")
            return
        code, detail = function(command, now_ms)
        clause, remedy = str(detail.pop("clause", "")), str(detail.pop("remedy", ""))
        answer.detail = detail
        if code:
            self._refuse(answer, code, clause, remedy)

    def _refuse(self, answer: Answer, code: str, clause: str, remedy: str) -> None:
        """Turn an answer into a refusal, or a failure where a port is the reason."""
        known_clause, known_remedy = REASONS.get(code, ("", ""))
        answer.result = message.FAILED if code.startswith("port.") else message.REFUSED
        answer.code = code
        answer.clause = clause or known_clause
        answer.remedy = remedy or known_remedy
        self._count(code)

    def _tell(self, command: Command, answer: Answer, now_ms: int) -> None:
        """Emit the event of a command; a move that is only held on is counted instead."""
        is_done = answer.result == message.DONE
        self.accepted_count += is_done
        if is_done and command.act == "ptz.move":
            move = (command.person, command.role, command.arguments)
            is_renewal = move == self._last_move and now_ms - self._last_move_ms <= RENEWAL_MS
            self._last_move, self._last_move_ms = move, now_ms
            if is_renewal:
                self.renewed_count += 1
                return
        elif is_done:
            self._last_move = None
        fields: dict[str, int | str | bytes | bool] = {
            "person": command.person,
            "role": command.role,
            "act": command.act,
            "sequence": command.sequence,
            "code": answer.code,
        }
        self.events.emit("command.accepted" if is_done else "command.refused", now_ms, fields)

    def _count(self, code: str) -> None:
        self.counts[code] = self.counts.get(code, 0) + 1


def _by_time(command: Command, utc_ms: int) -> str:
    """Check issue and expiry against the wall clock; "" or the code against it."""
    life_ms = command.expires_utc_ms - command.issued_utc_ms
    if utc_ms >= command.expires_utc_ms or not 0 < life_ms <= LIFE_MS_MAX:
        return STALE
    return FUTURE if command.issued_utc_ms > utc_ms + FUTURE_MS_MAX else ""
