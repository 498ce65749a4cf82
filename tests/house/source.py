"""What the tests of this folder look at: the files of the house, read once."""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
CODE = ("firmware", "hal", "sim", "host_tools")
OURS = (*CODE, "tests", "benchmarks", ".ci", "docs")
GENERATED = {"__pycache__", "node_modules", ".ruff_cache"}


@cache
def files(
    folders: "tuple[str, ...]" = OURS, endings: "tuple[str, ...]" = (".py",)
) -> "list[Path]":
    """List the files below some folders of the house, sorted."""
    return sorted(
        path
        for folder in folders
        for path in (ROOT / folder).rglob("*")
        if path.suffix in endings and not GENERATED.intersection(path.parts)
    )


def top_files() -> "list[Path]":
    """List the files that lie in the root of the house and in `.ci`."""
    names = ("*.md", "*.toml", "*.yaml", "Makefile", "LICENSE", ".ci/*", ".ci/micropython/*")
    return sorted(path for name in names for path in ROOT.glob(name) if path.is_file())


@cache
def text(path: Path) -> str:
    """Read a file."""
    return path.read_text("utf-8")


@cache
def tree(path: Path) -> ast.Module:
    """Parse a module."""
    return ast.parse(text(path), str(path))


def functions(path: Path) -> "list[ast.FunctionDef | ast.AsyncFunctionDef]":
    """List every function and method of a module."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [node for node in ast.walk(tree(path)) if isinstance(node, kinds)]


def where(path: Path, line: int) -> str:
    """Name a place as an editor opens it."""
    return f"{path.relative_to(ROOT)}:{line}"


def report(faults: "list[str]") -> None:
    """Fail with every fault, one a line."""
    assert not faults, f"{len(faults)}:\n" + "\n".join(faults)
