"""The payloads of a command and of its answer. Format: docs/formats/commands.md."""

from firmware.cbor.decode import loads
from firmware.cbor.encode import dumps
from firmware.errors import RemoteProtocolError
from hal.api._typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from firmware.cbor.encode import Value
    from hal.api._typing import Mapping

    Argument = int | str | bool

DONE, REFUSED, FAILED = "done", "refused", "failed"
RESULTS = (DONE, REFUSED, FAILED)
TEXT_BYTES_MAX = 256
ARGUMENT_COUNT_MAX = 8
# field number, name, kind; every field of a command is required
COMMAND_FIELDS = (
    (1, "unit", str),
    (2, "sequence", int),
    (3, "issued_utc_ms", int),
    (4, "expires_utc_ms", int),
    (5, "person", str),
    (6, "role", str),
    (7, "purpose", int),
    (8, "reason", str),
    (9, "act", str),
    (10, "arguments", dict),
)
ANSWER_FIELDS = (
    (1, "unit", str),
    (2, "sequence", int),
    (3, "result", str),
    (4, "code", str),
    (5, "clause", str),
    (6, "detail", dict),
    (7, "remedy", str),
)


class Command:
    """What a person asks of a unit.

    Attributes:
        unit: whom it is for.
        sequence: rises with each command to this unit; 1 or more.
        issued_utc_ms: when it was made, by the clock of the CMC.
        expires_utc_ms: when it is worth nothing any more.
        person: who asks; never a shared account.
        role: in which role, one of `firmware.policy.rules.ROLES`.
        purpose: for which of the 14 purposes, 1 to 14.
        reason: in the person's words; may be empty.
        act: one of `firmware.commands.acts.ACTS`.
        arguments: of the act.
    """

    __slots__ = (
        "act",
        "arguments",
        "expires_utc_ms",
        "issued_utc_ms",
        "person",
        "purpose",
        "reason",
        "role",
        "sequence",
        "unit",
    )

    def __init__(self, act: str, arguments: "dict[str, Argument]") -> None:
        self.act = act
        self.arguments = arguments
        self.unit = ""
        self.sequence = 0
        self.issued_utc_ms = 0
        self.expires_utc_ms = 0
        self.person = ""
        self.role = ""
        self.purpose = 0
        self.reason = ""

    def text(self, name: str) -> str:
        """Read an argument that `acts` has checked to be text; "" where it is absent."""
        value = self.arguments.get(name, "")
        return value if isinstance(value, str) else ""

    def number(self, name: str) -> int:
        """Read an argument that `acts` has checked to be a number or a flag; 0 where absent."""
        value = self.arguments.get(name, 0)
        return 0 if isinstance(value, str) else int(value)


class Answer:
    """What became of a command.

    Args:
        unit: who answers.
        sequence: of the command.
        result: "done", "refused" (by a rule) or "failed" (by the world).
        code: why not; "" when done.
        clause: of the Code of Practice that decided; "" where none did.
        remedy: what to do about it; "" when done.
    """

    __slots__ = ("clause", "code", "detail", "remedy", "result", "sequence", "unit")

    def __init__(self, unit: str, sequence: int, result: str) -> None:
        self.unit = unit
        self.sequence = sequence
        self.result = result
        self.code = ""
        self.clause = ""
        self.detail: dict[str, Argument] = {}
        self.remedy = ""


def encode(command: Command) -> bytes:
    """Encode a command; LocalProtocolError when a value has no place in CBOR."""
    return dumps({number: getattr(command, name) for number, name, _ in COMMAND_FIELDS})


def decode(payload: bytes) -> Command:
    """Read a command; whether its act and arguments make sense is asked elsewhere.

    Raises:
        RemoteProtocolError: a field is missing, unknown, of the wrong kind or too long.
    """
    command = Command("", {})
    _fill(command, _fields(payload, "command"), COMMAND_FIELDS)
    if command.sequence < 1 or command.issued_utc_ms < 0:
        raise RemoteProtocolError("command: sequence or time of issue is below its range")
    return command


def encode_answer(answer: Answer) -> bytes:
    """Encode an answer; LocalProtocolError when a value has no place in CBOR."""
    return dumps({number: getattr(answer, name) for number, name, _ in ANSWER_FIELDS})


def decode_answer(payload: bytes) -> Answer:
    """Read what a unit answered.

    Raises:
        RemoteProtocolError: a field is missing, unknown, of the wrong kind or too long.
    """
    answer = Answer("", 0, "")
    _fill(answer, _fields(payload, "answer"), ANSWER_FIELDS)
    if answer.result not in RESULTS:
        raise RemoteProtocolError("answer: result %r is not known" % answer.result)
    return answer


def _fields(payload: bytes, what: str) -> "dict[int | str | bytes, Value]":
    """Decode the outer map."""
    value = loads(payload)
    if not isinstance(value, dict):
        raise RemoteProtocolError("%s: not a map" % what)
    return value


def _fill(
    target: "Command | Answer",
    found: "dict[int | str | bytes, Value]",
    fields: "tuple[tuple[int, str, type], ...]",
) -> None:
    """Set every field of a command or an answer, each of its own kind."""
    for number, name, kind in fields:
        value = found.pop(number, None)
        if value is True or value is False or not isinstance(value, kind):
            raise RemoteProtocolError(
                "field %d (%s) is missing or of the wrong kind" % (number, name)
            )
        if isinstance(value, str) and len(value) > TEXT_BYTES_MAX:
            raise RemoteProtocolError("%s (%d) is too long" % (name, number))
        if isinstance(value, dict):
            _check_flat(cast("dict[object, object]", value), name)
        setattr(target, name, value)
    if found:
        raise RemoteProtocolError("fields %s are not known" % sorted([repr(key) for key in found]))


def _check_flat(found: "Mapping[object, object]", name: str) -> None:
    """Refuse a map that holds anything but a few texts, numbers and flags under texts."""
    if len(found) > ARGUMENT_COUNT_MAX:
        raise RemoteProtocolError("%s: more than %d entries" % (name, ARGUMENT_COUNT_MAX))
    for key in found:
        value = found[key]
        is_flag = value is True or value is False
        if not isinstance(key, str) or not (is_flag or isinstance(value, (int, str))):
            raise RemoteProtocolError("%s: %r is not text, number or flag" % (name, key))
        if isinstance(value, str) and len(value) > TEXT_BYTES_MAX:
            raise RemoteProtocolError("%s: %s is too long" % (name, key))
