"""Learned presets survive a restart; a damaged list is as good as none; too many are counted."""

from firmware.app.preset_desk import PRESETS, PresetDesk
from firmware.app.rate_desk import RATES, reckoning_of
from firmware.errors import LocalProtocolError
from firmware.ptz.model import PtzSettings
from firmware.ptz.service import PtzService


class Station:
    """As much of a camera as the desk looks at."""

    def __init__(self, name, has_replies=True):
        self.name = name
        self.dome = PtzService(name, PtzSettings(1, 9600, has_replies))


class Pages:
    """State pages in memory."""

    def __init__(self, is_full=False):
        self.values = {}
        self.is_full = is_full
        self.put_count = 0

    def get(self, key):
        return self.values.get(key)

    def put(self, key, value):
        self.put_count += 1
        if self.is_full:
            raise LocalProtocolError("full")
        self.values[key] = value


def learned(station, presets):
    """Let a dome have learned presets."""
    station.dome.sight.presets.update(presets)
    station.dome.sight.presets_count += 1


def test_presets_come_back_after_a_restart():
    pages, station = Pages(), Station("dome-1")
    desk = PresetDesk(pages, [station])
    desk.step()
    assert pages.put_count == 0, "nothing changed"
    learned(station, {7: (100, -200, 30), 2: (35_999, 9_000, 1_000)})
    desk.step()
    desk.step()
    assert pages.put_count == 1
    again = Station("dome-1")
    PresetDesk(pages, [again, Station("dome-2")])
    assert again.dome.sight.presets == station.dome.sight.presets
    station.dome.sight.unlearn(7)
    desk.step()
    assert pages.values[PRESETS] == {"dome-1": [2, 35_999, 9_000, 1_000]}


def test_a_list_that_is_no_list_of_presets_is_as_good_as_none():
    for stored in (None, 5, [], {"dome-1": 5}, {"dome-1": ["a", 1, 2, 3]}, {"dome-1": [1, 2, 3]}):
        pages, station = Pages(), Station("dome-1")
        pages.values[PRESETS] = stored
        PresetDesk(pages, [station])
        assert station.dome.sight.presets == {}, stored


def test_presets_that_do_not_fit_are_counted_and_lost_only_at_the_restart():
    pages, station = Pages(is_full=True), Station("dome-1")
    desk = PresetDesk(pages, [station])
    learned(station, {1: (0, 0, 0)})
    desk.step()
    assert desk.unstored_count == 1
    assert station.dome.sight.presets == {1: (0, 0, 0)}


def test_speeds_of_a_silent_head_come_back_after_a_restart():
    pages, station = Pages(), Station("dome-1", has_replies=False)
    desk = PresetDesk(pages, [station])
    reckoning = reckoning_of(station.dome)
    assert reckoning_of(station.dome) is reckoning
    reckoning.rates["pan"][400] = 1_268
    reckoning.rates["tilt"][150] = 200
    reckoning.rates_count += 1
    desk.step()
    desk.step()
    assert pages.put_count == 1
    assert pages.values[RATES] == {"dome-1": [0, 400, 1_268, 1, 150, 200]}
    again, telling = Station("dome-1", has_replies=False), Station("dome-1")
    PresetDesk(pages, [again, Station("dome-2", has_replies=False)])
    assert again.dome.reckoning.rates == {"pan": {400: 1_268}, "tilt": {150: 200}}
    assert not again.dome.reckoning.is_known, "where it looks is not kept"
    PresetDesk(pages, [telling])
    assert telling.dome.reckoning is None, "it tells by now where it looks"
    reckoning.forget()
    pages.is_full = True
    desk.step()
    assert desk.unstored_count == 1


def test_speeds_that_make_no_sense_are_as_good_as_none():
    for stored in (5, [], ["a", 1, 2], [0, 1], [2, 400, 9], [0, 0, 9], [0, 1001, 9], [0, 400, 0]):
        pages, station = Pages(), Station("dome-1", has_replies=False)
        pages.values[RATES] = {"dome-1": stored}
        PresetDesk(pages, [station])
        assert station.dome.reckoning is None, stored
