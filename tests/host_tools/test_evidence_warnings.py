"""Requests are warned of while their footage can still be saved, and what is over stays over."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from firmware.keys.ratchet import EPOCH_MS, LIFE_MS
from host_tools.cmc.case import faults_of
from host_tools.cmc.footage import Footage, Person, RefusedError
from host_tools.cmc.journal import Record
from host_tools.cmc.requests import Register
from host_tools.cmc.urgent import urgent_requests
from host_tools.cmc.warnings import DAY_MS, note_warnings
from tests.host_tools.test_evidence_cli import Site
from tests.host_tools.test_evidence_register import KEYS, MANIFEST

NOW_UTC_MS = 1_800_000_000_000
HOUR_MS = 3_600_000
ADA, BOB = Person("Ada", "operator"), Person("Bob", "supervisor")


def footage(start_utc_ms: int) -> Footage:
    return Footage("unit-1", "dome-1", start_utc_ms, start_utc_ms + HOUR_MS, 2, "assault", "C-7")


@pytest.mark.clause("C32")
def test_each_warning_is_written_down_once_and_the_day_stays(tmp_path: Path):
    now = [NOW_UTC_MS]
    desk = Register(tmp_path / "evidence.sqlite", lambda: now[0])
    asked = desk.request(ADA, footage(NOW_UTC_MS - HOUR_MS))
    gone = desk.request(ADA, footage(NOW_UTC_MS - HOUR_MS))
    had = desk.request(ADA, footage(NOW_UTC_MS - HOUR_MS))
    desk.withdraw(gone, ADA, "a mistake")
    desk.review(had, BOB, True, "fits")
    desk.note_keys(had, BOB, KEYS)
    desk.note_export(had, BOB, {"manifest": MANIFEST})
    late = desk.request(ADA, footage(NOW_UTC_MS - LIFE_MS + 8 * DAY_MS))
    dies_utc_ms = desk.case(asked).footage.first_dies_utc_ms()
    told: list[tuple[float, str, object]] = []
    for hours in (*range(0, 4 * 24, 4), *range(7 * 24 + 8, 31 * 24 + 8, 4)):  # off for a while
        now[0] = NOW_UTC_MS + hours * HOUR_MS
        count = len(desk.case(asked).records) + len(desk.case(late).records)
        noted = note_warnings(desk, now[0]) + note_warnings(desk, now[0])
        after = [*desk.case(asked).records, *desk.case(late).records]
        assert len(after) - count == noted
        if noted:
            newest = max(after, key=lambda record: record.number)
            told.append((hours / 24, newest.request, newest.body["days"]))
    found = [(request, days) for _, request, days in told]
    assert found == [(late, 7), (late, 1), (asked, 7), (asked, 3), (asked, 1)]
    for day, request, days in told:
        footage_dies = desk.case(request).footage.first_dies_utc_ms()
        left_days = (footage_dies - NOW_UTC_MS) / DAY_MS - day
        assert left_days <= days, (request, days, left_days)
        assert request == late or left_days > days - 1 / 6, (request, days, left_days)
    assert desk.case(asked).footage.first_dies_utc_ms() == dies_utc_ms
    assert dies_utc_ms == (NOW_UTC_MS - HOUR_MS) // EPOCH_MS * EPOCH_MS + LIFE_MS
    assert all(not desk.case(one).of_kind("warning") for one in (gone, had))
    assert desk.check() == []
    desk.close()
    assert urgent_requests(tmp_path / "evidence.sqlite", lambda: now[0]) == []


@pytest.mark.clause("C32")
def test_the_command_line_warns_and_shows_the_day_wherever_a_request_is(tmp_path: Path):
    site = Site(tmp_path / "state", LIFE_MS - 5 * DAY_MS)
    assert "in 4 d 23 h" in site.run(site.ask())
    for _ in range(2):
        assert "less than 7 days left, and nobody has exported it" in site.run("list")
    told = json.loads(site.run("list --json"))["cases"][0]
    assert told["warning_days"] == 7
    assert told["dies_utc_ms"] == site.start_utc_ms // EPOCH_MS * EPOCH_MS + LIFE_MS
    assert [record["kind"] for record in told["records"]] == ["request", "warning"]
    told = site.run("review E-0001 --accept --reason fits --person Bob")
    assert "hold pending: unit-7 has not answered yet" in told and "in 4 d 23 h" in told
    told = site.run("export E-0001 --person Bob")
    assert "in 4 d 23 h" in told and "WARNING" not in told
    site.run("release E-0001 --recipient Police --legal-basis DPA2018 --person Cy")
    told = site.run("list")
    assert "E-0001 released" in told and "in 4 d 23 h" in told and "WARNING" not in told


@pytest.mark.clause("C31")
def test_what_is_over_stays_over(tmp_path: Path):
    site = Site(tmp_path / "state")
    give = "release {} --recipient Police --legal-basis DPA2018 --person Cy"
    back = "withdraw {} --reason mistake --person {} --role {}"
    review = "review {} --accept --reason fits --person Bob"
    for request in ("E-0001", "E-0002", "E-0003"):
        site.run(site.ask())
        if request != "E-0001":
            site.run(review.format(request))
    assert "may not withdraw" in site.run(back.format("E-0001", "Ada", "auditor"), 2)
    assert "only their own" in site.run(back.format("E-0001", "Cy", "operator"), 2)
    assert "only their own" in site.run(back.format("E-0002", "Ada", "operator"), 2)
    assert "withdrawn" in site.run(back.format("E-0001", "ADA", "operator"))
    assert "withdrawn already" in site.run(back.format("E-0001", "Ada", "operator"), 2)
    assert "withdrawn already" in site.run(review.format("E-0001"), 2)
    site.run("export E-0002 --person Bob")
    assert "delete it" in site.run(back.format("E-0002", "Bob", "supervisor"))
    assert "was withdrawn: mistake" in site.run("export E-0002 --person Bob", 2)
    assert "E-0002 is withdrawn; nothing of it may leave" in site.run(give.format("E-0002"), 2)
    site.run("export E-0003 --person Bob")
    site.run(give.format("E-0003"))
    other = f"export E-0003 --person Bob --out {tmp_path / 'other'}"
    assert "released already" in site.run(other, 2)
    assert not (tmp_path / "other").exists()
    assert "released already" in site.run(back.format("E-0003", "Bob", "supervisor"), 2)
    told = json.loads(site.run("list --json"))
    assert told["faults"] == []
    states = {case["id"]: case["state"] for case in told["cases"]}
    assert states == {"E-0001": "withdrawn", "E-0002": "withdrawn", "E-0003": "released"}


def test_records_that_cannot_be_are_found_whatever_their_hashes_say():
    """A forger with the file can work every hash out again; the order of things stays."""
    person = {"person": "Bob", "role": "supervisor"}
    yes = {"is_accepted": True, **person}
    asked = asdict(footage(NOW_UTC_MS))
    start = [("request", {**asked, "person": "Ada", "role": "operator"}), ("review", yes)]
    out = [*start, ("keys", person), ("export", {"manifest": "aa", **person})]
    table = (
        (
            [*start, ("request", {**asked, **person})],
            "3: request of E-1 where there is one already",
        ),
        ([*start, ("review", yes)], "3: review of E-1 where there is one already"),
        ([start[0], ("review", {**yes, "person": " ADA"})], "2: review of E-1 by the person"),
        ([start[0], ("review", {**yes, "person": "\uff21da"})], "2: review of E-1 by the person"),
        ([("request", asked), *start[1:]], "1: request of E-1 has fields that no request has"),
        ([start[0], ("hold", {"kind": "picture"})], "2: hold of E-1 without review"),
        (
            [*start, ("withdraw", person), ("keys", person)],
            "4: keys of E-1 after it was withdrawn",
        ),
        ([*out, ("release", {"manifest": "bb"})], "5: release of E-1 of a copy that no export"),
        ([*out, ("release", {"manifest": "aa"}), ("keys", person)], "6: keys of E-1 after it was"),
        ([*out, ("release", {"manifest": "aa"}), ("release", {"manifest": "aa"})], ""),
    )
    for rows, fault in table:
        records = [
            Record(at + 1, kind, "E-1", 1, dict(body), "") for at, (kind, body) in enumerate(rows)
        ]
        told = faults_of(records)
        assert len(told) == bool(fault), (rows, told)
        assert all(one.startswith(f"record {fault}") for one in told), (fault, told)


def test_words_too_long_for_a_record_are_refused(tmp_path: Path):
    desk = Register(tmp_path / "evidence.sqlite", lambda: NOW_UTC_MS)
    with pytest.raises(RefusedError, match="200 bytes"):
        desk.request(Person("\u00e4" * 101, "operator"), footage(NOW_UTC_MS - HOUR_MS))
    case = desk.request(ADA, footage(NOW_UTC_MS - HOUR_MS))
    with pytest.raises(RefusedError, match="say it in 1000"):
        desk.review(case, BOB, True, "x" * 1001)
    desk.close()
