"""Every codec that is recorded comes out as it went in, in a file that ffmpeg reads."""

import subprocess
from pathlib import Path

import av
import pytest

from hal.api.media import StreamParameters
from host_tools.evidence import errors
from host_tools.evidence.sample_entry import sample_entry
from tests.host_tools.evidence_rig import GRANT, PICTURE, SOUND, PoolRig, export, request
from tests.host_tools.test_evidence import JPEG, hashes, jpeg_run, units_of

H265 = {
    "plain": ["-pix_fmt", "yuv420p"],
    "ten bits": ["-pix_fmt", "yuv420p10le"],
    "4:4:4 and an odd size": ["-pix_fmt", "yuv444p", "-vf", "scale=318:238"],
    "layers in time": ["-pix_fmt", "yuv420p", "-x265-params", "temporal-layers=3:log-level=none"],
}
SOUND_ASKED = {"with_sound": True, "sound_reason": "threats", "grant": GRANT}


def hevc_parameters(path: Path) -> StreamParameters:
    """Take the parameter sets out of a clip, as Annex B."""
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        record = bytes(video.codec_context.extradata or b"")
        assert video.time_base is not None
        ticks = video.time_base.denominator
        size = (video.width, video.height)
    at, sets = 23, []
    for _ in range(record[22]):
        kind, count = record[at] & 0x3F, int.from_bytes(record[at + 1 : at + 3], "big")
        at += 3
        for _ in range(count):
            length = int.from_bytes(record[at : at + 2], "big")
            if kind in {32, 33, 34}:  # x265 adds a message about itself
                sets.append(record[at + 2 : at + 2 + length])
            at += 2 + length
    return StreamParameters("hevc", ticks, b"".join(b"\0\0\0\1" + one for one in sets), *size)


@pytest.mark.slow
def test_h265_comes_back_frame_by_frame(tmp_path: Path):
    for number, (title, options) in enumerate(H265.items()):
        clip = tmp_path / f"clip-{number}.mp4"
        command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=size=320x240:rate=25"]
        command += ["-t", "3", "-c:v", "libx265", "-preset", "ultrafast", "-g", "25"]
        command += ["-x265-params", "log-level=none"] if "-x265-params" not in options else []
        subprocess.run([*command, *options, str(clip)], check=True)
        rig = PoolRig(tmp_path / f"pool-{number}")
        rig.open(PICTURE, hevc_parameters(clip))
        for unit in units_of(clip, "video"):
            rig.give(PICTURE, unit)
        rig.settle()
        out = tmp_path / f"out-{number}"
        film = export(rig.path, rig.release, request(0, 60_000), out).paths()[0]
        assert hashes(film) == hashes(clip), title
        assert hashes(film, "-c", "copy") == hashes(clip, "-c", "copy"), title
        record = _extradata(film), _extradata(clip)
        # From the profile to the layers; a min_spatial_segmentation that x265 knows is not ours.
        assert record[0][1:13] == record[1][1:13] and record[0][16:19] == record[1][16:19], title
        assert record[0][21] == record[1][21], title


def _extradata(path: Path) -> bytes:
    with av.open(str(path)) as container:
        return bytes(container.streams.video[0].codec_context.extradata or b"")


def test_opus_comes_back_byte_for_byte(tmp_path: Path):
    clip = tmp_path / "clip.mp4"
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "sine=440:sample_rate=48000"]
    subprocess.run([*command, "-t", "2", "-c:a", "libopus", str(clip)], check=True)
    rig = PoolRig(tmp_path / "pool")
    rig.open(PICTURE, JPEG)
    jpeg_run(rig, 0, 1)
    rig.open(SOUND, StreamParameters("opus", 48_000, b"", 0, 0, 48_000, 1))
    for unit in units_of(clip, "audio"):
        rig.give(SOUND, unit)
    rig.settle()
    asked = request(0, 60_000, **SOUND_ASKED)
    sound = export(rig.path, rig.release, asked, tmp_path / "out").paths()[1]
    assert hashes(sound, "-c", "copy") == hashes(clip, "-c", "copy")
    assert len(hashes(sound)) >= 100


def test_damaged_parameter_sets_are_named_and_never_crash():
    good = bytes.fromhex(
        "0000000140010c01ffff016000000300900000030000030078959809"
        "00000001420101016000000300900000030000030078a00502016965959a4932bc05a02000000300200000030321"
        "000000014401c172b46240"
    )
    entry = sample_entry(StreamParameters("hevc", 90_000, good, 1280, 720))
    assert entry[4:8] == b"hev1" and b"hvcC" in entry
    for end in range(len(good)):
        try:
            sample_entry(StreamParameters("hevc", 90_000, good[:end], 1280, 720))
        except errors.CodecError as error:
            assert "players cannot start" in str(error), end
    with pytest.raises(errors.CodecError, match="it can: h264, hevc"):
        sample_entry(StreamParameters("vp9", 90_000, b"", 1280, 720))
