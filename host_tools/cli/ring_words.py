"""What the verbs of `lamppost ring` have in common: options, refusals, JSON, and keys."""

import errno
import json
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from firmware.errors import DamagedError
from hal.api.errors import PortError
from host_tools.cli.evidence_words import Places, desk_at
from host_tools.cli.words import EXIT_REFUSED, refuse
from host_tools.cmc.centre import utc_ms
from host_tools.cmc.footage import Footage, Person
from host_tools.cmc.site_keyholder import open_keyholder
from host_tools.evidence.errors import EvidenceError
from host_tools.evidence.export import PICTURE_CHAIN, SOUND_CHAIN
from host_tools.evidence.pool import KeyBox, PoolFile, name_of

EXIT_FAULTS = 1
PoolArgument = Annotated[Path, typer.Argument(help="The pool: a file or a partition.")]
JsonOption = Annotated[bool, typer.Option("--json", help="As JSON; docs/guides/ring.md.")]
UnitOption = Annotated[str, typer.Option("--unit", help="The unit that must own it.")]
CameraOption = Annotated[
    list[str] | None, typer.Option(help="A camera's name, to find its streams by; repeat.")
]
REMEDIES = {
    errno.ENOENT: "name one that is there",
    errno.EACCES: "you may not; use the account of the unit, or ask its owner",
    errno.EPERM: "you may not; use the account of the unit, or ask its owner",
    errno.ENOSPC: "free some room, or name a place on another disk",
    errno.EDQUOT: "free some room, or name a place on another disk",
    errno.EROFS: "nothing can be written there; name another place",
    errno.EISDIR: "that is a folder; name a file",
    errno.EIO: "the medium fails; copy what it still gives with `lamppost ring salvage`",
}


def streams_of(cameras: list[str] | None) -> tuple[str, ...]:
    """Name the streams that cameras may have."""
    return tuple(f"{name}/{kind}" for name in cameras or [] for kind in ("picture", "sound"))


def tell_json(value: object) -> None:
    """Tell a value to a program."""
    typer.echo(json.dumps(value, indent=1, ensure_ascii=False))


@contextmanager
def refusing(path: Path, as_json: bool) -> Generator[None]:
    """Tell what is refused or fails in a line, or as JSON, and end with exit code 2."""
    try:
        yield
    except (DamagedError, EvidenceError, PortError) as error:
        text = str(error)
        _refuse(as_json, error.code, text if str(path) in text else f"{path}: {text}")
    except OSError as error:
        place = error.filename if isinstance(error.filename, str) else path
        remedy = REMEDIES.get(error.errno or 0, "check the path and its owner")
        code = errno.errorcode.get(error.errno or 0, "os").lower()
        _refuse(as_json, code, f"{place}: {error.strerror}; {remedy}")


def end(is_good: bool) -> None:
    """End with exit code 1 where something is not as it should be."""
    if not is_good:
        raise typer.Exit(EXIT_FAULTS)


def _refuse(as_json: bool, code: str, text: str) -> NoReturn:
    if as_json:
        tell_json({"error": {"code": code, "text": text}})
        raise typer.Exit(EXIT_REFUSED)
    refuse(text)


@dataclass(frozen=True)
class Asker:
    """Whose accepted request releases keys, and where the CMC's files are."""

    request_id: str
    who: Person
    places: Places

    def keys(self, pool_path: Path) -> tuple[KeyBox, Footage]:
        """Have the keyholder release the keys of the request; it is written down as any release.

        Args:
            pool_path: the pool whose segments they are for.
        """
        box = KeyBox()
        with desk_at(self.places) as desk, PoolFile(pool_path) as pool:
            footage = desk.register.authorised(self.request_id, self.who).footage
            cmc = self.places.cmc or self.places.state / "cmc"
            keyholder = open_keyholder(cmc, utc_ms)
            chains = [("picture", PICTURE_CHAIN)]
            if footage.with_sound:
                chains.append(("sound", SOUND_CHAIN + footage.grant))
            try:
                for kind, chain in chains:
                    part = pool.layout.find(pool.cipher, f"{footage.camera}/{kind}")
                    if part is not None:
                        wanted = [name_of(one) for one in pool.reader(box).segments(part)]
                        register = desk.register
                        box.add(
                            keyholder.release(register, self.request_id, self.who, chain, wanted)
                        )
            finally:
                keyholder.close()
        return box, footage
