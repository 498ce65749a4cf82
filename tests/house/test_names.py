"""Files, functions and values say what they are."""

import ast

from tests.house.source import CODE, OURS, files, functions, report, tree, where

BANNED_STEMS = {
    "utils", "util", "helpers", "helper", "common", "base", "core", "manager", "managers",
    "handler", "handlers", "process", "misc", "new", "old", "legacy", "stuff",
}  # fmt: skip
BANNED_ENDINGS = ("_v2", "_new", "_old", "_manager", "_handler", "_utils", "_helpers", "_base")
BANNED_CLASS_ENDINGS = ("Manager", "Handler", "Helper", "Utils", "Processor")
# a value under one of these names has a unit; the name must end in it
QUANTITIES = {
    "timeout", "delay", "interval", "duration", "period", "latency", "deadline", "elapsed",
    "angle", "temperature", "voltage", "bitrate", "frequency", "lease", "ttl", "uptime",
}  # fmt: skip


def test_no_file_is_named_after_nothing():
    report(
        [
            f"{where(path, 1)}: name the job or the protocol"
            for path in files(OURS)
            if path.stem in BANNED_STEMS
            or path.stem.endswith(BANNED_ENDINGS)
            or path.parent.name in BANNED_STEMS
        ]
    )


def test_no_class_is_named_after_nothing():
    report(
        [
            f"{where(path, node.lineno)}: class {node.name}"
            for path in files(CODE)
            for node in ast.walk(tree(path))
            if isinstance(node, ast.ClassDef) and node.name.endswith(BANNED_CLASS_ENDINGS)
        ]
    )


def test_no_quantity_is_without_its_unit():
    faults = []
    for path in files(CODE):
        named = [(arg.arg, arg.lineno) for node in functions(path) for arg in _arguments(node)]
        named += [found for node in ast.walk(tree(path)) if (found := _stored(node))]
        for name, line in named:
            if name.strip("_").lower().rpartition("_")[2] in QUANTITIES:
                faults.append(f"{where(path, line)}: {name}: end it in its unit")
    report(sorted(set(faults)))


def _arguments(node: "ast.FunctionDef | ast.AsyncFunctionDef") -> "list[ast.arg]":
    return [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]


def _stored(node: ast.AST) -> "tuple[str, int] | None":
    """Name what a statement gives a value to.

    What belongs to another library's object has that library's name, and a constant that is not a
    plain number is a kind of thing rather than a quantity.
    """
    if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
        is_own = isinstance(node.value, ast.Name) and node.value.id == "self"
        return (node.attr, node.lineno) if is_own else None
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        name = node.targets[0].id
        is_kind = name.isupper() and not isinstance(node.value, ast.Constant)
        return None if is_kind else (name, node.lineno)
    return None
