"""What moves in the simulated street: cars in their lanes and people on the pavement."""

import math

import numpy as np
from numpy.typing import NDArray

from sim.devices.rays import CAMERA_M, Plane, Rays
from sim.devices.things import Painted, Painter, Thing, lay

ROAD_END_M = 130.0


class Mover:
    """Something that crosses the street's length again and again."""

    def draw(self, picture: NDArray[np.uint8], rays: Rays, now_ms: int) -> None:
        """Paint it where it is at that time."""
        raise NotImplementedError


class Car(Mover):
    """A car in its lane.

    Args:
        y_m: middle of the lane.
        speed_mm_per_s: along x, negative to the left.
        start_m: where it is at time 0.
        colour: of its paint.
    """

    half_m, width_m, top_m, waist_m = 2.15, 1.75, 1.45, 0.92

    def __init__(
        self, y_m: float, speed_mm_per_s: int, start_m: float, colour: tuple[int, int, int]
    ) -> None:
        self._y_m = y_m
        self._speed_mm_per_s = speed_mm_per_s
        self._start_m = start_m
        self._colour = np.array(colour, np.float32)

    def draw(self, picture: NDArray[np.uint8], rays: Rays, now_ms: int) -> None:
        """Paint shadow, end, roof and side, in this order."""
        x = _looped(self._start_m, self._speed_mm_per_s, now_ms)
        near, away = self._y_m - self.width_m / 2, self._y_m + self.width_m / 2
        low, high = x - self.half_m, x + self.half_m
        corners = [
            (end, side, z)
            for end in (low - 0.2, high + 0.2)
            for side in (near - 0.2, away + 0.2)
            for z in (0.0, self.top_m)
        ]
        window = rays.window(corners)
        if window is None:
            return
        part = picture[window]
        rays3 = rays.dx[window], rays.dy[window], rays.dz[window]
        forward = 1.0 if self._speed_mm_per_s > 0 else -1.0
        self._shadow(part, rays3, (low, high, near, away))
        end = high if x < 0 else low
        if abs(end) > self.half_m:
            self._end(part, rays3, end)
        self._tops(part, rays3, x, forward)
        self._side(part, rays3, x, forward)

    def _shadow(
        self,
        part: NDArray[np.uint8],
        rays3: tuple[Plane, Plane, Plane],
        edges: tuple[float, float, float, float],
    ) -> None:
        dx, dy, dz = rays3
        far = -CAMERA_M / np.minimum(dz, -1e-3)
        low, high, near, away = edges
        x, y = far * dx, far * dy
        is_shadow = (x > low - 0.15) & (x < high + 0.15) & (y > near - 0.15) & (y < away + 0.2)
        part[is_shadow & (dz < -1e-3)] //= 3

    def _end(self, part: NDArray[np.uint8], rays3: tuple[Plane, Plane, Plane], end: float) -> None:
        dx, dy, dz = rays3
        far = end / np.where(np.abs(dx) < 1e-3, 1e-3, dx)
        y, z = far * dy - self._y_m, CAMERA_M + far * dz
        is_ahead = (far > 0) & (np.abs(y) < self.width_m / 2)
        is_body = is_ahead & (z > 0.25) & (z < self.waist_m)
        colours = np.broadcast_to(self._colour * 0.62, (*dx.shape, 3)).copy()
        is_lamp = is_body & (np.abs(np.abs(y) - 0.65) < 0.16) & (np.abs(z - 0.68) < 0.09)
        colours[is_lamp] = (238, 232, 210) if end * self._speed_mm_per_s < 0 else (170, 30, 30)
        is_plate = is_body & (np.abs(y) < 0.26) & (np.abs(z - 0.45) < 0.07)
        colours[is_plate] = (226, 214, 120)
        lay(part, (is_body, colours))

    def _tops(
        self,
        part: NDArray[np.uint8],
        rays3: tuple[Plane, Plane, Plane],
        x_m: float,
        forward: float,
    ) -> None:
        dx, dy, dz = rays3
        slope = np.minimum(dz, -1e-3)
        for z, start, stop, shade in ((self.waist_m, -2.15, 2.15, 1.12), (1.45, -1.25, 0.55, 1.2)):
            far = (z - CAMERA_M) / slope
            x, y = (far * dx - x_m) * forward, far * dy - self._y_m
            is_top = (dz < -1e-3) & (x > start) & (x < stop)
            is_top &= np.abs(y) < self.width_m / 2 - (0.0 if z < 1 else 0.14)
            colours = np.broadcast_to(np.minimum(self._colour * shade, 249), (*dx.shape, 3)).copy()
            if z < 1:
                colours[(x > -1.75) & (x < 1.15)] = (44, 54, 64)
            lay(part, (is_top, colours))

    def _side(
        self,
        part: NDArray[np.uint8],
        rays3: tuple[Plane, Plane, Plane],
        x_m: float,
        forward: float,
    ) -> None:
        dx, dy, dz = rays3
        far = (self._y_m - self.width_m / 2) / np.where(np.abs(dy) < 1e-3, 1e-3, dy)
        x, z = (far * dx - x_m) * forward, CAMERA_M + far * dz
        is_ahead = far > 0
        is_body = is_ahead & (np.abs(x) < self.half_m) & (z > 0.28) & (z < self.waist_m)
        lean = (z - self.waist_m) / (self.top_m - self.waist_m)
        is_cabin = is_ahead & (z >= self.waist_m) & (z < self.top_m)
        is_cabin &= (x > -1.75 + 0.5 * lean) & (x < 1.15 - 0.6 * lean)
        colours = np.broadcast_to(self._colour, (*dx.shape, 3)).copy()
        colours *= (0.78 + 0.25 * np.clip(z, 0, 1))[..., None]
        is_glass = is_cabin & (z < self.top_m - 0.08) & (np.abs(x + 0.25) > 0.05)
        is_glass &= (x > -1.66 + 0.5 * lean) & (x < 1.06 - 0.6 * lean)
        colours[is_glass] = (52, 64, 76)
        for axle in (-1.35, 1.35):
            around = (x - axle) ** 2 + (z - 0.33) ** 2
            is_wheel = is_ahead & (around < 0.33**2)
            is_body |= is_wheel
            colours[is_wheel] = (30, 30, 32)
            colours[is_wheel & (around < 0.17**2)] = (150, 152, 156)
        lay(part, (is_body | is_cabin, np.minimum(colours, 249)))


