"""Several domes on one line: one exchange at a time, any stop first, then each in its turn.

The line belongs to one dome from the first bit of its frame until its reply is in or given up;
then it rests for the time that transceivers need to turn round. Who is next:

    1  the first copy of a stop, of whichever dome; it waits for neither reply nor rest, but for
       the frame that is leaving, and for the answer to the first copy of another dome's stop
    2  second copies, domes in turn: a reply that was overtaken can have damaged the first
    3  motion and presets, and stops that are said again to a head which does not answer, domes
       in turn: a dead head must not keep the others from moving
    4  queries and what moves nothing, domes in turn; also after so many of 3 in a row as there
       are domes, so that places stay known under many hands

Only the newest wish of each dome is kept by its drive, so nothing is replayed: not after a stop,
and not after a reply that never came. The lease of each dome is cut so that all of them running
out at once are stopped on the wire within a second, and a motion that goes on is told again less
often the more domes there are.
"""

from firmware.ptz.quality import LineQuality, totals
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.ptz.service import PtzService

TURNROUND_BYTES = 2
TURNROUND_MS_MIN = 2
STOPPED_MS_MAX = 1000  # from the last renewal to the end of the stop on the wire
LOOP_MS = 30  # of that, what the unit's own turns may take
LEASE_MS_MIN = 200
RESEND_MS, RESEND_MS_MAX = 400, 3000  # of one dome; telling again must not fill the line
LAST_WORDS_BYTES_MAX = 64
IDLE_MS = 1000
BITS_PER_BYTE = 10
PAN = "pan"


