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
from host_tools.cmc.centre import utc_ms
from host_tools.cmc.evidence_desk import EvidenceDesk
from host_tools.cmc.footage import Footage, RefusedError
from host_tools.cmc.keyholder import KEYHOLDER_FILE
from host_tools.cmc.requests import URGENT_MS
from host_tools.cmc.roster import Login
from host_tools.evidence.errors import EvidenceError
from host_tools.evidence.export import ExportResult
from host_tools.evidence.moment import iso
from host_tools.keystore import PERMIT_FILE, KeystoreError

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
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


def countdown(footage: Footage, now_utc_ms: int) -> tuple[str, bool]:
    """Tell the day on which the footage dies and what is left; True when that is urgent."""
    dies_utc_ms = footage.first_dies_utc_ms()
    left_ms = dies_utc_ms - now_utc_ms
    if left_ms <= 0:
        return f"its beginning is dead; the last dies {iso(footage.last_dies_utc_ms())}", True
    days, rest = divmod(left_ms, DAY_MS)
    text = f"{days} d {rest // HOUR_MS} h {rest % HOUR_MS // MINUTE_MS} min"
    return f"{iso(dies_utc_ms)}, in {text}", left_ms <= URGENT_MS


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
