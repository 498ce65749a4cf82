"""One camera with all that belongs to it: its pictures, its dome and its microphone.

Picture and sound meet nowhere in here but in the loop that asks both: either may stop, fail or be
switched without the other's taking part.
"""

from firmware.app.clock_watch import ClockWatch
from firmware.app.pumps import SourcePump
from firmware.ptz.privacy import WHOLE
from firmware.recorder import causes
from hal.api._typing import TYPE_CHECKING
from hal.api.errors import PortError

if TYPE_CHECKING:
    from firmware.app.dome_line import DomeLine
    from firmware.app.ring_desk import RingDesk
    from firmware.audio.service import SoundService
    from firmware.buffers import EventQueue
    from firmware.ptz.service import PtzService
    from hal.api.board import CameraPorts
    from hal.api.digital import Digital

    Zone = tuple[int, int, int, int]

NO_PERMIT = "disarmed"
NO_PICTURE = "no_picture"
PRIVACY = "privacy"
SOUND_OFF = "sound_off"
SOON_MS = 1_000
PICTURE_LAG_MS = 2_500  # a keyframe a second, and what coding and the network hold back


class Station:
    """Joins the ports of one camera to its services and the ring.

    Args:
        ports: the camera's ports.
        dome: drives the dome; None for a fixed camera.
        sound: switches the microphone; None where there is none.
        events: where to tell what the ports do.
        line: the dome's line, which others may share; None for a fixed camera.
    """

    __slots__ = (
        "_is_withheld",
        "_level",
        "_zones",
        "_zones_settled_ms",
        "clock",
        "dome",
        "fixed_zones",
        "gate_failed_count",
        "line",
        "name",
        "picture_stream",
        "pictures",
        "ports",
        "sound",
        "sound_chain",
        "sound_stream",
        "sounds",
        "still_every_ms",
    )

    def __init__(
        self,
        ports: "CameraPorts",
        dome: "PtzService | None",
        sound: "SoundService | None",
        events: "EventQueue",
        line: "DomeLine | None" = None,
    ) -> None:
        self.ports = ports
        self.name = ports.name
        self.picture_stream = ports.name + "/picture"
        self.sound_stream = ports.name + "/sound"
        self.dome = dome
        self.sound = sound
        self.pictures = SourcePump(ports.camera, "camera", ports.name, events)
        self.clock = ClockWatch(ports.camera, ports.name, events)
        self.line = line
        self.sounds = (
            SourcePump(ports.microphone, "microphone", ports.name, events)
            if ports.microphone is not None
            else None
        )
        self._level = False
        self.still_every_ms = 5_000
        self._is_withheld = True
        self._zones: list[Zone] = []
        self._zones_settled_ms = 0
        self.fixed_zones: list[Zone] = []
        """Privacy zones of a fixed camera: (left, top, right, bottom) in permille."""
        self.sound_chain = ""
        """Key chain of the grant in force; "" while there is none."""
        self.gate_failed_count = 0

    def turn(self, ring: "RingDesk", is_armed: bool, now_ms: int) -> int:
        """Move everything one step on; returns when it is next due."""
        due_ms = self._turn_dome(now_ms)
        self._look_at_zones(now_ms)
        due_ms = min(due_ms, self._turn_sound(ring, is_armed, now_ms))
        self._turn_pictures(ring, is_armed, now_ms)
        return due_ms

    def close(self, ring: "RingDesk", cause: str, now_ms: int) -> None:
        """Stop the dome, shut the gate, end the streams; the ports stay open for last bytes."""
        if self.dome is not None:
            self.dome.stop(now_ms)
        if self.sound is not None:
            self.sound.switch_off(now_ms)
        self._turn_dome(now_ms)
        self._turn_sound(ring, is_armed=False, now_ms=now_ms)
        ring.close_stream(self.picture_stream, cause, now_ms)

    def release(self, now_ms: int) -> None:
        """Let go of every port."""
        self.pictures.close()
        if self.sounds is not None:
            self.sounds.close()
        if self.line is not None:
            self.line.release(now_ms)

    def still_zones(self, now_ms: int) -> "list[Zone]":
        """Tell what to fill of the newest picture, which may be older than what the dome says.

        Returns:
            (left, top, right, bottom) in permille; the whole picture for a while after the zones
            in view have changed, because the picture may be from before.
        """
        if now_ms < self._zones_settled_ms:
            return [WHOLE]
        return self._zones

    def is_withheld(self) -> bool:
        """Tell whether a privacy zone could be in view, so that no picture may be kept.

        Coded pictures cannot be filled without coding them again, so a fixed camera with a zone is
        never recorded: its own mask has to cover the zone, and the permit then names none.
        """
        return self._is_withheld

    def picture_blame(self, ring: "RingDesk", is_armed: bool) -> int:
        """Tell why a moment of the picture that is not recorded now is not."""
        if not is_armed:
            return causes.DISARMED
        if self._is_withheld:
            return causes.PRIVACY
        if not self.pictures.has_flow:
            return causes.CAMERA_LOST
        return ring.obstacle(self.picture_stream) or causes.NO_PICTURE

    def sound_blame(self, ring: "RingDesk", is_armed: bool) -> int:
        """Tell the same of the sound, which is off unless somebody switched it on."""
        if not is_armed:
            return causes.DISARMED
        if self.sound is None or not self.sound.wants_sound() or not self.sound_chain:
            return causes.SOUND_OFF
        return ring.obstacle(self.sound_stream) or causes.NO_SOUND

    def _look_at_zones(self, now_ms: int) -> None:
        """Follow the zones in view; they count as in view a while longer than they are."""
        zones = self.fixed_zones if self.dome is None else self.dome.picture_zones()
        if zones != self._zones:
            self._zones_settled_ms = now_ms + PICTURE_LAG_MS
            self._zones = zones
        self._is_withheld = bool(zones) or now_ms < self._zones_settled_ms

    def dome_state(self) -> str:
        """Tell the state of the drive; "no_line" while the line is not there, "" without dome."""
        if self.dome is None:
            return ""
        return self.dome.drive.state if self.has_line() else "no_line"

    def has_line(self) -> bool:
        """Tell whether the dome's line is open; true for a fixed camera, which needs none."""
        return self.ports.serial is None or self.ports.serial.is_open()

    def _turn_dome(self, now_ms: int) -> int:
        """Let the line of the dome take its turn."""
        return now_ms + SOON_MS if self.line is None else self.line.turn(now_ms)

    def _turn_sound(self, ring: "RingDesk", is_armed: bool, now_ms: int) -> int:
        """Drive the gate as the switch says, and record sound only through a gate proven open."""
        if self.sound is None or self.sounds is None:
            return now_ms + SOON_MS
        read_back = is_high(self.ports.gate)
        self.sound.observe(read_back, is_high(self.ports.indicator), now_ms)
        level, due_ms = self.sound.step(now_ms)
        if level != self._level or (read_back and not level):
            self._drive(level)
        is_wanted = is_armed and self.sound.wants_sound() and self.sound_chain != ""
        units = self.sounds.poll(is_wanted, now_ms)
        if not is_wanted:
            ring.close_stream(self.sound_stream, SOUND_OFF, now_ms)
        parameters = self.ports.microphone.parameters() if self.ports.microphone else None
        if units and parameters is not None:
            ring.open_stream(self.sound_stream, parameters, now_ms, self.sound_chain)
            for unit in units:
                ring.receive(self.sound_stream, unit, now_ms)
        return due_ms

    def _drive(self, level: bool) -> None:
        """Set the gate, which lights the indicator; a refusal shows up in the read-back."""
        self._level = level
        if self.ports.gate is not None:
            try:
                self.ports.gate.set(level)
            except PortError:
                self.gate_failed_count += 1

    def _turn_pictures(self, ring: "RingDesk", is_armed: bool, now_ms: int) -> None:
        """Record pictures while the permit is in force and no zone could be in view."""
        units = self.pictures.poll(True, now_ms)
        self.clock.step(now_ms)
        parameters = self.ports.camera.parameters()
        if not is_armed or self.is_withheld():
            cause = NO_PERMIT if not is_armed else PRIVACY
            ring.close_stream(self.picture_stream, cause, now_ms)
        elif not self.pictures.has_flow:
            ring.close_stream(self.picture_stream, NO_PICTURE, now_ms)
        elif units and parameters is not None:
            ring.open_stream(self.picture_stream, parameters, now_ms)
            for unit in units:
                ring.receive(self.picture_stream, unit, now_ms)


def is_high(line: "Digital | None") -> bool:
    """Read a line; one that is not there or does not answer is low."""
    try:
        return line is not None and line.get()
    except PortError:
        return False
