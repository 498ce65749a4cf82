"""The documents promise only what is there."""

import re
from pathlib import Path

from tests.house.source import ROOT, files, report, text, where

LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]*)(#[^)\s]*)?\)")
MAKE = re.compile(r"(?:^|`)(?:\$ )?make ([a-z][a-z-]*)\b", re.MULTILINE)
VERB = re.compile(r"(?:^|`|\$ )lamppost ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?", re.MULTILINE)
CODE_SPAN = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)


def documents() -> "list[Path]":
    return [*sorted(ROOT.glob("*.md")), *files(("docs",), (".md",))]


def test_every_link_leads_somewhere():
    faults = []
    for path in documents():
        for number, line in enumerate(text(path).splitlines(), 1):
            for target, anchor in LINK.findall(line):
                if ":" in target:
                    continue
                there = (path.parent / target).resolve() if target else path
                if not there.exists():
                    faults.append(f"{where(path, number)}: {target}")
                elif anchor and there.suffix == ".md" and anchor[1:] not in anchors(there):
                    faults.append(f"{where(path, number)}: {target}{anchor}")
    report(faults)


def test_every_make_target_named_exists():
    targets = set(re.findall(r"^([a-z][a-z-]*):", text(ROOT / "Makefile"), re.MULTILINE))
    report(
        [
            f"{path.relative_to(ROOT)}: make {name}"
            for path in documents()
            for span in CODE_SPAN.findall(text(path))
            for name in MAKE.findall(span)
            if name not in targets
        ]
    )


def test_every_command_named_exists():
    from typer.main import get_command  # noqa: PLC0415 - only here

    from host_tools.cli.main import app  # noqa: PLC0415 - only here

    root = get_command(app)
    faults = []
    for path in documents():
        for span in CODE_SPAN.findall(text(path)):
            for verb, below in VERB.findall(span.strip("`\n")):
                command = getattr(root, "commands", {}).get(verb)
                inner = getattr(command, "commands", None)
                if command is None or (inner and below and below not in inner):
                    faults.append(f"{path.relative_to(ROOT)}: lamppost {verb} {below}".rstrip())
    report(sorted(set(faults)))


def test_every_place_in_the_requirements_exists():
    page = ROOT / "docs" / "requirements.md"
    faults = []
    for number, line in enumerate(text(page).splitlines(), 1):
        if not line.startswith("| "):
            continue
        for span in re.findall(r"`([^`]+)`", line):
            name, _, test = span.partition("::")
            there = ROOT / name
            if not there.exists() or (test and f"def {test}(" not in text(there)):
                faults.append(f"{where(page, number)}: {span}")
    report(faults)


def anchors(path: Path) -> "set[str]":
    """List the anchors that a page's headings make."""
    found = set()
    for heading in re.findall(r"^#+ (.+)$", text(path), re.MULTILINE):
        plain = re.sub(r"[^\w\- ]", "", heading.lower())
        found.add(plain.replace(" ", "-"))
    return found
