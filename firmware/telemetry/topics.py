"""Every MQTT topic, spelled once: `lamppost/v1/<unit>/...`."""

from firmware.errors import LocalProtocolError, RemoteProtocolError

PREFIX = "lamppost/v1/"

STATE = "state"
HEARTBEAT = "heartbeat"
EVENT = "event"
COMMAND = "command"
ANSWER = "answer"
CURSOR = "cursor"
STILL = "still"

KINDS = (STATE, HEARTBEAT, EVENT, COMMAND, ANSWER, CURSOR, STILL)
_NAME_CHARACTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
NAME_CHARACTER_COUNT_MAX = 48


def is_name(name: str) -> bool:
    """Tell whether a unit or camera name may stand in a topic (1 to 48 of A-Z a-z 0-9 - _)."""
    if not 1 <= len(name) <= NAME_CHARACTER_COUNT_MAX:
        return False
    return all(character in _NAME_CHARACTERS for character in name)


def _checked(name: str, what: str) -> str:
    if not is_name(name):
        raise LocalProtocolError(
            "%s name %r cannot stand in a topic; use 1 to %d of A-Z a-z 0-9 - _"
            % (what, name, NAME_CHARACTER_COUNT_MAX)
        )
    return name


def topic(unit: str, kind: str) -> str:
    """Name the topic of one unit.

    Args:
        unit: the unit's name.
        kind: one of KINDS but STILL, which needs a camera (see `still`).

    A name that cannot stand in a topic is a LocalProtocolError.
    """
    assert kind in KINDS, kind
    assert kind != STILL, kind
    return PREFIX + _checked(unit, "unit") + "/" + kind


def still(unit: str, camera: str) -> str:
    """Name the topic of one camera's still; LocalProtocolError when a name cannot stand in it."""
    return PREFIX + _checked(unit, "unit") + "/" + STILL + "/" + _checked(camera, "camera")


def unit_subscriptions(unit: str) -> "list[str]":
    """List what a unit listens to."""
    return [topic(unit, COMMAND), topic(unit, CURSOR)]


def cmc_subscriptions() -> "list[str]":
    """List what the CMC listens to, for every unit of its fleet."""
    plain = (STATE, HEARTBEAT, EVENT, ANSWER)
    return [PREFIX + "+/" + kind for kind in plain] + [PREFIX + "+/" + STILL + "/+"]


def parse(text: str) -> "tuple[str, str, str]":
    """Take a topic apart.

    Returns:
        (unit, kind, camera); camera is "" for everything but a still.

    Raises:
        RemoteProtocolError: not one of our topics.
    """
    unit, _, rest = text[len(PREFIX) :].partition("/")
    kind, _, camera = rest.partition("/")
    is_ours = text.startswith(PREFIX) and is_name(unit) and kind in KINDS
    # Only a still has a fourth part, and it always has one; a stray slash is refused with it.
    if is_ours and (is_name(camera) if kind == STILL else rest == kind):
        return unit, kind, camera
    raise RemoteProtocolError("topic %r is none of ours; see docs/formats/telemetry.md" % text)
