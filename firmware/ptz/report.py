"""What a dome's owner tells: events with the camera's name, and refusals without a flood."""

from firmware.buffers import EventQueue
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    Value = int | str | bytes | bool

REPEAT_MS = 1000


class Report:
    """Events of one dome.

    Args:
        name: of the camera.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.events = EventQueue()
        self.refused_count = 0
        self._last_refusal = ("", "", 0)

    def emit(self, name: str, now_ms: int, fields: "dict[str, Value] | None" = None) -> None:
        """Tell that something happened to this camera's dome."""
        told: dict[str, Value] = {"camera": self.name}
        told.update(fields or {})
        self.events.emit(name, now_ms, told)

    def refuse(self, act: str, cause: str, now_ms: int) -> str:
        """Count a refusal and tell it, the same one at most once a second; returns the cause."""
        self.refused_count += 1
        last_act, last_cause, last_ms = self._last_refusal
        if (act, cause) != (last_act, last_cause) or now_ms - last_ms >= REPEAT_MS:
            self._last_refusal = (act, cause, now_ms)
            self.emit("ptz.refused", now_ms, {"act": act, "cause": cause})
        return cause
