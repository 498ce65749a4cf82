"""A thread that opens a source and hands on its packets until it is told to stop."""

import threading
import time
from typing import TYPE_CHECKING, Any

from av.error import FFmpegError

from hal.api.errors import PortAbsent, PortError, PortRefused
from hal.linux.source import PICTURE, Source

if TYPE_CHECKING:
    from collections.abc import Callable

    from av.container import InputContainer
    from av.packet import Packet
    from av.stream import Stream

    OnStream = Callable[[Stream], None]
    OnPacket = Callable[[Packet[Any], int], None]


def boot_ms() -> int:
    """Monotonic milliseconds, the same as the clock port's."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


def ticks_of(packet: "Packet[Any]") -> int | None:
    """When to decode a packet; None for the first ones of some servers."""
    return packet.dts if packet.dts is not None else packet.pts


class Pull:
    """One opening of one source; never started twice.

    Args:
        source: what to open.
        kind: PICTURE or SOUND.
        on_stream: called once by the thread with the stream found; may raise PortError.
        on_packet: called with (packet, offset in ticks to add to its times).
        on_change: called when something can be read: a packet, or the trouble.
    """

    def __init__(
        self,
        source: Source,
        kind: str,
        on_stream: "OnStream",
        on_packet: "OnPacket",
        on_change: "Callable[[], None]",
    ) -> None:
        self.trouble: PortError | None = None
        self.has_session = False
        self._source = source
        self._kind = kind
        self._on_stream = on_stream
        self._on_packet = on_packet
        self._on_change = on_change
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"pull-{kind}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Let the thread end its session at its next packet; nothing is handed on from now."""
        self._stopped.set()

    def join(self, timeout_s: float) -> None:
        """Wait for the session to be over."""
        self._thread.join(timeout_s)

    def _run(self) -> None:
        try:
            self._serve()
        except PortError as trouble:
            self.trouble = trouble
        finally:
            self.has_session = False
        if not self._stopped.is_set():
            self._on_change()

    def _serve(self) -> None:
        with self._source.open(self._kind) as container:
            self.has_session = True
            if self._stopped.is_set():
                return
            streams = container.streams.video if self._kind == PICTURE else container.streams.audio
            if not streams:
                what = "picture" if self._kind == PICTURE else "sound track"
                raise PortAbsent(f"source {self._source.name}: it has no {what}")
            stream = streams[0]
            self._on_stream(stream)
            try:
                self._pump(container, stream)
            except (FFmpegError, OSError) as trouble:
                raise self._source.lost(trouble) from None  # the cause names the password

    def _pump(self, container: "InputContainer", stream: "Stream") -> None:
        """Hand on packets; a file goes round for ever, at the speed of its own times."""
        offset, end, start_ms = 0, 0, boot_ms()
        while True:
            for packet in container.demux(stream):
                if self._stopped.is_set():
                    return
                if packet.size == 0:
                    continue
                if self._source.is_file:
                    end = max(end, self._pace(packet, offset, start_ms))
                    if self._stopped.is_set():
                        return
                self._on_packet(packet, offset)
                self._on_change()
            if not self._source.is_file:
                raise self._source.lost(None)
            if end == offset:
                raise PortRefused(f"source {self._source.name}: it is empty; use another film")
            offset = end
            container.seek(0)

    def _pace(self, packet: "Packet[Any]", offset: int, start_ms: int) -> int:
        """Wait until a packet of a file is due; returns the tick at which it ends."""
        base = packet.time_base
        ticks = ticks_of(packet) or 0
        assert base is not None
        due_ms = start_ms + (offset + ticks) * base.numerator * 1000 // base.denominator
        self._stopped.wait(max(0, due_ms - boot_ms()) / 1000)
        return offset + ticks + max(1, packet.duration or 0)
