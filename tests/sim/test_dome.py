"""The simulated dome does what the document says, frame by frame."""

from pathlib import Path

from sim.devices.dome import GENERAL, SILENT, STANDARD, Dome
from sim.devices.dome_answers import FROZEN, MUTE, TRUE

VECTORS = Path(__file__).parent.parent / "vectors" / "pelco_vectors.csv"


def frame(text: str) -> bytes:
    return bytes.fromhex(text.replace(" ", ""))


def ask(address: int, opcode: int, data: int = 0, part: int = 0) -> bytes:
    body = bytes((address, part, opcode, data >> 8, data & 0xFF))
    return b"\xff" + body + bytes((sum(body) % 256,))


LEFT = frame("FF 01 00 04 20 00 25")
STOP = frame("FF 01 00 00 00 00 01")


def test_robustness_set_of_the_fact_sheet() -> None:
    cases = (
        ("bad sum", "FF 01 00 04 20 00 26", b"", 0),
        ("noise in front", "00 11 FF 01 00 04 20 00 25", b"\xff\x01\x00\x25", -1),
        ("a second sync", "FF FF 01 00 04 20 00 25", b"\xff\x01\x00\x25", -1),
        ("fragment in front", "FF 01 00 04 20 FF 01 00 04 20 00 25", b"\xff\x01\x00\x25", -1),
        ("another address", "FF FF 00 04 20 00 23", b"", 0),
        ("address 0", "FF 00 00 04 20 00 24", b"", 0),
        ("nonsense bits", "FF 01 FF FE 00 01 FF", b"\xff\x01\x00\xff", 0),
        ("left and right", "FF 01 00 06 20 00 27", b"\xff\x01\x00\x27", 0),
        ("turbo of 1999", "FF 01 00 04 FF 00 04", b"\xff\x01\x00\x04", -1),
        ("very slow", "FF 01 00 04 00 00 05", b"\xff\x01\x00\x05", -1),
        ("ack from a host", "FF 01 00 01 00 01 03", b"", 0),
    )
    for title, text, want, way in cases:
        for size in (1, 4, 100):
            dome, answer = Dome(1), b""
            wire = frame(text)
            for at in range(0, len(wire), size):
                answer += dome.receive(wire[at : at + size], 0)
            assert answer == want, (title, size, answer)
            dome.step(1000)
            pan = (dome.pan_cdeg + 18000) % 36000 - 18000
            if title != "nonsense bits":
                assert (pan > 0) - (pan < 0) == way, (title, pan)
    both = Dome(1)
    assert both.receive(LEFT + STOP, 0) == b"\xff\x01\x00\x25\xff\x01\x00\x01"


def test_every_command_vector_is_taken_whole() -> None:
    for line in VECTORS.read_text("utf-8").splitlines()[1:]:
        text, address, meaning = line.split(",", 2)
        if meaning.lstrip('"').startswith("REPLY"):
            continue
        dome = Dome(int(address) or 1)
        dome.receive(frame(text), 0)
        assert dome.frame_count == 1 and dome.junk_count == 0, meaning
        dome.step(20_000)


def test_the_opposed_and_the_undefined_are_counted() -> None:
    dome = Dome(1)
    dome.receive(frame("FF 01 00 06 20 00 27"), 0)
    assert dome.anomaly_count == 1 and not dome.is_moving
    dome.receive(ask(1, 0x67, 2), 0)
    dome.receive(ask(1, 0x07, 77), 0)
    dome.receive(ask(1, 0x03, 95), 0)
    assert dome.refused_count == 3


def test_positions_are_answered_in_the_wires_convention() -> None:
    dome = Dome(1)
    dome.pan.place(8213)
    dome.tilt.place(-4500)
    dome.zoom.place(1000)
    assert dome.receive(ask(1, 0x51), 0) == frame("FF 01 00 59 20 15 8F")
    assert dome.receive(ask(1, 0x53), 0) == frame("FF 01 00 5B 11 94 01")
    assert dome.receive(ask(1, 0x55), 0) == frame("FF 01 00 5D FF FF 5C")
    dome.tilt.place(1000)
    assert dome.receive(ask(1, 0x53), 0)[4:6] == (35000).to_bytes(2, "big")
    assert dome.receive(ask(9, 0x45), 0)[:2] == b"\xff\x01", "a query finds it at any address"
    assert len(dome.receive(ask(1, 0x45), 0)) == 18
    assert dome.receive(ask(1, 0x73), 0) == frame("FF 01 01 73 01 02 78")
    assert dome.receive(ask(1, 0x73, 0, 2), 0) == frame("FF 01 03 73 01 59 D1")
    dome.receive(ask(1, 0x77, 12 << 8 | 34, 2), 0)
    assert dome.receive(ask(1, 0x77, 0, 3), 0)[2:6] == b"\x03\x77\x0c\x22"