class Bus:
    """One line with its domes; made empty, then `attach` each."""

    def __init__(self) -> None:
        self.services: list[PtzService] = []
        self.quality = LineQuality()
        self.stop_first_count = 0
        self._owner: PtzService | None = None
        self._last = 0
        self._last_urgent = 0
        self._last_rest = 0
        self._free_ms = 0
        self._late_ms = 0  # until when an overtaken exchange may still be answered
        self._turnround_ms = TURNROUND_MS_MIN
        self._urgent_run = 0
        self._before: tuple[int, ...] = ()

    def attach(self, service: "PtzService") -> None:
        """Take one more dome, before the line is first opened; its lease may become shorter."""
        self.services.append(service)
        baud = service.settings.baud
        self._turnround_ms = max(TURNROUND_MS_MIN, -(-TURNROUND_BYTES * 10_000 // baud))
        assert len(self.last_words()) <= LAST_WORDS_BYTES_MAX
        lease_ms = self.lease_ms()
        assert lease_ms >= LEASE_MS_MIN
        for each in self.services:
            each.drive.lease_ms = min(each.drive.lease_ms, lease_ms)
            each.bounds.others_ms = (len(self.services) - 1) * self._stop_ms(each)
            if each.settings.resend_ms >= RESEND_MS:  # less is asked for by heads that stop soon
                each.settings.resend_ms = min(RESEND_MS * len(self.services), RESEND_MS_MAX)

    def lease_ms(self) -> int:
        """Tell the longest lease with which all domes at once are stopped in time."""
        lease_ms = STOPPED_MS_MAX - LOOP_MS
        for index, service in enumerate(self.services):
            stop_bytes = len(service.protocol.stop())
            wire_ms = -(-stop_bytes * BITS_PER_BYTE * 1000 // service.settings.baud)
            if index == 0:
                lease_ms -= wire_ms
            else:
                lease_ms -= self._stop_ms(service)
        return lease_ms

    def _stop_ms(self, service: "PtzService") -> int:
        """Tell how long the line is taken by the first copy of a dome's stop."""
        kind = service.protocol.reply_kind()
        return service.session.duration_ms(kind) + self._turnround_ms

    def last_words(self) -> bytes:
        """Give the bytes for the port to send should this process die: every dome's stop."""
        return b"".join(service.last_words() for service in self.services)

    def on_line(self, is_open: bool, now_ms: int) -> None:
        """Hear that the line was opened or lost."""
        for service in self.services:
            service.on_line(is_open, now_ms)
        if not is_open:
            self._owner = None

    def receive(self, data: bytes, now_ms: int) -> None:
        """Take what the line brought; it belongs to whoever has, or last had, the line."""
        service = self._owner or self.services[self._last]
        service.receive(data, now_ms)

    def step(self, now_ms: int) -> "tuple[bytes, int]":
        """Tell what to send now and when to call again."""
        if self._owner is not None:
            out, due_ms = self._owner.step(now_ms, may_send=False)
            due_ms = min(due_ms, self._let_leases_run(now_ms))
            if out or (self._owner.session.is_busy and not self._is_overtaken(now_ms)):
                return out, min(due_ms, self._owner.yield_ms()) if self._has_stop() else due_ms
            self.quality.observe(self._before, self._owner.session)
            self._late_ms = max(self._late_ms, self._owner.late_ms)
            self._owner = None
            if len(self.services) > 1:
                self._free_ms = now_ms + self._turnround_ms
        lease_due_ms = self._let_leases_run(now_ms)
        if now_ms < self._free_ms and not self._has_stop():
            return b"", min(self._free_ms, lease_due_ms)
        return self._give_turns(now_ms, lease_due_ms)

    def _has_stop(self) -> bool:
        """Whether the first copy of a stop waits, of whichever dome."""
        return any(service.drive.has_stop() for service in self.services)

    def _is_overtaken(self, now_ms: int) -> bool:
        """Take the line from its owner for a stop that waits, if it may be taken now."""
        owner = self._owner
        if owner is None or now_ms < owner.yield_ms() or not self._has_stop():
            return False
        owner.yield_line()
        return True

    def _give_turns(self, now_ms: int, lease_due_ms: int) -> "tuple[bytes, int]":
        due_ms = min(now_ms + IDLE_MS, lease_due_ms)
        for index in self._order():
            service = self.services[index]
            before = totals(service.session)
            has_stop, is_urgent = service.drive.has_stop(), service.drive.is_urgent()
            if not has_stop and not self._fits(service, now_ms):
                continue
            if has_stop:
                service.late_ms = max(service.late_ms, self._late_ms)
            out, service_due_ms = service.step(now_ms)
            due_ms = min(due_ms, service_due_ms)
            if not out and service.drive.owes_copy():
                break  # the line is kept for it until the head's pause is over
            if out:
                self._owner, self._before, self._last = service, before, index
                self.stop_first_count += has_stop
                if is_urgent:
                    self._last_urgent = index
                    self._urgent_run += 1
                else:
                    self._last_rest = index
                    self._urgent_run = 0
                return out, due_ms
        return b"", max(due_ms, now_ms)

    def _order(self) -> "list[int]":
        """List the domes in the order in which they may begin an exchange."""
        count = len(self.services)
        stops: list[int] = []
        copies: list[int] = []
        urgent: list[int] = []
        rest: list[int] = []
        for step in range(1, count + 1):
            index = (self._last_urgent + step) % count
            drive = self.services[index].drive
            if drive.has_stop():
                stops.append(index)
            elif drive.owes_copy():
                copies.append(index)
            elif drive.is_urgent():
                urgent.append(index)
            index = (self._last_rest + step) % count
            if not self.services[index].drive.is_urgent():
                rest.append(index)
        if self._urgent_run >= count:
            return stops + copies + rest + urgent
        return stops + copies + urgent + rest

    def _let_leases_run(self, now_ms: int) -> int:
        """Give every dome that does not have the line its time; returns the next lease's end."""
        due_ms = now_ms + IDLE_MS
        for service in self.services:
            if service is not self._owner and len(self.services) > 1:
                service.step(now_ms, may_send=False)
                due_ms = min(due_ms, service.drive.lease_due_ms())
        return due_ms

    def _fits(self, service: "PtzService", now_ms: int) -> bool:
        """Whether an exchange would be over before the lease of another dome runs out."""
        if len(self.services) == 1:
            return True
        kind = service.protocol.reply_kind()
        longest_ms = service.session.duration_ms(kind)
        if service.protocol.query(PAN):
            longest_ms = max(longest_ms, service.session.duration_ms(PAN))
        end_ms = now_ms + longest_ms + self._turnround_ms
        return all(
            other.drive.lease_due_ms() >= end_ms for other in self.services if other is not service
        )
