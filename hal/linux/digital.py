"""Digital lines on Linux: value files of sysfs kind, and the gate of a sound track."""

from pathlib import Path
from typing import Protocol

from hal.api.errors import PortFailed


class FileLine:
    """A line behind two files: one that is driven, one that tells the real level.

    Args:
        name: what people call the line.
        drive_path: "0" or "1" is written there, as to a gpio's or a LED's value file.
        read_path: holds the level that is really on the line, 0 or not 0.

    Raises:
        PortFailed: the line cannot be driven low.
    """

    def __init__(self, name: str, drive_path: str, read_path: str) -> None:
        self.name = name
        self._drive = Path(drive_path)
        self._read = Path(read_path)
        self.set(False)

    def set(self, level: bool) -> None:
        """Drive the line.

        Raises:
            PortFailed: the file cannot be written.
        """
        try:
            self._drive.write_text("1\n" if level else "0\n", encoding="ascii")
        except OSError as trouble:
            raise PortFailed(
                f"line {self.name}: {self._drive}: {trouble.strerror}; check direction and owner"
            ) from trouble

    def get(self) -> bool:
        """Read the level that is really on the line.

        Raises:
            PortFailed: the file cannot be read, or holds no number.
        """
        try:
            return int(self._read.read_text(encoding="ascii").strip()) != 0
        except (OSError, ValueError) as trouble:
            raise PortFailed(f"line {self.name}: {self._read}: {trouble}; check it") from trouble


class HasSession(Protocol):
    """A microphone that can tell whether its session exists."""

    def has_session(self) -> bool:
        """Tell whether a session with a sound track exists at this moment."""
        ...


class SessionGate:
    """The gate of a camera whose sound is a track of its own and that has no relay.

    What it drives is whether the session may exist; what it reads back is whether it may, or still
    does: after `set(False)` the level falls only when the last session is torn down.

    Args:
        name: what people call the gate.
        microphone: the port whose sessions are watched.
    """

    def __init__(self, name: str, microphone: HasSession) -> None:
        self.name = name
        self._microphone = microphone
        self._is_allowed = False

    def set(self, level: bool) -> None:
        """Allow or forbid the session."""
        self._is_allowed = level

    def get(self) -> bool:
        """Tell whether a session may exist, or does."""
        return self._is_allowed or self._microphone.has_session()
