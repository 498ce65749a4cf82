"""Programs that are not ours drive the simulated heads over a pty, and read what they say.

ZoneMinder's own control modules (from its Debian package, unpacked by .ci/packages.sh) and
pyptzcontroller (from PyPI). Where they send what our controller would send, the bytes are held
against ours; where they are known to be wrong, the test says so.
"""

import contextlib
import io
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from ptz_control_lib.ptz_controller import PtzControl

from firmware.pelco_d import commands, replies
from firmware.ptz.model import PtzSettings
from firmware.ptz.protocols import PelcoD
from sim.bridge.lines import PtyLine
from sim.devices.dome import Dome
from sim.devices.dome_p import DomeP
from sim.devices.visca_head import ViscaHead

HERE = Path(__file__).resolve().parent
ZONEMINDER = HERE.parent.parent / "build" / "foreign" / "zoneminder" / "usr" / "share" / "perl5"
PATIENCE_S = 20


def zoneminder(module: str, port: Path, address: int, *acts: str) -> None:
    """Let one of ZoneMinder's control modules do so many acts."""
    where = ZONEMINDER / "ZoneMinder" / "Control" / f"{module}.pm"
    assert where.exists(), f"{where} is missing; .ci/packages.sh test unpacks it"
    command = ["perl", "-I", str(HERE / "foreign"), "-I", str(ZONEMINDER)]
    command += [str(HERE / "foreign" / "zoneminder.pl"), module, str(port), str(address), *acts]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done


def wait_for(is_so: "Callable[[], bool]") -> None:
    end_s = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < end_s, "it did not come about"
        time.sleep(0.02)


def test_zoneminder_drives_a_pelco_d_dome(tmp_path: Path) -> None:
    ours = PelcoD(PtzSettings(7, 2400, True))
    bits = commands.UP | commands.LEFT
    cases = (
        ("moveConRight,panspeed=32", commands.motion(7, commands.RIGHT, 32)),
        ("stop", ours.stop()),
        ("moveConUpLeft,panspeed=63,tiltspeed=20", commands.motion(7, bits, 63, 20)),
        ("moveConDown,tiltspeed=63", commands.motion(7, commands.DOWN, 0, 63)),
        ("moveStop", ours.stop()),
        ("presetSet,preset=3", ours.preset("set", 3)),
        ("presetGoto,preset=3", ours.preset("go", 3)),
        ("clearPreset,preset=3", ours.preset("clear", 3)),
        ("autoScan", commands.motion(7, commands.SCAN_AUTO)),
        ("cameraOff", commands.motion(7, commands.CAMERA_OFF)),
        ("cameraOn", commands.motion(7, commands.CAMERA_ON)),
        ("clearScreen", commands.build(7, "clear_screen")),
        ("remoteReset", commands.build(7, "remote_reset")),
    )
    line = PtyLine(tmp_path / "dome", Dome(7), 2400)
    try:
        zoneminder("PelcoD", line.link, 7, *(act for act, _ in cases))
        wait_for(lambda: len(line.frames) >= len(cases))
        heard = [row.frame for row in line.frames]
        for index, (act, want) in enumerate(cases):
            assert heard[index] == want, (act, heard[index].hex(" "))
        assert line.look()[0] != 0, "it turned"
        assert line.dome.anomaly_count == 0 and line.dome.is_camera_on
    finally:
        line.close()


def test_a_bug_of_zoneminder_does_not_upset_the_dome(tmp_path: Path) -> None:
    line = PtyLine(tmp_path / "dome", Dome(7), 2400)
    try:
        zoneminder("PelcoD", line.link, 7, "irisConOpen,speed=1", "wait,ms=300", "stop")
        wait_for(lambda: len(line.frames) >= 2)
        assert line.frames[0].frame[2:4] == b"\x02\x80", "iris open says focus far too"
        wait_for(lambda: line.dome.iris.position > 0 and line.dome.focus.position > 0)
    finally:
        line.close()


