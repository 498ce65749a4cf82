"""The ring's tools: what is lost is told, what is left is saved, and the damaged pool is kept."""

import functools
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from firmware.recorder.marks import COPY_BYTES, Marks
from firmware.ring import layout
from firmware.ring.content import Block
from firmware.ring.layout import PAGE_BYTES
from hal.linux.cipher import KernelEntropy
from host_tools.cli.main import app
from host_tools.evidence.ledger_marks import ROOM_BYTES
from host_tools.evidence.pool import KeyBox, PoolFile, name_of
from host_tools.evidence.salvage import salvage
from host_tools.evidence.scrub import ring_scrub
from tests.host_tools.evidence_rig import PICTURE, SOUND, PoolRig
from tests.host_tools.test_evidence import JPEG, jpeg_run
from tests.host_tools.test_evidence_cli import UNIT, Site

SEGMENT_BYTES = 16 * PAGE_BYTES
LEDGER_KEY = b"k" * 32


@functools.cache
def _recorded(count: int) -> tuple[PoolRig, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        rig = PoolRig(Path(folder) / "ring.pool", SEGMENT_BYTES, 5)
        rig.open(PICTURE, JPEG)
        jpeg_run(rig, 0, count)
        rig.settle()
        return rig, rig.path.read_bytes()


def recorded(path: Path, count: int = 150) -> PoolRig:
    """A pool of five slots for each stream, of which the pictures' were lapped."""
    rig, data = _recorded(count)
    path.write_bytes(data)
    rig.path = path
    return rig


def keys_of(rig: PoolRig) -> KeyBox:
    """Every key there is."""
    keys = KeyBox()
    with PoolFile(rig.path) as pool:
        for part in pool.layout.partitions:
            wanted = [name_of(segment) for segment in pool.reader(keys).segments(part)]
            for chain in rig.secrets:
                keys.add(rig.release(chain, wanted))
    return keys


def contents(path: Path, keys: KeyBox) -> list[tuple[int, bytes]]:
    """Sequence and bytes of every readable picture of a pool."""
    found: list[tuple[int, bytes]] = []
    with PoolFile(path) as pool:
        reader = pool.reader(keys)
        for segment in reader.segments(pool.layout.partitions[0]):
            for record, content in reader.contents(segment):
                units = content.units if isinstance(content, Block) else []
                found.extend((record.sequence, unit.data) for unit in units)
    return found


def damage(path: Path, offset_bytes: int, data: bytes) -> None:
    """Overwrite a place."""
    with path.open("r+b") as file:
        file.seek(offset_bytes)
        file.write(data)


def hash_of(path: Path) -> str:
    """Tell whether a file was changed."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def run(line: str, code: int = 0) -> str:
    """Run a verb of the ring."""
    result = CliRunner().invoke(app, ["ring", *line.split()])
    assert result.exit_code == code, (line, result.output, result.exception)
    assert "Traceback" not in result.output, line
    return result.output


def test_a_scrub_measures_in_seconds_with_keys_and_says_so_without(tmp_path: Path):
    rig = recorded(tmp_path / "ring.pool")
    picture, sound = ring_scrub(rig.path, keys_of(rig), (PICTURE, SOUND))
    assert picture.stream == PICTURE and picture.basis == "seals" and picture.is_good()
    assert picture.proven_count == picture.good_count > 10
    assert picture.segments == {"open": 1, "sound": 4}
    assert picture.readable_permille() == 1000 and picture.readable_ms == picture.held_ms > 5_000
    assert sound.basis == "nothing" and sound.is_good()
    blind = ring_scrub(rig.path, KeyBox())[0]
    assert blind.basis == "structure" and blind.proven_count == 0 and blind.held_ms == 0
    assert (blind.good_count, blind.readable_permille()) == (picture.good_count, 1000)


def test_rot_costs_the_seconds_of_its_records_and_no_more(tmp_path: Path):
    rig = recorded(tmp_path / "ring.pool")
    keys = keys_of(rig)
    whole = ring_scrub(rig.path, keys)[0]
    with PoolFile(rig.path) as pool:
        reader = pool.reader(keys)
        segment = reader.segments(pool.layout.partitions[0])[1]
        start = segment.partition.segment_offset_bytes(segment.header.slot)
        walked = list(reader.walk(segment))
        offset, record, _ = walked[1]
    damage(rig.path, start + offset + 200, b"\x00rot")
    one = ring_scrub(rig.path, keys)[0]
    assert not one.is_good() and one.rotten_count == 1 and one.missing_count == 0
    lost_ms = whole.readable_ms - one.readable_ms
    assert 0 < lost_ms < 3_000 and one.held_ms == whole.held_ms
    assert one.readable_permille() == one.readable_ms * 1000 // one.held_ms < 1000
    damage(rig.path, start + 40, b"header")
    gone = ring_scrub(rig.path, keys)[0]
    assert gone.segments["damaged"] == 1 and gone.missing_count == len(walked)
    assert gone.held_ms == whole.held_ms and gone.readable_ms < one.readable_ms
    told = json.loads(run(f"scrub {rig.path} --camera yard-2 --json", 1))
    assert told["is_good"] is False and told["streams"][0]["stream"] == PICTURE
    assert told["streams"][0]["missing_count"] == len(walked)
    assert "structure and CRC only" in run(f"scrub {rig.path}", 1)
    assert record.sequence > 0


def test_an_accepted_request_proves_its_range_by_its_seals(tmp_path: Path):
    site = Site(tmp_path / "state")
    site.run(site.ask())
    pool = site.state / UNIT / "ring.pool"
    words = f"scrub {pool} --request E-0001 --person Bob --state {site.state}"
    assert "not reviewed" in run(words, 2)
    site.run("review E-0001 --accept --reason fits --person Bob")
    told = json.loads(run(words + " --json"))
    assert told["streams"][0]["stream"] == PICTURE
    assert told["streams"][0]["basis"] in {"seals", "mixed"}
    assert told["streams"][0]["proven_count"] > 0 and told["streams"][0]["readable_ms"] > 0
    assert "key_count" in site.run("list --role auditor --json")
    at = datetime.fromtimestamp(site.start_utc_ms / 1000 + 10, UTC).isoformat()
    words = f"find {pool} --at {at} --request E-0001 --person Bob --state {site.state}"
    told = json.loads(run(words + " --json"))
    assert told["is_found"] and told["stream"] == PICTURE and told["unit_count"] > 0
    assert "sequence" in run(words)
    assert "is no moment" in run(words.replace(at, "noon"), 2)
    assert "yard-2/sound" in run(words + " --sound", 1)


@pytest.mark.clause("C26")
def test_whatever_is_damaged_the_rest_is_saved_and_the_pool_is_not_touched(tmp_path: Path):
    rig = recorded(tmp_path / "ring.pool")
    keys, pages = keys_of(rig), contents(tmp_path / "ring.pool", keys_of(rig))
    whole = rig.path.read_bytes()
    with PoolFile(rig.path) as pool:
        part = pool.layout.partitions[0]
        lap = pool.reader(keys).segments(part)
        slot_1 = part.segment_offset_bytes(lap[1].header.slot)
        newest = part.segment_offset_bytes(lap[-1].header.slot)
    cases: list[tuple[str, list[tuple[int, bytes]], int]] = [
        ("superblocks", [(0, bytes(2 * PAGE_BYTES))], 0),
        ("one superblock", [(0, bytes(PAGE_BYTES))], 0),
        ("rotten record", [(slot_1 + PAGE_BYTES + 100, b"rot")], 1),
        ("rotten header", [(slot_1 + 100, b"rot")], 1),
        ("rotten newest", [(newest + PAGE_BYTES + 100, b"rot")], 1),
        ("both", [(0, bytes(2 * PAGE_BYTES)), (slot_1 + 100, b"rot")], 1),
        ("cut short", [(-1, bytes([3]))], 1),
        ("too long", [(-1, bytes([9]))], 0),
    ]
    for name, places, code in cases:
        damaged, out = tmp_path / "damaged", tmp_path / f"{name.replace(' ', '-')}.pool"
        damaged.write_bytes(whole)
        for offset, data in places:
            if offset < 0:
                os.truncate(damaged, 2 * PAGE_BYTES + data[0] * SEGMENT_BYTES + 5000)
            else:
                damage(damaged, offset, data)
        before = hash_of(damaged)
        told = json.loads(run(f"salvage {damaged} --out {out} --unit unit-7 --json", code))
        assert hash_of(damaged) == before, name
        assert told["is_whole"] == (code == 0), (name, told)
        saved = contents(out, keys)
        assert set(saved) <= set(pages) and len(saved) == len(set(saved)), name
        assert (saved == pages) == (code == 0), name
        assert len(saved) * 3 > len(pages), name
        lost_count = told["streams"][0]["lost_record_count"]
        assert (lost_count > 0) == (code == 1), (name, told)
        for fault in told["faults"]:
            assert "(invariant 10)" in fault or "(invariant 4)" in fault, (name, fault)
        assert run(f"salvage {out} --out {out}.again", code)
    assert not list(tmp_path.glob("*part*"))


def marked(path: Path, count: int) -> PoolRig:
    """A pool with room for the ledger's marks, and so many of them written."""
    rig = PoolRig(path, SEGMENT_BYTES, 5, ROOM_BYTES)
    rig.open(PICTURE, JPEG)
    jpeg_run(rig, 0, 150)
    rig.settle()
    keeper = Marks(layout.load(rig.read, rig.size_bytes), rig.cipher, KernelEntropy(), LEDGER_KEY)
    for number in range(1, count + 1):
        for _, offset, data in keeper.plan(f"account {number}".encode()):
            damage(path, offset, data)
    return rig


def account_of(path: Path) -> bytes:
    """What the newest mark of a pool holds, as the unit reads it."""
    with PoolFile(path) as pool:
        keeper = Marks(pool.layout, pool.cipher, KernelEntropy(), LEDGER_KEY)
        assert keeper.exist()
        return keeper.load(pool.read)


@pytest.mark.clause("C26")
def test_why_seconds_are_missing_is_saved_with_what_is_there(tmp_path: Path):
    end = 2 * PAGE_BYTES + 10 * SEGMENT_BYTES
    copies = [end + COPY_BYTES, end]  # of the first mark, of the second
    rot = b"\xff" * 24
    cases: list[tuple[str, int, list[tuple[int, bytes]], tuple[str, int, bytes]]] = [
        ("sound", 2, [], ("kept", 2, b"account 2")),
        ("no superblocks", 2, [(0, bytes(2 * PAGE_BYTES))], ("kept", 2, b"account 2")),
        ("one alone", 1, [], ("kept", 1, b"account 1")),
        ("newest gone", 2, [(copies[1], rot)], ("kept", 1, b"account 1")),
        ("newest rotten inside", 2, [(copies[1] + 36, rot)], ("kept", 2, b"account 1")),
        ("both headers", 2, [(at + 4, rot) for at in copies], ("lost", 0, b"")),
        ("cut short", 2, [(-1, b"")], ("lost", 0, b"")),
        ("none ever", 0, [], ("none", 0, b"")),
    ]
    for name, count, places, (state, copy_count, account) in cases:
        damaged, out = tmp_path / name, tmp_path / f"{name} saved"
        marked(damaged, count)
        for offset, data in places:
            if offset < 0:
                os.truncate(damaged, end)
            else:
                damage(damaged, offset, data)
        result = salvage(damaged, out, "unit-7")
        assert (result.marks.state, result.marks.copy_count) == (state, copy_count), name
        assert account_of(out) == account, name
        assert result.is_whole() == (state != "lost"), (name, result)
        again = salvage(out, tmp_path / f"{name} again")
        assert account_of(again.pool) == account, name
    told = json.loads(run(f"salvage {tmp_path}/sound --out {tmp_path}/told --json"))
    assert told["marks"] == {"state": "kept", "copy_count": 2, "note": ""}
    out = tmp_path / "cut"
    (tmp_path / "short").write_bytes((tmp_path / "cut short").read_bytes())
    assert "why seconds are missing" in run(f"salvage {tmp_path}/short --out {out}", 1)


def test_a_pool_without_superblocks_is_laid_out_by_its_segments(tmp_path: Path):
    for count in (1, 20, 60, 150):
        rig = recorded(tmp_path / f"{count}.pool", count)
        rig.open(SOUND, JPEG)
        keys, had = keys_of(rig), contents(rig.path, keys_of(rig))
        damage(rig.path, 0, bytes(2 * PAGE_BYTES))
        result = salvage(rig.path, tmp_path / f"{count}.saved", "unit-7")
        assert contents(result.pool, keys) == had, count
        assert result.is_whole(), (count, result)


def test_bad_input_is_refused_and_leaves_nothing(tmp_path: Path):
    rig = recorded(tmp_path / "ring.pool", 20)
    newer = bytearray(rig.path.read_bytes())
    page = newer[:PAGE_BYTES]
    page[8:10] = b"\x00\x63"
    newer[: 2 * PAGE_BYTES] = layout.stamp(page) * 2
    (tmp_path / "newer.pool").write_bytes(newer)
    (tmp_path / "short.pool").write_bytes(newer[-3 * PAGE_BYTES :])
    (tmp_path / "cut.pool").write_bytes(rig.path.read_bytes()[: 5 * PAGE_BYTES])
    (tmp_path / "nothing.pool").write_bytes(b"")
    bare = rig.path.read_bytes()
    (tmp_path / "bare.pool").write_bytes(bytes(2 * PAGE_BYTES) + bare[2 * PAGE_BYTES :])
    out = f"--out {tmp_path}/out.pool"
    table = [
        ("{folder}/none.pool", "name one that is there"),
        ("{folder}", "folder"),
        ("{folder}/newer.pool", "format version 99"),
        ("{folder}/short.pool", "not a pool of Lamppost"),
        ("{folder}/nothing.pool", "not a pool of Lamppost"),
        ("{folder}/ring.pool --unit unit-8", "unit-8"),
    ]
    for words, told in table:
        for verb in ("info ", "check ", "scrub ", f"salvage {out} "):
            line = verb + words.format(folder=tmp_path)
            assert told in run(line, 2).replace("\n", " "), line
            found = json.loads(run(line + " --json", 2))["error"]
            assert told in found["text"] and found["code"], line
    for verb in ("info", "check", "scrub"):
        assert "cut short" in run(f"{verb} {tmp_path}/cut.pool", 2)
    assert "give --unit" in run(f"salvage {tmp_path}/bare.pool {out}", 2)
    assert "exists already" in run(f"salvage {rig.path} --out {rig.path}", 2)
    assert "/none: No such" in run(f"salvage {rig.path} --out {tmp_path}/none/out.pool", 2)
    assert not (tmp_path / "out.pool").exists() and not (tmp_path / "none").exists()


def test_no_room_is_said_and_leaves_nothing(tmp_path: Path):
    rig = recorded(tmp_path / "ring.pool", 20)
    # A file system that is full for everybody: /dev/full gives no folder, a size limit does.
    program = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({SEGMENT_BYTES}, {SEGMENT_BYTES})); "
        "from host_tools.cli.main import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "ring", "salvage", rig.path, "--out", tmp_path / "out"],
        check=False,
        capture_output=True,
        text=True,
        cwd=Path(__file__).resolve().parents[2],
    )
    assert done.returncode == 2 and "too large" in done.stderr, done
    assert {path.name for path in tmp_path.iterdir()} == {"ring.pool"}


def test_info_and_check_answer_a_program(tmp_path: Path):
    rig = recorded(tmp_path / "ring.pool")
    info = json.loads(run(f"info {rig.path} --camera yard-2 --json"))
    assert info["unit"] == "unit-7" and info["partitions"][0]["stream"] == PICTURE
    assert info["partitions"][0]["fill_permille"] == 1000
    assert json.loads(run(f"check {rig.path} --json"))["is_sound"] is True
    damage(rig.path, PAGE_BYTES, bytes(PAGE_BYTES))
    found = json.loads(run(f"check {rig.path} --json", 1))
    assert [fault["invariant"] for fault in found["faults"]] == [1]
