"""Keeps every fault of a unit: debounced, told once, and remembered until it is closed."""

from firmware.buffers import EventQueue
from firmware.health import catalogue
from firmware.health.fault import LOW
from firmware.health.faults import (
    ACKNOWLEDGE,
    ACKNOWLEDGED,
    ATTEND,
    ATTENDED,
    CLEAR,
    CLEARED,
    CLOSE,
    CLOSED,
    FORGET,
    RAISED,
    RECTIFIED,
    RECTIFY,
    RECUR,
    VERIFIED,
    Watch,
)
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.buffers import Value

WATCH_COUNT_MAX = 256
IDLE_MS = 1000

UNKNOWN = "fault.unknown"
NOT_NOW = "fault.not_now"

TOLD_AS = {
    RAISED: "fault.raised",
    CLEARED: "fault.cleared",
    ACKNOWLEDGED: "fault.acknowledged",
    ATTENDED: "fault.attended",
    RECTIFIED: "fault.rectified",
    VERIFIED: "fault.verified",
    CLOSED: "fault.closed",
}


class HealthService:
    """Is told of conditions, tells of faults.

    `observe` may be called as often as wanted; only a condition that lasts becomes a fault.
    """

    def __init__(self) -> None:
        self.events = EventQueue()
        self.raised_count = 0
        self.overflow_count = 0
        self.change_count = 0
        self._watches: dict[tuple[str, str], Watch] = {}

    def observe(self, fault: str, subject: str, is_present: bool, now_ms: int) -> None:
        """Take one look at a condition.

        Args:
            fault: its name in the catalogue.
            subject: what has it: a camera, a medium, or "" for the unit itself.
            is_present: the condition is there now.
            now_ms: when it was looked at.
        """
        row = catalogue.FAULTS[fault]
        watch = self._watches.get((fault, subject))
        if watch is None:
            if not is_present:
                return
            if len(self._watches) >= WATCH_COUNT_MAX:
                self.overflow_count += 1
                return
            watch = Watch((row.on_delay_ms, row.off_delay_ms), now_ms)
            self._watches[fault, subject] = watch
        self.change_count += is_present != watch.is_present
        watch.observe(is_present, now_ms)

    def step(self, now_ms: int) -> int:
        """Raise and clear what has lasted; returns the now_ms of the next step at the latest."""
        due_ms = now_ms + IDLE_MS
        over: list[tuple[str, str]] = []
        for key, watch in self._watches.items():
            event = watch.step(now_ms)
            if event:
                self._take(key, watch, event, now_ms)
            if watch.is_over():
                over.append(key)
            due_ms = min(due_ms, watch.due_ms(now_ms, IDLE_MS))
        for key in over:
            del self._watches[key]
        return max(due_ms, now_ms)

    def _take(self, key: "tuple[str, str]", watch: Watch, event: str, now_ms: int) -> None:
        """Tell what the condition did to the fault."""
        row = catalogue.FAULTS[key[0]]
        if event == RECUR and watch.machine.state == CLOSED:
            # A new fault begins a new life; a closed one is never opened again.
            watch.machine.state = RAISED
            watch.since_ms = now_ms
            watch.change_count = 1
            self.raised_count += 1
            self._tell(RAISED, key, watch, now_ms, "")
            return
        before = watch.machine.state
        state = watch.machine.on_event(event)
        self.raised_count += state == RAISED
        if event == CLEAR and before in {RAISED, ACKNOWLEDGED}:
            # The unit says "cleared" also where that ends the life of an acknowledged fault.
            self._tell(CLEARED, key, watch, now_ms, "")
        elif state and state != before:
            self._tell(state, key, watch, now_ms, "")
        if state == CLEARED and row.severity == LOW:
            watch.machine.on_event(FORGET)

    def acknowledge(self, fault: str, subject: str, person: str, now_ms: int) -> str:
        """Note that a person has seen a fault.

        Returns:
            "" when done, "fault.unknown" when there is no such fault now, "fault.not_now" when its
            state does not allow it (it was acknowledged before).
        """
        return self._act(ACKNOWLEDGE, (fault, subject), person, now_ms)

    def attend(self, fault: str, subject: str, person: str, now_ms: int) -> str:
        """Note that a person is at the unit; answers like `acknowledge`."""
        return self._act(ATTEND, (fault, subject), person, now_ms)

    def rectify(self, fault: str, subject: str, person: str, now_ms: int) -> str:
        """Note that a person says it is put right; the unit itself verifies; answers likewise."""
        refusal = self._act(RECTIFY, (fault, subject), person, now_ms)
        watch = self._watches.get((fault, subject))
        if not refusal and watch is not None and not watch.is_up:
            self._take((fault, subject), watch, CLEAR, now_ms)
        return refusal

    def close(self, fault: str, subject: str, person: str, now_ms: int) -> str:
        """Note that a person agrees it is over, once verified; answers like `acknowledge`."""
        return self._act(CLOSE, (fault, subject), person, now_ms)

    def _act(self, event: str, key: "tuple[str, str]", person: str, now_ms: int) -> str:
        watch = self._watches.get(key)
        if watch is None or watch.machine.state == CLOSED:
            return UNKNOWN
        state = watch.machine.on_event(event)
        if not state:
            return NOT_NOW
        told = ACKNOWLEDGED if event == ACKNOWLEDGE else state
        self._tell(told, key, watch, now_ms, person)
        return ""

    def active(self) -> "list[tuple[str, str, int, str]]":
        """List every fault that is not closed: (fault, subject, since_ms, state), by number."""
        rows = [
            (catalogue.FAULTS[fault].number, fault, subject, watch.since_ms, watch.machine.state)
            for (fault, subject), watch in self._watches.items()
            if watch.machine.state != CLOSED
        ]
        rows.sort()
        return [(fault, subject, since_ms, state) for _, fault, subject, since_ms, state in rows]

    def _tell(
        self, state: str, key: "tuple[str, str]", watch: Watch, now_ms: int, person: str
    ) -> None:
        fault, subject = key
        row = catalogue.FAULTS[fault]
        fields: dict[str, Value] = {
            "fault": fault,
            "number": row.number,
            "subject": subject,
            "severity": row.severity,
        }
        if state != RAISED:
            fields["age_ms"] = now_ms - watch.since_ms
            fields["change_count"] = watch.change_count
        if person:
            fields["person"] = person
        self.events.emit(TOLD_AS[state], now_ms, fields)
