"""The permit: the signed authority to record at one place, for named purposes, for a period.

A unit without one, or elsewhere, or after it, does not record. Format: docs/formats/permit.md.
"""

from firmware.cose import sign1
from firmware.policy import fields, rules
from firmware.policy.fields import PaperError
from firmware.policy.place import Place
from firmware.policy.zones import read_zones
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.policy.fields import Fault, Fields
    from firmware.policy.zones import Zone
    from hal.api.cipher import Cipher

WHAT = "permit"
EXTERNAL_AAD = b"permit"
AUTHORITY = b"authority"
DAY_MS = 86_400_000
REVIEW_MS_MAX = 366 * DAY_MS  # 12 months, one of them a leap February (C12)
WARNING_DAYS = (1, 7, 30)
YES, CONDITIONS, NO = "yes", "conditions", "no"


class Permit:
    """A permit with every field present and in range; `check` asks if it is good here and now.

    Attributes:
        id: of the permit.
        unit: the only unit that it is for.
        owner: who owns the scheme.
        scheme_class: one of `rules.CLASSES`; PSS where the permit says something else.
        place: where.
        purposes: 1 to 14 each, at least one.
        phone: the number that people can call, as on the signs.
        limits: what the data protection officer laid down, words of `rules.LIMITS`.
        start_utc_ms: from when.
        end_utc_ms: until when.
        review_utc_ms: by when its use must have been reviewed; it is over then.
    """

    __slots__ = (
        "_zones",
        "end_utc_ms",
        "id",
        "limits",
        "owner",
        "phone",
        "place",
        "purposes",
        "review_utc_ms",
        "scheme_class",
        "start_utc_ms",
        "unit",
    )

    def __init__(self, found: "Fields") -> None:
        self.id = found.text("id", "C09")
        self.unit = found.text("unit", "C09")
        self.owner = found.text("owner", "C04")
        self.scheme_class = rules.class_of(found.text("class", "C02"))
        self.place = Place(found.table("place", "C09"))
        self.purposes = _purposes(found)
        found.text("assessment", "C09")
        found.text("consultation", "C09")
        found.text("officer", "C09")
        self.phone = found.text("phone", "C24")
        self.limits = read_dpia(found.table("dpia", "C85"), "C09")
        _read_signs(found, self.phone)
        self.start_utc_ms, self.end_utc_ms = read_period(found, "C09")
        self.review_utc_ms = found.number("review_utc_ms", "C12", 0, fields.UTC_MS_MAX)
        if not self.start_utc_ms < self.review_utc_ms <= self.start_utc_ms + REVIEW_MS_MAX:
            found.fault("review_utc_ms", "C12", "must be within 12 months of start_utc_ms")
        self._zones = read_zones(found)
        found.close()

    @staticmethod
    def parse(payload: bytes) -> "Permit":
        """Read what the authority signed.

        Raises:
            PaperError: with every field that is missing or wrong, and its clause.
        """
        faults: list[Fault] = []
        permit = Permit(fields.read(payload, WHAT, faults))
        if faults:
            raise PaperError(WHAT, faults)
        return permit

    def zones(self, camera: str, space: str) -> "list[Zone]":
        """Give the privacy zones of a camera: those in "dome" space, or those in "picture"."""
        return [zone for zone in self._zones if (zone.camera, zone.space) == (camera, space)]

    def expires_utc_ms(self) -> int:
        """When it is over: at its end, or when its review is due if that is earlier (C12)."""
        return min(self.end_utc_ms, self.review_utc_ms)

    def warning_days(self, utc_ms: int) -> int:
        """Tell which warning is due: 30, 7 or 1 days before it is over, 0 when none is."""
        left_ms = self.expires_utc_ms() - utc_ms
        for days in WARNING_DAYS:
            if left_ms <= days * DAY_MS:
                return days
        return 0


