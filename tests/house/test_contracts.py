"""Each rule about who may import whom is broken once, and seen to fail."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.source import CODE, ROOT

LINT = Path(sys.executable).parent / "lint-imports"
# (file, an import that must not be there, the rule that forbids it)
BREACHES = (
    ("firmware/units.py", "import host_tools", "The house"),
    ("hal/linux/__init__.py", "import firmware.units", "The house"),
    ("hal/micropython/__init__.py", "import hal.linux", "The house"),
    ("hal/api/__init__.py", "import hal.conformance", "The house"),
    ("firmware/pelco_d/__init__.py", "import firmware.ptz", "The core: one direction"),
    ("firmware/audio/__init__.py", "import firmware.recorder", "The core: one direction"),
    ("firmware/errors.py", "import firmware.cbor", "The core: one direction"),
    ("firmware/units.py", "import time", "The core knows no platform"),
    ("hal/api/clock.py", "import os", "The core knows no platform"),
    ("sim/devices/__init__.py", "import firmware.units", "The simulator is an independent"),
)


def run_lint(folder: Path) -> "tuple[int, str]":
    command = [LINT, "--no-cache"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def copy_house(folder: Path) -> None:
    ignored = shutil.ignore_patterns("__pycache__", ".*", "assets")
    for name in CODE:
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", folder)


@pytest.mark.slow
def test_the_house_keeps_its_rules(tmp_path: Path):
    copy_house(tmp_path)
    code, said = run_lint(tmp_path)
    assert code == 0, said


@pytest.mark.slow
def test_each_rule_fails_when_broken(tmp_path: Path):
    copy_house(tmp_path)
    for name, breach, rule in BREACHES:
        path = tmp_path / name
        whole = path.read_text("utf-8")
        path.write_text(whole + "\n" + breach + "\n", "utf-8")
        code, said = run_lint(tmp_path)
        path.write_text(whole, "utf-8")
        broken = [line for line in said.splitlines() if line.endswith("BROKEN")]
        assert code != 0, f"{name}: {breach}: nobody minds"
        assert any(line.startswith(rule) for line in broken), f"{name}: {breach}: {broken}"
