"""A whole unit on a bad medium: each kind has its fault, and recording goes on where it can."""

import pytest

from firmware.recorder import causes
from firmware.ring import layout
from firmware.ring.layout import PAGE_BYTES
from sim.world.world import World

SECOND_MS = 1_000


class Bench:
    """One unit in a quiet world, and its ring's medium."""

    def __init__(self, seed=7):
        self.world = World(seed, "quiet")
        self.site = self.world.add_unit("unit-1")
        self.world.run(20 * SECOND_MS)
        self.port = self.site.media["ring"]
        self.medium = self.port.medium
        assert self.recorded() > 0 and self.faults() == set()

    def all_faults(self):
        """Names of all faults that are active now."""
        return {row[0] for row in self.site.unit.health.active() if row[3] != "cleared"}

    def faults(self):
        """Names of the faults of the ring's medium that are active now."""
        return {name for name in self.all_faults() if name.startswith("disk.")}

    def recorded(self):
        """How many bytes of picture stand behind a barrier."""
        return self.site.unit.ring.state("dome-1/picture").recorded_bytes

    def goes_on(self):
        """Run until the faults of the medium are over; tells whether it records again."""
        self.world.run(120 * SECOND_MS)
        before = self.recorded()
        self.world.run(20 * SECOND_MS)
        return self.recorded() > before and self.faults() == set()

    def restart_on(self, spoil):
        """Stop, let something happen to the medium, and start again."""
        self.site.power_cut()
        spoil(self.medium)
        self.site.power_on()
        self.world.run(15 * SECOND_MS)


def superblocks(medium, change):
    """Write both superblocks again after a change."""
    found = layout.load(medium.read, medium.size_bytes)
    change(found)
    for at in (0, PAGE_BYTES):
        medium.write(at, found.encode())


def newer(medium):
    for at in (0, PAGE_BYTES):
        page = bytearray(medium.read(at, PAGE_BYTES))
        page[9] = layout.VERSION_WITH_HOLDS + 1
        medium.write(at, layout.stamp(page))


@pytest.mark.slow
def test_a_medium_that_fails_while_it_records_is_told_and_taken_up_again():
    for name, fault in (("is_failing", "disk.failed"), ("is_full", "disk.failed")):
        bench = Bench()
        setattr(bench.port.faults, name, True)
        bench.world.run(30 * SECOND_MS)
        assert fault in bench.faults(), name
        assert bench.site.unit.ring.recorder.failure_count > 0, name
        setattr(bench.port.faults, name, False)
        assert bench.goes_on(), name


@pytest.mark.slow
def test_a_slow_medium_is_told_and_recording_goes_on():
    bench = Bench()
    bench.port.faults.slow_flush_ppm = 1_000_000
    bench.port.faults.slow_flush_ms = 25 * SECOND_MS
    before = bench.recorded()
    bench.world.run(70 * SECOND_MS)
    assert "disk.slow" in bench.faults()
    assert bench.recorded() > before
    bench.port.faults.slow_flush_ppm = 0
    assert bench.goes_on()


@pytest.mark.slow
def test_a_pool_that_cannot_be_used_is_told_and_left_alone():
    cases = (
        ("another unit's", lambda medium: superblocks(medium, rename), "ring.other_unit"),
        ("newer", newer, "ring.newer"),
        ("cut short", lambda medium: superblocks(medium, lengthen), "ring.cut_short"),
        ("destroyed", lambda medium: medium.write(0, b"\xa5" * 2 * PAGE_BYTES), "ring.not_a_pool"),
    )
    for name, spoil, code in cases:
        bench = Bench()
        bench.restart_on(spoil)
        assert "disk.failed" in bench.faults(), name
        assert bench.site.unit.ring._code == code, name
        assert bench.site.unit.ring.unrecorded_count > 0, name
        was = bench.medium.read(0, 64 * PAGE_BYTES)
        bench.world.run(60 * SECOND_MS)
        assert bench.medium.read(0, 64 * PAGE_BYTES) == was, name


def rename(found):
    found.unit = "unit-2"


def lengthen(found):
    found.size_bytes += 1 << 30


@pytest.mark.slow
def test_a_medium_that_lies_is_recorded_on_and_every_start_finds_its_way():
    bench = Bench()
    faults = bench.port.faults
    faults.rot_ppm = faults.misdirected_ppm = faults.lost_barrier_ppm = 100_000
    for _ in range(4):
        bench.world.run(20 * SECOND_MS)
        bench.restart_on(lambda _: None)
        if bench.site.unit.ring.recorder is None:  # both superblocks were hit
            return
        assert bench.recorded() > 0
    assert bench.port.misdirected_count > 0 and bench.port.rotten_bit_count > 0


@pytest.mark.slow
@pytest.mark.clause("C28")
def test_a_medium_that_hangs_is_told_and_no_old_footage_waits_for_it():
    bench = Bench()
    bench.port.faults.is_held = True
    bench.world.run(60 * SECOND_MS)
    assert bench.faults() == {"disk.slow"}
    bench.world.run(1_300 * SECOND_MS)
    unit = bench.site.unit
    epoch = unit.chains.ratchet("picture").epoch
    streams = unit.ring.recorder.streams.values()
    keys = [one.key for stream in streams for one in stream.queue if not one.cause]
    keys += [one[1].key for stream in streams for one in stream.unsettled if not one[1].cause]
    assert {key[1] for key in keys if key[0] == "picture"} <= {epoch - 1, epoch}
    assert unit.ring.recorder.expired_count > 0
    assert "disk.stuck" in bench.faults()
    rows = unit.ledger.ledgers["dome-1/picture"].days.rows
    assert sum(row.spent_ms[causes.DISK] for row in rows) > 500 * SECOND_MS
    heartbeat = unit.reporter._heartbeat(bench.site.clock.now_ms())
    assert heartbeat.counters["ring.expired"] == unit.ring.recorder.expired_count
    bench.port.release()
    assert bench.goes_on()


@pytest.mark.slow
@pytest.mark.clause("C28")
def test_a_state_that_cannot_be_stored_is_told_and_recording_and_stops_go_on():
    bench = Bench()
    unit, state = bench.site.unit, bench.site.media["state"]
    for fault in ("is_failing", "is_held"):
        setattr(state.faults, fault, True)
        before = bench.recorded()
        bench.world.run(1_300 * SECOND_MS)  # two epochs: their chains step meanwhile
        assert bench.recorded() > before, fault
        assert not unit.state.pages.is_settled(), fault
        assert "state.failed" in bench.all_faults(), fault
        number = bench.site.centre.command("ptz.stop", {"camera": "dome-1"}, "operator")
        bench.world.run(2 * SECOND_MS)
        assert [one[1] for one in bench.site.centre.answers if one[0] == number] == ["done"], fault
        setattr(state.faults, fault, False)
        if fault == "is_held":
            state.release()
        bench.world.run(3 * SECOND_MS)
        assert unit.state.pages.is_settled(), fault
        assert "state.failed" not in bench.all_faults(), fault
    assert unit.state.pages.failed_count > 600
