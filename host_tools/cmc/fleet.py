"""What the CMC knows of every unit now, and whether that is still true.

A view is live, stale or gone, never silently old: stale as soon as no heartbeat came for 4 s or
the broker is away, gone when the unit said farewell or the broker spoke its will. Stills live here
and nowhere else, only the newest of each camera.
"""

import threading
from collections.abc import Callable

from firmware.keys.ratchet import LIFE_MS
from firmware.telemetry.messages import Birth, Farewell, Heartbeat, Still

LIVE, STALE, GONE, MISSING = "live", "stale", "gone", "missing"
STALE_AFTER_MS = 4_000
STILL_LIFE_MS = 60_000  # of a camera that sends no newer one
UNKNOWN_COUNT_MAX = 64


class StillView:
    """The newest still of one camera."""

    __slots__ = ("jpeg", "number", "received_ms", "utc_ms", "zone_count")

    def __init__(self, still: Still, number: int, received_ms: int) -> None:
        self.jpeg = still.jpeg
        self.utc_ms = still.utc_ms
        self.zone_count = still.zone_count
        self.number = number
        self.received_ms = received_ms


class UnitView:
    """One unit as the CMC sees it; times are of the CMC's own monotonic clock."""

    __slots__ = (
        "birth",
        "boot_back_count",
        "event_ahead_count",
        "event_duplicate_count",
        "event_stored_count",
        "farewell",
        "heard_ms",
        "heartbeat",
        "heartbeat_lost_count",
        "heartbeat_old_count",
        "kind",
        "malformed_count",
        "name",
        "place",
        "responsible",
        "stills",
        "version",
    )

    def __init__(self, name: str, kind: str, place: str, responsible: str) -> None:
        self.name = name
        self.kind = kind
        self.place = place
        self.responsible = responsible
        self.birth: Birth | None = None
        self.farewell: Farewell | None = None
        self.heartbeat: Heartbeat | None = None
        self.heard_ms = -1
        self.stills: dict[str, StillView] = {}
        self.version = 0
        self.boot_back_count = 0
        self.event_ahead_count = 0
        self.event_duplicate_count = 0
        self.event_stored_count = 0
        self.heartbeat_lost_count = 0
        self.heartbeat_old_count = 0
        self.malformed_count = 0

    def command_sequence_next(self) -> int:
        """Tell the lowest command sequence that the unit said it accepts; 1 when it said none."""
        told = [part.command_sequence_next for part in (self.birth, self.heartbeat) if part]
        return max([1, *told])


class Fleet:
    """All units; safe to use from several threads.

    Args:
        now_ms: monotonic clock of the CMC.
        utc_ms: wall clock of the CMC.
    """

    def __init__(self, now_ms: Callable[[], int], utc_ms: Callable[[], int]) -> None:
        self.now_ms = now_ms
        self.utc_ms = utc_ms
        self.lock = threading.RLock()
        self.units: dict[str, UnitView] = {}
        self.unknown: dict[str, int] = {}
        self.unknown_count = 0
        self.malformed_count = 0
        self.still_too_old_count = 0
        self.urgent_footage: list[dict[str, object]] = []
        """As `host_tools.cmc.urgent` lists it; replaced as a whole."""
        self.is_broker_up = False
        self.broker_since_ms = now_ms()
        self._still_number = 0

    def register(self, unit: str, kind: str, place: str, responsible: str) -> None:
        """Name a unit that belongs to the fleet."""
        with self.lock:
            self.units[unit] = UnitView(unit, kind, place, responsible)

    def find(self, unit: str) -> UnitView | None:
        """Look a unit up; one that is not in the register is counted, and shown as unknown."""
        with self.lock:
            view = self.units.get(unit)
            if view is None:
                self.unknown_count += 1
                if unit in self.unknown or len(self.unknown) < UNKNOWN_COUNT_MAX:
                    self.unknown[unit] = self.unknown.get(unit, 0) + 1
            return view

    def on_broker(self, is_up: bool) -> None:
        """Take that the connection to the broker came or went."""
        with self.lock:
            if is_up != self.is_broker_up:
                self.is_broker_up = is_up
                self.broker_since_ms = self.now_ms()

    def on_birth(self, view: UnitView, birth: Birth, is_retained: bool) -> None:
        """Take a birth; one that the broker kept tells who the unit is, not that it lives."""
        with self.lock:
            if view.birth is not None and birth.boot < view.birth.boot:
                view.boot_back_count += 1
            view.birth = birth
            view.farewell = None
            view.version += 1
            if not is_retained:
                view.heard_ms = self.now_ms()

    def on_farewell(self, view: UnitView, farewell: Farewell) -> None:
        """Take a will or a farewell; one of an earlier boot than the birth is old news."""
        with self.lock:
            if view.birth is not None and farewell.boot < view.birth.boot:
                return
            view.farewell = farewell
            view.version += 1

    def on_heartbeat(self, view: UnitView, heartbeat: Heartbeat) -> None:
        """Take a heartbeat; one that is not newer than the last changes nothing and is counted."""
        with self.lock:
            last = view.heartbeat
            if last is not None and heartbeat.boot == last.boot:
                if heartbeat.number <= last.number:
                    view.heartbeat_old_count += 1
                    return
                view.heartbeat_lost_count += heartbeat.number - last.number - 1
            elif last is not None and heartbeat.boot < last.boot:
                view.heartbeat_old_count += 1
                return
            view.heartbeat = heartbeat
            view.heard_ms = self.now_ms()
            view.version += 1
            if view.farewell is not None and heartbeat.boot > view.farewell.boot:
                view.farewell = None

    def on_still(self, view: UnitView, camera: str, still: Still) -> None:
        """Keep a still in place of the one before; one stamped 31 days ago or more is refused."""
        with self.lock:
            if 0 < still.utc_ms <= self.utc_ms() - LIFE_MS:
                self.still_too_old_count += 1
                return
            self._still_number += 1
            view.stills[camera] = StillView(still, self._still_number, self.now_ms())
            view.version += 1

    def step(self) -> None:
        """Forget stills that nobody renewed; call it about once a second."""
        with self.lock:
            oldest_ms = self.now_ms() - STILL_LIFE_MS
            for view in self.units.values():
                old = [name for name, one in view.stills.items() if one.received_ms < oldest_ms]
                for camera in old:
                    del view.stills[camera]
                    view.version += 1

    def state_of(self, view: UnitView) -> str:
        """Tell whether what is known of a unit is LIVE, STALE, GONE, or was never (MISSING)."""
        with self.lock:
            if view.farewell is not None:
                return GONE
            if view.heard_ms < 0:
                return MISSING
            is_fresh = self.now_ms() - view.heard_ms < STALE_AFTER_MS
            return LIVE if is_fresh and self.is_broker_up else STALE

    def jpeg(self, unit: str, camera: str) -> bytes:
        """Hand over the newest still of a camera; b"" for none."""
        with self.lock:
            view = self.units.get(unit)
            still = view.stills.get(camera) if view is not None else None
            return still.jpeg if still is not None else b""
