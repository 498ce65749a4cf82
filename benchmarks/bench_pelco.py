"""Measures the Pelco-D codec on CPython and on micropython in one run: frames a second.

    python benchmarks/bench_pelco.py

Each interpreter runs `pelco_rounds.py`; the wire's own limit at 9600 Bd stands beside them.
"""

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
WIRE_FRAMES_PER_S = 137


def measure(binary: str) -> dict[str, int]:
    """Run the rounds in one interpreter; returns name to frames a second."""
    root = str(HERE.parent)
    places = {"PYTHONPATH": root, "MICROPYPATH": root + ":.frozen"}
    done = subprocess.run(
        [binary, str(HERE / "pelco_rounds.py")],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **places},
    )
    return {line.split()[0]: int(line.split()[1]) for line in done.stdout.splitlines()}


def main() -> None:
    """Measure both and print a table."""
    native = measure(sys.executable)
    other = measure(str(Path(sys.executable).parent / "micropython"))
    print(f"{'frames/s':8}{'CPython':>12}{'micropython':>14}{'ratio':>8}")
    for name, count in native.items():
        print(f"{name:8}{count:>12,}{other[name]:>14,}{other[name] / count:>8.2f}")
    least = min(*native.values(), *other.values())
    print(f"the slowest is {least // WIRE_FRAMES_PER_S} times as fast as the wire at 9600 Bd")


if __name__ == "__main__":
    main()
