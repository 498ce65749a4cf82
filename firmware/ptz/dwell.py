"""Tells how long a person has looked at one thing, which they have to give a reason for (C16)."""

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

    Attributes:
        unexplained_count: long looks that ended without a reason.
    """

    __slots__ = ("_dome", "_is_explained", "_is_told", "_person", "_since_ms", "unexplained_count")

    def __init__(self, dome: "PtzService") -> None:
        self._dome = dome
        self._since_ms = -1  # when the view last changed by a person's hand; -1 for never
        self._is_told = False
        self._is_explained = False
        self._person = ""
        self.unexplained_count = 0

    def on_person(self, now_ms: int, person: str = "") -> None:
        """Hear that a person changes the view: the dwell before is over."""
        self._tell_end(now_ms)
        self._since_ms = now_ms
        self._person = person

    def debtor(self) -> str:
        """Name who owes a reason for what is looked at now; "" for nobody."""
        return self._person if self._is_told and not self._is_explained else ""

    def explain(self, person: str, reason: str, now_ms: int) -> None:
        """Take the reason that somebody gives for looking so long."""
        self._is_explained = self._is_told
        fields: dict[str, Value] = {"person": person, "reason": reason}
        fields["dwell_s"] = 0 if self._since_ms < 0 else (now_ms - self._since_ms) // MS_PER_S
        self._dome.report.emit("ptz.dwell_reason", now_ms, fields)

    def step(self, now_ms: int) -> None:
        """Tell once when a view has been held for a minute."""
        if self._since_ms < 0:
            return
        if self._dome.drive.state in {states.MOVING, states.SEEKING}:
            self._tell_end(now_ms)
            self._since_ms = now_ms
        elif not self._is_told and now_ms - self._since_ms >= DWELL_MS:
            self._is_told, self._is_explained = True, False
            self._emit("ptz.dwelling", now_ms, {})

    def forget(self, now_ms: int) -> None:
        """Hear that the view is not a person's any more."""
        self._tell_end(now_ms)
        self._since_ms = -1

    def _tell_end(self, now_ms: int) -> None:
        if self._is_told:
            self._is_told = False
            self.unexplained_count += not self._is_explained
            self._emit("ptz.dwelt", now_ms, {"is_explained": self._is_explained})

    def _emit(self, name: str, now_ms: int, more: "dict[str, Value]") -> None:
        pan_cdeg, tilt_cdeg, zoom_permille, is_known = self._dome.position()
        fields: dict[str, Value] = {"dwell_s": (now_ms - self._since_ms) // MS_PER_S}
        fields.update(more)
        if self._person:
            fields["person"] = self._person
        if is_known:
            fields["pan_cdeg"], fields["tilt_cdeg"] = pan_cdeg, tilt_cdeg
            fields["zoom_permille"] = zoom_permille
        self._dome.report.emit(name, now_ms, fields)
