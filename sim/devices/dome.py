"""A dome that obeys Pelco-D: motors, presets, auxiliaries and every reply form.

Written from the protocol's document alone, so that it is a second opinion on the controller's own
codec. It acts when the last byte of a frame is in, keeps the last motion going until told
otherwise (or until its own time-out), and stays quiet about a frame with a wrong checksum.

Angles: pan 0 to 35999 hundredths of a degree, clockwise seen from above; tilt signed, 0 at the
horizon, positive up; zoom 0 at the wide end to 1000 at the tele end.
"""

from hal.api._typing import TYPE_CHECKING
from sim.devices.dome_answers import EVERYTHING, SYNC, Answers, extended
from sim.devices.motor import Motor

if TYPE_CHECKING:
    from collections.abc import Callable

SILENT = "none"
GENERAL = "general"
STANDARD = "ack"  # the standard extended reply of version 5

TURN_CDEG = 36000
STEP_MS_MAX = 20
FLIP_CDEG_PER_S = 15_000
RESET_MS = 4000
DARK_MS = 1500
FLIP_PRESET, HOME_PRESET = 33, 34
KEPT_FIRST, KEPT_LAST = 84, 99  # auxiliaries, wiper, menu, scans: never positions
ZOOM_PERMILLE_PER_S = (120, 180, 250, 333)
LENS_PERMILLE_PER_S = 300
SCAN_CDEG_PER_S = 900
REFUSED_OPCODES = (0x57, 0x65, 0x67, 0x69)
FRAME_BYTES = 7
PRESET_SET, PRESET_CLEAR, PRESET_GO = 0x03, 0x05, 0x07
STANDARD_REPLY = 0x01
TURBO = 0x40


