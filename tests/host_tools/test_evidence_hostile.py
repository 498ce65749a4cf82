"""What a hostile defence lawyer tries: each link of the chain is broken once, and refuses."""

import hashlib
import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from firmware.cbor.decode import loads
from firmware.cbor.encode import dumps
from host_tools.cmc.journal import FIRST_HASH, Journal
from host_tools.cmc.urgent import urgent_requests
from tests.host_tools.test_evidence_cli import Site

REVIEW = "review {} --accept --reason fits --person Bob"
EXPORT = "export {} --person Bob"
GIVE = "release {} --recipient Police --legal-basis DPA2018 --person Cy"


def forge(path: Path, change: Callable[[sqlite3.Connection], None], is_thorough: bool) -> None:
    """Change a journal as somebody would who has its file; thorough ones work the hashes out."""
    file = sqlite3.connect(path)
    file.executescript("DROP TRIGGER no_update; DROP TRIGGER no_delete;")
    change(file)
    before = FIRST_HASH
    if is_thorough:
        rows = file.execute("SELECT number, kind, request, utc_ms, body FROM records ORDER BY 1")
        for number, kind, request, utc_ms, body in rows.fetchall():
            before = hashlib.sha256(dumps([before, number, kind, request, utc_ms, body])).digest()
            file.execute("UPDATE records SET sha256 = ? WHERE number = ?", (before, number))
    file.commit()
    file.close()
    journal = Journal(path)
    assert (journal.check() == []) == is_thorough
    journal.close()


def edit(number: int, **values: object) -> Callable[[sqlite3.Connection], None]:
    """Give what changes fields of one record."""

    def change(file: sqlite3.Connection) -> None:
        (body,) = file.execute("SELECT body FROM records WHERE number = ?", (number,)).fetchone()
        fields = loads(body)
        assert isinstance(fields, dict)
        changed = dumps({**fields, **values})
        file.execute("UPDATE records SET body = ? WHERE number = ?", (changed, number))

    return change


def cut(first: int) -> Callable[[sqlite3.Connection], None]:
    """Give what takes the last records away."""
    return lambda file: file.execute("DELETE FROM records WHERE number >= ?", (first,))


def faults(site: Site) -> str:
    """Ask the list, which must not be content."""
    return " ".join(json.loads(site.run("list --json", 1))["faults"])


@pytest.mark.clause("C10")
def test_nothing_leaves_on_the_word_of_a_register_that_was_edited(tmp_path: Path):
    site = Site(tmp_path / "state")
    path = site.state / "cmc" / "evidence.sqlite"
    site.run(site.ask())
    site.run("review E-0001 --refuse --reason no --person Bob")
    whole = path.read_bytes()
    forge(path, edit(2, is_accepted=True), is_thorough=False)
    told = site.run(EXPORT.format("E-0001"), 2)
    assert "the register is not whole: record 2" in told and "backup" in told
    assert not (site.state / "cmc" / "exports" / "E-0001").exists()
    assert "record 2 (review of E-0001) is not as it was written" in faults(site)
    path.write_bytes(whole)
    forge(path, edit(2, is_accepted=True), is_thorough=True)
    site.run("list --person Eve", 1)
    assert "saw record 2 of the register, which is gone or another now" in faults(site)
    path.write_bytes(whole)
    forge(path, edit(2, is_accepted=True, person="ada"), is_thorough=True)
    assert "review of E-0001 by the person who asked" in site.run(EXPORT.format("E-0001"), 2)


@pytest.mark.clause("C10")
def test_an_export_stands_against_a_register_that_was_written_anew(tmp_path: Path):
    site = Site(tmp_path / "state")
    path = site.state / "cmc" / "evidence.sqlite"
    site.run(site.ask())
    site.run(REVIEW.format("E-0001"))
    site.run(EXPORT.format("E-0001"))
    assert json.loads(site.run("list --json"))["faults"] == []
    whole = path.read_bytes()
    for number, kind, change in (
        (1, "request", {"reason": "as agreed"}),
        (2, "review", {"person": "Cy"}),
    ):
        forge(path, edit(number, **change), is_thorough=True)
        wrong = f"its {kind} is not the one that the register has of E-0001"
        assert wrong in faults(site), kind
        assert wrong in " ".join(site.run(GIVE.format("E-0001"), 2).split()), kind
        path.write_bytes(whole)
    forge(path, cut(3), is_thorough=True)
    told = faults(site)
    assert "E-0001: is an export that the register does not know" in told
    assert "saw record 4 of the register, which is gone or another now" in told
    assert "no export of E-0001" in " ".join(site.run(GIVE.format("E-0001"), 2).split())
    path.unlink()
    assert "is an export that the register does not know" in faults(site)


