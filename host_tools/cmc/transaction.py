"""One transaction on a SQLite file that several threads share."""

import sqlite3
import threading
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def transaction(file: sqlite3.Connection, lock: threading.RLock) -> Generator[None]:
    """Keep others from writing; all of it is stored when it is left, or none of it."""
    with lock:
        file.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            file.execute("ROLLBACK")
            raise
        file.execute("COMMIT")
