"""The sound track of an RTSP camera, a session of its own that exists only while sound is on."""

from typing import TYPE_CHECKING, Any

from hal.api.errors import PortRefused
from hal.api.media import AccessUnit, StreamParameters
from hal.linux.media_queue import SoundQueue
from hal.linux.pull import Pull, boot_ms, ticks_of
from hal.linux.source import SOUND, Source
from hal.linux.wake import Wake

if TYPE_CHECKING:
    from av.packet import Packet
    from av.stream import Stream

CODECS = {"aac": "aac", "pcm_alaw": "alaw", "pcm_mulaw": "ulaw", "opus": "opus"}


class TrackMicrophone:
    """The sound of a stream, passed through as it was coded.

    Args:
        url: see `hal.linux.source.Source`; usually the camera's own.
        wake: told when sound came.
    """

    def __init__(self, url: str, wake: Wake) -> None:
        self._source = Source(url)
        self.name = self._source.name
        self.dropped_count = 0
        self._dropped_before_count = 0
        self._wake = wake
        self._receiver: _Receiver | None = None
        self._ending: list[Pull] = []

    def open(self) -> None:
        """Begin to receive, in a thread with a session of its own."""
        assert self._receiver is None
        self._receiver = _Receiver(self._source, self._wake)

    def close(self) -> None:
        """Hand over nothing from now on and end the session; idempotent."""
        receiver, self._receiver = self._receiver, None
        if receiver is not None:
            receiver.pull.stop()
            self._dropped_before_count = self.dropped_count
            self._ending = [pull for pull in self._ending if pull.has_session]
            self._ending.append(receiver.pull)

    def has_session(self) -> bool:
        """Tell whether a session with a sound track exists at this moment."""
        is_ending = any(pull.has_session for pull in self._ending)
        return is_ending or (self._receiver is not None and self._receiver.pull.has_session)

    def read(self) -> AccessUnit | None:
        """Hand over the next piece of sound, or None.

        Raises:
            PortAbsent, PortRefused, PortLost: told by the thread; again until `close`.
        """
        receiver = self._receiver
        if receiver is None:
            return None
        unit = receiver.queue.take() if receiver.queue else None
        if receiver.queue:
            self.dropped_count = self._dropped_before_count + receiver.queue.dropped_count
        if unit is None and receiver.pull.trouble is not None:
            raise receiver.pull.trouble
        return unit

    def parameters(self) -> StreamParameters | None:
        """How to read the sound; None until known."""
        return self._receiver.parameters if self._receiver else None


class _Receiver:
    """Everything of one opening; what a late thread still receives ends here."""

    def __init__(self, source: Source, wake: Wake) -> None:
        self.queue: SoundQueue | None = None
        self.parameters: StreamParameters | None = None
        self._source = source
        self._scale = 1
        self._dts = -(1 << 62)
        self.pull = Pull(source, SOUND, self._on_stream, self._on_packet, wake.notify)

    def _on_stream(self, stream: "Stream") -> None:
        context = stream.codec_context
        if context.name not in CODECS:
            raise PortRefused(
                f"source {self._source.name}: sound codec {context.name} is not one of "
                "AAC, G.711 or Opus; change the camera's settings"
            )
        base = stream.time_base
        assert base is not None
        self._scale = base.numerator
        self.queue = SoundQueue(base.denominator)
        self.parameters = StreamParameters(
            CODECS[context.name],
            base.denominator,
            bytes(context.extradata or b""),
            sample_rate_hz=getattr(context, "sample_rate", 0),
            channel_count=getattr(context, "channels", 0),
        )

    def _on_packet(self, packet: "Packet[Any]", offset: int) -> None:
        ticks = ticks_of(packet)
        if ticks is None:  # the first packet of some servers: 20 ms that nobody can place
            return
        assert self.queue is not None
        pts = packet.pts if packet.pts is not None else ticks
        self._dts = max(self._dts, (ticks + offset) * self._scale)
        unit = AccessUnit(
            bytes(packet), boot_ms(), (pts + offset) * self._scale, self._dts, is_keyframe=True
        )
        self.queue.put(unit)
