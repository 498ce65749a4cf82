"""A store without a CMC opens nothing that is 31 days old, whatever was done to any clock."""

import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from firmware.keys.ratchet import EPOCH_MS, LIFE_MS, epoch_of
from host_tools.cmc.footage import Footage, Person, RefusedError
from host_tools.cmc.requests import Register
from host_tools.cmc.sealed_clock import ACCEPTED, JUMP_MS_MAX, OPERATOR, SOURCE, WAITS, Power
from host_tools.cmc.site_keyholder import (
    EXTERNAL_AAD,
    SiteKeyholder,
    create_site,
    open_keyholder,
    statement,
)
from host_tools.evidence.signing import Signer
from tests.host_tools.test_evidence_cli import Site
from tests.host_tools.test_keyholder import SECRET, START_EPOCH, _content_key, _name

ROOT = Path(__file__).resolve().parents[2]
START_UTC_MS = START_EPOCH * EPOCH_MS
HOUR_MS, DAY_MS = 3_600_000, 86_400_000
ADA, BOB = Person("Ada", "operator"), Person("Bob", "supervisor")
KEYS = {name: ec.generate_private_key(ec.SECP256R1()) for name in ("officer", "gnss", "nts")}


def public(key: ec.EllipticCurvePrivateKey) -> bytes:
    numbers = key.public_key().public_numbers()
    return numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")


VOUCHERS = {
    "officer": (OPERATOR, public(KEYS["officer"])),
    "gnss": (SOURCE, public(KEYS["gnss"])),
    "nts": (SOURCE, public(KEYS["nts"])),
}


class Box:
    """A machine with a power switch, in a world with a true time."""

    def __init__(self, folder: Path, erase_after_ms: int = DAY_MS) -> None:
        self.folder = folder
        self.true_utc_ms = START_UTC_MS
        self.boot_number, self.boot_ms = 1, 0
        create_site(folder, VOUCHERS, erase_after_ms)
        self.store = self.opened()
        self.register = Register(folder / "evidence.sqlite", lambda: self.true_utc_ms)
        self.store.add("unit-1", "picture", START_EPOCH, SECRET)

    def opened(self) -> SiteKeyholder:
        return SiteKeyholder(
            self.folder, Power(lambda: f"boot-{self.boot_number}", lambda: self.boot_ms)
        )

    def run(self, span_ms: int, steps: int = 1) -> None:
        for _ in range(steps):
            self.true_utc_ms += span_ms // steps
            self.boot_ms += span_ms // steps
            self.store.step()

    def power_off(self, span_ms: int) -> None:
        self.store.close()
        self.true_utc_ms += span_ms
        self.boot_number, self.boot_ms = self.boot_number + 1, 5_000
        self.true_utc_ms += 5_000
        self.store = self.opened()

    def vouch(self, name: str = "officer", wrong_ms: int = 0, challenge: bytes = b"") -> str:
        return self.store.vouch(self.signed(name, wrong_ms, challenge or self.store.challenge()))

    def signed(self, name: str, wrong_ms: int, challenge: bytes) -> bytes:
        payload = statement(challenge, self.true_utc_ms + wrong_ms, "B. Officer")
        return Signer(KEYS[name]).sign(payload, EXTERNAL_AAD)

    def accepted(self, epoch: int) -> str:
        """Have two people agree on one epoch; the register's clock is not the matter here."""
        utc_ms = (START_EPOCH + epoch) * EPOCH_MS
        footage = Footage("unit-1", "dome-1", utc_ms, utc_ms + EPOCH_MS, 1, "theft", "C-7")
        true_utc_ms, self.true_utc_ms = self.true_utc_ms, utc_ms + EPOCH_MS
        request_id = self.register.request(ADA, footage)
        self.register.review(request_id, BOB, True, "known")
        self.true_utc_ms = true_utc_ms
        return request_id

    def reads(self, request_id: str, epoch: int) -> bool:
        """Tell whether the store hands over the key of an epoch; a refusal is no reading."""
        name = _name(START_EPOCH + epoch)
        try:
            keys = self.store.release(self.register, request_id, BOB, "picture", [name])
        except RefusedError:
            return False
        assert set(keys) <= {name}
        assert not keys or keys[name] == _content_key(START_EPOCH + epoch, name[1])
        return bool(keys)

    def kinds(self) -> list[str]:
        assert self.store.journal.check() == []
        return [record.kind for record in self.store.journal.records()]

    def close(self) -> None:
        self.store.close()
        self.register.close()


