"""One digital line: a relay, an indicator, a button, a tamper contact."""

from hal.api._typing import Protocol


class Digital(Protocol):
    """A level that can be driven and read back.

    The port promises that `get` reads the real line, never the value last set, and that a line is
    low (off) after power-up until set.
    """

    name: str
    """How a person finds the line again."""

    def set(self, level: bool) -> None:
        """Drive the line.

        Raises:
            PortFailed: the line cannot be driven (an input, or the device is gone).
        """
        ...

    def get(self) -> bool:
        """Read the level that is really on the line."""
        ...
