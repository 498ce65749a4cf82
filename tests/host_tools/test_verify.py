"""Two verifiers that know nothing of our code find whatever was done to an export."""

import ast
import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from firmware.cbor.decode import loads
from firmware.cbor.encode import dumps
from firmware.cose import sign1
from hal.linux.cipher import OpenSslCipher
from host_tools.evidence import verify_alone
from host_tools.evidence.signing import Signer, seal
from tests.host_tools.evidence_rig import PICTURE, PoolRig, export, request
from tests.host_tools.test_evidence import JPEG, jpeg_run

SOURCE = Path(verify_alone.__file__).parent
ALONE, SHELL = SOURCE / "verify_alone.py", SOURCE / "verify.sh"
SAMPLE_COUNT, SHELL_SAMPLE_COUNT = 40, 24


def made(path: Path, count: int = 4) -> Path:
    """Make a small export."""
    rig = PoolRig(path / "pool")
    rig.open(PICTURE, JPEG)
    jpeg_run(rig, 0, count)
    rig.settle()
    return export(rig.path, rig.release, request(0, 9_000), path / "out").folder


def shell(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run the script as a third party does: no Python, nothing of ours on the path."""
    return subprocess.run(
        ["sh", str(SHELL), str(folder), *words],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        env={"PATH": "/usr/bin:/bin"},
    )


def alone(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run the file as a third party does: isolated, without our packages."""
    return subprocess.run(
        [sys.executable, "-I", "-S", str(ALONE), str(folder), *words],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
    )


@pytest.mark.slow
@pytest.mark.clause("C81")
def test_both_find_a_good_export_good_and_name_its_key(tmp_path: Path):
    folder = made(tmp_path)
    fingerprint = Signer.open(tmp_path / "keys").fingerprint()
    for run in (shell, alone):
        plain, named, colons = run(folder), run(folder, fingerprint), run(folder, "AB:CD")
        assert plain.returncode == 0 and fingerprint in plain.stdout, plain.stderr
        assert named.returncode == 0, named.stderr
        assert colons.returncode == 1 and "fingerprint" in colons.stderr
        assert run(tmp_path / "none").returncode == 2
    for name in ("verify_alone.py", "verify.sh"):
        inside = ["sh" if name.endswith("sh") else sys.executable, name]
        done = subprocess.run(inside, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (name, done.stderr)


def test_the_verifier_imports_only_what_comes_with_python():
    tree = ast.parse(ALONE.read_text(), feature_version=(3, 9))
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [one.name for one in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            names = [node.module or ""]
        assert all(name in sys.stdlib_module_names for name in names), names


@pytest.mark.clause("C10")
def test_the_signed_manifest_its_json_view_and_our_own_reader_agree(tmp_path: Path):
    folder = made(tmp_path)
    data = (folder / "manifest.cbor").read_bytes()
    view = json.loads((folder / "manifest.json").read_text())
    assert loads(data) == view == verify_alone.decode(data)
    sums = (folder / "SHA256SUMS").read_bytes()
    aad = OpenSslCipher().sha256(sums).hex().encode()
    point, _ = verify_alone.read_key(folder)
    key = b"".join(part.to_bytes(32, "big") for part in point)
    assert sign1.verify(OpenSslCipher(), key, (folder / "manifest.cose").read_bytes(), aad) == data
    film = (folder / "yard-2-1.mp4").read_bytes()
    groups = [group for group in view["groups"] if group["file"] == "yard-2-1.mp4"]
    for group in groups:
        part = film[group["offset"] : group["offset"] + group["bytes"]]
        assert part[4:8] == b"moof" and OpenSslCipher().sha256(part).hex() == group["sha256"]
    assert sum(group["unit_count"] for group in groups) == view["files"][0]["unit_count"]


def places(size: int, count: int, rng: random.Random) -> "list[int]":
    """Every byte of a small file; of a larger one both ends and some between."""
    if size <= count:
        return list(range(size))
    ends = [*range(8), *range(size - 4, size)]
    return sorted({*ends, *rng.sample(range(size), max(0, count - len(ends)))})


def flips(folder: Path, count: int, seed: int) -> "list[tuple[Path, int, int]]":
    """One bit for each place of every file."""
    rng = random.Random(seed)
    return [
        (path, at, 1 << rng.randrange(8))
        for path in sorted(folder.iterdir())
        for at in places(path.stat().st_size, count, rng)
    ]


def flip(path: Path, at: int, bit: int) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ bit]))


