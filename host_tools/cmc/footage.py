"""What may be asked for, and who may do what with it; what stands in no row is refused."""

import unicodedata
from dataclasses import dataclass

from firmware.keys.ratchet import EPOCH_MS, LIFE_EPOCHS, LIFE_MS, epoch_of
from firmware.policy.rules import (
    AUDITOR,
    KEYHOLDER,
    OPERATOR,
    PURPOSES,
    RESPONSIBLE_OFFICER,
    SUPERVISOR,
)
from firmware.telemetry import topics

REQUEST, REVIEW, KEYS, EXPORT, RELEASE = "request", "review", "keys", "export", "release"
WITHDRAW, HOLD, WARNING = "withdraw", "hold", "warning"
LIST = "list"
NAME_BYTES_MAX, TEXT_BYTES_MAX = 200, 1000
ACTS = {
    REQUEST: (OPERATOR, SUPERVISOR, RESPONSIBLE_OFFICER),
    REVIEW: (SUPERVISOR, RESPONSIBLE_OFFICER, KEYHOLDER),
    EXPORT: (SUPERVISOR, RESPONSIBLE_OFFICER, KEYHOLDER),
    RELEASE: (SUPERVISOR, RESPONSIBLE_OFFICER),
    WITHDRAW: (OPERATOR, SUPERVISOR, RESPONSIBLE_OFFICER),
    LIST: (SUPERVISOR, RESPONSIBLE_OFFICER, KEYHOLDER, AUDITOR),
}


class RefusedError(Exception):
    """An act on footage is refused; `clause` says by which rule, the text what would help."""

    def __init__(self, clause: str, text: str) -> None:
        super().__init__(text)
        self.clause = clause


@dataclass(frozen=True)
class Person:
    """Who acts, and in which role."""

    name: str
    role: str

    def is_same(self, name: str) -> bool:
        """Tell whether a name is this person's, however it is spaced, capitalised and encoded."""
        return _plain_name(self.name) == _plain_name(name)


@dataclass(frozen=True)
class Footage:
    """What is asked for, and why.

    Attributes:
        unit: the unit that recorded it.
        camera: whose pictures.
        from_utc_ms: start of the range.
        to_utc_ms: its end, not included.
        purpose: 1 to 14, from the closed list.
        reason: in words.
        case: number of the case or incident.
        with_sound: the sound as well.
        sound_reason: why; needed with sound.
        grant: id of the grant that the sound was recorded under; needed with sound.
        is_joined: also one file of pictures and sound together.
        earlier_epochs: keys of so many epochs before the range: for the keyframe before it, and
            for a unit whose epochs lagged behind.
    """

    unit: str
    camera: str
    from_utc_ms: int
    to_utc_ms: int
    purpose: int
    reason: str
    case: str
    with_sound: bool = False
    sound_reason: str = ""
    grant: str = ""
    is_joined: bool = False
    earlier_epochs: int = 1

    def first_dies_utc_ms(self) -> int:
        """When the first of it is dead."""
        return epoch_of(self.from_utc_ms) * EPOCH_MS + LIFE_MS

    def last_dies_utc_ms(self) -> int:
        """When all of it is dead."""
        return epoch_of(self.to_utc_ms - 1) * EPOCH_MS + LIFE_MS


def _plain_name(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).split()).casefold()


def may(act: str, who: Person) -> None:
    """Refuse an act that the table does not give to a role, and a person without a name."""
    given(f"whoever does the act {act!r}", person=who.name)
    if len(who.name.encode()) > NAME_BYTES_MAX:
        raise RefusedError("C31", f"a name has at most {NAME_BYTES_MAX} bytes; give a shorter one")
    roles = ACTS.get(act, ())
    if who.role not in roles:
        raise RefusedError("C31", f"role {who.role!r} may not {act}; {' or '.join(roles)} may")


def check_footage(footage: Footage, now_utc_ms: int) -> None:
    """Refuse what cannot be asked for; what is wrong and what would help is named."""
    given("a request", reason=footage.reason, case=footage.case)
    plain("a request", sound_reason=footage.sound_reason, grant=footage.grant)
    for what, name in (("unit", footage.unit), ("camera", footage.camera)):
        if not topics.is_name(name):
            raise RefusedError("C31", f"{what} {name!r}: a name has 1 to 48 of A-Z a-z 0-9 - _")
    if not 1 <= footage.purpose <= len(PURPOSES):
        raise RefusedError(
            "C31", f"purpose {footage.purpose} is not on the list; give 1 to {len(PURPOSES)}"
        )
    _check_range(footage, now_utc_ms)
    if not 0 <= footage.earlier_epochs <= LIFE_EPOCHS:
        raise RefusedError(
            "C31", f"earlier epochs {footage.earlier_epochs}: give 0 to {LIFE_EPOCHS}"
        )
    if footage.with_sound and not (footage.sound_reason.strip() and footage.grant.strip()):
        raise RefusedError(
            "C43", "sound needs a reason of its own and the grant it was recorded under; give both"
        )
    if footage.is_joined and not footage.with_sound:
        raise RefusedError("C43", "one file of both needs the sound; ask for it with its reason")


def _check_range(footage: Footage, now_utc_ms: int) -> None:
    span_ms = footage.to_utc_ms - footage.from_utc_ms
    if span_ms <= 0:
        raise RefusedError("C31", "the range ends where it starts or before; give a later end")
    if span_ms > LIFE_MS:
        raise RefusedError("C28", "the range is longer than 31 days; nothing is kept longer")
    if footage.to_utc_ms > now_utc_ms:
        raise RefusedError("C31", "the range ends in the future; ask when it has been recorded")
    if footage.last_dies_utc_ms() <= now_utc_ms:
        raise RefusedError("C28", "all of it is older than 31 days and dead: nobody can read it")


def given(what: str, **texts: str) -> None:
    """Refuse a text that is empty or not plain; `what` is what lacks it."""
    for name, text in texts.items():
        if not text.strip():
            raise RefusedError("C31", f"{what} has no {name.replace('_', ' ')}; give one")
    plain(what, **texts)


def plain(what: str, **texts: str) -> None:
    """Refuse a text with characters that do not show: it could forge a line of a record."""
    for name, text in texts.items():
        if not text.isprintable():
            raise RefusedError(
                "C31",
                f"{what}: {name.replace('_', ' ')} {text!r} has a character that does not show; "
                "write it in one line of plain text",
            )
        if len(text.encode()) > TEXT_BYTES_MAX:
            raise RefusedError(
                "C31",
                f"{what}: {name.replace('_', ' ')} has {len(text.encode())} bytes; "
                f"say it in {TEXT_BYTES_MAX}",
            )
