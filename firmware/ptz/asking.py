"""Whose turn it is to be asked where the head looks, and whether anybody answers."""

from firmware.ptz.place import AXES
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.ptz.model import PtzSettings

QUERY_MS_MAX = 4000  # so that a silent head is known as such within 10 s
MISSED_MS_MAX = 1000


class Asking:
    """Asks for pan, tilt and zoom in rounds.

    Args:
        settings: of the head.

    Attributes:
        due_ms: when the next axis may be asked for.
        missed_in_a_row: exchanges without a reply, since the last reply.
        missed_count: of those, ever.
    """

    __slots__ = ("_axis", "_settings", "due_ms", "missed_count", "missed_in_a_row")

    def __init__(self, settings: "PtzSettings") -> None:
        self._settings = settings
        self._axis = 0
        self.due_ms = 0
        self.missed_in_a_row = 0
        self.missed_count = 0

    def axis(self) -> str:
        """Tell which axis to ask for next."""
        return AXES[self._axis]

    def restart(self, now_ms: int) -> None:
        """Begin a round at once."""
        self._axis = 0
        self.due_ms = now_ms

    def turn(self) -> None:
        """Hear that the axis was told: the next one is."""
        self._axis = (self._axis + 1) % len(AXES)

    def rest(self, pause_ms: int, now_ms: int) -> None:
        """Hear that a round is complete, and how long to wait before the next."""
        self.due_ms = now_ms + min(pause_ms, QUERY_MS_MAX)

    def hear(self) -> None:
        """Hear that a reply came."""
        self.missed_in_a_row = 0

    def miss(self, now_ms: int) -> bool:
        """Hear that none came; True when the head counts as silent."""
        self.missed_count += 1
        self.missed_in_a_row += 1
        self._axis = 0
        is_first = self.missed_in_a_row == 1  # most often a single reply is late, or damaged
        self.due_ms = now_ms + (0 if is_first else min(self._settings.query_ms, MISSED_MS_MAX))
        return self.missed_in_a_row >= self._settings.unanswered_count_max
