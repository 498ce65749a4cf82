"""A microphone on a sound card, through PortAudio, watched for what no flag tells."""

import atexit
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from hal.api.errors import PortAbsent, PortError, PortLost
from hal.api.media import AccessUnit, StreamParameters
from hal.linux.media_queue import SoundQueue
from hal.linux.pull import boot_ms
from hal.linux.wake import Wake

BLOCKS_PER_S = 50
SAMPLE_BYTES = 2
CLOSE_WAIT_S = 0.04
WATCH_MS = 2000
RATE_TOLERANCE_PERMILLE = 50
START_MS = 3000

END_WAIT_S = 2.0

_library_lock = threading.Lock()
_library: dict[str, int] = {"streams": 0}
_endings: list[threading.Thread] = []


def _wait_for_endings(take_down: Callable[[], None]) -> None:
    """Let streams close before PortAudio is taken down at exit; else it aborts the process.

    One whose sound server died while it was starting never ends: PortAudio waits for a thread
    that is gone, and is left as it is.
    """
    for ending in _endings:
        ending.join(END_WAIT_S)
    if _library["streams"]:
        atexit.unregister(take_down)


class CardMicrophone:
    """Sound from a card as s16le in blocks of 20 ms.

    The block size and the latency are always given: with PortAudio's defaults a third of the
    samples vanished without a flag.

    Args:
        device: name or part of a name as PortAudio lists it; "" for the default input.
        wake: told when sound came.
        sample_rate_hz: 8,000 to 48,000.
        channel_count: 1 or 2.
    """

    def __init__(
        self, device: str, wake: Wake, sample_rate_hz: int = 16_000, channel_count: int = 1
    ) -> None:
        self.name = f"card:{device or 'default'}"
        self.dropped_count = 0
        self._device = device
        self._sample_rate_hz = sample_rate_hz
        self._channel_count = channel_count
        self._wake = wake
        self._dropped_before_count = 0
        self._capture: _Capture | None = None
        self._ending: list[_Capture] = []

    def open(self) -> None:
        """Begin to capture, in a thread."""
        assert self._capture is None
        settings = (self._device, self._sample_rate_hz, self._channel_count)
        self._capture = _Capture(self.name, settings, self._wake)

    def close(self) -> None:
        """Abort the capture and forget what is buffered; idempotent."""
        capture, self._capture = self._capture, None
        if capture is not None:
            capture.stop()
            self._dropped_before_count = self.dropped_count
            self._ending = [one for one in self._ending if one.has_session]
            self._ending.append(capture)

    def has_session(self) -> bool:
        """Tell whether the card is open at this moment."""
        captures = [*self._ending, self._capture]
        return any(one is not None and one.has_session for one in captures)

    def read(self) -> AccessUnit | None:
        """Hand over the next block, or None.

        Raises:
            PortAbsent: no such device, or no PortAudio.
            PortLost: it stopped, lost samples, or gives nothing but a constant.
        """
        capture = self._capture
        if capture is None:
            return None
        unit = capture.queue.take()
        self.dropped_count = self._dropped_before_count + capture.queue.dropped_count
        if unit is None:
            trouble = capture.trouble or capture.watch(boot_ms())
            if trouble is not None:
                raise trouble
        return unit

    def parameters(self) -> StreamParameters | None:
        """How to read the sound: known as soon as it is open."""
        if self._capture is None:
            return None
        return StreamParameters(
            "s16le",
            self._sample_rate_hz,
            sample_rate_hz=self._sample_rate_hz,
            channel_count=self._channel_count,
        )


