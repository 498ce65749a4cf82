"""What must be spelled once is spelled once, and what must not be there is not there."""

import ast
import re

from firmware.telemetry.codes import CODES
from tests.house.source import CODE, OURS, ROOT, files, report, text, top_files, tree, where

TOPICS = ROOT / "firmware" / "telemetry" / "topics.py"
# the ports and the simulator may not import the core, so they cannot take a topic from it
MAY_IMPORT_TOPICS = ("firmware", "host_tools", "hal/boot", "sim/world", "sim/bridge")
MACHINE_PATHS = re.compile(r"(?<![\w.<>{}-])/(?:work|tmp|root|home|Users)/\w")
REGISTRY_HOSTS = re.compile(
    r"\b(?:pypi\.org|pythonhosted\.org|registry\.npmjs|npmjs\.org|deb\.debian\.org|"
    r"proxy\.golang\.org|crates\.io)\b"
)
TEXT_ENDINGS = (".py", ".md", ".sh", ".toml", ".json", ".mjs", ".js", ".css", ".html", ".yaml")
AVOIDED = {"skip", "skipif", "xfail", "importorskip", "skipTest"}
UNFINISHED = re.compile(r"#\s*(?:TODO|FIXME|XXX|HACK)\b")


def test_topics_are_spelled_in_one_module():
    report(
        [
            f"{where(path, node.lineno)}: {node.value!r}: take it from firmware.telemetry.topics"
            for path in files(MAY_IMPORT_TOPICS)
            if path != TOPICS
            for node in ast.walk(tree(path))
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and node.value.startswith("lamppost/")
        ]
    )


def test_every_event_has_a_number():
    faults = []
    for path in files(("firmware",)):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call) and _is_emit(node.func) and node.args:
                faults += [
                    f"{where(path, node.lineno)}: {name}: not in firmware.telemetry.codes"
                    for name in _names(node.args[0])
                    if not _is_known(name)
                ]
    report(faults)


def test_no_number_is_given_twice():
    assert len(set(CODES.values())) == len(CODES)


def test_no_test_is_avoided():
    faults = []
    for path in files(("tests",)):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Attribute) and node.attr in AVOIDED:
                faults.append(f"{where(path, node.lineno)}: {node.attr}")
            if "host_tools" not in path.parts and "unittest.mock" in _imported(node):
                faults.append(f"{where(path, node.lineno)}: a mock; use a double that conforms")
    report(faults)


def test_nothing_is_left_unfinished():
    report(
        [
            f"{where(path, number)}: {line.strip()}"
            for path in files(CODE)
            for number, line in enumerate(text(path).splitlines(), 1)
            if UNFINISHED.search(line)
        ]
    )


def test_no_file_names_a_machine_or_a_registry():
    faults = []
    for path in [*files(OURS, TEXT_ENDINGS), *top_files()]:
        if path.name in {"test_one_place.py", "LICENSE"}:
            continue
        faults += [
            f"{where(path, number)}: {found[0]}"
            for number, line in enumerate(text(path).splitlines(), 1)
            for pattern in (MACHINE_PATHS, REGISTRY_HOSTS)
            if (found := pattern.search(line))
        ]
    report(faults)


def _imported(node: ast.AST) -> "list[str]":
    if isinstance(node, ast.Import):
        return [one.name for one in node.names]
    if isinstance(node, ast.ImportFrom):
        return [node.module or "", *(f"{node.module}.{one.name}" for one in node.names)]
    return []


def _is_emit(function: ast.expr) -> bool:
    return isinstance(function, ast.Attribute) and function.attr == "emit"


def _names(node: ast.expr) -> "list[str]":
    """List the names an expression may give; "*.lost" for a variable in front of ".lost"."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.IfExp):
        return _names(node.body) + _names(node.orelse)
    if isinstance(node, ast.BinOp) and isinstance(node.right, ast.Constant):
        return ["*" + str(node.right.value)]
    return []


def _is_known(name: str) -> bool:
    if name.startswith("*"):
        return any(known.endswith(name[1:]) for known in CODES)
    return name in CODES
