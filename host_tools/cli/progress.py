"""Shows how far long work is, on a terminal only, and never in what a program reads."""

from collections.abc import Callable, Generator
from contextlib import contextmanager

from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from host_tools.cli.words import ERROR

Told = Callable[[int, int], None]


@contextmanager
def progress(what: str) -> Generator[Told]:
    """Show a bar while the block runs; it is told (done, of how many) as often as one likes."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
    )
    is_shown = ERROR.is_terminal
    with Progress(*columns, console=ERROR, transient=True, disable=not is_shown) as bar:
        task = bar.add_task(what, total=None)
        shown_permille = -1

        def told(done: int, total: int) -> None:
            nonlocal shown_permille
            permille = done * 1000 // total if total else 0
            if is_shown and permille != shown_permille:
                shown_permille = permille
                bar.update(task, completed=done, total=total)

        yield told
