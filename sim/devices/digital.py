"""Digital lines: a relay that can stick, and an indicator wired to it that can burn out.

Faults: the relay's contacts stay where they are (`stuck_at`), the whole line goes away
(`is_gone`), the indicator stays dark (`is_broken`).
"""

from hal.api._typing import TYPE_CHECKING
from hal.api.errors import PortFailed

if TYPE_CHECKING:
    from sim.devices.timeline import Timeline


class SimRelay:
    """A driven line that is read back at its contacts.

    Args:
        timeline: the true time of the world.
        name: how a person finds it.
        travel_ms: how long the contacts take to move.
    """

    def __init__(self, timeline: "Timeline", name: str, travel_ms: int = 8) -> None:
        self._timeline = timeline
        self.name = name
        self.travel_ms = travel_ms
        self.stuck_at: bool | None = None
        self.is_gone = False
        self.set_count = 0
        self._level = False
        self._previous = False
        self._settles_ms = 0

    def set(self, level: bool) -> None:
        """Drive the coil; the contacts follow.

        Raises:
            PortFailed: the line is gone.
        """
        if self.is_gone:
            raise PortFailed("relay %s does not answer; look at its cable" % self.name)
        self.set_count += 1
        if level == self._level:
            return
        self._previous = self.get()
        self._level = level
        self._settles_ms = self._timeline.now_ms() + self.travel_ms

    def get(self) -> bool:
        """Read the contacts, not the coil.

        Raises:
            PortFailed: the line is gone.
        """
        if self.is_gone:
            raise PortFailed("relay %s does not answer; look at its cable" % self.name)
        if self.stuck_at is not None:
            return self.stuck_at
        if self._timeline.now_ms() < self._settles_ms:
            return self._previous
        return self._level

    def power_cut(self) -> None:
        """Without power the coil is off; welded contacts stay."""
        self._level = False
        self._previous = False
        self._settles_ms = 0


class SimIndicator:
    """A lamp on the same contacts; nothing but the relay can light it.

    Args:
        relay: what lights it.
        name: how a person finds it.
    """

    def __init__(self, relay: SimRelay, name: str) -> None:
        self._relay = relay
        self.name = name
        self.is_broken = False

    def set(self, level: bool) -> None:
        """Refuse: the lamp is wired to the relay.

        Raises:
            PortFailed: always.
        """
        raise PortFailed(
            "indicator %s cannot be set to %s; it is wired to its relay" % (self.name, level)
        )

    def get(self) -> bool:
        """Tell whether the lamp is really lit."""
        return self._relay.get() and not self.is_broken
