"""Names code that nothing uses; what only tests use counts as dead.

vulture finds it, with five corrections: names in quoted annotations are uses, unused imports are
ruff's business, an attribute set on a library's object is read by the library, checks of
`hal.conformance` are found by their names, and `.ci/allow.txt` lists what a framework or a person
calls, each with a reason. An entry that no longer matches anything is a fault too, so the list can
only shrink.
"""

import ast
import sys
import tomllib
from pathlib import Path

from vulture import Vulture
from vulture.core import Item

ROOT = Path(__file__).parent.parent
ALLOW = ROOT / ".ci" / "allow.txt"


def annotated_names(path: Path) -> "set[str]":
    """List the names that stand in quoted text anywhere an annotation or a cast can be."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            continue
        try:
            inner = ast.parse(node.value, mode="eval")
        except (SyntaxError, ValueError):
            continue
        names |= {one.id for one in ast.walk(inner) if isinstance(one, ast.Name)}
    return names


def is_foreign(item: Item) -> bool:
    """Tell whether a value is set on an object of a library, which reads it."""
    line = Path(item.filename).read_text("utf-8").splitlines()[item.first_lineno - 1]
    return item.typ == "attribute" and f"self.{item.name}" not in line


def allowed() -> "dict[str, str]":
    """Read the allow list: name to reason.

    Raises:
        SystemExit: an entry has no reason.
    """
    entries: dict[str, str] = {}
    for line in ALLOW.read_text("utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        name, _, reason = line.partition("#")
        if not reason.strip():
            raise SystemExit(f".ci/allow.txt: {name.strip()}: say why it is allowed")
        entries[name.strip()] = reason.strip()
    return entries


def main() -> int:
    """Print what is dead; returns how many things are."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["vulture"]
    folders = [ROOT / name for name in settings["paths"]]
    finder = Vulture(
        ignore_names=[*settings.get("ignore_names", []), "check_*"],
        ignore_decorators=settings.get("ignore_decorators", []),
    )
    excluded = [f"*{name}*" for name in settings.get("exclude", [])]
    finder.scavenge([str(folder) for folder in folders], exclude=excluded)
    for path in [path for folder in folders for path in folder.rglob("*.py")]:
        finder.scan("\n".join(sorted(annotated_names(path))), filename=str(path))
    entries = allowed()
    met: set[str] = set()
    dead_count = 0
    for item in finder.get_unused_code(min_confidence=settings.get("min_confidence", 60)):
        if item.typ == "import" or is_foreign(item):
            continue
        if item.name in entries:
            met.add(item.name)
            continue
        place = Path(item.filename).relative_to(ROOT)
        print(f"{place}:{item.first_lineno}: {item.typ} {item.name} is used by nothing")
        dead_count += 1
    for name in sorted(set(entries) - met):
        print(f".ci/allow.txt: {name}: no longer needed; remove it")
        dead_count += 1
    return dead_count


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
