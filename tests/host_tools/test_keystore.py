"""What the keystore makes, a unit takes; what anybody changed since, it does not."""

import random
import stat
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from firmware.cbor.decode import loads
from firmware.cbor.encode import dumps
from firmware.commands import message
from firmware.commands.message import Command
from firmware.commands.service import CommandService
from firmware.cose import mac0, sign1
from firmware.cose.replay import ReplayGuard
from firmware.errors import RemoteProtocolError
from firmware.keys.ratchet import epoch_of
from firmware.policy import grant, permit
from firmware.policy.decide import Decision
from firmware.policy.fields import PaperError
from firmware.telemetry import topics
from hal.api.link import Message
from host_tools import authority, keystore
from host_tools.authority import Authority, draft_grant, draft_permit, sign_grant, sign_permit
from host_tools.keystore import CommandSigner, Keystore, KeystoreError, read_keys, write_private

UTC_MS = 1_795_500_000_000
TOPIC = topics.topic("unit-1", topics.COMMAND)
MUTATION_COUNT = 10_000
SEED = 20_261_124


class Openssl:
    """ECDSA from the cryptography package."""

    def verify_es256(self, public_key: bytes, data: bytes, signature: bytes) -> bool:
        """Check a signature, r and s, over P-256 and SHA-256."""
        x, y, r, s = (
            int.from_bytes(part, "big")
            for part in (public_key[:32], public_key[32:], signature[:32], signature[32:])
        )
        try:
            key = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
            key.verify(encode_dss_signature(r, s), data, ec.ECDSA(hashes.SHA256()))
        except (InvalidSignature, ValueError):
            return False
        return True


