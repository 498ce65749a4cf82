"""Time: one clock that only counts, and one that people set."""

from hal.api._typing import Protocol

UTC_NONE = 0  # nobody has set the wall clock since power came
UTC_KEPT = 1  # a battery-backed clock or an unsynchronised system clock says so
UTC_SYNCED = 2  # a time service or GNSS disciplines it now
UTC_PROVEN = 3  # an authenticated time source disciplines it now


class Clock(Protocol):
    """Monotonic and wall time in milliseconds.

    The port promises that `now_ms` never goes back and never wraps, and that `utc_quality` never
    overstates. The core promises never to subtract one of the two from the other.
    """

    def now_ms(self) -> int:
        """Monotonic milliseconds since some moment of this boot; 64 bit."""
        ...

    def utc_ms(self) -> int:
        """Wall clock, milliseconds since 1970-01-01 UTC; 0 where quality is UTC_NONE."""
        ...

    def utc_quality(self) -> int:
        """How far `utc_ms` can be trusted: UTC_NONE, UTC_KEPT, UTC_SYNCED or UTC_PROVEN."""
        ...

    def utc_doubt_ms(self) -> int:
        """Half width, milliseconds, of the interval that holds true time; from UTC_SYNCED on."""
        ...
