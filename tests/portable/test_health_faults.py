"""A condition that lasts becomes one fault, which lives until it is closed."""

from firmware.health import catalogue, faults
from firmware.health.fault import SEVERITIES
from firmware.health.faults import EVENTS, NEXT, STATES
from firmware.health.meanings import MEANINGS
from firmware.health.picture import PictureJudge
from firmware.health.service import HealthService
from firmware.machine import Machine
from hal.api.media import PictureMeasures


def on(key):
    """The condition is there."""
    return (key[0], key[1], True)


def off(key):
    """The condition is gone."""
    return (key[0], key[1], False)


class Watched:
    """A service whose conditions are held for a while, looked at every 100 ms."""

    def __init__(self):
        self.service = HealthService()
        self.now_ms = 0

    def hold(self, duration_ms, *conditions):
        """Let time pass with (fault, subject, is_present) as they are."""
        for _ in range(duration_ms // 100):
            self.now_ms += 100
            for fault, subject, is_present in conditions:
                self.service.observe(fault, subject, is_present, self.now_ms)
            due_ms = self.service.step(self.now_ms)
            assert self.now_ms <= due_ms <= self.now_ms + 1000

    def told(self):
        """Take (name, fault, subject) of each event so far."""
        return [(name, f["fault"], f["subject"]) for name, _, f in self.service.events.take()]

    def state(self, fault, subject):
        """The state of a fault, "" when it is none now."""
        for name, whose, _since_ms, state in self.service.active():
            if (name, whose) == (fault, subject):
                return state
        return ""


def test_every_state_meets_every_event():
    for state in STATES:
        for event in EVENTS:
            machine = Machine(NEXT, state)
            target = machine.on_event(event)
            assert target == NEXT.get((state, event), ""), (state, event)
            assert machine.state == (target or state), (state, event)
            assert machine.ignored_count == (0 if target else 1), (state, event)
    assert set(NEXT.values()) == set(STATES)


def test_nothing_recurs_out_of_closed_by_the_table():
    assert not [pair for pair in NEXT if pair[0] == faults.CLOSED]


def test_every_fault_of_the_catalogue_is_raised_after_its_delay_and_cleared_after_its_delay():
    for name in catalogue.names():
        row = catalogue.FAULTS[name]
        watched = Watched()
        watched.hold(row.on_delay_ms, (name, "x", True))
        if row.on_delay_ms:
            assert watched.told() == [], name
        watched.hold(200, (name, "x", True))
        assert watched.told() == [("fault.raised", name, "x")], name
        watched.hold(max(0, row.off_delay_ms - 100), (name, "x", False))
        if row.off_delay_ms:
            assert watched.told() == [], name
        watched.hold(300, (name, "x", False))
        assert watched.told() == [("fault.cleared", name, "x")], name
        is_low = row.severity == catalogue.LOW
        assert watched.state(name, "x") == ("" if is_low else "cleared"), name


def test_numbers_are_unique_and_severities_known():
    numbers = [catalogue.FAULTS[name].number for name in catalogue.names()]
    assert len(set(numbers)) == len(numbers) == len(catalogue.FAULTS)
    for name in catalogue.names():
        row = catalogue.FAULTS[name]
        assert catalogue.name_of(row.number) == name
        assert row.severity in SEVERITIES, name
        meaning, effect, first_try, _ = MEANINGS[name]
        assert meaning and effect and first_try, name
    assert len(MEANINGS) == len(catalogue.FAULTS)
    assert catalogue.name_of(9999) == ""


def test_a_dummy_is_told_of_within_a_minute():
    watched = Watched()
    watched.hold(60000, ("not.recording", "dome-1", True))
    assert watched.told() == [("fault.raised", "not.recording", "dome-1")]


def test_a_short_condition_is_no_fault_and_a_flapping_one_is():
    watched = Watched()
    watched.hold(1000, ("picture.lost", "dome-1", True))
    watched.hold(60000, ("picture.lost", "dome-1", False))
    assert watched.told() == []
    assert watched.service.active() == []
    for _ in range(10):
        watched.hold(500, ("picture.lost", "dome-1", True))
        watched.hold(500, ("picture.lost", "dome-1", False))
    assert watched.told() == [("fault.raised", "picture.lost", "dome-1")], "one ticket"
    assert watched.service.change_count == 22


def test_looking_often_does_not_forgive_faster():
    for every_ms in (1, 7, 100):
        service = HealthService()
        now_ms = 0
        service.observe("picture.lost", "dome-1", True, 0)
        service.observe("picture.lost", "dome-1", False, 1600)
        while now_ms < 1600:
            now_ms += every_ms
        for now_ms in range(1600, 2400, every_ms):
            service.step(now_ms)
        service.observe("picture.lost", "dome-1", True, 2400)
        service.step(2990)
        assert service.active() == [], every_ms
        service.step(3010)
        assert len(service.active()) == 1, every_ms


def test_a_fault_lives_through_the_maintenance_states():
    watched = Watched()
    key = ("dome.silent", "dome-1")
    watched.hold(4000, on(key))
    service = watched.service
    assert service.acknowledge(*key, "op-7", watched.now_ms) == ""
    assert service.acknowledge(*key, "op-8", watched.now_ms) == "fault.not_now"
    assert service.rectify(*key, "eng-1", watched.now_ms) == "fault.not_now"
    assert service.attend(*key, "eng-1", watched.now_ms) == ""
    assert service.rectify(*key, "eng-1", watched.now_ms) == ""
    assert watched.state(*key) == "rectified"
    assert service.close(*key, "sup-1", watched.now_ms) == "fault.not_now", "not verified"
    watched.hold(4000, off(key))
    assert watched.state(*key) == "verified"
    assert service.close(*key, "sup-1", watched.now_ms) == ""
    assert service.active() == []
    names = [name for name, _fault, _subject in watched.told()]
    words = ("raised", "acknowledged", "attended", "rectified", "verified", "closed")
    assert names == ["fault." + word for word in words]


def test_put_right_after_it_was_gone_is_verified_at_once():
    watched = Watched()
    key = ("dome.silent", "dome-1")
    watched.hold(4000, on(key))
    watched.service.attend(*key, "eng-1", watched.now_ms)
    watched.hold(4000, off(key))
    assert watched.state(*key) == "attended"
    assert watched.service.rectify(*key, "eng-1", watched.now_ms) == ""
    assert watched.state(*key) == "verified"


def test_an_acknowledged_fault_that_clears_is_closed_and_told():
    watched = Watched()
    key = ("disk.slow", "ring")
    watched.hold(11000, on(key))
    watched.service.acknowledge(*key, "op-7", watched.now_ms)
    name, _now_ms, fields = watched.service.events.take()[-1]
    assert (name, fields["person"]) == ("fault.acknowledged", "op-7")
    watched.hold(61000, off(key))
    assert watched.told() == [("fault.cleared", key[0], key[1])]
    assert watched.state(*key) == ""
    assert watched.service.acknowledge(*key, "op-7", watched.now_ms) == "fault.unknown"


def test_a_fault_that_recurs_before_anybody_saw_it_is_raised_again():
    watched = Watched()
    key = ("picture.dark", "dome-1")
    watched.hold(6000, on(key))
    watched.hold(11000, off(key))
    watched.hold(6000, on(key))
    assert [name for name, _f, _s in watched.told()] == [
        "fault.raised",
        "fault.cleared",
        "fault.raised",
    ]
    assert watched.service.raised_count == 2
    since_ms = watched.service.active()[0][2]
    assert since_ms < 6000, "it is the same fault, as old as its first raising"


def test_subjects_do_not_share_a_fault():
    watched = Watched()
    watched.hold(8000, ("picture.lost", "a", True), ("picture.lost", "b", False))
    assert [row[1] for row in watched.service.active()] == ["a"]


def test_memory_is_bounded_and_the_bound_is_counted():
    service = HealthService()
    for index in range(300):
        service.observe("picture.lost", "c%d" % index, True, 0)
    assert service.overflow_count == 44


def judged(judge, measures, last_unit_ms, now_ms):
    """The conditions that are present."""
    found = judge.judge(measures, last_unit_ms, now_ms)
    return [fault for fault, subject, is_present in found if is_present and subject == "dome-1"]


def test_pictures_are_judged_by_their_measures():
    cases = (
        ("fine", 300, 12_000, []),
        ("quiet", 300, 200, []),
        ("frozen", 300, 0, ["picture.frozen"]),
        ("frozen and coded again", 300, 49, ["picture.frozen"]),
        ("dark", 5, 3, ["picture.dark"]),
        ("black and still is dark, not frozen", 0, 0, ["picture.dark"]),
    )
    for title, luma_permille, change_ppm, want in cases:
        judge = PictureJudge("dome-1", 0)
        judged(judge, PictureMeasures(500, 300, 50, 9), 500, 500)
        measures = PictureMeasures(1500, luma_permille, 50, change_ppm)
        assert judged(judge, measures, 1500, 1500) == want, title


def test_the_first_picture_is_not_frozen():
    judge = PictureJudge("dome-1", 0)
    assert judged(judge, PictureMeasures(500, 300, 50, 0), 500, 500) == []


def test_a_picture_that_does_not_come_is_lost_and_nothing_else():
    judge = PictureJudge("dome-1", 0)
    assert judged(judge, None, -1, 3000) == []
    assert judged(judge, None, -1, 3001) == ["picture.lost"]
    judged(judge, PictureMeasures(4000, 300, 50, 0), 4000, 4000)
    assert judged(judge, PictureMeasures(5000, 300, 50, 0), 5000, 5000) == ["picture.frozen"]
    stale = PictureMeasures(5000, 300, 50, 0)
    found = judge.judge(stale, 5000, 9000)
    assert ("picture.frozen", "dome-1", False) in found
    assert ("picture.lost", "dome-1", True) in found


def test_a_lost_and_a_frozen_picture_are_faults_within_10_s():
    for fault in ("picture.lost", "picture.frozen"):
        watched = Watched()
        judge = PictureJudge("dome-1", 0)
        measures = PictureMeasures(0, 300, 50, 9)
        judge.judge(measures, 0, 0)
        while watched.now_ms < 10000:
            if fault == "picture.frozen" and watched.now_ms % 1000 == 0:
                measures = PictureMeasures(watched.now_ms, 300, 50, 0)
            last_ms = watched.now_ms if fault == "picture.frozen" else 0
            watched.hold(100, *judge.judge(measures, last_ms, watched.now_ms))
        assert ("fault.raised", fault, "dome-1") in watched.told(), fault