@pytest.mark.slow
@pytest.mark.clause("C10")
def test_one_flipped_bit_anywhere_is_found_by_the_python_file(tmp_path: Path):
    folder = made(tmp_path)
    seed = int(os.environ.get("LAMPPOST_SEED", "20261124"))
    found_count = 0
    for path, at, bit in flips(folder, SAMPLE_COUNT, seed):
        flip(path, at, bit)
        assert verify_alone.check(folder)[0] != [], (seed, path.name, at, bit)
        flip(path, at, bit)
        found_count += 1
    whole = folder / "manifest.cose"
    for at in [*range(24), *range(whole.stat().st_size - 70, whole.stat().st_size)]:
        for bit in (0, 7):
            flip(whole, at, 1 << bit)
            assert verify_alone.check(folder)[0] != [], (at, bit)
            flip(whole, at, 1 << bit)
            found_count += 1
    assert verify_alone.check(folder)[0] == []
    print(f"{found_count} flipped bits found by verify_alone.py, seed {seed}")


@pytest.mark.slow
@pytest.mark.clause("C10")
def test_one_flipped_bit_anywhere_is_found_by_openssl_and_sha256sum(tmp_path: Path):
    folder = made(tmp_path)
    seed = int(os.environ.get("LAMPPOST_SEED", "20261124"))
    size = (folder / "manifest.cose").stat().st_size
    cose = [*range(24), *range(size - 68, size, 3)]
    extra = [(folder / "manifest.cose", at, 1) for at in cose]
    found_count = 0
    for path, at, bit in [*flips(folder, SHELL_SAMPLE_COUNT, seed), *extra]:
        flip(path, at, bit)
        done = shell(folder)
        assert done.returncode == 1, (seed, path.name, at, bit, done.stdout)
        flip(path, at, bit)
        found_count += 1
    assert shell(folder).returncode == 0
    print(f"{found_count} flipped bits found by verify.sh, seed {seed}")


@pytest.mark.slow
@pytest.mark.clause("C10")
def test_what_is_missing_too_many_swapped_or_signed_by_another_is_found(tmp_path: Path):
    folder = made(tmp_path)
    (tmp_path / "other").mkdir()
    other = made(tmp_path / "other", 5)

    def swap(copy: Path, *names: str) -> None:
        for name in names:
            shutil.copy(other / name, copy / name)

    cases = (
        ("a missing film", lambda copy: (copy / "yard-2-1.mp4").unlink()),
        ("a missing signature", lambda copy: (copy / "manifest.cose").unlink()),
        ("a missing list", lambda copy: (copy / "SHA256SUMS").unlink()),
        ("a missing key", lambda copy: (copy / "signer.pem").unlink()),
        ("a missing manifest", lambda copy: (copy / "manifest.cbor").unlink()),
        ("one too many", lambda copy: (copy / "extra.mp4").write_bytes(b"x")),
        ("a hidden one", lambda copy: (copy / ".extra").write_bytes(b"x")),
        ("a folder", lambda copy: (copy / "sub").mkdir()),
        ("a film cut short", lambda copy: os.truncate(copy / "yard-2-1.mp4", 900)),
        ("another film", lambda copy: swap(copy, "yard-2-1.mp4")),
        ("another film and list", lambda copy: swap(copy, "yard-2-1.mp4", "SHA256SUMS")),
        ("another key", lambda copy: swap(copy, "signer.pem")),
        ("another's signature", lambda copy: swap(copy, "manifest.cose")),
        ("an empty signature", lambda copy: (copy / "manifest.cose").write_bytes(b"")),
    )
    for title, change in cases:
        copy = tmp_path / "copy"
        shutil.copytree(folder, copy)
        change(copy)
        for run in (shell, alone):
            done = run(copy)
            assert done.returncode == 1, (title, run.__name__, done.stdout, done.stderr)
            assert "NOT GOOD" in done.stderr, (title, run.__name__)
        shutil.rmtree(copy)


