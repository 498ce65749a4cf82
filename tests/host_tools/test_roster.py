"""Where there is a roster, nobody acts on footage who is not in it with the keys to prove it."""

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from typer.testing import CliRunner

from firmware.keys.ratchet import LIFE_MS
from firmware.policy.rules import ROLES
from host_tools.authority import Authority
from host_tools.cli.main import app
from host_tools.cmc.access import Access
from host_tools.cmc.footage import ACTS, LIST, Footage, Person, RefusedError
from host_tools.cmc.journal import Journal
from host_tools.cmc.requests import URGENT_MS, Register
from host_tools.cmc.roster import Login, Roster
from host_tools.cmc.urgent import urgent_requests
from host_tools.keystore import Keystore
from tests.host_tools.test_evidence_cli import Site

HOUR_MS = 3_600_000
NOW_UTC_MS = 1_800_000_000_000


def make_key(path: Path) -> Path:
    """Make a private key and its public half beside it."""
    key = ec.generate_private_key(ec.SECP256R1())
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    path.with_suffix(".pub").write_bytes(
        key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    return path


class Office:
    """A site with a roster: Ada asks, Bob reviews, and one machine is registered."""

    def __init__(self, folder: Path) -> None:
        self.site = Site(folder / "state")
        self.keys = {
            name: make_key(folder / f"{name}.pem") for name in ("ada", "bob", "desk", "x")
        }
        self.say("roster", "add", "Ada", self.public("ada"), "--role", "operator")
        self.say(
            *("roster", "add", "Bob", self.public("bob")),
            *("--role", "supervisor", "--role", "auditor"),
        )

    def public(self, name: str) -> str:
        return str(self.keys[name].with_suffix(".pub"))

    def say(self, *words: str, code: int = 0) -> str:
        """Run a verb on the roster."""
        folders = ["--cmc", str(self.site.state / "cmc"), "--keys", str(self.site.state / "keys")]
        result = CliRunner().invoke(app, [*words, *folders])
        assert result.exit_code == code, (words, result.output, result.exception)
        return result.output

    def act(self, key: str, line: str, code: int = 0, workstation: str = "") -> str:
        """Run a verb of evidence with somebody's key."""
        login = {"LAMPPOST_PERSON_KEY": str(self.keys[key]) if key else ""}
        login["LAMPPOST_WORKSTATION_KEY"] = str(self.keys[workstation]) if workstation else ""
        words = ["evidence", *line.split(), "--state", str(self.site.state)]
        result = CliRunner().invoke(app, words, env=login)
        assert result.exit_code == code, (line, result.output, result.exception)
        return " ".join(result.output.split())

    def told(self) -> list[tuple[str, str, str]]:
        journal = Journal(self.site.state / "cmc" / "access.journal")
        records = journal.records()
        assert journal.check() == []
        journal.close()
        return [
            (record.kind, str(record.body["act"]), str(record.body["person"]))
            for record in records
        ]


@pytest.mark.clause("C31")
def test_nobody_acts_without_an_entry_a_role_and_the_key_and_every_try_is_written_down(
    tmp_path: Path,
):
    office = Office(tmp_path)
    ask = office.site.ask() + " --role operator"
    assert "not the key of Ada" in office.act("", ask, 2)
    assert "not the key of Ada" in office.act("bob", ask, 2), "somebody else's key"
    assert "not as supervisor" in office.act("ada", office.site.ask() + " --role supervisor", 2)
    assert "not in the roster" in office.act("x", ask.replace("Ada", "Eve"), 2)
    assert "E-0001" in office.act("ada", ask)
    review = "review E-0001 --accept --reason fits --person Bob"
    assert "not the key of Bob" in office.act("ada", review, 2)
    assert "E-0001" in office.act("bob", review)
    export = "export E-0001 --person Bob"
    assert "not the key of Bob" in office.act("x", export, 2)
    assert "yard-2-1.mp4" in office.act("bob", export)
    release = "release E-0001 --recipient Police --legal-basis DPA2018 --person Bob"
    assert "not the key of Bob" in office.act("ada", release, 2)
    office.act("bob", release)
    assert "not the key of Bob" in office.act("x", "list --person Bob --role auditor", 2)
    assert "E-0001 released" in office.act("bob", "list --person Bob --role auditor")
    told = office.told()
    assert told.count(("refused", "request", "Ada")) == 3
    assert told.count(("refused", "request", "Eve")) == 1
    assert [entry for entry in told if entry[0] != "refused"] == [
        ("admitted", "request", "Ada"),
        ("admitted", "review", "Bob"),
        ("admitted", "export", "Bob"),
        ("admitted", "export", "Bob"),
        ("admitted", "release", "Bob"),
        ("admitted", "release", "Bob"),
        ("view", "list", "Bob"),
    ]


@pytest.mark.clause("C31")
def test_where_machines_are_registered_another_one_is_refused(tmp_path: Path):
    office = Office(tmp_path)
    office.say("roster", "workstation", "desk-1", office.public("desk"))
    ask = office.site.ask() + " --role operator"
    assert "machine is not in the roster" in office.act("ada", ask, 2)
    assert "machine is not in the roster" in office.act("ada", ask, 2, workstation="x")
    assert "E-0001" in office.act("ada", ask, workstation="desk")
    listed = office.say("roster", "list")
    assert "supervisor, auditor" in listed and "workstation" in listed
    office.say("roster", "remove", "Ada")
    assert "not in the roster" in office.act("ada", ask, 2, workstation="desk")
    assert "not in the roster" in office.say("roster", "remove", "Ada", code=2)


def test_a_roster_that_the_authority_did_not_sign_lets_nobody_in(tmp_path: Path):
    office = Office(tmp_path)
    ask = office.site.ask() + " --role operator"
    path = office.site.state / "cmc" / "roster.cose"
    whole = path.read_bytes()
    forged = Roster({"Eve": (["supervisor"], bytes(64))})
    forged.write(path, Authority.make())
    for data in (path.read_bytes(), b"", whole[:-1], whole[:-1] + bytes([whole[-1] ^ 1])):
        path.write_bytes(data)
        assert "no roster that the authority signed" in office.act("ada", ask, 2)
        assert "no roster" in office.say("roster", "list", code=2)
    path.write_bytes(whole)
    office.act("ada", ask)


def test_bad_words_for_the_roster_change_nothing(tmp_path: Path):
    office = Office(tmp_path)
    path = office.site.state / "cmc" / "roster.cose"
    whole = path.read_bytes()
    for words in (
        ("roster", "add", "Cy", office.public("x"), "--role", "boss"),
        ("roster", "add", " ", office.public("x"), "--role", "operator"),
        ("roster", "add", "Cy", str(office.keys["x"]), "--role", "operator"),
        ("roster", "add", "Cy", str(tmp_path / "none.pub"), "--role", "operator"),
    ):
        assert "lamppost:" in office.say(*words, code=2)
        assert path.read_bytes() == whole, words


@pytest.mark.clause("C31")
def test_every_role_may_what_the_table_says_and_nothing_else(tmp_path: Path):
    keystore = Keystore(tmp_path / "keys")
    key = make_key(tmp_path / "all.pem")
    roster = Roster()
    public = serialization.load_pem_public_key(key.with_suffix(".pub").read_bytes())
    assert isinstance(public, ec.EllipticCurvePublicKey)
    numbers = public.public_numbers()
    point = numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")
    roster.add_person("All", list(ROLES), point)
    (tmp_path / "cmc").mkdir()
    roster.write(tmp_path / "cmc" / "roster.cose", keystore.authority)
    access = Access(tmp_path / "cmc", tmp_path / "keys", lambda: NOW_UTC_MS, Login(key))
    for act in (*ACTS, "copy", ""):
        for role in (*ROLES, "boss", ""):
            try:
                access.admit(act, Person("All", role))
                is_let = True
            except RefusedError as refusal:
                is_let = False
                assert refusal.clause == "C31"
            assert is_let == (role in ACTS.get(act, ())), (act, role)
    assert access.check() == []
    access.close()


@pytest.mark.clause("C32")
def test_what_dies_within_7_days_and_nobody_has_is_told_and_no_more_than_that(
    tmp_path: Path,
):
    path = tmp_path / "evidence.sqlite"
    assert urgent_requests(path, lambda: NOW_UTC_MS) == []
    register = Register(path, lambda: NOW_UTC_MS)
    ada, bob = Person("Ada", "operator"), Person("Bob", "supervisor")
    ids = []
    eight_days = 8 * 24 * HOUR_MS
    for left_ms in (eight_days, URGENT_MS - HOUR_MS, HOUR_MS, HOUR_MS, -HOUR_MS, 3 * URGENT_MS):
        start = NOW_UTC_MS - LIFE_MS + left_ms
        footage = Footage("unit-7", "dome-1", start, start + 2 * HOUR_MS, 1, "theft", "C-7")
        ids.append(register.request(ada, footage))
    register.review(ids[2], bob, True, "fits")
    register.review(ids[3], bob, False, "no")
    register.close()
    told = urgent_requests(path, lambda: NOW_UTC_MS)
    keys = ("id", "state", "days", "is_urgent")
    assert [tuple(entry[key] for key in keys) for entry in told] == [
        (ids[4], "asked", 1, True),
        (ids[2], "accepted", 1, True),
        (ids[1], "asked", 3, True),
        (ids[5], "asked", 7, False),
    ]
    assert "theft" not in json.dumps(told) and "Ada" not in json.dumps(told)
    assert set(told[0]) == {"id", "state", "unit", "dies_utc_ms", "days", "is_urgent"}
    assert LIST in ACTS
