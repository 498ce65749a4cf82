"""Where an accepted request becomes an export, and an export a copy that is given away."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from firmware.cbor.decode import loads
from firmware.cose import sign1
from firmware.errors import RemoteProtocolError
from firmware.policy import permit
from firmware.policy.fields import PaperError
from firmware.policy.permit import Permit
from hal.linux.cipher import OpenSslCipher
from host_tools.cmc.access import Access
from host_tools.cmc.camera_clock import camera_clock
from host_tools.cmc.centre import STORE_FILE
from host_tools.cmc.footage import RELEASE, REQUEST, REVIEW, Person, RefusedError, given
from host_tools.cmc.requests import REGISTER_FILE, Case, Register
from host_tools.cmc.roster import Login
from host_tools.cmc.site_keyholder import open_keyholder
from host_tools.evidence import verify_alone
from host_tools.evidence.envelope import SEALED, sealed_copy
from host_tools.evidence.errors import PapersError
from host_tools.evidence.export import ExportResult, export
from host_tools.evidence.manifest import Papers
from host_tools.evidence.moment import iso
from host_tools.evidence.onvif import Mark, OnvifSigner
from host_tools.evidence.pool import SegmentName
from host_tools.evidence.signing import Signer
from host_tools.keystore import Keystore

EXPORTS_FOLDER = "exports"


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


@dataclass(frozen=True)
class Copy:
    """A copy that is given away.

    Attributes:
        recipient: who is given it.
        legal_basis: why they may have it.
        fee: one of `host_tools.cmc.requests.FEES`.
        certificate: of the recipient, for whom it is sealed; None for a copy that is not.
    """

    recipient: str
    legal_basis: str
    fee: str
    certificate: Path | None = None


class EvidenceDesk:
    """Exports and gives away, with the register, the keyholder and the signing key.

    Args:
        cmc: folder of the CMC.
        keys: folder of its keystore.
        utc_ms: the CMC's clock.
        login: what whoever acts brings along; needed where there is a roster.
    """

    def __init__(
        self, cmc: Path, keys: Path, utc_ms: Callable[[], int], login: Login | None = None
    ) -> None:
        self._cmc = cmc
        self._keys = keys
        self._utc_ms = utc_ms
        self._access = Access(cmc, keys, utc_ms, login)
        self.register = Register(cmc / REGISTER_FILE, utc_ms, self._access)

    def close(self) -> None:
        """Let go of the files; idempotent."""
        self.register.close()
        self._access.close()

    def exports(self, request_id: str) -> Path:
        """Where the export of a request goes when nobody says otherwise."""
        return self._cmc / EXPORTS_FOLDER / request_id

    def export(
        self,
        request_id: str,
        who: Person,
        source: tuple[Path, Path],
        keeping: Keeping,
        out: Path | None = None,
    ) -> ExportResult:
        """Export what an accepted request names; written down before the folder is there.

        Args:
            request_id: which.
            who: exports.
            source: the unit's pool, and its permit.
            keeping: how long the copy is kept.
            out: folder to make; None for the one in the CMC's own folder.
        """
        case = self.register.authorised(request_id, who)
        given("an export", retention=keeping.retention)
        keyholder = open_keyholder(self._cmc, self._utc_ms)

        def release(chain: str, wanted: list[SegmentName]) -> dict[SegmentName, bytes]:
            return keyholder.release(self.register, request_id, who, chain, wanted)

        try:
            papers = self._papers(case, who, source[1], keeping)
            signer = Signer.open(self._keys)
            if keeping.with_onvif:
                signer.onvif = OnvifSigner.open(self._keys, self._mark(case, papers))
            folder = out or self.exports(request_id)
            with export(source[0], release, case.footage, papers, signer, folder) as result:
                self.register.note_export(
                    request_id,
                    who,
                    {
                        "folder": str(folder.resolve()),
                        "manifest": result.manifest_sha256,
                        "items": result.items(),
                        "retention": keeping.retention,
                        "review_on": keeping.review_on.isoformat(),
                    },
                )
            return result
        finally:
            keyholder.close()

    def release(self, request_id: str, who: Person, folder: Path, copy: Copy) -> str:
        """Give a copy of an export away; it is verified first.

        Returns:
            the release note, as text: it goes to the recipient another way than the copy.

        Raises:
            RefusedError: the export is not as it was made, or the record cannot be written.
        """
        self._access.admit(RELEASE, who, request_id)
        signer = Signer.open(self._keys)
        faults, fingerprint, manifest = verify_alone.check(folder, signer.fingerprint())
        if faults:
            raise RefusedError("C10", f"{folder}: {faults[0]}; export it again")
        items = [[file["name"], file["sha256"]] for file in manifest["files"]]
        sealed_for = ""
        with ExitStack() as stack:
            if copy.certificate is not None:
                out = folder.with_name(folder.name + SEALED)
                sealed_for = stack.enter_context(sealed_copy(folder, copy.certificate, out))
            self.register.release(
                request_id,
                who,
                {
                    "recipient": copy.recipient,
                    "legal_basis": copy.legal_basis,
                    "fee": copy.fee,
                    "manifest": verify_alone.hash_file(folder / verify_alone.CBOR),
                    "items": items,
                    "controller": copy.recipient,
                    "sealed_for": sealed_for,
                },
            )
        lines = [
            f"Release of footage {request_id}, {iso(self._utc_ms())}",
            f"Owner: {manifest['owner']}. {manifest['copyright']}",
            f"Given to: {copy.recipient}, who is controller of this copy from now on",
            f"Legal basis: {copy.legal_basis}. Fee: {copy.fee}",
            f"Case {manifest['case']}, purpose {manifest['purpose']}: {manifest['purpose_text']}",
            f"Sealed for: {sealed_for or 'nobody: the copy is not encrypted'}",
            f"Released by: {who.name} ({who.role})",
            *(f"{digest}  {name}" for name, digest in items),
            f"The key that signed it has the fingerprint {fingerprint}",
            f"To check it: sh verify.sh . {fingerprint}",
            *_onvif_lines(manifest),
        ]
        return "\n".join(lines) + "\n"

    def _mark(self, case: Case, papers: Papers) -> Mark:
        """What an ONVIF file says of the export."""
        note = f"case {case.footage.case}, request {case.id}, permit {papers.permit}"
        operator = str(papers.export["person"])
        return Mark(papers.owner, operator, self._utc_ms(), case.footage.unit, note)

    def _papers(self, case: Case, who: Person, path: Path, keeping: Keeping) -> Papers:
        paper, officer = self._permit(path)
        asked, reviewed = case.record(REQUEST), case.record(REVIEW)
        return Papers(
            owner=paper.owner,
            permit=paper.id,
            place=paper.place.name,
            responsible=officer,
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
                **{key: str(reviewed.body[key]) for key in ("person", "role", "reason")},
            },
            export={
                "utc_ms": self._utc_ms(),
                "person": who.name,
                "role": who.role,
                "retention": keeping.retention,
                "review_on": keeping.review_on.isoformat(),
            },
            camera_clock=camera_clock(self._cmc / STORE_FILE, case.footage),
        )

    def _permit(self, path: Path) -> tuple[Permit, str]:
        """Read the unit's permit and its officer: whose footage this is (C04)."""
        authority = Keystore(self._keys).authority.public_key()
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


def _onvif_lines(manifest: dict[str, Any]) -> list[str]:
    """Tell of the certificate that signed the files by ONVIF, where one did."""
    digest = manifest.get("onvif", {}).get("certificate_sha256", "")
    if not digest:
        return []
    return [
        f"Its files are ONVIF export files; their certificate has the fingerprint {digest}",
        f"To check one: python3 verify_onvif.py FILE {digest}",
    ]


def default_keeping(case: str, utc_ms: int) -> Keeping:
    """How long a copy is kept when nobody says otherwise: looked at again after 90 days."""
    today = datetime.fromtimestamp(utc_ms // 1000, UTC).date()
    return Keeping(f"evidence in case {case}", date.fromordinal(today.toordinal() + 90))
