"""Switches are said as the head wants them, and a menu is bounded and shows nothing private."""

from firmware.config import wired
from firmware.ptz import dialects
from firmware.ptz.menu import IDLE_MS_MAX
from firmware.ptz.switches import Switches
from tests.portable.ptz_bench import Bench

MICROPYTHON_HEAP = "8m"


def fitted(profile="pelco-v5", names=None, zones=(), fences=()):
    """Give a bench whose head has a profile; its line is idle."""
    bench = Bench()
    dialects.apply(bench.settings, profile)
    bench.settings.has_replies, bench.settings.reply_kind = True, "general"
    bench.settings.zones, bench.settings.fences = zones, fences
    bench.service.hands.switches = Switches(bench.service, profile, names or {})
    bench.run(1500)
    return bench


def said(bench, since_ms):
    """What was sent but questions and stops: command and data of each frame."""
    frames = [row[2] for row in bench.sent(since_ms)]
    return [
        (frame[3], frame[4] << 8 | frame[5])
        for frame in frames
        if frame[3] not in {0x51, 0x53, 0x55} and frame[2:6] != bytes(4)
    ]


def test_names_of_auxiliaries_are_read_or_refused():
    assert wired.read("") == {}
    assert wired.read(" wiper:1  lamp-2:8 ") == {"wiper": 1, "lamp-2": 8}
    for text in ("wiper", "wiper:", ":1", "wiper:0", "wiper:9", "wiper:1 wiper:2", "Wiper:1",
                 "w:10", "x" * 17 + ":1", "wiper:1,lamp:2", "wiper:\u0661"):  # fmt: skip
        assert wired.read(text) is None, text


def test_each_name_is_said_as_the_head_wants_it():
    for profile, names, what, is_on, want in (
        ("generic", {"lamp": 3}, "lamp", True, (0x09, 3)),
        ("generic", {"lamp": 3}, "lamp", False, (0x0B, 3)),
        ("generic", {}, "wiper", True, (0x09, 1)),
        ("pelco-v5", {}, "wiper", True, (0x03, 86)),
        ("pelco-v5", {}, "washer", False, (0x07, 87)),
        ("orlaco", {}, "day-night", True, (0x07, 88)),
        ("orlaco", {}, "day-night", False, (0x07, 89)),
        ("generic", {}, "auto-focus", True, (0x2B, 0)),
        ("generic", {}, "auto-focus", False, (0x2B, 2)),
        ("pelco-v5", {}, "auto-focus", False, (0x2B, 1)),
    ):
        bench = fitted(profile, names)
        since_ms = bench.ms
        assert bench.service.hands.switch(what, is_on, bench.ms) == "", (profile, what)
        bench.run(400)
        assert said(bench, since_ms) == [want], (profile, what, is_on)


def test_what_the_head_does_not_have_is_refused():
    bench = fitted("generic", {"lamp": 3})
    for name in ("wiper", "menu", "day-night", ""):
        assert bench.service.hands.switch(name, True, bench.ms) == "ptz.no_switch", name
    assert bench.service.hands.menu("open", bench.ms) == "ptz.no_menu"
    bench.service.on_line(False, bench.ms)
    assert bench.service.hands.switch("lamp", True, bench.ms) == "ptz.line"


def test_a_menu_is_opened_steered_and_left():
    bench = fitted()
    hands, since_ms = bench.service.hands, bench.ms
    assert hands.menu("enter", bench.ms) == "ptz.no_menu", "it is not open"
    assert hands.menu("open", bench.ms) == ""
    bench.run(400)
    assert said(bench, since_ms) == [(0x03, 95)] and hands.activity() == "menu"
    since_ms = bench.ms
    assert hands.menu("enter", bench.ms) == ""
    bench.run(900)
    opens = [row[2] for row in bench.sent(since_ms) if row[2][2] == 0x02]
    assert len(opens) == 1, "one press is one frame, and a stop ends it"
    assert bench.sent(since_ms)[-1] is not None and hands.menu("close", bench.ms) == ""
    bench.run(900)
    assert hands.activity() == ""
    closes = [row[2] for row in bench.sent(since_ms) if row[2][2] == 0x04]
    assert len(closes) == 1, "the key for back leads out"


def test_a_menu_that_nobody_touches_ends_and_a_tour_waits_for_it():
    bench = fitted()
    bench.dome.presets = {1: (0, 0, 0)}
    hands = bench.service.hands
    hands.tour.start("1:9", bench.ms)
    bench.run(4000)
    hands.on_person(bench.ms)
    hands.menu("open", bench.ms)
    bench.run(IDLE_MS_MAX - 1000)
    assert hands.activity() == "menu" and not hands.tour.is_driving()
    bench.run(2000)
    assert hands.activity() == "tour waiting"
    bench.run(6000)
    assert hands.tour.is_driving()


def test_an_open_menu_withholds_a_camera_with_zones_and_none_opens_where_one_must_be_avoided():
    window = ((20_000, 21_000, -500, 500),)
    bench = fitted(zones=window)
    bench.run(2000)
    assert bench.service.picture_zones() == []
    assert bench.service.hands.menu("open", bench.ms) == ""
    bench.run(2000)
    assert bench.service.picture_zones() == [(0, 0, 1000, 1000)], "nothing it says counts"
    bench.service.hands.menu("close", bench.ms)
    assert bench.service.picture_zones() == [(0, 0, 1000, 1000)], "until it has told anew"
    bench.run(3000)
    assert bench.service.picture_zones() == []
    fenced = fitted(zones=window, fences=window)
    assert fenced.service.hands.menu("open", fenced.ms) == "ptz.zone"
