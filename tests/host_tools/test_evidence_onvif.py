"""Files with ONVIF's boxes play as before, and their own signature finds a single flipped bit."""

import hashlib
import itertools
import random
import struct
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

from host_tools.evidence import errors, verify_alone, verify_onvif
from host_tools.evidence import export as made
from host_tools.evidence.export import ExportResult
from host_tools.evidence.onvif import Mark, OnvifSigner
from host_tools.evidence.sample_entry import box, full_box
from host_tools.evidence.signing import Signer
from tests.host_tools.evidence_rig import GRANT, START_UTC_MS, PoolRig, papers, request
from tests.host_tools.test_evidence import hashes as frame_hashes
from tests.host_tools.test_evidence import make_clip, record_clip

MARK = Mark("Example Borough Council", "B. Officer", START_UTC_MS + 9_000, "unit-7", "case 7")
BOTH = {"with_sound": True, "sound_reason": "threats", "grant": GRANT, "is_joined": True}
CHAIN = [b"meta", b"ipro", b"sinf", b"schi", b"sibo"]


def pair(folder: Path, bits: int = 2048) -> rsa.RSAPrivateKey:
    """Put a key and its certificate where the exporter looks for them."""
    key = rsa.generate_private_key(65537, bits)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "court")])
    now = datetime(2026, 11, 24, tzinfo=UTC)
    certificate = x509.CertificateBuilder(name, name, key.public_key(), 7)
    certificate = certificate.not_valid_before(now).not_valid_after(now + timedelta(days=9))
    folder.mkdir(exist_ok=True)
    (folder / "evidence-onvif.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    )
    return key


def exported(tmp_path: Path, **values: object) -> tuple[Path, ExportResult, OnvifSigner]:
    """Record a clip and export it with the boxes."""
    clip = tmp_path / "clip.mp4"
    make_clip(clip, seconds=2)
    rig = PoolRig(tmp_path / "pool")
    record_clip(rig, clip)
    pair(tmp_path / "keys")
    signer = Signer.open(tmp_path / "keys")
    signer.onvif = OnvifSigner.open(tmp_path / "keys", MARK)
    asked = request(0, 60_000, **values)
    with made.export(rig.path, rig.release, asked, papers(), signer, tmp_path / "out") as result:
        pass
    return clip, result, signer.onvif


def inside(data: bytes, kinds: list[bytes]) -> tuple[int, int]:
    """Find a box by the boxes around it: where its content starts and ends."""
    at, end = 0, len(data)
    for kind in kinds:
        skips = {b"meta": 4, b"ipro": 6}
        found = {name: (start, stop) for name, _, start, stop in verify_onvif.boxes(data, at, end)}
        at, end = found[kind]
        at += skips.get(kind, 0)
    return at, end


def test_the_boxes_are_those_of_the_standard_and_the_pictures_are_untouched(tmp_path: Path):
    clip, result, onvif = exported(tmp_path, **BOTH)
    assert verify_alone.check(result.folder)[0] == []
    assert result.manifest["onvif"] == {
        "signed": True,
        "certificate_sha256": onvif.fingerprint(),
    }
    for path in result.paths():
        data = path.read_bytes()
        assert verify_onvif.check(path, onvif.fingerprint()) == ([], [onvif.fingerprint()])
        kinds = [kind for kind, *_ in verify_onvif.boxes(data, 0, len(data))]
        assert kinds[:3] == [b"ftyp", b"moov", b"meta"] and kinds[-1] == b"mfra"
        start, end = inside(data, [b"meta", b"suep"])
        track_count = 2 if "joined" in path.name else 1
        texts = data[start + 4 :].split(b"\0", 3)[:3]
        assert texts == [b"Example Borough Council", b"", b""]
        at = start + 4 + sum(map(len, texts)) + 3
        (exported_s,) = struct.unpack_from(">Q", data, at)
        assert exported_s == START_UTC_MS // 1000 + 9 + 2_082_844_800
        operator, _, rest = data[at + 8 : end].partition(b"\0")
        assert operator == b"B. Officer"
        assert struct.unpack_from(">IH", rest) == (track_count, 1)
        kind = b"sound" if "-sound-" in path.name else b"picture"
        assert rest[6:].startswith(b"unit-7/yard-2\0\0\0" + kind + b"\0")
        start, end = inside(data, [b"meta", b"ipro", b"sinf", b"cstb"])
        count, track, ticks = struct.unpack_from(">IIQ", data, start)
        assert (count, track) == (track_count, 1) and end - start == 4 + 12 * track_count
        began = datetime(1601, 1, 1, tzinfo=UTC) + timedelta(microseconds=ticks // 10)
        first_utc_ms = min(file["first_utc_ms"] for file in result.manifest["files"])
        assert abs(began.timestamp() * 1000 - first_utc_ms) < 100
    assert frame_hashes(result.paths()[0]) == frame_hashes(clip, "-an")
    for option, kind in (("-an", "v"), ("-vn", "a")):
        packets = frame_hashes(result.paths()[2], "-map", f"0:{kind}", "-c", "copy")
        assert packets == frame_hashes(clip, option, "-c", "copy"), kind


def test_openssl_agrees_and_a_flipped_bit_anywhere_is_found(tmp_path: Path):
    _, result, onvif = exported(tmp_path)
    path = result.paths()[0]
    data = path.read_bytes()
    start, end = inside(data, CHAIN)
    signature = tmp_path / "signature"
    signature.write_bytes(data[start:end])
    plain = tmp_path / "plain"
    plain.write_bytes(data[:start] + bytes(end - start) + data[end:])
    start, end = inside(data, [*CHAIN[:-1], b"cert"])
    (tmp_path / "cert.der").write_bytes(data[start:end])
    key = subprocess.run(
        ["openssl", "x509", "-inform", "DER", "-in", tmp_path / "cert.der", "-pubkey", "-noout"],
        check=True,
        capture_output=True,
    ).stdout
    (tmp_path / "key.pem").write_bytes(key)
    options = ["rsa_padding_mode:pss", "rsa_pss_saltlen:20", "rsa_mgf1_md:sha256"]
    command = ["openssl", "dgst", "-sha256", "-verify", tmp_path / "key.pem"]
    command += ["-signature", signature, *itertools.chain(*(("-sigopt", one) for one in options))]
    assert subprocess.run([*command, plain], check=False, capture_output=True).returncode == 0
    chance = random.Random(20261124)
    hurt = tmp_path / "hurt.mp4"
    places = [*range(4, len(data), max(1, len(data) // 60)), len(data) - 1, start, end - 1]
    for place in places:
        bad = bytearray(data)
        bad[place] ^= 1 << chance.randrange(8)
        hurt.write_bytes(bad)
        assert verify_onvif.check(hurt, onvif.fingerprint())[0], place
    for cut in (0, 7, 100, len(data) // 2, len(data) - 1):
        hurt.write_bytes(data[:cut])
        assert verify_onvif.check(hurt)[0], cut
    assert verify_onvif.check(path, "00" * 32)[0], "another certificate was wanted"
    command = [sys.executable, "-I", str(result.folder / "verify_onvif.py"), str(path)]
    assert subprocess.run(command, check=False, capture_output=True).returncode == 0
    command[-1] = str(hurt)
    assert subprocess.run(command, check=False, capture_output=True).returncode == 1


def signed_again(data: bytes, key: rsa.RSAPrivateKey, certificate: bytes) -> bytes:
    """Append a second signing, as a court's own seal would be."""
    end = inside(data, [b"meta", b"ipro"])[1]
    information = box(b"schi", box(b"sibo", bytes(key.key_size // 8)), box(b"cert", certificate))
    scheme = full_box(b"schm", 0, 0, struct.pack(">II", 0x6F656666, 0x10000))
    more = box(b"sinf", scheme, information)
    out = bytearray(data[:end] + more + data[end:])
    meta = next(span for span in verify_onvif.boxes(data, 0, len(data)) if span[0] == b"meta")
    ipro = next(
        span for span in verify_onvif.boxes(data, meta[2] + 4, meta[3]) if span[0] == b"ipro"
    )
    for _, at, _, _ in (meta, ipro):
        size = int.from_bytes(out[at : at + 4], "big") + len(more)
        out[at : at + 4] = size.to_bytes(4, "big")
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), 20)
    signature = key.sign(bytes(out), pss, hashes.SHA256())
    at = end + more.index(b"sibo") + 4
    out[at : at + len(signature)] = signature
    return bytes(out)


def test_a_file_that_was_signed_again_shows_both_signatures_good_or_bad(tmp_path: Path):
    _, result, onvif = exported(tmp_path)
    data = result.paths()[0].read_bytes()
    key = pair(tmp_path / "court")
    pem = (tmp_path / "court" / "evidence-onvif.pem").read_bytes()
    certificate = x509.load_pem_x509_certificate(pem).public_bytes(serialization.Encoding.DER)
    twice = tmp_path / "twice.mp4"
    twice.write_bytes(signed_again(data, key, certificate))
    wanted = [onvif.fingerprint(), hashlib.sha256(certificate).hexdigest()]
    assert verify_onvif.check(twice, wanted[0]) == ([], wanted)
    bad = bytearray(twice.read_bytes())
    bad[-40] ^= 1
    twice.write_bytes(bad)
    assert len(verify_onvif.check(twice)[0]) == 2


def test_a_key_that_will_not_do_is_named(tmp_path: Path):
    keys = tmp_path / "keys"
    keys.mkdir()
    fresh = OnvifSigner.open(keys, MARK)
    path = keys / "evidence-onvif.pem"
    assert path.stat().st_mode & 0o077 == 0
    assert OnvifSigner.open(keys, MARK).fingerprint() == fresh.fingerprint()
    whole = path.read_bytes()
    other = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    mixed = whole[: whole.index(b"-----BEGIN CERT")]
    pair(tmp_path / "other")
    strange = (tmp_path / "other" / "evidence-onvif.pem").read_bytes()
    for data, word in (
        (b"", "2048 bits"),
        (mixed, "2048 bits"),
        (other + whole[len(mixed) :], "2048 bits"),
        (mixed + strange[strange.index(b"-----BEGIN CERT") :], "for another key"),
    ):
        path.write_bytes(data)
        with pytest.raises(errors.SignerError, match=word):
            OnvifSigner.open(keys, MARK)
