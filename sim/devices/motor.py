"""One motor of a simulated dome: speed, acceleration, ends of travel, and seeking a place."""

FINE = 1000  # positions are kept in thousandths, so that slow motion adds up
SEEK_GAIN_PER_S = 4
SEEK_LEAST_PER_S = 60
SEEK_MOST_PER_S = 20_000
RAMP_MS = 200  # from standstill to the greatest ordinary speed


class Motor:
    """Runs between two ends, or round and round.

    Args:
        low: least position.
        high: greatest position.
        turn: positions in a full turn when it can run round and round, else 0.
    """

    def __init__(self, low: int, high: int, turn: int = 0) -> None:
        self.low = low
        self.high = high
        self.turn = turn
        self.rate_per_s = 0
        self.held_per_s = 0  # it was driven on so fast when it came to an end
        self._fine = 0 if turn or low <= 0 <= high else low * FINE
        self.want_per_s = 0  # it was told to run so fast
        self.target: int | None = None  # where it runs to, to stand there
        self._seek_per_s = SEEK_MOST_PER_S
        self._most_per_s = SEEK_MOST_PER_S if high - low > FINE or turn else FINE

    @property
    def position(self) -> int:
        """Where it is, in whole units."""
        return self._fine // FINE

    @property
    def is_moving(self) -> bool:
        """Whether it runs or is about to."""
        return bool(self.rate_per_s or self.want_per_s or self.target is not None)

    @property
    def is_seeking(self) -> bool:
        """Whether it is on its way to a position, where it will stand by itself."""
        return self.target is not None

    def place(self, position: int) -> None:
        """Put it somewhere at once, standing."""
        self._fine = position * FINE
        self.rate_per_s = 0
        self.want_per_s = 0
        self.target = None

    def is_held_at_low(self) -> bool:
        """Whether it stands at its low end because it was driven on past it."""
        return self.held_per_s < 0

    def drive(self, rate_per_s: int) -> None:
        """Run at a speed until told otherwise; 0 to stop."""
        self.target = None
        self.held_per_s = 0
        self.want_per_s = rate_per_s

    def seek(self, position: int, most_per_s: int = SEEK_MOST_PER_S) -> None:
        """Run to a position and stand there; it is brought within the ends."""
        self.held_per_s = 0
        self._seek_per_s = most_per_s
        if not self.turn:
            position = min(max(position, self.low), self.high)
        self.target = position
        self.want_per_s = 0

    def run(self, slice_ms: int) -> None:
        """Let time pass; slices of at most 20 ms keep the ramps true."""
        if not self.is_moving:
            return
        if self.target is not None:
            self._run_to_target(slice_ms)
            return
        self._ramp(slice_ms)
        self._fine += self.rate_per_s * slice_ms
        self._keep_in()

    def _ramp(self, slice_ms: int) -> None:
        change = max(1, self._most_per_s * slice_ms // (2 * RAMP_MS))
        short = self.want_per_s - self.rate_per_s
        self.rate_per_s += min(max(short, -change), change)

    def _run_to_target(self, slice_ms: int) -> None:
        assert self.target is not None
        way = self.target * FINE - self._fine
        if self.turn:
            half = self.turn * FINE // 2
            way = (way + half) % (2 * half) - half
        rate_per_s = max(abs(way) * SEEK_GAIN_PER_S // FINE, SEEK_LEAST_PER_S)
        rate_per_s = min(rate_per_s, self._most_per_s, self._seek_per_s)
        if abs(way) <= rate_per_s * slice_ms:
            self.place(self.target)
            return
        self.rate_per_s = rate_per_s if way > 0 else -rate_per_s
        self._fine += self.rate_per_s * slice_ms
        self._keep_in()

    def _keep_in(self) -> None:
        if self.turn:
            self._fine %= self.turn * FINE
        elif not self.low * FINE <= self._fine <= self.high * FINE:
            self._fine = min(max(self._fine, self.low * FINE), self.high * FINE)
            self.rate_per_s = 0
            if self.target is None:
                self.held_per_s = self.want_per_s
                self.want_per_s = 0
