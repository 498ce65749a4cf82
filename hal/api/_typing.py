"""One place where `typing` may be named: MicroPython has none."""

TYPE_CHECKING = False  # type checkers take this name as true

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Protocol, TypeAlias, cast
else:

    class Protocol:
        """Stands in for typing.Protocol where nobody checks types."""

    def cast(_kind, value):
        """Stand in for typing.cast where nobody checks types."""
        return value

    Callable = Mapping = TypeAlias = None


__all__ = ["TYPE_CHECKING", "Callable", "Mapping", "Protocol", "TypeAlias", "cast"]
