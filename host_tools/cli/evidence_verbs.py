"""`lamppost evidence`: footage for a court, in four acts of at least two people."""

import os
import signal
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from firmware.keys.ratchet import EPOCH_MS
from firmware.policy.rules import PURPOSES, SUPERVISOR
from host_tools.cli.evidence_list import EXIT_NOT_GOOD, list_requests, withdraw_request
from host_tools.cli.evidence_words import (
    PERSON_KEY,
    STATE,
    WORKSTATION_KEY,
    CmcOption,
    KeysOption,
    OutOption,
    PermitOption,
    PersonOption,
    Places,
    PoolOption,
    RequestArgument,
    RoleOption,
    StateOption,
    case_rows,
    desk_at,
    moment,
    tell_export,
)
from host_tools.cli.words import OUT, refuse, say, tell_list
from host_tools.cmc.case_papers import Keeping, default_keeping
from host_tools.cmc.case_told import countdown
from host_tools.cmc.evidence_desk import Copy
from host_tools.cmc.footage import Footage, Person
from host_tools.cmc.requests import FEES
from host_tools.evidence import verify_alone, verify_onvif
from host_tools.evidence.envelope import SEALED

app = typer.Typer(
    no_args_is_help=True, help="Footage for a case: request, review, export, release, verify."
)


@app.callback()
def about(
    key: Annotated[
        Path | None, typer.Option(envvar=PERSON_KEY, help="Your private key, where a roster is.")
    ] = None,
    workstation: Annotated[
        Path | None, typer.Option(envvar=WORKSTATION_KEY, help="This machine's private key.")
    ] = None,
) -> None:
    """Ask for footage, review, export and release it: four records that one id links."""
    signal.signal(signal.SIGTERM, _end)
    for name, path in ((PERSON_KEY, key), (WORKSTATION_KEY, workstation)):
        if path is not None:
            os.environ[name] = str(path)


@app.command("request")
def request_footage(  # noqa: PLR0913, PLR0917  one argument for each thing that the law wants to know
    unit: Annotated[str, typer.Option(help="The unit's name.")],
    camera: Annotated[str, typer.Option(help="The camera's name.")],
    start: Annotated[str, typer.Option("--from", help="2026-11-24T06:30:00Z, start in UTC.")],
    end: Annotated[str, typer.Option("--to", help="End in UTC, not included.")],
    case: Annotated[str, typer.Option(help="Number of the case.")],
    purpose: Annotated[int, typer.Option(min=1, max=len(PURPOSES), help="From the closed list.")],
    reason: Annotated[str, typer.Option(help="Why, in words.")],
    person: PersonOption,
    role: RoleOption = SUPERVISOR,
    sound: Annotated[bool, typer.Option("--sound", help="The sound as well.")] = False,
    sound_reason: Annotated[str, typer.Option(help="Why the sound as well.")] = "",
    grant: Annotated[str, typer.Option(help="Grant the sound was recorded under.")] = "",
    joined: Annotated[bool, typer.Option("--joined", help="Also one file of both.")] = False,
    earlier_epochs: Annotated[
        int,
        typer.Option(
            help=f"Keys of so many epochs ({EPOCH_MS // 1000} s) before the range, as well."
        ),
    ] = 1,
    state: StateOption = STATE,
    cmc: CmcOption = None,
) -> None:
    """Ask for footage of one camera. Another person must review it before it is exported.

    Tells the day on which the footage dies, 31 days after it was recorded, and what is left.
    """
    footage = Footage(
        unit, camera, moment("--from", start), moment("--to", end), purpose, reason, case,
        sound, sound_reason, grant, joined, earlier_epochs,
    )  # fmt: skip
    with desk_at(Places(state, cmc)) as desk:
        request_id = desk.register.request(Person(person, role), footage)
        dies, is_urgent = countdown(footage, desk.utc_ms())
    rows: list[tuple[str, object]] = [("dies", dies)]
    if is_urgent:
        rows.append(("urgent", "it is exported at once when it is accepted"))
    rows.append(("next", f"another person: lamppost evidence review {request_id} --accept ..."))
    tell_list(f"Request {request_id}", rows)


@app.command("review")
def review_request(  # noqa: PLR0913, PLR0917  as above, and the places an urgent export needs
    request_id: RequestArgument,
    reason: Annotated[str, typer.Option(help="Why it is accepted or refused.")],
    person: PersonOption,
    accept: Annotated[bool, typer.Option("--accept/--refuse", help="The decision.")],
    role: RoleOption = SUPERVISOR,
    state: StateOption = STATE,
    cmc: CmcOption = None,
    keys: KeysOption = None,
    pool: PoolOption = None,
    permit: PermitOption = None,
) -> None:
    """Accept or refuse a request; never the person who asked.

    Footage that dies within 48 hours is exported at once when it is accepted.
    """
    places = Places(state, cmc, keys, pool, permit)
    who = Person(person, role)
    with desk_at(places) as desk:
        case = desk.register.review(request_id, who, accept, reason)
        tell_list(f"{request_id} is {case.state}", case_rows(case, desk.utc_ms()))
        if not accept:
            return
        result = desk.export_if_urgent(case, who, places.source(case.footage.unit))
        if result is not None:
            tell_export(result)
        else:
            say(f"next: lamppost evidence export {request_id} ...")


