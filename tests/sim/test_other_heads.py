"""The same drive moves, stops and places heads that speak Pelco-P and VISCA."""

from tests.sim.line_rig import LineRig

from firmware.ptz.model import PtzSettings
from sim.devices.dome import Dome
from sim.devices.dome_p import DomeP
from sim.devices.line import UNIT
from sim.devices.visca_head import ViscaHead


class Bench(LineRig):
    """A drive of one protocol, a line, and a head of that protocol."""

    def __init__(self, protocol: str, head: "DomeP | ViscaHead", baud: int) -> None:
        self.body: Dome = head.body
        settings = PtzSettings(1, baud, head.replies)
        settings.protocol = protocol
        super().__init__([settings], [head])

    def run(self, span_ms: int) -> None:
        super().run(span_ms)
        self.body.step(self.ms)


def heads() -> "list[tuple[str, DomeP | ViscaHead, int]]":
    return [
        ("pelco-p", DomeP(), 4800),
        ("pelco-p", DomeP(replies=False), 4800),
        ("visca", ViscaHead(), 9600),
        ("visca", ViscaHead(replies=False), 9600),
    ]


def test_every_direction_is_obeyed_and_every_lease_ends() -> None:
    wishes = ((900, 0, 0), (-900, 0, 0), (0, -900, 0), (0, 900, 0), (500, -500, 1), (0, 0, -1))
    for protocol, head, baud in heads():
        bench = Bench(protocol, head, baud)
        bench.run(500)
        for wish in wishes:
            case = (protocol, head.replies, wish)
            assert bench.service.move(*wish, bench.ms) == "", case
            bench.wish()
            bench.run(600)
            body = bench.body
            rates = (body.pan.rate_per_s, body.tilt.rate_per_s)
            for want, rate in zip(wish[:2], rates, strict=True):
                assert (want > 0) - (want < 0) == (rate > 0) - (rate < 0), (case, rates)
            assert wish[2] <= 0 or body.zoom_permille > 0, case
            bench.run(1000)
            assert not (body.pan.rate_per_s or body.tilt.rate_per_s or body.zoom.rate_per_s), case


def test_a_forgotten_move_is_stopped_on_the_wire_within_a_second() -> None:
    for protocol, head, baud in heads():
        bench = Bench(protocol, head, baud)
        bench.run(500)
        bench.line.log.clear()
        begun_ms = bench.ms
        bench.service.move(800, 0, 0, begun_ms)
        bench.wish()
        bench.run(1500)
        first = bench.service.protocol.stop()[: 8 if protocol == "pelco-p" else 9]
        ends = [row[2] for row in bench.line.log if row[0] == UNIT and row[3] == first]
        assert ends and ends[0] <= (begun_ms + 1000) * 1000, (protocol, head.replies)


def test_presets_lens_and_refusals() -> None:
    for protocol, head, baud in heads():
        bench = Bench(protocol, head, baud)
        bench.run(500)
        case = (protocol, head.replies)
        for act, number, want in (("set", 3, ""), ("go", 3, ""), ("set", 0, "ptz.range")):
            assert bench.service.preset(act, number, bench.ms) == want, (*case, act)
            bench.wish()
            bench.run(600)
        assert 3 in bench.body.presets, case
        assert bench.service.lens(1, 0, bench.ms) == "", case
        bench.wish()
        bench.run(500)
        assert bench.body.focus.rate_per_s > 0, case
        bench.run(1500)
        assert bench.body.focus.rate_per_s == 0, case
        wanted = "" if protocol == "pelco-p" else "ptz.range"
        assert bench.service.aux(1, True, bench.ms) == wanted, case


def test_a_pelco_p_place_is_known_and_a_visca_place_is_not() -> None:
    bench = Bench("pelco-p", DomeP(), 9600)
    bench.run(1000)
    bench.service.move(500, -500, 0, bench.ms)
    bench.wish()
    bench.run(6000)
    pan, tilt, _, is_known = bench.service.position()
    assert is_known and (pan, tilt) == (bench.body.pan_cdeg, bench.body.tilt_cdeg)
    assert bench.bus.quality.verdict() == "good"
    bench = Bench("visca", ViscaHead(), 9600)
    bench.run(3000)
    assert not bench.service.position()[3] and not bench.service.is_silent()


def test_a_visca_head_is_never_sent_a_speed_of_zero() -> None:
    head = ViscaHead()
    bench = Bench("visca", head, 9600)
    bench.run(500)
    for wish in ((1, 0, 0), (0, -1, 0), (1000, 1000, 1)):
        bench.service.move(*wish, bench.ms)
        bench.wish()
        bench.run(1500)
    assert head.packet_count > 10 and head.refused_count == 0
