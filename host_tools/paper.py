"""Reads a permit or grant that somebody drew up as TOML, ready to be signed.

The fields are those of docs/formats/permit.md. Two things are easier to write than there: a moment
may be a TOML date-time with its offset under a key that ends in `_utc` (`start_utc` becomes
`start_utc_ms`), and a SHA-256 is text of 64 hex digits.
"""

import tomllib
from datetime import datetime
from pathlib import Path
from typing import cast

from firmware.policy.fields import PaperError
from host_tools.authority import Authority, sign_grant, sign_permit

PERMIT, GRANT = "permit", "grant"
HASHES = ("photo",)
MOMENT = "_utc"


class PaperFileError(Exception):
    """The file cannot be signed; the text names everything that is wrong with it."""


def sign_file(authority: Authority, path: Path) -> bytes:
    """Sign a drawn-up paper.

    Args:
        authority: whose signature the unit knows.
        path: TOML with `kind = "permit"` or `kind = "grant"` and every field of that kind.

    Returns:
        the content of permit.cose, or of grant-<camera>.cose.

    Raises:
        PaperFileError: the file cannot be read, or no unit would take what it says.
    """
    try:
        drawn = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PaperFileError(f"{path}: {error.strerror}; name the paper's file") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PaperFileError(
            f"{path}: is not TOML ({error}); mend that line, or name another file"
        ) from error
    kind = drawn.pop("kind", None)
    if kind not in {PERMIT, GRANT}:
        raise PaperFileError(f'{path}: kind = {kind!r}: must be "permit" or "grant"')
    faults: list[str] = []
    fields = cast("dict[str, object]", _turned("", drawn, faults))
    if faults:
        raise PaperFileError("\n".join(f"{path}: {fault}" for fault in faults))
    try:
        return (sign_permit if kind == PERMIT else sign_grant)(authority, fields)
    except PaperError as error:
        raise PaperFileError(f"{path}:\n{error}") from error


def _turned(where: str, value: object, faults: list[str]) -> object:
    """Turn what people write into what the paper holds, at every depth."""
    if isinstance(value, list):
        return [_turned(where, item, faults) for item in cast("list[object]", value)]
    if not isinstance(value, dict):
        return value
    turned: dict[str, object] = {}
    for key, inner in cast("dict[str, object]", value).items():
        name = f"{where}.{key}" if where else key
        if key.endswith(MOMENT) and isinstance(inner, datetime):
            if inner.tzinfo is None:
                faults.append(f"{name} = {inner}: give its offset, such as 2026-12-01T00:00:00Z")
            turned[key + "_ms"] = int(inner.timestamp() * 1000)
        elif key in HASHES and isinstance(inner, str):
            try:
                turned[key] = bytes.fromhex(inner)
            except ValueError:
                faults.append(f"{name} = {inner!r}: must be the 64 hex digits of a SHA-256")
        else:
            turned[key] = _turned(name, inner, faults)
    return turned
