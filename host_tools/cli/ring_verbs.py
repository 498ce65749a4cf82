"""`lamppost ring`: what a ring is, whether it is sound, making one, and saving what is left."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from firmware.errors import ConfigError
from firmware.policy.rules import SUPERVISOR
from hal.linux.blocks import ALIGN_BYTES, create
from host_tools import site
from host_tools.cli.evidence_words import (
    STATE,
    CmcOption,
    Places,
    RoleOption,
    StateOption,
    moment,
)
from host_tools.cli.progress import progress
from host_tools.cli.ring_words import (
    Asker,
    CameraOption,
    JsonOption,
    PoolArgument,
    UnitOption,
    end,
    refusing,
    streams_of,
    tell_json,
)
from host_tools.cli.words import ERROR, refuse, say, tell_list
from host_tools.cmc.footage import Person
from host_tools.evidence import scrub as verdicts
from host_tools.evidence.ledger_marks import KEPT
from host_tools.evidence.pool import KeyBox, ring_check, ring_info
from host_tools.evidence.salvage import Salvage, StreamSalvage, check_free, salvage
from host_tools.evidence.scrub import StreamScrub, ring_scrub
from host_tools.evidence.seek import find_place

app = typer.Typer(
    no_args_is_help=True, help="Look at a ring without its keys, make one, save what is left."
)
FAULTS_SHOWN = 20


@app.command("info")
def tell_info(
    pool: PoolArgument,
    camera: CameraOption = None,
    unit: UnitOption = "",
    as_json: JsonOption = False,
) -> None:
    """Tell whose ring it is and what is in it, as far as it can be told without a key."""
    with refusing(pool, as_json):
        info = ring_info(pool, streams_of(camera), unit)
    if as_json:
        told = asdict(info)
        for part, entry in zip(info.partitions, told["partitions"], strict=True):
            entry["fill_permille"] = part.fill_permille()
        tell_json(told)
        return
    rows: list[tuple[str, object]] = [
        ("unit", info.unit),
        ("pool", info.pool),
        ("format", info.version),
        ("size", f"{info.size_bytes >> 20} MiB"),
    ]
    for index, part in enumerate(info.partitions):
        text = (
            f"{part.segment_count} segments of {part.segment_bytes >> 10} KiB, "
            f"{part.fill_permille() / 10:.1f} % used, {part.opened_count} ever opened"
        )
        rows.append((part.stream or f"partition {index}", text))
    tell_list(str(pool), rows)


@app.command("check")
def check_pool(pool: PoolArgument, unit: UnitOption = "", as_json: JsonOption = False) -> None:
    """Check a ring against every invariant of its format; exit code 1 when one is broken."""
    with refusing(pool, as_json), progress("checking") as told:
        faults = ring_check(pool, unit=unit, told=told)
    if as_json:
        listed = [
            {"invariant": fault.invariant, "place": fault.place, "text": fault.text}
            for fault in faults
        ]
        tell_json({"pool": str(pool), "is_sound": not faults, "faults": listed})
    else:
        for fault in faults:
            say(f"{fault.place}: {fault.text} (invariant {fault.invariant})")
        if faults:
            say(f"{pool} is not sound (faults: {len(faults)}); see docs/formats/ring.md")
        else:
            say(f"{pool} is sound.")
    end(not faults)


@app.command("create")
def create_pool(
    config: Annotated[Path, typer.Option("--config", help="The site file (TOML).")],
    as_json: JsonOption = False,
) -> None:
    """Make room for a unit's ring, all of it at once, so that it cannot run out later.

    The unit would do it at its first start; the unit lays the ring out then in either case.
    """
    try:
        loaded = site.read(config)
    except ConfigError as error:
        refuse(*(f"{config}: {fault}" for fault in error.faults))
    path = config.parent / str(loaded.unit["state_dir"]) / str(loaded.ring["file"])
    size_bytes = int(loaded.ring["size_bytes"]) // ALIGN_BYTES * ALIGN_BYTES
    with refusing(path, as_json):
        check_free(path)
        with ERROR.status(f"writing {size_bytes >> 20} MiB"):
            create(str(path), size_bytes)
    if as_json:
        tell_json({"pool": str(path), "size_bytes": size_bytes})
    else:
        say(f"{path}: {size_bytes >> 20} MiB are set aside")


@app.command("scrub")
def scrub_pool(  # noqa: PLR0913, PLR0917  the places and the person that a release of keys needs
    pool: PoolArgument,
    camera: CameraOption = None,
    unit: UnitOption = "",
    request: Annotated[
        str, typer.Option(help="Accepted request whose keys prove its range, such as E-0001.")
    ] = "",
    person: Annotated[str, typer.Option(help="Who asks for those keys, by name.")] = "",
    role: RoleOption = SUPERVISOR,
    state: StateOption = STATE,
    cmc: CmcOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read every segment back from the medium and tell what of it can really be read.

    Without keys this proves the structure and the CRC of the sealed bytes. With --request the
    keyholder releases the keys of its range, and there every seal is opened. Exit code 1 when
    something cannot be read back.
    """
    keys, cameras = KeyBox(), list(camera or [])
    with refusing(pool, as_json):
        if request:
            asker = Asker(request, Person(person, role), Places(state, cmc))
            keys, footage = asker.keys(pool)
            unit = unit or footage.unit
            cameras.append(footage.camera)
        with progress("reading back") as told:
            results = ring_scrub(pool, keys, streams_of(cameras), unit, told)
    if as_json:
        streams = [
            {**asdict(one), "readable_permille": one.readable_permille(), "is_good": one.is_good()}
            for one in results
        ]
        is_good = all(one.is_good() for one in results)
        tell_json({"pool": str(pool), "is_good": is_good, "streams": streams})
    else:
        for one in results:
            tell_list(one.stream or f"partition {one.partition}", _scrub_rows(one))
    end(all(one.is_good() for one in results))


