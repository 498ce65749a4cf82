"""A permit drawn up as TOML is signed whole, or everything wrong with it is named."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from firmware.policy import permit
from hal.linux.cipher import OpenSslCipher
from host_tools.authority import Authority
from host_tools.paper import PaperFileError, sign_file

PAPER = """
kind = "permit"
id = "P-2026-0117"
unit = "gateway-1"
owner = "Example Borough Council"
class = "site"
place = { name = "yard-7", lat_udeg = 51878000, lon_udeg = -420000, radius_m = 50 }
purposes = [1, 6]
assessment = "NA-12"
consultation = "CN-3"
officer = "A. Officer"
phone = "01582 000000"
start_utc = 2026-12-01T00:00:00Z
end_utc = 2027-03-01T00:00:00Z
review_utc = 2027-06-01T00:00:00Z
dpia = { id = "DPIA-9", outcome = "yes", conditions = [] }
zones = [{ camera = "dome-1", space = "dome", rectangle = [12000, -1500, 14500, 500] }]
[[signs]]
id = "SIGN-1"
graphic = true
owner = "Example Borough Council"
purpose = "crime prevention"
phone = "01582 000000"
photo = "{}"
""".replace("{}", "ab" * 32)


def write(folder: Path, text: str) -> Path:
    path = folder / "permit.toml"
    path.write_text(text)
    return path


def test_a_drawn_up_permit_is_one_that_a_unit_takes(tmp_path: Path):
    authority = Authority.make()
    signed = sign_file(authority, write(tmp_path, PAPER))
    taken = permit.unseal(OpenSslCipher(), authority.public_key(), signed)
    assert taken.id == "P-2026-0117"
    start = datetime(2026, 12, 1, tzinfo=UTC)
    assert taken.start_utc_ms == int(start.timestamp() * 1000)
    zones = [zone.rectangle for zone in taken.zones("dome-1", "dome")]
    assert zones == [(12000, -1500, 14500, 500)]


def test_what_is_wrong_is_named(tmp_path: Path):
    table = (
        ('kind = "permit"', 'kind = "licence"', "kind"),
        ("2026-12-01T00:00:00Z", "2026-12-01T00:00:00", "offset"),
        ("ab" * 32, "xy", "64 hex digits"),
        ("purposes = [1, 6]", "purposes = [15]", "C05"),
        ('officer = "A. Officer"', "", "officer"),
        ("[[signs]]", "[[[", "not TOML"),
    )
    for old, new, said in table:
        with pytest.raises(PaperFileError, match=said):
            sign_file(Authority.make(), write(tmp_path, PAPER.replace(old, new)))
    with pytest.raises(PaperFileError, match="nowhere"):
        sign_file(Authority.make(), tmp_path / "nowhere.toml")
