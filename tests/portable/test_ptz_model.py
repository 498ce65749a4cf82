"""A head's numbers become ours, and ours the head's."""

from firmware.pelco_d import commands
from firmware.ptz.model import (
    PtzSettings,
    fov_cdeg,
    motion_frame,
    position_from_wire,
    speed_byte,
    within_limits,
)


def test_positions_are_read_in_the_documents_convention():
    settings = PtzSettings()
    cases = (
        ("pan", 0, 0),
        ("pan", 35999, 35999),
        ("pan", 36000, 0),
        ("tilt", 0, 0),
        ("tilt", 4500, -4500),
        ("tilt", 9000, -9000),
        ("tilt", 33000, 3000),
        ("tilt", 36000, 0),
        ("zoom", 0, 0),
        ("zoom", 65535, 1000),
        ("zoom", 1781, 27),
    )
    for kind, wire, want in cases:
        assert position_from_wire(settings, kind, wire) == want, (kind, wire)


def test_other_conventions_are_settings():
    settings = PtzSettings()
    settings.tilt_sign = 1
    settings.tilt_zero_cdeg = 9000
    settings.pan_sign = -1
    settings.pan_zero_cdeg = 100
    settings.zoom_limit = 0x8540
    cases = (
        ("pan", 100, 0),
        ("pan", 200, 35900),
        ("tilt", 9000, 0),
        ("tilt", 0, -9000),
        ("zoom", 0x8540, 1000),
        ("zoom", 0xFFFF, 1000),
    )
    for kind, wire, want in cases:
        assert position_from_wire(settings, kind, wire) == want, (kind, wire)


def test_speed_bytes_cover_the_range_and_are_never_zero():
    last = 0
    for permille in range(1, 1001):
        byte = speed_byte(permille)
        assert 1 <= byte <= 63 and last <= byte <= last + 1, permille
        assert speed_byte(-permille) == byte, permille
        last = byte
    assert last == 63


def test_one_frame_says_everything():
    settings = PtzSettings(7)
    frame = motion_frame(settings, (-1000, 1000, 1), (-1, -1))
    bits = commands.LEFT | commands.UP | commands.TELE | commands.NEAR | commands.IRIS_CLOSE
    assert frame == commands.motion(7, bits, 63, 63)
    frame = motion_frame(settings, (1000, -1000, -1), (1, 1))
    bits = commands.RIGHT | commands.DOWN | commands.WIDE | commands.FAR | commands.IRIS_OPEN
    assert frame == commands.motion(7, bits, 63, 63)
    assert motion_frame(settings, (0, 0, 0), (0, 0)) == commands.stop(7)
    settings.has_turbo = True
    assert motion_frame(settings, (1000, 0, 0), (0, 0))[4] == 64
    assert motion_frame(settings, (999, 0, 0), (0, 0))[4] < 64


def test_the_view_narrows_and_is_never_told_too_small():
    settings = PtzSettings()
    assert fov_cdeg(settings, 0) == 6000
    assert fov_cdeg(settings, 1000) == 400
    last = 6001
    for zoom in range(1001):
        fov = fov_cdeg(settings, zoom)
        assert fov <= last, zoom
        last = fov
    settings.fov_points = ((0, 6000), (1000, 300))
    assert fov_cdeg(settings, 500) == 3150
    assert fov_cdeg(settings, 1) == 5995


def test_soft_stops_take_out_what_leads_further():
    settings = PtzSettings()
    settings.tilt_limits_cdeg = (-6000, 0)
    settings.pan_limits_cdeg = (30000, 6000)
    cases = (
        ((1, 1, 1), 0, -3000, (1, 1, 1)),
        ((1, 1, 1), 0, -100, (1, 0, 1)),
        ((1, -1, 0), 0, -5900, (1, 0, 0)),
        ((1, -1, 0), 0, 500, (1, -1, 0)),
        ((1, 0, 0), 5900, -3000, (0, 0, 0)),
        ((-1, 0, 0), 5900, -3000, (-1, 0, 0)),
        ((-1, 0, 0), 30100, -3000, (0, 0, 0)),
        ((1, 0, 0), 30100, -3000, (1, 0, 0)),
        ((1, 0, 0), 7000, -3000, (0, 0, 0)),
        ((-1, 0, 0), 29000, -3000, (0, 0, 0)),
    )
    for move, pan, tilt, want in cases:
        assert within_limits(settings, move, (pan, tilt)) == want, (move, pan, tilt)
    settings.pan_limits_cdeg = None
    assert within_limits(settings, (1, 0, 0), (35999, -3000)) == (1, 0, 0)
