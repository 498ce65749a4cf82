"""A VISCA head is turned to places, kept off zones and watched like any that tells its place."""

import random

import pytest
from tests.sim.line_rig import LineRig

from firmware.ptz import dialects
from firmware.ptz.limits import is_met, view_box
from firmware.ptz.model import PtzSettings, fov_cdeg
from firmware.visca import commands
from sim.devices.visca_head import (
    FLIPS,
    HIGH_BITS,
    MIXES,
    MUTE,
    REFUSES,
    SHORT,
    STRANGER,
    ViscaHead,
)

WINDOW = (5_000, 7_000, -1_500, 1_500)  # left, right, low, high
PROFILES = (("visca-evi-d70", 4_800), ("visca-evi-d90", 16_320), ("visca-ptzoptics", 5_184))
NEAR_CDEG, NEAR_PERMILLE = 100, 20


class Bench(LineRig):
    """A drive that speaks VISCA, a line, and a head that tells its place."""

    def __init__(
        self,
        head: ViscaHead | None = None,
        profile: str = "visca-evi-d70",
        zones: "tuple[tuple[int, int, int, int], ...]" = (),
        seed: int | None = None,
    ) -> None:
        self.head = head or ViscaHead()
        self.body = self.head.body
        settings = PtzSettings(1, 9600)
        settings.protocol = "visca"
        dialects.apply(settings, profile)
        settings.zones = settings.fences = zones
        super().__init__([settings], [self.head], random.Random(seed).randrange)

    def run(self, span_ms: int, on_turn=None) -> None:
        super().run(span_ms, on_turn)
        self.body.step(self.ms)

    def go_to(self, goal: "tuple[int, int, int]", on_turn=None) -> str:
        """Turn there and wait for the end of it; the refusal, or its cause."""
        self.service.events.take()
        refusal = self.service.aiming().go_to(*goal, self.ms)
        if refusal:
            return refusal
        self.wish()
        while self.service.aiming().is_busy():
            self.run(50, on_turn)
        ends = [row[2]["cause"] for row in self.service.events.take() if row[0] == "ptz.went_to"]
        return str(ends[-1])

    def miss(self, goal: "tuple[int, int, int]") -> bool:
        """Whether the head itself looks elsewhere."""
        off = abs((self.body.pan_cdeg - goal[0] + 18_000) % 36_000 - 18_000)
        is_off = max(off, abs(self.body.tilt_cdeg - goal[1])) > NEAR_CDEG
        return is_off or abs(self.body.zoom_permille - goal[2]) > NEAR_PERMILLE


def test_a_place_is_known_to_a_count_of_each_kind_of_head() -> None:
    for profile, counts in PROFILES:
        for is_wide in (False, True):
            head = ViscaHead(counts_per_turn=counts, is_wide=is_wide)
            for place in ((0, 0, 0), (16_900, -2_900, 1000), (19_100, 1_400, 400)):
                head.body.pan.place(place[0])
                head.body.tilt.place(place[1])
                head.body.zoom.place(place[2])
                bench = Bench(head, profile)
                bench.run(1500)
                told = bench.service.position()
                off = max(abs(told[index] - place[index]) for index in range(3))
                assert told[3] and off <= 36_000 // counts, (profile, place, told)
                assert bench.bus.quality.verdict() in {"good", "unknown"}, profile


def test_it_goes_where_it_is_sent() -> None:
    for profile, counts in PROFILES:
        bench = Bench(ViscaHead(counts_per_turn=counts), profile)
        bench.run(1500)
        for goal in ((4_500, -3_000, 400), (34_000, 0, 0), (16_500, -2_000, 1000)):
            assert bench.go_to(goal) == "arrived", (profile, goal)
            assert not bench.miss(goal), (profile, goal, bench.service.position())
            assert bench.head.refused_count == 0


@pytest.mark.clause("C21")
def test_a_fence_is_gone_round_and_a_move_ends_at_its_edge() -> None:
    bench = Bench(zones=(WINDOW,))
    met: list[int] = []

    def watch() -> None:
        width_cdeg = fov_cdeg(bench.settings[0], bench.body.zoom_permille)
        box = view_box((bench.body.pan_cdeg, bench.body.tilt_cdeg), width_cdeg, (0, 0))
        met.extend([bench.ms] if is_met(box, WINDOW) else [])

    assert bench.service.move(500, 0, 0, bench.ms) == "ptz.zone", "nobody knows where it looks"
    bench.run(1500)
    for _ in range(40):
        bench.service.move(1000, 0, 0, bench.ms)
        bench.wish()
        bench.run(250, watch)
    bench.service.stop(bench.ms)
    bench.wish()
    bench.run(2000, watch)
    assert bench.body.pan_cdeg > 500 and not met, (bench.body.pan_cdeg, met)
    assert bench.go_to((15_000, 0, 500), watch) == "arrived" and not met
    assert bench.go_to((6_000, 0, 1000)) == "ptz.zone"


