"""What units told of their cameras' own clocks, which print times into the pictures."""

import json
import sqlite3
from pathlib import Path
from typing import Any

from firmware.telemetry.codes import CODES
from host_tools.cmc.footage import Footage

EVENT = "camera.clock"
QUERY = (
    "SELECT utc_ms, fields FROM events WHERE unit = ? AND code = ? AND utc_ms > 0 "
    "AND utc_ms < ? ORDER BY utc_ms"
)


def camera_clock(store: Path, footage: Footage) -> list[dict[str, int]]:
    """List how far the clock of a camera was ahead of its unit's, for a range of footage.

    Args:
        store: the CMC's file; it may be written to meanwhile.
        footage: whose unit, camera and range count.

    Returns:
        utc_ms, offset_ms and doubt_ms of the newest measurement before the range and of each in
        it; empty where none was told.
    """
    code = CODES.get(EVENT, 0)
    if not code or not store.exists():
        return []
    file = sqlite3.connect(f"{store.resolve().as_uri()}?mode=ro", uri=True)
    try:
        rows = file.execute(QUERY, (footage.unit, code, footage.to_utc_ms)).fetchall()
    finally:
        file.close()
    found = [
        _entry(utc_ms, fields)
        for utc_ms, fields in ((utc_ms, _fields(text)) for utc_ms, text in rows)
        if fields.get("subject") == footage.camera and type(fields.get("offset_ms")) is int
    ]
    before = [entry for entry in found if entry["utc_ms"] < footage.from_utc_ms]
    return [*before[-1:], *found[len(before) :]]


def _entry(utc_ms: int, fields: dict[str, Any]) -> dict[str, int]:
    """Take a measurement with its doubt, which units did not tell at first."""
    entry = {"utc_ms": utc_ms, "offset_ms": fields["offset_ms"]}
    if type(fields.get("doubt_ms")) is int:
        entry["doubt_ms"] = fields["doubt_ms"]
    return entry


def _fields(text: str) -> dict[str, Any]:
    value: dict[str, Any] | list[Any] | str | int | None = json.loads(text)
    return value if isinstance(value, dict) else {}
