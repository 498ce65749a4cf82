"""A held move whose renewals stop is stopped on the wire within a second, however they stop."""

import signal
import time
from pathlib import Path

import pytest

from tests.hal.servers import mosquitto
from tests.rig.gateway import Centre, Gateway, make_film

STOP = bytes.fromhex("ff010000000001")
RENEW_S = 0.3


def is_move(frame: bytes) -> bool:
    return frame[1] == 1 and frame[3] & 0x06 != 0


def hold(centre: Centre, seconds: float) -> float:
    """Hold the button: renew a move; returns when the last renewal was sent."""
    end_s = time.monotonic() + seconds
    sent_s = 0.0
    while time.monotonic() < end_s:
        sent_s = time.monotonic()
        answer = centre.ask("ptz.move", camera="dome-1", pan=-500, tilt=0, zoom=0)
        assert answer.result == "done", (answer.code, answer.remedy)
        time.sleep(RENEW_S)
    return sent_s


def stopped_after_s(gateway: Gateway, moment_s: float) -> float:
    """Wait for the stop after a moment; returns how long after it was on the wire."""
    end_s = moment_s + 3.0
    while time.monotonic() < end_s:
        stops = [at_s for at_s, frame in gateway.dome.after(moment_s) if frame == STOP]
        if stops:
            return stops[0] - moment_s
        time.sleep(0.005)
    raise AssertionError(f"no stop within 3 s; heard {gateway.dome.frames[-5:]}")


@pytest.mark.slow
@pytest.mark.clause("C56")
def test_a_move_ends_when_its_renewals_do(tmp_path: Path):
    film = make_film(tmp_path / "film.mp4")
    with mosquitto(tmp_path) as broker:
        gateway = Gateway(tmp_path, broker.port, film)
        centre = Centre(broker.port, gateway.keystore)
        try:
            gateway.start()
            centre.wait(lambda: centre.heartbeats, "first heartbeat")
            for what in ("page closed", "link cut", "killed"):
                last_s = hold(centre, 1.2)
                assert any(is_move(frame) for _, frame in gateway.dome.after(last_s - 1)), what
                if what == "link cut":
                    broker.end(signal.SIGKILL)
                if what == "killed":
                    gateway.end(signal.SIGKILL)
                took_s = stopped_after_s(gateway, last_s)
                print(f"{what}: stop on the wire {took_s * 1000:.0f} ms after the last renewal")
                assert took_s < 1.0, what
                if what == "link cut":
                    broker.start()
                    seen = len(centre.states)
                    centre.wait(lambda count=seen: len(centre.states) > count, "birth again")
        finally:
            centre.close()
            gateway.close()
