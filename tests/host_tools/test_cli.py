"""The command line names what is wrong in a line each, ends with 2, and never with a traceback."""

from pathlib import Path

from typer.testing import CliRunner

from host_tools.cli.main import app

ASK = (
    "evidence request --unit gateway-1 --camera dome-1 --case C1 --purpose 2 --reason why "
    "--person Ada --state {folder} "
)
WHO = "--person Ada --state {folder}"


def test_bad_input_is_named_and_ends_with_2(tmp_path: Path):
    (tmp_path / "bad.toml").write_text("[unit]\nname = 1\n[rings]\n")
    (tmp_path / "cmc").mkdir()
    (tmp_path / "cmc" / "keyholder.sqlite").touch()
    table = (
        ("config check {folder}/none.toml", "none.toml"),
        ("config check {folder}/bad.toml", "rings"),
        ("run --config {folder}/bad.toml", "unit.name"),
        ("cmc --config {folder}/none.toml", "none.toml"),
        ("cmc --config {folder}/bad.toml", "broker"),
        ("ring info {folder}/none.pool", "none.pool"),
        ("ring check {folder}/bad.toml", "bad.toml"),
        ("ring create --config {folder}/bad.toml", "unit.name"),
        ("keys permit --unit u --place p --class X --out {folder} --keys {folder}/keys", "X"),
        (ASK + "--from yesterday --to 2026-11-24T06:00:00Z", "yesterday"),
        (ASK + "--from 2026-11-24T06:00:00 --to 2026-11-24T07:00:00Z", "no zone"),
        (ASK + "--from 2026-11-24T06:00:00Z --to 2026-11-24T05:00:00Z", "later end"),
        (ASK + "--from 2026-01-01T06:00:00Z --to 2026-01-01T07:00:00Z", "dead"),
        (ASK + "--from 2026-11-24T06:00:00Z --to 2026-11-24T07:00:00Z --role auditor", "auditor"),
        (ASK.replace("{folder} ", "{folder}/x ") + "--from a --to b", "is no moment"),
        ("evidence list --state {folder}/x", "no keyholder"),
        ("evidence list --state {folder} --role operator", "may not list"),
        ("evidence review E-0007 --accept --reason fits " + WHO, "E-0007"),
        ("evidence export E-0007 " + WHO, "E-0007"),
        ("evidence export E-0007 --review-on soon " + WHO, "E-0007"),
        ("evidence release E-0007 --recipient P --legal-basis L " + WHO, "exports/E-0007"),
        ("evidence verify {folder}/none", "none"),
    )
    for line, word in table:
        result = CliRunner().invoke(app, line.format(folder=tmp_path).split())
        assert result.exit_code == 2, (line, result.exit_code, result.output)
        assert word in result.output, (line, result.output)
        assert "Traceback" not in result.output, line
    assert not (tmp_path / "out").exists()


def test_a_unit_is_claimed_once(tmp_path: Path):
    folders = f"--keys {tmp_path}/keys"
    claim = f"keys claim --unit unit-1 --out {tmp_path}/unit --cmc {tmp_path}/cmc {folders}"
    lines = (
        (f"keys init {folders}", 0),
        (f"keys permit --unit unit-1 --place yard --out {tmp_path}/unit {folders}", 0),
        (f"keys grant --unit unit-1 --place yard --camera c --out {tmp_path}/unit {folders}", 0),
        (claim + " --grant G-c", 0),
        (claim, 2),
        ("version", 0),
    )
    for line, code in lines:
        result = CliRunner().invoke(app, line.split())
        assert result.exit_code == code, (line, result.output)
    made = {path.name for path in (tmp_path / "unit").iterdir()}
    assert made == {"permit.cose", "grant-c.cose", "claim.cbor"}
