"""The key chain only steps forward, and no clock makes a recording live longer than 31 days."""

import hashlib

from firmware.errors import DamagedError
from firmware.keys.epoch_clock import CAPTURE_MS, EpochClock
from firmware.keys.ratchet import (
    BOOT_COUNT_MAX,
    EPOCH_MS,
    LIFE_MS,
    Ratchet,
    epoch_of,
    from_map,
    oldest_epoch,
)

T0_MS = 3_117_187 * EPOCH_MS
E0 = epoch_of(T0_MS)

# (epoch, S(epoch), content key of label "dome-1/picture"), from S(0) = 00 01 .. 1f;
# made with Python's hmac and kept in docs/formats/keys.md.
VECTORS = (
    (
        0,
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
        "ad5a4e6418474da528d57b175623ad157ff8ed9521e0c5d39e8ceeabea052384",
    ),
    (
        1,
        "48775f459dcaa72b7f4d6ac939efb0c93e8ea37f69248eeca82c61e7023ee45d",
        "8f054d5b182a2e8ccd0d82e7a7413e9d94bfb41607226fa4eaa1225abf743027",
    ),
    (
        2,
        "705d6da2cda41a01f1fc51355139f9f1cf9f9ea9b63d14dcd0fe98bc203f799a",
        "5fb15daac75e3e7adb73fcefc7915c2372a1ac347e1aa9f9e081aecc14a900f4",
    ),
    (
        144,
        "b9227ffbafe194ad1137cea6e27341b013d93f89dc0e07fd274d39658c84455e",
        "531f6fc1e61d776db97d3bc21200076efcf0ac825f04fce11116ec6240818363",
    ),
    (
        4464,
        "df8aef6c0e87d096ce1b69c03e870d2b5d9fce36aed8428a009c349d0c93417a",
        "73564e6d33378d3de902b43b983f887c9b7dde703ff8f6a3b87cc188b1a8dc5e",
    ),
)


class Sha256Cipher:
    """HMAC from hashlib alone."""

    def hmac_sha256(self, key, data):
        """MAC as RFC 2104 has it."""
        padded = key + bytes(64 - len(key))
        inner = hashlib.sha256(bytes([byte ^ 0x36 for byte in padded]) + data).digest()
        return hashlib.sha256(bytes([byte ^ 0x5C for byte in padded]) + inner).digest()


CIPHER = Sha256Cipher()
SEED = bytes(range(32))


def test_vectors():
    for epoch, secret, key in VECTORS:
        ratchet = Ratchet(CIPHER, 0, SEED)
        assert ratchet.advance(epoch), epoch
        assert ratchet.epoch == epoch
        if epoch:
            before = Ratchet(CIPHER, 0, SEED)
            before.advance(epoch - 1)
            assert before.to_map()[3].hex() == secret, epoch
        assert ratchet.content_key(b"dome-1/picture").hex() == key, epoch


def test_it_never_goes_back():
    ratchet = Ratchet(CIPHER, 5, SEED)
    ratchet.advance(7)
    key = ratchet.content_key(b"a")
    for epoch in (7, 6, 0):
        assert ratchet.advance(epoch), epoch
        assert (ratchet.epoch, ratchet.content_key(b"a")) == (7, key), epoch


def test_the_way_taken_does_not_matter():
    straight = Ratchet(CIPHER, 0, SEED)
    straight.advance(9)
    stepwise = Ratchet(CIPHER, 0, SEED)
    for epoch in range(10):
        stepwise.advance(epoch)
    stored = Ratchet(CIPHER, 0, SEED)
    for epoch in range(8):
        stored.advance(epoch)
        stored = from_map(CIPHER, stored.to_map())
    stored.advance(9)
    claimed = from_map(CIPHER, [8, stepwise_secret(8)])
    claimed.advance(9)
    for ratchet in (stepwise, stored, claimed):
        assert straight.content_key(b"a") == ratchet.content_key(b"a")
    assert straight.content_key(b"a") != straight.content_key(b"b")


def stepwise_secret(epoch):
    before = Ratchet(CIPHER, 0, SEED)
    before.advance(epoch - 1)
    return before.to_map()[3]


def test_what_is_stored_opens_nothing_of_the_boot_that_stored_it():
    ratchet = Ratchet(CIPHER, 5, SEED)
    seen = []
    for boot in range(BOOT_COUNT_MAX - 1):
        seen.append(ratchet.content_key(b"a"))
        stored = ratchet.to_map()
        assert stored[4] == boot + 1
        for secret in (stored[2], stored[3]):
            held = Ratchet(CIPHER, 5, secret)
            for _ in range(3):
                assert held.content_key(b"a") not in seen, boot
                held = from_map(CIPHER, held.to_map())
        ratchet = from_map(CIPHER, stored)
    key = ratchet.content_key(b"a")  # of the last branch that a keyholder looks for
    assert key not in seen
    assert from_map(CIPHER, ratchet.to_map()).content_key(b"a") == key


def test_the_branch_of_a_boot_is_left_with_its_epoch():
    ratchet = from_map(CIPHER, Ratchet(CIPHER, 5, SEED).to_map())
    straight = Ratchet(CIPHER, 5, SEED)
    assert ratchet.content_key(b"a") != straight.content_key(b"a")
    ratchet.advance(6)
    straight.advance(6)
    assert ratchet.content_key(b"a") == straight.content_key(b"a")
    assert ratchet.to_map()[4] == 1


def test_a_long_way_is_taken_in_bounded_calls():
    ratchet = Ratchet(CIPHER, 0, SEED)
    assert not ratchet.advance(4651)
    assert ratchet.epoch == 4650
    assert ratchet.advance(4651)


