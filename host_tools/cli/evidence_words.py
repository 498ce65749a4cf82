"""What the verbs of `lamppost evidence` have in common: places, moments, and how they tell."""

import os
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from firmware.errors import DamagedError
from host_tools.cli.words import refuse, tell_list
from host_tools.cmc.case import ACCEPTED, ASKED, EXPORTED, Case
from host_tools.cmc.case_told import countdown, warning_words
from host_tools.cmc.centre import utc_ms
from host_tools.cmc.evidence_desk import EvidenceDesk
from host_tools.cmc.footage import RefusedError
from host_tools.cmc.holds import hold_states
from host_tools.cmc.keyholder import KEYHOLDER_FILE
from host_tools.cmc.roster import Login
from host_tools.evidence.errors import EvidenceError
from host_tools.evidence.export import ExportResult
from host_tools.keystore import PERMIT_FILE, KeystoreError

RequestArgument = Annotated[str, typer.Argument(help="Id of the request, such as E-0001.")]
PersonOption = Annotated[str, typer.Option("--person", help="Who acts, by name.")]
RoleOption = Annotated[str, typer.Option("--role", help="In which role.")]
StateOption = Annotated[
    Path, typer.Option("--state", help="Folder that holds cmc/, keys/ and the units' folders.")
]
CmcOption = Annotated[
    Path | None, typer.Option("--cmc", help="The CMC's folder, where it is not in --state.")
]
KeysOption = Annotated[
    Path | None, typer.Option("--keys", help="The keystore's folder, where it is not in --state.")
]
PoolOption = Annotated[
    Path | None, typer.Option("--pool", help="The ring, where it is not in the unit's folder.")
]
PermitOption = Annotated[
    Path | None, typer.Option("--permit", help="The permit, where it is not beside the ring.")
]
OutOption = Annotated[
    Path | None, typer.Option("--out", help="Folder to make; else cmc/exports/<request>.")
]
STATE = Path("state/demo")
PERSON_KEY, WORKSTATION_KEY = "LAMPPOST_PERSON_KEY", "LAMPPOST_WORKSTATION_KEY"


@dataclass(frozen=True)
class Places:
    """Where things are."""

    state: Path
    cmc: Path | None = None
    keys: Path | None = None
    pool: Path | None = None
    permit: Path | None = None

    def source(self, unit: str) -> tuple[Path, Path]:
        """The unit's pool and its permit."""
        pool = self.pool or self.state / unit / "ring.pool"
        return pool, self.permit or pool.with_name(PERMIT_FILE)


def login() -> Login:
    """Take the keys that whoever acts has told of, by option or environment."""
    person, workstation = (os.environ.get(name) for name in (PERSON_KEY, WORKSTATION_KEY))
    return Login(Path(person) if person else None, Path(workstation) if workstation else None)


@contextmanager
def desk_at(places: Places) -> Generator[EvidenceDesk]:
    """Open the desk; whatever is refused or fails is told in a line and ends with 2."""
    cmc = places.cmc or places.state / "cmc"
    if not (cmc / KEYHOLDER_FILE).exists():
        refuse(f"{cmc / KEYHOLDER_FILE}: there is no keyholder; give --state or --cmc its folder")
    desk: EvidenceDesk | None = None
    try:
        desk = EvidenceDesk(cmc, places.keys or places.state / "keys", utc_ms, login())
        yield desk
    except RefusedError as error:
        refuse(f"{error} ({error.clause})")
    except (EvidenceError, DamagedError, KeystoreError) as error:
        refuse(str(error))
    except sqlite3.Error as error:
        refuse(f"{cmc}: a file of the CMC cannot be used: {error}; restore it from your backup")
    except OSError as error:
        refuse(f"{error.filename}: {error.strerror}; check the path and its owner")
    finally:
        if desk is not None:
            desk.close()


def moment(option: str, text: str) -> int:
    """Read a moment; one without a zone is refused, because an hour's error is a wrong hour."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        refuse(f"{option} {text!r}: is no moment; write it as 2026-11-24T06:30:00Z")
    if found.tzinfo is None:
        refuse(f"{option} {text!r}: has no zone; add Z for UTC, or +01:00 for summer time")
    return int(found.astimezone(UTC).timestamp() * 1000)


def case_rows(case: Case, now_utc_ms: int) -> list[tuple[str, object]]:
    """Tell a request in rows: whose it is, what it is about, when it dies, and its hold."""
    dies, is_urgent = countdown(case.footage, now_utc_ms)
    rows: list[tuple[str, object]] = [("asked by", case.asked_by.name)]
    rows.append(("case", case.footage.case))
    rows.append(("footage", f"{case.footage.unit}, {case.footage.camera}"))
    if case.footage.earlier_epochs > 1:
        rows.append(("keys", f"also of {case.footage.earlier_epochs} epochs before the range"))
    is_wanted = case.state in {ASKED, ACCEPTED, EXPORTED}
    rows.append(("URGENT: dies" if is_urgent and is_wanted else "dies", dies))
    rows += [(one.kind, one.words(case.footage.unit)) for one in hold_states(case, now_utc_ms)]
    if warning := warning_words(case, now_utc_ms):
        rows.append(("WARNING", warning))
    return rows


def tell_export(result: ExportResult) -> None:
    """Tell what was exported."""
    rows: list[tuple[str, object]] = [("file", name) for name in result.files]
    rows.append(("pictures and sounds", result.unit_count()))
    rows.append(("gaps", len(result.manifest["gaps"])))
    if result.manifest["damaged_record_count"]:
        rows.append(("damaged records", result.manifest["damaged_record_count"]))
    rows.append(("manifest", "manifest.json, signed in manifest.cose"))
    rows.append(("to check it", f"lamppost evidence verify {result.folder}"))
    tell_list(f"Exported to {result.folder}", rows)
