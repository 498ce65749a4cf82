"""`lamppost roster`: who may act on footage, in which roles, from which machines."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from firmware.policy.rules import ROLES
from host_tools.cli.stores import open_keystore
from host_tools.cli.words import refuse, say, tell_list
from host_tools.cmc.footage import RefusedError
from host_tools.cmc.roster import ROSTER_FILE, Roster, public_key
from host_tools.keystore import Keystore

app = typer.Typer(no_args_is_help=True, help="Who may act on footage, as the authority signs it.")
FolderOption = Annotated[Path, typer.Option("--cmc", help="Folder of the CMC, or of the site.")]
KeysOption = Annotated[Path, typer.Option("--keys", help="Folder of the keystore.")]
PublicArgument = Annotated[Path, typer.Argument(help="Their public key, P-256, as PEM.")]


@app.command("add")
def add_person(
    name: Annotated[str, typer.Argument(help="As it is to stand in the records.")],
    public: PublicArgument,
    role: Annotated[list[str], typer.Option(help=f"One of {', '.join(ROLES)}; repeat for each.")],
    cmc: FolderOption = Path("cmc"),
    keys: KeysOption = Path("keys"),
) -> None:
    """Take a person up, or change their entry. From the first on, nobody else may act."""
    with _changed(cmc, keys) as roster:
        roster.add_person(name, role, public_key(public))
    say(f"{name}: {', '.join(role)}")


@app.command("workstation")
def add_workstation(
    name: Annotated[str, typer.Argument(help="Of the machine.")],
    public: PublicArgument,
    cmc: FolderOption = Path("cmc"),
    keys: KeysOption = Path("keys"),
) -> None:
    """Register a machine. From the first on, footage is acted on from registered ones alone."""
    with _changed(cmc, keys) as roster:
        roster.workstations[name] = public_key(public)
    say(f"workstation {name}")


@app.command("remove")
def remove_entry(
    name: Annotated[str, typer.Argument(help="A person or a machine.")],
    cmc: FolderOption = Path("cmc"),
    keys: KeysOption = Path("keys"),
) -> None:
    """Take a person or a machine out."""
    with _changed(cmc, keys) as roster:
        found = roster.persons.pop(name, None) or roster.workstations.pop(name, None)
        if found is None:
            raise ValueError(f"{name!r} is not in the roster; `lamppost roster list` names all")
    say(f"{name} is out")


@app.command("list")
def list_roster(cmc: FolderOption = Path("cmc"), keys: KeysOption = Path("keys")) -> None:
    """List persons with their roles, and machines."""
    path = cmc / ROSTER_FILE
    if not path.exists():
        say("there is no roster: people are who they say they are")
        return
    roster = _read(path, open_keystore(keys))
    rows = [(name, ", ".join(roles)) for name, (roles, _) in sorted(roster.persons.items())]
    rows += [(name, "workstation") for name in sorted(roster.workstations)]
    tell_list(str(path), rows)


@contextmanager
def _changed(cmc: Path, keys: Path) -> Generator[Roster]:
    """Read the roster, let it be changed, and sign it anew."""
    store, path = open_keystore(keys), cmc / ROSTER_FILE
    roster = _read(path, store) if path.exists() else Roster()
    try:
        yield roster
        roster.write(path, store.authority)
    except ValueError as error:
        refuse(str(error))
    except OSError as error:
        refuse(f"{error.filename}: {error.strerror}; check the path and its owner")


def _read(path: Path, store: Keystore) -> Roster:
    try:
        return Roster.read(path, store.authority.public_key())
    except RefusedError as error:
        refuse(f"{error} ({error.clause})")
