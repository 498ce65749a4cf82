"""The owner of one dome: takes wishes, keeps the line, knows where it looks."""

from firmware.pelco_d import replies
from firmware.ptz import drive as states
from firmware.ptz.drive import Drive
from firmware.ptz.model import PtzSettings, fov_cdeg, is_reserved, within_limits
from firmware.ptz.place import AXES, Place
from firmware.ptz.privacy import PERMILLE, WHOLE, zones_in_view
from firmware.ptz.report import Report
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.pelco_d.replies import Reply

    Rect = tuple[int, int, int, int]
    Value = int | str | bytes | bool

RANGE, LINE, ZONE, LIMIT, FULL = "ptz.range", "ptz.line", "ptz.zone", "ptz.limit", "ptz.full"
RESERVED = "ptz.reserved"
QUERY_MS_MAX = 4000  # so that a silent head is known as such within 10 s
SETTLE_MS = 500  # a head needs this long to show that it has set off
SEEK_MS_MAX = 20_000
IDLE_MS = 1000
SETTLED_ROUND_COUNT = 2


class PtzService:
    """One dome on one line.

    Args:
        name: of the camera, for events.
        settings: of the head and the line.
    """

    def __init__(self, name: str, settings: PtzSettings) -> None:
        self.name = name
        self.settings = settings
        self.report = Report(name)
        self.events = self.report.events
        self.drive = Drive(settings)
        self.protocol = self.drive.protocol
        self.session = self.protocol.session()
        self.place = Place()
        self.presets: dict[int, tuple[int, int, int]] = {}
        self.unanswered_count = 0
        self._is_open = False
        self._is_silent = False
        self._unanswered = 0  # in a row
        self._now_ms = 0
        self._free_ms = 0
        self._query_ms = 0
        self._axis = 0
        self._kind = replies.NONE
        self._seek = 0
        self._seek_ms = 0

    # Wishes ---------------------------------------------------------------------------------

    def move(self, pan_permille: int, tilt_permille: int, zoom: int, now_ms: int) -> str:
        """Move, or renew a move, for one lease.

        Args:
            pan_permille: -1000 (left) to 1000 (right).
            tilt_permille: -1000 (down) to 1000 (up).
            zoom: -1 wide, 0, 1 tele.
            now_ms: monotonic; the lease counts from here.

        Returns:
            "" or why not: "ptz.range", "ptz.line", "ptz.limit".
        """
        wish = (pan_permille, tilt_permille, zoom)
        if abs(pan_permille) > PERMILLE or abs(tilt_permille) > PERMILLE or abs(zoom) > 1:
            return self.report.refuse("move", RANGE, now_ms)
        move = self._limited(wish)
        if move != wish and move == states.STILL:
            return self.report.refuse("move", LIMIT, now_ms)
        return self._set_motion("move", move, None, now_ms)

    def lens(self, focus: int, iris: int, now_ms: int) -> str:
        """Drive the lens, or renew that, for one lease.

        Args:
            focus: -1 near, 0, 1 far.
            iris: -1 close, 0, 1 open.
            now_ms: monotonic; the lease counts from here.

        Returns:
            "" or why not: "ptz.range", "ptz.line".
        """
        if abs(focus) > 1 or abs(iris) > 1:
            return self.report.refuse("lens", RANGE, now_ms)
        return self._set_motion("lens", None, (focus, iris), now_ms)

    def stop(self, now_ms: int) -> str:
        """Stop everything, ahead of everything; "" or "ptz.line"."""
        return "" if self.drive.stop("operator") else self.report.refuse("stop", LINE, now_ms)

    def preset(self, act: str, number: int, now_ms: int) -> str:
        """Go to, set or clear a preset.

        Args:
            act: "go", "set" or "clear".
            number: 1 to 255.
            now_ms: monotonic.

        Returns:
            "" or why not: "ptz.range", "ptz.reserved" (the head does something else at that
            number), "ptz.line", "ptz.zone" (it is known to show a private zone), "ptz.full".
        """
        if act not in {"go", "set", "clear"} or not 1 <= number <= self.protocol.preset_max:
            return self.report.refuse("preset", RANGE, now_ms)
        if is_reserved(self.settings, number):
            return self.report.refuse("preset", RESERVED, now_ms)
        if act != "go":
            refusal = self._queue("preset", self.protocol.preset(act, number), now_ms)
            if not refusal:
                self._learn(act, number)
            return refusal
        known = self.presets.get(number)
        if known is not None and self._zones_at(known, 0, 0):
            return self.report.refuse("preset", ZONE, now_ms)
        if not self.drive.go(number):
            return self.report.refuse("preset", LINE, now_ms)
        self._seek, self._seek_ms = number, now_ms
        self.place.unsettle()
        return ""

    def aux(self, number: int, level: bool, now_ms: int) -> str:
        """Switch an auxiliary, 1 to 8; "" or why not: "ptz.range", "ptz.line", "ptz.full"."""
        if not 1 <= number <= self.protocol.aux_max:
            return self.report.refuse("aux", RANGE, now_ms)
        return self._queue("aux", self.protocol.aux(number, level), now_ms)

    def close(self, now_ms: int) -> None:
        """Stop for good; step on until both copies of the stop are out."""
        self.drive.close()
        self._now_ms = now_ms

    def last_words(self) -> bytes:
        """Give the bytes for the port to send should this process die: a stop."""
        return self.protocol.stop()

    # The line -------------------------------------------------------------------------------

    def on_line(self, is_open: bool, now_ms: int) -> None:
        """Hear that the line was opened (a stop goes out first) or lost."""
        if is_open == self._is_open:
            return
        self._is_open = is_open
        self._now_ms = self._free_ms = self._query_ms = now_ms
        self._axis = 0
        self.session.abandon()
        self.place.forget()
        self.drive.on_line(is_open)
        self.report.emit("ptz.line_open" if is_open else "ptz.line_lost", now_ms)

    def receive(self, data: bytes, now_ms: int) -> None:
        """Take what the line brought."""
        self._now_ms = now_ms
        self.session.receive(data, now_ms)

    def step(self, now_ms: int, may_send: bool = True) -> "tuple[bytes, int]":
        """Tell what to send now and when to call again, both bounded by what is due.

        Args:
            now_ms: monotonic.
            may_send: another dome does not have the line; without it no exchange is begun.
        """
        self._now_ms = now_ms
        if not self._is_open:
            return b"", now_ms + IDLE_MS
        if self.drive.expire(now_ms):
            self.report.emit("ptz.lease_expired", now_ms)
        self._give_up_seeking(now_ms)
        if self.session.is_busy:
            kind = self._kind
            if not self.session.step(now_ms):
                return self.session.take(), min(self.session.wake_ms(), self.drive.lease_due_ms())
            self._on_exchange(kind, self.session.reply, now_ms)
        if now_ms < self._free_ms or not may_send:
            return b"", min(max(self._free_ms, now_ms), self.drive.lease_due_ms())
        frame = self._next_frame(now_ms)
        if not frame:
            return b"", self._due_ms(now_ms)
        self.session.begin(frame, self._kind, now_ms)
        return self.session.take(), min(self.session.wake_ms(), self.drive.lease_due_ms())

    # What others ask ------------------------------------------------------------------------

    def position(self) -> "tuple[int, int, int, bool]":
        """Tell pan_cdeg, tilt_cdeg, zoom_permille, and whether they are known."""
        return self.place.pan, self.place.tilt, self.place.zoom, self._is_known()

    def is_silent(self) -> bool:
        """Whether replies are due and none came, several times in a row."""
        return self._is_silent

    def picture_zones(self) -> "list[Rect]":
        """Tell what of the picture is private: (left, top, right, bottom) in permille.

        Returns:
            nothing when no zone can be in view; the whole picture when there are zones and the
            position is not known.
        """
        if not self.settings.zones:
            return []
        if not self._is_known():
            return [WHOLE]
        place = self.place
        drift_cdeg = place.drift(self.settings.speed_cdeg_per_s_max, self._now_ms)
        drift_permille = place.drift(self.settings.zoom_permille_per_s_max, self._now_ms)
        return self._zones_at((place.pan, place.tilt, place.zoom), drift_cdeg, drift_permille)

    def is_withheld(self) -> bool:
        """Whether a zone could be in view, so that no whole picture may be kept or shown."""
        return bool(self.picture_zones())

    # Inside ---------------------------------------------------------------------------------

    def _is_known(self) -> bool:
        return self.place.has_round and not self._is_silent and self.drive.state != states.SEEKING

    def _zones_at(
        self, aim: "tuple[int, int, int]", drift_cdeg: int, drift_permille: int
    ) -> "list[Rect]":
        fovs_cdeg = (
            fov_cdeg(self.settings, max(aim[2] - drift_permille, 0)),
            fov_cdeg(self.settings, min(aim[2] + drift_permille, PERMILLE)),
        )
        return zones_in_view(self.settings.zones, (aim[0], aim[1]), fovs_cdeg, drift_cdeg)

    def _limited(self, move: "tuple[int, int, int]") -> "tuple[int, int, int]":
        if not self._is_known():
            return move
        return within_limits(self.settings, move, self.place.pan, self.place.tilt)

    def _set_motion(
        self,
        act: str,
        move: "tuple[int, int, int] | None",
        lens: "tuple[int, int] | None",
        now_ms: int,
    ) -> str:
        was_moving = self.drive.state == states.MOVING
        if not self.drive.set_motion(move, lens, now_ms):
            return self.report.refuse(act, LINE, now_ms)
        if self.drive.state == states.MOVING and not was_moving:
            self.place.unsettle()
            pan, tilt, zoom = self.drive.move
            fields: dict[str, Value] = {"pan_permille": pan, "tilt_permille": tilt, "zoom": zoom}
            self.report.emit("ptz.moved", now_ms, fields)
        return ""

    def _queue(self, act: str, frame: bytes, now_ms: int) -> str:
        if self.drive.state in {states.LOST, states.CLOSED}:
            return self.report.refuse(act, LINE, now_ms)
        return "" if self.drive.queue(frame) else self.report.refuse(act, FULL, now_ms)

    def _learn(self, act: str, number: int) -> None:
        """Remember where a preset looks, when it is set standing and with the place known."""
        if act == "set" and self._is_known() and self.place.still_count:
            self.presets[number] = (self.place.pan, self.place.tilt, self.place.zoom)
        else:
            self.presets.pop(number, None)

    def _next_frame(self, now_ms: int) -> bytes:
        kind = self.protocol.reply_kind()
        frame = self.drive.next_frame(now_ms, self._exchange_ms(kind))
        if frame:
            self._kind = kind
            cause = self.drive.take_stopped()
            if cause:
                self.place.unsettle()
                self.report.emit("ptz.stopped", now_ms, {"cause": cause})
            return frame
        if not self._may_query(now_ms) or now_ms < self._query_ms:
            return b""
        self._kind = AXES[self._axis]
        return self.protocol.query(self._kind)

    def _may_query(self, now_ms: int) -> bool:
        """Whether a query could be over before a lease runs out, so that no stop waits for it."""
        if self.drive.state == states.CLOSED or not self.protocol.query(AXES[self._axis]):
            return False
        return self.drive.lease_due_ms() - now_ms >= self._exchange_ms(AXES[self._axis])

    def _exchange_ms(self, kind: str) -> int:
        """Tell how long the line is taken at most by a frame with this reply."""
        return self.session.duration_ms(kind) + self.settings.pacing_ms

    def _due_ms(self, now_ms: int) -> int:
        due_ms = min(now_ms + IDLE_MS, self.drive.due_ms())
        if self._may_query(now_ms):
            due_ms = min(due_ms, self._query_ms)
        return max(due_ms, now_ms)

    def _on_exchange(self, kind: str, reply: "Reply | None", now_ms: int) -> None:
        self._free_ms = now_ms + self.settings.pacing_ms
        if kind == replies.NONE:
            return
        if reply is None:
            self._on_silence(now_ms)
            return
        self._unanswered = 0
        if self._is_silent:
            self._is_silent = False
            self.report.emit("ptz.answering", now_ms)
        if kind in AXES:
            self._on_axis(kind, reply.value, now_ms)

    def _on_silence(self, now_ms: int) -> None:
        self.unanswered_count += 1
        self._unanswered += 1
        self._axis = 0
        self._query_ms = now_ms + min(self.settings.query_ms, IDLE_MS)
        if self._unanswered >= self.settings.unanswered_count_max and not self._is_silent:
            self._is_silent = True
            self.place.forget()
            self.report.emit("ptz.silent", now_ms, {"unanswered": self._unanswered})

    def _on_axis(self, axis: str, value: int, now_ms: int) -> None:
        self._axis = (self._axis + 1) % len(AXES)
        is_round = self.place.take(axis, self.protocol.position(axis, value), now_ms)
        if self.drive.state == states.MOVING:
            move = self._limited(self.drive.move)
            if move != self.drive.move:
                self.drive.trim(move)
        if self.drive.state in {states.MOVING, states.STOPPING}:
            self.place.unsettle()  # two rounds alike mean nothing while it is driven
        if not is_round:
            return
        is_lively = self.drive.state != states.IDLE or not self.place.still_count
        self._query_ms = now_ms + (0 if is_lively else min(self.settings.query_ms, QUERY_MS_MAX))
        is_due = now_ms - self.drive.sought_ms >= SETTLE_MS
        if is_due and self.place.still_count >= SETTLED_ROUND_COUNT and self.drive.settle():
            self.report.emit("ptz.preset_reached", now_ms, {"number": self._seek})

    def _give_up_seeking(self, now_ms: int) -> None:
        if self.drive.state == states.SEEKING and now_ms - self._seek_ms >= SEEK_MS_MAX:
            self.drive.settle()
