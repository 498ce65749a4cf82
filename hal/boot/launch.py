"""Starts a MicroPython unit on a desk with its code mapped like a board's flash.

    python -m hal.boot.launch CONFIG.cbor [--with-parent]

The interpreter of the registry package runs in this process. Before it starts, the compiled code
is mapped as a ROMFS image, outside the heap of 512 KiB that the unit has to live in.
"""

import ctypes
import importlib
import mmap
import os
import sys

from hal.boot import romfs

HEAP = "512k"
COLLECT_EVERY_BYTES = 4096  # while modules are loaded, so that what stays lies close together
IMAGE_VARIABLE = "LAMPPOST_IMAGE"
START = f"""
import gc, os, sys, uctypes, vfs
gc.threshold({COLLECT_EVERY_BYTES})
address, length = os.getenv({IMAGE_VARIABLE!r}).split(",")
vfs.mount(vfs.VfsRom(uctypes.bytearray_at(int(address), int(length))), "/rom")
sys.path[:] = ["/rom"]
from hal.boot.micropython import main
sys.exit(main(sys.argv[1:]))
"""


def main(arguments: list[str]) -> int:
    """Run a unit until it is stopped; returns its exit code."""
    try:
        image = romfs.build()
        interpreter = importlib.import_module("micropython_run")
    except (romfs.CompileError, ImportError) as error:
        sys.stderr.write(f"{error}\nthe unit needs the extra: pip install '.[micropython]'\n")
        return 2
    with mmap.mmap(-1, len(image)) as flash:
        flash.write(image)
        cells = (ctypes.c_char * len(image)).from_buffer(flash)
        os.environ[IMAGE_VARIABLE] = f"{ctypes.addressof(cells)},{len(image)}"
        try:
            command = ["micropython", "-X", f"heapsize={HEAP}", "-c", START, *arguments]
            return int(interpreter.run_main(command))
        finally:
            del cells


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
