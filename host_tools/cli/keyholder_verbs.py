"""`lamppost keyholder`: the sealed key store of a site that stands alone."""

import json
import signal
import sqlite3
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from host_tools.cli.words import refuse, say, tell_list
from host_tools.cmc.footage import RefusedError
from host_tools.cmc.roster import public_key
from host_tools.cmc.sealed_clock import ACCEPTED, OPERATOR, SOURCE, ClockState
from host_tools.cmc.site_keyholder import (
    CLOCK_FILE,
    EXTERNAL_AAD,
    SiteKeyholder,
    Vouchers,
    create_site,
    statement,
)
from host_tools.evidence.moment import iso
from host_tools.evidence.signing import Signer
from host_tools.keystore import write_private

app = typer.Typer(no_args_is_help=True, help="The sealed key store of a site that stands alone.")
FolderOption = Annotated[Path, typer.Option("--cmc", help="The site's folder, with its stores.")]
STEP_S = 10.0
HOUR_MS = 3_600_000
EXIT_SEALED = 1


@app.command("create")
def create_store(
    cmc: FolderOption,
    operator: Annotated[
        list[str], typer.Option(help="NAME=PUBLIC.pem: may vouch for any time; repeat for each.")
    ],
    source: Annotated[
        list[str] | None, typer.Option(help="NAME=PUBLIC.pem: may vouch for 48 h ahead.")
    ] = None,
    erase_after_h: Annotated[
        int, typer.Option(help="Hours of power after which a sealed store forgets, 0 to 72.")
    ] = 24,
) -> None:
    """Make the store. It is sealed, and knows no time, until an operator vouches for it."""
    vouchers: Vouchers = {}
    for kind, entries in ((OPERATOR, operator), (SOURCE, source or [])):
        for entry in entries:
            name, gap, path = entry.partition("=")
            if not gap or not name or name in vouchers:
                refuse(f"--{kind} {entry!r}: write it as NAME=PUBLIC.pem, each name once")
            vouchers[name] = (kind, _public_key(Path(path)))
    try:
        create_site(cmc, vouchers, erase_after_h * HOUR_MS)
    except ValueError as error:
        refuse(str(error))
    except OSError as error:
        refuse(f"{error.filename}: {error.strerror}; give --cmc another folder")
    say(f"{cmc}: sealed; next: lamppost keyholder challenge --cmc {cmc}")


@app.command("challenge")
def ask_for_time(cmc: FolderOption) -> None:
    """Ask for the time: print a challenge, good for 15 minutes, for somebody to vouch for."""
    with _store(cmc) as store:
        typer.echo(store.challenge().hex())


@app.command("vouch")
def sign_time(
    challenge: Annotated[str, typer.Argument(help="As the store printed it.")],
    key: Annotated[Path, typer.Option(help="Your private key, P-256, as PEM.")],
    person: Annotated[str, typer.Option(help="Who vouches.")],
    out: Annotated[Path, typer.Option(help="The signed statement.")],
) -> None:
    """Vouch for the time, on a machine whose clock you trust and have looked at just now."""
    try:
        asked = bytes.fromhex(challenge.strip())
        loaded = serialization.load_pem_private_key(key.read_bytes(), password=None)
    except OSError as error:
        refuse(f"{key}: {error.strerror}; give --key your private key")
    except (ValueError, TypeError):
        refuse(
            "the challenge is 64 digits of hex, and --key a private key as PEM without password"
        )
    if not isinstance(loaded, ec.EllipticCurvePrivateKey) or loaded.curve.name != "secp256r1":
        refuse(f"{key}: is no key on the curve P-256; make one with openssl ecparam")
    utc_ms = time.time_ns() // 1_000_000
    payload = statement(asked, utc_ms, person)
    write_private(out, Signer(loaded).sign(payload, EXTERNAL_AAD))
    say(f"{out}: {person} vouches for {iso(utc_ms)}")


