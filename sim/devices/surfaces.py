"""Sky, ground and houses of the simulated street: colour for every ray."""

import numpy as np
from numpy.typing import NDArray

from sim.devices.rays import CAMERA_M, Plane, Rays

Colours = NDArray[np.float32 | np.float64]
Mask = NDArray[np.bool_]

FAR_HOUSES_M, NEAR_HOUSES_M = np.float32(21), np.float32(-13)
NOWHERE = np.float32(np.inf)
HOUSE_M, EAVES_M, RIDGE_M = np.float32(6), np.float32(5.4), np.float32(7.6)
HOUSE_KINDS = 64
TILE = 512
SKY_LOW, SKY_HIGH = (214.0, 220.0, 226.0), (112.0, 156.0, 208.0)
HAZE = (200.0, 208.0, 214.0)
HAZE_M = 420.0


class Surfaces:
    """Everything flat that stands still.

    Args:
        seed: decides houses, stains and clouds.
    """

    def __init__(self, seed: int) -> None:
        source = np.random.RandomState(seed)
        self._grain = source.rand(TILE, TILE).astype(np.float32)
        self._stain = _soft_noise(source, 4)
        self._cloud = _soft_noise(source, 3)
        brick = np.array(
            [[142, 78, 62], [160, 96, 72], [126, 70, 60], [206, 196, 176]], np.float32
        )
        kinds = source.randint(0, len(brick), HOUSE_KINDS)
        tint = source.uniform(0.85, 1.1, (HOUSE_KINDS, 1)).astype(np.float32)
        self._walls: Colours = brick[kinds] * tint
        doors = np.array([[38, 62, 92], [120, 30, 34], [36, 74, 52], [230, 228, 220]], np.float32)
        self._doors = doors[source.randint(0, len(doors), HOUSE_KINDS)]
        self._is_gap = source.rand(HOUSE_KINDS) < 0.12
        self._is_lit = source.rand(HOUSE_KINDS) < 0.2

    def draw(self, rays: Rays) -> Colours:
        """Colour every ray."""
        dx, dy, dz = rays.dx.ravel(), rays.dy.ravel(), rays.dz.ravel()
        colours = np.empty((dx.size, 3), np.float32)
        to_wall = np.where(dy > 0, FAR_HOUSES_M, NEAR_HOUSES_M) / np.where(
            dy == 0, np.float32(1e-6), dy
        )
        to_ground = np.where(dz < -1e-4, -CAMERA_M / np.minimum(dz, -1e-4), NOWHERE)
        height = CAMERA_M + to_wall * dz
        along = to_wall * dx
        is_wall = (to_wall < to_ground) & (height < self._roof_m(along, dy > 0)) & (to_wall < 900)
        is_ground = ~is_wall & (to_ground < NOWHERE)
        is_sky = ~(is_wall | is_ground)
        pixel = np.float32(1 / rays.focal_px)
        colours[is_sky] = self._sky(dx[is_sky], dy[is_sky], dz[is_sky])
        far = to_ground[is_ground].astype(np.float32)
        colours[is_ground] = self._ground(far * dx[is_ground], far * dy[is_ground], far, pixel)
        far = to_wall[is_wall].astype(np.float32)
        colours[is_wall] = self._wall(
            along[is_wall].astype(np.float32),
            height[is_wall].astype(np.float32),
            far * pixel,
            dy[is_wall] > 0,
        )
        _add_haze(colours, is_wall, far)
        return colours.reshape(*rays.dx.shape, 3)

    def _house(self, along: Plane, is_far: Mask) -> NDArray[np.int64]:
        numbers = np.floor(along / HOUSE_M).astype(np.int64)
        kinds: NDArray[np.int64] = (numbers * 7 + np.where(is_far, 0, 29)) % HOUSE_KINDS
        return kinds

    def _roof_m(self, along: Plane, is_far: Mask) -> Plane:
        """Height of the roof line; chimneys stand above it, gaps between houses have none."""
        kind = self._house(along, is_far)
        inside = along % HOUSE_M
        is_chimney = (inside > 0.3) & (inside < 1.1)
        roof = np.where(is_chimney, RIDGE_M + np.float32(1), RIDGE_M)
        return np.where(self._is_gap[kind], 1.6, roof).astype(np.float32)

    def _sky(self, dx: Plane, dy: Plane, dz: Plane) -> Colours:
        level = np.sqrt(dx * dx + dy * dy)
        rise = np.clip(dz / level, 0, 1.5)
        share = np.clip(rise * 1.6, 0, 1)[:, None]
        sky = np.array(SKY_LOW, np.float32) * (1 - share) + np.array(SKY_HIGH, np.float32) * share
        over = 60 / (rise + 0.12)
        cloud = _pick(self._cloud, over * dx / level + 90, over * dy / level * 2)
        cloud = np.clip(cloud * 2.4 - 1.0, 0, 0.85)[:, None]
        mixed: Colours = sky * (1 - cloud) + np.float32(240) * cloud
        return mixed

    def _ground(self, x: Plane, y: Plane, far: Plane, pixel: np.float32) -> Colours:
        fade = np.clip(1.2 - far * pixel * 22, 0, 1)
        grain = (_pick(self._grain, x * 31, y * 31) - 0.5) * fade
        stain = _pick(self._stain, x * 9, y * 9)
        shade = 0.82 + 0.3 * stain
        colours = np.empty((x.size, 3), np.float32)
        colours[:] = (86, 112, 58)
        for low, high, colour in GROUND_BANDS:
            colours[(y > low) & (y <= high)] = colour
        is_bay = (y > 8.5) & (y < 11.6) & (np.abs(x) < 24)
        colours[is_bay] = (92, 92, 94)
        is_slab = ((y > -4) & (y < 1.2)) | ((y > 11.8) & (y < 14.2))
        joint = (np.minimum(x % 0.9, y % 0.6) < np.maximum(0.03, far * pixel)) & is_slab
        colours[joint] *= 0.86
        colours *= (shade + 0.28 * grain)[:, None]
        is_line = ((np.abs(y - 5.0) < 0.06) & (x % 6 < 3)) | (np.abs(y - 1.55) < 0.05)
        is_line |= (np.abs(y - 8.5) < 0.05) & (np.abs(x) < 24) & (x % 2 < 1)
        is_line |= is_bay & (np.abs(x % 6 - 3) < 0.05)
        colours[is_line] = (222, 220, 206)
        colours[(np.abs(y - 1.3) < 0.1) | (np.abs(y - 11.7) < 0.1)] = (176, 174, 168)
        haze = (1 - np.exp(-far / HAZE_M))[:, None]
        hazed: Colours = colours * (1 - haze) + np.array(HAZE, np.float32) * haze
        return hazed

    def _wall(self, x: Plane, z: Plane, footprint: Plane, is_far: Mask) -> Colours:
        """Colour the house fronts: brick, roof, windows and doors, by their place in the house."""
        kind = self._house(x, is_far)
        u = x % HOUSE_M
        colours = self._walls[kind].copy()
        stain = _pick(self._stain, x * 12, z * 12)
        is_joint = ((z % 0.075) < 0.014) & (footprint < 0.03)
        colours[is_joint] *= 0.82
        is_roof = z > EAVES_M
        colours[is_roof] = (92, 84, 84)
        colours[is_roof & (z % 0.32 < np.maximum(0.05, footprint))] *= 0.8
        is_stack = (z > EAVES_M) & (u > 0.3) & (u < 1.1) & (z > RIDGE_M - 0.9)
        colours[is_stack] = self._walls[kind[is_stack]] * 0.9
        colours *= (0.86 + 0.24 * stain)[:, None]
        colours[(z > EAVES_M - 0.16) & (z < EAVES_M + 0.02)] = (226, 226, 222)
        is_open = ~self._is_gap[kind]
        for left, right, bottom, top in WINDOWS_M:
            self._window(colours, (u, z), (left, right, bottom, top), is_open, kind)
        is_door = is_open & (u > 1.0) & (u < 1.95) & (z < 2.1)
        colours[is_open & (u > 0.9) & (u < 2.05) & (z < 2.2)] = (232, 230, 224)
        colours[is_door] = self._doors[kind[is_door]]
        colours[is_door & (u > 1.15) & (u < 1.8) & (z > 1.5) & (z < 1.95)] = (66, 80, 92)
        is_low = ~is_open
        colours[is_low] = np.array((64, 88, 48), np.float32) * (0.7 + 0.6 * stain[is_low, None])
        colours[~is_far] *= 0.8
        return colours

    def _window(
        self,
        colours: Colours,
        place: tuple[Plane, Plane],
        edges: tuple[float, float, float, float],
        is_open: Mask,
        kind: NDArray[np.int64],
    ) -> None:
        u, z = place
        left, right, bottom, top = edges
        is_frame = is_open & (u > left) & (u < right) & (z > bottom) & (z < top)
        colours[is_frame] = (234, 234, 230)
        middle = (left + right) / 2
        is_glass = is_frame & (np.abs(u - middle) > 0.04)
        is_glass &= (u > left + 0.08) & (u < right - 0.08) & (z > bottom + 0.08) & (z < top - 0.08)
        glass = np.array((58, 74, 90), np.float32)
        shine = ((z[is_glass] - bottom) / (top - bottom))[:, None]
        lit = self._is_lit[kind[is_glass]].astype(np.float32)[:, None]
        warm = np.array((228, 192, 120), np.float32)
        colours[is_glass] = (glass + 70 * shine**2) * (1 - lit) + warm * lit
        is_net = is_glass & ((u < left + 0.32) | (u > right - 0.32))
        colours[is_net] = colours[is_net] * 0.5 + 90
        is_sill = is_open & (u > left - 0.08) & (u < right + 0.08) & (np.abs(z - bottom) < 0.07)
        colours[is_sill] = (206, 204, 196)


