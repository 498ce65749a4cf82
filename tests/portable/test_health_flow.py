"""A camera's counts become faults while it goes on sending, and clear when it is well again."""

from firmware.health.catalogue import FAULTS
from firmware.health.flow import BROKEN, JUMPS, NO_KEYFRAME, FlowJudge


def present(judge, counts, last_unit_ms, last_keyframe_ms, now_ms):
    found = judge.judge(counts, last_unit_ms, last_keyframe_ms, now_ms)
    assert [name for name, _, _ in found] == [BROKEN, NO_KEYFRAME, JUMPS]
    assert all(name in FAULTS and subject == "yard" for name, subject, _ in found)
    return [name for name, _, is_present in found if is_present]


def test_damaged_pictures_are_a_fault_until_six_seconds_after_the_last():
    for name in ("damaged", "skipped", "broken"):
        judge = FlowJudge("yard", 0)
        assert present(judge, {}, 0, 0, 0) == []
        assert present(judge, {name: 1}, 1000, 1000, 1000) == [BROKEN], name
        assert present(judge, {name: 1}, 6999, 6999, 6999) == [BROKEN], name
        assert present(judge, {name: 1}, 7000, 7000, 7000) == [], name
        assert present(judge, {name: 2}, 9000, 9000, 9000) == [BROKEN], name


def test_a_minute_without_keyframe_is_a_fault_only_while_pictures_come():
    judge = FlowJudge("yard", 0)
    for now_ms in range(0, 60_001, 500):
        assert present(judge, {}, now_ms, 0, now_ms) == [], now_ms
    assert present(judge, {}, 60_500, 0, 60_500) == [NO_KEYFRAME]
    assert present(judge, {}, 61_000, 61_000, 61_000) == []
    for now_ms in range(61_500, 300_000, 500):  # then nothing comes: another fault
        assert present(judge, {}, 61_000, 61_000, now_ms) == [], now_ms
    assert present(judge, {}, 300_000, 61_000, 300_000) == [], "it has just come back"


def test_a_camera_that_never_sent_a_keyframe_is_found_by_what_was_passed_over():
    judge = FlowJudge("yard", 0)
    told = [
        present(judge, {"headless": now_ms}, -1, -1, now_ms) for now_ms in range(0, 70_000, 500)
    ]
    assert told[:118] == [[]] * 118
    assert told[-1] == [NO_KEYFRAME]


def test_each_jump_of_the_times_is_told_once():
    judge = FlowJudge("yard", 0)
    assert present(judge, {"jumps": 1}, 0, 0, 0) == [JUMPS]
    assert present(judge, {"jumps": 1}, 500, 500, 500) == []
    assert present(judge, {"jumps": 3}, 1000, 1000, 1000) == [JUMPS]