@pytest.mark.clause("C29")
def test_it_is_sealed_until_somebody_vouches_and_again_after_each_power_cut(tmp_path: Path):
    box = Box(tmp_path / "site")
    box.run(2 * EPOCH_MS)
    request_id = box.accepted(0)
    assert not box.reads(request_id, 0), "sealed from the start"
    assert box.vouch() == ACCEPTED
    assert box.reads(request_id, 0)
    told = box.register.case(request_id).record("keys").body
    assert told["person"] == "Bob" and told["key_count"] == 1
    box.store.close()
    box.store = box.opened()  # the process alone was restarted
    box.run(HOUR_MS)
    assert box.reads(request_id, 0)
    box.power_off(DAY_MS)
    assert not box.reads(request_id, 0), "a day could have been two months"
    assert box.vouch() == ACCEPTED
    assert box.reads(request_id, 0)
    box.power_off(40 * DAY_MS)
    assert box.vouch() == ACCEPTED
    assert not box.reads(request_id, 0), "it died while the power was off"
    assert box.kinds() == ["refused", "trusted", "refused", "trusted", "trusted"]
    box.close()


@pytest.mark.clause("C28")
def test_an_epoch_dies_at_31_days_of_power_without_anybody_vouching(tmp_path: Path):
    box = Box(tmp_path / "site")
    box.run(EPOCH_MS)
    request_id = box.accepted(0)
    box.vouch()
    box.run(LIFE_MS - 2 * HOUR_MS - EPOCH_MS, 50)
    assert box.reads(request_id, 0), "an hour early at most"
    box.run(2 * HOUR_MS - 1)
    assert not box.reads(request_id, 0)
    box.close()


def test_what_is_no_good_word_for_the_time_is_refused_and_written_down(tmp_path: Path):
    box = Box(tmp_path / "site")
    box.vouch()
    box.run(DAY_MS)
    old = box.signed("officer", 0, box.store.challenge())
    box.power_off(60 * DAY_MS)
    asked = box.store.challenge()
    stranger = Signer(ec.generate_private_key(ec.SECP256R1()))
    good = box.signed("officer", 0, asked)
    cases = (
        ("from before the cut", old, "no challenge"),
        ("of 1970", box.signed("officer", -box.true_utc_ms + 9, asked), "behind"),
        ("of two minutes before the cut", box.signed("officer", -62 * DAY_MS, asked), "behind"),
        ("of nobody", stranger.sign(statement(asked, box.true_utc_ms, "x"), EXTERNAL_AAD), "none"),
        ("for something else", Signer(KEYS["officer"]).sign(good, b"lamppost permit"), "none"),
        ("another challenge", box.signed("officer", 0, bytes(32)), "no challenge"),
        ("no statement", Signer(KEYS["officer"]).sign(b"\xa0", EXTERNAL_AAD), "does not say"),
        ("junk", b"\xff" * 90, "none"),
        ("one bit off", good[:-1] + bytes([good[-1] ^ 1]), "none"),
    )
    for title, data, word in cases:
        with pytest.raises(RefusedError, match=word):
            box.store.vouch(data)
        assert not box.store.state().is_open, title
    box.run(16 * 60_000)
    with pytest.raises(RefusedError, match="older than 15 min"):
        box.store.vouch(good)
    assert box.kinds().count("not_trusted") == len(cases) + 1
    asked = box.store.challenge()
    good = box.signed("officer", 0, asked)
    assert box.store.vouch(good) == ACCEPTED
    with pytest.raises(RefusedError, match="no challenge"):
        box.store.vouch(good)
    box.close()


