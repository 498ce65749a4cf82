"""Judges what a camera sends by counts, before anybody looks at a picture."""

from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.health.picture import Observation

RECENT_MS = 6000  # a broken keyframe is noticed by looking, every 4 s
KEYFRAME_MS_MAX = 60_000
BROKEN, NO_KEYFRAME, JUMPS = "picture.broken", "picture.no_keyframe", "picture.times_jump"


class FlowJudge:
    """Turns the counts of one camera into conditions for `HealthService.observe`.

    Args:
        subject: the camera's name.
        now_ms: when waiting for the first keyframe begins.
    """

    __slots__ = (
        "_broken_count",
        "_broken_ms",
        "_headless_count",
        "_headless_ms",
        "_jump_count",
        "_since_ms",
        "subject",
    )

    def __init__(self, subject: str, now_ms: int) -> None:
        self.subject = subject
        self._since_ms = now_ms
        self._broken_count = self._headless_count = self._jump_count = 0
        self._broken_ms = self._headless_ms = now_ms - RECENT_MS

    def judge(
        self, counts: "dict[str, int]", last_unit_ms: int, last_keyframe_ms: int, now_ms: int
    ) -> "list[Observation]":
        """Look at what has come.

        Args:
            counts: as `Camera.counts` gives them.
            last_unit_ms: now_ms of the newest access unit; negative before the first.
            last_keyframe_ms: the same of the newest keyframe.
            now_ms: monotonic time.

        Returns:
            (fault, subject, is_present) for each condition.
        """
        broken_count = sum(counts.get(name, 0) for name in ("damaged", "skipped", "broken"))
        headless_count, jump_count = counts.get("headless", 0), counts.get("jumps", 0)
        if broken_count > self._broken_count:
            self._broken_count, self._broken_ms = broken_count, now_ms
        if headless_count > self._headless_count:
            self._headless_count, self._headless_ms = headless_count, now_ms
        has_jumped = jump_count > self._jump_count
        self._jump_count = max(jump_count, self._jump_count)
        came_ms = max(last_unit_ms, self._headless_ms)
        if now_ms - came_ms >= RECENT_MS:
            self._since_ms = now_ms  # nothing comes at all, which is another fault
        keyframe_ms = max(last_keyframe_ms, self._since_ms)
        return [
            (BROKEN, self.subject, now_ms - self._broken_ms < RECENT_MS),
            (NO_KEYFRAME, self.subject, now_ms - keyframe_ms > KEYFRAME_MS_MAX),
            (JUMPS, self.subject, has_jumped),
        ]
