"""Judges a camera's pictures by numbers that show nothing of them."""

from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hal.api.media import PictureMeasures

    Observation = tuple[str, str, bool]

LOST_MS = 3000
FROZEN_PPM = 50  # a frozen picture that is coded again is not the same to the bit
DARK_PERMILLE = 20  # a street at night under one lamp measures well above this


class PictureJudge:
    """Turns the measures of one camera into conditions for `HealthService.observe`.

    Args:
        subject: the camera's name.
        now_ms: when waiting for the first picture begins.
    """

    __slots__ = ("_last_ms", "_measured_ms", "subject")

    def __init__(self, subject: str, now_ms: int) -> None:
        self.subject = subject
        self._last_ms = now_ms
        self._measured_ms = -1

    def judge(
        self, measures: "PictureMeasures | None", last_unit_ms: int, now_ms: int
    ) -> "list[Observation]":
        """Look at the newest picture.

        Args:
            measures: as `Camera.measures` gives them; None before the first.
            last_unit_ms: now_ms of the newest access unit; negative before the first.
            now_ms: monotonic time.

        Returns:
            (fault, subject, is_present) for each condition that can be judged now; a picture that
            does not come is neither frozen nor dark.
        """
        self._last_ms = max(self._last_ms, last_unit_ms)
        is_lost = now_ms - self._last_ms > LOST_MS
        observations = [("picture.lost", self.subject, is_lost)]
        if is_lost:
            observations.append(("picture.frozen", self.subject, False))
            observations.append(("picture.dark", self.subject, False))
        if is_lost or measures is None or measures.now_ms == self._measured_ms:
            return observations
        # The first measured picture has nothing to be compared with.
        is_frozen = self._measured_ms >= 0 and measures.change_ppm < FROZEN_PPM
        self._measured_ms = measures.now_ms
        is_dark = measures.luma_permille < DARK_PERMILLE
        observations.append(("picture.frozen", self.subject, is_frozen and not is_dark))
        observations.append(("picture.dark", self.subject, is_dark))
        return observations
