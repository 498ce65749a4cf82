"""What a head's picture shows of a private zone, in floating point and with a lens of its own."""

import math

TURN_CDEG = 36_000
# The lens of the heads: zoom in permille, width of the view in cdeg.
WIDTHS = (6000, 4577, 3491, 2663, 2031, 1550, 1182, 902, 688, 525, 400)
LEAST_DEPTH = 0.01


class Zone:
    """Rays to nine points of a zone: corners, sides and middle."""

    def __init__(self, left, width, low, height):
        self.edges = (left, (left + width) % TURN_CDEG, low, low + height)
        self._rays = []
        for across in (0.0, 0.5, 1.0):
            for above in (0.0, 0.5, 1.0):
                pan = math.radians((left + across * width) / 100)
                tilt = math.radians((low + above * height) / 100)
                flat = math.cos(tilt)
                self._rays.append((flat * math.sin(pan), flat * math.cos(pan), math.sin(tilt)))

    def parts(self, count):
        """Cut it up, across and above."""
        left, right, low, high = self.edges
        width, height = (right - left) % TURN_CDEG / count, (high - low) / count
        cuts = [(across, above) for across in range(count) for above in range(count)]
        return [
            Zone(left + across * width, width, low + above * height, height)
            for across, above in cuts
        ]

    def seen(self, pan_cdeg, tilt_cdeg, focal):
        """Points of it in a picture, in parts of a thousand of its width and height."""
        pan, tilt = math.radians(pan_cdeg / 100), math.radians(tilt_cdeg / 100)
        sin_pan, cos_pan, sin_tilt, cos_tilt = (
            math.sin(pan),
            math.cos(pan),
            math.sin(tilt),
            math.cos(tilt),
        )
        points = []
        for east, north, up in self._rays:
            along = east * sin_pan + north * cos_pan
            depth = along * cos_tilt + up * sin_tilt
            if depth <= LEAST_DEPTH:
                continue
            x = 0.5 + focal * (east * cos_pan - north * sin_pan) / depth
            y = 0.5 - focal * 16 / 9 * (up * cos_tilt - along * sin_tilt) / depth
            if 0 <= x <= 1 and 0 <= y <= 1:
                points.append((x * 1000, y * 1000))
        return points


def focal_of(zoom_permille):
    """Distance of the picture's plane, in widths of the picture."""
    step = min(zoom_permille // 100, 9)
    width = WIDTHS[step] + (zoom_permille - 100 * step) * (WIDTHS[step + 1] - WIDTHS[step]) / 100
    return 0.5 / math.tan(math.radians(width / 200))
