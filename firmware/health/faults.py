"""The life of one fault, from raised to closed.

```text
raised --acknowledge--> acknowledged --attend--> attended --rectify--> rectified
  |  ^                       |                                            | clear
  | clear    recur           | clear                                      v
  v  |                       v                                         verified --close--> closed
cleared --acknowledge, forget--> closed           (a fault that recurs before closed is raised)
```

The states and their words follow the council's maintenance records: a person acknowledges, is on
site, says that it is put right; the unit itself verifies, because it sees that the condition is
gone; a person closes.
"""

from firmware.machine import Machine

RAISED = "raised"
CLEARED = "cleared"
ACKNOWLEDGED = "acknowledged"
ATTENDED = "attended"
RECTIFIED = "rectified"
VERIFIED = "verified"
CLOSED = "closed"
STATES = (RAISED, CLEARED, ACKNOWLEDGED, ATTENDED, RECTIFIED, VERIFIED, CLOSED)

RECUR = "recur"  # the condition is back
CLEAR = "clear"  # the condition has been gone for its off-delay
ACKNOWLEDGE = "acknowledge"  # somebody has seen it
ATTEND = "attend"  # somebody is at the unit
RECTIFY = "rectify"  # somebody says that it is put right
CLOSE = "close"  # somebody agrees that it is over
FORGET = "forget"  # it cleared and is too small to need anybody
EVENTS = (RECUR, CLEAR, ACKNOWLEDGE, ATTEND, RECTIFY, CLOSE, FORGET)

NEXT = {
    (RAISED, CLEAR): CLEARED,
    (RAISED, ACKNOWLEDGE): ACKNOWLEDGED,
    (RAISED, ATTEND): ATTENDED,
    (CLEARED, RECUR): RAISED,
    (CLEARED, ACKNOWLEDGE): CLOSED,
    (CLEARED, FORGET): CLOSED,
    (ACKNOWLEDGED, CLEAR): CLOSED,
    (ACKNOWLEDGED, ATTEND): ATTENDED,
    (ATTENDED, CLEAR): ATTENDED,  # the person on site has yet to say what was done
    (ATTENDED, RECUR): ATTENDED,
    (ATTENDED, RECTIFY): RECTIFIED,
    (RECTIFIED, CLEAR): VERIFIED,
    (RECTIFIED, RECUR): RAISED,
    (VERIFIED, RECUR): RAISED,
    (VERIFIED, CLOSE): CLOSED,
}

ABSENT_SHARE = 4  # time without the condition takes back a quarter of what time with it gave


class Watch:
    """One condition of one subject, with its delays, and the life of the fault it raises.

    A condition that comes and goes must still be found, so absence takes back only a quarter of
    the time that presence has gathered towards the on-delay.

    Args:
        delays_ms: (on-delay, off-delay).
        now_ms: when the condition was first looked at.
    """

    __slots__ = (
        "_gathered_ms",
        "_off_delay_ms",
        "_on_delay_ms",
        "_seen_ms",
        "absent_since_ms",
        "change_count",
        "is_present",
        "is_up",
        "machine",
        "since_ms",
    )

    def __init__(self, delays_ms: "tuple[int, int]", now_ms: int) -> None:
        self._on_delay_ms, self._off_delay_ms = delays_ms
        self._gathered_ms = 0
        self._seen_ms = now_ms
        self.is_present = False
        self.is_up = False
        self.absent_since_ms = now_ms
        self.since_ms = now_ms
        self.change_count = 0
        self.machine = Machine(NEXT, CLOSED)

    def observe(self, is_present: bool, now_ms: int) -> None:
        """Take one look at the condition."""
        self._gather(now_ms)
        if is_present == self.is_present:
            return
        self.is_present = is_present
        self.change_count += 1
        if not is_present:
            self.absent_since_ms = now_ms

    def step(self, now_ms: int) -> str:
        """Apply the delays; returns "recur" or "clear" when the condition has changed for good."""
        self._gather(now_ms)
        if not self.is_up:
            if self.is_present and self._gathered_ms >= self._on_delay_ms:
                self.is_up = True
                return RECUR
            return ""
        if not self.is_present and now_ms - self.absent_since_ms >= self._off_delay_ms:
            self.is_up = False
            self._gathered_ms = 0
            return CLEAR
        return ""

    def due_ms(self, now_ms: int, idle_ms: int) -> int:
        """When `step` has something to say at the earliest, if nothing is observed before."""
        if self.is_up and not self.is_present:
            return min(now_ms + idle_ms, self.absent_since_ms + self._off_delay_ms)
        if self.is_present and not self.is_up:
            return min(now_ms + idle_ms, now_ms + self._on_delay_ms - self._gathered_ms)
        return now_ms + idle_ms

    def is_over(self) -> bool:
        """Tell whether nothing is left to remember."""
        is_quiet = not self.is_present and not self.is_up and not self._gathered_ms
        return is_quiet and self.machine.state == CLOSED

    def _gather(self, now_ms: int) -> None:
        elapsed_ms = now_ms - self._seen_ms
        if self.is_present:
            self._gathered_ms = min(self._on_delay_ms, self._gathered_ms + elapsed_ms)
        else:
            taken_ms = elapsed_ms // ABSENT_SHARE
            # What is less than one share is left for the next look, or often looking forgives.
            now_ms -= elapsed_ms % ABSENT_SHARE
            self._gathered_ms = max(0, self._gathered_ms - taken_ms)
        self._seen_ms = now_ms
