"""One ray for each pixel of a view, and where a point of the world falls in it."""

import math

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32 | np.float64]

CAMERA_M = 7.0


class Rays:
    """The rays of one view; `dx`, `dy`, `dz` are directions of no particular length.

    Args:
        width_px: columns.
        height_px: rows.
        aim_deg: pan to the right of the y axis, tilt up from level, width of the view.
        shift_px: moves every ray by part of a pixel, right and down.
    """

    def __init__(
        self,
        width_px: int,
        height_px: int,
        aim_deg: tuple[float, float, float],
        shift_px: tuple[float, float] = (0.0, 0.0),
    ) -> None:
        pan_deg, tilt_deg, fov_deg = aim_deg
        self.width_px = width_px
        self.height_px = height_px
        self.focal_px = width_px / 2 / math.tan(math.radians(fov_deg) / 2)
        pan, tilt = math.radians(pan_deg), math.radians(tilt_deg)
        self._pan = (math.sin(pan), math.cos(pan))
        self._tilt = (math.sin(tilt), math.cos(tilt))
        across = (np.arange(width_px, dtype=np.float32) - (width_px - 1) / 2 + shift_px[0])[
            None, :
        ]
        down = (np.arange(height_px, dtype=np.float32) - (height_px - 1) / 2 + shift_px[1])[
            :, None
        ]
        across, down = across / np.float32(self.focal_px), down / np.float32(self.focal_px)
        ahead = self._tilt[1] + down * self._tilt[0]
        up = self._tilt[0] - down * self._tilt[1]
        sin_pan, cos_pan = self._pan
        self.dx: Plane = (ahead * sin_pan + across * cos_pan).astype(np.float32)
        self.dy: Plane = (ahead * cos_pan - across * sin_pan).astype(np.float32)
        self.dz: Plane = np.broadcast_to(up, self.dx.shape).astype(np.float32)

    def place_px(self, x_m: float, y_m: float, z_m: float) -> tuple[float, float] | None:
        """Find the column and row of a point; None when it is behind the camera."""
        sin_pan, cos_pan = self._pan
        sin_tilt, cos_tilt = self._tilt
        ahead = x_m * sin_pan + y_m * cos_pan
        across = x_m * cos_pan - y_m * sin_pan
        up = z_m - CAMERA_M
        depth = ahead * cos_tilt + up * sin_tilt
        if depth < 0.5:
            return None
        rise = up * cos_tilt - ahead * sin_tilt
        column = self.width_px / 2 + self.focal_px * across / depth
        return column, self.height_px / 2 - self.focal_px * rise / depth

    def window(self, corners: list[tuple[float, float, float]]) -> tuple[slice, slice] | None:
        """Find rows and columns that hold all of these points; None when nothing is in view."""
        places = [self.place_px(*corner) for corner in corners]
        seen = [place for place in places if place is not None]
        if len(seen) < len(places):
            return None
        columns = [place[0] for place in seen]
        rows = [place[1] for place in seen]
        left, right = max(0, int(min(columns)) - 1), min(self.width_px, int(max(columns)) + 2)
        top, bottom = max(0, int(min(rows)) - 1), min(self.height_px, int(max(rows)) + 2)
        if left >= right or top >= bottom:
            return None
        return slice(top, bottom), slice(left, right)
