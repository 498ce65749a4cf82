"""A sound source, opened by the sound switch and by nothing else."""

from hal.api._typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from hal.api.media import AccessUnit, StreamParameters


class Microphone(Protocol):
    """Sound of one camera, as a stream of its own.

    The port promises: while closed, no sample is taken, buffered or asked for (an RTSP audio track
    is not even set up); `close` returns within 50 ms and nothing read afterwards was captured
    before the next `open`; the queue is bounded to 2 s and counts what it dropped.
    """

    name: str
    """How a person finds the source again, without any password in it."""
    dropped_count: int
    """Access units lost because nobody read them in time; only rises."""

    def open(self) -> None:
        """Begin to receive; what goes wrong on the way is told by `read`."""
        ...

    def close(self) -> None:
        """Stop at once and forget what is buffered; idempotent."""
        ...

    def read(self) -> "AccessUnit | None":
        """Hand over the next piece of sound, or None.

        Raises:
            PortAbsent, PortRefused, PortLost: the source cannot be reached, says no, or stopped.
        """
        ...

    def parameters(self) -> "StreamParameters | None":
        """How to read the sound; None until known."""
        ...
