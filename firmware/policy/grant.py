"""The grant: the separate signed authority to record sound with one camera at one place.

Format: docs/formats/permit.md, "Grant". A PSS unit has no use for one: no grant opens its
microphone (C38).
"""

from firmware.cose import sign1
from firmware.policy import fields, rules
from firmware.policy.fields import PaperError
from firmware.policy.permit import Permit, read_dpia, read_period
from firmware.policy.place import Place
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.policy.fields import Fault, Fields
    from hal.api.cipher import Cipher

WHAT = "grant"
EXTERNAL_AAD = b"grant"
CLASSES = (rules.SITE, rules.VEHICLE, rules.CMC_ROOM, rules.HELP_POINT)
# What the case for sound must say (C39), beside its impact assessment, sign and end.
CASE = ("need", "alternatives", "why_sound", "design", "quality", "staff_consultation")


class Grant:
    """A grant with every field present and in range; `check` asks whether it is good here and now.

    Attributes:
        id: of the grant; names the key chain of its sound.
        unit: the only unit that it is for.
        camera: the only camera that it is for.
        permit: id of the permit that it belongs to.
        scheme_class: never PSS.
        place: where.
        purpose: 1 to 14.
        limits: what the data protection officer laid down.
        start_utc_ms: from when.
        end_utc_ms: until when.
    """

    __slots__ = (
        "camera",
        "end_utc_ms",
        "id",
        "limits",
        "permit",
        "place",
        "purpose",
        "scheme_class",
        "start_utc_ms",
        "unit",
    )

    def __init__(self, found: "Fields") -> None:
        self.id = found.text("id", "C07")
        self.unit = found.text("unit", "C07")
        self.camera = found.text("camera", "C40")
        self.permit = found.text("permit", "C07")
        self.scheme_class = found.text("class", "C38", CLASSES)
        self.place = Place(found.table("place", "C40"))
        self.purpose = found.number("purpose", "C05", 1, len(rules.PURPOSES))
        found.text("justification", "C07")
        for name in CASE:
            found.text(name, "C39")
        assessment = found.table("dpia", "C40")
        if assessment.text("camera", "C40") != self.camera:
            assessment.fault("camera", "C40", "must be the grant's camera")
        self.limits = read_dpia(assessment, "C40")
        found.text("sign", "C24")
        self.start_utc_ms, self.end_utc_ms = read_period(found, "C07")
        found.close()

    @staticmethod
    def parse(payload: bytes) -> "Grant":
        """Read what the authority signed.

        Raises:
            PaperError: with every field that is missing or wrong, and its clause.
        """
        faults: list[Fault] = []
        grant = Grant(fields.read(payload, WHAT, faults))
        if faults:
            raise PaperError(WHAT, faults)
        return grant


def unseal(cipher: "Cipher", authority: bytes, data: bytes) -> Grant:
    """Check the authority's signature over a grant and read it.

    Args:
        cipher: checks the signature.
        authority: the authority's public key, x and y, 64 bytes.
        data: the whole file.

    Returns:
        the grant; UnverifiedError or RemoteProtocolError when it is not signed by the authority,
        PaperError when a field is missing or wrong.
    """
    return Grant.parse(sign1.verify(cipher, authority, data, EXTERNAL_AAD))


def check(
    grant: Grant, permit: Permit, unit: str, camera: str, place: str, utc_ms: int
) -> "list[tuple[str, str]]":
    """Say what stands against sound under a grant here and now.

    The permit must be checked besides: without a valid permit there is no sound either.

    Args:
        grant: the grant.
        permit: the permit in force.
        unit: this unit's name.
        camera: the camera whose sound is asked for.
        place: the place that the unit's settings name.
        utc_ms: the best time known; 0 when there is none, and then there is no sound.

    Returns:
        (clause, code) for each reason; empty when the sound may be on.
    """
    rows = (
        ("C38", "grant.class", permit.scheme_class == rules.PSS),
        ("C02", "grant.class", permit.scheme_class not in (rules.PSS, grant.scheme_class)),
        ("C07", "grant.unit", grant.unit != unit),
        ("C07", "grant.permit", grant.permit != permit.id),
        ("C40", "grant.camera", grant.camera != camera),
        ("C40", "grant.place", grant.place.name != place or permit.place.name != place),
        ("C85", "grant.limit", "no_sound" in permit.limits or "no_sound" in grant.limits),
        ("C07", "grant.not_begun", utc_ms < grant.start_utc_ms),
        ("C07", "grant.ended", utc_ms >= grant.end_utc_ms),
    )
    return [(clause, code) for clause, code, is_against in rows if is_against]