class _Capture:
    """One opening of the card."""

    def __init__(self, name: str, settings: tuple[str, int, int], wake: Wake) -> None:
        self.queue = SoundQueue(settings[1])
        self.trouble: PortError | None = None
        self.has_session = False
        self._name = name
        self._device, self._sample_rate_hz, self._channel_count = settings
        self._wake = wake
        self._lock = threading.Lock()
        self._is_stopped = False
        self._frame_count = 0
        self._opened_ms = boot_ms()
        self._recent: deque[tuple[int, int]] = deque()  # (time, frames)
        self._is_varied_ms = self._opened_ms
        self._stream: Any = None
        threading.Thread(target=self._open, name="sound-open", daemon=True).start()

    def stop(self) -> None:
        """Take nothing from now on, and abort; `stop()` of a dry source would block for 45 s."""
        with self._lock:
            self._is_stopped = True
            stream, self._stream = self._stream, None
        if stream is not None:
            ending = threading.Thread(target=self._end, args=(stream,), daemon=True)
            _endings[:] = [one for one in _endings if one.is_alive()]
            ending.start()
            _endings.append(ending)
            ending.join(CLOSE_WAIT_S)

    def watch(self, now_ms: int) -> PortError | None:
        """Look for what no flag tells: samples missing, or no sound in the sound."""
        if not self.has_session or now_ms - self._opened_ms < START_MS:
            return None
        frames = self._frames_since(now_ms - WATCH_MS)
        want = self._sample_rate_hz * WATCH_MS // 1000
        if abs(frames - want) * 1000 > want * RATE_TOLERANCE_PERMILLE:
            return self._lost(f"{frames} samples in 2 s instead of {want}")
        if now_ms - self._is_varied_ms > WATCH_MS:
            return self._lost("every sample is the same")
        return None

    def _frames_since(self, start_ms: int) -> int:
        recent = list(self._recent)
        return sum(frames for time_ms, frames in recent if time_ms > start_ms)

    def _lost(self, why: str) -> PortLost:
        return PortLost(f"sound card {self._name}: {why}; check plug and mixer, open it again")

    def _open(self) -> None:
        try:
            # the import itself fails where PortAudio is not installed
            import sounddevice  # type: ignore[import-untyped] # pyright: ignore[reportMissingTypeStubs] # noqa: PLC0415

            library: Any = sounddevice
            with _library_lock:
                atexit.unregister(_wait_for_endings)  # register after PortAudio's: to run before
                atexit.register(_wait_for_endings, library._exit_handler)  # noqa: SLF001
        except OSError as trouble:
            self._fail(f"{trouble}; install libportaudio2")
            return
        try:
            stream = self._start(library)
        except (library.PortAudioError, OSError, ValueError) as trouble:
            self._fail(f"{trouble}; check the device's name and that it is plugged in")
            return
        with self._lock:
            is_late = self._is_stopped
            if not is_late:
                self._stream = stream
        if is_late:
            self._end(stream)

    def _fail(self, why: str) -> None:
        self.trouble = PortAbsent(f"sound card {self._name}: {why}")
        self._wake.notify()

    def _start(self, library: Any) -> Any:
        with _library_lock:
            if _library["streams"] == 0:
                # device lists are cached: look anew while nobody else is listening
                library._terminate()  # noqa: SLF001
                library._initialize()  # noqa: SLF001
            stream = library.RawInputStream(
                device=self._device or None,
                samplerate=self._sample_rate_hz,
                channels=self._channel_count,
                dtype="int16",
                blocksize=self._sample_rate_hz // BLOCKS_PER_S,
                latency="low",
                callback=self._on_block,
                finished_callback=self._on_finished,
            )
            _library["streams"] += 1
        self.has_session = True
        self._opened_ms = self._is_varied_ms = boot_ms()
        is_started = False
        try:
            stream.start()
            is_started = True
        finally:
            if not is_started:  # the sound server went between opening and starting
                self._end(stream)
        return stream

    def _end(self, stream: Any) -> None:
        stream.abort()
        stream.close()
        with _library_lock:
            _library["streams"] -= 1
        self.has_session = False

    def _on_block(self, data: Any, frame_count: int, _time: Any, _status: Any) -> None:
        """Take a block; runs in PortAudio's thread."""
        if self._is_stopped:
            return
        block = bytes(data)
        now_ms = boot_ms()
        self._recent.append((now_ms, frame_count))
        while self._recent[0][0] < now_ms - 2 * WATCH_MS:
            self._recent.popleft()
        if block != block[:SAMPLE_BYTES] * (len(block) // SAMPLE_BYTES):
            self._is_varied_ms = now_ms
        ticks = self._frame_count
        self._frame_count += frame_count
        self.queue.put(AccessUnit(block, now_ms, ticks, ticks, is_keyframe=True))
        self._wake.notify()

    def _on_finished(self) -> None:
        if not self._is_stopped:
            self.trouble = self._lost("the sound server or the card went away")
            self._wake.notify()
