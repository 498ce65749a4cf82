"""The pictures of one camera: drawn and coded in a thread while somebody watches."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from sim.bridge.settings import CameraSettings
from sim.devices.coder import TIMESCALE, PictureCoder
from sim.devices.lettering import stamp
from sim.devices.street import Street

Look = Callable[[], tuple[int, int, int]]
Fan = Callable[[list[bytes], int], None]

PARAMETER_WAIT_S = 10.0


@dataclass
class PictureFaults:
    """What is wrong with a camera: its picture stands still, or it is off."""

    is_frozen: bool = False
    is_off: bool = False


class DrawnCamera:
    """Draws one camera's pictures, whoever asks.

    Args:
        settings: size and street.
        look: where it looks.
    """

    def __init__(self, settings: CameraSettings, look: Look) -> None:
        self.faults = PictureFaults()
        self._look = look
        self._street = Street(settings.seed, settings.width_px, settings.height_px)
        self._last: NDArray[np.uint8] | None = None

    def draw(self) -> NDArray[np.uint8]:
        """Draw what is seen now, with the time of day in the corner."""
        if self.faults.is_frozen and self._last is not None:
            return self._last
        picture = self._street.frame(*self._look(), time.monotonic_ns() // 1_000_000)
        stamp(picture, datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S"), 8, 8)
        self._last = picture
        return picture


class PictureSource:
    """Codes a camera's pictures as H.264 while there is a client.

    Args:
        settings: the camera's.
        camera: draws the pictures.
        fan: called from the thread with NAL units and pts (1/90000 s).
    """

    def __init__(self, settings: CameraSettings, camera: DrawnCamera, fan: Fan) -> None:
        self.settings = settings
        self.camera = camera
        self.made_count = 0
        self.late_count = 0
        self.begin_s = time.monotonic()
        """When the stream's timestamps began, on the machine's monotonic clock."""
        self._fan = fan
        self._is_wanted = threading.Event()
        self._is_forced = threading.Event()
        self._has_parameters = threading.Event()
        self._is_stopping = False
        self._coder = self._new_coder()
        self._thread = threading.Thread(
            target=self._run, name=f"pictures {settings.name}", daemon=True
        )
        self._thread.start()

    @property
    def parameter_sets(self) -> list[bytes]:
        """SPS and PPS; empty until the first picture was coded."""
        return self._coder.parameter_sets

    def want(self, is_wanted: bool) -> None:
        """Say whether anybody watches."""
        if is_wanted:
            self._is_wanted.set()
        else:
            self._is_wanted.clear()

    def force_keyframe(self) -> None:
        """Make the next picture one that decoding may start with."""
        self._is_forced.set()

    def wait_for_parameters(self) -> bool:
        """Wait until SPS and PPS are known; False when none came."""
        return self._has_parameters.wait(PARAMETER_WAIT_S)

    def close(self) -> None:
        """Stop drawing."""
        self._is_stopping = True
        self._is_wanted.set()
        self._thread.join()

    def _new_coder(self) -> PictureCoder:
        settings = self.settings
        return PictureCoder(settings.width_px, settings.height_px, settings.pictures_per_s)

    def _run(self) -> None:
        gap_s = 1 / self.settings.pictures_per_s
        self._make()
        due_s = self.begin_s + gap_s
        while True:
            if not self._is_wanted.is_set():
                self._is_wanted.wait()
                due_s = time.monotonic()
            now_s = time.monotonic()
            if now_s > due_s + gap_s:
                self.late_count += int((now_s - due_s) / gap_s)
                due_s += gap_s * int((now_s - due_s) / gap_s)
            if now_s < due_s:
                time.sleep(due_s - now_s)
            if self._is_stopping:
                return
            due_s += gap_s
            if not self.camera.faults.is_off:
                self._make()

    def _make(self) -> None:
        is_forced = self._is_forced.is_set()
        self._is_forced.clear()
        pts = int((time.monotonic() - self.begin_s) * TIMESCALE)
        units = self._coder.code(self.camera.draw(), pts, is_forced)
        self.made_count += 1
        self._has_parameters.set()
        self._fan(units, pts)
