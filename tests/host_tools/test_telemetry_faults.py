"""The page of faults says what the catalogue says."""

from pathlib import Path

from firmware.health import catalogue
from firmware.health.meanings import MEANINGS

PAGE = Path(__file__).parents[2] / "docs" / "formats" / "faults.md"


def rows() -> "list[list[str]]":
    """Every table row of the page that names a fault, as its cells."""
    lines = PAGE.read_text("utf-8").splitlines()
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in lines if "`" in line
    ]
    return [row for row in cells if any(cell.strip("`") in catalogue.FAULTS for cell in row)]


def test_the_page_agrees_with_the_catalogue():
    wanted = []
    for name in catalogue.names():
        fault = catalogue.FAULTS[name]
        delays = [f"{ms / 1000:g} s" for ms in (fault.on_delay_ms, fault.off_delay_ms)]
        clause = MEANINGS[name][3]
        wanted.append([str(fault.number), f"`{name}`", fault.severity, *delays, clause])
    wanted += [[f"`{name}`", *MEANINGS[name][:3]] for name in catalogue.names()]
    assert rows() == wanted