def unseal(cipher: "Cipher", authority: bytes, data: bytes) -> Permit:
    """Check the authority's signature over a permit and read it.

    Args:
        cipher: checks the signature.
        authority: the authority's public key, x and y, 64 bytes.
        data: the whole file.

    Returns:
        the permit; UnverifiedError or RemoteProtocolError when it is not signed by the authority,
        PaperError when a field is missing or wrong.
    """
    return Permit.parse(sign1.verify(cipher, authority, data, EXTERNAL_AAD))


def check(
    permit: Permit, unit: str, place: str, utc_ms: int, position: "tuple[int, int] | None" = None
) -> "list[tuple[str, str]]":
    """Say what stands against recording under a permit here and now.

    Args:
        permit: the permit.
        unit: this unit's name.
        place: the place that the unit's settings name.
        utc_ms: the best time known; 0 when there is none, and then the period is not judged.
        position: (lat_udeg, lon_udeg) where the unit knows it.

    Returns:
        (clause, code) for each reason; empty when the unit may record.
    """
    against: list[tuple[str, str]] = []
    if permit.unit != unit:
        against.append(("C09", "permit.unit"))
    if permit.place.name != place or (position is not None and not permit.place.holds(position)):
        against.append(("C09", "permit.place"))
    if utc_ms and utc_ms < permit.start_utc_ms:
        against.append(("C09", "permit.not_begun"))
    if utc_ms >= permit.end_utc_ms:
        against.append(("C09", "permit.ended"))
    if utc_ms >= permit.review_utc_ms:
        against.append(("C12", "permit.review"))
    return against


def read_period(found: "Fields", clause: str) -> "tuple[int, int]":
    """Read start and end of a paper."""
    start_utc_ms = found.number("start_utc_ms", clause, 1, fields.UTC_MS_MAX)
    end_utc_ms = found.number("end_utc_ms", clause, 1, fields.UTC_MS_MAX)
    if end_utc_ms <= start_utc_ms:
        found.fault("end_utc_ms", clause, "must be after start_utc_ms")
    return start_utc_ms, end_utc_ms


def read_dpia(found: "Fields", id_clause: str) -> "tuple[str, ...]":
    """Read an impact assessment: its id, the officer's outcome and what it is limited to."""
    found.text("id", id_clause)
    outcome = found.text("outcome", "C85", (YES, CONDITIONS, NO))
    if outcome == NO:
        found.fault("outcome", "C85", "the data protection officer said no")
    limits: list[str] = []
    for limit in found.entries("conditions", "C85", 0, len(rules.LIMITS)):
        if isinstance(limit, str) and limit in rules.LIMITS:
            limits.append(limit)
        else:
            told = "%r is none of %s" % (limit, ", ".join(rules.LIMITS))
            found.fault("conditions", "C85", told)
    if (outcome == CONDITIONS) != bool(limits):
        told = 'outcome "conditions" goes with at least one condition, any other with none'
        found.fault("conditions", "C85", told)
    found.close()
    return tuple(limits)


def _purposes(found: "Fields") -> "list[int]":
    """Read the purposes, all from the closed list."""
    purposes: list[int] = []
    for purpose in found.entries("purposes", "C05", 1, len(rules.PURPOSES)):
        if isinstance(purpose, int) and rules.is_purpose(purpose):
            purposes.append(purpose)
        else:
            found.fault("purposes", "C05", "%r is not 1 to %d" % (purpose, len(rules.PURPOSES)))
    return purposes


def _read_signs(found: "Fields", phone: str) -> None:
    """Read the signs; each must carry graphic, owner, purpose and the permit's phone number."""
    for sign in found.tables("signs", "C24", 1, 32):
        sign.text("id", "C24")
        sign.must_be_true("graphic", "C24")
        sign.text("owner", "C24")
        sign.text("purpose", "C24")
        if sign.text("phone", "C24") != phone:
            sign.fault("phone", "C24", "must be the permit's phone number")
        sign.sha256("photo", "C24")
        sign.close()
