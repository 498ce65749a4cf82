"""The feed alone in a process that a test can kill: feed_child.py URL FILE UNIT."""

import sys
import threading
from pathlib import Path

from host_tools.cmc.feed import Feed
from host_tools.cmc.fleet import Fleet
from host_tools.cmc.store import Store
from tests.host_tools.centre import now_ms, utc_ms
from tests.host_tools.model_unit import Shared


def main() -> None:
    """Take records in until killed."""
    url, path, unit = sys.argv[1:]
    fleet = Fleet(now_ms, utc_ms)
    fleet.register(unit, "gateway", "yard-7", "R. Officer")
    Feed(url, Store(Path(path)), fleet, Shared(), lambda: 7).open()
    threading.Event().wait()


main()
