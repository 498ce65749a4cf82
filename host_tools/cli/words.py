"""How the command line speaks: one console, one way to refuse."""

from collections.abc import Iterable
from typing import NoReturn

import typer
from rich.console import Console
from rich.text import Text

EXIT_REFUSED = 2
OUT = Console(highlight=False)
ERROR = Console(stderr=True, highlight=False, soft_wrap=True)


def say(text: str) -> None:
    """Tell one line; rich markup is understood."""
    OUT.print(text, soft_wrap=True)


def refuse(*faults: str) -> NoReturn:
    """Say what is wrong, a line for each fault, and end with exit code 2."""
    for fault in faults:
        ERROR.print(Text("lamppost: ", style="bold red").append(fault, style="default"))
    raise typer.Exit(EXIT_REFUSED)


def tell_list(title: str, rows: Iterable[tuple[str, object]]) -> None:
    """Tell names and values in two columns."""
    OUT.print(Text(title, style="bold"))
    table = list(rows)
    width = max((len(name) for name, _ in table), default=0)
    for name, value in table:
        OUT.print(Text(f"  {name:<{width}}  ", style="dim").append(str(value), style="default"))