def _mutations(data: bytes):
    chance = random.Random(SEED)
    for turn in range(MUTATION_COUNT):
        changed = bytearray(data)
        kind = turn % 4
        if kind == 0:
            changed[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        elif kind == 1:
            for _ in range(chance.randrange(1, 6)):
                changed[chance.randrange(len(data))] = chance.randrange(256)
        elif kind == 2:
            del changed[chance.randrange(len(data))]
        else:
            changed.insert(chance.randrange(len(data) + 1), chance.randrange(256))
        if bytes(changed) != data:
            yield turn, bytes(changed)


def _command() -> Command:
    command = Command("ptz.stop", {"camera": "dome-1"})
    command.person, command.role, command.purpose = "Ada Lovelace", "operator", 2
    return command


def _service(store: Keystore) -> CommandService:
    guard = ReplayGuard(0)
    guard.reserved(guard.wants_reserve())
    service = CommandService("unit-1", store.keys("unit-1"), guard, lambda _: Decision())
    service.register("ptz.stop", lambda *_: ("", {}))
    return service


def test_a_keystore_made_is_the_same_when_opened_again(tmp_path: Path) -> None:
    first = Keystore(tmp_path / "keys")
    keys = first.keys("unit-1")
    again = Keystore(tmp_path / "keys")
    assert again.authority.public_key() == first.authority.public_key()
    assert again.keys("unit-1").to_file() == keys.to_file()
    assert again.keys("unit-2").mac(b"command", b"x") != keys.mac(b"command", b"x")
    assert keys.public_key(b"authority") == first.authority.public_key()
    assert (keys.mac(b"none", b"x"), keys.public_key(b"none")) == (b"", b"")


def test_nobody_else_can_read_the_files(tmp_path: Path) -> None:
    Keystore(tmp_path / "keys").keys("unit-1")
    files = [path for path in (tmp_path / "keys").rglob("*") if path.is_file()]
    assert sorted(path.name for path in files) == ["authority.pem", "unit-1.cbor"]
    for path in files:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
        assert stat.S_IMODE(path.parent.stat().st_mode) & 0o077 == 0, path


def test_damaged_files_are_named_with_a_remedy(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    Keystore(folder).keys("unit-1")
    unit_file = folder / "units" / "unit-1.cbor"
    for data in (b"", b"\x01", b"\xff", dumps({}), dumps({1: {1: b""}, 2: {}}), dumps({1: {}})):
        unit_file.write_bytes(data)
        with pytest.raises(KeystoreError, match=r"unit-1\.cbor.*claim the unit again"):
            Keystore(folder).keys("unit-1")
    with pytest.raises(KeystoreError, match=r"nowhere\.cbor"):
        read_keys(folder / "nowhere.cbor")
    with pytest.raises(KeystoreError, match="unit 'a/b'"):
        Keystore(folder).keys("a/b")
    (folder / "authority.pem").write_bytes(b"nonsense")
    with pytest.raises(KeystoreError, match=r"authority\.pem.*backup"):
        Keystore(folder)
    (folder / "authority.pem").unlink()
    (folder / "authority.pem").mkdir()
    with pytest.raises(KeystoreError, match=r"authority\.pem"):
        Keystore(folder)


def test_a_key_on_another_curve_is_refused() -> None:
    other = ec.generate_private_key(ec.SECP384R1())
    with pytest.raises(ValueError, match="P-256"):
        Authority.from_pem(Authority(other).to_pem())


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError, match="taken"):
        write_private(tmp_path / "taken", b"data")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_a_claim_holds_what_unit_and_keyholder_need_and_is_kept_by_nobody(tmp_path: Path) -> None:
    store = Keystore(tmp_path)
    claim = store.claim("unit-1", ["picture", "sound:G1"], UTC_MS)
    value = loads(claim.data)
    assert isinstance(value, dict)
    assert sorted(value) == [1, 2, 3, 4, 5]
    assert (value[1], value[5]) == ("unit-1", UTC_MS)
    assert dumps({1: value[2], 2: value[3]}) == store.keys("unit-1").to_file()
    assert value[4] == {name: list(chain) for name, chain in claim.chains.items()}
    for name, (epoch, secret) in claim.chains.items():
        assert (epoch, len(secret)) == (epoch_of(UTC_MS), 32), name
        for path in tmp_path.rglob("*"):
            assert path.is_dir() or secret not in path.read_bytes(), path
    assert store.claim("unit-1", ["picture"], UTC_MS).chains != claim.chains


def test_a_permit_and_a_grant_are_taken_by_a_unit() -> None:
    council = Authority.from_pem(Authority.make().to_pem())
    fields = draft_permit("unit-1", "Depot", UTC_MS)
    paper = permit.unseal(Openssl(), council.public_key(), sign_permit(council, fields))
    assert permit.check(paper, "unit-1", "Depot", UTC_MS) == []
    sound_fields = draft_grant(fields, "yard-2")
    sound = grant.unseal(Openssl(), council.public_key(), sign_grant(council, sound_fields))
    assert grant.check(sound, paper, "unit-1", "yard-2", "Depot", UTC_MS) == []


def test_what_no_unit_would_take_is_not_signed() -> None:
    council = Authority.make()
    fields = draft_permit("unit-1", "Depot", UTC_MS)
    for name in fields:
        if name not in {"kind", "version"}:
            with pytest.raises(PaperError, match=name):
                sign_permit(council, {key: fields[key] for key in fields if key != name})
    with pytest.raises(PaperError, match="C38"):
        sign_grant(council, draft_grant({**fields, "class": "PSS"}, "yard-2"))


def test_another_authoritys_paper_is_refused() -> None:
    data = sign_permit(Authority.make(), draft_permit("unit-1", "Depot", UTC_MS))
    with pytest.raises(RemoteProtocolError):
        permit.unseal(Openssl(), Authority.make().public_key(), data)


@pytest.mark.slow
@pytest.mark.clause("C09")
def test_no_mutated_permit_or_grant_is_accepted() -> None:
    council = Authority.make()
    fields = draft_permit("unit-1", "Depot", UTC_MS)
    papers = (
        (permit.unseal, sign_permit(council, fields)),
        (grant.unseal, sign_grant(council, draft_grant(fields, "yard-2"))),
    )
    for unseal, data in papers:
        unseal(Openssl(), council.public_key(), data)
        for turn, changed in _mutations(data):
            with pytest.raises(RemoteProtocolError):
                unseal(Openssl(), council.public_key(), changed)
                pytest.fail(f"seed {SEED}, mutation {turn} of {unseal.__module__} was accepted")


def test_a_signed_command_is_done_and_the_next_has_the_next_number(tmp_path: Path) -> None:
    store = Keystore(tmp_path)
    service = _service(store)
    signer = CommandSigner(store, "unit-1", lambda: UTC_MS)
    signer.resume(service.guard.floor())
    for sequence in (1, 2):
        sealed = signer.seal(_command())
        answer = service.receive(TOPIC, Message(TOPIC, sealed), UTC_MS, 2, 0)
        assert answer is not None
        assert (answer.result, answer.sequence) == ("done", sequence)
    signer.resume(1)
    signer.resume(50)
    _, payload = mac0.unseal(store.keys("unit-1"), signer.seal(_command()), TOPIC.encode())
    command = message.decode(payload)
    assert (command.sequence, command.unit) == (50, "unit-1")
    assert command.expires_utc_ms == UTC_MS + keystore.COMMAND_LIFE_MS


def test_a_command_for_one_unit_is_nothing_to_another(tmp_path: Path) -> None:
    store = Keystore(tmp_path)
    sealed = CommandSigner(store, "unit-2", lambda: UTC_MS).seal(_command())
    assert _service(store).receive(TOPIC, Message(TOPIC, sealed), UTC_MS, 2, 0) is None


@pytest.mark.slow
def test_no_mutated_command_is_done(tmp_path: Path) -> None:
    store = Keystore(tmp_path)
    service = _service(store)
    sealed = CommandSigner(store, "unit-1", lambda: UTC_MS).seal(_command())
    for turn, changed in _mutations(sealed):
        answer = service.receive(TOPIC, Message(TOPIC, changed), UTC_MS, 2, 0)
        assert answer is None, f"seed {SEED}, mutation {turn} was answered"
    assert service.accepted_count == 0
    assert sum(service.counts.values()) > MUTATION_COUNT * 0.99


def test_the_working_groups_signature_example_is_verified_by_openssl() -> None:
    key = bytes.fromhex(
        "bac5b11cad8f99f9c72b05cf4b9e26d244dc189f745228255a219a86d6a09eff"
        "20138bf82dc1b6d562be0fa54ab7804a3a64b6d72ccfed6b6fb6ed28bbfc117e"
    )
    data = bytes.fromhex(
        "d28443a10126a10442313154546869732069732074686520636f6e74656e742e5840"
        "eae868ecc176883766c5dc5ba5b8dca25dab3c2e56a551ce5705b793914348e1"
        "55388b10c4f1b59a6733eab416870a945111a4b2fbdbef33a77234b1deff2f9b"
    )
    aad = bytes.fromhex("11aa22bb33cc44dd55006699")
    assert sign1.verify(Openssl(), key, data, aad) == b"This is the content."
    assert authority.KEY_ID == b"authority"
