"""The owner of one dome: takes wishes, keeps the line, knows where it looks."""

from firmware.pelco_d import replies
from firmware.ptz import drive as states
from firmware.ptz.asking import Asking
from firmware.ptz.bounds import ZONE, Bounds
from firmware.ptz.drive import Drive
from firmware.ptz.hands import Hands
from firmware.ptz.hearing import Hearing
from firmware.ptz.insist import Insist
from firmware.ptz.model import PtzSettings, is_reserved
from firmware.ptz.privacy import PERMILLE
from firmware.ptz.report import Report
from firmware.ptz.sight import Sight
from firmware.ptz.watch import Watch
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.ptz.aim import Aiming
    from firmware.ptz.reckoning import Reckoning

    Lens = tuple[int, int]
    Move = tuple[int, int, int]
    Rect = tuple[int, int, int, int]

RANGE, LINE, FULL = "ptz.range", "ptz.line", "ptz.full"
RESERVED, UNLEARNED = "ptz.reserved", "ptz.unlearned"
IDLE_MS = 1000


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
        self.bounds = Bounds(self)
        self.hearing = Hearing(self)
        self._aiming: Aiming | None = None
        self.reckoning: Reckoning | None = None
        self.asking = Asking(settings)
        self._is_open = self._is_first_stop = False
        self._now_ms = self._free_ms = 0
        self._begun_ms = 0  # when the exchange under way began
        self._kind = replies.NONE
        self.late_ms = 0
        """Until when an exchange that a stop has overtaken may still be answered."""

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
        self.end_aiming(now_ms)
        move = self.bounds.limited(wish, now_ms)
        if move != wish and move == states.STILL:
            return self.report.refuse("move", self.bounds.limit_of(wish), now_ms)
        return self.set_motion("move", move, None, now_ms)

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
        return self.set_motion("lens", None, (focus, iris), now_ms)

    def stop(self, now_ms: int) -> str:
        """Stop everything, ahead of everything; "" or "ptz.line"."""
        self.end_aiming(now_ms)
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
        self.end_aiming(now_ms)
        if not self.drive.go(number):
            return self.report.refuse("preset", LINE, now_ms)
        self.hearing.seek(number, now_ms)
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
        self._now_ms = self._free_ms = self.late_ms = now_ms
        self.asking.restart(now_ms)
        self.session.abandon()
        self.place.forget()
        self.drive.on_line(is_open)
        self.end_aiming(now_ms)
        if self.reckoning is not None:
            self.reckoning.lose()
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
        if self._aiming is not None:
            self._aiming.step(now_ms)
        if self.drive.expire(now_ms):
            self.report.emit("ptz.lease_expired", now_ms)
        self.hearing.step(now_ms)
        self.bounds.hold_back(now_ms)
        self.sight.follow(self.drive, now_ms)
        if self.reckoning is not None:
            self.reckoning.follow(now_ms)
        if self.drive.has_stop() and now_ms >= self.yield_ms():
            self.yield_line()
        if self.session.is_busy:
            if not self.session.step(now_ms):
                return self.session.take(), self._wake_ms()
            self._free_ms = now_ms + self.settings.pacing_ms
            self.hearing.take(self._kind, self.session.reply, self._begun_ms, now_ms)
        is_free = now_ms >= self._free_ms or self.drive.has_stop()
        if not is_free or not may_send:
            return b"", min(max(self._free_ms, now_ms), self.drive.lease_due_ms())
        self._is_first_stop = self.drive.has_stop()
        frame = self._next_frame(now_ms)
        if not frame:
            return b"", self._due_ms(now_ms)
        self._begin(frame, now_ms)
        return self.session.take(), self._wake_ms()

    def yield_ms(self) -> int:
        """Tell when a stop may take the line from the exchange under way, on this line or another.

        A first copy of a stop keeps the line until it is answered: heads that are stopped one
        right after the other would answer into each other's stops.
        """
        is_answered = self._is_first_stop and self.protocol.reply_kind() != replies.NONE
        if not self.session.is_busy or is_answered:
            return states.NEVER_MS
        return self.session.out_ms(is_whole=self._is_first_stop)

    def yield_line(self) -> int:
        """Give up the exchange under way; tells until when its reply may still come."""
        if self._kind != replies.NONE:
            self.insist.end(is_answered=False)  # if it is, nobody listens
        self.late_ms = max(self.late_ms, self.session.overtake())
        return self.late_ms

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

    def aiming(self) -> "Aiming":
        """Give what makes absolute moves; made when it is first asked for."""
        if self._aiming is None:
            from firmware.ptz.aim import Aiming  # noqa: PLC0415 - few units turn to places

            self._aiming = Aiming(self)
        return self._aiming

    def end_aiming(self, now_ms: int) -> None:
        """Hear that something else than an absolute move is wanted."""
        if self._aiming is not None:
            self._aiming.cancel(now_ms)

    def hear_axis(self, axis: str, begun_ms: int, now_ms: int) -> None:
        """Hear that the head told an axis, as it was when it was asked."""
        if self._aiming is not None:
            self._aiming.hear(axis, begun_ms, now_ms)

    def set_motion(self, act: str, move: "Move | None", lens: "Lens | None", now_ms: int) -> str:
        """Drive something for one lease, with no check but that of the line; "" or "ptz.line"."""
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

    def exchange_ms(self, kind: str) -> int:
        """Tell how long the line is taken at most by a frame with this reply."""
        return self.session.duration_ms(kind) + self.settings.pacing_ms

    def _queue(self, act: str, frame: bytes, now_ms: int) -> str:
        if self.drive.state in {states.LOST, states.CLOSED}:
            return self.report.refuse(act, LINE, now_ms)
        return "" if self.drive.queue(frame) else self.report.refuse(act, FULL, now_ms)

    def _next_frame(self, now_ms: int) -> bytes:
        kind = self.protocol.reply_kind()
        frame = self.drive.next_frame(now_ms, self.exchange_ms(kind))
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

    def _begin(self, frame: bytes, now_ms: int) -> None:
        """Begin an exchange; one in which something else may still be answered listens to none."""
        until_ms = 0
        if now_ms < self.late_ms:
            until_ms = max(self.late_ms, now_ms + self.session.duration_ms(self._kind))
            self._kind = replies.NONE
        self.session.begin(frame, self._kind, now_ms, until_ms)
        self._begun_ms = now_ms
        self.insist.begin(frame, now_ms)

    def _wake_ms(self) -> int:
        """Tell when to step again while an exchange is under way."""
        wake_ms = min(self.session.wake_ms(), self.drive.lease_due_ms())
        return min(wake_ms, self.yield_ms()) if self.drive.has_stop() else wake_ms

    def _may_query(self, now_ms: int) -> bool:
        """Whether a query could be over before anything is stopped, so that no stop waits."""
        axis = self.asking.axis()
        if self.drive.state == states.CLOSED or not self.protocol.query(axis):
            return False
        return self._stop_due_ms() - now_ms >= self.exchange_ms(axis)

    def _stop_due_ms(self) -> int:
        """Tell when something is stopped if nothing comes: a lease's end, or an aim's halt."""
        due_ms = self.drive.lease_due_ms()
        return min(due_ms, self._aiming.halt_due_ms()) if self._aiming else due_ms

    def _due_ms(self, now_ms: int) -> int:
        told_ms = self.drive.due_ms(now_ms, self.exchange_ms(self.protocol.reply_kind()))
        asked_ms = self.asking.due_ms if self._may_query(now_ms) else states.NEVER_MS
        due_ms = min(told_ms, asked_ms, self._stop_due_ms(), self.hands.due_ms())
        due_ms = min(due_ms, now_ms + IDLE_MS)
        if self.reckoning is not None:
            due_ms = min(due_ms, self.reckoning.due_ms(now_ms))
        return max(due_ms, now_ms)
