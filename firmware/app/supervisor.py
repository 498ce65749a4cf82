"""Runs turns for ever; the only place that catches what nobody foresaw.

A bug of ours ends the boot: the dome is told to stop, the reason is stored, and the dog is no
longer fed. What the world does never comes here: ports tell it as typed errors, handled below.
"""

from firmware.app.unit import Unit
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hal.api._typing import Callable

WATCHDOG_MS = 10_000
LONGEST_WAIT_MS = 250


def run(unit: Unit, is_asked_to_stop: "Callable[[], bool]") -> str:
    """Run a unit until it is asked to stop.

    Args:
        unit: made and not yet turned.
        is_asked_to_stop: asked before every turn.

    Returns:
        "" after a clean stop, else what went wrong; the caller ends the process with it.
    """
    board = unit.board
    board.watchdog.arm(WATCHDOG_MS)
    try:
        while not is_asked_to_stop():
            due_ms = unit.turn()
            board.watchdog.feed()
            now_ms = board.clock.now_ms()
            board.wake.wait(min(max(0, due_ms - now_ms), LONGEST_WAIT_MS))
        unit.close()
    except Exception as error:  # noqa: BLE001 - the one place where a bug of ours ends up
        reason = "%s: %s" % (type(error).__name__, error)
        unit.abandon(reason)
        return reason
    return ""
