"""Commands go out as the documents say, and what the documents leave undefined does not."""

from firmware.errors import LocalProtocolError, RemoteProtocolError
from firmware.pelco_d import commands, frame, opcodes

PATH = (__file__.rpartition("/")[0] or ".") + "/../vectors/pelco_vectors.csv"

C = commands


def built(name, data=0):
    return C.build(1, name, data)


def risky(name, data=0):
    return C.build_dangerous(1, name, data)


# What each command row of the vectors is in our own words, in the order of the file.
WANT = (
    lambda: C.stop(1),
    lambda: C.motion(1, C.LEFT, 0x20),
    lambda: C.motion(1, C.RIGHT, 0x20),
    lambda: C.motion(255, C.LEFT, 0x20),
    lambda: C.motion(1, C.LEFT, 0),
    lambda: C.motion(1, C.RIGHT, C.SPEED_MAX),
    lambda: C.motion(1, C.RIGHT, C.TURBO),
    lambda: C.motion(1, C.LEFT, C.TURBO_1999),
    lambda: C.motion(1, C.LEFT, 0x1F),
    lambda: C.motion(1, C.LEFT, 0x23),
    lambda: C.motion(1, C.UP, 0, 0x20),
    lambda: C.motion(1, C.DOWN, 0, 0x20),
    lambda: C.motion(1, C.DOWN, 0, 0x3F),
    lambda: C.motion(1, C.UP, 0, 0x23),
    lambda: C.motion(1, C.UP | C.LEFT, 0x20, 0x20),
    lambda: C.motion(1, C.UP | C.RIGHT, 0x3F, 0x3F),
    lambda: C.motion(1, C.DOWN | C.LEFT, 0x20, 0x20),
    lambda: C.motion(1, C.DOWN | C.RIGHT, 0x3F, 0x3F),
    lambda: C.motion(1, C.TELE),
    lambda: C.motion(1, C.WIDE),
    lambda: C.motion(1, C.FAR),
    lambda: C.motion(1, C.IRIS_OPEN),
    lambda: C.motion(1, C.IRIS_CLOSE),
    lambda: C.motion(1, C.CAMERA_ON),
    lambda: C.motion(1, C.CAMERA_OFF),
    lambda: C.motion(1, C.SCAN_MANUAL),
    lambda: C.motion(10, C.CAMERA_ON | C.FAR | C.DOWN, 0, 0x20),
    lambda: C.preset(1, "clear", 1),
    lambda: C.preset(255, "go", 255),
    lambda: C.preset(10, "go", 5),
    lambda: C.preset(1, "go", 33),
    lambda: C.preset(1, "go", 34),
    lambda: C.preset(1, "set", 95),
    lambda: C.preset(1, "go", 96),
    lambda: C.preset(1, "set", 888),
    lambda: built("aux_clear", 1),
    lambda: built("aux_set", 2),
    lambda: built("aux_clear", 2),
    lambda: built("aux_set", 5),
    lambda: built("aux_clear", 5),
    lambda: built("aux_set", 8),
    lambda: built("led_set", 5 << 8 | 0xFE),
    lambda: built("ping"),
    lambda: built("remote_reset"),
    lambda: built("zone_start", 1),
    lambda: built("zone_end", 8),
    lambda: built("write_character", 0 << 8 | ord("A")),
    lambda: built("write_character", 20 << 8 | ord("B")),
    lambda: built("clear_screen"),
    lambda: built("alarm_acknowledge", 3),
    lambda: built("zone_scan_on"),
    lambda: built("zone_scan_off"),
    lambda: built("pattern_start", 1),
    lambda: built("pattern_stop"),
    lambda: built("pattern_run", 1),
    lambda: built("zoom_speed", 0),
    lambda: built("zoom_speed", 3),
    lambda: built("focus_speed", 0),
    lambda: built("camera_reset"),
    lambda: built("auto_focus", 0),
    lambda: built("auto_focus", 1),
    lambda: built("auto_iris", 0),
    lambda: built("auto_gain", 1),
    lambda: built("backlight", 1),
    lambda: built("auto_white_balance", 1),
    lambda: built("device_phase"),
    lambda: built("shutter", 60),
    lambda: built("line_phase_step", 0x0102),
    lambda: built("white_red_blue", 0x0180),
    lambda: built("white_magenta_green", 0x0180),
    lambda: built("gain", 0x00C0),
    lambda: built("iris_level", 0x80),
    lambda: built("iris_peak", 0x80),
    lambda: C.build(0, "query"),
    lambda: built("preset_scan", 5),
    lambda: built("zero_set"),
    lambda: built("pan_set", 4500),
    lambda: built("pan_set", 35999),
    lambda: built("pan_set", 18000),
    lambda: built("tilt_set", 4500),
    lambda: built("tilt_set", 33000),
    lambda: built("tilt_set", 9000),
    lambda: built("zoom_set", 1781),
    lambda: built("zoom_set", 65535),
    lambda: built("query_pan"),
    lambda: built("query_tilt"),
    lambda: built("query_zoom"),
    lambda: built("magnification_set", 500),
    lambda: built("query_magnification"),
    lambda: risky("download_prepare"),
    lambda: risky("echo_mode"),
    lambda: risky("baud_set", 2),
    lambda: risky("download_start"),
    lambda: built("query_device_type"),
    lambda: built("query_diagnostic"),
    lambda: built("query_build"),
    lambda: built("query_azimuth_zero"),
    lambda: built("query_zoom_limit"),
    lambda: built("seconds_set", 30),
    lambda: built("hour_minute_set", 12 << 8 | 34),
    lambda: built("query_seconds"),
    lambda: built("screen_move_to", 50 << 8 | 0xCE),
)


