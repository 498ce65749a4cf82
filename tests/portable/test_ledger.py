"""Every second of every day is recorded or missing for a cause, whatever the clocks do."""

from firmware.errors import DamagedError
from firmware.recorder.causes import (
    CAUSE_COUNT,
    CLOCK,
    DISARMED,
    NAMES,
    NO_PICTURE,
    POWER,
    PRIVACY,
    RECORDED,
)
from firmware.recorder.days import DAY_MS, ROW_COUNT_MAX, Days, whole_seconds
from firmware.recorder.ledger import RUN_GAP_MS, StreamLedger, WallClock

BEGIN_MS = 20_700 * DAY_MS
S = 1_000
HOUR = 3_600 * S
UNIT_MS = 500  # from one unit to the next


class Chance:
    """Pseudo-random numbers that are the same on both interpreters."""

    def __init__(self, seed):
        self.state = seed * 2654435761 % (1 << 32)

    def below(self, end):
        """Give 0 to end - 1."""
        self.state = (self.state * 1664525 + 1013904223) % (1 << 32)
        return (self.state >> 8) % end


class Rig:
    """A ledger under a clock, and a judge who writes down what really was."""

    def __init__(self, utc_ms=BEGIN_MS, quality=2):
        self.true_ms = utc_ms  # true UTC
        self.error_ms = 0
        self.quality = quality
        self.wants = {}  # (day, cause) to ms
        self.days = Days()
        self.tick_count = 0
        self.boot()

    def boot(self):
        """Start as after a power cut, on what is stored."""
        self.now_ms = 1_000
        self.wall = WallClock()
        self.ledger = StreamLedger(self.wall, self.now_ms)
        self.ledger.days = self.days
        self.is_recording = False
        self.pending = []
        self.last_unit_ms = -1

    def judge(self, from_ms, until_ms, cause):
        """Write down what really was; times in true UTC."""
        while from_ms < until_ms:
            end = min(until_ms, (from_ms // DAY_MS + 1) * DAY_MS)
            key = (from_ms // DAY_MS, cause)
            self.wants[key] = self.wants.get(key, 0) + end - from_ms
            from_ms = end

    def run(self, span_ms, cause, settle_ms=1_000):
        """Let time pass in which units come and are settled (RECORDED), or a cause holds."""
        self.judge(self.true_ms, self.true_ms + span_ms, cause)
        blame = NO_PICTURE if cause == RECORDED else cause
        end_ms = self.now_ms + span_ms
        is_cut = not self.is_recording
        self.is_recording = cause == RECORDED
        first_ms = self.now_ms
        self.ledger.blame(blame, self.now_ms, self.last_unit_ms)
        while self.now_ms < end_ms:
            step_ms = min(settle_ms, end_ms - self.now_ms)
            self.now_ms += step_ms
            self.true_ms += step_ms
            spans = []
            if cause == RECORDED:
                self.last_unit_ms = self.now_ms
                spans = [(first_ms, self.now_ms, is_cut)]
                first_ms, is_cut = self.now_ms, False
            self.tick(spans)

    def tick(self, spans):
        """Give the ledger its turn."""
        utc_ms = self.true_ms + self.error_ms if self.quality else 0
        self.wall.set(utc_ms, self.quality, self.now_ms)
        self.ledger.step(spans, self.now_ms, self.now_ms)
        self.tick_count += 1
        if self.tick_count % 16 == 0:
            check_sums(self.days)

    def off(self, span_ms):
        """Lose the power for a while; what the ledger did not judge yet is power too."""
        self.judge(self.true_ms, self.true_ms + span_ms, POWER)
        self.true_ms += span_ms
        stored = self.days.pack(ROW_COUNT_MAX)
        self.days = Days()
        self.days.unpack(stored)
        self.boot()

    def verdict(self, slack_ms):
        """Compare the ledger's days with what really was."""
        got = {}
        for row in self.days.rows:
            for cause in range(CAUSE_COUNT):
                if row.spent_ms[cause]:
                    got[row.day, cause] = row.spent_ms[cause]
        first = self.days.rows[0].day
        for key in sorted(set(list(got) + list(self.wants))):
            if key[0] >= first:
                wrong_ms = got.get(key, 0) - self.wants.get(key, 0)
                assert abs(wrong_ms) <= slack_ms, (key[0] - first, NAMES[key[1]], wrong_ms)


def check_sums(days):
    """Each full day has 86,400,000 ms, and the newest as many as have gone by."""
    for row in days.rows:
        want_ms = min(DAY_MS, days.frontier_ms - row.day * DAY_MS)
        assert sum(row.spent_ms) == want_ms, (row.day, row.spent_ms)
        assert min(row.spent_ms) >= 0, row.spent_ms
    numbers = [row.day for row in days.rows]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers))) if numbers else True
    assert len(numbers) <= ROW_COUNT_MAX


