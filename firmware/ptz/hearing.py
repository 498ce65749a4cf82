"""Draws conclusions from what a dome answers, and from what it does not answer."""

from firmware.pelco_d.replies import NONE
from firmware.ptz import drive as states
from firmware.ptz.place import AXES
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.pelco_d.session import AnyReply
    from firmware.ptz.service import PtzService

SETTLE_MS = 500  # a head needs this long to show that it has set off
SEEK_MS_MAX = 20_000
SETTLED_ROUND_COUNT = 2


class Hearing:
    """Listens to one dome.

    Args:
        dome: whose exchanges are heard.
    """

    __slots__ = ("_dome", "_junk_count", "_seek", "_seek_ms")

    def __init__(self, dome: "PtzService") -> None:
        self._dome = dome
        self._junk_count = 0
        self._seek = 0
        self._seek_ms = 0

    def seek(self, number: int, now_ms: int) -> None:
        """Hear that the dome is sent to a preset."""
        self._seek, self._seek_ms = number, now_ms

    def step(self, now_ms: int) -> None:
        """Give a preset up that is not reached."""
        drive = self._dome.drive
        if drive.state == states.SEEKING and now_ms - self._seek_ms >= SEEK_MS_MAX:
            drive.settle()

    def take(self, kind: str, reply: "AnyReply | None", begun_ms: int, now_ms: int) -> None:
        """Take what became of an exchange.

        Args:
            kind: what was due.
            reply: what came; None for nothing.
            begun_ms: when the exchange began.
            now_ms: monotonic.
        """
        if kind == NONE:
            return
        dome = self._dome
        dome.insist.end(reply is not None)
        junk_count, self._junk_count = self._junk_count, dome.session.junk_count
        if reply is None:
            self._miss(self._junk_count != junk_count, now_ms)
            return
        dome.asking.hear()
        if dome.sight.is_silent:
            dome.sight.is_silent = False
            if dome.drive.state in {states.IDLE, states.SEEKING}:
                dome.drive.stop("answering")  # what it did not hear can have been the stop
            dome.report.emit("ptz.answering", now_ms)
        if kind in AXES:
            self._take_axis(kind, reply.value, begun_ms, now_ms)

    def _miss(self, is_junk: bool, now_ms: int) -> None:
        dome = self._dome
        dome.place.miss(now_ms)
        dome.insist.mumble(is_junk)
        if dome.asking.miss(now_ms) and not dome.sight.is_silent:
            dome.sight.is_silent = True
            dome.place.forget()
            dome.report.emit("ptz.silent", now_ms, {"unanswered": dome.asking.missed_in_a_row})
        if dome.sight.is_silent:
            dome.insist.miss(0 if is_junk else dome.asking.missed_in_a_row)

    def _take_axis(self, axis: str, value: int, begun_ms: int, now_ms: int) -> None:
        dome = self._dome
        drive, place = dome.drive, dome.place
        dome.asking.turn()
        # The head looked there at some time after it was asked, no earlier.
        is_round = place.take(axis, dome.protocol.position(axis, value), begun_ms)
        dome.bounds.hold_back(now_ms)
        if drive.state in {states.MOVING, states.STOPPING}:
            place.doubt()
        if is_round:
            self._take_round(now_ms)
        dome.hear_axis(axis, begun_ms, now_ms)

    def _take_round(self, now_ms: int) -> None:
        dome = self._dome
        drive, place = dome.drive, dome.place
        dome.insist.look(place.still_count > 0, now_ms)
        self._compare(now_ms)
        is_lively = drive.state != states.IDLE or not place.still_count
        dome.asking.rest(0 if is_lively else dome.settings.query_ms, now_ms)
        is_due = now_ms - drive.sought_ms >= SETTLE_MS
        if is_due and place.still_count >= SETTLED_ROUND_COUNT and drive.settle():
            dome.report.emit("ptz.preset_reached", now_ms, {"number": self._seek})
            dome.watch.arrived(dome.sight.presets.get(self._seek), dome.sight.aim())

    def _compare(self, now_ms: int) -> None:
        """Watch whether the head does what it is told; one that turns by itself is stopped."""
        dome = self._dome
        was_astray = dome.watch.is_astray
        is_seeking = dome.drive.state == states.SEEKING
        dome.watch.look(None if is_seeking else dome.drive.move, dome.sight.aim(), now_ms)
        if dome.watch.is_astray and not was_astray:
            dome.drive.stop("astray")
