"""No footage leaves without a request, another person's review, and a line for every step."""

import itertools
import sqlite3
import threading
from pathlib import Path

import pytest

from firmware.keys.ratchet import LIFE_MS
from firmware.policy.rules import ROLES
from host_tools.cmc.footage import ACTS, Footage, Person, RefusedError, may
from host_tools.cmc.requests import Register

NOW_UTC_MS = 1_800_000_000_000
MANIFEST = "ab" * 32
ADA, BOB = Person("Ada Lovelace", "operator"), Person("Bob", "supervisor")
COPY = {"recipient": "Police", "legal_basis": "DPA 2018 s.35", "fee": "none", "manifest": MANIFEST}
KEYS = {"chain": "picture", "key_count": 3}


def footage(**values: object) -> Footage:
    """Ask for a minute of an hour ago."""
    fields: dict[str, object] = {
        "unit": "unit-1",
        "camera": "dome-1",
        "from_utc_ms": NOW_UTC_MS - 3_600_000,
        "to_utc_ms": NOW_UTC_MS - 3_540_000,
        "purpose": 2,
        "reason": "assault",
        "case": "C-7",
    }
    fields.update(values)
    return Footage(**fields)  # type: ignore[arg-type]


def register(path: Path) -> Register:
    """Open a register whose clock stands."""
    return Register(path / "evidence.sqlite", lambda: NOW_UTC_MS)


@pytest.mark.clause("C52")
def test_four_records_are_linked_by_one_id_and_none_stands_alone(tmp_path: Path):
    desk = register(tmp_path)
    request_id = desk.request(ADA, footage())
    other = desk.request(ADA, footage(case="C-8"))
    assert desk.review(request_id, BOB, True, "fits").state == "accepted"
    desk.note_keys(request_id, BOB, KEYS)
    desk.note_export(request_id, BOB, {"folder": "out", "manifest": MANIFEST})
    desk.release(request_id, BOB, COPY)
    case = desk.case(request_id)
    assert case.state == "released" and case.footage == footage()
    assert [record.kind for record in case.records] == [
        "request",
        "review",
        "keys",
        "export",
        "release",
    ]
    assert desk.case(other).state == "asked"
    assert desk.check() == []
    desk.close()


@pytest.mark.clause("C31")
def test_every_role_does_only_what_the_table_gives_it():
    allowed_count = 0
    for act, role in itertools.product((*ACTS, "delete", ""), (*ROLES, "", "Supervisor")):
        if role in ACTS.get(act, ()):
            may(act, Person("Ada", role))
            allowed_count += 1
            continue
        with pytest.raises(RefusedError, match="may not"):
            may(act, Person("Ada", role))
    assert allowed_count == 18
    for act in ACTS:
        with pytest.raises(RefusedError, match="no person"):
            may(act, Person(" ", "supervisor"))


@pytest.mark.clause("C31")
def test_nothing_happens_out_of_turn(tmp_path: Path):
    desk = register(tmp_path)
    same = Person(" ada  LOVELACE ", "supervisor")
    asked = desk.request(ADA, footage())
    refused = desk.request(ADA, footage())
    desk.review(refused, BOB, False, "no case of that number")
    accepted = desk.request(ADA, footage())
    desk.review(accepted, BOB, True, "fits")
    table = (
        (lambda: desk.review(asked, same, True, "I may"), "another person"),
        (lambda: desk.review(asked, BOB, True, " "), "reason"),
        (lambda: desk.review(refused, BOB, True, "after all"), "refused already"),
        (lambda: desk.review(accepted, BOB, False, "not after all"), "accepted already"),
        (lambda: desk.review("E-0099", BOB, True, "x"), "E-0099"),
        (lambda: desk.authorised(asked, BOB), "not reviewed"),
        (lambda: desk.authorised(refused, BOB), "no case of that number"),
        (lambda: desk.authorised(accepted, ADA), "may not export"),
        (lambda: desk.note_keys(asked, BOB, KEYS), "nothing of it may leave"),
        (lambda: desk.note_export(refused, BOB, {}), "nothing of it may leave"),
        (lambda: desk.release(accepted, BOB, COPY), "no export of"),
        (lambda: desk.release(accepted, BOB, {**COPY, "recipient": ""}), "recipient"),
        (lambda: desk.release(accepted, BOB, {**COPY, "legal_basis": ""}), "legal basis"),
        (lambda: desk.release(accepted, BOB, {**COPY, "recipient": "X\nFee: none"}), "not show"),
        (lambda: desk.release(accepted, BOB, {**COPY, "fee": "cash"}), "waived"),
    )
    for act, word in table:
        with pytest.raises(RefusedError, match=word):
            act()
    assert [len(desk.case(name).records) for name in (asked, refused, accepted)] == [1, 2, 2]
    assert desk.check() == []
    desk.close()


