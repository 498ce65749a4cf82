"""From the request to the release note by the command line, and what an interruption leaves."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from typer.testing import CliRunner

from firmware.keys.ratchet import EPOCH_MS, LIFE_MS, epoch_of
from firmware.telemetry.codes import code_of
from firmware.telemetry.messages import EventRecord
from host_tools import authority
from host_tools.cli.main import app
from host_tools.cmc.camera_clock import EVENT
from host_tools.cmc.keyholder import Keyholder
from host_tools.cmc.store import Store
from host_tools.evidence.folder import sweep
from host_tools.keystore import Keystore, write_private
from tests.host_tools.evidence_rig import PICTURE, PoolRig
from tests.host_tools.test_evidence import JPEG, jpeg_run

ROOT = Path(__file__).resolve().parents[2]
UNIT = "unit-7"


class Site:
    """A unit's pool that ends where it is told, its permit, and the CMC's folders."""

    def __init__(self, state: Path, ago_ms: int = 120_000) -> None:
        self.state = state
        (state / UNIT).mkdir(parents=True)
        (state / "cmc").mkdir()
        now_utc_ms = time.time_ns() // 1_000_000
        self.start_utc_ms = now_utc_ms - ago_ms
        rig = PoolRig(state / UNIT / "ring.pool")
        rig.base_utc_ms = self.start_utc_ms
        rig.first_epoch = epoch_of(self.start_utc_ms) - 1
        rig.start()
        rig.open(PICTURE, JPEG)
        jpeg_run(rig, 0, 60)
        rig.settle()
        keystore = Keystore(state / "keys")
        draft = authority.draft_permit(UNIT, "Mill Lane", now_utc_ms)
        signed = authority.sign_permit(keystore.authority, draft)
        write_private(state / UNIT / "permit.cose", signed)
        holder = Keyholder(state / "cmc" / "keyholder.sqlite", lambda: now_utc_ms)
        holder.add(UNIT, "picture", rig.first_epoch, rig.secrets["picture"])
        holder.close()

    def ask(self, from_ms: int = 0, to_ms: int = 30_000) -> str:
        """Words of a request for a range counted from the start of the pool."""
        start, end = (
            datetime.fromtimestamp((self.start_utc_ms + ms) / 1000, UTC).isoformat()
            for ms in (from_ms, to_ms)
        )
        return (
            f"request --unit {UNIT} --camera yard-2 --from {start} --to {end} --case C-7 "
            "--purpose 3 --reason assault --person Ada"
        )

    def run(self, line: str, code: int = 0) -> str:
        """Run a verb."""
        words = ["evidence", *line.split(), "--state", str(self.state)]
        result = CliRunner().invoke(app, words)
        assert result.exit_code == code, (line, result.output, result.exception)
        return result.output


@pytest.mark.clause("C52")
def test_two_people_bring_footage_from_the_ring_to_the_police(tmp_path: Path):
    site = Site(tmp_path / "state")
    assert "E-0001" in site.run(site.ask())
    assert "not reviewed" in site.run("export E-0001 --person Bob", 2)
    assert "another person" in site.run("review E-0001 --accept --reason fits --person ada", 2)
    assert "accepted" in site.run("review E-0001 --accept --reason fits --person Bob")
    assert "yard-2-1.mp4" in site.run("export E-0001 --person Bob --review-on 2027-02-28")
    folder = site.state / "cmc" / "exports" / "E-0001"
    assert {path.name for path in folder.iterdir()} == {
        *("yard-2-1.mp4", "manifest.json", "manifest.cbor", "manifest.cose", "SHA256SUMS"),
        *("signer.pem", "verify.sh", "verify_alone.py"),
    }
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["owner"] == "Example Borough Council" and manifest["permit"] == "P-unit-7"
    assert manifest["review"]["person"] == "Bob" and manifest["request"]["person"] == "Ada"
    assert manifest["place"] == "Mill Lane" and manifest["export"]["review_on"] == "2027-02-28"
    give = "release E-0001 --recipient Police --legal-basis DPA2018 --person Cy --fee waived"
    told = site.run(give)
    note = (site.state / "cmc" / "exports" / "E-0001-release.txt").read_text()
    assert "Police, who is controller of this copy" in note and note in told
    fingerprint = note.rsplit(" ", 1)[1].strip()
    checked = CliRunner().invoke(
        app, ["evidence", "verify", str(folder), "--fingerprint", fingerprint]
    )
    assert checked.exit_code == 0 and "is good" in " ".join(checked.output.split())
    listed = json.loads(site.run("list --json"))
    assert listed["faults"] == []
    records = listed["cases"][0]["records"]
    assert [record["kind"] for record in records] == [
        *("request", "review", "keys", "export", "release")
    ]
    assert records[3]["body"]["items"] == records[4]["body"]["items"]
    film = folder / "yard-2-1.mp4"
    film.write_bytes(film.read_bytes()[:-1] + b"x")
    assert "not as it was exported" in site.run(give, 2)
    bad = CliRunner().invoke(app, ["evidence", "verify", str(folder)])
    assert bad.exit_code == 1 and "NOT good" in " ".join(bad.output.split())


def measured(site: Site, rows: "list[tuple[int, str, int]]") -> None:
    """Let the unit have told of its cameras' clocks: (ms since the start, camera, offset)."""
    store = Store(site.state / "cmc" / "cmc.sqlite")
    for number, (at_ms, camera, offset_ms) in enumerate(rows):
        fields = {"subject": camera, "offset_ms": offset_ms}
        record = EventRecord(1, number, code_of(EVENT))
        record.now_ms, record.utc_ms, record.fields = at_ms, site.start_utc_ms + at_ms, fields
        record.is_head = number == 0
        record.previous_boot, record.previous_sequence = 1, max(0, number - 1)
        store.take(UNIT, record, site.start_utc_ms)
    store.close()


