"""What an export and the register hold is what the published schema says."""

import json
from pathlib import Path

import cddl_verifier
import pycddl
import pytest

from firmware.cbor.decode import loads
from firmware.cbor.encode import dumps
from host_tools.cmc.warnings import note_warnings
from host_tools.evidence import verify_alone
from tests.host_tools.test_evidence_cli import Site
from tests.host_tools.test_evidence_holds import CY, Office

CDDL = (Path(__file__).parents[2] / "docs" / "formats" / "evidence.cddl").read_text("utf-8")
KINDS = ("request", "review", "keys", "export", "release")
SCHEMAS = {
    rule: pycddl.Schema(f"root = {rule}\n{CDDL}")
    for rule in (
        *("manifest", "signature", "protected"),
        *(f"{kind}-body" for kind in (*KINDS, "withdraw", "hold", "warning")),
    )
}
VERIFIER = cddl_verifier.Validator(CDDL)


def judged(rule: str, data: bytes) -> bool:
    """Ask both validators; they must agree."""
    try:
        SCHEMAS[rule].validate_cbor(data)
        is_valid = True
    except pycddl.ValidationError:
        is_valid = False
    other = VERIFIER.validate(data, rule, require_deterministic=True)
    assert other.valid == is_valid, (rule, other.errors)
    return is_valid


@pytest.mark.slow
@pytest.mark.clause("C81")
def test_manifest_signature_and_records_are_as_published(tmp_path: Path):
    site = Site(tmp_path / "state")
    site.run(site.ask())
    site.run("review E-0001 --accept --reason fits --person Bob")
    site.run("export E-0001 --person Bob")
    site.run("release E-0001 --recipient Police --legal-basis DPA2018 --person Cy")
    folder = site.state / "cmc" / "exports" / "E-0001"
    data = (folder / "manifest.cbor").read_bytes()
    assert judged("manifest", data)
    cose = (folder / "manifest.cose").read_bytes()
    assert judged("signature", cose)
    assert judged("protected", verify_alone.sign1_parts(verify_alone.decode(cose))[0])
    records = json.loads(site.run("list --json"))["cases"][0]["records"]
    assert tuple(record["kind"] for record in records) == KINDS
    for record in records:
        assert judged(record["kind"] + "-body", dumps(record["body"])), record["kind"]
    manifest = loads(data)
    assert isinstance(manifest, dict)
    for key in list(manifest):
        taken = {name: value for name, value in manifest.items() if name != key}
        assert not judged("manifest", dumps(taken)), key
    for key, wrong in (
        ("owner", ""),
        ("purpose", 15),
        ("version", 1),
        ("extra", 1),
        ("pool", "x"),
    ):
        assert not judged("manifest", dumps({**manifest, key: wrong})), key


@pytest.mark.clause("C81")
def test_holds_warnings_and_withdrawals_are_as_published(tmp_path: Path):
    office = Office(tmp_path)
    office.unit.room = 1
    requests = [office.accepted(), office.accepted(-7_200_000)]
    office.run(5)
    note_warnings(office.register, office.utc_ms() + 30 * 86_400_000)
    for request in requests:
        office.register.withdraw(request, CY, "mistake")
    office.run(5)
    records = [record for request in requests for record in office.register.case(request).records]
    told = {(record.kind, record.body.get("state")) for record in records}
    states = {("hold", state) for state in ("sent", "held", "refused", "lifted")}
    assert states | {("warning", None), ("withdraw", None)} < told
    for record in records:
        assert judged(record.kind + "-body", dumps(record.body)), record
        assert not judged(record.kind + "-body", dumps({**record.body, "more": 1})), record.kind
