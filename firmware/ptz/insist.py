"""Says a stop again that a head has not answered, or after which it turns on all the same.

Two copies go out in any case. Where replies are due, a stop that nobody acknowledged is said
again, before a preset too, until it is or the head counts as silent, but only twice to one that
has not acknowledged any yet; to a head that became silent, after each question that it leaves
open; and while the head's own position still changes long after a stop, once more after each
round of replies, until the watch takes over and calls it a fault. Nothing is said twice to a head
that answered and stands, and nothing at all once a newer wish moves it; but one that acknowledged
no stop, was quiet and then says what nobody can read has its preset given up, and is stopped.
"""

from firmware.ptz import drive as states
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.ptz.drive import Drive

MORE_COUNT_MAX = 5  # with the two copies more unanswered in a row than make a head silent
MUTE_COUNT_MAX = 2  # with them fewer: a head whose acknowledgement nobody can read is not silent
STANDS_MS = 700  # from a stop until a head that heard it stands
SILENT_COUNT = 16  # a head that is silent for longer is told less often
WATCHED_MS = 4_000  # then `watch` knows that it turns by itself
LONG_AGO_MS = -(1 << 40)


class Insist:
    """Watches over the stops of one dome.

    Args:
        drive: that owes the stops.

    Attributes:
        repeated_count: copies said beyond the two.
    """

    __slots__ = (
        "_drive",
        "_is_heard",
        "_is_quiet",
        "_is_stop",
        "_more_count",
        "_most_count",
        "_stopped_ms",
        "repeated_count",
    )

    def __init__(self, drive: "Drive") -> None:
        self._drive = drive
        self._is_stop = False
        self._is_heard = True  # a copy of the last stop was acknowledged
        self._is_quiet = False  # the last exchange was met with nothing at all
        self._more_count = 0
        self._most_count = MUTE_COUNT_MAX
        self._stopped_ms = LONG_AGO_MS
        self.repeated_count = 0

    def begin(self, frame: bytes, now_ms: int) -> None:
        """Hear that an exchange begins with this frame."""
        self._is_stop = frame == self._drive.protocol.stop()
        if self._is_stop and self._drive.owes_stop():  # the first of its copies
            self._is_heard = False
            self._more_count = 0
            self._stopped_ms = now_ms

    def end(self, is_answered: bool) -> None:
        """Hear whether what was due to that frame has come."""
        if not self._is_stop:
            return
        if is_answered:
            self._is_heard = True
            self._more_count = self._most_count = MORE_COUNT_MAX  # heard: other copies are spare
        elif self._more_count < self._most_count and self._drive.repeat_stop():
            self._more_count += 1
            self.repeated_count += 1

    def mumble(self, is_junk: bool) -> None:
        """Hear whether a missed reply was nothing at all, or something that nobody could read."""
        was_quiet, self._is_quiet = self._is_quiet, not is_junk
        is_back = is_junk and was_quiet and not self._is_heard
        if is_back and self._drive.state == states.SEEKING:
            self._drive.stop("answering")  # it hears again, and has not heard that it shall stop

    def miss(self, missed_in_a_row: int) -> None:
        """Hear that a silent head did not answer again: it may hear, and run on all the same.

        Args:
            missed_in_a_row: so often; 0 when it said something that nobody could read.
        """
        is_due = missed_in_a_row < SILENT_COUNT or missed_in_a_row % SILENT_COUNT == 0
        if is_due and self._drive.state == states.IDLE and self._drive.repeat_stop():
            self.repeated_count += 1

    def look(self, is_still: bool, now_ms: int) -> None:
        """Hear whether two rounds of replies in a row were alike."""
        since_ms = now_ms - self._stopped_ms
        is_due = self._drive.state == states.IDLE and STANDS_MS <= since_ms < WATCHED_MS
        if is_due and not is_still and self._drive.repeat_stop():
            self.repeated_count += 1
