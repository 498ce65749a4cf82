"""Tells how far a camera's own clock, which it may print into its pictures, is from the unit's."""

from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.buffers import EventQueue, Value
    from hal.api.camera import Camera

LOOK_EVERY_MS = 10_000
TELL_EVERY_MS = 6 * 3_600_000
CHANGE_MS = 1_000


class ClockWatch:
    """Emits `camera.clock` at first, at every change by `change_ms`, and every six hours.

    Args:
        camera: is asked.
        subject: its name, in events.
        events: where to tell.
    """

    __slots__ = ("_camera", "_due_ms", "_events", "_subject", "_tell_ms", "_told_ms", "change_ms")

    def __init__(self, camera: "Camera", subject: str, events: "EventQueue") -> None:
        self._camera = camera
        self._subject = subject
        self._events = events
        self._due_ms = 0
        self._tell_ms = 0
        self._told_ms: int | None = None
        self.change_ms = CHANGE_MS
        """A change by so much is told."""

    def step(self, now_ms: int) -> None:
        """Look when it is time to."""
        if now_ms < self._due_ms:
            return
        self._due_ms = now_ms + LOOK_EVERY_MS
        offset_ms = self._camera.clock_offset_ms()
        if offset_ms is None:
            return
        told_ms = self._told_ms
        is_same = told_ms is not None and abs(offset_ms - told_ms) < self.change_ms
        if is_same and now_ms < self._tell_ms:
            return
        self._told_ms = offset_ms
        self._tell_ms = now_ms + TELL_EVERY_MS
        fields: dict[str, Value] = {"subject": self._subject, "offset_ms": offset_ms}
        fields["doubt_ms"] = self._camera.clock_doubt_ms()
        self._events.emit("camera.clock", now_ms, fields)
