"""What is exported plays and seeks in a real Chromium, with the sound where it was asked for."""

import itertools
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from hal.api.media import AccessUnit
from host_tools.evidence import errors, verify_alone
from host_tools.evidence.export import export as made
from host_tools.evidence.onvif import Mark, OnvifSigner
from host_tools.evidence.signing import Signer
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
from tests.host_tools.test_evidence import (
    ALAW,
    hashes,
    make_clip,
    parameters_of,
    record_clip,
    units_of,
)

pytestmark = pytest.mark.slow
CHROMIUM = [
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"),
    "--autoplay-policy=no-user-gesture-required",
]
BOTH = {"with_sound": True, "sound_reason": "threats", "grant": GRANT, "is_joined": True}
BLOCK_BYTES = 160
PLAY = """
async name => {
  const video = document.createElement("video");
  document.body.replaceChildren(video);
  const once = kind => new Promise((done, fail) => {
    video.addEventListener(kind, done, {once: true});
    video.addEventListener("error", () => fail(new Error(video.error.message)), {once: true});
  });
  video.muted = true;
  let next = once("loadeddata");
  video.src = name;
  await next;
  await video.play();
  while (video.currentTime < 0.5) await new Promise(done => setTimeout(done, 20));
  const sound_bytes = video.webkitAudioDecodedByteCount;
  next = once("seeked");
  video.currentTime = 4.2;
  await next;
  const at = video.currentTime;
  while (video.currentTime < at + 0.3) await new Promise(done => setTimeout(done, 20));
  const picture_bytes = video.webkitVideoDecodedByteCount;
  return {at, width: video.videoWidth, sound_bytes, picture_bytes};
}
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    folder = tmp_path_factory.mktemp("page")
    (folder / "index.html").write_text("<!doctype html><title>films</title>")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM)
        page = chromium.new_page()
        page.set_default_timeout(30_000)
        page.goto((folder / "index.html").as_uri())
        yield page
        chromium.close()


def play(page: Page, film: Path) -> "dict[str, float]":
    found = page.evaluate(PLAY, film.as_uri())
    assert 4.0 < found["at"] < 4.4, found
    return found


def telephone_units(clip: Path) -> "list[AccessUnit]":
    """Code a clip's sound as a telephone does, in blocks of 20 ms."""
    command = ["ffmpeg", "-v", "error", "-i", str(clip), "-vn", "-ar", "8000", "-f", "alaw", "-"]
    data = subprocess.run(command, check=True, capture_output=True).stdout
    return [
        AccessUnit(data[at : at + BLOCK_BYTES], at // 8, at, at, True)
        for at in range(0, len(data), BLOCK_BYTES)
    ]


@pytest.mark.clause("C43")
def test_pictures_sound_and_both_play_and_seek(tmp_path: Path, page: Page):
    clip = tmp_path / "clip.mp4"
    make_clip(clip)
    rig = PoolRig(tmp_path / "pool")
    record_clip(rig, clip)
    silent = export(rig.path, rig.release, request(0, 60_000), tmp_path / "silent")
    both = export(rig.path, rig.release, request(0, 60_000, **BOTH), tmp_path / "both")
    assert both.files == ["yard-2-1.mp4", "yard-2-sound-1.mp4", "yard-2-joined-1.mp4"]
    found = play(page, silent.paths()[0])
    assert (found["width"], found["sound_bytes"]) == (320, 0) and found["picture_bytes"] > 0
    found = play(page, both.paths()[1])
    assert found["width"] == 0 and found["sound_bytes"] > 0
    found = play(page, both.paths()[2])
    assert found["width"] == 320 and found["sound_bytes"] > 0 and found["picture_bytes"] > 0
    joined = both.paths()[2]
    for option, kind in (("-an", "v"), ("-vn", "a")):
        packets = hashes(joined, "-map", f"0:{kind}", "-c", "copy")
        assert packets == hashes(clip, option, "-c", "copy"), kind
    assert hashes(joined, "-map", "0:v") == hashes(clip, "-an")
    assert verify_alone.check(both.folder)[0] == []


def test_telephone_sound_plays_beside_the_pictures(tmp_path: Path, page: Page):
    clip = tmp_path / "clip.mp4"
    make_clip(clip)
    rig = PoolRig(tmp_path / "pool")
    rig.open(PICTURE, parameters_of(clip, "video"))
    rig.open(SOUND, ALAW)
    spoken = telephone_units(clip)
    units = [(unit.now_ms, 0, PICTURE, unit) for unit in units_of(clip, "video")]
    units += [(unit.now_ms, 1, SOUND, unit) for unit in spoken]
    for _, _, stream, unit in sorted(units, key=lambda entry: entry[:2]):
        rig.give(stream, unit)
    rig.settle()
    both = export(rig.path, rig.release, request(0, 60_000, **BOTH), tmp_path / "both")
    for film in both.paths()[1:]:
        assert play(page, film)["sound_bytes"] > 0, film.name
    command = ["ffmpeg", "-v", "error", "-i", str(both.paths()[2]), "-map", "0:a", "-c", "copy"]
    got = subprocess.run(
        [*command, "-f", "alaw", "-"], check=True, capture_output=True
    ).stdout  # byte for byte, out of the joined file
    assert got == b"".join(unit.data for unit in spoken)


def test_a_joined_file_keeps_both_on_one_time_over_a_gap(tmp_path: Path):
    clip = tmp_path / "clip.mp4"
    make_clip(clip, seconds=3)
    rig = PoolRig(tmp_path / "pool")
    record_clip(rig, clip)
    rig.start(gap_ms=7_000)
    record_clip(rig, clip)
    asked = request(0, 60_000, **BOTH)
    both = export(rig.path, rig.release, asked, tmp_path / "both")
    command = ["ffprobe", "-v", "error", "-show_entries", "packet=stream_index,dts_time"]
    rows = subprocess.run(
        [*command, "-of", "csv=p=0", str(both.paths()[2])],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    for track in ("0", "1"):
        times = [float(row.split(",")[1]) for row in rows if row.split(",")[0] == track]
        jumps = [later - time for time, later in itertools.pairwise(times)]
        wide = [jump for jump in jumps if jump > 1]
        assert len(wide) == 1 and 7 < wide[0] < 12, (track, wide)
    entry = both.manifest["files"][2]
    assert entry["codec"] == "h264+aac"
    assert entry["unit_count"] == sum(file["unit_count"] for file in both.manifest["files"][:2])


def test_sound_that_changes_cannot_be_joined_and_nothing_is_left(tmp_path: Path):
    clip = tmp_path / "clip.mp4"
    make_clip(clip, seconds=2)
    rig = PoolRig(tmp_path / "pool")
    record_clip(rig, clip)
    rig.start()
    rig.open(SOUND, ALAW)
    for unit in telephone_units(clip):
        rig.give(SOUND, unit)
    rig.settle()
    with pytest.raises(errors.JoinError, match="2 files"):
        export(rig.path, rig.release, request(0, 60_000, **BOTH), tmp_path / "out")
    assert {path.name for path in tmp_path.iterdir()} == {"clip.mp4", "pool", "keys"}


def test_onvif_export_files_play_and_seek_as_the_others_do(tmp_path: Path, page: Page):
    clip = tmp_path / "clip.mp4"
    make_clip(clip)
    rig = PoolRig(tmp_path / "pool")
    record_clip(rig, clip)
    signer = Signer.open(tmp_path / "keys")
    mark = Mark("Example Borough Council", "B. Officer", START_UTC_MS, "unit-7", "case 7")
    signer.onvif = OnvifSigner.open(tmp_path / "keys", mark)
    asked = request(0, 60_000, **BOTH)
    with made(rig.path, rig.release, asked, papers(), signer, tmp_path / "out") as result:
        pass
    found = play(page, result.paths()[2])
    assert found["width"] == 320 and found["sound_bytes"] > 0 and found["picture_bytes"] > 0
    assert play(page, result.paths()[0])["picture_bytes"] > 0
