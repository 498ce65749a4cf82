"""A ring of any size is recovered, and any second of it found, by reading a few dozen pages."""

from pathlib import Path

from benchmarks.bench_scale import RECORD_MS, Grown
from firmware.ring import recovery
from firmware.ring.seek import bracket
from host_tools.evidence.scrub import DirectReader
from host_tools.evidence.seek import Seeker

SEGMENT_BYTES = 1 << 20
FULL_COUNT = 6


def test_recovery_and_seek_read_as_little_in_a_large_ring_as_in_a_small_one(tmp_path: Path):
    reads: dict[int, tuple[int, int]] = {}
    for segment_count in (16, 2048):
        path = tmp_path / f"{segment_count}.pool"
        grown = Grown(path, (segment_count + 1) * SEGMENT_BYTES, FULL_COUNT, SEGMENT_BYTES)
        assert grown.part.segment_count == segment_count
        with DirectReader(path) as direct:
            recovered = recovery.load(direct.read, path.stat().st_size)
            assert recovered.states[0].generation == grown.newest
            assert recovered.states[0].scan_count == 0
            counts: list[int] = []

            def read(
                offset_bytes: int,
                length_bytes: int,
                count: list[int] = counts,
                read: "DirectReader" = direct,
            ) -> bytes:
                count.append(length_bytes)
                return read.read(offset_bytes, length_bytes)

            seeker = Seeker(read, grown.layout, grown.part, grown.newest, grown.key_for)
            most = 0
            for generation in [*grown.full, grown.newest]:
                for late_ms in range(0, grown.segment_ms, RECORD_MS // 2 + 7):
                    utc_ms = grown.opened_utc_ms(generation) + late_ms
                    counts.clear()
                    place = seeker.find(utc_ms)
                    most = max(most, len(counts))
                    assert place is not None, (generation, late_ms)
                    assert place.generation == generation
                    assert 0 <= utc_ms - place.utc_ms < RECORD_MS, (generation, late_ms)
            assert seeker.find(grown.opened_utc_ms(grown.newest - segment_count)) is None
            reads[segment_count] = (recovered.read_count, most)
    assert reads[2048][0] - reads[16][0] <= 10, reads
    assert reads[2048][1] <= 48, reads


def test_a_second_behind_rot_is_found_without_the_footer(tmp_path: Path):
    path = tmp_path / "ring.pool"
    grown = Grown(path, 33 * SEGMENT_BYTES, 1, SEGMENT_BYTES)
    generation = grown.full[0]
    start = grown.part.segment_offset_bytes(generation % grown.part.segment_count)
    with DirectReader(path) as direct, path.open("r+b") as file:
        seeker = Seeker(direct.read, grown.layout, grown.part, grown.newest, grown.key_for)
        whole = [seeker.find(grown.opened_utc_ms(generation) + ms) for ms in (600, 5_200)]
        assert whole[0] is not None and whole[1] is not None
        for offset in range(SEGMENT_BYTES * 3 // 4, SEGMENT_BYTES, 4096):
            file.seek(start + offset)  # the footer and what lies before it
            file.write(b"rot")
        file.flush()
        again = [seeker.find(grown.opened_utc_ms(generation) + ms) for ms in (600, 5_200)]
        for one, other in zip(whole, again, strict=True):
            assert one is not None and other is not None
            assert (one.sequence, one.utc_ms) == (other.sequence, other.utc_ms)


def test_the_bracket_holds_whatever_times_are_unknown():
    times = [0, 100, 0, 0, 200, 300, 0, 0, 0, 0, 0, 400, 0]
    known = [(at, utc_ms) for at, utc_ms in enumerate(times) if utc_ms]
    for first in (0, 7):
        for utc_ms in range(50, 450, 25):
            low, high = bracket(
                first, first + len(times) - 1, lambda g, first=first: times[g - first], utc_ms
            )
            before = [at for at, opened_ms in known if opened_ms <= utc_ms]
            after = [at for at, opened_ms in known if opened_ms > utc_ms]
            assert low - first <= (before[-1] if before else -1), utc_ms
            assert high - first >= (after[0] if after else len(times)), utc_ms
            assert high - low <= 8, (utc_ms, low, high)
    assert bracket(5, 4, lambda _generation: 1, 9) == (4, 5)
