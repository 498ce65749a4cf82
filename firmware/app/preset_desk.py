"""Keeps what the domes have learned of their presets, through restarts and power cuts."""

from firmware.errors import LocalProtocolError
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.app.rate_desk import RateDesk
    from firmware.app.station import Station
    from firmware.cbor.encode import Key, Value
    from firmware.ptz.sight import Sight
    from firmware.state.pages import StatePages

PRESETS, PAN = "presets", "pan"
FIELD_COUNT = 4  # number, pan, tilt, zoom


class PresetDesk:
    """Reads presets from the state pages at the start, and writes them when one has changed.

    Args:
        pages: the unit's small durable map.
        stations: the cameras; only those with a dome have presets.
    """

    __slots__ = ("_counts", "_pages", "_rates", "_sights", "unstored_count")

    def __init__(self, pages: "StatePages", stations: "list[Station]") -> None:
        self._pages = pages
        self._rates = _rate_desk(pages, stations)
        self._sights = {
            station.name: station.dome.sight for station in stations if station.dome is not None
        }
        self.unstored_count = 0
        """How often presets or speeds did not fit; they are known until the next restart then."""
        stored = pages.get(PRESETS)
        for name, sight in self._sights.items():
            _recall(sight, stored.get(name) if isinstance(stored, dict) else None)
        self._counts = self._changes()

    def step(self) -> None:
        """Write the presets, and the speeds of heads, when some were learned or forgotten."""
        if self._rates is not None:
            self.unstored_count += not self._rates.step()
        counts = self._changes()
        if counts == self._counts:
            return
        self._counts = counts
        kept: dict[Key, Value] = {}
        for name in sorted(self._sights):
            numbers: list[Value] = []
            presets = self._sights[name].presets
            for number in sorted(presets):
                pan, tilt, zoom = presets[number]
                numbers += [number, pan, tilt, zoom]
            kept[name] = numbers
        try:
            self._pages.put(PRESETS, kept)
        except LocalProtocolError:
            self.unstored_count += 1

    def _changes(self) -> "list[int]":
        return [sight.presets_count for sight in self._sights.values()]


def _rate_desk(pages: "StatePages", stations: "list[Station]") -> "RateDesk | None":
    """Make what keeps speeds, where a dome does not tell its place."""
    domes = [station.dome for station in stations if station.dome is not None]
    if all(dome.protocol.query(PAN) for dome in domes):
        return None
    from firmware.app.rate_desk import RateDesk  # noqa: PLC0415 - few heads never answer

    return RateDesk(pages, stations)


def _recall(sight: "Sight", stored: "Value") -> None:
    """Take presets that were stored; what is not whole numbers in fours is as good as none."""
    if not isinstance(stored, list):
        return
    numbers = [value for value in stored if isinstance(value, int)]
    if len(numbers) != len(stored):
        return
    for at in range(0, len(numbers) - FIELD_COUNT + 1, FIELD_COUNT):
        number, pan, tilt, zoom = numbers[at : at + FIELD_COUNT]
        sight.presets[number] = (pan, tilt, zoom)
