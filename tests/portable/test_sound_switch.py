"""A microphone is silent unless permission, gate and lamp all agree."""

from firmware.audio.service import SoundService
from firmware.audio.switch import (
    CLOSE,
    CLOSING,
    DOUBT,
    EVENTS,
    FAILED,
    GATE_IS_DRIVEN,
    NEXT,
    OFF,
    ON,
    OPENING,
    STATES,
)
from firmware.machine import Machine


class Bench:
    """A service with a gate and a lamp whose lines can be broken; time moves in 10 ms."""

    def __init__(self, is_permitted=True):
        self.service = SoundService("yard-2", is_fitted=True)
        if is_permitted:
            self.service.permit(True, "")
        self.now_ms = 0
        self.level = False
        self.gate_stuck = None
        self.lamp_stuck = None
        self.is_watched = True
        self.run(50)

    def run(self, duration_ms):
        """Let time pass, looking and stepping every 10 ms."""
        for _ in range(duration_ms // 10):
            self.now_ms += 10
            if self.is_watched:
                self.service.observe(self.gate(), self.lamp(), self.now_ms)
            self.level, _due_ms = self.service.step(self.now_ms)

    def gate(self):
        """The level that is really on the gate."""
        return self.level if self.gate_stuck is None else self.gate_stuck

    def lamp(self):
        """Whether the lamp is really lit."""
        return self.level if self.lamp_stuck is None else self.lamp_stuck

    def on(self):
        """Switch on and wait for the proof."""
        assert self.service.switch_on(self.now_ms) == ""
        self.run(50)
        assert self.service.state == ON
        return self

    def names(self):
        """Take the names of the events so far."""
        return [name for name, _now_ms, _fields in self.service.events.take()]


def test_every_state_meets_every_event():
    for state in STATES:
        for event in EVENTS:
            machine = Machine(NEXT, state)
            target = machine.on_event(event)
            assert target == NEXT.get((state, event), ""), (state, event)
            assert machine.state == (target or state), (state, event)
            assert machine.ignored_count == (0 if target else 1), (state, event)
            if event == DOUBT and state != FAILED:
                assert target == FAILED, state


def test_a_gate_is_driven_only_after_opening():
    for (state, event), target in NEXT.items():
        if target in GATE_IS_DRIVEN and state not in GATE_IS_DRIVEN:
            assert (state, event, target) == (OFF, "open", OPENING)
        if state == FAILED:
            assert (event, target) == (CLOSE, CLOSING)


def test_off_is_the_default_and_needs_a_permission():
    bench = Bench(is_permitted=False)
    assert bench.service.state == OFF
    assert bench.service.switch_on(bench.now_ms) == "sound.not_permitted"
    name, _now_ms, fields = bench.service.events.take()[0]
    assert (name, fields["clause"], fields["camera"]) == ("sound.refused", "C38", "yard-2")
    bench.run(1000)
    assert bench.level is False
    assert bench.service.refused_count == 1


def test_no_sequence_of_acts_opens_without_permission():
    acts = ("on", "off", "permit", "withdraw", "step")
    for number in range(len(acts) ** 4):
        service = SoundService("yard-2", is_fitted=True)
        is_permitted = False
        level = False
        for index in range(4):
            act = acts[number // len(acts) ** index % len(acts)]
            now_ms = index * 50
            if act == "on":
                service.switch_on(now_ms)
            elif act == "off":
                service.switch_off(now_ms)
            elif act == "step":
                service.observe(level, level, now_ms)
            else:
                is_permitted = act == "permit"
                service.permit(is_permitted, "C38")
            level, _due_ms = service.step(now_ms)
            assert is_permitted or not level, (number, index)
            assert is_permitted or not service.wants_sound(), (number, index)


def test_a_camera_without_microphone_refuses():
    service = SoundService("dome-1", is_fitted=False)
    service.permit(True, "")
    assert service.switch_on(0) == "sound.not_fitted"
    assert service.step(100000)[0] is False


def test_sound_is_wanted_only_after_the_read_back():
    bench = Bench()
    assert bench.service.switch_on(bench.now_ms) == ""
    level, due_ms = bench.service.step(bench.now_ms)
    assert level is True
    assert due_ms <= bench.now_ms + 20
    assert not bench.service.wants_sound()
    bench.service.observe(True, False, bench.now_ms)
    assert not bench.service.wants_sound(), "lamp still dark"
    bench.service.observe(True, True, bench.now_ms)
    assert bench.service.wants_sound()
    bench.service.observe(False, True, bench.now_ms)
    assert not bench.service.wants_sound(), "the gate fell"


def test_off_drops_the_gate_at_once_and_is_proven_within_100_ms():
    bench = Bench().on()
    assert bench.service.switch_off(bench.now_ms) == ""
    assert bench.service.step(bench.now_ms)[0] is False
    assert not bench.service.wants_sound()
    bench.run(100)
    assert bench.service.state == OFF
    assert bench.names() == ["sound.on", "sound.off"]


def test_a_withdrawn_permission_closes_at_once():
    bench = Bench().on()
    bench.service.permit(False, "C40")
    assert bench.service.step(bench.now_ms)[0] is False
    assert not bench.service.wants_sound()
    bench.run(100)
    assert bench.service.state == OFF
    assert bench.service.switch_on(bench.now_ms) == "sound.not_permitted"
    assert bench.service.events.take()[-1][2]["clause"] == "C40"


def test_a_gate_that_does_not_follow_fails_within_100_ms():
    cases = (("opening", False, False), ("closing", True, True))
    for title, is_on_first, stuck in cases:
        bench = Bench()
        if is_on_first:
            bench.on()
            bench.service.switch_off(bench.now_ms)
        else:
            bench.service.switch_on(bench.now_ms)
        bench.gate_stuck = stuck
        bench.level = bench.service.step(bench.now_ms)[0]
        bench.run(90)
        assert bench.service.state != FAILED, title
        bench.run(20)
        assert bench.service.state == FAILED, title
        assert bench.level is False, title
        assert bench.service.gate_disagrees(), title
        assert not bench.service.is_indicator_broken(), title


def test_a_gate_found_open_while_off_is_a_failure():
    bench = Bench()
    bench.gate_stuck = True
    bench.run(120)
    assert bench.service.state == FAILED
    assert "sound.failed" in bench.names()


def test_a_gate_that_falls_while_on_is_a_failure():
    bench = Bench().on()
    bench.gate_stuck = False
    bench.run(120)
    assert bench.service.state == FAILED


def test_a_dark_lamp_ends_sound_within_a_second():
    bench = Bench().on()
    bench.lamp_stuck = False
    broken_ms = bench.now_ms
    while bench.service.state == ON:
        bench.run(10)
        assert bench.now_ms - broken_ms <= 1000
    assert bench.service.state == FAILED
    assert bench.level is False
    assert bench.service.is_indicator_broken()
    assert bench.names()[-1] == "sound.failed"


def test_a_lamp_dark_from_the_start_never_lets_sound_through():
    bench = Bench()
    bench.lamp_stuck = False
    bench.service.switch_on(bench.now_ms)
    for _ in range(100):
        bench.run(10)
        assert not bench.service.wants_sound()
    assert bench.service.state == FAILED


def test_lines_nobody_looks_at_prove_nothing():
    bench = Bench().on()
    bench.is_watched = False
    bench.run(1000)
    assert bench.service.state == FAILED
    assert bench.level is False


def test_failed_is_left_only_by_off_and_a_new_on():
    bench = Bench().on()
    bench.lamp_stuck = False
    bench.run(1000)
    assert bench.service.switch_on(bench.now_ms) == "sound.failed"
    bench.service.permit(False, "C40")
    bench.service.permit(True, "")
    bench.lamp_stuck = None
    bench.run(5000)
    assert bench.service.state == FAILED, "nothing mends it but a person"
    bench.service.switch_off(bench.now_ms)
    bench.run(50)
    assert bench.service.state == OFF
    assert not bench.service.is_indicator_broken()
    bench.on()


def test_asking_while_closing_is_refused_and_while_on_is_nothing():
    bench = Bench().on()
    assert bench.service.switch_on(bench.now_ms) == ""
    bench.service.switch_off(bench.now_ms)
    assert bench.service.switch_on(bench.now_ms) == "sound.closing"
    assert bench.service.switch_off(bench.now_ms) == ""
