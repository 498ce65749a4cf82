"""What stands and what moves in the simulated street, each a painted plane in the world."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sim.devices.lettering import COLUMN_COUNT, dots
from sim.devices.rays import CAMERA_M, Plane, Rays

Mask = NDArray[np.bool_]
Painted = tuple[Mask, Plane]
Painter = Callable[[Plane, Plane], Painted]


class Thing:
    """A painted plane that faces the camera.

    Args:
        x_m: where it stands.
        y_m: where it stands.
        half_m: half its width.
        heights_m: bottom and top above the ground.
        paint: given places across (0 in the middle) and up, tells which are covered and how.
    """

    def __init__(
        self,
        x_m: float,
        y_m: float,
        half_m: float,
        heights_m: tuple[float, float],
        paint: Painter,
    ) -> None:
        self.x_m, self.y_m = x_m, y_m
        self._half_m = half_m
        self._heights_m = heights_m
        self._paint = paint

    @property
    def distance_m(self) -> float:
        """How far away it stands."""
        return math.hypot(self.x_m, self.y_m)

    def draw(self, picture: NDArray[np.float32 | np.float64 | np.uint8], rays: Rays) -> None:
        """Paint it over a picture."""
        ahead_x, ahead_y = self.x_m / self.distance_m, self.y_m / self.distance_m
        corners = [
            (self.x_m + side * ahead_y, self.y_m - side * ahead_x, z)
            for side in (-self._half_m, self._half_m)
            for z in self._heights_m
        ]
        window = rays.window(corners)
        if window is None:
            return
        dx, dy, dz = rays.dx[window], rays.dy[window], rays.dz[window]
        far = self.distance_m / np.maximum(dx * ahead_x + dy * ahead_y, 1e-3)
        across = (far * dx - self.x_m) * ahead_y - (far * dy - self.y_m) * ahead_x
        lay(picture[window], self._paint(across, CAMERA_M + far * dz))


def standing_things(seed: int) -> list[Thing]:
    """Place trees, lamp posts, a sign and fly-tipped bags; the farthest first."""
    source = np.random.RandomState(seed + 1)
    things = [Thing(x, 11.95, 0.9, (0.0, 8.2), paint_lamp_post) for x in range(-88, 89, 22)]
    for x in range(-100, 101, 13):
        size = source.uniform(0.8, 1.25)
        place = x + source.uniform(-3, 3)
        painter = tree_painter(size, source)
        things.append(Thing(place, 15.6, 2.6 * size, (0.0, 6.4 * size), painter))
    things.append(Thing(5.0, 12.1, 1.0, (0.0, 3.4), sign_painter(("CCTV", "LAY-BY 7"))))
    things.append(Thing(-9.0, 12.0, 1.0, (0.0, 3.2), sign_painter(("NO", "TIPPING"))))
    things.extend(
        Thing(-4.4 + 0.62 * index, 10.9 + 0.2 * (index % 2), 0.5, (0.0, 0.8), bag_painter(index))
        for index in range(5)
    )
    return sorted(things, key=lambda thing: -thing.distance_m)


def paint_lamp_post(across: Plane, up: Plane) -> Painted:
    """Paint a pole with an arm and a lantern."""
    is_pole = (np.abs(across) < 0.09 - 0.004 * up) & (up > 0) & (up < 8)
    is_pole |= (np.abs(across) < 0.16) & (up > 0) & (up < 1.1)
    is_arm = (across > 0) & (across < 0.7) & (np.abs(up - 7.95 - 0.06 * across) < 0.05)
    is_lantern = (np.abs(across - 0.6) < 0.28) & (np.abs(up - 7.95) < 0.09)
    colours = np.broadcast_to(np.array((118, 122, 124), np.float32), (*up.shape, 3)).copy()
    colours[across > 0.02] *= 0.78
    colours[is_lantern] = (206, 206, 196)
    return is_pole | is_arm | is_lantern, colours


def tree_painter(size: float, source: np.random.RandomState) -> Painter:
    """Make a painter of one tree: a trunk and lobes of leaves with light from above."""
    angles = source.uniform(0, 2 * math.pi, 14)
    spread = source.uniform(0.2, 1.0, 14)
    lobes = [
        (1.5 * reach * math.cos(angle), 4.3 + 1.3 * reach * math.sin(angle), 0.55 + 0.35 * reach)
        for angle, reach in zip(angles, spread, strict=True)
    ]
    grain = source.rand(64, 64).astype(np.float32)

    def paint(across: Plane, up: Plane) -> Painted:
        u, z = across / size, up / size
        speck = grain[(z * 17).astype(np.int32) & 63, (u * 17).astype(np.int32) & 63]
        is_leaf = np.zeros(u.shape, np.bool_)
        shade = np.zeros(u.shape, np.float32)
        for middle, height, radius in lobes:
            inside = ((u - middle) ** 2 + (z - height) ** 2) / (radius * radius)
            is_lobe = inside < 0.75 + 0.4 * speck
            is_leaf |= is_lobe
            light = 0.75 + 0.35 * (z - height) / radius - 0.1 * (u - middle)
            shade[is_lobe] = np.maximum(shade[is_lobe], light[is_lobe])
        is_trunk = (np.abs(u) < 0.14) & (z > 0) & (z < 3.6)
        colours = np.broadcast_to(np.array((92, 74, 56), np.float32), (*u.shape, 3)).copy()
        leaf = np.array((74, 112, 48), np.float32)
        colours[is_leaf] = (leaf * ((shade + 0.5 * (speck - 0.5))[..., None]))[is_leaf]
        return is_leaf | is_trunk, np.clip(colours, 0, 249)

    return paint


def sign_painter(lines: tuple[str, ...]) -> Painter:
    """Make a painter of a sign on a post, with its lettering in dots."""
    laid = [dots(line) for line in lines]

    def paint(across: Plane, up: Plane) -> Painted:
        top = 3.1
        is_board = (np.abs(across) < 0.85) & (up > top - 1.0) & (up < top)
        is_post = (np.abs(across) < 0.05) & (up > 0) & (up < top)
        colours = np.broadcast_to(np.array((112, 112, 112), np.float32), (*up.shape, 3)).copy()
        colours[is_board] = (24, 66, 138)
        is_edge = is_board & ((np.abs(across) > 0.81) | (np.abs(up - top + 0.5) > 0.46))
        colours[is_edge] = (236, 236, 236)
        for index, line in enumerate(laid):
            step = 1.5 / max(48, line.shape[1])
            columns = np.floor((across + line.shape[1] * step / 2) / step).astype(np.int32)
            rows = np.floor((top - 0.2 - 0.4 * index - up) / (step * 1.15)).astype(np.int32)
            is_in = is_board & (columns >= 0) & (columns < line.shape[1])
            is_in &= (rows >= 0) & (rows < line.shape[0])
            is_ink = np.zeros(up.shape, np.bool_)
            is_ink[is_in] = line[rows[is_in], columns[is_in]]
            colours[is_ink] = (244, 244, 244)
        return is_board | is_post, colours

    assert all(line.shape[1] >= COLUMN_COUNT for line in laid)
    return paint


def bag_painter(index: int) -> Painter:
    """Make a painter of one fly-tipped bag, black or white."""
    colour = np.array(((28, 28, 32), (222, 220, 214))[index % 3 == 2], np.float32)

    def paint(across: Plane, up: Plane) -> Painted:
        is_bag = (across / 0.42) ** 2 + ((up - 0.26) / 0.36) ** 2 < 1
        is_bag |= (np.abs(across) < 0.08) & (up > 0.5) & (up < 0.74)
        is_bag &= up > 0
        colours = np.broadcast_to(colour, (*up.shape, 3)).copy()
        crease = 0.8 + 0.4 * np.abs(np.sin(across * 19 + up * 7 + index))
        colours *= (crease * (0.7 + 0.6 * up))[..., None]
        return is_bag, np.clip(colours, 0, 249)

    return paint


def lay(part: NDArray[np.float32 | np.float64 | np.uint8], painted: Painted) -> None:
    """Put painted points over a picture."""
    where, colours = painted
    part[where] = colours[where]
