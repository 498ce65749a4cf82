"""A dome that answers as real ones do on a bad day: one switch for each habit met in the field.

It wraps a `Dome`, hears and obeys as that does, and spoils what it says. Switches can be set
together; all off, it is the dome itself. Habits of a line (echo, noise, lost bytes) are switches
of `SimLine`.
"""

from hal.api._typing import TYPE_CHECKING
from sim.devices.line import FAR, US_PER_MS

if TYPE_CHECKING:
    from sim.devices.dome import Dome
    from sim.devices.line import SimLine

HABITS = (  # those that are on or off, and need no line
    "stale_ack",
    "garbage_first",
    "says_twice",
    "cuts_last_byte",
    "loses_first_byte",
    "bad_sum",
    "sums_address_too",
    "tilt_counts_up",
    "says_full_turn",
    "hangs_on_bad_sum",
    "zero_speed_stops",
    "swaps_zoom",
    "swaps_focus",
)
FRAME_BYTES = 7
SYNC = 0xFF
HANG_MS = 4000
PAN_REPLY, TILT_REPLY = 0x59, 0x5B
TURN_CDEG = 36000
GARBAGE = b"\x00\x5a"


class HostileDome:
    """Hangs on a line like a dome.

    Args:
        dome: what it is when nobody spoils it.
        line: that it hangs on; needed by `drips` and `late_ms`.
    """

    def __init__(self, dome: "Dome", line: "SimLine | None" = None) -> None:
        self.dome = dome
        self.drips = False  # a byte, a pause of a byte, a byte
        self.late_ms = 0  # thinks for longer than anybody waits
        self.stale_ack = False  # the acknowledgement of the command before comes first
        self.garbage_first = False  # two bytes of nothing come first
        self.says_twice = False
        self.cuts_last_byte = False  # lets go of the line too early
        self.loses_first_byte = False  # takes the line too late
        self.bad_sum = False
        self.answers_as = 0  # another address than its own; 0 for its own
        self.sums_address_too = False  # adds the address to a general reply's checksum
        self.tilt_counts_up = False
        self.says_full_turn = False  # 36000 where others say 0
        self.hangs_on_bad_sum = False  # a damaged frame makes it deaf for 4 s
        self.zero_speed_stops = False  # the manual of 1999: speed 00 is no motion
        self.swaps_zoom = False  # takes tele for wide
        self.swaps_focus = False  # takes near for far
        self.hang_count = 0
        self.line = line
        self._recent = b""
        self._last_sum = -1
        self._deaf_until_ms = 0

    def receive(self, data: bytes, now_ms: int) -> bytes:
        """Take bytes that have arrived by now; returns what it says at once."""
        said = b""
        for byte in data:
            said += self._take(byte, now_ms)
        return said

    def _take(self, byte: int, now_ms: int) -> bytes:
        if now_ms < self._deaf_until_ms:
            return b""
        self._recent = (self._recent + bytes((byte,)))[-FRAME_BYTES:]
        frame_count = self.dome.frame_count
        answer = self.dome.receive(bytes((byte,)), now_ms)
        if self.dome.frame_count != frame_count:
            frame, self._recent = self._recent, b""
            self._after_frame(frame)
            answer = self._spoil(answer, frame) if answer else b""
            self._last_sum = frame[6]
        elif self.hangs_on_bad_sum and self._is_damaged():
            self.hang_count += 1
            self._recent = b""
            self._deaf_until_ms = now_ms + HANG_MS
        return self._speak(answer, now_ms)

    def _after_frame(self, frame: bytes) -> None:
        is_mine = frame[1] == self.dome.address
        if self.zero_speed_stops and is_mine and not frame[3] & 1:
            if not frame[4]:
                self.dome.pan.drive(0)
            if not frame[5]:
                self.dome.tilt.drive(0)
        if is_mine and not frame[3] & 1:
            for is_swapped, motor in (
                (self.swaps_zoom, self.dome.zoom),
                (self.swaps_focus, self.dome.focus),
            ):
                if is_swapped:
                    motor.drive(-motor.want_per_s)

    def _is_damaged(self) -> bool:
        window = self._recent
        is_whole = len(window) == FRAME_BYTES and window[0] == SYNC
        return is_whole and sum(window[1:6]) % 256 != window[6]

    def _spoil(self, answer: bytes, frame: bytes) -> bytes:
        """Say it otherwise."""
        if len(answer) == FRAME_BYTES:
            answer = self._other_numbers(answer)
        if self.sums_address_too and len(answer) != FRAME_BYTES:
            answer = answer[:-1] + bytes(((answer[-1] + answer[1]) % 256,))
        if self.answers_as:
            shift = self.answers_as - answer[1]
            is_long = len(answer) == FRAME_BYTES
            tail = (answer[-1] + (shift if is_long else 0)) % 256
            answer = answer[:1] + bytes((self.answers_as,)) + answer[2:-1] + bytes((tail,))
        if self.bad_sum:
            answer = answer[:-1] + bytes((answer[-1] ^ 1,))
        if self.cuts_last_byte:
            answer = answer[:-1]
        if self.loses_first_byte:
            answer = answer[1:]
        if self.says_twice:
            answer += answer
        if self.stale_ack and self._last_sum >= 0:
            answer = bytes((SYNC, frame[1], 0, self._last_sum)) + answer
        return GARBAGE + answer if self.garbage_first else answer

    def _other_numbers(self, answer: bytes) -> bytes:
        number, value = answer[3], answer[4] << 8 | answer[5]
        if number == TILT_REPLY and self.tilt_counts_up:
            value = -value % TURN_CDEG
        if number in {PAN_REPLY, TILT_REPLY} and self.says_full_turn and value == 0:
            value = TURN_CDEG
        body = answer[1:4] + bytes((value >> 8, value & 0xFF))
        return answer[:1] + body + bytes((sum(body) % 256,))

    def _speak(self, answer: bytes, now_ms: int) -> bytes:
        if not answer or self.line is None or not (self.drips or self.late_ms):
            return answer
        at_us = (now_ms + self.late_ms) * US_PER_MS
        if not self.drips:
            self.line.send(FAR, answer, at_us)
            return b""
        byte_us = 10_000_000 // self.line.baud
        for index in range(len(answer)):
            self.line.send(FAR, answer[index : index + 1], at_us + 2 * index * byte_us)
        return b""
