"""Every profile is whole, is set up as it says, and refuses what such a head does not take."""

from firmware.config import schema
from firmware.errors import LocalProtocolError
from firmware.pelco_d import commands, frame
from firmware.ptz import dialects, protocols
from firmware.ptz.model import PtzSettings


def settings_of(name, has_turbo=True):
    settings = PtzSettings(1, 2400, True)
    settings.has_turbo = has_turbo
    dialects.apply(settings, name)
    return settings


def test_the_schema_names_the_profiles_and_the_protocols():
    assert set(schema.PROFILES) == set(dialects.PROFILES)
    assert set(schema.PROTOCOLS) == set(protocols.REGISTRY)


def test_a_profile_holds_only_known_keys_and_makes_good_frames():
    for name, row in dialects.PROFILES.items():
        assert set(row) <= set(dialects.GENERIC), name
        settings = settings_of(name)
        protocol = protocols.make(settings)
        _, _, data = frame.decode(protocol.motion((1000, 0, 0), (0, 0)))
        assert data >> 8 == (settings.turbo_byte or 63), name
        for what in dialects.look_up(name)["levels"]:
            for is_on in (True, False):
                _, command, data = frame.decode(dialects.switch(name, 1, what, is_on))
                assert commands.fault(command, data) == "", (name, what)


def test_profiles_differ_where_the_heads_do():
    table = (
        ("generic", "has_replies", True),
        ("silent", "has_replies", False),
        ("pelco-v5", "reply_kind", "ack"),
        ("pelco-1999", "turbo_byte", 0xFF),
        ("sanyo-vsp", "has_turbo", False),
        ("pelco-esprit", "has_position", False),
        ("pelco-esprit", "pacing_ms", 80),
        ("pelco-esprit", "resend_ms", 400),
        ("bosch-mic-550", "zoom_limit", 0x8540),
        ("ptzoptics", "reserved_presets", ((90, 99), (255, 255))),
    )
    for name, key, want in table:
        assert getattr(settings_of(name), key) == want, (name, key)
    assert protocols.make(settings_of("pelco-esprit")).query("pan") == b""
    assert protocols.make(settings_of("generic")).query("pan") != b""


def test_the_same_switch_has_other_numbers_at_other_heads():
    table = (
        ("generic", "auto_focus", True, 0),
        ("generic", "auto_focus", False, 2),
        ("pelco-v5", "auto_focus", False, 1),
        ("ptzoptics", "auto_focus", True, 1),
        ("ptzoptics", "auto_focus", False, 2),
        ("generic", "backlight", True, 2),
        ("generic", "auto_white_balance", False, 2),
    )
    for name, what, is_on, want in table:
        assert frame.decode(dialects.switch(name, 1, what, is_on))[2] == want, (name, what, is_on)


def test_what_a_head_does_not_take_is_refused():
    table = (
        ("pelco-spectra", commands.preset(1, "set", 95), True),
        ("pelco-spectra", commands.preset(1, "set", 33), True),
        ("pelco-spectra", commands.preset(1, "set", 32), False),
        ("dasys", commands.preset(1, "go", 65), True),
        ("generic", commands.preset(1, "set", 95), False),
        ("focus-5f", commands.build(1, "magnification_set", 500), True),
        ("focus-5f", commands.build(1, "query_magnification"), True),
        ("generic", commands.build(1, "magnification_set", 500), False),
        ("generic", commands.build(1, "zoom_speed", 3), False),
    )
    for name, wire, is_refused in table:
        _, command, data = frame.decode(wire)
        assert bool(dialects.refusal(name, command, data)) == is_refused, (name, wire)


def test_an_unknown_name_is_refused():
    for case in (
        lambda: dialects.look_up("best"),
        lambda: dialects.switch("ptzoptics", 1, "auto_iris", True),
    ):
        try:
            case()
        except LocalProtocolError as error:
            assert "dome profile" in str(error)
        else:
            raise AssertionError(case)