def test_an_export_carries_the_cameras_clock_and_what_onvif_wants(tmp_path: Path):
    site = Site(tmp_path / "state")
    site.run(site.ask())
    site.run("review E-0001 --accept --reason fits --person Bob")
    rows = [(-9, "yard-2", 4), (-5, "yard-2", 70_000), (1, "yard-3", 5), (9_000, "yard-2", -20)]
    measured(site, [*rows, (90_000, "yard-2", 9)])
    site.run("export E-0001 --person Bob --onvif")
    folder = site.state / "cmc" / "exports" / "E-0001"
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["clock"]["camera"] == [
        {"utc_ms": site.start_utc_ms - 5, "offset_ms": 70_000},
        {"utc_ms": site.start_utc_ms + 9_000, "offset_ms": -20},
    ]
    told = manifest["onvif"]
    assert told["signed"] is True
    note = site.run("release E-0001 --recipient Police --legal-basis DPA2018 --person Cy")
    assert f"verify_onvif.py FILE {told['certificate_sha256']}" in note
    film = folder / "yard-2-1.mp4"
    assert b"case C-7, request E-0001, permit P-unit-7\0" in film.read_bytes()
    checked = CliRunner().invoke(app, ["evidence", "verify", str(folder)])
    assert checked.exit_code == 0 and "ONVIF" in checked.output
    film.write_bytes(film.read_bytes()[:-1] + b"x")
    bad = CliRunner().invoke(app, ["evidence", "verify", str(folder)])
    assert bad.exit_code == 1 and "signature 1 is not over" in " ".join(bad.output.split())


def certificate(folder: Path, kind: str, days: int = 2) -> Path:
    """Make a recipient's key and certificate."""
    key = {
        "rsa": lambda: rsa.generate_private_key(65537, 2048),
        "ec": lambda: ec.generate_private_key(ec.SECP256R1()),
        "ed25519": ed25519.Ed25519PrivateKey.generate,
    }[kind]()
    name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "police")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(
        name, name, key.public_key(), 7, now - timedelta(9), now + timedelta(days)
    ).sign(key, None if kind == "ed25519" else hashes.SHA256())
    path = folder / f"{kind}{days}.pem"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    Path(f"{path}.key").write_bytes(pem)
    return path


