"""A second geometry, in floating point and sharing no code, finds no private point uncovered."""

import math
import os

import numpy as np
import pytest

from firmware.ptz.privacy import View, project

SEED = int(os.environ.get("LAMPPOST_SEED", "20261124"))
VIEW_COUNT = 4000


def covered(
    draws: np.random.Generator, zone: tuple[int, int, int, int], aim: tuple[int, int, int]
) -> str:
    """Throw points into a zone; name the first that is in the picture and in no rectangle."""
    pan, tilt, fov = (math.radians(value / 100) for value in aim)
    width = (zone[1] - zone[0]) % 36000 or 36000
    az = np.radians((zone[0] + draws.uniform(0, 1, 200) * width) / 100)
    el = np.radians(draws.uniform(zone[2], zone[3], 200) / 100)
    ray = np.stack([np.cos(el) * np.sin(az), np.cos(el) * np.cos(az), np.sin(el)])
    ahead = np.array(
        [math.cos(tilt) * math.sin(pan), math.cos(tilt) * math.cos(pan), math.sin(tilt)]
    )
    right = np.array([math.cos(pan), -math.sin(pan), 0.0])
    up = np.cross(right, ahead)
    depth = ahead @ ray
    focal = 0.5 / math.tan(fov / 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        x = 0.5 + focal * (right @ ray) / depth
        y = 0.5 - focal * 16 / 9 * (up @ ray) / depth
    is_seen = (depth > 0) & (x >= 0) & (x <= 1) & (y >= 0) & (y <= 1)
    rects = project(zone, View(*aim))
    is_filled = np.zeros(len(x), dtype=bool)
    for left, top, far, bottom in rects:
        is_filled |= (
            (x * 1000 >= left) & (x * 1000 <= far) & (y * 1000 >= top) & (y * 1000 <= bottom)
        )
    bare = np.flatnonzero(is_seen & ~is_filled)
    return f"{zone} {aim} {x[bare[0]]:.3f} {y[bare[0]]:.3f} {rects}" if bare.size else ""


@pytest.mark.slow
@pytest.mark.clause("C21")
def test_no_private_point_is_left_uncovered() -> None:
    print(f"seed {SEED}")
    draws = np.random.default_rng(SEED)
    for _ in range(VIEW_COUNT):
        pan, tilt = int(draws.integers(0, 36000)), int(draws.integers(-9000, 2001))
        fov = int(draws.integers(200, 6501))
        near = int(draws.integers(0, 2))
        left = (
            (pan + int(draws.integers(-5000, 5000))) % 36000
            if near
            else int(draws.integers(0, 36000))
        )
        middle = (
            tilt + int(draws.integers(-3000, 3000)) if near else int(draws.integers(-9000, 9000))
        )
        low = max(-9000, min(8900, middle))
        high = min(9000, low + int(draws.integers(50, 4000)))
        zone = (left, (left + int(draws.integers(50, 9000))) % 36000, low, high)
        assert covered(draws, zone, (pan, tilt, fov)) == "", SEED
