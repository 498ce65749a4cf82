"""Keeps an operator's moves by time, and plays them again.

    0   tenths of a second since the start   2, big endian
    2   pan, permille                        2, signed
    4   tilt, permille                       2, signed
    6   zoom, -1, 0, 1                       1, signed

One row says what the dome is told from then on; the last is a stop. A played move is asked for as
a person's is: a lease that must be renewed, checked against limits and zones as it plays.
"""

import struct

from firmware.ptz import drive as states
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.ptz.service import PtzService

    Move = tuple[int, int, int]
    Row = tuple[int, Move]

ROW = ">Hhhb"
ROW_BYTES = 7
ROW_COUNT_MAX = 128
SPAN_MS_MAX = 600_000
STEP_MS = 100
SPACING_MS = 200  # a stick that moves on is followed no faster than this
NEAR_PERMILLE = 60  # a speed that changed by less is the same
RENEW_MS = 300
PERMILLE = 1000


class Recorder:
    """Writes down what one dome is told.

    Args:
        number: of the pattern.
        preset: where it begins.
        now_ms: monotonic.
    """

    __slots__ = ("_last_ms", "_move", "_rows", "_since_ms", "number", "preset")

    def __init__(self, number: int, preset: int, now_ms: int) -> None:
        self.number = number
        self.preset = preset
        self._since_ms = now_ms
        self._last_ms = now_ms - SPACING_MS
        self._move: Move = states.STILL
        self._rows: list[Row] = []

    def step(self, move: "Move", now_ms: int) -> bool:
        """Take what the dome is told now; False when nothing more can be kept."""
        if _is_alike(move, self._move) and (move == states.STILL) == (self._move == states.STILL):
            return now_ms - self._since_ms < SPAN_MS_MAX
        is_going_on = states.STILL not in {move, self._move}
        if is_going_on and now_ms - self._last_ms < SPACING_MS:
            return True
        self._rows.append((now_ms - self._since_ms, move))
        self._move, self._last_ms = move, now_ms
        return len(self._rows) < ROW_COUNT_MAX - 1 and now_ms - self._since_ms < SPAN_MS_MAX

    def pack(self, now_ms: int) -> bytes:
        """End with a stop, and give the rows as bytes; b"" when nothing was moved."""
        if not self._rows:
            return b""
        rows = self._rows
        if self._move != states.STILL:
            rows.append((now_ms - self._since_ms, states.STILL))
        return b"".join([struct.pack(ROW, at // STEP_MS, *move) for at, move in rows])


def unpack(data: bytes) -> "list[Row]":
    """Read the rows of a pattern; empty when it is damaged."""
    rows: list[Row] = []
    for at in range(0, len(data) - ROW_BYTES + 1, ROW_BYTES):
        tenths, pan, tilt, zoom = struct.unpack(ROW, data[at : at + ROW_BYTES])
        if abs(pan) > PERMILLE or abs(tilt) > PERMILLE or abs(zoom) > 1:
            return []
        if rows and tenths * STEP_MS < rows[-1][0]:
            return []
        rows.append((tenths * STEP_MS, (pan, tilt, zoom)))
    is_whole = len(data) == len(rows) * ROW_BYTES <= ROW_COUNT_MAX * ROW_BYTES
    return rows if is_whole and rows and rows[-1][1] == states.STILL else []


class Player:
    """Plays a pattern once.

    Args:
        dome: is moved, with every check that a person's wish gets.
        data: as `Recorder.pack` made it.
        now_ms: monotonic.
    """

    __slots__ = ("_asked_ms", "_dome", "_index", "_rows", "_since_ms", "refused_count")

    def __init__(self, dome: "PtzService", data: bytes, now_ms: int) -> None:
        self._dome = dome
        self._rows = unpack(data)
        self._since_ms = now_ms
        self._index = -1
        self._asked_ms = 0
        self.refused_count = 0
        """Moves that a limit or a zone did not let through; the time they took passes still."""

    def due_ms(self) -> int:
        """Tell when `step` has something to do next."""
        rows, index = self._rows, self._index
        next_ms = self._since_ms + rows[index + 1][0] if index + 1 < len(rows) else 0
        is_moving = 0 <= index < len(rows) and rows[index][1] != states.STILL
        return min(next_ms, self._asked_ms + RENEW_MS) if is_moving else next_ms

    def step(self, now_ms: int) -> bool:
        """Ask for what is due; True when the pattern is over."""
        rows = self._rows
        is_new = False
        while self._index + 1 < len(rows) and now_ms - self._since_ms >= rows[self._index + 1][0]:
            self._index += 1
            is_new = True
        if self._index < 0:
            return not rows
        move = rows[self._index][1]
        if move == states.STILL:
            if is_new and self._dome.drive.state == states.MOVING:
                self._dome.drive.stop("pattern")
        elif is_new or now_ms - self._asked_ms >= RENEW_MS:
            self._asked_ms = now_ms
            self.refused_count += self._dome.move(*move, now_ms) != ""
        return self._index + 1 == len(rows)


def _is_alike(one: "Move", other: "Move") -> bool:
    return (
        one[2] == other[2]
        and abs(one[0] - other[0]) < NEAR_PERMILLE
        and abs(one[1] - other[1]) < NEAR_PERMILLE
    )
