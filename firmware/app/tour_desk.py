"""Keeps the tours and patterns of the domes through restarts, and begins tours by the hour.

A tour that a person began goes on after a restart; one that the hour began is begun again by the
hour. The hour counts only by trusted time, and no dome moves by itself where the policy would
not let a person send it on a tour: no permit, or a limit laid down in it (C85).
"""

from firmware.errors import LocalProtocolError
from firmware.ptz.plan import read_plan
from firmware.ptz.schedule import BY_HAND, is_within, local_minute, read_hours
from hal.api._typing import TYPE_CHECKING
from hal.api.clock import UTC_SYNCED

if TYPE_CHECKING:
    from firmware.app.station import Station
    from firmware.cbor.encode import Key, Value
    from firmware.config.load import Config
    from firmware.ptz.service import PtzService
    from firmware.state.pages import StatePages
    from hal.api._typing import Callable
    from hal.api.clock import Clock

    Kept = dict[str, tuple[str, str]]

TOURS, PATTERNS = "tours", "patterns"
HOURS, NO_TOUR, NO_ROOM, PLAN = "ptz.hours", "ptz.no_tour", "ptz.no_room", "ptz.plan"
KEPT_COUNT_MAX = 8
FIELD_COUNT = 3  # name, plan and hours; or number, preset and rows
STEP_MS = 1_000


