"""The counter at the page refuses what the command line refuses, and a signature is good once."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils
from typer.testing import CliRunner

from firmware.keys.ratchet import EPOCH_MS, LIFE_MS
from host_tools.cli.main import app
from host_tools.cmc.centre import utc_ms
from host_tools.cmc.evidence_counter import EvidenceCounter, SignedAct
from host_tools.cmc.roster import Roster
from host_tools.cmc.signed_login import CHALLENGE_COUNT_MAX, CHALLENGE_LIFE_MS, signed_text
from host_tools.keystore import Keystore
from tests.host_tools.test_evidence_cli import UNIT, Site
from tests.host_tools.test_roster import Office


class Counter:
    """A counter on a site's folders, whose monotonic clock a test moves."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.now_ms = 0
        self.counter = EvidenceCounter(
            site.state / "cmc", site.state / "keys", utc_ms, lambda: self.now_ms
        )

    def ask(self, **values: object) -> dict[str, object]:
        """Ask for a range counted from the start of the pool."""
        act: dict[str, object] = {
            "do": "request", "person": "Ada", "role": "operator",
            "unit": UNIT, "camera": "yard-2", "purpose": 3, "reason": "assault", "case": "C-7",
            "from_utc_ms": self.site.start_utc_ms, "to_utc_ms": self.site.start_utc_ms + 30_000,
            "with_sound": False, "sound_reason": "", "grant": "", "is_joined": False,
        }  # fmt: skip
        return self.do({**act, **values})

    def do(self, act: object) -> dict[str, object]:
        return self.counter.do(SignedAct(json.dumps(act), self.counter.challenges.give()))

    def review(
        self, person: str, is_accepted: object = True, reason: str = "fits", **more: object
    ):
        act = {"do": "review", "request": "E-0001", "person": person, "role": "supervisor"}
        return self.do({**act, "is_accepted": is_accepted, "reason": reason, **more})


