"""Bounded queues that count what their bound cost."""

from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hal.api._typing import Mapping

    Value = int | str | bytes | bool
    Event = tuple[str, int, Mapping[str, Value]]


class EventQueue:
    """Events of one service, until the unit takes them.

    An event is `(name, now_ms, fields)`. Names are words joined by dots ("ptz.stopped") and stand
    in `firmware.telemetry.codes`; fields are a flat map of text to integer, text, bytes or bool.

    Args:
        event_count_max: when full, the newest is dropped and counted.
    """

    __slots__ = ("_events", "dropped_count", "event_count_max")

    def __init__(self, event_count_max: int = 64) -> None:
        self._events: list[Event] = []
        self.event_count_max = event_count_max
        self.dropped_count = 0

    def emit(self, name: str, now_ms: int, fields: "Mapping[str, Value] | None" = None) -> None:
        """Tell that something happened."""
        if len(self._events) >= self.event_count_max:
            self.dropped_count += 1
            return
        self._events.append((name, now_ms, fields or {}))

    def take(self) -> "list[Event]":
        """Hand over all events, oldest first, and forget them."""
        events = self._events
        if events:
            self._events = []
        return events