@app.command("export")
def export_footage(  # noqa: PLR0913, PLR0917  as above
    request_id: RequestArgument,
    person: PersonOption,
    role: RoleOption = SUPERVISOR,
    out: OutOption = None,
    retention: Annotated[str, typer.Option(help="On what ground the copy is kept.")] = "",
    review_on: Annotated[str, typer.Option(help="Day to look at that again, 2027-02-28.")] = "",
    onvif: Annotated[
        bool, typer.Option("--onvif", help="Files with ONVIF's boxes and signature as well.")
    ] = False,
    state: StateOption = STATE,
    cmc: CmcOption = None,
    keys: KeysOption = None,
    pool: PoolOption = None,
    permit: PermitOption = None,
) -> None:
    """Export what an accepted request names: MP4, a signed manifest, and two verifiers.

    The keyholder hands over the content keys of that range alone, and writes it down first. The
    unit may go on recording.
    """
    places = Places(state, cmc, keys, pool, permit)
    with desk_at(places) as desk:
        footage = desk.register.case(request_id).footage
        usual = default_keeping(footage.case, desk.utc_ms())
        keeping = Keeping(
            retention or usual.retention,
            _day(review_on) if review_on else usual.review_on,
            onvif,
        )
        who, source = Person(person, role), places.source(footage.unit)
        result = desk.export(request_id, who, source, keeping, out)
        tell_export(result)
        case = desk.register.case(request_id)
        tell_list(f"{request_id} {case.state}", case_rows(case, desk.utc_ms()))


@app.command("release")
def release_copy(  # noqa: PLR0913, PLR0917  as above
    request_id: RequestArgument,
    recipient: Annotated[str, typer.Option(help="Who is given the copy.")],
    legal_basis: Annotated[str, typer.Option(help="Why they may have it.")],
    person: PersonOption,
    fee: Annotated[str, typer.Option(help=f"One of {', '.join(FEES)}.")] = "none",
    role: RoleOption = SUPERVISOR,
    folder: Annotated[
        Path | None, typer.Option(help="The export; else cmc/exports/<request>.")
    ] = None,
    note: Annotated[
        Path | None, typer.Option(help="Where the release note goes; else beside the export.")
    ] = None,
    certificate: Annotated[
        Path | None, typer.Option(help="The recipient's, as PEM: the copy is sealed for it.")
    ] = None,
    state: StateOption = STATE,
    cmc: CmcOption = None,
    keys: KeysOption = None,
) -> None:
    """Give a copy away; it is verified first, and a release note with the key's fingerprint made.

    Hand the note over another way than the copy: it is how the recipient knows the key.
    """
    with desk_at(Places(state, cmc, keys)) as desk:
        place = folder or desk.exports(request_id)
        if note is not None and note.exists():
            refuse(f"{note}: exists already; a release note is never overwritten: give another")
        if not place.is_dir():
            refuse(f"{place}: there is no such export; give --folder")
        copy = Copy(recipient, legal_basis, fee, certificate)
        text = desk.release(request_id, Person(person, role), place, copy)
        written = note or _free_note(place)
        with written.open("x", encoding="utf-8") as file:
            file.write(text)
        rows = case_rows(desk.register.case(request_id), desk.utc_ms())
    OUT.print(text, soft_wrap=True, markup=False)
    tell_list(f"{request_id} released", rows)
    say(f"release note: {written}")
    if certificate is None:
        say("the copy is not encrypted (C31): give --certificate, or carry it by hand")
    else:
        say(f"sealed copy: {place}{SEALED}")


@app.command("verify")
def verify_export(
    folder: Annotated[Path, typer.Argument(help="The export.")],
    fingerprint: Annotated[str, typer.Option(help="Of the key, from the release note.")] = "",
) -> None:
    """Check an export as its own verify_alone.py does; ends with 1 when it is not good."""
    if not folder.is_dir():
        refuse(f"{folder}: there is no such folder; name the export")
    faults, found, manifest = verify_alone.check(folder, fingerprint)
    faults += _onvif_faults(folder, manifest)
    if faults:
        tell_list(f"{folder} is NOT good", [("fault", fault) for fault in faults])
        raise typer.Exit(EXIT_NOT_GOOD)
    rows: list[tuple[str, object]] = [
        ("request", manifest["request"]["id"]),
        ("case", manifest["case"]),
        ("unit, camera", f"{manifest['unit']}, {manifest['camera']}"),
        ("files, groups", f"{len(manifest['files'])}, {len(manifest['groups'])}"),
        ("gaps", len(manifest["gaps"])),
        ("ONVIF signature", "yes" if manifest.get("onvif", {}).get("signed") else "no"),
        ("key", found if fingerprint else f"{found}; compare it with the release note"),
    ]
    tell_list(f"{folder} is good", rows)


app.command("withdraw")(withdraw_request)
app.command("list")(list_requests)


def _onvif_faults(folder: Path, manifest: dict[str, Any]) -> list[str]:
    """Check the files' own signatures, where the manifest says that they have them."""
    told = (manifest or {}).get("onvif", {})
    if not told.get("signed"):
        return []
    names = [file["name"] for file in manifest["files"]]
    found = [verify_onvif.check(folder / name, told["certificate_sha256"])[0] for name in names]
    return [fault for faults in found for fault in faults]


def _free_note(place: Path) -> Path:
    """Name a note that overwrites none: each copy that is given away has its own."""
    names = ["-release.txt", *(f"-release-{number}.txt" for number in range(2, 1000))]
    notes = [place.with_name(place.name + name) for name in names]
    return next(note for note in notes if not note.exists())


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        refuse(f"--review-on {text!r}: is no day; write it as 2027-02-28")


def _end(_number: int, _frame: object) -> None:
    """End as Ctrl-C does, so that an export in work leaves nothing."""
    raise SystemExit(128 + signal.SIGTERM)
