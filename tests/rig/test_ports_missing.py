"""A gateway runs on with what it has, says what is missing, and takes it back when it comes."""

import random
import signal
import time
from pathlib import Path

import pytest

from firmware.commands.message import Command
from firmware.health.catalogue import FAULTS
from firmware.telemetry import topics
from tests.hal.servers import mosquitto
from tests.rig.gateway import UNIT, Centre, Gateway, make_film

SEED = 7
GARBAGE_COUNT = 200


def active(centre: Centre) -> set[str]:
    over = ("cleared", "verified", "closed")
    numbers = {row.number for row in centre.heartbeats[-1].faults if row.state not in over}
    return {name for name, fault in FAULTS.items() if fault.number in numbers}


def counters(centre: Centre) -> dict[str, int]:
    return centre.heartbeats[-1].counters


@pytest.mark.slow
@pytest.mark.clause("C26")
def test_what_is_missing_is_told_and_comes_back(tmp_path: Path):
    film = make_film(tmp_path / "spare.mp4")
    with mosquitto(tmp_path) as broker:
        gateway = Gateway(tmp_path, broker.port, tmp_path / "film.mp4")
        centre = Centre(broker.port, gateway.keystore)
        line = tmp_path / "dome.pty"
        real_line = line.readlink()
        line.unlink()
        broker.end(signal.SIGKILL)
        try:
            gateway.start()
            time.sleep(1.5)  # long enough for every first attempt to have failed
            assert gateway.process.poll() is None, gateway.log()
            broker.start()
            wanted = {"dome.line_lost", "picture.lost"}
            centre.wait(lambda: centre.heartbeats and wanted <= active(centre), "both faults")
            answer = centre.ask("ptz.move", camera="dome-1", pan=100, tilt=0, zoom=0)
            assert (answer.result, answer.code) == ("failed", "port.absent")
            assert "serial line" in answer.remedy
            line.symlink_to(real_line)
            film.rename(tmp_path / "film.mp4")
            centre.wait(lambda: centre.camera().is_recording, "recording", 45)
            centre.wait(lambda: not wanted & active(centre), "faults cleared", 45)
            assert centre.ask("ptz.stop", camera="dome-1").result == "done"
            assert gateway.end() == 0, gateway.log()
        finally:
            centre.close()
            gateway.close()


@pytest.mark.slow
def test_a_ring_that_does_not_fit_leaves_the_rest_working(tmp_path: Path):
    film = make_film(tmp_path / "film.mp4")
    with mosquitto(tmp_path) as broker:
        gateway = Gateway(tmp_path, broker.port, film, ring="16 TiB")
        centre = Centre(broker.port, gateway.keystore)
        try:
            gateway.start()
            centre.wait(lambda: centre.heartbeats and "disk.failed" in active(centre), "fault")
            assert not centre.camera().is_recording
            assert centre.ask("ptz.stop", camera="dome-1").result == "done"
            site = gateway.site.read_text().replace("16 TiB", "16 MiB")
            assert gateway.end() == 0, gateway.log()
            gateway.site.write_text(site)
            gateway.start()
            count = len(centre.heartbeats)
            is_recording = lambda: len(centre.heartbeats) > count and centre.camera().is_recording  # noqa: E731
            centre.wait(is_recording, "recording once it fits")
        finally:
            centre.close()
            gateway.close()


@pytest.mark.slow
@pytest.mark.clause("C25")
def test_garbage_is_counted_and_nothing_breaks(tmp_path: Path):
    film = make_film(tmp_path / "film.mp4")
    chance = random.Random(SEED)
    with mosquitto(tmp_path) as broker:
        gateway = Gateway(tmp_path, broker.port, film)
        centre = Centre(broker.port, gateway.keystore)
        command_topic = topics.topic(UNIT, topics.COMMAND)
        cursor_topic = topics.topic(UNIT, topics.CURSOR)
        try:
            gateway.start()
            centre.wait(lambda: centre.heartbeats, "first heartbeat")
            good = sealed_stop(centre)
            for index in range(GARBAGE_COUNT):
                gateway.dome.say(chance.randbytes(chance.randrange(1, 40)))
                junk = bytearray(good)
                junk[chance.randrange(len(junk))] ^= 1 << chance.randrange(8)
                centre.publish(command_topic, bytes(junk))
                centre.publish(cursor_topic, chance.randbytes(index))
            centre.publish(command_topic, sealed_stop(centre), is_retained=True)
            centre.publish(command_topic, b"", is_retained=True)
            refused = GARBAGE_COUNT
            centre.wait(lambda: counters(centre)["commands.refused"] >= refused, "refused")
            centre.wait(lambda: counters(centre)["messages.unread"] >= GARBAGE_COUNT, "unread")
            assert gateway.process.poll() is None, gateway.log()
            assert centre.ask("ptz.stop", camera="dome-1").result == "done"
            accepted = counters(centre)["commands.accepted"]
            centre.publish(command_topic, good)  # used by nobody, and older than what was accepted
            count = len(centre.heartbeats)
            centre.wait(lambda: len(centre.heartbeats) >= count + 3, "three heartbeats more")
            assert counters(centre)["commands.accepted"] <= accepted + 1, "a replay was accepted"
            gateway.end(signal.SIGKILL)
            spoil(tmp_path / "ring.pool", chance)
            gateway.start()
            count = len(centre.heartbeats)
            is_recording = lambda: len(centre.heartbeats) > count and centre.camera().is_recording  # noqa: E731
            centre.wait(is_recording, "recording over a spoilt ring")
        finally:
            centre.close()
            gateway.close()


def sealed_stop(centre: Centre) -> bytes:
    command = Command("ptz.stop", {"camera": "dome-1"})
    command.person, command.role, command.purpose = "T. Ester", "operator", 1
    return centre.signer.seal(command)


def spoil(pool: Path, chance: random.Random) -> None:
    """Overwrite random places of the ring, but for its two superblocks."""
    with pool.open("r+b") as file:
        for _ in range(100):
            file.seek(chance.randrange(8192, pool.stat().st_size - 512))
            file.write(chance.randbytes(512))
