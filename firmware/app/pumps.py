"""Keeps the ports of a camera open, and moves what comes and goes between port and service."""

from firmware.app.backoff import Backoff
from hal.api._typing import TYPE_CHECKING
from hal.api.errors import PortError

if TYPE_CHECKING:
    from firmware.buffers import EventQueue, Value
    from hal.api.camera import Camera
    from hal.api.media import AccessUnit, StreamParameters
    from hal.api.microphone import Microphone
    from hal.api.serial import Serial

UNITS_PER_TURN = 64


class SourcePump:
    """A camera's pictures or a microphone's sound: opened when wanted, again after a loss.

    Args:
        source: the port.
        word: "camera" or "microphone"; events are `word.open`, `word.lost`
            and `word.changed`.
        subject: the camera's name, in events.
        events: where to tell.
    """

    __slots__ = (
        "_backoff",
        "_events",
        "_is_open",
        "_shown",
        "_source",
        "_subject",
        "_told_code",
        "_word",
        "has_flow",
        "last_keyframe_ms",
        "last_unit_ms",
    )

    def __init__(
        self, source: "Camera | Microphone", word: str, subject: str, events: "EventQueue"
    ) -> None:
        self._source = source
        self._word = word
        self._subject = subject
        self._events = events
        self._backoff = Backoff()
        self._is_open = False
        self._told_code = ""
        self._shown: StreamParameters | None = None
        self.has_flow = False
        self.last_unit_ms = self.last_keyframe_ms = -1

    def poll(self, is_wanted: bool, now_ms: int) -> "list[AccessUnit]":
        """Open or close as wanted; returns what came, at most 64 access units."""
        if not is_wanted:
            self.close()
            return []
        if not self._is_open:
            if not self._backoff.is_due(now_ms):
                return []
            self._source.open()
            self._is_open = True
        units: list[AccessUnit] = []
        try:
            while len(units) < UNITS_PER_TURN:
                unit = self._source.read()
                if unit is None:
                    break
                units.append(unit)
                if unit.is_keyframe:
                    self.last_keyframe_ms = now_ms
        except PortError as error:
            self._lost(error, now_ms)
        if units:
            self._flows(now_ms)
            self._follow(now_ms)
        return units

    def close(self) -> None:
        """Stop at once; what was buffered is forgotten by the port."""
        if self._is_open:
            self._source.close()
        self._is_open = False
        self.has_flow = False

    def retry_count(self) -> int:
        """How often opening or reading has failed."""
        return self._backoff.retry_count

    def _flows(self, now_ms: int) -> None:
        self.last_unit_ms = now_ms
        if not self.has_flow:
            self.has_flow = True
            self._backoff.succeeded()
            self._events.emit(self._word + ".open", now_ms, {"subject": self._subject})

    def _follow(self, now_ms: int) -> None:
        """Tell when the source is read otherwise than before: another codec, size or setting."""
        found, shown = self._source.parameters(), self._shown
        if found is None or found is shown:
            return
        self._shown = found
        if shown is None or (found.codec, found.extradata) == (shown.codec, shown.extradata):
            return
        fields: dict[str, Value] = {"subject": self._subject, "codec": found.codec}
        fields["width_px"], fields["height_px"] = found.width_px, found.height_px
        self._events.emit(self._word + ".changed", now_ms, fields)

    def _lost(self, error: PortError, now_ms: int) -> None:
        had_flow = self.has_flow
        self.close()
        self._backoff.failed(now_ms)
        if had_flow or error.code != self._told_code:
            self._told_code = error.code
            fields = {"subject": self._subject, "code": error.code, "text": str(error)[:120]}
            self._events.emit(self._word + ".lost", now_ms, fields)


class LinePump:
    """The serial line to a dome: opened, again after a loss, and fed in whole frames.

    Args:
        serial: the port.
    """

    __slots__ = ("_backoff", "_last_words", "_pending", "_serial", "lost_count")

    def __init__(self, serial: "Serial") -> None:
        self._serial = serial
        self._backoff = Backoff(first_ms=250)
        self._last_words = b""
        self._pending = b""
        self.lost_count = 0

    def is_open(self, now_ms: int, last_words: bytes) -> bool:
        """Open the line when it is time to; tells whether it can be used now.

        Args:
            now_ms: monotonic time.
            last_words: what the port shall say should this process die.
        """
        if self._serial.is_open():
            self._say_last(last_words)
            return True
        if not self._backoff.is_due(now_ms):
            return False
        try:
            self._serial.open()
        except PortError:
            self._backoff.failed(now_ms)
            return False
        self._backoff.succeeded()
        self._pending = b""
        self._last_words = b""
        self._say_last(last_words)
        return True

    def read(self, now_ms: int) -> bytes:
        """Hand over what came; b"" also when the line just went away."""
        try:
            return self._serial.read()
        except PortError:
            self._lost(now_ms)
            return b""

    def write(self, data: bytes, now_ms: int) -> None:
        """Send bytes; what the port does not take at once goes first next time."""
        data = self._pending + data
        try:
            taken = self._serial.write(data) if data else 0
        except PortError:
            self._lost(now_ms)
            return
        self._pending = data[taken:]

    def close(self) -> None:
        """Let go of the line after what was written has left."""
        self._serial.set_last_words(b"")
        self._serial.close()

    def _say_last(self, words: bytes) -> None:
        if words != self._last_words:
            self._serial.set_last_words(words)
            self._last_words = words

    def _lost(self, now_ms: int) -> None:
        self.lost_count += 1
        self._pending = b""
        self._serial.close()
        self._backoff.failed(now_ms)