def test_reply_forms() -> None:
    cases = (
        (GENERAL, LEFT, b"\xff\x01\x00\x25"),
        (SILENT, LEFT, b""),
        (SILENT, ask(1, 0x51), b""),
        (STANDARD, ask(1, 0x03, 3), frame("FF 01 00 01 03 01 06")),
        (STANDARD, ask(1, 0x69), frame("FF 01 00 01 69 00 6B")),
        (GENERAL, ask(1, 0x69), b""),
    )
    for replies, wire, want in cases:
        assert Dome(1, replies).receive(wire, 0) == want, (replies, wire)
    alarmed = Dome(1)
    alarmed.alarms = 0b101
    assert alarmed.receive(frame("FF 01 88 00 00 00 89"), 0) == frame("FF 01 05 8E")


def test_a_motion_runs_until_stopped_replaced_or_timed_out() -> None:
    for auto_stop_ms, is_moving in ((15_000, False), (0, True)):
        dome = Dome(1, GENERAL, auto_stop_ms)
        dome.receive(LEFT, 0)
        assert dome.last_motion_frame == LEFT
        dome.step(14_900)
        assert dome.is_moving
        dome.step(16_000)
        assert dome.is_moving is is_moving
        assert dome.auto_stop_count == (not is_moving)
    dome = Dome(1)
    dome.receive(frame("FF 01 00 24 20 00 45"), 0)
    dome.step(1000)
    zoom = dome.zoom_permille
    assert zoom > 100
    dome.receive(LEFT, 1000)
    dome.step(3000)
    assert dome.zoom_permille - zoom < 100, "a frame without the zoom bit stops the zoom"
    dome.receive(STOP, 3000)
    dome.step(4000)
    assert not dome.is_moving


def test_faster_bytes_are_faster_and_ends_hold() -> None:
    ways = []
    for speed in (0, 1, 0x20, 0x3F, 0x40, 0xFF):
        dome = Dome(1)
        dome.receive(ask(1, 0x02, speed << 8), 0)
        dome.step(1000)
        ways.append(dome.pan_cdeg)
    assert ways == sorted(ways) and 0 < ways[0] < ways[-1]
    dome = Dome(1)
    dome.receive(ask(1, 0x10, 0x3F), 0)
    dome.step(9000)
    assert dome.tilt_cdeg == -9000 and not dome.is_moving


def test_presets_aux_and_lens() -> None:
    dome = Dome(1)
    dome.pan.place(12_345)
    dome.receive(ask(1, 0x03, 9), 0)
    dome.pan.place(30_000)
    dome.receive(ask(1, 0x07, 9), 0)
    assert dome.is_moving
    dome.step(10_000)
    assert dome.pan_cdeg == 12_345 and not dome.is_moving
    dome.receive(ask(1, 0x05, 9), 10_000)
    assert dome.presets == {}
    dome.receive(ask(1, 0x07, 33), 10_000)
    dome.step(20_000)
    assert dome.pan_cdeg == 30_345
    dome.receive(ask(1, 0x07, 34), 20_000)
    dome.step(30_000)
    assert dome.pan_cdeg == 0
    dome.receive(ask(1, 0x09, 3) + ask(1, 0x09, 4) + ask(1, 0x0B, 3), 30_000)
    assert dome.aux == {4}
    dome.receive(ask(1, 0x80), 30_000)
    dome.step(31_000)
    assert dome.focus.position > 0
    dome.receive(ask(1, 0x00, 0, 2), 31_000)
    dome.step(32_000)
    assert dome.iris.position > 0


def test_setting_a_position_moves_there() -> None:
    dome = Dome(1)
    dome.receive(ask(1, 0x4B, 4500) + ask(1, 0x4D, 33_000) + ask(1, 0x4F, 65_535), 0)
    dome.step(15_000)
    assert (dome.pan_cdeg, dome.tilt_cdeg, dome.zoom_permille) == (4500, 1500, 1000)
    dome.receive(ask(1, 0x4D, 36_000) + ask(1, 0x5F, 100), 15_000)
    dome.step(30_000)
    assert (dome.tilt_cdeg, dome.zoom_permille) == (0, 0)