class Dome:
    """One dome on the line.

    Args:
        address: the receiver number it is set to, 1 to 255.
        replies: SILENT, GENERAL or STANDARD: what it says to a command. Unless SILENT it answers
            position and other queries too.
        auto_stop_ms: how long a motion goes on when no frame renews it; 0 for ever.
        obeys_zero: obey frames to address 0; it never answers them.
    """

    def __init__(
        self,
        address: int = 1,
        replies: str = GENERAL,
        auto_stop_ms: int = 15_000,
        obeys_zero: bool = False,
    ) -> None:
        self.address = address
        self.replies = replies
        self.auto_stop_ms = auto_stop_ms
        self.obeys_zero = obeys_zero
        self.is_deaf = False  # a broken head: obeys nothing, answers nothing, motors stand
        self.pan = Motor(0, 0, turn=TURN_CDEG)
        self.tilt = Motor(-9000, 1500)
        self.zoom = Motor(0, 1000)
        self.focus = Motor(0, 1000)
        self.iris = Motor(0, 1000)
        self._motors = (self.pan, self.tilt, self.zoom, self.focus, self.iris)
        self.presets: dict[int, tuple[int, int, int]] = {}
        self.aux: set[int] = set()
        self.registers: dict[int, int] = {}
        self.patterns: set[int] = set()
        self.labels = [" "] * 40
        self.zero_cdeg = 0  # of the display alone; 4B and 59 stay absolute
        self.flips = False  # driven on past straight down it turns about and comes up again
        self.is_camera_on = True
        self.is_scanning = False
        self.alarms = 0
        self.last_frame = b""  # of those to it
        self.last_motion_frame = b""
        self.last_motion_ms = 0
        self.dark_until_ms = 0  # its camera gives no picture before
        self.frame_count = 0
        self.junk_count = 0
        self.anomaly_count = 0
        self.refused_count = 0
        self.auto_stop_count = 0
        self._held = bytearray()
        self._is_over = False
        self._now_ms = 0
        self._deaf_until_ms = 0
        self.answers = Answers(self)
        self._commands = self._command_table()

    @property
    def pan_cdeg(self) -> int:
        """Where it looks, 0 to 35999, clockwise."""
        return self.pan.position

    @property
    def tilt_cdeg(self) -> int:
        """Where it looks, 0 at the horizon, positive up."""
        return self.tilt.position

    @property
    def zoom_permille(self) -> int:
        """How far it is zoomed in: 0 wide, 1000 tele."""
        return self.zoom.position

    @property
    def is_moving(self) -> bool:
        """Whether pan, tilt or zoom is in motion."""
        return self.pan.is_moving or self.tilt.is_moving or self.zoom.is_moving

    def power_cycle(self, now_ms: int) -> None:
        """Take its power away and give it back: it hears nothing for a while and finds home."""
        self.step(now_ms)
        self._halt()
        for motor in self._motors:
            motor.place(motor.position)
        self._held = bytearray()
        self.registers = {}
        self.aux = set()
        self._deaf_until_ms = now_ms + RESET_MS
        self.dark_until_ms = now_ms + DARK_MS
        self._go((0, 0, 0))

    def step(self, now_ms: int) -> None:
        """Let the motors run up to a moment."""
        while self._now_ms < now_ms:
            running = [motor for motor in self._motors if motor.is_moving]
            slice_ms = now_ms - self._now_ms
            if running:
                slice_ms = min(STEP_MS_MAX, slice_ms)
            self._now_ms += slice_ms
            for motor in running:
                motor.run(slice_ms)
            if self.flips and self.tilt.is_held_at_low():
                self._flip()
            self._watch_auto_stop()

    def receive(self, data: bytes, now_ms: int) -> bytes:
        """Take bytes off the line.

        Args:
            data: any part of the stream.
            now_ms: when the last of them had arrived.

        Returns:
            what the dome says, back to back; empty for nothing.
        """
        self.step(now_ms)
        if self.is_deaf or now_ms < self._deaf_until_ms:
            self.junk_count += len(data)
            return b""
        answer = b""
        for byte in data:
            self._held.append(byte)
            while len(self._held) >= FRAME_BYTES:
                window = bytes(self._held[:FRAME_BYTES])
                if window[0] == SYNC and sum(window[1:6]) % 256 == window[6]:
                    self._held = bytearray()
                    self.frame_count += 1
                    answer += self._obey(window)
                else:
                    self._held = self._held[1:]
                    self.junk_count += 1
        return answer

    def _watch_auto_stop(self) -> None:
        if not 0 < self.auto_stop_ms <= self._now_ms - self.last_motion_ms:
            return
        if any(self.last_motion_frame[2:4]):
            self.auto_stop_count += 1
            self._halt()

    def _flip(self) -> None:
        """Turn about, as driven past straight down, and come up on the other side."""
        rate_per_s = self.tilt.held_per_s
        self._is_over = True
        self.pan.seek((self.pan_cdeg + TURN_CDEG // 2) % TURN_CDEG, FLIP_CDEG_PER_S)
        self.tilt.drive(-rate_per_s)

    def _halt(self) -> None:
        self.last_motion_frame = b""
        self.is_scanning = False
        for motor in self._motors:
            motor.drive(0)

    def _obey(self, frame: bytes) -> bytes:
        address, extended, opcode = frame[1], frame[3] & 1, frame[3]
        is_mine = address == self.address or (address == 0 and self.obeys_zero)
        if not is_mine and not (extended and opcode == EVERYTHING):
            return b""
        self.last_frame = frame
        if not extended:
            self._move(frame)
        elif opcode in REFUSED_OPCODES or opcode == STANDARD_REPLY:
            self.refused_count += 1
            return self._acknowledge(frame, False)
        else:
            answer = self.answers.answer(frame)
            if self.answers.is_mute(frame):
                return b""
            if answer:
                return b"" if self.replies == SILENT else answer
            self._command(frame[2] << 8 | opcode, frame[4], frame[5])
        return self._acknowledge(frame, True)

    def _acknowledge(self, frame: bytes, is_done: bool) -> bytes:
        if self.replies == SILENT or frame[1] == 0:
            return b""
        if self.replies == STANDARD:
            return extended(self.address, STANDARD_REPLY, frame[3] << 8 | is_done)
        if not is_done:
            return b""  # the manual of 2003 knows no refusal
        return bytes((0xFF, self.address, self.alarms, (frame[6] + self.alarms) % 256))

    def _axis(self, bits: int, plus: int, minus: int) -> int:
        """Tell -1, 0 or 1; both bits at once are an anomaly and stand for 0."""
        if bits & plus and bits & minus:
            self.anomaly_count += 1
            return 0
        return 1 if bits & plus else -1 if bits & minus else 0

    def _move(self, frame: bytes) -> None:
        bits = frame[2] << 8 | frame[3]
        if bits & 0x6000:
            self.anomaly_count += 1
        tilt_way = self._axis(bits, 0x0008, 0x0010)
        self._is_over = self._is_over and tilt_way < 0  # flipped: down goes on as up
        turn_to = self.pan.target if self._is_over else None
        self._halt()
        self.last_motion_frame = frame
        self.last_motion_ms = self._now_ms
        zoom_speed = ZOOM_PERMILLE_PER_S[self.registers.get(0x25, 3) & 3]
        self.pan.drive(self._axis(bits, 0x0002, 0x0004) * pan_cdeg_per_s(frame[4]))
        self.tilt.drive((-tilt_way if self._is_over else tilt_way) * tilt_cdeg_per_s(frame[5]))
        self.zoom.drive(self._axis(bits, 0x0020, 0x0040) * zoom_speed)
        self.focus.drive(self._axis(bits, 0x0080, 0x0100) * LENS_PERMILLE_PER_S)
        self.iris.drive(self._axis(bits, 0x0200, 0x0400) * LENS_PERMILLE_PER_S)
        if bits & 0x0800:
            self.is_camera_on = bool(bits & 0x8000)
        if bits & 0x1000 and bits & 0x8000:
            self.is_scanning = True
            self.pan.drive(SCAN_CDEG_PER_S)
        if turn_to is not None:
            self.pan.seek(turn_to, FLIP_CDEG_PER_S)

    def _command_table(self) -> "dict[int, Callable[[int, int], None]]":
        """Lay out the commands that do more than fill a register: number to act(data1, data2)."""
        return {
            0x0003: lambda _, number: self._preset(PRESET_SET, number),
            0x0005: lambda _, number: self._preset(PRESET_CLEAR, number),
            0x0007: lambda _, number: self._preset(PRESET_GO, number),
            0x0009: lambda _, number: self.aux.add(number),
            0x000B: lambda _, number: self.aux.discard(number),
            0x000F: lambda _, __: self._reset(),
            0x0015: self._write_character,
            0x0017: lambda _, __: self._clear_screen(),
            0x001F: lambda _, number: self.patterns.add(max(number, 1)),
            0x0775: lambda _, number: self.patterns.discard(max(number, 1)),
            0x0049: lambda _, __: self._set_zero(),
            0x004B: lambda high, low: self.pan.seek((high << 8 | low) % TURN_CDEG),
            0x004D: lambda high, low: self.tilt.seek(elevation_cdeg(high << 8 | low)),
            0x004F: lambda high, low: self.zoom.seek(((high << 8 | low) * 1000 + 32767) // 65535),
            0x005F: lambda high, low: self.zoom.seek(((high << 8 | low) - 100) * 1000 // 1900),
        }

    def _command(self, number: int, data1: int, data2: int) -> None:
        act = self._commands.get(number)
        if act:
            act(data1, data2)
        else:
            self.registers[number] = data1 << 8 | data2

    def _set_zero(self) -> None:
        self.zero_cdeg = self.pan_cdeg

    def _reset(self) -> None:
        self._halt()
        self._deaf_until_ms = self._now_ms + RESET_MS

    def _write_character(self, column: int, character: int) -> None:
        if column < len(self.labels):
            self.labels[column] = chr(character)

    def _clear_screen(self) -> None:
        self.labels = [" "] * len(self.labels)

    def _preset(self, act: int, number: int) -> None:
        if number == 0 or (act != PRESET_GO and is_kept(number)):
            self.refused_count += 1
        elif act == PRESET_SET:
            self.presets[number] = (self.pan_cdeg, self.tilt_cdeg, self.zoom_permille)
        elif act == PRESET_CLEAR:
            self.presets.pop(number, None)
        elif number == FLIP_PRESET:
            self._go((self.pan_cdeg + TURN_CDEG // 2, self.tilt_cdeg, self.zoom_permille))
        elif number == HOME_PRESET:
            self._go((0, self.tilt_cdeg, self.zoom_permille))
        elif number in self.presets:
            self._go(self.presets[number])
        else:
            self.refused_count += 1  # an undefined preset is ignored, and answered all the same

    def _go(self, target: "tuple[int, int, int]") -> None:
        self._halt()
        self.pan.seek(target[0] % TURN_CDEG)
        self.tilt.seek(target[1])
        self.zoom.seek(target[2])


def is_kept(number: int) -> bool:
    """Whether a preset is pre-assigned: to set or clear it is ignored, and answered."""
    return number in {FLIP_PRESET, HOME_PRESET} or KEPT_FIRST <= number <= KEPT_LAST


def elevation_cdeg(down_cdeg: int) -> int:
    """Turn the wire's tilt, 0 at the horizon and counting downwards, into one that is up."""
    down_cdeg %= TURN_CDEG
    return -down_cdeg if down_cdeg <= TURN_CDEG // 2 else TURN_CDEG - down_cdeg


def pan_cdeg_per_s(speed_byte: int) -> int:
    """Tell how fast a pan speed byte is: very slow at 0, 80 degrees a second at 3F, 150 turbo."""
    if speed_byte >= TURBO:
        return 15000
    return 10 + 7990 * speed_byte * speed_byte // (63 * 63)


def tilt_cdeg_per_s(speed_byte: int) -> int:
    """Tell how fast a tilt speed byte is; there is no turbo."""
    return 10 + 3990 * min(speed_byte, 63) * min(speed_byte, 63) // (63 * 63)