def moment(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat()


def words(text: object) -> str:
    return " ".join(str(text).split())


@pytest.mark.clause("C31")
def test_the_page_refuses_in_the_words_of_the_command_line(tmp_path: Path):
    site = Site(tmp_path / "state")
    counter = Counter(site)
    start = site.start_utc_ms
    later = start + LIFE_MS // 2
    table: tuple[tuple[dict[str, object], list[str]], ...] = (
        ({"case": ""}, ["--case", ""]),
        ({"reason": " "}, ["--reason", " "]),
        ({"person": ""}, ["--person", ""]),
        ({"role": "auditor"}, ["--role", "auditor"]),
        ({"role": "engineer"}, ["--role", "engineer"]),
        ({"camera": "../x"}, ["--camera", "../x"]),
        ({"to_utc_ms": start}, ["--to", moment(start)]),
        ({"to_utc_ms": later}, ["--to", moment(later)]),
        ({"from_utc_ms": start - LIFE_MS}, ["--from", moment(start - LIFE_MS)]),
        ({"with_sound": True}, ["--sound"]),
        ({"with_sound": True, "sound_reason": "x"}, ["--sound", "--sound-reason", "x"]),
        ({"is_joined": True}, ["--joined"]),
    )
    for values, options in table:
        told = counter.ask(**values)
        said = [*site.ask().split(), "--role", "operator", *options]
        assert f"{told['error']} ({told['clause']})" in words(refusal(site, said)), values
    assert "case" in counter.ask(), "and what is in order is taken"
    for line, told in (
        ("review E-0001 --accept --reason fits --person ada", counter.review("ada")),
        ("review E-0001 --accept --reason fits --person Bob --role operator",
         counter.review("Bob", role="operator")),
        ("withdraw E-0001 --reason fits --person Cy --role operator",
         counter.do({"do": "withdraw", "request": "E-0001", "person": "Cy", "role": "operator",
                     "reason": "fits"})),
        ("review E-0009 --accept --reason fits --person Bob",
         counter.review("Bob", request="E-0009")),
    ):  # fmt: skip
        assert f"{told['error']} ({told['clause']})" in words(refusal(site, line.split())), line
    assert counter.review("Bob", is_accepted=False)["case"]["state"] == "refused"
    assert "refused already" in counter.review("Bob")["error"]


def refusal(site: Site, said: list[str]) -> str:
    result = CliRunner().invoke(app, ["evidence", *said, "--state", str(site.state)])
    assert result.exit_code == 2, (said, result.output)
    return result.output


def test_what_is_no_act_is_refused_and_named(tmp_path: Path):
    counter = Counter(Site(tmp_path / "state"))
    for values, word in (
        ({"purpose": "3"}, "purpose '3': must be a whole number"),
        ({"purpose": True}, "purpose True"),
        ({"with_sound": 1}, "with_sound 1: must be true or false"),
        ({"from_utc_ms": None}, "from_utc_ms None"),
        ({"person": ["Ada"]}, "person ['Ada']: must be text"),
        ({"do": "export"}, "act 'export': there is none"),
    ):
        assert word in counter.ask(**values)["error"], values
    for text in ("", "[]", "{", "7", "null"):
        told = counter.counter.do(SignedAct(text))
        assert "no JSON map" in str(told["error"]), text


@pytest.mark.clause("C32")
def test_what_is_accepted_and_dies_soon_is_exported_at_once(tmp_path: Path):
    counter = Counter(Site(tmp_path / "state", LIFE_MS - 3_600_000 - EPOCH_MS))
    told = counter.ask()
    assert told["case"]["is_urgent"] is True and told["case"]["warning_days"] == 1
    told = counter.review("Bob")
    assert told["case"]["state"] == "exported"
    assert (Path(str(told["exported"])) / "manifest.cose").exists()
    counter.ask()
    (counter.site.state / UNIT / "permit.cose").unlink()
    told = counter.review("Bob", request="E-0002")
    assert "permit.cose" in told["export_error"] and told["case"]["state"] == "accepted"


class Signing:
    """Signs as the page's script does."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.counter = Counter(office.site)
        self.challenges = self.counter.counter.challenges

    def sign(self, key: str, challenge: str, text: str) -> str:
        loaded = serialization.load_pem_private_key(self.office.keys[key].read_bytes(), None)
        assert isinstance(loaded, ec.EllipticCurvePrivateKey)
        der = loaded.sign(signed_text(challenge, text), ec.ECDSA(hashes.SHA256()))
        return "".join(f"{half:064x}" for half in utils.decode_dss_signature(der))

    def look(self, key: str, machine: str = "", person: str = "Bob", **changes: str) -> str:
        """Look at the list; returns why not."""
        text = json.dumps({"do": "list", "person": person, "role": "auditor"})
        challenge = changes.get("challenge") or self.challenges.give()
        asked = SignedAct(
            changes.get("text", text),
            challenge,
            changes.get("signature") or (self.sign(key, challenge, text) if key else ""),
            self.sign(machine, challenge, text) if machine else "",
        )
        return str(self.counter.counter.do(asked).get("error", ""))


@pytest.mark.clause("C31")
def test_with_a_roster_a_signature_is_good_for_one_act_once(tmp_path: Path):
    office = Office(tmp_path)
    signing = Signing(office)
    assert signing.look("bob") == ""
    assert "not the key of Bob" in signing.look("")
    assert "not the key of Bob" in signing.look("ada")
    assert "not as auditor" in signing.look("ada", person="Ada")
    assert "not in the roster" in signing.look("ada", person="Eve")
    other = json.dumps({"do": "list", "person": "Bob", "role": "supervisor"})
    assert "not the key of Bob" in signing.look("bob", text=other), "another text"
    used = signing.challenges.give()
    assert signing.look("bob", challenge=used) == ""
    assert "not the key of Bob" in signing.look("bob", challenge=used), "replayed"
    assert "not the key of Bob" in signing.look("bob", challenge="00" * 32), "made up"
    old = signing.challenges.give()
    signing.counter.now_ms += CHALLENGE_LIFE_MS
    assert "not the key of Bob" in signing.look("bob", challenge=old), "too old"
    pushed_out = signing.challenges.give()
    for _ in range(CHALLENGE_COUNT_MAX):
        signing.challenges.give()
    assert "not the key of Bob" in signing.look("bob", challenge=pushed_out)
    for junk in ("zz", "00" * 64, "ff" * 64, "ab" * 63, "ab" * 65):
        assert "not the key of Bob" in signing.look("bob", signature=junk), junk
    office.say("roster", "workstation", "desk-1", office.public("desk"))
    assert "machine is not in the roster" in signing.look("bob")
    assert "machine is not in the roster" in signing.look("bob", "x")
    assert signing.look("bob", "desk") == ""
    told = office.told()
    assert told.count(("view", "list", "Bob")) == 3
    assert next(entry for entry in told if entry[0] == "refused") == ("refused", "list", "Bob")


@pytest.mark.clause("C31")
def test_one_key_is_one_person(tmp_path: Path):
    office = Office(tmp_path)
    told = office.say(
        "roster", "add", "Adele", office.public("ada"), "--role", "supervisor", code=2
    )
    assert "same key" in told
    told = office.say("roster", "add", " ADA", office.public("x"), "--role", "supervisor", code=2)
    assert "that name" in told
    authority = Keystore(office.site.state / "keys").authority
    path = office.site.state / "cmc" / "roster.cose"
    roster = Roster.read(path, authority.public_key())
    roster.persons["Adele"] = (["supervisor"], roster.persons["Ada"][1])
    roster.write(path, authority)
    told = office.act("ada", office.site.ask() + " --role operator", 2)
    assert "Ada and Adele have the same key" in told
