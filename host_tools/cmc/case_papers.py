"""What an export says of itself: whose footage it is, who asked, reviewed and made it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from firmware.cbor.decode import loads
from firmware.cose import sign1
from firmware.errors import RemoteProtocolError
from firmware.policy import permit
from firmware.policy.fields import PaperError
from firmware.policy.permit import Permit
from hal.linux.cipher import OpenSslCipher
from host_tools.cmc.case import Case
from host_tools.cmc.footage import REQUEST, REVIEW, Person
from host_tools.evidence.errors import PapersError
from host_tools.evidence.manifest import Papers
from host_tools.evidence.onvif import Mark
from host_tools.keystore import Keystore


@dataclass(frozen=True)
class Keeping:
    """How a copy is made and kept.

    Attributes:
        retention: on what ground it is kept.
        review_on: the day on which that is looked at again.
        with_onvif: its files have the boxes and the signature of ONVIF as well.
    """

    retention: str
    review_on: date
    with_onvif: bool = False


def default_keeping(case: str, utc_ms: int) -> Keeping:
    """How long a copy is kept when nobody says otherwise: looked at again after 90 days."""
    today = datetime.fromtimestamp(utc_ms // 1000, UTC).date()
    return Keeping(f"evidence in case {case}", date.fromordinal(today.toordinal() + 90))


def papers_of(
    case: Case,
    who: Person,
    paper: tuple[Permit, str],
    keeping: Keeping,
    utc_ms: int,
    camera_clock: list[dict[str, int]],
) -> Papers:
    """Gather what the manifest tells.

    Args:
        case: accepted.
        who: exports.
        paper: as `read_permit` gives it.
        keeping: how long the copy is kept.
        utc_ms: now, by the CMC's clock.
        camera_clock: as `host_tools.cmc.camera_clock` reads it.
    """
    asked, reviewed = case.record(REQUEST), case.record(REVIEW)
    return Papers(
        owner=paper[0].owner,
        permit=paper[0].id,
        place=paper[0].place.name,
        responsible=paper[1],
        request={
            "id": case.id,
            "sha256": asked.sha256,
            "utc_ms": asked.utc_ms,
            "person": case.asked_by.name,
            "role": case.asked_by.role,
        },
        review={
            "sha256": reviewed.sha256,
            "utc_ms": reviewed.utc_ms,
            **{key: str(reviewed.body.get(key, "")) for key in ("person", "role", "reason")},
        },
        export={
            "utc_ms": utc_ms,
            "person": who.name,
            "role": who.role,
            "retention": keeping.retention,
            "review_on": keeping.review_on.isoformat(),
        },
        camera_clock=camera_clock,
    )


def mark_of(case: Case, papers: Papers, utc_ms: int) -> Mark:
    """Gather what an ONVIF file tells of the export, which is made at `utc_ms`."""
    note = f"case {case.footage.case}, request {case.id}, permit {papers.permit}"
    return Mark(papers.owner, str(papers.export["person"]), utc_ms, case.footage.unit, note)


def read_permit(keys: Path, path: Path) -> tuple[Permit, str]:
    """Read the unit's permit and its officer: whose footage this is (C04).

    Raises:
        PapersError: there is none, or the authority did not sign it.
    """
    authority = Keystore(keys).authority.public_key()
    try:
        data = path.read_bytes()
    except OSError as error:
        raise PapersError(
            f"{path}: {error.strerror}; an export names its permit (C04): give --permit"
        ) from error
    try:
        payload = sign1.verify(OpenSslCipher(), authority, data, permit.EXTERNAL_AAD)
        paper, fields = Permit.parse(payload), loads(payload)
    except (PaperError, RemoteProtocolError) as error:
        raise PapersError(
            f"{path}: is no permit that the authority signed: {error}; give it with --permit"
        ) from error
    return paper, str(fields["officer"]) if isinstance(fields, dict) else ""
