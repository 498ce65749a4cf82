"""When to try again: at once, then after pauses that double."""


class Backoff:
    """Spaces out the attempts to open a port that does not open.

    Args:
        first_ms: pause after the first failure.
        most_ms: longest pause.
    """

    __slots__ = ("_pause_ms", "due_ms", "first_ms", "most_ms", "retry_count")

    def __init__(self, first_ms: int = 500, most_ms: int = 30_000) -> None:
        assert 0 < first_ms <= most_ms
        self.first_ms = first_ms
        self.most_ms = most_ms
        self.due_ms = 0
        self.retry_count = 0
        self._pause_ms = first_ms

    def is_due(self, now_ms: int) -> bool:
        """Tell whether the next attempt may be made."""
        return now_ms >= self.due_ms

    def failed(self, now_ms: int) -> None:
        """Note a failed attempt; the next one is due after a pause twice as long as the last."""
        self.retry_count += 1
        self.due_ms = now_ms + self._pause_ms
        self._pause_ms = min(self._pause_ms * 2, self.most_ms)

    def wait(self, now_ms: int) -> None:
        """Note that it is under way: the next attempt is due after the short pause."""
        self.due_ms = now_ms + self.first_ms

    def succeeded(self) -> None:
        """Note success; the next failure starts with the short pause again."""
        self._pause_ms = self.first_ms
