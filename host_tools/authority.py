"""The council's authority: signs permits and grants, but none that a unit would not take."""

from collections.abc import Mapping
from typing import Self

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from firmware.cbor.encode import dumps
from firmware.cose import sign1
from firmware.policy import grant, permit
from firmware.policy.grant import Grant
from firmware.policy.permit import Permit

KEY_ID = permit.AUTHORITY
COORDINATE_BYTES = 32
DAY_MS = permit.DAY_MS
BEGUN_MS = 60_000  # a drafted permit began so long ago
DEMO_PHONE = "01632 960123"  # a number that is reserved for examples


class Authority:
    """A P-256 key pair that units trust.

    Args:
        private_key: on the curve P-256.
    """

    def __init__(self, private_key: ec.EllipticCurvePrivateKey) -> None:
        self._private_key = private_key

    @classmethod
    def make(cls) -> Self:
        """Make a fresh key pair."""
        return cls(ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def from_pem(cls, data: bytes) -> Self:
        """Read a key pair.

        Raises:
            ValueError: it is no private key on P-256 without a pass phrase.
        """
        key = serialization.load_pem_private_key(data, password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
            raise ValueError("not a private key on the curve P-256")
        return cls(key)

    def to_pem(self) -> bytes:
        """Write the key pair down, unencrypted: keep the file to yourself."""
        return self._private_key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )

    def public_key(self) -> bytes:
        """What units check with: x and y, 64 bytes."""
        numbers = self._private_key.public_key().public_numbers()
        return numbers.x.to_bytes(COORDINATE_BYTES, "big") + numbers.y.to_bytes(
            COORDINATE_BYTES, "big"
        )

    def sign(self, payload: bytes, external_aad: bytes) -> bytes:
        """Sign a payload as COSE_Sign1 with ES256."""
        signed = sign1.to_be_signed(payload, external_aad, KEY_ID)
        r, s = decode_dss_signature(self._private_key.sign(signed, ec.ECDSA(hashes.SHA256())))
        signature = r.to_bytes(COORDINATE_BYTES, "big") + s.to_bytes(COORDINATE_BYTES, "big")
        return sign1.assemble(payload, KEY_ID, signature)


def sign_permit(authority: Authority, fields: Mapping[str, object]) -> bytes:
    """Sign a permit; PaperError, with every fault, when no unit would take it.

    Args:
        authority: who signs.
        fields: as in docs/formats/permit.md; "kind" and "version" are added.

    Returns:
        the content of permit.cose.
    """
    payload = permit_payload(fields)
    Permit.parse(payload)
    return authority.sign(payload, permit.EXTERNAL_AAD)


def permit_payload(fields: Mapping[str, object]) -> bytes:
    """Write what a permit says, as it is signed."""
    return dumps({"kind": permit.WHAT, "version": 1, **fields})


def sign_grant(authority: Authority, fields: Mapping[str, object]) -> bytes:
    """Sign a grant of sound; PaperError, with every fault, when no unit would take it.

    Args:
        authority: who signs.
        fields: as in docs/formats/permit.md, "Grant"; "kind" and "version" are added.

    Returns:
        the content of grant-<camera>.cose.
    """
    payload = dumps({"kind": grant.WHAT, "version": 1, **fields})
    Grant.parse(payload)
    return authority.sign(payload, grant.EXTERNAL_AAD)


def draft_permit(
    unit: str, place: str, utc_ms: int, scheme_class: str = "site"
) -> dict[str, object]:
    """Draw up a complete permit for a demonstration; change what should differ, then sign it.

    Args:
        unit: the unit's name.
        place: name of the place, as in the unit's settings.
        utc_ms: now; it starts BEGUN_MS earlier and is good for 90 days.
        scheme_class: one of `firmware.policy.rules.CLASSES`.
    """
    owner = "Example Borough Council"
    sign = {
        "id": f"SIGN-{unit}",
        "graphic": True,
        "owner": owner,
        "purpose": "crime prevention and public safety",
        "phone": DEMO_PHONE,
        "photo": bytes(32),
    }
    return {
        "id": f"P-{unit}",
        "unit": unit,
        "owner": owner,
        "class": scheme_class,
        "place": {"name": place, "lat_udeg": 51_878_000, "lon_udeg": -420_000, "radius_m": 50},
        "purposes": [1, 2, 5, 6],
        "assessment": "NA-DEMO",
        "dpia": {"id": "DPIA-DEMO", "outcome": "yes", "conditions": []},
        "consultation": "CONS-DEMO",
        "officer": "A. Officer (example)",
        "phone": DEMO_PHONE,
        "signs": [sign],
        "start_utc_ms": utc_ms - BEGUN_MS,
        "end_utc_ms": utc_ms + 90 * DAY_MS,
        "review_utc_ms": utc_ms + 180 * DAY_MS,
        "zones": [],
    }


def draft_grant(permit_fields: Mapping[str, object], camera: str) -> dict[str, object]:
    """Draw up a complete grant of sound for a demonstration, under a permit that is not PSS.

    Args:
        permit_fields: the permit that it belongs to.
        camera: whose sound it is.
    """
    same = ("unit", "class", "place", "start_utc_ms", "end_utc_ms")
    return {
        **{name: permit_fields[name] for name in same},
        "id": f"G-{camera}",
        "permit": permit_fields["id"],
        "camera": camera,
        "purpose": 6,
        "justification": "J-DEMO",
        "need": "assaults on staff at the gate",
        "alternatives": "lighting, patrols and pictures alone were tried",
        "why_sound": "threats are spoken out of view of the camera",
        "design": "off by default, switched by a person, light on the microphone",
        "quality": "speech at 4 m",
        "staff_consultation": "SC-DEMO",
        "dpia": {"id": "DPIA-SOUND", "camera": camera, "outcome": "yes", "conditions": []},
        "sign": f"SIGN-SOUND-{camera}",
    }
