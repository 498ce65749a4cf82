"""Acts that turn a dome to a place: what a command asks reaches it, and refusals name a remedy."""

from firmware.app import aim_acts
from firmware.app.dome_acts import FREE, HELD, PLAIN, Opening
from firmware.commands.message import Command
from firmware.ptz.model import PtzSettings
from sim.devices.dome import SILENT, Dome
from tests.portable.ptz_bench import Bench

MICROPYTHON_HEAP = "4m"


class Station:
    """As much of a camera as the acts look at."""

    def __init__(self, bench):
        self.name = "dome-1"
        self.dome = bench.service

    def has_line(self):
        """Whether the line is there."""
        return True


class Registry:
    """Takes what does each act, as the command service does."""

    def __init__(self, bench):
        self.functions = {}
        aim_acts.register(Opening({"dome-1": Station(bench)}, self))

    def register(self, act, function):
        """Remember what does an act."""
        self.functions[act] = function

    def ask(self, bench, act, **arguments):
        """Have an act done; returns (code, detail)."""
        command = Command(act, arguments)
        arguments["camera"] = arguments.get("camera", "dome-1")
        command.person, command.role = "E. Ngineer", "engineer"
        return self.functions[act](command, bench.ms)


def test_a_dome_that_answers_goes_where_it_is_sent():
    bench = Bench(9600)
    bench.run(1500)
    acts = Registry(bench)
    place = {"pan_cdeg": 1_500, "tilt_cdeg": -500, "zoom_permille": 100}
    assert acts.ask(bench, "ptz.go_to", **place) == ("", {})
    bench.run(9000)
    assert abs(bench.dome.pan_cdeg - 1_500) <= 15 and abs(bench.dome.tilt_cdeg + 500) <= 15
    assert acts.ask(bench, "ptz.step_by", **place) == ("", {})
    bench.run(15_000)
    assert abs(bench.dome.pan_cdeg - 3_000) <= 35 and abs(bench.dome.tilt_cdeg + 1_000) <= 35
    code, detail = acts.ask(bench, "ptz.calibrate", do="mark", pan_cdeg=0, tilt_cdeg=0)
    assert code == "ptz.tells" and detail["remedy"], code
    assert bench.service.reckoning is None
    code, detail = acts.ask(bench, "ptz.go_to", camera="dome-7", **place)
    assert code == "command.unknown_camera" and "dome-1" in detail["remedy"]


def test_home_is_a_preset_of_the_settings():
    settings = PtzSettings(1, 9600, True)
    bench = Bench(9600, None, settings)
    bench.run(1500)
    acts = Registry(bench)
    code, detail = acts.ask(bench, "ptz.home")
    assert code == "ptz.no_home" and "home_preset" in detail["remedy"]
    bench.dome.presets[7] = (2_000, -700, 0)
    settings.home_preset = 7
    assert acts.ask(bench, "ptz.home") == ("", {})
    bench.run(4000)
    assert (bench.dome.pan_cdeg, bench.dome.tilt_cdeg) == (2_000, -700)
    settings.home_preset, settings.reserved_presets = 33, ((33, 34),)
    assert acts.ask(bench, "ptz.home")[0] == "ptz.reserved"


def test_a_silent_dome_is_calibrated_and_then_sent():
    bench = Bench(9600, Dome(1, SILENT), PtzSettings(1, 9600, False))
    bench.run(400)
    acts = Registry(bench)
    place = {"pan_cdeg": 1_000, "tilt_cdeg": 0, "zoom_permille": 0}
    code, detail = acts.ask(bench, "ptz.go_to", **place)
    assert code == "ptz.no_position" and "calibrate" in detail["remedy"]
    marks = []
    for pan in (400, -400, 400):
        here = {"pan_cdeg": bench.dome.pan_cdeg, "tilt_cdeg": bench.dome.tilt_cdeg}
        marks.append(acts.ask(bench, "ptz.calibrate", do="mark", **here))
        for _ in range(10):
            bench.service.move(pan, 0, 0, bench.ms)
            bench.run(100)
        bench.service.stop(bench.ms)
        bench.run(800)
    assert marks[0] == ("", {"pan": 0, "tilt": 0}) and marks[2] == ("", {"pan": 1, "tilt": 0})
    assert acts.ask(bench, "ptz.go_to", **place) == ("", {})
    bench.run(6000)
    assert abs(bench.dome.pan_cdeg - 1_000) <= bench.service.reckoning.doubt_cdeg
    refused = acts.ask(bench, "ptz.calibrate", do="mark", pan_cdeg=0, tilt_cdeg=9_001)
    assert refused[0] == "ptz.range" and bench.service.reckoning is not None
    assert acts.ask(bench, "ptz.calibrate", do="forget", pan_cdeg=0, tilt_cdeg=0) == ("", {})
    assert acts.ask(bench, "ptz.go_to", **place)[0] == "ptz.no_position"


class Line:
    """A camera whose line comes and goes, one without a dome, and what opens acts on them."""

    def __init__(self, bench):
        self.dome, self.is_there = bench.service, True
        self.functions = {}
        fixed = Station(bench)
        fixed.dome = None
        self.opening = Opening({"dome-1": self, "yard-2": fixed}, self)
        self.seen = []
        for name, way in (("free", FREE), ("plain", PLAIN), ("held", HELD)):
            self.opening.add(name, way, self.act)

    def has_line(self):
        """Whether the line is there."""
        return self.is_there

    def register(self, act, function):
        """Remember what does an act."""
        self.functions[act] = function

    def act(self, dome, command, now_ms):
        """Do it: nothing, a code, or a whole outcome, as the person says."""
        assert dome is self.dome and now_ms >= 0
        self.seen.append(command.act)
        return {"code": "ptz.zone", "whole": ("", {"count": 3})}.get(command.text("say"))

    def ask(self, name, person, **arguments):
        """Have an act done; returns its code and detail."""
        arguments["camera"] = arguments.get("camera", "dome-1")
        command = Command(name, arguments)
        command.person, command.role = person, "operator"
        return self.functions[name](command, 0)


def test_an_act_is_opened_in_one_of_three_ways():
    line = Line(Bench(9600))
    assert line.ask("held", "A. Nn") == ("", {}) and line.seen == ["held"]
    code, detail = line.ask("held", "B. Ob")
    assert code == "ptz.held" and detail["holder"] == "A. Nn" and detail["clause"] == "C67"
    for name in ("plain", "free"):
        assert line.ask(name, "B. Ob") == ("", {}), name
    line.is_there = False
    for name, want in (("held", "port.absent"), ("plain", "port.absent"), ("free", "")):
        assert line.ask(name, "A. Nn")[0] == want, name
    assert line.seen == ["held", "plain", "free", "free"], "what is refused does nothing"
    for name in ("held", "plain", "free"):
        assert line.ask(name, "A. Nn", camera="yard-2")[0] == "ptz.not_fitted", name
        assert line.ask(name, "A. Nn", camera="dome-9")[0] == "command.unknown_camera", name
    refused = line.ask("free", "A. Nn", say="code")
    assert refused[0] == "ptz.zone" and refused[1]["clause"] == "C21" and refused[1]["remedy"]
    assert line.ask("free", "A. Nn", say="whole") == ("", {"count": 3})