@pytest.mark.clause("C10")
def test_a_record_that_cannot_be_read_is_told_and_hides_no_other(tmp_path: Path):
    site = Site(tmp_path / "state")
    path = site.state / "cmc" / "evidence.sqlite"
    for _ in range(2):
        site.run(site.ask())
    site.run(REVIEW.format("E-0002"))
    whole = path.read_bytes()

    def blank(file: sqlite3.Connection) -> None:
        file.execute("UPDATE records SET body = zeroblob(9) WHERE number = 1")

    for change in (blank, edit(1, from_utc_ms="now"), edit(1, more=1), edit(1, purpose=True)):
        for is_thorough in (False, True):
            forge(path, change, is_thorough)
            told = json.loads(site.run("list --json", 1))
            assert [case["id"] for case in told["cases"]] == ["E-0002"]
            assert any("record 1: request of E-0001 has fields" in one for one in told["faults"])
            assert "E-0001 cannot be read" in site.run(REVIEW.format("E-0001"), 2)
            assert "not whole: record 1" in site.run(EXPORT.format("E-0002"), 2)
            urgent_requests(path, lambda: site.start_utc_ms)  # the CMC's page goes on
            path.write_bytes(whole)


@pytest.mark.clause("C52")
def test_a_release_is_of_its_own_whole_export_and_keeps_its_note(tmp_path: Path):
    site = Site(tmp_path / "state")
    exports = site.state / "cmc" / "exports"
    for request in ("E-0001", "E-0002"):
        site.run(site.ask())
        site.run(REVIEW.format(request))
        site.run(EXPORT.format(request))
    told = site.run(f"{GIVE.format('E-0001')} --folder {exports / 'E-0002'}", 2)
    assert "not the one that the register has of E-0001" in " ".join(told.split())
    for name in ("yard-2-1.mp4", "manifest.json", "signer.pem", "SHA256SUMS", "verify.sh"):
        kept = tmp_path / "kept"
        (exports / "E-0001" / name).rename(kept)
        assert "E-0001 exported" in site.run("list"), name
        assert "export it again" in " ".join(site.run(GIVE.format("E-0001"), 2).split()), name
        kept.rename(exports / "E-0001" / name)
    (exports / "E-0001" / "more.txt").write_text("x")
    assert "more.txt" in site.run(GIVE.format("E-0001"), 2)
    (exports / "E-0001" / "more.txt").unlink()
    site.run(GIVE.format("E-0001"))
    first = exports / "E-0001-release.txt"
    text = first.read_bytes()
    site.run(GIVE.format("E-0001").replace("Police", "Court"))
    assert first.read_bytes() == text, "a later release overwrites no note"
    second = (exports / "E-0001-release-2.txt").read_bytes()
    assert b"Given to: Court" in second
    told = site.run(f"{GIVE.format('E-0001')} --note {first}", 2)
    assert "never overwritten" in " ".join(told.split())
    cases = {case["id"]: case for case in json.loads(site.run("list --json"))["cases"]}
    given = [one["body"] for one in cases["E-0001"]["records"] if one["kind"] == "release"]
    assert [one["note"] for one in given] == [
        hashlib.sha256(data).hexdigest() for data in (text, second)
    ]
    assert not any(one["kind"] == "release" for one in cases["E-0002"]["records"])


@pytest.mark.clause("C52")
def test_what_was_released_or_taken_back_is_exported_no_more_by_any_way(tmp_path: Path):
    site = Site(tmp_path / "state")
    site.run(site.ask())
    site.run(REVIEW.format("E-0001"))
    site.run(EXPORT.format("E-0001"))
    copy = tmp_path / "copy"
    shutil.copytree(site.state / "cmc" / "exports" / "E-0001", copy)
    site.run(GIVE.format("E-0001"))
    assert "released already" in site.run(EXPORT.format("E-0001") + f" --out {tmp_path / 'x'}", 2)
    site.run(f"{GIVE.format('E-0001')} --folder {copy}")
    site.run(site.ask())
    site.run(REVIEW.format("E-0002"))
    site.run("withdraw E-0002 --reason mistake --person Bob")
    assert "was withdrawn: mistake" in site.run(EXPORT.format("E-0002"), 2)
    told = site.run(f"{GIVE.format('E-0002')} --folder {copy}", 2)
    assert "not the one that the register has of E-0002" in " ".join(told.split())


def test_a_reviewer_is_told_of_keys_beyond_the_range(tmp_path: Path):
    site = Site(tmp_path / "state")
    site.run(f"{site.ask()} --earlier-epochs 4000")
    assert "also of 4000 epochs before the range" in site.run("list")
    assert "also of 4000 epochs" in site.run(REVIEW.format("E-0001"))