@app.command("trust")
def take_time(
    signed: Annotated[Path, typer.Argument(help="The signed statement.")], cmc: FolderOption
) -> None:
    """Take a statement of the time; the store opens, or says what is missing."""
    with _store(cmc) as store:
        verdict = store.vouch(signed.read_bytes())
        state = store.state()
    if verdict == ACCEPTED:
        say(f"open; it is {iso(state.utc_ms)}")
        return
    say("still sealed: it is more than 48 h ahead; a second source or an operator must agree")
    raise typer.Exit(EXIT_SEALED)


@app.command("status")
def tell_status(
    cmc: FolderOption, as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False
) -> None:
    """Tell whether the store is open; ends with 1 when it is sealed."""
    with _store(cmc) as store:
        state = store.state()
        oldest_epoch = store.oldest_epoch()
        records = store.journal.records()
        faults = store.journal.check()
    left_ms = max(0, state.erase_after_ms - state.sealed_ms)
    if as_json:
        told = {
            "is_open": state.is_open,
            "utc_ms": state.utc_ms,
            "vouched_utc_ms": state.vouched_utc_ms,
            "oldest_epoch": oldest_epoch,
            "sealed_ms": state.sealed_ms,
            "erases_in_ms": None if state.is_open else left_ms,
            "journal": [
                {"kind": record.kind, "utc_ms": record.utc_ms, **record.body} for record in records
            ],
            "journal_faults": faults,
        }
        typer.echo(json.dumps(told, indent=1, ensure_ascii=False))
    else:
        rows = [("state", "open" if state.is_open else "SEALED"), *_rows(state, left_ms)]
        rows += [(record.kind, str(dict(record.body))) for record in records[-5:]]
        rows += [("journal", fault) for fault in faults]
        tell_list(str(cmc), rows)
    if not state.is_open or faults:
        raise typer.Exit(EXIT_SEALED)


@app.command("run")
def keep_store(cmc: FolderOption) -> None:
    """Keep the store: let its time count and its chains step, until it is told to end."""
    ended = threading.Event()
    for word in (signal.SIGINT, signal.SIGTERM):
        signal.signal(word, lambda _number, _frame: ended.set())
    with _store(cmc) as store:
        shown: bool | None = None
        while True:
            store.step()
            is_open = store.state().is_open
            if is_open is not shown:
                shown = is_open
                say("open" if is_open else "sealed: lamppost keyholder challenge ...")
            if ended.wait(STEP_S):
                return


@contextmanager
def _store(cmc: Path) -> Generator[SiteKeyholder]:
    """Open the store; whatever is refused or fails is told in a line and ends with 2."""
    if not (cmc / CLOCK_FILE).exists():
        refuse(
            f"{cmc / CLOCK_FILE}: there is no sealed store; lamppost keyholder create makes one"
        )
    store: SiteKeyholder | None = None
    try:
        store = SiteKeyholder(cmc)
        yield store
    except RefusedError as error:
        refuse(f"{error} ({error.clause})")
    except sqlite3.Error as error:
        refuse(f"{cmc}: a file of the store cannot be used: {error}; make a new store")
    except OSError as error:
        refuse(f"{error.filename}: {error.strerror}; check the path and its owner")
    finally:
        if store is not None:
            store.close()


def _rows(state: ClockState, left_ms: int) -> list[tuple[str, str]]:
    if not state.vouched_utc_ms:
        return [("time", "never known: an operator must vouch for it")]
    rows = [
        ("time", f"{iso(state.utc_ms)} or later"),
        ("vouched for", iso(state.vouched_utc_ms)),
    ]
    if not state.is_open:
        rows.append(("forgets", f"what was before this boot, in {left_ms // 60_000} min of power"))
    return rows


def _public_key(path: Path) -> bytes:
    try:
        return public_key(path)
    except OSError as error:
        refuse(f"{path}: {error.strerror}; give a public key as PEM")
    except ValueError as error:
        refuse(f"{path}: is no public key on P-256 as PEM: {error}")