class Walker(Mover):
    """Somebody on the pavement.

    Args:
        y_m: where on the pavement.
        speed_mm_per_s: along x, negative to the left.
        start_m: where at time 0.
        coat: colour.
    """

    def __init__(
        self, y_m: float, speed_mm_per_s: int, start_m: float, coat: tuple[int, int, int]
    ) -> None:
        self._y_m = y_m
        self._speed_mm_per_s = speed_mm_per_s
        self._start_m = start_m
        self._coat = coat

    def draw(self, picture: NDArray[np.uint8], rays: Rays, now_ms: int) -> None:
        """Paint legs in their stride, coat and head."""
        x = _looped(self._start_m, self._speed_mm_per_s, now_ms)
        swing = 0.22 * math.sin(now_ms / 1000 * 2 * math.pi * 0.95)
        Thing(x, self._y_m, 0.45, (0.0, 1.78), self._painter(swing)).draw(picture, rays)

    def _painter(self, swing: float) -> Painter:
        coat = np.array(self._coat, np.float32)

        def paint(across: Plane, up: Plane) -> Painted:
            reach = np.clip((0.85 - up) / 0.85, 0, 1)
            is_leg = (np.abs(across - swing * reach) < 0.09) | (
                np.abs(across + swing * reach) < 0.09
            )
            is_leg &= (up > 0) & (up < 0.85)
            is_coat = (np.abs(across) < 0.24 - 0.06 * (up - 0.8)) & (up >= 0.75) & (up < 1.48)
            is_head = (across**2 + (up - 1.62) ** 2) < 0.13**2
            colours = np.broadcast_to(coat, (*up.shape, 3)).copy()
            colours[across > 0.1] *= 0.82
            colours[is_leg & ~is_coat] = (44, 48, 66)
            colours[is_head] = (206, 164, 138)
            colours[is_head & (up > 1.66)] = (70, 50, 36)
            return is_leg | is_coat | is_head, colours

        return paint


def moving_things(seed: int) -> list[Mover]:
    """Set out the traffic; the farther lane first, so that nearer things cover it."""
    source = np.random.RandomState(seed + 2)
    paints = ((178, 34, 38), (206, 208, 212), (40, 66, 120), (58, 62, 66), (226, 226, 220))
    movers: list[Mover] = [
        Walker(13.2, 1_350, float(source.uniform(-12, 4)), (150, 60, 40)),
        Walker(12.7, -1_150, float(source.uniform(0, 20)), (46, 86, 116)),
    ]
    for index, (lane_m, speed) in enumerate(((6.75, 9_500), (6.75, 9_500), (3.3, -8_600))):
        start = float(source.uniform(-30, 30)) + 80 * index
        movers.append(Car(lane_m, speed, start, paints[int(source.randint(len(paints)))]))
    return movers


def _looped(start_m: float, speed_mm_per_s: int, now_ms: int) -> float:
    """Find where on the road it is: past one end it comes in at the other."""
    travelled_m = speed_mm_per_s * now_ms / 1_000_000
    return (start_m + travelled_m + ROAD_END_M) % (2 * ROAD_END_M) - ROAD_END_M
