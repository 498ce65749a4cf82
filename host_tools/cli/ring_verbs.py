"""`lamppost ring`: what a ring is, whether it is sound, and making room for one."""

from pathlib import Path
from typing import Annotated

import typer

from firmware.errors import ConfigError, DamagedError
from hal.api.errors import PortError
from hal.linux.blocks import ALIGN_BYTES, create
from host_tools import site
from host_tools.cli.words import refuse, say, tell_list
from host_tools.evidence.pool import ring_check, ring_info

app = typer.Typer(no_args_is_help=True, help="Look at a ring without its keys, or make one.")
PoolArgument = Annotated[Path, typer.Argument(help="The pool: a file or a partition.")]
EXIT_FAULTS = 1


@app.command("info")
def tell_info(
    pool: PoolArgument,
    camera: Annotated[
        list[str] | None, typer.Option(help="A camera's name, to find its streams by; repeat.")
    ] = None,
) -> None:
    """Tell whose ring it is and what is in it, as far as it can be told without a key."""
    streams = [f"{name}/{kind}" for name in camera or [] for kind in ("picture", "sound")]
    try:
        info = ring_info(pool, tuple(streams))
    except (DamagedError, OSError) as error:
        refuse(_why(pool, error))
    rows: list[tuple[str, object]] = [
        ("unit", info.unit),
        ("pool", info.pool),
        ("format", info.version),
        ("size", f"{info.size_bytes >> 20} MiB"),
    ]
    for index, part in enumerate(info.partitions):
        told = (
            f"{part.segment_count} segments of {part.segment_bytes >> 10} KiB, "
            f"{part.fill_permille() / 10:.1f} % used, {part.opened_count} ever opened"
        )
        rows.append((part.stream or f"partition {index}", told))
    tell_list(str(pool), rows)


@app.command("check")
def check_pool(pool: PoolArgument) -> None:
    """Check a ring against every invariant of its format; exit code 1 when one is broken."""
    try:
        faults = ring_check(pool)
    except (DamagedError, OSError) as error:
        refuse(_why(pool, error))
    for fault in faults:
        say(f"{fault.place}: {fault.text} (invariant {fault.invariant})")
    if faults:
        say(f"{pool}: {len(faults)} faults; see docs/formats/ring.md")
        raise SystemExit(EXIT_FAULTS)
    say(f"{pool} is sound.")


@app.command("create")
def create_pool(
    config: Annotated[Path, typer.Option("--config", help="The site file (TOML).")],
) -> None:
    """Make room for a unit's ring, all of it at once, so that it cannot run out later.

    The unit would do it at its first start; the unit lays the ring out then in either case.
    """
    try:
        loaded = site.read(config)
    except ConfigError as error:
        refuse(*(f"{config}: {fault}" for fault in error.faults))
    path = config.parent / str(loaded.unit["state_dir"]) / str(loaded.ring["file"])
    if path.exists():
        refuse(f"{path}: exists already; a ring is never made over another, so move it away")
    size_bytes = int(loaded.ring["size_bytes"]) // ALIGN_BYTES * ALIGN_BYTES
    try:
        create(str(path), size_bytes)
    except (PortError, OSError) as error:
        refuse(f"{path}: {error}")
    say(f"{path}: {size_bytes >> 20} MiB are set aside")


def _why(pool: Path, error: DamagedError | OSError) -> str:
    if isinstance(error, OSError):
        return f"{pool}: {error.strerror}; check the path and its owner"
    return f"{pool}: {error}"
