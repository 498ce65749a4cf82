"""Keeps the speeds that heads were calibrated with, through restarts and power cuts."""

from firmware.errors import LocalProtocolError
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.app.station import Station
    from firmware.cbor.encode import Key, Value
    from firmware.ptz.reckoning import Reckoning
    from firmware.ptz.service import PtzService
    from firmware.state.pages import StatePages

RATES = "rates"
FIELD_COUNT = 3  # axis (0 pan, 1 tilt), permille, cdeg a second
AXES = ("pan", "tilt")
PERMILLE_MAX, RATE_MAX = 1000, 36_000


def reckoning_of(dome: "PtzService") -> "Reckoning":
    """Give a dome its reckoning, made when it is first asked for."""
    if dome.reckoning is None:
        from firmware.ptz.reckoning import Reckoning  # noqa: PLC0415 - few heads never answer

        dome.reckoning = Reckoning(dome)
    return dome.reckoning


class RateDesk:
    """Reads speeds from the state pages at the start, and writes them when one was learned.

    Args:
        pages: the unit's small durable map.
        stations: the cameras; only those with a dome have speeds.
    """

    __slots__ = ("_counts", "_domes", "_pages")

    def __init__(self, pages: "StatePages", stations: "list[Station]") -> None:
        self._pages = pages
        self._domes = {
            station.name: station.dome for station in stations if station.dome is not None
        }
        stored = pages.get(RATES)
        if isinstance(stored, dict):
            for name, dome in self._domes.items():
                _recall(dome, stored.get(name))
        self._counts = self._changes()

    def step(self) -> bool:
        """Write the speeds when one changed; False when they did not fit."""
        counts = self._changes()
        if counts == self._counts:
            return True
        self._counts = counts
        kept: dict[Key, Value] = {}
        for name in sorted(self._domes):
            reckoning = self._domes[name].reckoning
            numbers: list[Value] = []
            for index, axis in enumerate(AXES):
                rates = reckoning.rates[axis] if reckoning is not None else {}
                for permille in sorted(rates):
                    numbers += [index, permille, rates[permille]]
            if numbers:
                kept[name] = numbers
        try:
            self._pages.put(RATES, kept)
        except LocalProtocolError:
            return False
        return True

    def _changes(self) -> "list[int]":
        reckonings = [dome.reckoning for dome in self._domes.values()]
        return [each.rates_count if each is not None else 0 for each in reckonings]


def _recall(dome: "PtzService", stored: "Value") -> None:
    """Take speeds that were stored; what is not whole numbers in threes is as good as none."""
    if not isinstance(stored, list) or dome.protocol.query(AXES[0]) or dome.settings.zones:
        return
    numbers = [value for value in stored if isinstance(value, int)]
    if not numbers or len(numbers) != len(stored):
        return
    for at in range(0, len(numbers) - FIELD_COUNT + 1, FIELD_COUNT):
        index, permille, rate = numbers[at : at + FIELD_COUNT]
        if index in {0, 1} and 0 < permille <= PERMILLE_MAX and 0 < rate <= RATE_MAX:
            reckoning_of(dome).rates[AXES[index]][permille] = rate
