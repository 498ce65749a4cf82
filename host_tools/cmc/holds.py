"""Whether the unit keeps requested footage from being overwritten, as the register tells it.

From the moment a request is accepted until it is released or withdrawn its unit is to hold the
pictures, and the sound where that was asked for. A hold keeps from overwriting alone: the day on
which the footage is destroyed stays what it is. Each word below is that of a "hold" record.
"""

from dataclasses import dataclass

from host_tools.cmc.case import ACCEPTED, EXPORTED, Case
from host_tools.cmc.footage import HOLD, Footage
from host_tools.cmc.journal import Record
from host_tools.evidence.moment import iso

PICTURE, SOUND = "picture", "sound"
SENT, HELD, REFUSED, LIFTED = "sent", "held", "refused", "lifted"
PENDING, LIFTING, OVER = "pending", "lifting", "over"  # never written, only told


@dataclass(frozen=True)
class HoldState:
    """What is known of the hold of one stream.

    Attributes:
        kind: PICTURE or SOUND.
        state: PENDING, HELD, REFUSED, LIFTING, LIFTED or OVER.
        is_wanted: the unit is to hold it now.
        number: by which the unit knows it; 0 for none. One that is OVER and has a number was not
            heard to have ended.
        until_utc_ms: when it ends by itself; 0 where it is not held.
        code: of the unit's refusal; "" for none.
        why: the reason and what would help, of a refusal.
    """

    kind: str
    state: str
    is_wanted: bool
    number: int = 0
    until_utc_ms: int = 0
    code: str = ""
    why: str = ""

    def words(self, unit: str) -> str:
        """Tell it to people."""
        return {
            PENDING: f"hold pending: {unit} has not answered yet, and is asked until it does",
            HELD: f"held until {iso(self.until_utc_ms)}",
            REFUSED: f"hold refused ({self.code}): {self.why}",
            LIFTING: f"held until {iso(self.until_utc_ms)}; {unit} is asked to lift it",
            LIFTED: "hold lifted",
            OVER: "hold over: what was held is dead",
        }[self.state]


def kinds(footage: Footage) -> list[str]:
    """List the streams that a request is about."""
    return [PICTURE, SOUND] if footage.with_sound else [PICTURE]


def latest(case: Case, kind: str) -> Record | None:
    """Give the newest record about the hold of one stream."""
    found = [record for record in case.of_kind(HOLD) if record.body.get("kind") == kind]
    return found[-1] if found else None


def hold_states(case: Case, now_utc_ms: int) -> list[HoldState]:
    """Tell of each stream whether it is held; nothing of a request that was never to be."""
    states = [_state(case, kind, now_utc_ms) for kind in kinds(case.footage)]
    return [state for state in states if state is not None]


def _state(case: Case, kind: str, now_utc_ms: int) -> HoldState | None:
    is_wanted = case.state in {ACCEPTED, EXPORTED}
    record = latest(case, kind)
    body = record.body if record is not None else {}
    told = str(body.get("state", ""))
    if not told and not is_wanted:
        return None
    number, until_utc_ms = (_number(body.get(key)) for key in ("hold", "until_utc_ms"))
    if told == LIFTED:
        return HoldState(kind, OVER if is_wanted else LIFTED, is_wanted)
    if told == REFUSED:
        code, why = str(body.get("code")), str(body.get("why"))
        return HoldState(kind, REFUSED, is_wanted, code=code, why=why)
    ends_utc_ms = until_utc_ms if told == HELD else case.footage.last_dies_utc_ms()
    if ends_utc_ms <= now_utc_ms:
        return HoldState(kind, OVER, is_wanted, number if told == HELD else 0)
    if told == HELD:
        state = HELD if is_wanted else LIFTING
        return HoldState(kind, state, is_wanted, number, until_utc_ms)
    return HoldState(kind, PENDING, is_wanted)


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