def test_bad_answers_are_no_places() -> None:
    for habit, is_known in (
        ("", True),
        (MUTE, False),
        (REFUSES, False),
        (SHORT, False),
        (HIGH_BITS, False),
        (FLIPS, False),
        (MIXES, False),
        (STRANGER, False),
    ):
        head = ViscaHead()
        head.habit = habit
        head.body.pan.place(20_000)
        bench = Bench(head, zones=(WINDOW,))
        bench.run(6_000)
        assert bench.service.position()[3] is is_known, habit
        assert bench.service.is_withheld() is (not is_known), habit
        session = bench.service.session
        counted = (
            session.junk_count
            + session.timeout_count
            + getattr(session, "refused_count", 0)
            + getattr(session, "unlike_count", 0)
        )
        assert is_known or counted > 5, (habit, counted)
        assert bench.service.stop(bench.ms) == "", habit


def test_a_head_that_stops_telling_is_stopped_and_told_of() -> None:
    bench = Bench()
    bench.run(1500)
    assert bench.service.aiming().go_to(17_000, -2_000, 0, bench.ms) == ""
    bench.wish()
    bench.run(1000)
    bench.head.habit = MUTE
    begun_ms = bench.ms
    bench.run(1_400)
    assert not bench.body.pan.rate_per_s, "the lease of an aim lives by its places"
    while not bench.service.is_silent() and bench.ms - begun_ms < 20_000:
        bench.run(100)
    assert bench.service.is_silent() or not bench.service.sight.is_known()
    bench.head.habit = ""
    bench.run(3_000)
    assert bench.service.position()[3]


@pytest.mark.clause("C56")
def test_a_stuck_axis_and_a_turn_by_itself_are_faults_within_ten_seconds() -> None:
    bench = Bench()
    bench.run(1500)
    bench.body.pan.drive(2_000)
    begun_ms = bench.ms
    while not dict(bench.service.watch.found())["dome.disagrees"]:
        bench.run(100)
        if bench.ms % 1000 == 0 and bench.body.pan.rate_per_s == 0:
            bench.body.pan.drive(2_000)
    assert bench.ms - begun_ms <= 10_000
    bench = Bench()
    bench.run(1500)
    begun_ms = bench.ms
    while not dict(bench.service.watch.found())["dome.stuck"]:
        assert bench.service.move(400, 0, 0, bench.ms) == ""
        bench.wish()
        bench.run(100)
        bench.body.pan.place(0)
        assert bench.ms - begun_ms <= 10_000


@pytest.mark.clause("C21")
def test_noise_makes_up_no_place_that_shows_a_zone() -> None:
    shown_count = bare_count = 0
    for seed in range(4):
        head = ViscaHead()
        head.body.pan.place((4_400 + 1_200 * seed) % 36_000)
        bench = Bench(head, zones=(WINDOW,), seed=seed)
        bench.line.noise_permille = 8
        for _ in range(600):
            bench.run(50)
            width_cdeg = fov_cdeg(bench.settings[0], bench.body.zoom_permille)
            # The middle of the zone, well inside the picture, has to be covered.
            off_cdeg = abs(bench.body.pan_cdeg - 6_000)
            if off_cdeg < width_cdeg // 4:
                shown_count += 1
                bench.service.step(bench.ms, may_send=False)
                bare_count += not bench.service.is_withheld()
    assert shown_count > 300 and bare_count == 0, (shown_count, bare_count)


def test_a_turn_by_the_heads_own_places_is_obeyed() -> None:
    for is_wide in (False, True):
        head = ViscaHead(is_wide=is_wide)
        cases = (
            (commands.turn(1, "to", (24, 20), (600, -200), is_wide), (4_500, -1_500, 0)),
            (commands.turn(1, "by", (24, 20), (-800, 100), is_wide), (34_500, -750, 0)),
            (commands.zoom_direct(1, 0x2000), (34_500, -750, 500)),
            (commands.build(1, "home"), (0, 0, 500)),
        )
        now_ms = 0
        for packet, want in cases:
            assert head.receive(packet, now_ms) == b"\x90\x41\xff\x90\x51\xff", packet
            now_ms += 10_000
            head.body.step(now_ms)
            body = head.body
            assert (body.pan_cdeg, body.tilt_cdeg, body.zoom_permille) == want, packet
        short = commands.turn(1, "to", (24, 20), (600, -200))[:-2] + b"\xff"
        assert head.receive(short, now_ms) == b"\x90\x60\x02\xff"
