"""What the desk calls its presets, and what they look like.

Names are words of the people who sit here, so they are kept here and not on the unit (decision
0012). A preset's picture is the first still that came after the dome had stood there with nothing
withheld; when it is gone to again, a newer one takes its place. How it is kept, and for how long,
is in `preset_pictures` (decision 0025).
"""

import sqlite3
import threading
from dataclasses import dataclass
from pathlib import Path

from firmware.telemetry.heartbeat import CameraState
from host_tools.cmc.fleet import Fleet, UnitView
from host_tools.cmc.preset_pictures import STEP_EVERY_MS, PictureKeys, PresetPictures
from host_tools.cmc.transaction import transaction

FILE = "presets.sqlite"
SCHEMA = """
CREATE TABLE IF NOT EXISTS names (
    unit TEXT NOT NULL, camera TEXT NOT NULL, number INTEGER NOT NULL, name TEXT NOT NULL,
    person TEXT NOT NULL, utc_ms INTEGER NOT NULL, PRIMARY KEY (unit, camera, number)
) WITHOUT ROWID;
"""
NAME_CHARACTER_COUNT_MAX = 32
NUMBER_MAX = 255
SETTLE_MS = 1_500  # until a heartbeat tells that the dome has set off
WAIT_MS = 60_000
Place = tuple[str, str]


class NameRefusedError(Exception):
    """A name cannot be kept; the text says the value and the remedy."""


@dataclass
class _Wish:
    """A picture that is waited for."""

    preset: int
    since_ms: int
    after_still: int
    permit: str


class PresetBook:
    """Names and pictures of all presets; safe to use from several threads.

    Args:
        folder: of the files with the names and the pictures.
        fleet: where the stills come from.
    """

    def __init__(self, folder: Path, fleet: Fleet) -> None:
        path = folder / FILE
        path.touch(mode=0o600)
        self._lock = threading.RLock()
        self._file = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._file.execute("PRAGMA synchronous=FULL")
        self._file.executescript(SCHEMA)
        self._fleet = fleet
        self._wishes: dict[Place, _Wish] = {}
        keys = PictureKeys(folder, fleet.utc_ms, fleet.now_ms)
        self._pictures = PresetPictures(self._file, self._lock, keys)
        self._due_ms = fleet.now_ms()
        self.version = 0
        """Rises with each change."""

    def close(self) -> None:
        """Let go of the files; idempotent."""
        with self._lock:
            self._file.close()
            self._pictures.close()

    def name(self, place: Place, number: int, name: str, person: str) -> None:
        """Give a preset a name; "" takes it away.

        Raises:
            NameRefusedError: the number or the name is not as it must be.
        """
        name = name.strip()
        if not 1 <= number <= NUMBER_MAX:
            raise NameRefusedError(f"preset {number}: give 1 to {NUMBER_MAX}")
        if len(name) > NAME_CHARACTER_COUNT_MAX or not name.isprintable():
            raise NameRefusedError(
                f"name {name!r}: give at most {NAME_CHARACTER_COUNT_MAX} characters on one line"
            )
        row = (*place, number, name, person, self._fleet.utc_ms())
        with transaction(self._file, self._lock):
            if name:
                self._file.execute("INSERT OR REPLACE INTO names VALUES (?, ?, ?, ?, ?, ?)", row)
            else:
                self._file.execute(
                    "DELETE FROM names WHERE unit = ? AND camera = ? AND number = ?",
                    (*place, number),
                )
            self.version += 1

    def on_preset(self, place: Place, todo: str, number: int) -> None:
        """Hear that a unit has set, cleared or set off to a preset."""
        with self._lock:
            if todo != "go":
                self.version += self._pictures.drop((*place, number))
            if todo == "clear":
                return
            still = self._still_number(place)
            permit = _permit(self._fleet.units.get(place[0]))
            self._wishes[place] = _Wish(number, self._fleet.now_ms(), still, permit)

    def step(self) -> None:
        """Take the pictures that have come, and forget those that are too old."""
        with self._lock:
            for place, wish in list(self._wishes.items()):
                if self._fulfil(place, wish):
                    del self._wishes[place]
            if self._fleet.now_ms() < self._due_ms:
                return
            self._due_ms = self._fleet.now_ms() + STEP_EVERY_MS
            self.version += self._pictures.step()
            for unit, view in self._fleet.units.items():
                if permit := _permit(view):
                    self.version += self._pictures.drop_others(unit, permit)

    def picture(self, place: Place, number: int) -> bytes:
        """Give the picture of a preset; b"" for none, or while nobody knows what is private."""
        permit = _permit(self._fleet.units.get(place[0]))
        return self._pictures.find((*place, number), permit) if permit else b""

    def rows(self, unit: str) -> dict[str, list[dict[str, object]]]:
        """List what is known of a unit's presets: camera to number, name and time of picture."""
        permit = _permit(self._fleet.units.get(unit))
        with self._lock:
            names = {
                (str(camera), int(number)): str(name)
                for camera, number, name in self._file.execute(
                    "SELECT camera, number, name FROM names WHERE unit = ?", (unit,)
                )
            }
            pictures = self._pictures.times(unit, permit) if permit else {}
        rows: dict[str, list[dict[str, object]]] = {}
        for camera, number in sorted({*names, *pictures}):
            rows.setdefault(camera, []).append(
                {
                    "number": number,
                    "name": names.get((camera, number), ""),
                    "picture": pictures.get((camera, number), 0),
                }
            )
        return rows

    def _fulfil(self, place: Place, wish: _Wish) -> bool:
        """Take a still if it shows the preset; True when the wish is over, either way."""
        view = self._fleet.units.get(place[0])
        camera = _camera(view, place[1])
        state = camera.dome_state if camera is not None else ""
        is_clear = camera is not None and state == "idle" and not camera.is_withheld
        waited_ms = self._fleet.now_ms() - wish.since_ms
        is_over = state == "moving" or waited_ms > WAIT_MS
        if is_over or not wish.permit or wish.permit != _permit(view):
            return True
        with self._fleet.lock:
            still = view.stills.get(place[1]) if view is not None else None
            if still is None or not is_clear or waited_ms < SETTLE_MS:
                wish.after_still = self._still_number(place)
                return False
            # For a while after a move the unit fills the whole still, which may be from before.
            if still.number <= wish.after_still or still.zone_count:
                return False
        utc_ms = min(still.utc_ms or self._fleet.utc_ms(), self._fleet.utc_ms())
        self._pictures.put((*place, wish.preset), wish.permit, utc_ms, still.jpeg)
        self.version += 1
        return True

    def _still_number(self, place: Place) -> int:
        with self._fleet.lock:
            view = self._fleet.units.get(place[0])
            still = view.stills.get(place[1]) if view is not None else None
            return still.number if still is not None else 0


def _permit(view: UnitView | None) -> str:
    """Name the permit that a unit has, which says what is private; "" when that is not known."""
    birth = view.birth if view is not None else None
    if birth is None or not birth.permit_id:
        return ""
    return f"{birth.permit_id} to {birth.permit_ends_utc_ms}"


def _camera(view: UnitView | None, name: str) -> CameraState | None:
    heartbeat = view.heartbeat if view is not None else None
    for state in heartbeat.cameras if heartbeat is not None else ():
        if state.name == name:
            return state
    return None