def test_what_is_recorded_and_what_is_missing_is_exact_where_the_clock_is_right():
    rig = Rig()
    for _ in range(12):
        rig.run(3 * HOUR, RECORDED, 60 * S)
        rig.run(HOUR, PRIVACY, 100 * S)
        rig.run(HOUR, DISARMED, 100 * S)
        rig.run(10 * S, RECORDED)
    rig.verdict(0)
    assert len(rig.days.rows) == 3


def test_nothing_counts_as_recorded_before_a_barrier_is_behind_it():
    rig = Rig()
    rig.run(60 * S, RECORDED)
    pending_ms = rig.now_ms
    for _ in range(100):
        rig.now_ms += S
        rig.true_ms += S
        rig.wall.set(rig.true_ms, 2, rig.now_ms)
        rig.ledger.step([], pending_ms, rig.now_ms)
    assert rig.days.rows[0].spent_ms[RECORDED] == 60 * S
    assert rig.days.frontier_ms == BEGIN_MS + 60 * S, "the rest is not known yet"
    rig.ledger.step([(pending_ms, rig.now_ms, False)], rig.now_ms, rig.now_ms)
    assert rig.days.rows[0].spent_ms[RECORDED] == 160 * S
    assert rig.days.frontier_ms == BEGIN_MS + 160 * S


def test_units_that_stop_coming_are_missed_only_when_they_are_late():
    rig = Rig()
    rig.run(60 * S, RECORDED)
    for step_ms, want_ms in ((RUN_GAP_MS, 0), (2 * S, 1 * S), (60 * S, 61 * S)):
        rig.now_ms += step_ms
        rig.true_ms += step_ms
        rig.tick([])
        assert rig.days.rows[0].spent_ms[NO_PICTURE] == want_ms, step_ms


def test_a_power_cut_costs_what_was_not_judged_and_no_more():
    rig = Rig()
    for span_ms in (10 * S, 2 * HOUR, 30 * HOUR):
        rig.run(5 * HOUR, RECORDED, 50 * S)
        rig.off(span_ms)
    rig.run(HOUR, PRIVACY, 100 * S)
    rig.verdict(0)


def test_time_that_nobody_knows_waits_for_it():
    rig = Rig(quality=0)
    rig.run(HOUR, RECORDED, 50 * S)
    rig.run(HOUR, PRIVACY, 50 * S)
    assert rig.days.frontier_ms == 0
    rig.quality = 2
    rig.run(HOUR, RECORDED, 50 * S)
    rig.verdict(0)
    rig.off(HOUR)
    rig.quality = 0
    for _ in range(300):
        rig.run(10 * S, RECORDED, 5 * S)
        rig.run(5 * S, PRIVACY, 5 * S)
    assert rig.ledger.merged_count > 0, "its memory has a bound"
    rig.quality = 2
    rig.run(HOUR, RECORDED, 50 * S)
    assert rig.days.frontier_ms == rig.true_ms
    check_sums(rig.days)


def test_steps_of_the_clock_make_no_day_longer():
    for step_ms in (-5 * S, 5 * S, -30 * 60 * S, 30 * 60 * S, -5 * HOUR, 5 * HOUR, -30 * HOUR):
        rig = Rig(BEGIN_MS + 22 * HOUR)
        rig.run(HOUR, RECORDED, 50 * S)
        rig.error_ms = step_ms
        rig.run(30 * HOUR, RECORDED, 60 * S)
        rig.error_ms = 0
        rig.run(30 * HOUR, RECORDED, 60 * S)
        full = [row.spent_ms for row in rig.days.rows[1:-1]]
        assert full, step_ms
        assert rig.days.frontier_ms == rig.true_ms, step_ms
        assert rig.days.rows[-2].spent_ms[CLOCK] <= abs(step_ms), step_ms


def test_a_clock_that_leaps_a_year_ahead_and_back_keeps_the_days():
    rig = Rig()
    rig.run(30 * HOUR, RECORDED, 50 * S)
    before = [list(row.spent_ms) for row in rig.days.rows[:-1]]
    rig.quality, rig.error_ms = 1, 365 * DAY_MS
    rig.run(HOUR, RECORDED, 50 * S)
    assert [list(row.spent_ms) for row in rig.days.rows[:-1]] == before, "nobody vouches for it"
    rig.quality, rig.error_ms = 2, 0
    rig.run(HOUR, RECORDED, 50 * S)
    rig.verdict(0)


