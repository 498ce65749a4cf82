"""Runs the tests of one file inside the micropython binary and tells what became of each.

Called as `micropython runner.py ROOT FILE`. Each test prints `== run NAME`, its own output, then
`== pass NAME` or `== fail NAME`; `conftest.py` reads these lines.
"""

import gc
import sys


def run(root, path, only=""):
    """Run the tests of a file in order of name, or only one of them; returns how many failed."""
    folder, _, file_name = path.rpartition("/")
    if root not in sys.path:
        sys.path[:0] = [root, folder]
    module = __import__(file_name[:-3])
    failed_count = 0
    for name in sorted(name for name in dir(module) if name.startswith(only or "test_")):
        if only and name != only:
            continue
        print("== run " + name)
        gc.collect()
        try:
            getattr(module, name)()
        except Exception as error:
            sys.print_exception(error, sys.stdout)
            print("== fail " + name)
            failed_count += 1
        else:
            print("== pass " + name)
    return failed_count


if __name__ == "__main__":
    sys.exit(1 if run(sys.argv[1], sys.argv[2]) else 0)