def test_what_cannot_be_asked_for_is_named(tmp_path: Path):
    desk = register(tmp_path)
    sound = {"with_sound": True, "sound_reason": "threats", "grant": "G-1"}
    table = (
        ({"reason": ""}, "C31", "reason"),
        ({"case": " "}, "C31", "case"),
        ({"unit": ""}, "C31", "unit"),
        ({"camera": ""}, "C31", "camera"),
        ({"unit": "../other"}, "C31", "1 to 48"),
        ({"case": "C-7\nReleased by: nobody"}, "C31", "does not show"),
        ({"reason": "as\udcffsault"}, "C31", "does not show"),
        ({**sound, "grant": "G\x1b[2J"}, "C31", "does not show"),
        ({"purpose": 0}, "C31", "purpose 0"),
        ({"purpose": 15}, "C31", "1 to 14"),
        ({"to_utc_ms": NOW_UTC_MS - 3_600_000}, "C31", "later end"),
        ({"to_utc_ms": NOW_UTC_MS + 1}, "C31", "future"),
        ({"from_utc_ms": NOW_UTC_MS - 3_540_000 - LIFE_MS - 1}, "C28", "longer than 31 days"),
        (
            {"from_utc_ms": NOW_UTC_MS - LIFE_MS - 700_000, "to_utc_ms": NOW_UTC_MS - LIFE_MS},
            "C28",
            "dead",
        ),
        ({"earlier_epochs": -1}, "C31", "earlier"),
        ({**sound, "sound_reason": " "}, "C43", "reason of its own"),
        ({**sound, "grant": ""}, "C43", "grant"),
        ({"is_joined": True}, "C43", "needs the sound"),
    )
    for values, clause, word in table:
        with pytest.raises(RefusedError, match=word) as caught:
            desk.request(ADA, footage(**values))
        assert caught.value.clause == clause, values
    assert desk.cases() == []
    assert desk.request(ADA, footage(**sound, is_joined=True)) == "E-0001"
    desk.close()


@pytest.mark.clause("C10")
def test_a_record_changed_taken_out_or_put_in_is_found(tmp_path: Path):
    desk = register(tmp_path)
    for _ in range(3):
        desk.review(desk.request(ADA, footage()), BOB, True, "fits")
    desk.close()
    whole = (tmp_path / "evidence.sqlite").read_bytes()
    changes = (
        ("UPDATE records SET body = zeroblob(length(body)) WHERE number = 1", "1"),
        ("UPDATE records SET utc_ms = utc_ms + 1 WHERE number = 2", "2"),
        ("DELETE FROM records WHERE number = 3", "missing"),
        ("INSERT INTO records VALUES (7, 'release', 'E-0002', 1, X'A0', zeroblob(32))", "7"),
    )
    for change, word in changes:
        path = tmp_path / "evidence.sqlite"
        path.write_bytes(whole)
        file = sqlite3.connect(path)
        with pytest.raises(sqlite3.IntegrityError, match="never"):
            file.execute("UPDATE records SET utc_ms = 0")
        with pytest.raises(sqlite3.IntegrityError, match="never"):
            file.execute("DELETE FROM records")
        file.executescript("DROP TRIGGER no_update; DROP TRIGGER no_delete;" + change)
        file.close()
        desk = register(tmp_path)
        faults = desk.check()
        assert any(word in fault for fault in faults), (change, faults)
        desk.close()


@pytest.mark.clause("C52")
def test_a_record_without_the_one_before_it_is_an_orphan(tmp_path: Path):
    desk = register(tmp_path)
    refused = desk.request(ADA, footage())
    desk.review(refused, BOB, False, "no")
    with desk._journal.writing():
        desk._journal.append("keys", refused, NOW_UTC_MS, {})
        desk._journal.append("release", "E-0044", NOW_UTC_MS, {})
    assert desk.check() == [
        "record 3: keys of E-0001 without review",
        "record 4: release of E-0044 without export",
    ]
    desk.close()


def test_of_two_reviews_at_once_one_counts(tmp_path: Path):
    first = register(tmp_path)
    ids = [first.request(ADA, footage()) for _ in range(20)]
    refused: list[str] = []

    def review(name: str) -> None:
        desk = register(tmp_path)
        for request_id in ids:
            try:
                desk.review(request_id, Person(name, "supervisor"), True, "fits")
            except RefusedError as error:
                refused.append(str(error))
        desk.close()

    threads = [threading.Thread(target=review, args=(name,)) for name in ("Bob", "Cy", "Di")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(refused) == 40 and all("accepted already" in text for text in refused)
    assert [len(first.case(request_id).records) for request_id in ids] == [2] * 20
    assert first.check() == []
    first.close()
