"""`lamppost keys`: the council's keys, and the papers that a unit is given."""

import time
from pathlib import Path
from typing import Annotated

import typer

from firmware.policy.fields import PaperError
from firmware.policy.rules import CLASSES
from host_tools import authority
from host_tools.cli.stores import open_keystore
from host_tools.cli.words import refuse, say
from host_tools.cmc.keyholder import ReleaseRefusedError
from host_tools.cmc.site_keyholder import open_keyholder
from host_tools.keystore import CLAIM_FILE, Keystore, KeystoreError, permit_file, write_private
from host_tools.paper import PaperFileError, sign_file

app = typer.Typer(no_args_is_help=True, help="Keys of the fleet, and permits, grants and claims.")
KeysOption = Annotated[Path, typer.Option("--keys", help="Folder of the keystore.")]
UnitOption = Annotated[str, typer.Option(help="The unit's name.")]
OutOption = Annotated[Path, typer.Option(help="The unit's state folder.", file_okay=False)]
PICTURE = "picture"


@app.command("init")
def init_keys(keys: KeysOption = Path("keys")) -> None:
    """Make a keystore with a fresh authority key, where there is none yet."""
    store = open_keystore(keys)
    say(f"{keys}: the authority's public key is {store.authority.public_key().hex()}")


@app.command("sign")
def sign_paper(
    paper: Annotated[Path, typer.Argument(help="The permit or grant as TOML.")],
    out: Annotated[Path, typer.Option(help="The signed file, such as permit.cose.")],
    keys: KeysOption = Path("keys"),
) -> None:
    """Sign a permit or grant that somebody drew up; docs/formats/permit.md lists the fields."""
    store = open_keystore(keys)
    try:
        write_private(out, sign_file(store.authority, paper))
    except PaperFileError as error:
        refuse(str(error))
    except OSError as error:
        refuse(f"{out}: {error.strerror}; give --out another place")
    say(f"{out}: signed")


@app.command("permit")
def sign_permit(
    unit: UnitOption,
    place: Annotated[str, typer.Option(help="Name of the place, as in the site file.")],
    out: OutOption,
    keys: KeysOption = Path("keys"),
    scheme_class: Annotated[
        str, typer.Option("--class", help=f"One of {', '.join(CLASSES)}.")
    ] = "PSS",
) -> None:
    """Sign an example permit for a unit, good for 90 days from now."""
    _sign_permit(open_keystore(keys), unit, place, scheme_class, out)


@app.command("grant")
def sign_grant(
    unit: UnitOption,
    place: Annotated[str, typer.Option(help="Name of the place, as in the site file.")],
    camera: Annotated[str, typer.Option(help="Whose sound.")],
    out: OutOption,
    keys: KeysOption = Path("keys"),
    scheme_class: Annotated[str, typer.Option("--class", help="Class of the permit.")] = "site",
) -> None:
    """Sign an example grant of sound for one camera, and the permit that it belongs to."""
    store = open_keystore(keys)
    draft = _sign_permit(store, unit, place, scheme_class, out)
    try:
        signed = authority.sign_grant(store.authority, authority.draft_grant(draft, camera))
        write_private(out / permit_file(camera), signed)
    except (PaperError, KeyError) as error:
        refuse(f"grant of {camera}: {error}")
    except OSError as error:
        refuse(f"{out}: {error.strerror}; give --out another folder")
    say(f"{out / permit_file(camera)}: grant {draft['id']} for sound of {camera}")


@app.command("claim")
def claim_unit(
    unit: UnitOption,
    out: OutOption,
    cmc: Annotated[Path, typer.Option(help="Folder of the CMC, with the keyholder's file.")],
    keys: KeysOption = Path("keys"),
    grant: Annotated[
        list[str] | None, typer.Option(help="Id of a grant of sound; repeat for each.")
    ] = None,
) -> None:
    """Make a unit the council's own: its half of the secrets to it, the other to the keyholder."""
    chains = [PICTURE, *(f"sound:{name}" for name in grant or [])]
    utc_ms = time.time_ns() // 1_000_000
    store = open_keystore(keys)
    try:
        claim = store.claim(unit, chains, utc_ms)
        cmc.mkdir(mode=0o700, parents=True, exist_ok=True)
        holder = open_keyholder(cmc, lambda: time.time_ns() // 1_000_000)
        held = sorted(set(holder.chains(unit)) & set(chains))
        if held:
            holder.close()
            refuse(
                f"unit {unit}: the keyholder has its chains {', '.join(held)} already; a second "
                "claim would leave its footage unreadable. Claim it under a new name"
            )
        write_private(out / CLAIM_FILE, claim.data)
        for chain in reversed(chains):
            holder.add(unit, chain, *claim.chains[chain])
        holder.close()
    except (KeystoreError, ReleaseRefusedError) as error:
        refuse(str(error))
    except OSError as error:
        refuse(f"{error.filename}: {error.strerror}; check the folder and its owner")
    say(f"{out / CLAIM_FILE}: the unit takes it at its next start and deletes it")


def _sign_permit(
    store: Keystore, unit: str, place: str, scheme_class: str, out: Path
) -> dict[str, object]:
    if scheme_class not in CLASSES:
        refuse(f"--class {scheme_class!r}: give one of {', '.join(CLASSES)}")
    draft = authority.draft_permit(unit, place, time.time_ns() // 1_000_000, scheme_class)
    try:
        write_private(out / permit_file(), authority.sign_permit(store.authority, draft))
    except PaperError as error:
        refuse(f"permit of {unit}: {error}")
    except OSError as error:
        refuse(f"{out}: {error.strerror}; give --out another folder")
    say(f"{out / permit_file()}: permit {draft['id']} for {unit} at {place}, class {scheme_class}")
    return draft
