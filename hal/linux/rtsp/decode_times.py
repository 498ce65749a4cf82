"""Decoding times out of presentation times, which are all that RTP carries."""

import heapq

DEPTH_MAX = 16


class DecodeTimes:
    """Gives each picture, in order of decoding, a time that does not fall.

    Without B-pictures it is the presentation time. Where pictures come out of order the depth is
    learned, and from then on no picture is decoded after it is shown.
    """

    def __init__(self) -> None:
        self._depth = 0
        self._waiting: list[int] = []
        self._last: int | None = None

    def next(self, pts: int) -> int:
        """Take the presentation time of the next picture; returns its decoding time."""
        last = self._last
        if last is None:
            self._last = pts
            return pts
        if not self._depth and pts >= last:
            self._last = pts
            return pts
        heapq.heappush(self._waiting, pts)
        if pts < last and self._depth < DEPTH_MAX and len(self._waiting) > self._depth:
            self._depth += 1
        if len(self._waiting) > self._depth:
            self._last = max(last, heapq.heappop(self._waiting))
        return self._last if self._last is not None else pts