def test_one_source_alone_leads_no_further_than_48_h(tmp_path: Path):
    box = Box(tmp_path / "site")
    with_first = box.accepted(0)
    assert box.vouch("gnss") == WAITS, "the first time of all"
    assert box.vouch("gnss") == WAITS, "it cannot second itself"
    assert box.vouch("nts") == ACCEPTED
    box.power_off(JUMP_MS_MAX - DAY_MS)
    assert box.vouch("nts") == ACCEPTED
    box.power_off(DAY_MS)
    assert box.vouch("gnss", wrong_ms=30 * DAY_MS) == WAITS
    assert box.vouch("nts", wrong_ms=20 * DAY_MS) == WAITS, "they disagree"
    assert box.vouch("gnss", wrong_ms=0) == ACCEPTED, "the truth is near enough"
    assert box.reads(with_first, 0), "nothing was lost by lies"
    box.power_off(5 * DAY_MS)
    assert box.vouch("gnss") == WAITS
    box.run(16 * 60_000)
    assert box.vouch("nts") == WAITS, "the first word is too old"
    assert box.vouch("gnss") == ACCEPTED
    box.close()


def test_a_store_that_stays_sealed_forgets_what_was_before(tmp_path: Path):
    for erase_after_ms, is_kept in ((DAY_MS, True), (0, False)):
        box = Box(tmp_path / f"site-{erase_after_ms}", erase_after_ms)
        before = box.accepted(3)
        box.vouch()
        box.run(5 * EPOCH_MS)
        box.power_off(HOUR_MS)
        box.run(HOUR_MS)
        box.power_off(HOUR_MS)
        now = epoch_of(box.store.state().utc_ms) - START_EPOCH
        after = box.accepted(now + 12)
        if is_kept:
            box.run(22 * HOUR_MS, 30)
            assert "erased" not in box.kinds()
            box.run(3 * HOUR_MS, 30)
        assert "erased" in box.kinds()
        assert box.vouch() == ACCEPTED
        assert not box.reads(before, 3), erase_after_ms
        assert box.reads(after, now + 12) or not is_kept
        box.close()


@pytest.mark.clause("C28")
def test_no_life_is_lengthened_in_any_timeline(tmp_path: Path):
    seed = int(os.environ.get("LAMPPOST_SEED", "20261124"))
    count = int(os.environ.get("LAMPPOST_SAMPLES", "1"))
    chance = random.Random(seed)
    read_count = late_count = 0
    for sample in range(count):
        box = Box(tmp_path / f"site-{sample}", chance.choice((0, HOUR_MS, DAY_MS)))
        requests = {epoch: box.accepted(epoch) for epoch in range(0, 4000, 1000)}
        saved: Path | None = None
        for turn in range(40):
            kind = chance.randrange(8)
            if kind < 2:
                box.power_off(chance.choice((0, HOUR_MS, 3 * DAY_MS, 45 * DAY_MS)))
            elif kind < 4:
                box.run(chance.randrange(4 * DAY_MS), 5)
            elif kind < 6:
                wrong_ms = chance.choice((0, 0, 0, 20 * HOUR_MS, -400 * DAY_MS, 900 * DAY_MS))
                try:
                    box.vouch(chance.choice(list(VOUCHERS)[1 if wrong_ms > 0 else 0 :]), wrong_ms)
                except RefusedError:
                    late_count += 1
            elif kind == 6:
                box.store.close()
                saved = saved or tmp_path / f"saved-{sample}.sqlite"
                shutil.copyfile(box.folder / "sealed_clock.sqlite", saved)
                box.store = box.opened()
            elif saved is not None:  # an old clock is put back while the power is off
                box.store.close()
                shutil.copyfile(saved, box.folder / "sealed_clock.sqlite")
                box.store = box.opened()
                box.power_off(chance.randrange(2 * DAY_MS))
            for epoch, request_id in requests.items():
                dies_utc_ms = (START_EPOCH + epoch) * EPOCH_MS + LIFE_MS
                is_read = box.reads(request_id, epoch)
                read_count += is_read
                assert not is_read or box.true_utc_ms < dies_utc_ms, (seed, sample, turn, epoch)
        box.close()
    assert read_count >= count, "the campaign met nothing"
    print(f"{read_count} read in time, {late_count} words refused, seed {seed}")


