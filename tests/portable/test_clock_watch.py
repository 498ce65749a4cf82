"""A camera's own clock is told at first, at each change by a second, and every six hours."""

from firmware.app.clock_watch import ClockWatch
from firmware.buffers import EventQueue


class Camera:
    """Tells what the test wants."""

    def __init__(self):
        self.offset_ms = None

    def clock_offset_ms(self):
        return self.offset_ms

    def clock_doubt_ms(self):
        return 60


def test_the_clock_is_told_at_first_at_a_change_and_now_and_then():
    camera, events = Camera(), EventQueue()
    watch = ClockWatch(camera, "yard", events)
    told = []
    steps = ((None, 0), (-70_000, 1), (-70_900, 1), (-71_000, 2), (400, 3), (0, 3))
    for at in range(len(steps)):
        camera.offset_ms, count = steps[at]
        watch.step(at * 10_000)
        watch.step(at * 10_000 + 9_999)
        told += events.take()
        assert len(told) == count, at
    assert [fields["offset_ms"] for _, _, fields in told] == [-70_000, -71_000, 400]
    assert all(fields["doubt_ms"] == 60 for _, _, fields in told)
    assert all(code == "camera.clock" and fields["subject"] == "yard" for code, _, fields in told)
    for now_ms in range(100_000, 6 * 3_600_000, 600_000):
        watch.step(now_ms)
    assert events.take() == []
    watch.step(6 * 3_600_000 + 40_000)
    assert len(events.take()) == 1
    watch.change_ms = 100
    camera.offset_ms = 110
    watch.step(6 * 3_600_000 + 60_000)
    assert [fields["offset_ms"] for _, _, fields in events.take()] == [110]