def test_switches_labels_reset_and_deafness() -> None:
    dome = Dome(1)
    dome.receive(frame("FF 01 08 00 00 00 09"), 0)
    assert not dome.is_camera_on
    dome.receive(frame("FF 01 88 00 00 00 89"), 0)
    assert dome.is_camera_on
    dome.receive(ask(1, 0, 0, 0x90), 0)
    assert dome.is_scanning
    dome.receive(ask(1, 0x15, 0x1442) + ask(1, 0x15, 0x0041), 0)
    assert dome.labels[20] == "B" and dome.labels[0] == "A"
    dome.receive(ask(1, 0x17), 0)
    assert dome.labels == [" "] * 40
    assert dome.receive(ask(1, 0x0F), 0) == frame("FF 01 00 10")
    assert dome.receive(ask(1, 0x51), 3999) == b""
    assert dome.receive(ask(1, 0x51), 4000) != b""
    dome.is_deaf = True
    assert dome.receive(LEFT, 5000) == b""
    zero = Dome(1, GENERAL, 15_000, True)
    assert zero.receive(frame("FF 00 00 04 20 00 24"), 0) == b""
    assert zero.is_moving


def test_a_head_flips_when_it_is_driven_past_straight_down() -> None:
    dome = Dome(1)
    dome.flips = True
    dome.tilt.place(-8500)
    for now_ms in range(0, 4000, 400):
        dome.receive(ask(1, 0x10, 0x20), now_ms)  # down, and renewed
    dome.receive(STOP, 4000)
    dome.step(5000)
    assert dome.pan_cdeg == 18_000 and -8900 < dome.tilt_cdeg < -1000 and not dome.is_moving
    dome.receive(ask(1, 0x10, 0x20), 5000)
    dome.step(5500)
    lower = dome.tilt_cdeg
    dome.step(6000)
    assert dome.tilt_cdeg < lower, "a new key goes down again"


def test_a_lost_encoder_is_mute_or_frozen() -> None:
    dome = Dome(1)
    dome.answers.lose_encoder(MUTE)
    assert dome.receive(ask(1, 0x51), 0) == b"" and dome.receive(LEFT, 0) != b""
    dome.answers.lose_encoder(FROZEN)
    dome.step(1000)
    told = dome.receive(ask(1, 0x51), 1000)
    assert dome.pan_cdeg != 0 and told[4:6] == b"\0\0"
    assert told == dome.receive(ask(1, 0x51), 3000)
    dome.answers.lose_encoder(TRUE)
    assert told != dome.receive(ask(1, 0x51), 3000)


def test_a_power_cycle_is_dark_and_deaf_and_finds_home() -> None:
    dome = Dome(1)
    dome.pan.place(9000)
    dome.aux.add(3)
    dome.power_cycle(1000)
    assert dome.receive(ask(1, 0x51), 2000) == b"" and dome.dark_until_ms == 2500
    dome.step(12_000)
    assert dome.pan_cdeg == 0 and not dome.is_moving and not dome.aux
    assert dome.receive(ask(1, 0x51), 12_000) != b""


def test_what_version_5_asks_is_answered() -> None:
    dome = Dome(1)
    dome.pan.place(4500)
    dome.receive(ask(1, 0x49) + ask(1, 0x03, 2) + ask(1, 0x03, 17) + ask(1, 0x1F, 3), 0)
    dome.receive(ask(1, 0x75, 1234, 8) + ask(1, 0x75, 500, 2), 0)
    dome.alarms = 5
    cases = (
        (0, 0, 1, 4500),  # azimuth zero
        (3, 0, 4, 500),  # zoom limit
        (5, 0, 6, 5),  # alarms
        (0x0C, 0, 0x0D, 1234),  # manual left limit
        (0x0F, 0, 0x10, 0b10),  # presets 1 to 16
        (0x0F, 1, 0x10, 0b1),  # 17 to 32
        (0x11, 0, 0x12, 0b100),  # patterns
    )
    for part, data, want_part, value in cases:
        want = ask(1, 0x75, value, want_part)
        assert dome.receive(ask(1, 0x75, data, part), 0) == want, part
    dome.receive(ask(1, 0x75, 3, 7), 0)
    assert dome.receive(ask(1, 0x75, 0, 0x11), 0) == ask(1, 0x75, 0, 0x12), "deleted"
