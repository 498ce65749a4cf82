"""What an export and the register hold is what the published schema says."""

import json
from pathlib import Path

import cddl_verifier
import pycddl
import pytest

from firmware.cbor.decode import loads
from firmware.cbor.encode import dumps
from host_tools.evidence import verify_alone
from tests.host_tools.test_evidence_cli import Site

CDDL = (Path(__file__).parents[2] / "docs" / "formats" / "evidence.cddl").read_text("utf-8")
KINDS = ("request", "review", "keys", "export", "release")
SCHEMAS = {
    rule: pycddl.Schema(f"root = {rule}\n{CDDL}")
    for rule in ("manifest", "signature", "protected", *(f"{kind}-body" for kind in KINDS))
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
