"""One person has a dome at a time; a supervisor preempts at once; a hold ends by itself (C67)."""

from firmware.ptz.hold import HANDED_MS, HELD, HOLD_MS, NOT_HOLDER, Hold
from firmware.ptz.report import Report

ADA, GRACE, CHIEF = ("Ada", "operator"), ("Grace", "operator"), ("Chief", "supervisor")


def test_a_second_person_is_refused_until_the_hold_is_over():
    report = Report("dome-1")
    hold = Hold(report)
    assert hold.left_ms(0) == 0
    assert hold.take(*ADA, 0) == ""
    assert (hold.person, hold.role, hold.left_ms(1000)) == ("Ada", "operator", HOLD_MS - 1000)
    assert hold.take(*GRACE, 1000) == HELD
    assert hold.take(*ADA, 1000) == "", "who has it keeps it"
    assert hold.take(*GRACE, 1000 + HOLD_MS - 1) == HELD
    assert hold.take(*GRACE, 1000 + HOLD_MS) == "", "it is over when nothing was moved for a while"
    assert hold.refused_count == 2 and hold.pre_empted_count == 0
    hold.step(99_000)
    assert hold.person == "" and hold.left_ms(99_000) == 0
    names = [(event[0], event[2]["person"]) for event in report.events.take()]
    assert names == [
        ("ptz.held", "Ada"), ("ptz.released", "Ada"), ("ptz.held", "Grace"),
        ("ptz.released", "Grace"),
    ], names  # fmt: skip


def test_a_supervisor_takes_it_from_an_operator_and_from_no_supervisor():
    report = Report("dome-1")
    hold = Hold(report)
    hold.take(*ADA, 0)
    assert hold.take(*CHIEF, 10) == ""
    assert hold.take(*ADA, 20) == HELD
    assert hold.take("Boss", "supervisor", 30) == HELD
    assert hold.pre_empted_count == 1
    told = [event[2] for event in report.events.take() if event[0] == "ptz.pre_empted"]
    assert told == [{"camera": "dome-1", "person": "Chief", "from": "Ada"}]
    for role in ("engineer", "operator", "responsible_officer", ""):
        assert hold.take("Other", role, 40) == HELD, role


def test_a_guest_gives_way_to_everybody():
    hold = Hold(Report("dome-1"))
    assert hold.take("Constable", "guest", 0) == ""
    assert hold.take("Other", "guest", 1) == HELD
    assert hold.take(*ADA, 2) == "" and hold.pre_empted_count == 1
    assert hold.take("Constable", "guest", 3) == HELD
    hold.hand_over(*ADA, "Constable", 4)
    assert hold.take("Constable", "guest", 5) == ""
    assert hold.release(*ADA, 6) == "" and hold.person == ""


def test_who_has_it_hands_it_over_and_nobody_else_does():
    hold = Hold(Report("dome-1"))
    hold.take(*ADA, 0)
    assert hold.hand_over(*GRACE, "Eve", 10) == NOT_HOLDER
    assert hold.hand_over(*ADA, "Grace", 20) == ""
    assert (hold.person, hold.role, hold.left_ms(20)) == ("Grace", "", HANDED_MS)
    assert hold.take(*ADA, 30) == HELD
    assert hold.take(*GRACE, 10_000) == "" and hold.role == "operator"
    assert hold.left_ms(10_000) == 20 + HANDED_MS - 10_000, "what was handed over is not cut short"
    assert hold.hand_over(*CHIEF, "Ada", 11_000) == "", "a supervisor may give it to anybody"
    assert hold.take(*GRACE, 11_010) == HELD
    hold.step(11_000 + HANDED_MS)
    assert hold.person == ""


def test_it_is_let_go_before_its_time():
    hold = Hold(Report("dome-1"))
    assert hold.release(*ADA, 0) == "", "nobody has it: nothing to let go"
    hold.take(*ADA, 0)
    assert hold.release(*GRACE, 1) == NOT_HOLDER
    assert hold.release(*ADA, 2) == ""
    assert hold.take(*GRACE, 3) == ""
    assert hold.release(*CHIEF, 4) == "" and hold.person == ""


def test_a_long_name_is_cut_and_still_the_same_person():
    hold = Hold(Report("dome-1"))
    hold.take("n" * 60, "operator", 0)
    assert hold.person == "n" * 48
    assert hold.take("n" * 60, "operator", 1) == ""
    assert hold.release("n" * 60, "operator", 2) == ""