class TourDesk:
    """Reads tours at the start, writes them when one has changed, and looks at the clock.

    Args:
        pages: the unit's small durable map.
        stations: the cameras; only those with a dome have tours.
        config: tells the local time of the site.
        now_ms: monotonic.
    """

    __slots__ = (
        "_domes",
        "_due_ms",
        "_has_summer_time",
        "_is_waiting",
        "_offset_ms",
        "_pages",
        "_skipped",
        "_stored",
        "kept",
        "unscheduled_count",
        "unstored_count",
    )

    def __init__(
        self, pages: "StatePages", stations: "list[Station]", config: "Config", now_ms: int
    ) -> None:
        self._pages = pages
        self._domes = {
            station.name: station.dome for station in stations if station.dome is not None
        }
        self._offset_ms = int(config.unit["utc_offset_ms"])
        self._has_summer_time = bool(config.unit["summer_time"])
        self._due_ms = now_ms
        self._is_waiting = False
        self._skipped: dict[str, str] = {}  # camera to the tour that a person ended in its hours
        self.kept: dict[str, Kept] = {}
        """Camera to the tours kept for it: name to plan and hours."""
        self.unscheduled_count = 0
        """How often tours by the hour had to wait, because the time was not trusted."""
        self.unstored_count = 0
        """How often something did not fit; it is known until the next restart then."""
        tours, patterns = pages.get(TOURS), pages.get(PATTERNS)
        for camera, dome in self._domes.items():
            self.kept[camera] = {}
            if isinstance(patterns, dict):
                _recall_patterns(dome, patterns.get(camera))
            if isinstance(tours, dict):
                self._recall(camera, tours.get(camera), now_ms)
        self._stored = self._changes()

    def step(self, clock: "Clock", may_tour: "Callable[[str], bool]", now_ms: int) -> None:
        """Write what has changed; once a second, look at the clock and at the policy.

        Args:
            clock: of the board.
            may_tour: whether the policy lets a camera's dome go on a tour now.
            now_ms: monotonic.
        """
        changes = self._changes()
        if changes != self._stored:
            self._stored = changes
            self._write()
        if now_ms < self._due_ms:
            return
        self._due_ms = now_ms + STEP_MS
        minute = -1
        if clock.utc_quality() >= UTC_SYNCED:
            minute = local_minute(clock.utc_ms(), self._offset_ms, self._has_summer_time)
        self._tell_waiting(minute < 0, now_ms)
        for camera, dome in self._domes.items():
            self._follow_hour(camera, dome, minute, now_ms)
            if dome.hands.tour.machine.state != "idle" and not may_tour(camera):
                dome.hands.tour.hold_back(now_ms)

    def keep(
        self, camera: str, name: str, plan: str, hours: str, now_ms: int
    ) -> "tuple[str, str]":
        """Keep a tour under a name, in place of one that has it.

        Args:
            camera: whose dome.
            name: of the tour.
            plan: as `ptz.plan` reads it; every stop is checked now, and again at each run.
            hours: "by hand", or "22:00-06:00", local time, in which it runs by itself.
            now_ms: monotonic.

        Returns:
            code and the stop that it is about; ("", "") when it is kept, durably.
        """
        dome, kept = self._domes[camera], self.kept[camera]
        if hours != BY_HAND and read_hours(hours) is None:
            return HOURS, hours
        code, _, stop = dome.hands.tour.fault(plan).partition(" ")
        if code:
            return dome.report.refuse("tour_keep", code, now_ms), stop
        if name not in kept and len(kept) >= KEPT_COUNT_MAX:
            return NO_ROOM, ""
        before = kept.get(name)
        kept[name] = (plan, hours)
        if self._write():
            return "", ""
        del kept[name]
        if before is not None:
            kept[name] = before
        return NO_ROOM, ""

    def drop(self, camera: str, name: str, now_ms: int) -> str:
        """Forget a kept tour, and end it when the hour began it; "" or "ptz.no_tour"."""
        if name not in self.kept[camera]:
            return NO_TOUR
        del self.kept[camera][name]
        tour = self._domes[camera].hands.tour
        if tour.is_scheduled and tour.name == name:
            tour.end(now_ms)
        self._write()
        return ""

    def run(self, camera: str, name: str, now_ms: int) -> str:
        """Begin a kept tour now; "" or why not."""
        if name not in self.kept[camera]:
            return NO_TOUR
        return self._domes[camera].hands.tour.start(self.kept[camera][name][0], now_ms, name)

    def end(self, camera: str, now_ms: int) -> None:
        """End the tour at a person's wish; the hour begins none until its hours are over."""
        self._skipped[camera] = ""
        self._domes[camera].hands.tour.end(now_ms)

    def _follow_hour(self, camera: str, dome: "PtzService", minute: int, now_ms: int) -> None:
        """Begin and end the tour of this hour; what a person began or ended stays so."""
        tour = dome.hands.tour
        wanted = self._wanted(camera, minute)
        if camera in self._skipped:
            self._skipped[camera] = self._skipped[camera] or wanted
            if not wanted or self._skipped[camera] != wanted:
                del self._skipped[camera]
        if tour.is_scheduled and tour.name != wanted:
            tour.end(now_ms)
        if wanted and tour.machine.state == "idle" and camera not in self._skipped:
            tour.begin(self.kept[camera][wanted][0], now_ms, wanted, is_scheduled=True)

    def _wanted(self, camera: str, minute: int) -> str:
        """Name the tour whose hours these are, the first by name; "" for none."""
        for name in sorted(self.kept[camera]):
            hours = read_hours(self.kept[camera][name][1])
            if minute >= 0 and hours is not None and is_within(hours, minute):
                return name
        return ""

    def _tell_waiting(self, is_untrusted: bool, now_ms: int) -> None:
        """Count and tell that tours by the hour wait for trusted time."""
        was_waiting, self._is_waiting = self._is_waiting, is_untrusted
        if was_waiting or not is_untrusted:
            return
        for camera, kept in self.kept.items():
            if any(hours != BY_HAND for _, hours in kept.values()):
                self.unscheduled_count += 1
                fields = {"cause": "clock.untrusted"}
                self._domes[camera].report.emit("ptz.schedule_waits", now_ms, dict(fields))

    def _changes(self) -> "list[tuple[str, str, int]]":
        """Gather what a person's wish or a recording changes without this desk."""
        changes: list[tuple[str, str, int]] = []
        for dome in self._domes.values():
            name, text = _running(dome)
            changes.append((name, text, dome.hands.tour.patterns_count))
        return changes

    def _write(self) -> bool:
        """Hand everything to the state pages; False when it does not fit."""
        tours: dict[Key, Value] = {}
        patterns: dict[Key, Value] = {}
        for camera, dome in self._domes.items():
            row: list[Value] = list(_running(dome))
            for name in sorted(self.kept[camera]):
                plan, hours = self.kept[camera][name]
                row += [name, plan, hours]
            tours[camera] = row
            patterns[camera] = _patterns_of(dome)
        try:
            self._pages.put(TOURS, tours)
            if patterns != self._pages.get(PATTERNS, {camera: [] for camera in patterns}):
                self._pages.put(PATTERNS, patterns)
        except LocalProtocolError:
            self.unstored_count += 1
            return False
        return True

    def _recall(self, camera: str, stored: "Value", now_ms: int) -> None:
        """Take tours that were stored; what is not texts is as good as none."""
        row = stored if isinstance(stored, list) else []
        texts = [text for text in row if isinstance(text, str)]
        if len(texts) != len(row):
            return
        for at in range(2, len(texts) - FIELD_COUNT + 1, FIELD_COUNT):
            name, plan, hours = texts[at : at + FIELD_COUNT]
            if read_plan(plan) and len(self.kept[camera]) < KEPT_COUNT_MAX:
                self.kept[camera][name] = (plan, hours)
        if len(texts) > 1 and texts[1]:
            self._domes[camera].hands.tour.begin(texts[1], now_ms, texts[0], is_scheduled=False)


def _running(dome: "PtzService") -> "tuple[str, str]":
    """Give name and plan of the tour that must go on after a restart; "" for none."""
    tour = dome.hands.tour
    return ("", "") if tour.is_scheduled else (tour.name, tour.text)


def _patterns_of(dome: "PtzService") -> "list[Value]":
    row: list[Value] = []
    for number in sorted(dome.hands.tour.patterns):
        preset, data = dome.hands.tour.patterns[number]
        row += [number, preset, data]
    return row


def _recall_patterns(dome: "PtzService", stored: "Value") -> None:
    """Take patterns that were stored; what is none of them is left out."""
    row = stored if isinstance(stored, list) else []
    for at in range(0, len(row) - FIELD_COUNT + 1, FIELD_COUNT):
        number, preset, data = row[at : at + FIELD_COUNT]
        if isinstance(number, int) and isinstance(preset, int) and isinstance(data, bytes):
            dome.hands.tour.patterns[number] = (preset, data)
