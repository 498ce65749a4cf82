"""What one camera sends to its RTSP clients: pictures, and sound while the gate is open."""

import time
from collections import deque
from typing import NamedTuple, Protocol

from sim.bridge.pictures import PictureSource
from sim.bridge.relays import GateFiles
from sim.devices.coder import TIMESCALE
from sim.devices.tone import SAMPLE_RATE_HZ, SILENCE, tone_second

LOG_COUNT_MAX = 500
SOUND_BLOCK_SAMPLES = 320
TONE_HZ = 440


class Request(NamedTuple):
    """One RTSP request that the server answered."""

    utc_ms: int
    client: str
    method: str
    track: str
    code: int


class Viewer(Protocol):
    """A client that plays; told by `take_...` what to send on."""

    def take_picture(self, units: list[bytes], timestamp: int) -> None:
        """Send one picture on."""
        ...

    def take_sound(self, data: bytes, timestamp: int) -> None:
        """Send one block of sound on."""
        ...

    def leave(self) -> None:
        """Drop the client."""
        ...


class CameraStream:
    """One camera of the RTSP server.

    Args:
        source: its pictures.
        gate: of its microphone; None where there is none.
    """

    def __init__(self, source: PictureSource, gate: GateFiles | None) -> None:
        self.source = source
        self.gate = gate
        self.log: deque[Request] = deque(maxlen=LOG_COUNT_MAX)
        self.dropped_client_count = 0
        self._viewers: list[Viewer] = []
        self._tone = tone_second(TONE_HZ)
        self._sound_sample = 0

    @property
    def viewer_count(self) -> int:
        """How many clients play."""
        return len(self._viewers)

    def note(self, client: str, method: str, track: str, code: int) -> None:
        """Write down what was asked for and answered."""
        self.log.append(Request(int(time.time() * 1000), client, method, track, code))

    def join(self, viewer: Viewer) -> None:
        """Let a client play; the next picture is a keyframe."""
        if viewer not in self._viewers:
            self._viewers.append(viewer)
        self.source.force_keyframe()
        self.source.want(True)

    def part(self, viewer: Viewer) -> None:
        """Forget a client; drawing stops with the last."""
        if viewer in self._viewers:
            self._viewers.remove(viewer)
        self.source.want(bool(self._viewers))

    def part_all(self) -> None:
        """Drop every client, as a camera does whose power goes."""
        for viewer in list(self._viewers):
            viewer.leave()

    def fan_picture(self, units: list[bytes], timestamp: int) -> None:
        """Send one picture to every client."""
        for viewer in list(self._viewers):
            viewer.take_picture(units, timestamp)

    def fan_sound(self) -> None:
        """Send what sound has become due to every client; silence while the gate is closed."""
        due_sample = self.sound_now()
        if due_sample - self._sound_sample > SAMPLE_RATE_HZ:
            self._sound_sample = due_sample - due_sample % SOUND_BLOCK_SAMPLES
        while self._sound_sample + SOUND_BLOCK_SAMPLES <= due_sample:
            data = bytes([SILENCE]) * SOUND_BLOCK_SAMPLES
            if self.gate is not None and self.gate.is_open():
                start = self._sound_sample % SAMPLE_RATE_HZ
                data = self._tone[start : start + SOUND_BLOCK_SAMPLES]
            for viewer in list(self._viewers):
                viewer.take_sound(data, self._sound_sample)
            self._sound_sample += SOUND_BLOCK_SAMPLES

    def picture_now(self) -> int:
        """Timestamp of a picture taken now."""
        return int((time.monotonic() - self.source.begin_s) * TIMESCALE)

    def sound_now(self) -> int:
        """Timestamp of a sample taken now."""
        return int((time.monotonic() - self.source.begin_s) * SAMPLE_RATE_HZ)
