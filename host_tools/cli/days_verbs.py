"""`lamppost days`: what was recorded of each day, and why the rest was not."""

import sqlite3
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from host_tools.cli.evidence_words import STATE, CmcOption, StateOption
from host_tools.cli.ring_words import tell_json
from host_tools.cli.words import OUT, refuse, say
from host_tools.cmc.continuity import WORDS, DayTold, last_days, totals
from host_tools.cmc.store import STORE_FILE

UnitOption = Annotated[str, typer.Option("--unit", help="Only this unit.")]
CameraOption = Annotated[str, typer.Option("--camera", help="Only this camera.")]
AsJsonOption = Annotated[bool, typer.Option("--json", help="As JSON: unit, stream, days.")]


def tell_days(
    state: StateOption = STATE,
    cmc: CmcOption = None,
    unit: UnitOption = "",
    camera: CameraOption = "",
    as_json: AsJsonOption = False,
) -> None:
    """Tell the last 31 days of each stream: seconds recorded, and seconds missing by cause."""
    path = (cmc or state / "cmc") / STORE_FILE
    found = [
        (name, stream, days)
        for name, streams in _read(path, unit).items()
        for stream, days in sorted(streams.items())
        if not camera or stream.rpartition("/")[0] == camera
    ]
    if as_json:
        tell_json([_json(*one) for one in found])
        return
    if not found:
        wanted = " ".join(word for word in (unit, camera) if word) or "any unit"
        say(f"Nothing was told of {wanted} yet; a unit tells each day that changed once an hour.")
    for name, stream, days in found:
        _tell(f"{name} {stream}", days)


def _read(path: Path, unit: str) -> dict[str, dict[str, list[DayTold]]]:
    """Read what the CMC stored, without disturbing it."""
    if not path.exists():
        refuse(f"{path}: there is no CMC; name its folder with --cmc, or its parent with --state")
    try:
        file = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        try:
            units = [row[0] for row in file.execute("SELECT unit FROM units ORDER BY unit")]
            if unit and unit not in units:
                refuse(f"{path}: has no unit {unit!r}; it has {', '.join(units) or 'none'}")
            return {name: last_days(file, name) for name in units if unit in ("", name)}
        finally:
            file.close()
    except sqlite3.Error as error:
        refuse(f"{path}: cannot be read ({error}); start the CMC once, or name another folder")


def _json(unit: str, stream: str, days: list[DayTold]) -> dict[str, object]:
    told = [{"date": one.date(), "is_full": one.is_full, "seconds": one.seconds} for one in days]
    return {"unit": unit, "stream": stream, "days": told, "totals": totals(days)}


def _tell(title: str, days: list[DayTold]) -> None:
    sums = totals(days)
    table = Table(title=title, title_justify="left", title_style="bold", box=None)
    table.add_column("day (UTC)", style="dim", no_wrap=True)
    for cause in sums:
        word = WORDS.get(cause, cause)
        width = max(len(part) for part in (*word.split(), f"{sums[cause]:,}"))
        table.add_column(word, justify="right", min_width=width)
    table.add_column("sum", justify="right", style="dim", no_wrap=True)
    for one in days:
        cells = [f"{one.seconds.get(cause, 0):,}" for cause in sums]
        date = one.date() + ("" if one.is_full else " so far")
        table.add_row(date, *cells, f"{one.told_s():,}")
    table.add_row("all", *[f"{total_s:,}" for total_s in sums.values()], f"{sum(sums.values()):,}")
    OUT.print(table)
