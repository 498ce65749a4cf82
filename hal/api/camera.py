"""A picture source."""

from hal.api._typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from hal.api.media import AccessUnit, PictureMeasures, StreamParameters


class Camera(Protocol):
    """Coded pictures from one source, and measures of them.

    The port promises: no call blocks for longer than 5 ms, save `still` (100 ms); `read` starts
    with a keyframe after each `open`; its queue is bounded, drops whole groups of pictures when
    the core is late, and counts them in `dropped_count`; the camera's sound is not asked for. The
    core promises to `close` and `open` again, with back-off, after an error.
    """

    name: str
    """How a person finds the source again, without any password in it."""
    dropped_count: int
    """Access units lost because nobody read them in time; only rises."""

    def open(self) -> None:
        """Begin to receive; what goes wrong on the way is told by `read`."""
        ...

    def close(self) -> None:
        """Stop receiving; idempotent."""
        ...

    def read(self) -> "AccessUnit | None":
        """Hand over the next access unit, or None when there is none yet.

        Raises:
            PortAbsent, PortRefused, PortLost: the source cannot be reached, says no, or stopped.
        """
        ...

    def parameters(self) -> "StreamParameters | None":
        """How to read what `read` handed over last; None before the first keyframe.

        `read` says None once before it hands over units that are read otherwise.
        """
        ...

    def counts(self) -> "dict[str, int]":
        """Count what was wrong with what came, by name; each only rises, over all openings.

        Names that the core knows: "damaged" (left out for want of a part), "skipped" (whole, but
        resting on a damaged keyframe), "broken" (keyframes that do not decode), "headless" (no
        keyframe had come yet), "jumps" (of the camera's times).
        """
        ...

    def clock_offset_ms(self) -> "int | None":
        """How far the source's own clock is ahead of the unit's; None where it tells no time."""
        ...

    def clock_doubt_ms(self) -> int:
        """Half width of the interval that holds that offset; 0 where it tells no time."""
        ...

    def measures(self) -> "PictureMeasures | None":
        """The newest measured picture, at most about one a second; None before the first."""
        ...

    def still(self, zones: "list[tuple[int, int, int, int]]") -> bytes:
        """Make a JPEG of the newest picture with rectangles filled.

        Args:
            zones: (left, top, right, bottom) in permille of the picture, 0 to 1000 each; filled
                with grey before the JPEG is made.

        Returns:
            the JPEG, or b"" where there is no picture, or none that can be filled.
        """
        ...
