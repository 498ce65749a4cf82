"""What a simulated dome says to queries: one table, and an encoder that can be lost.

A lost encoder is `MUTE` (no answer to where it looks) or `FROZEN` (the same answer for ever,
whatever the motors do).
"""

from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from sim.devices.dome import Dome

    Value = Callable[[int], int]

TRUE, MUTE, FROZEN = "true", "mute", "frozen"
PART_NUMBER = b"LAMPPOST-SIM\0\0\0"
EVERYTHING = 0x45
SYNC = 0xFF
TURN_CDEG = 36000
PAN, TILT, ZOOM = 0x51, 0x53, 0x55
MASK_BITS = 16
CLOCK = 0x77
LIMITS = (0x0875, 0x0975, 0x0A75, 0x0B75)  # manual left and right, scan left and right


class Answers:
    """The answering part of one dome.

    Args:
        dome: whose state it tells.
    """

    def __init__(self, dome: "Dome") -> None:
        self._dome = dome
        self._encoder = TRUE
        self._frozen = (0, 0, 0)
        self._queries = self._table()

    def lose_encoder(self, how: str) -> None:
        """Lose the encoder, or find it again: TRUE, MUTE or FROZEN."""
        if how != self._encoder:
            self._frozen = self._place()
        self._encoder = how

    def answer(self, frame: bytes) -> bytes:
        """Compose the answer to a query; empty when the frame is no query."""
        if frame[3] == EVERYTHING:
            total = frame[6] + self._dome.address + sum(PART_NUMBER)
            return bytes((SYNC, self._dome.address)) + PART_NUMBER + bytes((total % 256,))
        row = self._queries.get(frame[2] << 8 | frame[3])
        if row is None:
            return b""
        return extended(self._dome.address, row[0], row[1](frame[4] << 8 | frame[5]))

    def is_mute(self, frame: bytes) -> bool:
        """Whether it is asked where it looks and cannot tell."""
        return self._encoder == MUTE and frame[2] == 0 and frame[3] in {PAN, TILT, ZOOM}

    def _place(self) -> "tuple[int, int, int]":
        dome = self._dome
        return dome.pan_cdeg, dome.tilt_cdeg, dome.zoom_permille

    def _look(self, axis: int) -> int:
        place = self._frozen if self._encoder == FROZEN else self._place()
        return place[axis]

    def _table(self) -> "dict[int, tuple[int, Value]]":
        """Lay out the queries: number asked, to number of the reply and what gives its value."""
        table: dict[int, tuple[int, Value]] = {
            PAN: (0x0059, lambda _: self._look(0)),
            TILT: (0x005B, lambda _: -self._look(1) % TURN_CDEG),
            ZOOM: (0x005D, lambda _: (self._look(2) * 65535 + 500) // 1000),
            0x0061: (0x0063, lambda _: 100 + self._look(2) * 1900 // 1000),
            0x006B: (0x006D, lambda _: 5 << 8 | 1),
            0x006F: (0x0071, lambda _: 31 << 8 | 1),
            0x0073: (0x0173, lambda _: 1 << 8 | 2),
            0x0273: (0x0373, lambda _: 345),
            0x0075: (0x0175, lambda _: self._dome.zero_cdeg),
            0x0375: (0x0475, lambda _: self._register(0x0275, 2000)),
            0x0575: (0x0675, lambda _: self._dome.alarms),
            0x0C75: (0x0D75, lambda which: self._register(LIMITS[which & 3])),
            0x0F75: (0x1075, self._presets),
            0x1175: (0x1275, self._patterns),
        }
        for part in (1, 3, 5, 7):  # seconds, hour and minute, month and day, year
            table[part << 8 | CLOCK] = (part << 8 | CLOCK, self._clock(part - 1))
        return table

    def _clock(self, part: int) -> "Value":
        return lambda _: self._register(part << 8 | CLOCK)

    def _register(self, number: int, otherwise: int = 0) -> int:
        return self._dome.registers.get(number, otherwise)

    def _presets(self, group: int) -> int:
        """Tell which of sixteen presets are defined: bit 0 for the first of the group."""
        first = (group & 0xFF) * MASK_BITS + 1
        return sum(1 << bit for bit in range(MASK_BITS) if first + bit in self._dome.presets)

    def _patterns(self, group: int) -> int:
        """Tell which patterns were recorded: bit 0 for pattern 1; only group 0 has any."""
        if group & 0xFF:
            return 0
        return sum(1 << number - 1 for number in self._dome.patterns)


def extended(address: int, number: int, value: int) -> bytes:
    """Lay out seven bytes; `number` is byte 3 and the opcode."""
    body = bytes((address, number >> 8, number & 0xFF, value >> 8 & 0xFF, value & 0xFF))
    return b"\xff" + body + bytes((sum(body) % 256,))
