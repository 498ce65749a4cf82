"""What the unit may do here and now: its permit, its grants, and the words policy asks for."""

from firmware.errors import ProtocolError
from firmware.policy import grant as grants
from firmware.policy import permit as permits
from firmware.policy import rules
from firmware.policy.decide import ARMED, GRANTED, NIGHT
from firmware.policy.fields import PaperError
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.buffers import EventQueue
    from firmware.policy.grant import Grant
    from firmware.policy.permit import Permit
    from hal.api._typing import Callable, Mapping
    from hal.api.board import Board

AUTHORITY_KEY_ID = b"authority"
JUDGE_EVERY_MS = 1_000
TEXT_MAX = 200
NO_PERMIT = ("C09", "permit.missing")
NO_GRANT = ("C07", "grant.missing")
HOUR_MS = 3_600_000
DAY_HOURS = 24
NIGHT_HOURS = (20, 6)  # of UTC; limits laid down for the night hold from the first to the last


class Authority:
    """The papers of one unit, judged again every second.

    Args:
        board: its cipher, keys, clock and sensors are used.
        unit: this unit's name.
        place: the place that its settings name.
        events: where to tell.
    """

    __slots__ = (
        "_board",
        "_due_ms",
        "_events",
        "_grants",
        "_place",
        "_unit",
        "_utc_ms",
        "_warned_days",
        "against",
        "is_armed",
        "permit",
        "refused_count",
    )

    def __init__(self, board: "Board", unit: str, place: str, events: "EventQueue") -> None:
        self._board = board
        self._unit = unit
        self._place = place
        self._events = events
        self._grants: dict[str, Grant] = {}
        self._due_ms = 0
        self._utc_ms = 0
        self._warned_days = 0
        self.permit: Permit | None = None
        self.against: list[tuple[str, str]] = [NO_PERMIT]
        """(clause, code) of each reason not to record; empty while armed."""
        self.is_armed = False
        self.refused_count = 0

    def load(self, permit: bytes, papers: "Mapping[str, bytes]", now_ms: int) -> None:
        """Take the signed papers; one that is not good is told and left out.

        Args:
            permit: the permit's file; b"" where there is none.
            papers: camera to the file of its grant.
            now_ms: monotonic time.
        """
        authority = self._board.keys.public_key(AUTHORITY_KEY_ID)
        if permit:
            read = self._read("permit", now_ms, permits.unseal, authority, permit)
            self.permit = read if isinstance(read, permits.Permit) else None
        for camera, paper in papers.items():
            read = self._read("grant", now_ms, grants.unseal, authority, paper)
            if isinstance(read, grants.Grant):
                self._grants[camera] = read

    def step(self, now_ms: int, least_utc_ms: int) -> int:
        """Judge the permit, when that is due; returns when it is due next.

        Args:
            now_ms: monotonic time.
            least_utc_ms: true time is not before this, whatever the wall clock says; so a clock
                that was lost or set back brings no paper to life again.
        """
        if now_ms < self._due_ms:
            return self._due_ms
        self._due_ms = now_ms + JUDGE_EVERY_MS
        self._utc_ms = utc_ms = max(self._board.clock.utc_ms(), least_utc_ms)
        against: list[tuple[str, str]] = [NO_PERMIT]
        if self.permit is not None:
            position = _position(self._board)
            against = permits.check(self.permit, self._unit, self._place, utc_ms, position)
            self._warn(self.permit, utc_ms, now_ms)
        if bool(against) == self.is_armed or against != self.against:
            clause, code = against[0] if against else ("", "")
            name = "unit.disarmed" if against else "unit.armed"
            self._events.emit(name, now_ms, {"clause": clause, "code": code})
        self.against = against
        self.is_armed = not against
        return self._due_ms

    def grant(self, camera: str) -> "Grant | None":
        """Give the grant on file for a camera; it may not be in force."""
        return self._grants.get(camera)

    def against_sound(self, camera: str) -> "list[tuple[str, str]]":
        """Say what stands against sound with a camera now; empty when it may be on (C07, C38)."""
        if self.permit is None or not self.is_armed:
            return self.against
        if self.permit.scheme_class == rules.PSS:
            return [("C38", "grant.class")]
        paper = self._grants.get(camera)
        if paper is None:
            return [NO_GRANT]
        return grants.check(paper, self.permit, self._unit, camera, self._place, self._utc_ms)

    def conditions(self, camera: str) -> "tuple[str, ...]":
        """List the words that hold now, as `policy.decide` takes them."""
        words: list[str] = []
        if self.is_armed:
            words.append(ARMED)
        if self.permit is not None:
            words += self.permit.limits
        if camera and not self.against_sound(camera):
            words.append(GRANTED)
        hour = self._utc_ms // HOUR_MS % DAY_HOURS
        if hour >= NIGHT_HOURS[0] or hour < NIGHT_HOURS[1]:
            words.append(NIGHT)
        return tuple(words)

    def scheme_class(self) -> str:
        """Give the class of the permit; any doubt means PSS (C02)."""
        return rules.PSS if self.permit is None else self.permit.scheme_class

    def _read(
        self,
        what: str,
        now_ms: int,
        unseal: "Callable[..., Permit | Grant]",
        authority: bytes,
        data: bytes,
    ) -> "Permit | Grant | None":
        """Check and read one paper, and tell what became of it."""
        try:
            paper = unseal(self._board.cipher, authority, data)
        except (PaperError, ProtocolError) as error:
            self.refused_count += 1
            fields = {"code": error.code, "text": str(error)[:TEXT_MAX]}
            self._events.emit(what + ".refused", now_ms, fields)
            return None
        self._events.emit(what + ".accepted", now_ms, {"id": paper.id})
        return paper

    def _warn(self, permit: "Permit", utc_ms: int, now_ms: int) -> None:
        """Say 30, 7 and 1 days before the permit is over that it will be (C12)."""
        days = permit.warning_days(utc_ms) if utc_ms else 0
        if days and days != self._warned_days:
            self._events.emit("permit.expiring", now_ms, {"id": permit.id, "days": days})
        self._warned_days = days


def _position(board: "Board") -> "tuple[int, int] | None":
    """Where the unit stands, if it knows."""
    readings = board.sensors.read()
    if readings.latitude_udeg is None or readings.longitude_udeg is None:
        return None
    return readings.latitude_udeg, readings.longitude_udeg