def test_zoneminder_drives_a_pelco_p_head(tmp_path: Path) -> None:
    head = DomeP(2)  # it puts the configured number on the wire, which is one less than ours
    line = PtyLine(tmp_path / "dome", head.body, 4800, head)
    acts = ("moveConRight,panspeed=63", "wait,ms=300", "presetSet,preset=5")
    try:
        zoneminder("PelcoP", line.link, 1, *acts, "moveConUp,tiltspeed=63", "wait,ms=300")
        wait_for(lambda: head.frame_count >= 3)
        pan, tilt, _ = line.look()
        assert 0 < pan < 18_000 and tilt > 0 and 5 in head.body.presets
        zoneminder("PelcoP", line.link, 1, "moveStop", "focusConNear,speed=1", "wait,ms=200")
        wait_for(lambda: bool(line.look()) and head.body.focus.position > 0)  # it says far
        assert head.junk_count == 0
    finally:
        line.close()


def test_zoneminder_drives_a_visca_head_and_cannot_stop_it(tmp_path: Path) -> None:
    head = ViscaHead(1)
    line = PtyLine(tmp_path / "dome", head.body, 9600, head)
    try:
        acts = ("moveConRight,panspeed=20", "moveUpRight,panspeed=20,tiltspeed=20", "wait,ms=300")
        zoneminder("Visca", line.link, 1, *acts)
        wait_for(lambda: line.look()[0] > 0)
        zoneminder("Visca", line.link, 1, "stop", "presetSet,preset=2")
        wait_for(lambda: len(head.body.presets) == 1)
        assert head.refused_count == 2, "a speed of 0, which ours never sends, even in the stop"
        assert head.body.pan.rate_per_s > 0, "and so it runs on"
    finally:
        line.close()


def test_pyptzcontroller_drives_the_bridge_and_reads_its_replies(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sim.bridge", "dome", "--address", "3", "--baud", "9600"]
    with subprocess.Popen(
        [*command, "--link", str(tmp_path / "dome")], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            told = ""
            while not told.endswith("}\n"):
                told += process.stdout.readline()
            port = json.loads(told)["serial"]
            with contextlib.redirect_stdout(io.StringIO()):
                use_pyptzcontroller(port)
        finally:
            process.terminate()
            process.wait(PATIENCE_S)


def use_pyptzcontroller(port: str) -> None:
    """Move, stop, store a preset, go to a place and read where it looks."""
    theirs = PtzControl(port, 3, 9600)
    assert theirs.connect()
    try:
        theirs.move("right", 50)
        wait_for(lambda: 5 < (theirs.get_position()[0] or 0) < 180)
        theirs.stop()
        theirs.set_preset(4)
        theirs.move_to_pan_tilt(45.0, -20.0)
        wait_for(lambda: theirs.get_position() == (45.0, -20.0))
        theirs.go_to_preset(4)
        wait_for(lambda: theirs.get_position()[1] == 0.0)
    finally:
        theirs.disconnect()


def test_pyptzcontroller_builds_what_we_build() -> None:
    with contextlib.redirect_stdout(io.StringIO()):
        theirs = PtzControl("none", 9)
    ours = PelcoD(PtzSettings(9, 2400, True))
    for speed in (1, 32, 63):
        for way, bits in (("left", commands.LEFT), ("right", commands.RIGHT)):
            assert theirs._create_command(way, speed=speed) == commands.motion(9, bits, speed)
        for way, bits in (("up", commands.UP), ("down", commands.DOWN)):
            assert theirs._create_command(way, speed=speed) == commands.motion(9, bits, 0, speed)
    for name, act in (("set_preset", "set"), ("go_to_preset", "go"), ("clear_preset", "clear")):
        assert theirs._create_command(name, preset_id=7) == ours.preset(act, 7)
    for axis in ("pan", "tilt", "zoom"):
        assert theirs._create_command("query_" + axis) == ours.query(axis)
    assert theirs._create_command("stop") == ours.stop()


def test_pyptzcontroller_decodes_the_replies_that_we_encode() -> None:
    with contextlib.redirect_stdout(io.StringIO()):
        theirs = PtzControl("none", 9)
    asked: list[bytes] = []

    def answer(command: bytes, read_response_bytes: int = 0) -> bytes:
        asked.append(bytes(command))
        kind = {0x51: "pan", 0x53: "tilt"}[command[3]]
        reply = replies.Reply(kind, 9, {"pan": 12_345, "tilt": 4_500}[kind])
        return replies.encode(reply, bytes(command))[: read_response_bytes or None]

    theirs._send_command = answer
    theirs.serial_port = True
    assert theirs.get_position() == (123.45, -45.0)
    assert [frame[3] for frame in asked] == [0x51, 0x53]
