"""Learned presets survive a restart; a damaged list is as good as none; too many are counted."""

from firmware.app.preset_desk import PRESETS, PresetDesk
from firmware.errors import LocalProtocolError
from firmware.ptz.model import PtzSettings
from firmware.ptz.service import PtzService


class Station:
    """As much of a camera as the desk looks at."""

    def __init__(self, name):
        self.name = name
        self.dome = PtzService(name, PtzSettings())


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
