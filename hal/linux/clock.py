"""Time on Linux: the boot clock, and the wall clock with what the kernel knows of its quality."""

import ctypes
import time

from hal.api.clock import UTC_KEPT, UTC_NONE, UTC_SYNCED

UTC_2024_MS = 1_704_067_200_000  # a wall clock before this was never set
STA_UNSYNC = 0x0040
TIME_ERROR = 5
REFRESH_MS = 1000


class _Timex(ctypes.Structure):
    """`struct timex` of the kernel, 64-bit layout (and 32-bit, whose longs shrink alike)."""

    _fields_ = [  # ctypes reads this attribute from the class
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("reserve", ctypes.c_byte * 256),
    ]


class SystemClock:
    """Monotonic time that counts through suspend, and the system's wall clock.

    UTC_SYNCED is told only while the kernel says that a time service disciplines it (chrony,
    ntpd and systemd-timesyncd all tell the kernel). UTC_PROVEN is never told: the kernel does not
    know whether the service authenticates its source.
    """

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._looked_at_ms = -REFRESH_MS
        self._is_synced = False
        self._max_error_ms = 0

    def now_ms(self) -> int:
        """Milliseconds since boot, suspend included."""
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000

    def utc_ms(self) -> int:
        """Wall clock, milliseconds since 1970; 0 while nobody has set it."""
        utc_ms = time.time_ns() // 1_000_000
        return utc_ms if utc_ms >= UTC_2024_MS else 0

    def utc_quality(self) -> int:
        """UTC_NONE, UTC_KEPT or UTC_SYNCED; the kernel is asked once a second."""
        if self.utc_ms() == 0:
            return UTC_NONE
        self._look()
        return UTC_SYNCED if self._is_synced else UTC_KEPT

    def utc_doubt_ms(self) -> int:
        """The kernel's own bound on its error, milliseconds, rounded up."""
        self._look()
        return self._max_error_ms

    def _look(self) -> None:
        now_ms = self.now_ms()
        if now_ms - self._looked_at_ms < REFRESH_MS:
            return
        self._looked_at_ms = now_ms
        timex = _Timex()
        state = self._libc.adjtimex(ctypes.byref(timex))  # modes 0: only reads
        self._is_synced = 0 <= state < TIME_ERROR and not timex.status & STA_UNSYNC
        self._max_error_ms = -(-timex.maxerror // 1000) if state >= 0 else 0
