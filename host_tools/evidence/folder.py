"""A folder that is there whole or not at all; what a killed export left behind is removed."""

import fcntl
import os
import secrets
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from host_tools.evidence.errors import ExistsError

PARTIAL = ".lamppost-part"  # nobody else's folder ends so: those are swept away


@contextmanager
def new_folder(path: Path) -> Generator[Path]:
    """Fill a folder under a name of its own, and give it its name when all went well.

    Args:
        path: must not exist, at the start and at the end; ExistsError where it does.
    """
    _check_free(path)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    sweep(path.parent)
    # A name that nobody else has: an interruption at any instant may remove it, made or not.
    partial = path.with_name(f"{path.name}.{secrets.token_hex(4)}{PARTIAL}")
    lock = -1
    try:
        partial.mkdir(mode=0o700)
        lock = os.open(partial, os.O_RDONLY)
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield partial
        for entry in partial.iterdir():
            _flush(entry)
        _flush(partial)
        _check_free(path)
        partial.rename(path)
        _flush(path.parent)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    finally:
        if lock >= 0:
            os.close(lock)


def sweep(parent: Path) -> int:
    """Remove what exports that were killed left in a folder; returns how many."""
    removed_count = 0
    for partial in parent.glob("*" + PARTIAL):
        if not partial.is_dir():
            continue
        lock = os.open(partial, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        else:
            shutil.rmtree(partial, ignore_errors=True)
            removed_count += 1
        finally:
            os.close(lock)
    return removed_count


def _check_free(path: Path) -> None:
    if path.exists():
        raise ExistsError(f"{path} exists already; name a folder that does not")


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
