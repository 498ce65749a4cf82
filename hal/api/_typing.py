"""One place where `typing` may be named: MicroPython has none."""

TYPE_CHECKING = False  # type checkers take this name as true

if TYPE_CHECKING:
    from typing import Protocol
else:

    class Protocol:
        """Stands in for typing.Protocol where nobody checks types."""


__all__ = ["TYPE_CHECKING", "Protocol"]
