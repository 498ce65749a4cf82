"""The unit's long-lived keys in one file that only the unit may read.

`keys.cbor` is the CBOR map {1: {key id: secret}, 2: {key id: x and y of a P-256 key}}; ids are
byte strings, secrets have 16 to 64 bytes, public keys 64.
"""

import hmac
import os
import stat
from pathlib import Path
from typing import cast

import cbor2

from hal.api.errors import PortAbsent, PortRefused

SECRETS, PUBLIC_KEYS = 1, 2
SECRET_BYTES_MIN, SECRET_BYTES_MAX = 16, 64
PUBLIC_KEY_BYTES = 64


class FileKeys:
    """Keys read once at start-up; never handed out.

    Args:
        path: the file, mode 0600.

    Raises:
        PortAbsent: no such file.
        PortRefused: others may read it, or it is not what it should be.
    """

    def __init__(self, path: str) -> None:
        tree = _read(path)
        self._secrets = _check(path, tree, SECRETS, SECRET_BYTES_MIN, SECRET_BYTES_MAX)
        self._public = _check(path, tree, PUBLIC_KEYS, PUBLIC_KEY_BYTES, PUBLIC_KEY_BYTES)

    def mac(self, key_id: bytes, data: bytes) -> bytes:
        """HMAC-SHA256 with the named key; b"" when there is no such key."""
        secret = self._secrets.get(key_id)
        return hmac.digest(secret, data, "sha256") if secret else b""

    def public_key(self, key_id: bytes) -> bytes:
        """The named P-256 public key, x and y, 64 bytes; b"" when there is none."""
        return self._public.get(key_id, b"")


def write_keys(path: str, secrets: dict[bytes, bytes], public_keys: dict[bytes, bytes]) -> None:
    """Make a key file, whole or not at all, readable by its owner alone.

    Args:
        path: where; an old file is replaced.
        secrets: key id to secret, 16 to 64 bytes.
        public_keys: key id to x and y, 64 bytes.
    """
    target = Path(path)
    part = target.with_name(target.name + ".part")
    fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(cbor2.dumps({SECRETS: secrets, PUBLIC_KEYS: public_keys}, canonical=True))
        file.flush()
        os.fsync(fd)
    part.replace(target)


def _read(path: str) -> object:
    try:
        with Path(path).open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise PortRefused(f"key file {path}: others may read it; chmod 600 it")
            return cbor2.loads(file.read())
    except FileNotFoundError as trouble:
        raise PortAbsent(f"key file {path}: no such file; make the unit's keys first") from trouble
    except OSError as trouble:
        raise PortRefused(f"key file {path}: {trouble.strerror}; check its owner") from trouble
    except (cbor2.CBORDecodeError, ValueError, TypeError) as trouble:
        raise PortRefused(f"key file {path}: not CBOR; make it again") from trouble


def _check(
    path: str, tree: object, part: int, bytes_min: int, bytes_max: int
) -> dict[bytes, bytes]:
    """Take one map out of the file; every entry must be what it should be."""
    entries = cast("dict[object, object]", tree).get(part) if isinstance(tree, dict) else None
    if not isinstance(entries, dict):
        raise PortRefused(f"key file {path}: map {part} is missing; make it again")
    checked: dict[bytes, bytes] = {}
    for key_id, value in cast("dict[object, object]", entries).items():
        is_good = isinstance(key_id, bytes) and isinstance(value, bytes)
        if not is_good or not bytes_min <= len(cast("bytes", value)) <= bytes_max:
            raise PortRefused(
                f"key file {path}: map {part}, key {key_id!r}: expected {bytes_min} to "
                f"{bytes_max} bytes; make it again"
            )
        checked[cast("bytes", key_id)] = cast("bytes", value)
    return checked
