"""One place where `typing` may be named: MicroPython has none."""

TYPE_CHECKING = False  # type checkers take this name as true

if TYPE_CHECKING:
    from typing import Protocol, cast
else:

    class Protocol:
        """Stands in for typing.Protocol where nobody checks types."""

    def cast(_kind, value):
        """Stand in for typing.cast where nobody checks types."""
        return value


__all__ = ["TYPE_CHECKING", "Protocol", "cast"]
