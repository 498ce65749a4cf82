"""Where an accepted request becomes an export, and an export a copy that is given away."""

import hashlib
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from host_tools.cmc.access import Access
from host_tools.cmc.camera_clock import camera_clock
from host_tools.cmc.case import Case
from host_tools.cmc.case_papers import (
    Keeping,
    default_keeping,
    mark_of,
    papers_of,
    read_permit,
)
from host_tools.cmc.export_check import export_faults, fault_of_manifest, stray_exports
from host_tools.cmc.footage import LIST, RELEASE, Person, RefusedError, given
from host_tools.cmc.requests import REGISTER_FILE, URGENT_MS, Register
from host_tools.cmc.roster import Proof
from host_tools.cmc.site_keyholder import open_keyholder
from host_tools.cmc.store import STORE_FILE
from host_tools.cmc.warnings import note_warnings
from host_tools.evidence import verify_alone
from host_tools.evidence.envelope import SEALED, sealed_copy
from host_tools.evidence.export import ExportResult, export
from host_tools.evidence.moment import iso
from host_tools.evidence.onvif import OnvifSigner
from host_tools.evidence.pool import SegmentName
from host_tools.evidence.signing import Signer

EXPORTS_FOLDER = "exports"


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
        self, cmc: Path, keys: Path, utc_ms: Callable[[], int], login: Proof | None = None
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

    def utc_ms(self) -> int:
        """Tell the time by the keyholder's clock, which decides what is dead."""
        keyholder = open_keyholder(self._cmc, self._utc_ms)
        try:
            return keyholder.latest_utc_ms()
        finally:
            keyholder.close()

    def look(self, who: Person) -> tuple[list[Case], list[str]]:
        """Show somebody every request and what is wrong with the register; written down.

        Warnings that are due are written down first, so that whoever looks sees them.
        """
        self._access.admit(LIST, who)
        note_warnings(self.register, self.utc_ms())
        cases = self.register.cases()
        strays = stray_exports(self._cmc / EXPORTS_FOLDER, cases)
        return cases, self.register.check() + export_faults(cases) + strays

    def export_if_urgent(
        self, case: Case, who: Person, source: tuple[Path, Path]
    ) -> ExportResult | None:
        """Export what was just accepted and dies within 48 hours; None for what can wait.

        Args:
            case: accepted.
            who: accepted it.
            source: the unit's pool, and its permit.
        """
        now_utc_ms = self.utc_ms()
        if case.footage.first_dies_utc_ms() - now_utc_ms > URGENT_MS:
            return None
        keeping = default_keeping(case.footage.case, now_utc_ms)
        return self.export(case.id, who, source, keeping)

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
            paper = read_permit(self._keys, source[1])
            clock = camera_clock(self._cmc / STORE_FILE, case.footage)
            papers = papers_of(case, who, paper, keeping, self._utc_ms(), clock)
            signer = Signer.open(self._keys)
            if keeping.with_onvif:
                signer.onvif = OnvifSigner.open(self._keys, mark_of(case, papers, self._utc_ms()))
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
        case = self.register.case(request_id)
        if fault := fault_of_manifest(case, manifest):
            raise RefusedError("C10", f"{folder}: {fault}; export it again")
        with ExitStack() as stack:
            sealed_for = ""
            if copy.certificate is not None:
                out = folder.with_name(folder.name + SEALED)
                sealed_for = stack.enter_context(sealed_copy(folder, copy.certificate, out))
            text = _note(case, who, copy, manifest, (sealed_for, fingerprint), iso(self._utc_ms()))
            self.register.release(
                request_id,
                who,
                {
                    "recipient": copy.recipient,
                    "legal_basis": copy.legal_basis,
                    "fee": copy.fee,
                    "manifest": verify_alone.hash_file(folder / verify_alone.CBOR),
                    "items": _items(manifest),
                    "controller": copy.recipient,
                    "sealed_for": sealed_for,
                    "note": hashlib.sha256(text.encode()).hexdigest(),
                },
            )
        return text


def _items(manifest: dict[str, Any]) -> list[list[str]]:
    return [[file["name"], file["sha256"]] for file in manifest["files"]]


def _note(
    case: Case,
    who: Person,
    copy: Copy,
    manifest: dict[str, Any],
    keys: tuple[str, str],
    moment: str,
) -> str:
    """Write the release note; `keys` are the fingerprints of the recipient's and of ours."""
    sealed_for, fingerprint = keys
    lines = [
        f"Release of footage {case.id}, {moment}",
        f"Owner: {manifest['owner']}. {manifest['copyright']}",
        f"Given to: {copy.recipient}, who is controller of this copy from now on",
        f"Legal basis: {copy.legal_basis}. Fee: {copy.fee}",
        f"Case {manifest['case']}, purpose {manifest['purpose']}: {manifest['purpose_text']}",
        f"Sealed for: {sealed_for or 'nobody: the copy is not encrypted'}",
        f"Released by: {who.name} ({who.role})",
        *(f"{digest}  {name}" for name, digest in _items(manifest)),
        f"The key that signed it has the fingerprint {fingerprint}",
        f"To check it: sh verify.sh . {fingerprint}",
        *_onvif_lines(manifest),
    ]
    return "\n".join(lines) + "\n"


def _onvif_lines(manifest: dict[str, Any]) -> list[str]:
    """Tell of the certificate that signed the files by ONVIF, where one did."""
    digest = manifest.get("onvif", {}).get("certificate_sha256", "")
    if not digest:
        return []
    return [
        f"Its files are ONVIF export files; their certificate has the fingerprint {digest}",
        f"To check one: python3 verify_onvif.py FILE {digest}",
    ]
