"""The bridge gives foreign programs real ports, and the truth about what they did."""

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request

import av
import pytest
import serial

from sim.bridge.settings import BridgeRefusedError, load

RIGHT = bytes.fromhex("ff010002200023")
STOP = bytes.fromhex("ff010000000001")
ASK_PAN = bytes.fromhex("ff010051000052")
FRAME_MS = 29


class Bridge:
    """The demo site in a process of its own."""

    def __init__(self, folder):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "sim.bridge", "--folder", str(folder)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        path = folder / "bridge.json"
        wait_for(path.exists)
        self.found = json.loads(path.read_text("utf-8"))
        self.cameras = self.found["cameras"]

    def ask(self, path=""):
        with urllib.request.urlopen(f"{self.found['control']}/{path}") as answer:  # noqa: S310
            return json.load(answer)

    def switch(self, camera, fault, value):
        body = json.dumps({"camera": camera, "fault": fault, "value": value}).encode()
        with urllib.request.urlopen(f"{self.found['control']}/fault", body) as answer:  # noqa: S310
            return json.load(answer)

    def state(self, camera):
        return self.ask()["cameras"][camera]

    def close(self):
        self.process.terminate()
        _, errors = self.process.communicate(timeout=20)
        return self.process.returncode, errors


def wait_for(is_so, timeout_s=20):
    end_s = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < end_s, "it did not come about"
        time.sleep(0.02)


def drive(bridge):
    """Pan right, vanish into a deaf dome, stop."""
    with serial.Serial(bridge.cameras["dome-1"]["serial"], 2400, timeout=2) as line:
        start_ms = bridge.ask()["now_ms"]
        line.write(RIGHT)
        wait_for(lambda: bridge.state("dome-1")["pan_cdeg"] > 100)
        heard = bridge.ask("frames/dome-1")["frames"][0]
        assert bytes.fromhex(heard["frame"]) == RIGHT and heard["is_motion"]
        assert heard["now_ms"] - start_ms >= FRAME_MS, "faster than the wire"
        assert len(line.read(4)) == 4, "no reply"
        line.write(STOP)
        wait_for(lambda: not bridge.state("dome-1")["is_moving"])
        assert len(line.read(4)) == 4
        line.write(ASK_PAN)
        assert len(line.read(7)) == 7
        bridge.switch("dome-1", "dome_encoder_mute", True)
        line.write(ASK_PAN)
        line.timeout = 0.3
        assert line.read(7) == b"", "a lost encoder tells no place"
        bridge.switch("dome-1", "dome_deaf", True)
        line.write(RIGHT)
        line.flush()
        time.sleep(0.2)
        assert not bridge.state("dome-1")["is_moving"]


def watch(bridge):
    """Pictures alone ask for no sound; the gate and its faults are told in the files."""
    yard = bridge.cameras["yard-2"]
    with av.open(
        yard["rtsp"], options={"rtsp_transport": "tcp", "allowed_media_types": "video"}
    ) as stream:
        frames = [
            frame.to_ndarray(format="gray")
            for frame, _ in zip(stream.decode(video=0), range(5), strict=False)
        ]
    assert frames[0].shape == (360, 640) and frames[0].std() > 20
    asked = [one["track"] for one in bridge.ask("requests/yard-2")["requests"]]
    assert "picture" in asked and "sound" not in asked

    def level(key):
        with open(yard[key], encoding="ascii") as file:
            return file.read().strip()

    with open(yard["gate"], "w", encoding="ascii") as gate:
        gate.write("1\n")
    wait_for(lambda: (level("gate_read_back"), level("indicator")) == ("1", "1"))
    bridge.switch("yard-2", "indicator_broken", True)
    wait_for(lambda: level("indicator") == "0")
    bridge.switch("yard-2", "relay_stuck", False)
    wait_for(lambda: level("gate_read_back") == "0")


@pytest.mark.slow
def test_foreign_programs_meet_the_site(tmp_path):
    bridge = Bridge(tmp_path / "site")
    try:
        drive(bridge)
        watch(bridge)
        frame = tmp_path / "site" / "post-3" / "frame.jpg"
        wait_for(frame.exists)
        data = frame.read_bytes()
        assert data[:4] == b"LJPG" and data[16:18] == b"\xff\xd8"
        assert int.from_bytes(data[12:16], "big") == len(data) - 16 <= 24 * 1024
        with pytest.raises(urllib.error.HTTPError) as refused:
            bridge.switch("dome-1", "no_such_fault", True)
        assert "dome_deaf" in refused.value.read().decode()
        refused.value.close()
    finally:
        code, errors = bridge.close()
    assert (code, errors) == (0, "")
    assert not (tmp_path / "site" / "bridge.json").exists()
    assert not (tmp_path / "site" / "dome-1" / "pty").is_symlink()


def test_wrong_settings_are_told_all_at_once(tmp_path):
    path = tmp_path / "bridge.toml"
    path.write_text('colour = 1\n[[camera]]\nname = "A b"\nbaud = 17\nzoom = 2\n', "utf-8")
    with pytest.raises(BridgeRefusedError) as refused:
        load(path)
    for part in ("colour", "name", "baud", "zoom"):
        assert part in str(refused.value), part