def test_random_lives_add_up_and_agree_with_the_judge():
    causes = (RECORDED, RECORDED, PRIVACY, DISARMED)
    for seed in range(1, 7):
        chance = Chance(seed)
        rig = Rig(BEGIN_MS + chance.below(DAY_MS))
        for _ in range(60):
            if chance.below(8) == 0:
                rig.off(1_000 + chance.below(3 * HOUR))
            cause = causes[chance.below(len(causes))]
            rig.run(
                10 * S + chance.below(2 * HOUR) // S * S, cause, 30_000 * (1 + chance.below(5))
            )
        first = rig.days.rows[0].day
        del rig.days.rows[0]  # the day that had begun before the unit did
        rig.wants = {key: rig.wants[key] for key in rig.wants if key[0] > first}
        rig.verdict(0)


def test_what_is_stored_is_read_again_and_rot_is_refused():
    rig = Rig()
    for _ in range(40):
        rig.run(20 * HOUR, RECORDED, 50 * S * 100)
        rig.run(4 * HOUR, PRIVACY, 50 * S * 100)
    stored = rig.days.pack(ROW_COUNT_MAX)
    assert len(stored) < 31 * 20, len(stored)
    again = Days()
    again.unpack(stored)
    assert again.pack(ROW_COUNT_MAX) == stored
    refused_count = 0
    for at in range(len(stored)):
        rotten = bytearray(stored)
        rotten[at] ^= 0x11
        try:
            Days().unpack(bytes(rotten))
        except DamagedError:
            refused_count += 1
    assert refused_count > len(stored) * 3 // 4, refused_count
    for end in range(len(stored)):
        try:
            Days().unpack(stored[:end])
            raise AssertionError(end)
        except DamagedError:
            pass


def test_a_later_copy_of_the_newest_days_wins():
    rig = Rig()
    rig.run(40 * HOUR, RECORDED, 50 * S)
    early = Days()
    early.unpack(rig.days.pack(ROW_COUNT_MAX))
    rig.run(30 * HOUR, PRIVACY, 50 * S)
    newest = Days()
    newest.unpack(rig.days.pack(2))
    early.take_newer(newest)
    assert early.pack(ROW_COUNT_MAX) == rig.days.pack(ROW_COUNT_MAX)
    late = Days()
    late.unpack(rig.days.pack(1))
    early.take_newer(late)
    check_sums(early)


def test_what_was_overwritten_early_is_told_beside_what_is_left():
    days = Days()
    days.fill(BEGIN_MS, POWER, 0)
    days.fill(BEGIN_MS + DAY_MS, RECORDED, 0)
    days.fill(BEGIN_MS + 2 * DAY_MS, RECORDED, 144)
    for oldest, want_s in ((0, 0), (36, 21_600), (72, 43_200), (144, 86_400), (200, 86_400)):
        told = days.told_s(0, oldest, 287)
        assert told.get("overwritten", 0) == want_s, oldest
        assert sum(told.values()) == 86_400, oldest
    held = days.told_s(0, 200, 343, [(36, 72), (100, 150)])
    assert (held["recorded"], held["overwritten"]) == (80 * 600, 64 * 600)
    assert days.told_s(1, 144, 287) == {"recorded": 86_400}
    days.lose_medium()
    assert days.told_s(0, 0, 5) == {"disk": 86_400}


def test_seconds_are_rounded_so_that_they_add_up():
    for spent in ([999, 1, 0], [500, 500, 1_000], [1_499, 1_499, 2], [333, 333, 334], []):
        assert sum(whole_seconds(spent)) == sum(spent) // 1_000, spent


def test_a_cut_between_two_spans_is_missing_and_a_pause_within_a_run_is_not():
    for pause_ms, is_cut, want_ms in (
        (3 * S, False, 0),
        (3 * S, True, 3 * S),
        (8 * S, False, 8 * S),
    ):
        rig = Rig()
        rig.ledger.blame(NO_PICTURE, rig.now_ms, -1)
        first_ms = rig.now_ms
        second_ms = first_ms + 10 * S + pause_ms
        rig.now_ms += 30 * S
        rig.true_ms += 30 * S
        rig.tick([(first_ms, first_ms + 10 * S, True), (second_ms, rig.now_ms, is_cut)])
        spent_ms = rig.days.rows[0].spent_ms
        assert spent_ms[NO_PICTURE] == want_ms, (pause_ms, is_cut)
        assert spent_ms[RECORDED] == 30 * S - want_ms, (pause_ms, is_cut)
