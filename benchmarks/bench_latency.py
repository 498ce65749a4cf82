"""How long a command takes from the broker to the last byte on the line, through a real gateway.

    python -m benchmarks.bench_latency

Starts Mosquitto, a gateway process and a pty; sends signed moves and stops one at a time and
measures from the publish call to the moment at which the whole frame is readable at the far end of
the pty. A pty has no byte time: at 9600 baud the wire itself takes another 7.3 ms a frame, at 2400
another 29.2 ms. With 60 ms between commands a move meets the second stop of the one before and
waits out the frame and its 20 ms of pacing. The floor is the same way without a gateway: publish,
and hear it as a subscriber.
"""

import statistics
import tempfile
import time
from pathlib import Path

import paho.mqtt.client as mqtt

from tests.hal.servers import mosquitto
from tests.rig.gateway import Centre, Gateway, make_film

COUNT = 200
IDLE_S, BUSY_S = 0.2, 0.06


def percentile(values: list[float], share: float) -> float:
    """The value that a share of all values does not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def floor_ms(port: int) -> list[float]:
    """Measure publish to callback through the same broker."""
    heard: list[float] = []
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    client.on_message = lambda *_: heard.append(time.monotonic())
    client.connect("127.0.0.1", port)
    client.subscribe("floor")
    client.loop_start()
    time.sleep(0.3)
    took: list[float] = []
    for _ in range(COUNT):
        count, sent_s = len(heard), time.monotonic()
        client.publish("floor", b"x" * 200)
        while len(heard) == count:
            time.sleep(0.0001)
        took.append((heard[-1] - sent_s) * 1000)
        time.sleep(0.005)
    client.loop_stop()
    client.disconnect()
    return took


def command_ms(gateway: Gateway, centre: Centre, pause_s: float) -> list[float]:
    """Measure publish to frame on the pty, moves and stops in turn, a pause between them."""
    took: list[float] = []
    centre.ask("ptz.stop", camera="dome-1")
    for index in range(COUNT):
        is_move = index % 2 == 0
        time.sleep(pause_s)
        count, sent_s = len(gateway.dome.frames), time.monotonic()
        if is_move:
            centre.send("ptz.move", camera="dome-1", pan=500, tilt=0, zoom=0)
        else:
            centre.send("ptz.stop", camera="dome-1")
        while True:
            found = [at for at, frame in gateway.dome.frames[count:] if (frame[3] != 0) == is_move]
            if found:
                took.append((found[0] - sent_s) * 1000)
                break
            if time.monotonic() - sent_s > 2:
                raise SystemExit(f"command {index} never reached the line; {gateway.log()[-500:]}")
            time.sleep(0.0002)
    return took


def row(name: str, values: list[float]) -> None:
    """Print one line of figures."""
    p99, top = percentile(values, 0.99), max(values)
    print(f"{name:37} p50 {statistics.median(values):6.2f}  p99 {p99:6.2f}  max {top:6.2f} ms")


def main() -> None:
    """Run once and print."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        film = make_film(folder / "film.mp4")
        with mosquitto(folder) as broker:
            floor = floor_ms(broker.port)
            gateway = Gateway(folder, broker.port, film)
            centre = Centre(broker.port, gateway.keystore)
            try:
                gateway.start()
                centre.wait(lambda: centre.heartbeats, "first heartbeat")
                took = command_ms(gateway, centre, IDLE_S)
                busy = command_ms(gateway, centre, BUSY_S)
            finally:
                centre.close()
                gateway.close()
    row("floor: publish to subscriber", floor)
    row("command to frame, line idle", took)
    row("command to frame, line in its pacing", busy)
    print(f"ratio of medians {statistics.median(took) / statistics.median(floor):.1f}")


if __name__ == "__main__":
    main()
