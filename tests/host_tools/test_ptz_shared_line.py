"""Two domes that share one line: one port, one owner of it, both moved and stopped."""

import time
from pathlib import Path
from types import SimpleNamespace

from firmware.app.assembly import make_stations
from firmware.buffers import EventQueue
from firmware.config.load import load
from hal.boot.linux import _all_camera_ports
from hal.linux.wake import Wake
from sim.bridge.lines import PtyLine
from sim.devices.dome import Dome

LINE = "pelco-d+serial://bus?baud=9600&address=%d"
SITE = {
    "unit": {"name": "gateway-1", "place": "here"},
    "link": {"url": "mqtt://127.0.0.1"},
    "ring": {"size_bytes": 64 << 20},
    "camera": [
        {
            "name": f"dome-{address}",
            "source": "rtsp://127.0.0.1:9/none",
            "ptz": {"serial": LINE % address},
        }
        for address in (1, 2)
    ],
}


class Party:
    """Both domes hear every byte."""

    def __init__(self, domes: "list[Dome]") -> None:
        self.domes = domes

    def receive(self, data: bytes, now_ms: int) -> bytes:
        return b"".join(dome.receive(data, now_ms) for dome in self.domes)


def now_ms() -> int:
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


def test_two_domes_on_one_pty(tmp_path: Path):
    domes = [Dome(1), Dome(2)]
    pty = PtyLine(tmp_path / "bus", domes[0], 9600, Party(domes))
    wake = Wake()
    cameras = _all_camera_ports(load(SITE), tmp_path, wake)
    assert cameras[0].serial is cameras[1].serial, "one port for one line"
    stations = make_stations(SimpleNamespace(cameras=cameras), load(SITE), None, EventQueue())
    lines = [station.line for station in stations]
    assert lines[0] is lines[1] is not None

    def turn_until(is_reached, what: str, hold=()) -> None:
        end_ms = now_ms() + 5000
        while not is_reached():
            assert now_ms() < end_ms, what
            for index, speed in hold:
                assert stations[index].dome.move(speed, 0, 0, now_ms()) == "", what
            for line in lines:
                line.turn(now_ms())
            wake.wait(2)

    try:
        turn_until(
            lambda: all(station.dome.position()[3] for station in stations), "both places known"
        )
        turn_until(
            lambda: domes[0].pan.rate_per_s > 0 > domes[1].pan.rate_per_s,
            "both move, each its own way",
            hold=((0, 500), (1, -500)),
        )
        turn_until(
            lambda: not any(dome.last_motion_frame[3:4].strip(b"\0") for dome in domes),
            "both leases run out and both are stopped",
        )
        assert lines[0].bus.quality.verdict() in {"good", "unknown"}
        assert lines[0].bus.quality.error_count == 0
    finally:
        for station in stations:
            station.release(now_ms())
        pty.close()
        wake.close()
