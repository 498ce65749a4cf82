"""The counter at the page where footage is asked for, reviewed and taken back.

It does what the command line does, by the same desk, register, roster and journal, and refuses in
the same words. Each act comes as a text: where there is a roster, that text is what is signed.
"""

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from firmware.errors import DamagedError
from host_tools.cmc.case_told import case_json
from host_tools.cmc.evidence_desk import EvidenceDesk
from host_tools.cmc.footage import (
    LIST,
    REQUEST,
    REVIEW,
    WITHDRAW,
    Footage,
    Person,
    RefusedError,
)
from host_tools.cmc.roster import ROSTER_FILE
from host_tools.cmc.signed_login import Challenges, SignedLogin, signed_text
from host_tools.evidence.errors import EvidenceError
from host_tools.keystore import PERMIT_FILE, KeystoreError

POOL_FILE = "ring.pool"
SIGNATURE_HEX_MAX = 128
FOOTAGE_FIELDS: dict[str, type] = {
    "unit": str,
    "camera": str,
    "from_utc_ms": int,
    "to_utc_ms": int,
    "purpose": int,
    "reason": str,
    "case": str,
    "with_sound": bool,
    "sound_reason": str,
    "grant": str,
    "is_joined": bool,
}
Json = dict[str, object]


@dataclass(frozen=True)
class SignedAct:
    """What came from the page.

    Attributes:
        text: the act as JSON.
        challenge: that was given out for it.
        person: signature by the person's key, in hex; "" for none.
        workstation: by the machine's.
    """

    text: str
    challenge: str = ""
    person: str = ""
    workstation: str = ""


class EvidenceCounter:
    """Takes acts on footage from the page.

    Args:
        cmc: folder of the CMC; units that keep their ring beside it are found there.
        keys: folder of its keystore.
        utc_ms: the CMC's clock.
        now_ms: monotonic.
    """

    def __init__(
        self, cmc: Path, keys: Path, utc_ms: Callable[[], int], now_ms: Callable[[], int]
    ) -> None:
        self._cmc = cmc
        self._keys = keys
        self._utc_ms = utc_ms
        self.challenges = Challenges(now_ms)

    def has_roster(self) -> bool:
        """Tell whether acts must be signed."""
        return (self._cmc / ROSTER_FILE).exists()

    def do(self, asked: SignedAct) -> Json:
        """Do an act.

        Returns:
            what became of it; "error" and "clause" where it was refused or failed.
        """
        desk: EvidenceDesk | None = None
        try:
            desk = EvidenceDesk(self._cmc, self._keys, self._utc_ms, self._proof(asked))
            return _act(desk, self._cmc.parent, asked.text)
        except RefusedError as refusal:
            return {"error": str(refusal), "clause": refusal.clause}
        except (EvidenceError, DamagedError, KeystoreError, sqlite3.Error, OSError) as error:
            return {"error": str(error), "clause": ""}
        finally:
            if desk is not None:
                desk.close()

    def _proof(self, asked: SignedAct) -> SignedLogin:
        """Take the signatures, which prove nothing where the challenge is not good."""
        if not self.challenges.use(asked.challenge):
            return SignedLogin(b"")
        signed = signed_text(asked.challenge, asked.text)
        return SignedLogin(signed, _bytes(asked.person), _bytes(asked.workstation))


def _act(desk: EvidenceDesk, state: Path, text: str) -> Json:
    act = _map(text)
    who = Person(_text(act, "person"), _text(act, "role"))
    what = _text(act, "do")
    if what == REQUEST:
        request_id = desk.register.request(who, _footage(act))
    elif what == REVIEW:
        request_id = _text(act, "request")
        is_accepted = cast("bool", _value(act, "is_accepted", bool))
        case = desk.register.review(request_id, who, is_accepted, _text(act, "reason"))
        if is_accepted:
            return _export(desk, request_id, who, state / case.footage.unit)
    elif what == WITHDRAW:
        request_id = _text(act, "request")
        desk.register.withdraw(request_id, who, _text(act, "reason"))
    elif what == LIST:
        cases, faults = desk.look(who)
        now_utc_ms = desk.utc_ms()
        return {"cases": [_told(case_json(case, now_utc_ms)) for case in cases], "faults": faults}
    else:
        raise RefusedError("C31", f"act {what!r}: there is none of that name at the page")
    return {"case": _case(desk, request_id)}


def _export(desk: EvidenceDesk, request_id: str, who: Person, unit: Path) -> Json:
    """Export at once what dies within 48 hours; should that fail, the acceptance stands."""
    told: Json = {}
    try:
        source = (unit / POOL_FILE, unit / PERMIT_FILE)
        result = desk.export_if_urgent(desk.register.case(request_id), who, source)
        told["exported"] = str(result.folder) if result is not None else ""
    except (RefusedError, EvidenceError, DamagedError, OSError) as error:
        told["export_error"] = f"it is urgent and could not be exported: {error}"
    return {"case": _case(desk, request_id), **told}


def _case(desk: EvidenceDesk, request_id: str) -> Json:
    return _told(case_json(desk.register.case(request_id), desk.utc_ms()))


def _told(case: Json) -> Json:
    """Leave out what the page does not show."""
    return {name: value for name, value in case.items() if name != "records"}


def _footage(act: Json) -> Footage:
    values = {name: _value(act, name, kind) for name, kind in FOOTAGE_FIELDS.items()}
    return Footage(**values)  # type: ignore[arg-type]


def _map(text: str) -> Json:
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise RefusedError("C31", "the act is no JSON map; load the page again")
    return cast("Json", value)


def _text(act: Json, name: str) -> str:
    return str(_value(act, name, str))


def _value(act: Json, name: str, kind: type) -> object:
    value = act.get(name)
    if type(value) is not kind:
        words = {str: "text", int: "a whole number", bool: "true or false"}
        raise RefusedError("C31", f"{name} {value!r}: must be {words[kind]}; load the page again")
    return value


def _bytes(text: str) -> bytes:
    try:
        return bytes.fromhex(text) if len(text) <= SIGNATURE_HEX_MAX else b""
    except ValueError:
        return b""