def test_a_store_that_cannot_be_made_is_named(tmp_path: Path):
    cases = (
        ({"a": (SOURCE, bytes(64))}, DAY_MS, "nobody may vouch alone"),
        ({"a": (OPERATOR, bytes(63))}, DAY_MS, "P-256"),
        ({"a": (OPERATOR, bytes(64)), "b": ("boss", bytes(64))}, DAY_MS, "P-256"),
        (VOUCHERS, 73 * HOUR_MS, "72 h"),
    )
    for vouchers, erase_after_ms, word in cases:
        with pytest.raises(ValueError, match=word):
            create_site(tmp_path / "site", vouchers, erase_after_ms)
        assert not (tmp_path / "site" / "sealed_clock.sqlite").exists()
    create_site(tmp_path / "site", VOUCHERS, 0)
    with pytest.raises(ValueError, match="there is a store already"):
        create_site(tmp_path / "site", VOUCHERS, 0)
    holder = open_keyholder(tmp_path / "site", lambda: 7)
    assert isinstance(holder, SiteKeyholder)
    holder.close()


def lamppost(*words: str, code: int = 0) -> str:
    """Run the command as its own process."""
    done = subprocess.run(
        [sys.executable, "-m", "host_tools.cli.main", *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        timeout=60,
    )
    assert done.returncode == code, (words, done.stdout, done.stderr)
    return done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.clause("C29")
def test_a_site_without_a_cmc_brings_footage_to_the_police_by_real_processes(tmp_path: Path):
    site = Site(tmp_path / "state")
    cmc = str(site.state / "cmc")
    pem = KEYS["officer"].private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "officer.pem").write_bytes(pem)
    (tmp_path / "public.pem").write_bytes(
        KEYS["officer"]
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    public_pem = f"officer={tmp_path / 'public.pem'}"
    assert "sealed" in lamppost("keyholder", "create", "--cmc", cmc, "--operator", public_pem)
    keeper = subprocess.Popen(
        [sys.executable, "-u", "-m", "host_tools.cli.main", "keyholder", "run", "--cmc", cmc],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    try:
        assert keeper.stdout is not None and "sealed" in keeper.stdout.readline()
        site.run(site.ask())
        site.run("review E-0001 --accept --reason fits --person Bob")
        assert "sealed" in site.run("export E-0001 --person Bob", 2)
        asked = lamppost("keyholder", "challenge", "--cmc", cmc).strip()
        signed = str(tmp_path / "time.cose")
        key = ("--key", str(tmp_path / "officer.pem"), "--person", "B. Officer", "--out", signed)
        lamppost("keyholder", "vouch", asked, *key)
        assert "open" in lamppost("keyholder", "trust", signed, "--cmc", cmc)
        assert "no challenge" in lamppost("keyholder", "trust", signed, "--cmc", cmc, code=2)
        keeper.send_signal(signal.SIGKILL)
        keeper.wait(10)
        told = lamppost("keyholder", "status", "--cmc", cmc, "--json")
        assert '"is_open": true' in told and '"kind": "refused"' in told
        assert "yard-2-1.mp4" in site.run("export E-0001 --person Bob")
        folder = site.state / "cmc" / "exports" / "E-0001"
        assert "is good" in " ".join(lamppost("evidence", "verify", str(folder)).split())
    finally:
        keeper.kill()
        keeper.communicate()