@app.command("salvage")
def salvage_pool(
    pool: PoolArgument,
    out: Annotated[Path, typer.Option("--out", help="The new pool's file; must not exist.")],
    camera: CameraOption = None,
    unit: Annotated[
        str, typer.Option("--unit", help="Name of its unit, where both superblocks are gone.")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Copy what can still be read out of a damaged ring into a new one, without any key.

    The damaged ring is only read. Superblocks gone, cut short, rotten or unreadable pages: what
    is left is copied, sealed as it was, and every tool reads it; what was lost is told, and why.
    Exit code 1 when something was lost.
    """
    with refusing(pool, as_json), progress("copying") as told:
        result = salvage(pool, out, unit, streams_of(camera), told)
    if as_json:
        tell_json({**asdict(result), "pool": str(out), "is_whole": result.is_whole()})
    else:
        _tell_salvage(result)
    end(result.is_whole())


@app.command("find")
def find_moment(  # noqa: PLR0913, PLR0917  as above
    pool: PoolArgument,
    at: Annotated[str, typer.Option("--at", help="2026-11-24T06:30:00Z, a moment in UTC.")],
    request: Annotated[str, typer.Option(help="Accepted request whose range it lies in.")],
    person: Annotated[str, typer.Option(help="Who asks for its keys, by name.")],
    role: RoleOption = SUPERVISOR,
    sound: Annotated[bool, typer.Option("--sound", help="In the sound of the camera.")] = False,
    state: StateOption = STATE,
    cmc: CmcOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find the record that holds a moment and open it; exit code 1 when it cannot be read."""
    utc_ms = moment("--at", at)
    with refusing(pool, as_json):
        keys, footage = Asker(request, Person(person, role), Places(state, cmc)).keys(pool)
        stream = f"{footage.camera}/{'sound' if sound else 'picture'}"
        place = find_place(pool, stream, keys, utc_ms)
    if as_json:
        tell_json(
            {"stream": stream, "is_found": place is not None, **(place.told() if place else {})}
        )
    elif place is None:
        say(f"{stream}: nothing that a key of {request} opens was recorded before {at}")
    else:
        tell_list(f"{stream} at {at}", list(place.told().items()))
    end(place is not None)


def _scrub_rows(one: StreamScrub) -> list[tuple[str, object]]:
    if one.basis == verdicts.NOTHING:
        return [("state", "empty: nothing was ever recorded")]
    proof = {
        verdicts.SEALS: "every seal was opened with its key",
        verdicts.STRUCTURE: "structure and CRC only: no key was given, so no seal was opened",
        verdicts.MIXED: "seals where a key was given, structure and CRC elsewhere",
    }
    share = f"{one.readable_permille() / 10:.1f} % can be read back"
    if one.held_ms:
        share += f"; of {one.held_ms // 1000} s with keys, {one.readable_ms // 1000} s"
    listed = ", ".join(f"{count} {verdict}" for verdict, count in sorted(one.segments.items()))
    rows: list[tuple[str, object]] = [
        ("readable", share),
        ("proof", proof[one.basis]),
        ("segments", listed),
        ("records", f"{one.good_count} good, {one.proven_count} of them by their seal"),
    ]
    if not one.is_good():
        lost = f"{one.rotten_count} rotten, {one.missing_count} missing"
        rows.append(("lost", f"{lost}; `lamppost ring salvage` copies the rest"))
    return rows


def _tell_salvage(result: Salvage) -> None:
    rows: list[tuple[str, object]] = [("unit", result.unit)]
    rows.extend(("damage", note) for note in result.notes)
    if result.unreadable_page_count:
        rows.append(("damage", f"{result.unreadable_page_count} pages could not be read"))
    rows.extend(
        (one.stream or f"partition {one.partition}", _salvage_text(one)) for one in result.streams
    )
    if result.marks.state == KEPT:
        rows.append(("ledger", f"{result.marks.copy_count} of 2 copies of its marks saved"))
    elif result.marks.note:
        rows.append(("lost", result.marks.note))
    rows.extend(("lost", fault) for fault in result.faults[:FAULTS_SHOWN])
    if len(result.faults) > FAULTS_SHOWN:
        rows.append(("lost", f"and {len(result.faults) - FAULTS_SHOWN} more; --json tells all"))
    if result.is_whole():
        rows.append(("lost", "nothing"))
    tell_list(f"Saved to {result.pool}", rows)


def _salvage_text(one: StreamSalvage) -> str:
    text = (
        f"{one.kept_segment_count} segments, {one.kept_record_count} records, "
        f"{one.kept_bytes >> 10} KiB saved"
    )
    if one.lost_record_count or one.lost_segment_count:
        text += (
            f"; {one.lost_record_count} records, {one.lost_segment_count} segments are not there"
        )
    if one.beyond_count:
        text += f" ({one.beyond_count} lay beyond the end)"
    return text
