"""Whether an export rests on the records that the register shows.

Whoever can write the register's file can work its hashes out anew. What was exported holds the
hashes of the request and of the review, under a signature, where they do not reach.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import cast

from firmware.cbor.decode import loads
from firmware.errors import RemoteProtocolError
from host_tools.cmc.case import Case
from host_tools.cmc.footage import EXPORT, REQUEST, REVIEW
from host_tools.evidence.verify_alone import CBOR, hash_file


def fault_of_manifest(case: Case, manifest: object) -> str:
    """Tell what a manifest rests on that is not in the register; "" when all of it is.

    Args:
        case: of the register.
        manifest: as it was read.
    """
    told = cast("dict[str, dict[str, object]]", manifest) if isinstance(manifest, dict) else {}
    for kind in (REQUEST, REVIEW):
        part = told.get(kind)
        if not isinstance(part, dict) or part.get("sha256") != case.record(kind).sha256:
            return f"its {kind} is not the one that the register has of {case.id}"
    return ""


def export_faults(cases: Iterable[Case]) -> list[str]:
    """Tell of every export whose folder is there, and is not what the register says of it."""
    faults: list[str] = []
    for case in cases:
        for record in case.of_kind(EXPORT):
            folder = Path(str(record.body.get("folder", "")))
            fault = _fault(case, folder / CBOR, record.body.get("manifest"))
            if fault:
                faults.append(f"record {record.number}: export of {case.id} in {folder}: {fault}")
    return faults


def stray_exports(folder: Path, cases: Iterable[Case]) -> list[str]:
    """Tell of every export in the CMC's folder that no record tells of.

    Args:
        folder: of the exports.
        cases: all of the register.
    """
    known = {record.body.get("manifest") for case in cases for record in case.of_kind(EXPORT)}
    return [
        f"{path.parent}: is an export that the register does not know"
        for path in sorted(folder.glob(f"*/{CBOR}"))
        if hash_file(path) not in known
    ]


def _fault(case: Case, path: Path, sha256: object) -> str:
    if not path.is_file():
        return ""
    if hash_file(path) != sha256:
        return f"its {CBOR} is not the one that was exported"
    try:
        return fault_of_manifest(case, loads(path.read_bytes()))
    except RemoteProtocolError as error:
        return f"its {CBOR} cannot be read: {error}"
