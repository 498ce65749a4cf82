"""Each habit and each row of the command table names tests and switches that are there."""

import re

from firmware.pelco_d.opcodes import COMMANDS
from sim.devices.dome import Dome
from sim.devices.hostile import HostileDome
from sim.devices.line import SimLine
from tests.house.source import ROOT

DOC = ROOT / "docs" / "formats" / "pelco_d.md"
HABIT_COUNT = 29


def habits():
    """The rows of the table of habits, cell by cell."""
    text = DOC.read_text("utf-8").split("## Habits met in the field")[1]
    rows = re.findall(r"^\| (\d+) \|(.*)\|$", text, re.MULTILINE)
    return [(int(number), [cell.strip() for cell in rest.split("|")]) for number, rest in rows]


def sources():
    """Every test file's text, by its name."""
    return {path.name: path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py")}


def test_every_habit_has_a_row_and_a_test():
    rows = habits()
    assert [number for number, _ in rows] == list(range(1, HABIT_COUNT + 1))
    for number, cells in rows:
        assert "test_" in cells[3], (number, "no test is named")


def test_every_test_that_the_document_names_is_there():
    files = sources()
    whole = "\n".join(files.values())
    for name in re.findall(r"`(?:tests/[a-z_]+/)?(test_[a-z0-9_]+(?:\.py)?)`", DOC.read_text()):
        if name.endswith(".py"):
            assert name in files, name
        else:
            assert f"def {name}(" in whole, name


def test_every_switch_that_the_table_names_is_there():
    made = {"H": HostileDome(Dome()), "D": Dome(), "L": SimLine(None)}
    for number, cells in habits():
        owner = cells[1][:1]
        for name in re.findall(r"`([a-z_]+)(?:=[A-Z]+)?`", cells[1]):
            assert hasattr(made[owner], name), (number, name)


def test_every_command_has_a_row_that_is_simulated():
    text = DOC.read_text("utf-8").split("## Commands")[1].split("## Replies")[0]
    told = dict(re.findall(r"^\| [0-9A-F]{2}[^|]*\| ([a-z_]+)[^|]*\|.*\| (\w+) \|$", text, re.M))
    names = {row[0] for row in COMMANDS.values()}
    assert set(told) == names, set(told) ^ names
    assert set(told.values()) <= {"yes", "kept", "refused"}, told
