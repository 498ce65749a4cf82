"""Tours are kept through restarts, begun and ended by the hour, and only when they may be."""

from firmware.app.tour_desk import PATTERNS, TOURS, TourDesk
from firmware.errors import LocalProtocolError
from firmware.ptz.model import PtzSettings
from firmware.ptz.service import PtzService

DAY_MS = 86_400_000
MIDNIGHT_UTC_MS = 20_100 * DAY_MS  # of a winter day
ROWS = b"\x00\x01\x01\xf4\x00\x00\x00\x00\x14\x00\x00\x00\x00\x00"


class Station:
    """As much of a camera as the desk looks at; its dome knows presets 1 to 3."""

    def __init__(self, name):
        self.name = name
        self.dome = PtzService(name, PtzSettings())
        self.dome.on_line(True, 0)
        self.tour = self.dome.hands.tour


class Config:
    """Settings of the unit."""

    def __init__(self):
        self.unit = {"utc_offset_ms": 0, "summer_time": True}


class Clock:
    """A wall clock that can be wrong."""

    def __init__(self, hour=12, quality=2):
        self.hour = hour
        self.quality = quality

    def utc_ms(self):
        return MIDNIGHT_UTC_MS + self.hour * 3_600_000

    def utc_quality(self):
        return self.quality


class Pages:
    """State pages in memory."""

    def __init__(self):
        self.values = {}
        self.is_full = False

    def get(self, key, default=None):
        return self.values.get(key, default)

    def put(self, key, value):
        if self.is_full:
            raise LocalProtocolError("full")
        self.values[key] = value


class Bench:
    """A desk with one dome."""

    def __init__(self, pages=None):
        self.ms = 0
        self.pages = pages or Pages()
        self.station = Station("dome-1")
        self.tour = self.station.tour
        self.desk = TourDesk(self.pages, [self.station, Station("dome-2")], Config(), 0)
        self.clock = Clock()
        self.may = True

    def step(self, hour=None):
        """Let a second pass at an hour of the day."""
        self.ms += 1000
        self.clock.hour = self.clock.hour if hour is None else hour
        self.desk.step(self.clock, lambda _: self.may, self.ms)
        return self.tour.name

    def keep(self, name, plan, hours="by hand"):
        return self.desk.keep("dome-1", name, plan, hours, self.ms)

    def events(self):
        return [event[0] for event in self.station.dome.events.take()]


def test_tours_and_patterns_come_back_after_a_restart():
    bench = Bench()
    assert bench.keep("day", "1:20 2:15") == ("", "")
    assert bench.keep("night", "3:0", "22:00-06:00") == ("", "")
    bench.tour.patterns[2] = (1, ROWS)
    bench.tour.patterns_count += 1
    assert bench.desk.run("dome-1", "day", bench.ms) == ""
    bench.step()
    again = Bench(bench.pages)
    assert again.desk.kept["dome-1"] == {
        "day": ("1:20 2:15", "by hand"),
        "night": ("3:0", "22:00-06:00"),
    }
    assert again.desk.kept["dome-2"] == {}
    assert again.tour.patterns == {2: (1, ROWS)}
    assert (again.tour.name, again.tour.text) == ("day", "1:20 2:15"), "it goes on"
    assert again.tour.machine.state == "going" and not again.tour.is_scheduled
    again.desk.end("dome-1", again.ms)
    again.step()
    assert Bench(bench.pages).tour.machine.state == "idle", "ended is ended"
    assert again.desk.drop("dome-1", "day", 0) == ""
    assert again.desk.drop("dome-1", "day", 0) == "ptz.no_tour"
    assert again.desk.run("dome-1", "day", 0) == "ptz.no_tour"
    assert sorted(Bench(bench.pages).desk.kept["dome-1"]) == ["night"]


def test_a_plan_without_a_name_goes_on_too():
    bench = Bench()
    bench.tour.start("1:5 2:5", 0)
    bench.step()
    assert (Bench(bench.pages).tour.name, Bench(bench.pages).tour.text) == ("", "1:5 2:5")


