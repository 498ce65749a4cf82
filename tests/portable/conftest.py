"""Collects each portable test twice: natively, and as `name[micropython]` on the real binary.

One micropython process runs a whole file in a fresh heap of HEAP; a file that needs more says so
with a module constant `MICROPYTHON_HEAP = "4m"`. A missing binary fails the tests.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
RUNNER = HERE / "runner.py"
BINARY = Path(sys.executable).parent / "micropython"
HEAP = "2m"
TIMEOUT_S = 120


class MicropythonTestError(Exception):
    """A portable test failed on the micropython binary; the text is what it printed."""


class MicropythonFile(pytest.File):
    """The tests of one file as the micropython binary runs them."""

    results: "dict[str, tuple[bool, str]] | None" = None
    output = ""

    def collect(self) -> "Iterator[pytest.Item]":
        """Name the tests without importing the file."""
        for node in ast.parse(self.path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                yield MicropythonItem.from_parent(
                    self, name=node.name + "[micropython]", function_name=node.name
                )

    def result(self, name: str) -> "tuple[bool, str]":
        """Tell whether a test passed and what it printed; the first call runs the file."""
        if self.results is None:
            self.output = self._run()
            self.results = sort_output(self.output)
        return self.results.get(name, (False, self.output))

    def _run(self) -> str:
        if not BINARY.exists():
            return f"no {BINARY.name} binary beside {sys.executable}: pip install '.[micropython]'"
        heap = heap_of(self.path)
        command = [str(BINARY), "-X", f"heapsize={heap}", str(RUNNER), str(ROOT), str(self.path)]
        done = subprocess.run(
            command, capture_output=True, timeout=TIMEOUT_S, cwd=ROOT, check=False
        )
        text = (done.stdout + done.stderr).decode("utf-8", "replace")
        return text + f"(exit code {done.returncode}, heap {heap})\n"


class MicropythonItem(pytest.Item):
    """One test on the micropython binary."""

    def __init__(self, *, function_name: str, **kwargs: object) -> None:
        super().__init__(**kwargs)  # type: ignore[arg-type]
        self.function_name = function_name

    def runtest(self) -> None:
        """Look up what became of the test in its file's run."""
        assert isinstance(self.parent, MicropythonFile)
        is_passed, output = self.parent.result(self.function_name)
        if not is_passed:
            raise MicropythonTestError(output)

    def repr_failure(self, excinfo: "pytest.ExceptionInfo[BaseException]", style=None) -> str:
        """Show what the binary printed."""
        if isinstance(excinfo.value, MicropythonTestError | subprocess.TimeoutExpired):
            return str(excinfo.value)
        return str(super().repr_failure(excinfo, style))

    def reportinfo(self) -> "tuple[Path, int, str]":
        """Name the test for the report."""
        return self.path, 0, self.name


def heap_of(path: Path) -> str:
    """Read the file's own MICROPYTHON_HEAP, or give the usual one."""
    for line in path.read_text("utf-8").splitlines():
        if line.startswith("MICROPYTHON_HEAP = "):
            return str(ast.literal_eval(line.partition("=")[2].strip()))
    return HEAP


def sort_output(text: str) -> "dict[str, tuple[bool, str]]":
    """Split a run's output by test: name to (passed, what it printed)."""
    results: dict[str, tuple[bool, str]] = {}
    lines: list[str] = []
    for line in text.splitlines():
        mark, _, rest = line.partition(" ")
        word, _, name = rest.partition(" ")
        if mark != "==" or word not in {"run", "pass", "fail"}:
            lines.append(line)
            continue
        if word != "run":
            results[name] = (word == "pass", "\n".join(lines))
        lines = []
    return results


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> "MicropythonFile | None":
    """Collect each test file here a second time."""
    if file_path.suffix == ".py" and file_path.name.startswith("test_"):
        return MicropythonFile.from_parent(parent, path=file_path)
    return None
