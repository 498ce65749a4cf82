"""Modules and functions stay readable, and modules fit a board's heap."""

from tests.house.source import CODE, files, functions, report, text, where

MODULE_LINES_MAX = 350
FUNCTION_LINES_MAX = 50


def test_no_module_is_too_long():
    report(
        [
            f"{where(path, 1)}: {count} lines; split it by control flow"
            for path in files(CODE)
            if (count := len(text(path).splitlines())) > MODULE_LINES_MAX
        ]
    )


def test_no_function_is_too_long():
    faults = []
    for path in files(CODE):
        for node in functions(path):
            count = (node.end_lineno or node.lineno) - node.lineno + 1
            if count > FUNCTION_LINES_MAX:
                faults.append(f"{where(path, node.lineno)}: {node.name}: {count} lines")
    report(faults)