@pytest.mark.slow
@pytest.mark.clause("C31")
def test_a_copy_is_sealed_for_its_recipient_and_opened_with_openssl_alone(tmp_path: Path):
    site = Site(tmp_path / "state")
    site.run(site.ask())
    site.run("review E-0001 --accept --reason fits --person Bob")
    site.run("export E-0001 --person Bob")
    exports = site.state / "cmc" / "exports"
    give = "release E-0001 --recipient Police --legal-basis DPA2018 --person Cy"
    (tmp_path / "junk.pem").write_bytes(b"junk")
    bad = (tmp_path / "junk.pem", certificate(tmp_path, "ed25519"), tmp_path / "none.pem")
    for paper in (*bad, certificate(tmp_path, "rsa", -1)):
        assert paper.name in site.run(f"{give} --certificate {paper}", 2)
    assert "may not release" in site.run(f"{give} --certificate {bad[0]} --role keyholder", 2)
    assert sorted(path.name for path in exports.iterdir()) == ["E-0001"]
    assert "E-0001 exported" in site.run("list")
    sealed = exports / "E-0001.tar.cms"
    for kind in ("rsa", "ec"):
        paper = certificate(tmp_path, kind)
        told = site.run(f"{give} --certificate {paper}")
        assert "sealed copy" in told
        assert "exists already" in site.run(f"{give} --certificate {paper}", 2)
        command = ["openssl", "cms", "-decrypt", "-binary", "-inform", "DER"]
        command += ["-inkey", f"{paper}.key", "-in", str(sealed)]
        tar = subprocess.run(command, check=True, capture_output=True).stdout
        out = tmp_path / kind
        out.mkdir()
        subprocess.run(["tar", "-x", "-C", str(out)], input=tar, check=True)
        checked = CliRunner().invoke(app, ["evidence", "verify", str(out / "E-0001")])
        assert checked.exit_code == 0, checked.output
        data = bytearray(sealed.read_bytes())
        data[len(data) // 2] ^= 1
        sealed.write_bytes(data)
        assert subprocess.run(command, check=False, capture_output=True).returncode != 0, kind
        sealed.unlink()
    records = json.loads(site.run("list --json"))["cases"][0]["records"]
    assert [len(record["body"]["sealed_for"]) for record in records[-2:]] == [64, 64]
    assert "not encrypted" in site.run(give)


@pytest.mark.clause("C32")
def test_footage_near_its_death_shows_the_countdown_and_is_exported_when_accepted(tmp_path: Path):
    left_ms = 3_600_000  # day 30, hour 23
    site = Site(tmp_path / "state", LIFE_MS - left_ms - EPOCH_MS)
    told = site.run(site.ask())
    assert "in 0 d 1 h" in told or "in 0 d 0 h 5" in told, told
    assert "exported at once" in told
    listed = site.run("list")
    assert "URGENT" in listed
    told = site.run("review E-0001 --accept --reason fits --person Bob")
    assert "Exported to" in told
    assert (site.state / "cmc" / "exports" / "E-0001" / "manifest.cose").exists()
    assert "E-0001 exported" in site.run("list")


def test_an_urgent_export_that_fails_leaves_the_acceptance_and_says_what_is_wrong(tmp_path: Path):
    site = Site(tmp_path / "state", LIFE_MS - 3_600_000)
    site.run(site.ask())
    (site.state / UNIT / "permit.cose").rename(site.state / "away")
    told = site.run("review E-0001 --accept --reason fits --person Bob", 2)
    assert "is accepted" in told and "permit.cose" in told
    assert "E-0001 accepted" in site.run("list")
    site.run(f"export E-0001 --person Bob --permit {site.state / 'away'}")


def test_a_paper_or_a_key_that_is_none_is_named(tmp_path: Path):
    site = Site(tmp_path / "state")
    site.run(site.ask())
    site.run("review E-0001 --accept --reason fits --person Bob")
    (site.state / "junk").write_bytes(b"junk")
    export = "export E-0001 --person Bob"
    assert "--permit" in site.run(f"{export} --permit {site.state / 'junk'}", 2)
    assert "--permit" in site.run(f"{export} --pool {site.state / 'x.pool'}", 2)
    paper = f"--permit {site.state / UNIT / 'permit.cose'}"
    assert "x.pool" in site.run(f"{export} --pool {site.state / 'x.pool'} {paper}", 2)
    assert "exists already" in site.run(f"{export} --out {site.state}", 2)
    (site.state / "keys" / "evidence.pem").write_bytes(b"junk")
    assert "evidence.pem" in site.run(export, 2)
    (site.state / "cmc" / "evidence.sqlite").write_bytes(b"junk" * 1000)
    assert "restore it from your backup" in site.run(export, 2)
    assert not (site.state / "cmc" / "exports" / "E-0001").exists()
    assert not list(site.state.rglob("*.lamppost-part"))


@contextlib.contextmanager
def hearing_interrupts() -> Iterator[None]:
    """Let children hear SIGINT, which a shell has its background jobs ignore."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def stop(child: subprocess.Popen[bytes], number: int) -> None:
    """Send a signal until it ends: one that comes just before the pipe is opened is slept over."""
    for _ in range(20):
        child.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(1)
            return
    child.kill()


@pytest.mark.slow
def test_an_export_that_is_stopped_or_killed_leaves_nothing(tmp_path: Path):
    site = Site(tmp_path / "state")
    site.run(site.ask())
    site.run("review E-0001 --accept --reason fits --person Bob")
    # The pool as a pipe that nobody writes to: the export is stopped while it reads.
    exports = site.state / "cmc" / "exports"
    (exports / "somebody's.part").mkdir(parents=True)
    pipe, log = site.state / "pipe", tmp_path / "log"
    os.mkfifo(pipe)
    command = [
        *(sys.executable, "-m", "host_tools.cli.main", "evidence", "export", "E-0001"),
        *("--person", "Bob", "--state", str(site.state), "--pool", str(pipe)),
        *("--permit", str(site.state / UNIT / "permit.cose")),
    ]
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGKILL):
        with (
            hearing_interrupts(),
            log.open("wb") as out,
            subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=out) as child,
        ):
            end_s = time.monotonic() + 20
            while not list(exports.glob("*.lamppost-part")) and time.monotonic() < end_s:
                assert child.poll() is None, log.read_text()
                time.sleep(0.01)
            stop(child, number)
            assert child.returncode != 0
        if number == signal.SIGKILL:
            assert sweep(exports) == 1
        assert [path.name for path in exports.iterdir()] == ["somebody's.part"], number
    assert "E-0001 accepted" in site.run("list")
