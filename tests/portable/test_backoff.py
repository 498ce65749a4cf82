"""Attempts double their pause up to the longest, and start short again after success."""

from firmware.app.backoff import Backoff


def test_pauses_double_and_are_bounded():
    backoff = Backoff(first_ms=500, most_ms=3_000)
    now_ms = 0
    pauses = []
    for _ in range(5):
        assert backoff.is_due(now_ms)
        backoff.failed(now_ms)
        pauses.append(backoff.due_ms - now_ms)
        assert not backoff.is_due(backoff.due_ms - 1)
        now_ms = backoff.due_ms
    assert pauses == [500, 1000, 2000, 3000, 3000], pauses
    backoff.succeeded()
    backoff.failed(now_ms)
    assert backoff.due_ms == now_ms + 500
    assert backoff.retry_count == 6
