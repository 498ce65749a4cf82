"""Where a dome looks, as far as its replies tell: asked axis by axis, and how stale that is."""

from firmware.units import signed_cdeg

AXES = ("pan", "tilt", "zoom")
STILL_CDEG = 5  # two rounds that differ by no more were made standing
STILL_PERMILLE = 2
MS_PER_S = 1000


class Place:
    """Collects position replies in rounds of pan, tilt and zoom."""

    __slots__ = (
        "_heard",
        "_last",
        "_round",
        "has_round",
        "heard_ms",
        "pan",
        "still_count",
        "tilt",
        "zoom",
    )

    def __init__(self) -> None:
        self.pan = 0
        self.tilt = 0
        self.zoom = 0
        self.has_round = False
        self.still_count = 0  # rounds in a row that were alike
        self.heard_ms = 0  # when the oldest axis of the latest values was heard
        self._heard = {"pan": 0, "tilt": 0, "zoom": 0}
        self._round: dict[str, int] = {}
        self._last: tuple[int, int, int] | None = None

    def forget(self) -> None:
        """Take nothing for known any more."""
        self.has_round = False
        self.still_count = 0
        self._round = {}
        self._last = None

    def unsettle(self) -> None:
        """Hear that something was set in motion: what was still is so no longer."""
        self.still_count = 0
        self._last = None

    def take(self, axis: str, value: int, now_ms: int) -> bool:
        """Take one axis, in cdeg or permille; True when that completes a round."""
        self._heard[axis] = now_ms
        self._round[axis] = value
        if self.has_round:
            self._set(axis, value)
        if len(self._round) < len(AXES):
            return False
        row = (self._round["pan"], self._round["tilt"], self._round["zoom"])
        self._round = {}
        self.pan, self.tilt, self.zoom = row
        self.has_round = True
        self.still_count = self.still_count + 1 if self._is_like(row) else 0
        self._last = row
        return True

    def drift(self, per_s: int, now_ms: int) -> int:
        """Tell how far an axis that runs this fast can be from what was heard; 0 when still."""
        if self.still_count:
            return 0
        age_ms = now_ms - min(self._heard["pan"], self._heard["tilt"], self._heard["zoom"])
        return age_ms * per_s // MS_PER_S

    def _set(self, axis: str, value: int) -> None:
        if axis == "pan":
            self.pan = value
        elif axis == "tilt":
            self.tilt = value
        else:
            self.zoom = value

    def _is_like(self, row: "tuple[int, int, int]") -> bool:
        if self._last is None:
            return False
        pan, tilt, zoom = self._last
        return (
            abs(signed_cdeg(row[0] - pan)) <= STILL_CDEG
            and abs(row[1] - tilt) <= STILL_CDEG
            and abs(row[2] - zoom) <= STILL_PERMILLE
        )