def command_rows():
    rows = []
    with open(PATH) as file:
        for line in file:
            text, address, meaning = line.split(",", 2)
            if text != "hex" and not meaning.lstrip('"').startswith("REPLY"):
                rows.append((bytes.fromhex(text.replace(" ", "")), int(address), meaning))
    return rows


def test_every_command_vector_is_encoded():
    rows = command_rows()
    assert len(rows) == len(WANT), (len(rows), len(WANT))
    for index, (wire, _, meaning) in enumerate(rows):
        got = WANT[index]()
        assert got == wire, (meaning, got, wire)


def test_every_command_vector_is_decoded():
    for wire, address, meaning in command_rows():
        got_address, command, data = frame.decode(wire)
        assert got_address == address, meaning
        assert C.name_of(command), meaning
        if "888" not in meaning:
            assert C.fault(command, data) == "", (meaning, C.fault(command, data))
        assert frame.encode(address, command, data) == wire, meaning


def refused(function, *arguments):
    try:
        function(*arguments)
    except LocalProtocolError as error:
        return str(error)
    return ""


def test_undefined_commands_are_refused():
    for bits in opcodes_opposed():
        assert "opposed" in refused(C.motion, 1, bits), bits
    assert "reserved" in refused(C.motion, 1, 0x2000)
    assert "reserved" in refused(C.motion, 1, 0x0001)
    assert "sense" in refused(C.motion, 1, 0x8000)
    for speed in (-1, 0x41, 0xFE, 0x100):
        assert "pan speed" in refused(C.motion, 1, C.LEFT, speed), speed
    for speed in (-1, 0x40, 0xFF, 0x100):
        assert "tilt speed" in refused(C.motion, 1, C.UP, 0, speed), speed
    for address in (-1, 0, 256):
        assert "address" in refused(C.stop, address), address
        assert "address" in refused(C.build, address, "ping"), address
    for number in (0, -1, 65536):
        assert "preset" in refused(C.preset, 1, "go", number), number
    assert "see opcodes" in refused(C.preset, 1, "erase", 1)
    assert "see opcodes" in refused(C.build, 1, "dance")
    for name, row in [(row[0], row) for row in opcodes.COMMANDS.values()]:
        wrong = C.build_dangerous if not row[5] else C.build
        assert "dangerous" in refused(wrong, 1, name), name
        right = C.build_dangerous if row[5] else C.build
        assert refused(right, 1, name, 65536), name


def opcodes_opposed():
    return [C.LEFT | C.RIGHT, C.UP | C.DOWN, C.TELE | C.WIDE, C.NEAR | C.FAR, 0x0600, 0x0606]


def test_ranges_of_extended_commands_are_kept():
    cases = (
        ("aux_set", 0, 1, 8, 9),
        ("preset_scan", 0, 1, 255, 256),
        ("zoom_speed", -1, 0, 3, 4),
        ("pan_set", -1, 0, 35999, 36000),
        ("shutter", -1, 0, 30000, 30001),
        ("hour_minute_set", 60, 0, 23 << 8 | 59, 24 << 8),
        ("month_day_set", 1, 0x0101, 0x0C1F, 0x0D01),
        ("write_character", 0x001F, 0x0020, 0x277E, 0x2820),
    )
    for name, low_bad, low, high, high_bad in cases:
        assert refused(C.build, 1, name, low_bad), name
        assert not refused(C.build, 1, name, low), name
        assert not refused(C.build, 1, name, high), name
        assert refused(C.build, 1, name, high_bad), name


def test_raw_frames_are_checked():
    for arguments in ((1, -1, 0), (1, 65536, 0), (1, 0, -1), (1, 0, 65536)):
        assert refused(frame.encode, *arguments), arguments
    for wire in (b"", b"\xff" * 6, b"\xfe\x01\0\0\0\0\x01", b"\xff\x01\0\x04\x20\0\x26"):
        try:
            frame.decode(wire)
        except RemoteProtocolError:
            continue
        raise AssertionError(wire)


def test_names_are_unique_and_answers_are_known():
    names = [row[0] for row in opcodes.COMMANDS.values()]
    assert len(names) == len(set(names))
    for number, row in opcodes.COMMANDS.items():
        assert number & 1, row
        assert C.number_of(row[0]) == number
        assert C.name_of(number) == row[0]
        assert C.reply_kind(number) in set(opcodes.REPLIES) | {"general", "part_number"}, row
    assert C.name_of(0) == "stop"
    assert C.name_of(C.LEFT) == "motion"
    assert C.name_of(0x0001) == ""
    assert C.fault(0x0001, 0x0001)
    assert C.reply_kind(C.LEFT) == "general"