def test_damage_in_a_film_is_told_by_its_time_and_place(tmp_path: Path):
    folder = made(tmp_path)
    groups = json.loads((folder / "manifest.json").read_text())["groups"]
    flip(folder / "yard-2-1.mp4", groups[1]["offset"] + 200, 1)
    faults = verify_alone.check(folder)[0]
    assert any(f"bytes {groups[1]['offset']} to" in fault and "2027-" in fault for fault in faults)


def told(folder: Path, signer: Signer, change: "Callable[[dict[str, Any]], None]") -> list[str]:
    """Sign another manifest in place of an export's; returns the faults."""
    manifest = json.loads((folder / "manifest.json").read_text())
    change(manifest)
    data = dumps(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder / "manifest.cbor").write_bytes(data)
    for name in ("SHA256SUMS", "manifest.cose"):
        (folder / name).unlink()
    seal(folder, data, signer)
    return verify_alone.check(folder)[0]


@pytest.mark.clause("C10")
def test_a_signed_manifest_that_does_not_say_what_it_must_is_not_good(tmp_path: Path):
    folder = made(tmp_path)
    signer = Signer.open(tmp_path / "keys")
    manifest = json.loads((folder / "manifest.json").read_text())
    assert told(folder, signer, lambda _manifest: None) == []
    fields = (
        "owner",
        "permit",
        "place",
        "unit",
        "pool",
        "camera",
        "case",
        "purpose_text",
        "reason",
    )
    changes: list[tuple[str, Callable[[dict[str, Any]], None]]] = [
        (f"{name} is not told", lambda one, name=name: one.update({name: " "})) for name in fields
    ]
    changes += [
        ("out of shape", lambda one: one.pop("permit")),
        ("out of shape", lambda one: one.update(request=[])),
        ("who asked", lambda one: one["request"].update(person=" ")),
        ("person who asked", lambda one: one["review"].update(person=one["request"]["person"])),
        ("state of the clock", lambda one: one["clock"].update(offsets=[])),
        ("sound that nobody", lambda one: one["files"][0].update(stream="yard-2/sound")),
        ("groups are not all", lambda one: one["groups"].pop()),
        ("groups are not all", lambda one: one["groups"].pop(1)),
    ]
    for word, change in changes:
        faults = told(folder, signer, change)
        assert any(word in fault for fault in faults), (word, faults)
        assert told(folder, signer, lambda one: (one.clear(), one.update(manifest))) == [], word


@pytest.mark.slow
def test_junk_in_place_of_any_file_is_a_fault_and_never_a_crash(tmp_path: Path):
    folder = made(tmp_path)
    rng = random.Random(7)
    junks = [b"", b"\xa0", b"\xd2\x84\x40\xa0\x40\x40", b"[]", b"\x9f" * 99, rng.randbytes(500)]
    junks += [b"\x81" * 5000, b"\xbf", b"{}", b"\xa1\x80\x01"]
    for path in sorted(folder.iterdir()):
        whole = path.read_bytes()
        for junk in junks:
            path.write_bytes(junk)
            assert verify_alone.check(folder)[0] != [], (path.name, junk[:9])
        path.write_bytes(whole)
    assert verify_alone.check(folder)[0] == []
