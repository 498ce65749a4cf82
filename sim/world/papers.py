"""The papers of a simulated unit: permit, grant and key chains, the same for a seed."""

import hashlib
from typing import TYPE_CHECKING

from firmware.app.unit import Papers
from firmware.cbor.encode import dumps
from firmware.cose import sign1
from firmware.keys.ratchet import epoch_of
from firmware.policy import grant, permit
from sim.devices import curve
from sim.devices.chance import Chance

if TYPE_CHECKING:
    from firmware.cbor.encode import Key, Value

DAY_MS = 86_400_000
PHONE = "01632 960123"  # a number reserved for examples
PLACE = {"name": "long-row", "lat_udeg": 51_878_000, "lon_udeg": -420_000, "radius_m": 50}


class SimAuthority:
    """The council's authority in a simulated world.

    Args:
        chance: its secret is drawn from here.
    """

    def __init__(self, chance: Chance) -> None:
        self._secret = 1 + int.from_bytes(chance.random(32), "big") % (curve.N - 1)
        self.public_key = curve.public_key(self._secret)

    def sign(self, payload: bytes, external_aad: bytes) -> bytes:
        """Sign a payload as COSE_Sign1 with ES256."""
        signed = sign1.to_be_signed(payload, external_aad, permit.AUTHORITY)
        digest = hashlib.sha256(signed).digest()
        return sign1.assemble(payload, permit.AUTHORITY, curve.sign(self._secret, digest))

    def papers(self, unit: str, camera: str, utc_ms: int, chance: Chance) -> Papers:
        """Draw up a permit, a grant for one camera, and fresh chains; good for 90 days."""
        permit_fields = _permit(unit, utc_ms)
        signed_permit = self.sign(dumps(permit_fields), permit.EXTERNAL_AAD)
        signed_grant = self.sign(dumps(_grant(permit_fields, camera)), grant.EXTERNAL_AAD)
        epoch = epoch_of(utc_ms)
        chains: dict[Key, Value] = {}
        for name in ("picture", f"sound:G-{camera}"):
            secret: dict[Key, Value] = {1: epoch, 2: chance.stream(name).random(32)}
            chains[name] = secret
        return Papers(signed_permit, {camera: signed_grant}, chains)


def _permit(unit: str, utc_ms: int) -> "dict[str, object]":
    sign = {
        "id": "SIGN-1",
        "graphic": True,
        "owner": "Example Borough Council",
        "purpose": "crime prevention and public safety",
        "phone": PHONE,
        "photo": bytes(32),
    }
    return {
        "kind": permit.WHAT,
        "version": 1,
        "id": f"P-{unit}",
        "unit": unit,
        "owner": "Example Borough Council",
        "class": "site",
        "place": PLACE,
        "purposes": [1, 2, 5, 6],
        "assessment": "NA-1",
        "dpia": {"id": "DPIA-1", "outcome": "yes", "conditions": []},
        "consultation": "CONS-1",
        "officer": "A. Officer (example)",
        "phone": PHONE,
        "signs": [sign],
        "start_utc_ms": utc_ms - 60_000,
        "end_utc_ms": utc_ms + 90 * DAY_MS,
        "review_utc_ms": utc_ms + 180 * DAY_MS,
        "zones": [],
    }


def _grant(permit_fields: "dict[str, object]", camera: str) -> "dict[str, object]":
    same = ("unit", "class", "place", "start_utc_ms", "end_utc_ms")
    case = ("need", "alternatives", "why_sound", "design", "quality", "staff_consultation")
    return {
        **{name: permit_fields[name] for name in same},
        **dict.fromkeys(case, "as in the example"),
        "kind": grant.WHAT,
        "version": 1,
        "id": f"G-{camera}",
        "permit": permit_fields["id"],
        "camera": camera,
        "purpose": 6,
        "justification": "J-1",
        "dpia": {"id": "DPIA-S", "camera": camera, "outcome": "yes", "conditions": []},
        "sign": "SIGN-S",
    }
