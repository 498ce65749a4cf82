"""A microphone's relay and indicator as small files, as a kernel shows its pins."""

import os
from pathlib import Path

from sim.devices.digital import SimIndicator, SimRelay
from sim.devices.timeline import Timeline

LEVELS = {b"0": False, b"1": True}


class GateFiles:
    """One gate: `gate` is written by the unit; `gate_read_back` and `indicator` tell the truth.

    Args:
        folder: where the three files are made; all begin at 0.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.gate = folder / "gate"
        self.read_back = folder / "gate_read_back"
        self.lamp = folder / "indicator"
        self._timeline = Timeline()
        self.relay = SimRelay(self._timeline, str(self.gate))
        self.indicator = SimIndicator(self.relay, str(self.lamp))
        self.refused_count = 0
        self._handles = [_zeroed(path) for path in (self.gate, self.read_back, self.lamp)]

    def is_open(self) -> bool:
        """Tell whether the microphone has its supply."""
        return self.relay.get()

    def step(self, passed_ms: int) -> None:
        """Look at the gate file, move the contacts, tell what came of it."""
        wanted = os.pread(self._handles[0], 8, 0).strip()
        if wanted in LEVELS:
            self.relay.set(LEVELS[wanted])
        elif wanted:
            self.refused_count += 1
        self._timeline.run_until(self._timeline.now_ms() + passed_ms)
        levels = (self.relay.get(), self.indicator.get())
        for handle, level in zip(self._handles[1:], levels, strict=True):
            told = b"1\n" if level else b"0\n"
            if os.pread(handle, 8, 0) != told:  # it changed, or somebody else wrote there
                os.ftruncate(handle, len(told))
                os.pwrite(handle, told, 0)

    def close(self) -> None:
        """Let go of the files; they stay."""
        for handle in self._handles:
            os.close(handle)
        self._handles = []


def _zeroed(path: Path) -> int:
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o666)
    os.pwrite(handle, b"0\n", 0)
    return handle
