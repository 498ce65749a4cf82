"""One serial line as the loop sees it: its port kept open, and the domes that share it."""

from firmware.app.pumps import LinePump
from firmware.ptz.bus import Bus
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hal.api.serial import Serial


FAREWELL_COUNT = 3


class DomeLine:
    """Moves bytes between a port and the bus of its domes.

    Args:
        serial: the port.
    """

    __slots__ = ("_is_released", "_pump", "bus", "serial")

    def __init__(self, serial: "Serial") -> None:
        self.serial = serial
        self.bus = Bus()
        self._pump = LinePump(serial)
        self._is_released = False

    def turn(self, now_ms: int) -> int:
        """Read, step and write once; returns when it is next due. More often does no harm."""
        is_open = self._pump.is_open(now_ms, self.bus.last_words())
        self.bus.on_line(is_open, now_ms)
        if is_open:
            data = self._pump.read(now_ms)
            if data:
                self.bus.receive(data, now_ms)
        data, due_ms = self.bus.step(now_ms)
        if is_open:
            self._pump.write(data, now_ms)
        return due_ms

    def release(self, now_ms: int) -> None:
        """Say every dome's stop, whatever was under way, and let go; idempotent.

        A head may be answering just now, and its answer would damage the first copy and the
        beginning of the second: there are three.
        """
        if self._is_released:
            return
        self._is_released = True
        if self.serial.is_open():
            for _ in range(FAREWELL_COUNT):
                self._pump.write(self.bus.last_words(), now_ms)
        self._pump.close()
