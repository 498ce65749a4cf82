"""The sound track of an RTSP camera: a session of its own that exists only while sound is on."""

from hal.api.media import AccessUnit, StreamParameters
from hal.linux.media_queue import SoundQueue
from hal.linux.rtsp.address import Address
from hal.linux.rtsp.loop import Opening, shared_loop
from hal.linux.rtsp.offers import SOUND, choose, make_sound_track
from hal.linux.rtsp.sdp import Media
from hal.linux.rtsp.sound_track import SoundTrack
from hal.linux.wake import Wake


class RtspMicrophone:
    """The sound of a stream, passed through as it was coded.

    Args:
        url: see `hal.linux.rtsp.address.Address`; usually the camera's own.
        wake: told when sound came.
        is_udp: packets by UDP; the default is inside the connection.

    Raises:
        PortRefused: the URL is none of RTSP.
    """

    def __init__(self, url: str, wake: Wake, is_udp: bool = False) -> None:
        self._address = Address(url)
        self.name = self._address.url
        self.dropped_count = 0
        self._dropped_before_count = 0
        self._wake = wake
        self._is_udp = is_udp
        self._receiver: _Receiver | None = None
        self._opening: Opening | None = None
        self._ending: list[Opening] = []

    def open(self) -> None:
        """Begin to receive, with a session of its own."""
        assert self._receiver is None
        self._receiver = _Receiver(self.name, self._wake)
        self._opening = shared_loop().open(self._address, self._receiver, is_udp=self._is_udp)

    def close(self) -> None:
        """Hand over nothing from now on and end the session; idempotent."""
        opening, self._opening, self._receiver = self._opening, None, None
        if opening is not None:
            opening.close()
            self._dropped_before_count = self.dropped_count
            self._ending = [one for one in self._ending if not one.is_over]
            self._ending.append(opening)

    def has_session(self) -> bool:
        """Tell whether a session with a sound track exists at this moment."""
        openings = [*self._ending, self._opening] if self._opening else self._ending
        return any(opening.has_session() for opening in openings)

    def read(self) -> AccessUnit | None:
        """Hand over the next piece of sound, or None.

        Raises:
            PortAbsent, PortRefused, PortLost: told by the loop; again until `close`.
        """
        receiver, opening = self._receiver, self._opening
        if receiver is None or opening is None:
            return None
        trouble = opening.trouble
        unit = receiver.queue.take() if receiver.queue else None
        self.dropped_count = self._dropped_before_count + receiver.dropped_count()
        if unit is None and trouble is not None:
            raise trouble
        return unit

    def parameters(self) -> StreamParameters | None:
        """How to read the sound; None until known."""
        receiver = self._receiver
        return receiver.track.parameters if receiver and receiver.track else None


class _Receiver:
    """Everything of one opening; what the loop still reads for an earlier one ends there."""

    def __init__(self, name: str, wake: Wake) -> None:
        self.queue: SoundQueue | None = None
        self.track: SoundTrack | None = None
        self._name = name
        self._wake = wake
        self._has_news = False

    def choose(self, offers: list[Media]) -> Media:
        """Choose the sound track; PortError when there is none."""
        return choose(self._name, SOUND, offers)

    def read(self, media: Media) -> SoundTrack:
        """Make what reads it."""
        self.track = make_sound_track(self._name, media, self._deliver)
        self.queue = SoundQueue(media.clock_hz)
        return self.track

    def on_step(self, now_ms: int) -> Wake | None:
        """Ask to wake the core if sound came."""
        del now_ms
        has_news, self._has_news = self._has_news, False
        return self._wake if has_news else None

    def on_trouble(self) -> None:
        """Wake the core, which will find out why."""
        self._wake.notify()

    def dropped_count(self) -> int:
        """Blocks lost on the way or left out by the queue."""
        count = self.queue.dropped_count if self.queue else 0
        return count + (self.track.damaged_count if self.track else 0)

    def _deliver(self, unit: AccessUnit) -> None:
        self._has_news = True
        assert self.queue is not None
        self.queue.put(unit)
