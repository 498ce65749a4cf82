"""The owner of one dome: takes wishes, keeps the line, knows where it looks."""

from firmware.pelco_d import replies
from firmware.ptz import drive as states
from firmware.ptz.asking import Asking
from firmware.ptz.drive import Drive
from firmware.ptz.hands import Hands
from firmware.ptz.insist import Insist
from firmware.ptz.model import PtzSettings, is_reserved, within_limits
from firmware.ptz.place import AXES
from firmware.ptz.privacy import PERMILLE
from firmware.ptz.report import Report
from firmware.ptz.sight import Sight
from firmware.ptz.watch import Watch
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.pelco_d.session import AnyReply

    Lens = tuple[int, int]
    Move = tuple[int, int, int]
    Rect = tuple[int, int, int, int]

RANGE, LINE, ZONE, LIMIT, FULL = "ptz.range", "ptz.line", "ptz.zone", "ptz.limit", "ptz.full"
RESERVED, UNLEARNED = "ptz.reserved", "ptz.unlearned"
COAST_MS = 300  # from the end of a stop on the wire until a head stands
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
        self.sight = Sight(settings)
        self.watch = Watch()
        self.insist = Insist(self.drive)
        self.hands = Hands(self)
        self.place = self.sight.place
        self.asking = Asking(settings)
        self._is_open = False
        self._now_ms = 0
        self._free_ms = 0
        self._begun_ms = 0  # when the exchange under way began
        self._kind = replies.NONE
        self._seek = 0
        self._seek_ms = 0

    def move(self, pan_permille: int, tilt_permille: int, zoom: int, now_ms: int) -> str:
        """Move, or renew a move, for one lease.

        Args:
            pan_permille: -1000 (left) to 1000 (right).
            tilt_permille: -1000 (down) to 1000 (up).
            zoom: -1 wide, 0, 1 tele.
            now_ms: monotonic; the lease counts from here.

        Returns:
            "" or why not: "ptz.range", "ptz.line", "ptz.limit", "ptz.zone" (it would show what
            must be avoided, or nobody knows whether it would).
        """
        wish = (pan_permille, tilt_permille, zoom)
        if abs(pan_permille) > PERMILLE or abs(tilt_permille) > PERMILLE or abs(zoom) > 1:
            return self.report.refuse("move", RANGE, now_ms)
        move = self._limited(wish, now_ms)
        if move != wish and move == states.STILL:
            return self.report.refuse("move", self._limit_of(wish), now_ms)
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
            number), "ptz.line", "ptz.full"; where there are zones also "ptz.zone" (it shows one,
            or nobody knows) and "ptz.unlearned" (nobody knows where it looks: set it anew).
        """
        if act not in {"go", "set", "clear"} or not 1 <= number <= self.protocol.preset_max:
            return self.report.refuse("preset", RANGE, now_ms)
        if is_reserved(self.settings, number):
            return self.report.refuse("preset", RESERVED, now_ms)
        if act == "go":
            return self.seek(number, now_ms)
        if act == "set" and self.settings.zones and not self.sight.is_standing_clear():
            return self.report.refuse("preset", ZONE, now_ms)
        refusal = self._queue("preset", self.protocol.preset(act, number), now_ms)
        if not refusal and act == "set":
            self.sight.learn(number)
        elif not refusal:
            self.sight.unlearn(number)
        return refusal

    def seek(self, number: int, now_ms: int) -> str:
        """Go to a preset, checked against the zones; "" or why not."""
        known = self.sight.presets.get(number)
        if self.settings.zones and known is None:
            return self.report.refuse("preset", UNLEARNED, now_ms)
        if known is not None and self.sight.shows_zone(known):
            return self.report.refuse("preset", ZONE, now_ms)
        if not self.drive.go(number):
            return self.report.refuse("preset", LINE, now_ms)
        self._seek, self._seek_ms = number, now_ms
        self.place.unsettle(now_ms)
        self.sight.follow(self.drive, now_ms)
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

    def on_line(self, is_open: bool, now_ms: int) -> None:
        """Hear that the line was opened (a stop goes out first) or lost."""
        if is_open == self._is_open:
            return
        self._is_open = is_open
        self._now_ms = self._free_ms = now_ms
        self.asking.restart(now_ms)
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
        self.hands.step(now_ms)
        if self.drive.expire(now_ms):
            self.report.emit("ptz.lease_expired", now_ms)
        self._give_up_seeking(now_ms)
        self._hold_back(now_ms)
        self.sight.follow(self.drive, now_ms)
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
        self._begun_ms = now_ms
        self.insist.begin(frame, now_ms)
        return self.session.take(), min(self.session.wake_ms(), self.drive.lease_due_ms())

    def position(self) -> "tuple[int, int, int, bool]":
        """Tell pan_cdeg, tilt_cdeg, zoom_permille, and whether they are known."""
        pan_cdeg, tilt_cdeg, zoom_permille = self.sight.aim()
        return pan_cdeg, tilt_cdeg, zoom_permille, self.sight.is_known()

    def is_silent(self) -> bool:
        """Whether replies are due and none came, several times in a row."""
        return self.sight.is_silent

    def picture_zones(self) -> "list[Rect]":
        """Tell what of the picture is private: (left, top, right, bottom) in permille.

        Returns:
            nothing when no zone can be in view; the whole picture when there are zones and the
            position is not known.
        """
        return self.sight.picture_zones(self._now_ms)

    def is_withheld(self) -> bool:
        """Whether a zone could be in view, so that no whole picture may be kept."""
        return bool(self.picture_zones())

    def _limited(self, move: "Move", now_ms: int) -> "Move":
        # A round of queries, the frame on its way when the last of them is read, and the stop.
        horizon_ms = (len(AXES) + 1) * self._exchange_ms(AXES[0]) + COAST_MS
        horizon_ms += self._exchange_ms(self.protocol.reply_kind())
        return self.sight.limited(move, horizon_ms, now_ms)

    def _limit_of(self, move: "Move") -> str:
        """Tell whether a soft stop or a zone is what nothing was left of a move for."""
        pan_cdeg, tilt_cdeg, _, is_known = self.position()
        if is_known and within_limits(self.settings, move, pan_cdeg, tilt_cdeg) == states.STILL:
            return LIMIT
        return ZONE

    def _hold_back(self, now_ms: int) -> None:
        """Slow the move that goes on, or end it, before a soft stop or a zone is reached."""
        if self.drive.state != states.MOVING or self.drive.move == states.STILL:
            return
        move = self._limited(self.drive.move, now_ms)
        if move != self.drive.move:
            cause = "limit" if self._limit_of(self.drive.move) == LIMIT else "zone"
            self.drive.trim(move, cause)

    def _set_motion(self, act: str, move: "Move | None", lens: "Lens | None", now_ms: int) -> str:
        was_moving = self.drive.state == states.MOVING
        if not self.drive.set_motion(move, lens, now_ms):
            return self.report.refuse(act, LINE, now_ms)
        if self.drive.state == states.MOVING and not was_moving:
            self.place.unsettle(now_ms)
            pan, tilt, zoom = self.drive.move
            told = {"pan_permille": pan, "tilt_permille": tilt, "zoom": zoom}
            self.report.emit("ptz.moved", now_ms, dict(told))
        self.sight.follow(self.drive, now_ms)
        return ""

    def _queue(self, act: str, frame: bytes, now_ms: int) -> str:
        if self.drive.state in {states.LOST, states.CLOSED}:
            return self.report.refuse(act, LINE, now_ms)
        return "" if self.drive.queue(frame) else self.report.refuse(act, FULL, now_ms)

    def _next_frame(self, now_ms: int) -> bytes:
        kind = self.protocol.reply_kind()
        frame = self.drive.next_frame(now_ms, self._exchange_ms(kind))
        if frame:
            self._kind = kind
            cause = self.drive.take_stopped()
            if cause:
                self.place.unsettle(now_ms)
                self.report.emit("ptz.stopped", now_ms, {"cause": cause})
            return frame
        if not self._may_query(now_ms) or now_ms < self.asking.due_ms:
            return b""
        self._kind = self.asking.axis()
        return self.protocol.query(self._kind)

    def _may_query(self, now_ms: int) -> bool:
        """Whether a query could be over before a lease runs out, so that no stop waits for it."""
        axis = self.asking.axis()
        if self.drive.state == states.CLOSED or not self.protocol.query(axis):
            return False
        return self.drive.lease_due_ms() - now_ms >= self._exchange_ms(axis)

    def _exchange_ms(self, kind: str) -> int:
        """Tell how long the line is taken at most by a frame with this reply."""
        return self.session.duration_ms(kind) + self.settings.pacing_ms

    def _due_ms(self, now_ms: int) -> int:
        due_ms = min(now_ms + IDLE_MS, self.drive.due_ms())
        if self._may_query(now_ms):
            due_ms = min(due_ms, self.asking.due_ms)
        return max(due_ms, now_ms)

    def _on_exchange(self, kind: str, reply: "AnyReply | None", now_ms: int) -> None:
        self._free_ms = now_ms + self.settings.pacing_ms
        if kind == replies.NONE:
            return
        self.insist.end(reply is not None)
        if reply is None:
            self.place.doubt()  # it may be turning by itself: homing, say, after its power failed
            if self.asking.miss(now_ms) and not self.sight.is_silent:
                self.sight.is_silent = True
                self.place.forget()
                self.report.emit("ptz.silent", now_ms, {"unanswered": self.asking.missed_in_a_row})
            return
        self.asking.hear()
        if self.sight.is_silent:
            self.sight.is_silent = False
            if self.drive.state == states.IDLE:
                self.drive.stop("answering")  # what it did not hear can have been the stop
            self.report.emit("ptz.answering", now_ms)
        if kind in AXES:
            self._on_axis(kind, reply.value, now_ms)

    def _on_axis(self, axis: str, value: int, now_ms: int) -> None:
        self.asking.turn()
        # The head looked there at some time after it was asked, no earlier.
        is_round = self.place.take(axis, self.protocol.position(axis, value), self._begun_ms)
        self._hold_back(now_ms)
        if self.drive.state in {states.MOVING, states.STOPPING}:
            self.place.doubt()
        if not is_round:
            return
        self.insist.look(self.place.still_count > 0, now_ms)
        self._compare(now_ms)
        is_lively = self.drive.state != states.IDLE or not self.place.still_count
        self.asking.rest(0 if is_lively else self.settings.query_ms, now_ms)
        is_due = now_ms - self.drive.sought_ms >= SETTLE_MS
        if is_due and self.place.still_count >= SETTLED_ROUND_COUNT and self.drive.settle():
            self.report.emit("ptz.preset_reached", now_ms, {"number": self._seek})
            self.watch.arrived(self.sight.presets.get(self._seek), self.sight.aim())

    def _compare(self, now_ms: int) -> None:
        """Watch whether the head does what it is told; one that turns by itself is stopped."""
        was_astray = self.watch.is_astray
        is_seeking = self.drive.state == states.SEEKING
        self.watch.look(None if is_seeking else self.drive.move, self.sight.aim(), now_ms)
        if self.watch.is_astray and not was_astray:
            self.drive.stop("astray")

    def _give_up_seeking(self, now_ms: int) -> None:
        if self.drive.state == states.SEEKING and now_ms - self._seek_ms >= SEEK_MS_MAX:
            self.drive.settle()
