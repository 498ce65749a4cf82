"""Tells how long a person has looked at one thing, which they have to give a reason for."""

from firmware.ptz import drive as states
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.ptz.service import PtzService

    Value = int | str | bytes | bool

DWELL_MS = 60_000
MS_PER_S = 1000


class Dwell:
    """Watches how long a view that a person chose stays as it is.

    Args:
        dome: whose view.
    """

    __slots__ = ("_dome", "_is_told", "_since_ms")

    def __init__(self, dome: "PtzService") -> None:
        self._dome = dome
        self._since_ms = -1  # when the view last changed by a person's hand; -1 for never
        self._is_told = False

    def on_person(self, now_ms: int) -> None:
        """Hear that a person changes the view: the dwell before is over."""
        self._tell_end(now_ms)
        self._since_ms = now_ms

    def step(self, now_ms: int) -> None:
        """Tell once when a view has been held for a minute."""
        if self._since_ms < 0:
            return
        if self._dome.drive.state in {states.MOVING, states.SEEKING}:
            self._tell_end(now_ms)
            self._since_ms = now_ms
        elif not self._is_told and now_ms - self._since_ms >= DWELL_MS:
            self._is_told = True
            self._emit("ptz.dwelling", now_ms)

    def forget(self, now_ms: int) -> None:
        """Hear that the view is not a person's any more."""
        self._tell_end(now_ms)
        self._since_ms = -1

    def _tell_end(self, now_ms: int) -> None:
        if self._is_told:
            self._is_told = False
            self._emit("ptz.dwelt", now_ms)

    def _emit(self, name: str, now_ms: int) -> None:
        pan_cdeg, tilt_cdeg, zoom_permille, is_known = self._dome.position()
        fields: dict[str, Value] = {"dwell_s": (now_ms - self._since_ms) // MS_PER_S}
        if is_known:
            fields["pan_cdeg"], fields["tilt_cdeg"] = pan_cdeg, tilt_cdeg
            fields["zoom_permille"] = zoom_permille
        self._dome.report.emit(name, now_ms, fields)