def test_a_damaged_chain_is_named():
    for stored in (
        None,
        1,
        {},
        {1: 3},
        {1: 3, 2: b"short"},
        {1: -1, 2: SEED},
        {1: True, 2: SEED},
        {1: 3, 2: SEED, 3: b"short", 4: 1},
        {1: 3, 2: SEED, 3: SEED, 4: -1},
        {1: 3, 2: SEED, 4: 1},
        [1],
        [1, 2, 3],
    ):
        try:
            from_map(CIPHER, stored)
        except DamagedError:
            continue
        raise AssertionError(stored)


def test_an_epoch_goes_when_its_first_millisecond_is_31_days_old():
    start_ms = E0 * EPOCH_MS
    assert oldest_epoch(start_ms + LIFE_MS - 1) == E0
    assert oldest_epoch(start_ms + LIFE_MS) == E0 + 1
    assert oldest_epoch(0) == 0
    for offset_ms in range(0, EPOCH_MS, 60_000):
        now_ms = T0_MS + offset_ms
        oldest_ms = oldest_epoch(now_ms) * EPOCH_MS
        assert 0 < LIFE_MS - (now_ms - oldest_ms) <= EPOCH_MS, offset_ms


def test_without_a_clock_the_stored_epoch_and_the_monotonic_clock_count():
    clock = EpochClock(E0, T0_MS, 1000)
    assert clock.step(1000, 0, 0, 0) == E0
    assert clock.step(1000 + EPOCH_MS, 0, 0, 0) == epoch_of(T0_MS + EPOCH_MS * 999 // 1000)
    hour_ms = 3_600_000
    assert clock.step(1000 + hour_ms, 0, 0, 0) == epoch_of(T0_MS + hour_ms * 999 // 1000)


def test_a_wall_clock_that_is_not_proven_counts_for_nothing():
    for quality in (0, 1, 2):
        clock = EpochClock(E0, T0_MS, 0)
        assert clock.step(0, T0_MS + LIFE_MS, quality, 0) == E0, quality


def test_a_proven_wall_clock_counts_less_its_doubt():
    clock = EpochClock(E0, T0_MS, 0)
    ahead_ms = T0_MS + 3 * EPOCH_MS
    assert clock.step(0, ahead_ms, 3, 3 * EPOCH_MS) == E0
    assert clock.step(0, ahead_ms, 3, 500) == epoch_of(ahead_ms - 500)


def test_what_a_proven_clock_said_counts_on_when_it_is_gone():
    clock = EpochClock(E0, T0_MS, 0)
    day_ms = 86_400_000
    assert clock.step(0, T0_MS + day_ms, 3, 0) == epoch_of(T0_MS + day_ms - CAPTURE_MS)
    assert clock.step(2 * EPOCH_MS, 0, 0, 0) == epoch_of(T0_MS + day_ms) + 1


def test_the_epoch_changes_when_what_was_captured_before_is_here():
    clock = EpochClock(E0, T0_MS, 0)
    assert clock.step(0, T0_MS + EPOCH_MS + CAPTURE_MS - 1, 3, 0) == E0
    assert clock.step(0, T0_MS + EPOCH_MS + CAPTURE_MS, 3, 0) == E0 + 1


def test_after_an_anchor_the_wall_clock_cannot_run_away():
    clock = EpochClock(E0, 0, 0)
    assert clock.anchor(T0_MS, 5000)
    assert clock.step(5000 + EPOCH_MS, T0_MS + 50 * EPOCH_MS, 3, 0) <= E0 + 2


def test_a_unit_ahead_of_its_anchor_holds_its_epoch():
    clock = EpochClock(E0, 0, 0)
    ahead_ms = T0_MS + 5 * EPOCH_MS + CAPTURE_MS
    assert clock.step(0, ahead_ms, 3, 0) == E0 + 5
    assert clock.anchor(T0_MS, 10)
    assert clock.held_count == 1
    assert clock.step(20, ahead_ms, 3, 0) == E0 + 5
    assert clock.step(20 + 4 * EPOCH_MS, 0, 0, 0) == E0 + 5
    assert clock.step(20 + 7 * EPOCH_MS, 0, 0, 0) > E0 + 5


def test_an_old_anchor_is_refused_and_counted():
    clock = EpochClock(E0, T0_MS, 0)
    for utc_ms in (T0_MS, T0_MS - 1, 0):
        assert not clock.anchor(utc_ms, 10), utc_ms
    assert clock.stale_anchor_count == 3
    assert clock.anchor(T0_MS + 1, 10)


def test_no_clock_makes_the_epoch_later_than_true_time():
    # A linear congruential generator: the same numbers on both interpreters.
    seed = 20_261_124
    clock = EpochClock(E0, T0_MS, 0)
    true_ms, now_ms, last = T0_MS, 0, 0
    for turn in range(2000):
        seed = (seed * 1_103_515_245 + 12_345) & 0x7FFFFFFF
        passed_ms = seed % 900_000
        true_ms += passed_ms
        now_ms += passed_ms + passed_ms // 2000  # a monotonic clock 500 ppm fast
        kind = (seed >> 8) % 5
        if kind == 0:
            clock.anchor(true_ms - seed % 3000, now_ms)
        doubt_ms = seed % 10_000
        wall_ms = true_ms + doubt_ms if kind < 3 else true_ms + LIFE_MS
        epoch = clock.step(now_ms, wall_ms, 3 if kind < 3 else 2, doubt_ms)
        assert last <= epoch <= epoch_of(true_ms), turn
        last = epoch
