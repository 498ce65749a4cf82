"""What is exported is what was recorded, bit for bit, with its gaps told."""

import hashlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import av
import pytest

from firmware.cbor.decode import loads
from firmware.errors import DamagedError
from hal.api.media import AccessUnit, StreamParameters
from host_tools.cmc.footage import Footage
from host_tools.evidence import errors
from host_tools.evidence.pool import KeyBox, PoolFile, name_of, ring_check, ring_info
from tests.host_tools.evidence_rig import (
    GRANT,
    PICTURE,
    SOUND,
    START_UTC_MS,
    PoolRig,
    export,
    papers,
    request,
)

ALAW = StreamParameters("alaw", 8000, b"", 0, 0, 8000, 1)
JPEG = StreamParameters("jpeg", 1000, b"", 64, 48)


def make_clip(path: Path, size: str = "320x240", seconds: int = 6) -> None:
    """Make a real clip: H.264 with B-frames, and AAC."""
    subprocess.run(
        [
            *("ffmpeg", "-v", "error", "-f", "lavfi", "-i", f"testsrc=size={size}:rate=25"),
            *("-f", "lavfi", "-i", "sine=440:sample_rate=16000", "-t", str(seconds)),
            *("-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "25"),
            *("-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "32k", "-y", str(path)),
        ],
        check=True,
    )


def units_of(path: Path, kind: str) -> Iterator[AccessUnit]:
    """Demux a clip; MP4 holds NAL units behind their lengths already."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0] if kind == "video" else container.streams.audio[0]
        first: int | None = None
        for packet in container.demux(stream):
            if packet.dts is None or packet.pts is None:
                continue
            assert packet.time_base is not None
            first = packet.dts if first is None else first
            now_ms = int((packet.dts - first) * packet.time_base * 1000)
            yield AccessUnit(bytes(packet), now_ms, packet.pts, packet.dts, packet.is_keyframe)


def parameters_of(path: Path, kind: str) -> StreamParameters:
    """Read a clip's parameters; SPS and PPS as Annex B."""
    with av.open(str(path)) as container:
        if kind == "audio":
            sound = container.streams.audio[0]
            extradata = bytes(sound.codec_context.extradata or b"")
            return StreamParameters(
                "aac", sound.sample_rate, extradata, 0, 0, sound.sample_rate, 1
            )
        video = container.streams.video[0]
        avcc = bytes(video.codec_context.extradata or b"")
        sps_end = 8 + int.from_bytes(avcc[6:8], "big")
        pps = avcc[
            sps_end + 3 : sps_end + 3 + int.from_bytes(avcc[sps_end + 1 : sps_end + 3], "big")
        ]
        extradata = b"\0\0\0\1" + avcc[8:sps_end] + b"\0\0\0\1" + pps
        assert video.time_base is not None
        return StreamParameters(
            "h264", video.time_base.denominator, extradata, video.width, video.height
        )


def hashes(path: Path, *options: str) -> list[str]:
    """Frame checksums as ffmpeg sees them, without their times."""
    command = ["ffmpeg", "-v", "error", "-i", str(path), *options, "-f", "framemd5", "-"]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [line.split(",")[5].strip() for line in text.splitlines() if not line.startswith("#")]


def record_clip(rig: PoolRig, clip: Path, shift_ms: int = 0, with_sound: bool = True) -> None:
    """Record a clip as it would arrive: pictures and sound interleaved by time."""
    rig.open(PICTURE, parameters_of(clip, "video"))
    units = [(unit.now_ms, 0, PICTURE, unit) for unit in units_of(clip, "video")]
    if with_sound:
        rig.open(SOUND, parameters_of(clip, "audio"))
        units += [(unit.now_ms, 1, SOUND, unit) for unit in units_of(clip, "audio")]
    for _, _, stream, unit in sorted(units, key=lambda entry: entry[:2]):
        unit.now_ms += shift_ms
        rig.give(stream, unit)
    rig.settle()


@pytest.mark.clause("C43")
def test_a_real_clip_comes_back_frame_by_frame_and_without_sound_unless_asked(
    tmp_path: Path,
) -> None:
    clip = tmp_path / "clip.mp4"
    make_clip(clip)
    rig = PoolRig(tmp_path / "pool")
    record_clip(rig, clip)
    result = export(rig.path, rig.release, request(0, 60_000), tmp_path / "silent")
    assert result.files == ["yard-2-1.mp4"]
    assert hashes(result.paths()[0]) == hashes(clip, "-an")
    assert hashes(result.paths()[0], "-c", "copy") == hashes(clip, "-an", "-c", "copy")
    assert rig.released == ["picture"]
    sound = {"with_sound": True, "sound_reason": "threats", "grant": GRANT}
    result = export(rig.path, rig.release, request(0, 60_000, **sound), tmp_path / "both")
    assert result.files == ["yard-2-1.mp4", "yard-2-sound-1.mp4"]
    packets = hashes(clip, "-vn", "-c", "copy")
    assert hashes(result.paths()[1], "-c", "copy") == packets
    assert len(hashes(result.paths()[1])) >= len(packets) - 1
    assert not list(tmp_path.glob("*part"))


@pytest.mark.clause("C10")
def test_the_manifest_agrees_with_the_files_and_with_itself(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    make_clip(clip, seconds=3)
    rig = PoolRig(tmp_path / "pool")
    record_clip(rig, clip, with_sound=False)
    result = export(rig.path, rig.release, request(0, 3_000), tmp_path / "out")
    text = json.loads((result.folder / "manifest.json").read_text("utf-8"))
    assert loads((result.folder / "manifest.cbor").read_bytes()) == text == result.manifest
    file = text["files"][0]
    data = result.paths()[0].read_bytes()
    assert file["sha256"] == hashlib.sha256(data).hexdigest() and file["bytes"] == len(data)
    assert file["unit_count"] == 75 == sum(record["unit_count"] for record in text["records"])
    assert text["case"] == "C-2026-11" and text["unit"] == "unit-7"
    assert text["clock"]["lowest_quality"] == 2 == text["clock"]["highest_quality"]
    assert text["clock"]["rebased_record_count"] == 0
    assert [clock["offset_ms"] for clock in text["clock"]["offsets"]] == [START_UTC_MS]
    assert text["gaps"] == []
    bodies = [unit.data for unit in units_of(clip, "video")]
    first = text["records"][0]
    want = hashlib.sha256(b"".join(bodies[: first["unit_count"]])).hexdigest()
    assert first["sha256"] == want


def test_a_range_starts_at_the_keyframe_before_it_and_ends_in_time(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    make_clip(clip)
    rig = PoolRig(tmp_path / "pool")
    record_clip(rig, clip, with_sound=False)
    result = export(rig.path, rig.release, request(2_500, 4_600), tmp_path / "out")
    got = hashes(result.paths()[0], "-c", "copy")
    whole = hashes(clip, "-an", "-c", "copy")
    assert got == whole[50:115]


def test_new_parameters_begin_a_new_file(tmp_path: Path) -> None:
    small, large = tmp_path / "small.mp4", tmp_path / "large.mp4"
    make_clip(small, seconds=2)
    make_clip(large, "640x480", 2)
    rig = PoolRig(tmp_path / "pool")
    record_clip(rig, small, with_sound=False)
    record_clip(rig, large, rig.now_ms, with_sound=False)
    result = export(rig.path, rig.release, request(0, 60_000), tmp_path / "out")
    assert len(result.files) == 2
    for file, clip in zip(result.paths(), (small, large), strict=True):
        assert hashes(file) == hashes(clip, "-an")


@pytest.mark.clause("C26")
def test_a_gap_is_told_with_its_cause_and_is_a_jump_in_time(tmp_path: Path) -> None:
    rig = PoolRig(tmp_path / "pool")
    rig.open(PICTURE, JPEG)
    jpeg_run(rig, 0, 20)
    rig.service.close_stream(PICTURE, "privacy", rig.now_ms)
    rig.settle()
    rig.open(PICTURE, JPEG)
    jpeg_run(rig, 30_000, 20)
    rig.settle()
    rig.start(gap_ms=20_000)
    rig.open(PICTURE, JPEG)
    jpeg_run(rig, 0, 20)
    rig.settle()
    result = export(rig.path, rig.release, request(0, 90_000), tmp_path / "out")
    gaps = result.manifest["gaps"]
    assert [gap["cause"] for gap in gaps] == ["privacy", "power", "no_footage"]
    assert gaps[0]["to_utc_ms"] - gaps[0]["from_utc_ms"] == 30_000 - 9_500
    with av.open(str(result.paths()[0])) as container:
        times = [
            int(p.pts * p.time_base * 1000)
            for p in container.demux()
            if p.size and p.pts is not None and p.time_base
        ]
    assert len(times) == 60
    assert times[19:21] == [9_500, 30_000]
    assert times[40] - times[39] == gaps[1]["to_utc_ms"] - gaps[1]["from_utc_ms"]


def jpeg_run(rig: PoolRig, from_ms: int, count: int) -> None:
    """Record made-up pictures, two a second, as the small unit does."""
    for number in range(count):
        now_ms = from_ms + number * 500
        body = b"\xff\xd8" + b"%d" % number + bytes(3000) + b"\xff\xd9"
        rig.give(PICTURE, AccessUnit(body, now_ms, now_ms, now_ms, True))


def test_time_that_comes_late_is_counted_back(tmp_path: Path) -> None:
    rig = PoolRig(tmp_path / "pool")
    rig.start(quality=0)
    rig.open(PICTURE, JPEG)
    jpeg_run(rig, 0, 20)
    rig.tell_time(2)
    jpeg_run(rig, 10_000, 4)
    rig.settle()
    result = export(rig.path, rig.release, request(0, 60_000), tmp_path / "out")
    assert result.unit_count() == 24
    assert result.manifest["clock"]["lowest_quality"] == 0
    assert result.manifest["clock"]["rebased_record_count"] > 5
    assert result.manifest["files"][0]["first_utc_ms"] == rig.base_utc_ms


def test_sound_of_a_telephone_codec_is_kept_byte_for_byte(tmp_path: Path) -> None:
    rig = PoolRig(tmp_path / "pool")
    rig.open(PICTURE, JPEG)
    rig.open(SOUND, ALAW)
    pieces = [bytes([number % 256]) * 160 for number in range(100)]
    jpeg_run(rig, 0, 1)
    for number, piece in enumerate(pieces):
        unit = AccessUnit(piece, number * 20, number * 160, number * 160, True)
        rig.give(SOUND, unit)
    rig.settle()
    sound = {"with_sound": True, "sound_reason": "threats", "grant": GRANT}
    result = export(rig.path, rig.release, request(0, 9_000, **sound), tmp_path / "out")
    assert hashes(result.paths()[1], "-c", "copy") != []
    with av.open(str(result.paths()[1])) as container:
        got = b"".join(bytes(packet) for packet in container.demux() if packet.size)
        assert container.streams.audio[0].codec_context.name == "pcm_alaw"
    assert got == b"".join(pieces)


def test_what_cannot_be_exported_says_why_and_leaves_nothing(tmp_path: Path) -> None:
    rig = PoolRig(tmp_path / "pool")
    rig.open(PICTURE, JPEG)
    jpeg_run(rig, 0, 10)
    rig.settle()
    cases: list[tuple[type[Exception], Footage, str]] = [
        (errors.NoStreamError, request(0, 9_000, camera="dome-9"), "dome-9/picture"),
        (DamagedError, request(0, 9_000, unit="unit-8"), "unit-7"),
        (errors.EmptyError, request(300_000, 400_000), "overwritten"),
    ]
    for kind, asked, words in cases:
        with pytest.raises(kind, match=words):
            export(rig.path, rig.release, asked, tmp_path / "out")
    with pytest.raises(errors.NoKeyError, match=r"from 2027-02-15.*dead"):
        export(rig.path, lambda *_: {}, request(0, 9_000), tmp_path / "out")
    with pytest.raises(errors.ExistsError):
        export(rig.path, rig.release, request(0, 9_000), tmp_path / "keys")
    for name in ("owner", "permit", "place"):
        with pytest.raises(errors.PapersError, match="C04"):
            rights = papers(**{name: " "})
            export(rig.path, rig.release, request(0, 9_000), tmp_path / "out", rights)
    assert {path.name for path in tmp_path.iterdir()} == {"pool", "keys"}


@pytest.mark.clause("C27")
def test_a_pool_tells_without_keys_only_what_recovery_needs(tmp_path: Path) -> None:
    rig = PoolRig(tmp_path / "pool")
    rig.open(PICTURE, JPEG)
    jpeg_run(rig, 0, 30)
    rig.settle()
    info = ring_info(rig.path)
    assert info.unit == "unit-7" and [part.stream for part in info.partitions] == ["", ""]
    assert info.partitions[0].opened_count == 1 and info.partitions[1].opened_count == 0
    named = ring_info(rig.path, (PICTURE, SOUND))
    assert [part.stream for part in named.partitions] == [PICTURE, SOUND]
    assert named.partitions[0].fill_permille() == 62
    assert ring_check(rig.path) == []
    keys = KeyBox()
    with PoolFile(rig.path) as pool:
        partition = pool.layout.find(pool.cipher, PICTURE)
        assert partition is not None
        found = pool.reader(keys).segments(partition)
        keys.add(rig.release("picture", [name_of(segment) for segment in found]))
    assert ring_check(rig.path, keys) == []
    with rig.path.open("r+b") as file:
        file.seek(2 * 4096 + 4096 + 500)
        byte = file.read(1)
        file.seek(-1, 1)
        file.write(bytes([byte[0] ^ 1]))
    assert [fault.invariant for fault in ring_check(rig.path, keys)] != []


def test_what_is_no_pool_says_so(tmp_path: Path) -> None:
    cases = (
        ("ring.not_a_pool", bytes(9000)),
        ("ring.not_a_pool", b""),
        ("ring.not_a_pool", b"x" * 20_000),
    )
    for code, data in cases:
        path = tmp_path / "file"
        path.write_bytes(data)
        with pytest.raises(Exception, match="not a pool") as caught:
            PoolFile(path)
        assert getattr(caught.value, "code", "") == code