def test_what_is_refused_is_not_kept_and_says_which_stop():
    bench = Bench()
    bench.station.dome.settings.zones = ((0, 100, 0, 100),)
    bench.station.dome.sight.presets[1] = (9_000, 0, 0)
    assert bench.keep("a", "1:5", "22-06") == ("ptz.hours", "22-06")
    assert bench.keep("a", "1:5 2:5") == ("ptz.unlearned", "2")
    assert bench.keep("a", "1;5") == ("ptz.plan", "")
    for number in range(8):
        assert bench.keep("t%d" % number, "1:5") == ("", "")
    assert bench.keep("t8", "1:5") == ("ptz.no_room", "")
    assert bench.keep("t7", "1:6") == ("", ""), "one that is there is replaced"
    bench.pages.is_full = True
    assert bench.keep("t7", "1:7") == ("ptz.no_room", "")
    assert bench.desk.kept["dome-1"]["t7"] == ("1:6", "by hand"), "the old one stays"
    assert bench.desk.unstored_count == 1


def test_the_hour_begins_and_ends_a_tour():
    bench = Bench()
    bench.keep("night", "1:20 2:15", "22:00-06:00")
    assert bench.step(21) == ""
    assert bench.step(22) == "night" and bench.tour.is_scheduled
    assert bench.step(3) == "night"
    assert bench.step(6) == "" and bench.tour.machine.state == "idle"
    bench.step(23)
    assert Bench(bench.pages).tour.machine.state == "idle", "the hour begins it, not the restart"


def test_what_a_person_begins_or_ends_stays_so_until_the_hours_are_over():
    bench = Bench()
    bench.keep("night", "1:20 2:15", "22:00-06:00")
    bench.step(22)
    bench.desk.end("dome-1", bench.ms)
    assert bench.step(23) == "" and bench.step(23) == ""
    bench.tour.start("3:9", bench.ms)
    assert bench.step(6) == "" and bench.tour.text == "3:9", "a person's tour has no hours"
    bench.desk.end("dome-1", bench.ms)
    bench.step(12)
    assert bench.step(22) == "night", "the next night is another"
    assert bench.desk.drop("dome-1", "night", bench.ms) == ""
    assert bench.tour.machine.state == "idle"


def test_without_trusted_time_no_hour_begins_anything_and_that_is_told():
    bench = Bench()
    bench.keep("night", "1:20 2:15", "22:00-06:00")
    bench.clock.quality = 1
    for _ in range(3):
        assert bench.step(23) == ""
    assert bench.desk.unscheduled_count == 1 and bench.events().count("ptz.schedule_waits") == 1
    bench.clock.quality = 2
    assert bench.step(23) == "night"
    bench.clock.quality = 0
    assert bench.step(23) == "", "nor does it go on"
    assert bench.desk.unscheduled_count == 2


def test_a_dome_that_may_not_tour_waits():
    bench = Bench()
    bench.tour.start("1:20 2:15", 0)
    bench.may = False
    bench.step()
    assert bench.tour.machine.state == "waiting" and bench.tour.held_count == 1
    bench.step()
    assert bench.tour.held_count == 1


def test_what_is_stored_and_no_tour_is_as_good_as_none():
    for tours in (
        None,
        5,
        [],
        {"dome-1": 5},
        {"dome-1": ["", 1]},
        {"dome-1": ["", "", "n", "p", "h"]},
    ):
        for patterns in (None, 5, {"dome-1": 5}, {"dome-1": [1, 2]}, {"dome-1": [1, 2, "x"]}):
            pages = Pages()
            pages.values[TOURS], pages.values[PATTERNS] = tours, patterns
            bench = Bench(pages)
            assert bench.desk.kept == {"dome-1": {}, "dome-2": {}}, tours
            assert bench.tour.patterns == {} and bench.tour.machine.state == "idle", patterns
