"""The street a simulated camera looks at: cast from its geometry, so that it is sharp at any zoom.

Every picture is the answer to "what does the ray through this pixel hit": the sky, the ground with
its road, lay-by and pavements, or one of two rows of houses; then billboards (trees, lamp posts,
a sign, fly-tipped bags) and what moves (cars, somebody walking) are laid over it. While the head
moves the picture is cast at half the size, which is quick and looks like the blur of the motion;
once at rest it is cast four times more, half a pixel apart, with every third frame, and averaged.

Metres: x along the road to the right, y across it, z up; the camera stands at 0, 0, 7 and at pan 0
looks across the road.
"""

import numpy as np
from numpy.typing import NDArray

from sim.devices.rays import Plane, Rays
from sim.devices.surfaces import Surfaces
from sim.devices.things import Thing, standing_things
from sim.devices.traffic import Mover, moving_things

Picture = NDArray[np.uint8]

FOV_WIDE_DEG, FOV_TELE_DEG = 60.0, 4.0
NOISE_LEVELS = 6
CLOUD_LEVELS = 8
LUMA_HEADROOM = NOISE_LEVELS + CLOUD_LEVELS // 2
NOISE_COUNT = 4
CLOUD_MS = 6_000  # light comes and goes by a few levels, as under a moving sky
PASS_EVERY = 3
PASSES_PX = ((-0.25, -0.25), (0.25, 0.25), (0.25, -0.25), (-0.25, 0.25))


def fov_deg(zoom_permille: int) -> float:
    """Width of the view: 60 degrees at 0, 4 at 1000, the same ratio for the same step."""
    share = min(max(zoom_permille, 0), 1000) / 1000
    return float(FOV_WIDE_DEG * (FOV_TELE_DEG / FOV_WIDE_DEG) ** share)


class Street:
    """One street, seen by one camera.

    Args:
        seed: decides houses, trees, clouds and traffic.
        width_px: even width of the pictures.
        height_px: even height of the pictures.
    """

    def __init__(self, seed: int, width_px: int = 640, height_px: int = 360) -> None:
        self.width_px = width_px
        self.height_px = height_px
        self._surfaces = Surfaces(seed)
        self._standing: list[Thing] = standing_things(seed)
        self._moving: list[Mover] = moving_things(seed)
        self._view: tuple[int, int, int] | None = None
        self._sum = np.zeros((height_px, width_px, 3), np.float32)
        self._pass_count = 0
        self._rest_count = 0
        self._rays = Rays(width_px, height_px, (0.0, 0.0, FOV_WIDE_DEG))
        self._still: Picture = np.zeros((height_px, width_px, 3), np.uint8)
        noise = np.random.RandomState(seed)
        self._noise = [
            noise.randint(0, NOISE_LEVELS, (height_px, width_px, 1), np.uint8)
            for _ in range(NOISE_COUNT)
        ]
        self._frame_count = 0

    def frame(self, pan_cdeg: int, tilt_cdeg: int, zoom_permille: int, now_ms: int) -> Picture:
        """Draw what the camera sees.

        Args:
            pan_cdeg: hundredths of a degree to the right of straight across the road.
            tilt_cdeg: hundredths of a degree, positive up.
            zoom_permille: 0 wide, 1000 tele.
            now_ms: decides where the traffic is.

        Returns:
            height x width x 3 RGB; the caller's own.
        """
        view = (pan_cdeg % 36000, tilt_cdeg, zoom_permille)
        if view != self._view:
            self._view = view
            self._rays = self._cast(1, (0.0, 0.0))
            self._still = _as_bytes(self._backdrop(2, (0.0, 0.0)).repeat(2, 0).repeat(2, 1))
            self._sum[:] = 0
            self._pass_count = 0
            self._rest_count = 0
        elif self._pass_count < len(PASSES_PX):
            if self._rest_count % PASS_EVERY == 0:
                self._sum += self._backdrop(1, PASSES_PX[self._pass_count])
                self._pass_count += 1
                self._still = _as_bytes(self._sum / self._pass_count)
            self._rest_count += 1
        self._frame_count += 1
        picture = self._still + self._noise[self._frame_count % NOISE_COUNT]
        picture += np.uint8(abs(now_ms % CLOUD_MS - CLOUD_MS // 2) * CLOUD_LEVELS // CLOUD_MS)
        for mover in self._moving:
            mover.draw(picture, self._rays, now_ms)
        return picture

    def _cast(self, coarser: int, shift_px: tuple[float, float]) -> Rays:
        assert self._view is not None
        pan_cdeg, tilt_cdeg, zoom_permille = self._view
        aim_deg = pan_cdeg / 100, tilt_cdeg / 100, fov_deg(zoom_permille)
        return Rays(self.width_px // coarser, self.height_px // coarser, aim_deg, shift_px)

    def _backdrop(self, coarser: int, shift_px: tuple[float, float]) -> Plane:
        """Draw everything that stands still."""
        rays = self._cast(coarser, shift_px)
        drawn = self._surfaces.draw(rays)
        for thing in self._standing:
            thing.draw(drawn, rays)
        return drawn


def _as_bytes(drawn: Plane) -> Picture:
    """Round, and leave room above for noise and light."""
    return np.clip(drawn, 0, 255 - LUMA_HEADROOM).astype(np.uint8)