GROUND_BANDS = (
    (-4.0, 1.4, (150.0, 146.0, 138.0)),
    (1.4, 8.5, (88.0, 88.0, 91.0)),
    (8.5, 11.8, (94.0, 118.0, 64.0)),
    (11.8, 14.4, (152.0, 148.0, 140.0)),
    (14.4, 17.6, (90.0, 122.0, 62.0)),
    (17.6, 21.1, (134.0, 130.0, 122.0)),
)
WINDOWS_M = ((0.7, 2.2, 3.4, 4.7), (3.6, 5.4, 3.4, 4.7), (3.0, 5.4, 0.8, 2.3))


def _soft_noise(source: np.random.RandomState, octaves: int) -> Plane:
    """Make a tile of clouds or stains, 0 to 1, that repeats without a seam."""
    total = np.zeros((TILE, TILE), np.float32)
    for octave in range(octaves):
        cells = 8 << octave
        coarse = source.rand(cells, cells).astype(np.float32)
        step = np.arange(TILE, dtype=np.float32) * cells / TILE
        low = step.astype(np.int64)
        share = step - low
        share = share * share * (3 - 2 * share)
        high = (low + 1) % cells
        rows = coarse[low] * (1 - share[:, None]) + coarse[high] * share[:, None]
        total += (rows[:, low] * (1 - share) + rows[:, high] * share) / (1 << octave)
    total -= total.min()
    even: Plane = (total / total.max()).astype(np.float32)
    return even


def _pick(tile: Plane, across: Plane, down: Plane) -> Plane:
    """Look a tile up at any place; it repeats."""
    columns = across.astype(np.int32) & (TILE - 1)
    rows = down.astype(np.int32) & (TILE - 1)
    found: Plane = tile[rows, columns]
    return found


def _add_haze(colours: Colours, where: Mask, far: Plane) -> None:
    haze = (1 - np.exp(-np.abs(far) / HAZE_M))[:, None]
    colours[where] = colours[where] * (1 - haze) + np.array(HAZE, np.float32) * haze
