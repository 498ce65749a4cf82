"""`lamppost evidence`: footage for a court, with who asked for it and why."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from firmware.errors import DamagedError
from firmware.keys.ratchet import epoch_of
from firmware.policy.rules import PURPOSES, SUPERVISOR
from host_tools.cli.words import refuse, tell_list
from host_tools.cmc.centre import KEYHOLDER_FILE, utc_ms
from host_tools.cmc.keyholder import Keyholder, ReleaseRefusedError, Request
from host_tools.evidence.errors import EvidenceError
from host_tools.evidence.export import ExportRequest, ExportResult, Release, export

app = typer.Typer(no_args_is_help=True, help="Export footage from a ring, with the keyholder.")


@app.callback()
def about() -> None:
    """Export footage from a ring, with the keyholder's release."""


@app.command("export")
def export_footage(  # noqa: PLR0913, PLR0917  one argument for each thing that the law wants to know
    unit: Annotated[str, typer.Option(help="The unit's name.")],
    camera: Annotated[str, typer.Option(help="The camera's name.")],
    start: Annotated[str, typer.Option("--from", help="2026-11-24T06:30:00Z, start in UTC.")],
    end: Annotated[str, typer.Option("--to", help="End in UTC, not included.")],
    case: Annotated[str, typer.Option(help="Number of the case.")],
    purpose: Annotated[int, typer.Option(min=1, max=len(PURPOSES), help="From the closed list.")],
    reason: Annotated[str, typer.Option(help="Why, in words.")],
    person: Annotated[str, typer.Option(help="Who asks, by name.")],
    out: Annotated[Path, typer.Option(help="Folder to make; it must not exist yet.")],
    role: Annotated[str, typer.Option(help="In which role.")] = SUPERVISOR,
    sound: Annotated[bool, typer.Option("--sound", help="Export the sound as well.")] = False,
    sound_reason: Annotated[str, typer.Option(help="Why the sound as well.")] = "",
    grant: Annotated[str, typer.Option(help="Grant the sound was recorded under.")] = "",
    state: Annotated[
        Path, typer.Option(help="Folder that holds cmc/ and the unit's folder.")
    ] = Path("state/demo"),
    pool: Annotated[
        Path | None, typer.Option(help="The ring, where it is not in the unit's folder.")
    ] = None,
    cmc: Annotated[
        Path | None, typer.Option(help="The CMC's folder, where it is not in --state.")
    ] = None,
) -> None:
    """Write the footage of one camera as MP4 with a manifest of hashes, gaps and who asked.

    The keyholder hands the keys over only for a complete request, and writes it down first. The
    unit may go on recording. What is older than 31 days is dead and cannot be exported.
    """
    keyholder_file = (cmc or state / "cmc") / KEYHOLDER_FILE
    if not keyholder_file.exists():
        refuse(f"{keyholder_file}: there is no keyholder; give --state or --cmc its folder")
    asked = Request(person, role, purpose, reason, case, sound_reason, grant)
    wanted = ExportRequest(
        camera=camera,
        from_utc_ms=_moment("--from", start),
        to_utc_ms=_moment("--to", end),
        person=person,
        purpose=purpose,
        reason=reason,
        case=case,
        unit=unit,
        with_sound=sound,
        sound_reason=sound_reason,
        grant=grant,
    )
    keyholder = Keyholder(keyholder_file, utc_ms)
    try:
        release = _release(keyholder, unit, wanted, asked)
        result = export(pool or state / unit / "ring.pool", release, wanted, out)
    except (EvidenceError, ReleaseRefusedError, DamagedError) as error:
        clause = f" ({error.clause})" if isinstance(error, ReleaseRefusedError) else ""
        refuse(f"{error}{clause}")
    except OSError as error:
        refuse(f"{error.filename}: {error.strerror}; check the path and its owner")
    finally:
        keyholder.close()
    _tell(result)


def _release(keyholder: Keyholder, unit: str, wanted: ExportRequest, asked: Request) -> Release:
    """Make what asks the keyholder; the margin before the range is cut where keys begin."""

    def release(chain: str, first_epoch: int, last_epoch: int) -> dict[int, bytes]:
        earliest = max(first_epoch, keyholder.earliest_epoch(unit, chain))
        first = min(earliest, epoch_of(wanted.from_utc_ms))
        return keyholder.release(unit, chain, first, last_epoch, asked)

    return release


def _moment(option: str, text: str) -> int:
    """Read a moment; one without a zone is refused, because an hour's error is a wrong hour."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        refuse(f"{option} {text!r}: is no moment; write it as 2026-11-24T06:30:00Z")
    if moment.tzinfo is None:
        refuse(f"{option} {text!r}: has no zone; add Z for UTC, or +01:00 for summer time")
    return int(moment.astimezone(UTC).timestamp() * 1000)


def _tell(result: ExportResult) -> None:
    rows: list[tuple[str, object]] = [("file", path.name) for path in result.files]
    rows.append(("pictures and sounds", result.unit_count))
    rows.append(("gaps", result.gap_count))
    if result.damaged_record_count:
        rows.append(("damaged records", result.damaged_record_count))
    rows.append(("manifest", "manifest.json"))
    tell_list(f"Exported to {result.folder}", rows)
