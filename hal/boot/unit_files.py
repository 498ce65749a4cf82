"""The files a unit on a board is started from: its settings, papers, keys and claim."""

import os
import sys

from firmware.app.unit import Papers
from firmware.cbor.decode import loads
from firmware.cbor.encode import dumps
from firmware.errors import ConfigError, ProtocolError
from hal.api._typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from firmware.cbor.encode import Value
    from firmware.config.settings import Config

KEYS_FILE = "keys.cbor"
SECRETS, PUBLIC_KEYS = 1, 2
CONFIG_CODE, CONFIG_KEPT = "firmware.config.", "firmware.config.settings"
CLAIM_UNIT, CLAIM_SECRETS, CLAIM_PUBLIC_KEYS, CLAIM_CHAINS = 1, 2, 3, 4


class UnitFiles:
    """The files of a unit: its configuration, and the state folder found from it.

    Args:
        path: of CONFIG.cbor.

    Raises:
        ConfigError: the configuration, the keys or the claim cannot be read or used.
    """

    def __init__(self, path: str) -> None:
        self._folder = path.rpartition("/")[0] or "."
        self.config: Config = load_config(path)
        self._state = self.beside(str(self.config.unit["state_dir"]))
        self._claim_path = self.in_state(str(self.config.unit["claim"]))

    def beside(self, name: str) -> str:
        """Find a file that the configuration names relative to itself."""
        return join(self._folder, name)

    def in_state(self, name: str) -> str:
        """Find a file of the state folder."""
        return join(self._state, name)

    def has_claim(self) -> bool:
        """Tell whether a claim waits to be taken."""
        return read(self._claim_path) != b""

    def papers(self) -> Papers:
        """Read permit, grants and, where there is one, the chains of a claim."""
        grants: dict[str, bytes] = {}
        for camera in self.config.cameras:
            if camera.sound is not None:
                grants[str(camera.picture["name"])] = read(
                    self.in_state(str(camera.sound["grant"]))
                )
        claim = read_map(self._claim_path) if self.has_claim() else {}
        chains = claim.get(CLAIM_CHAINS)
        permit = read(self.in_state(str(self.config.unit["permit"])))
        return Papers(permit, grants, chains)

    def keys(self) -> "tuple[dict[bytes, bytes], dict[bytes, bytes]]":
        """Read (shared secrets, public keys) by key id; those of a claim are kept first."""
        path = self.in_state(KEYS_FILE)
        if self.has_claim():
            claim = read_map(self._claim_path)
            if claim.get(CLAIM_UNIT) != self.config.unit["name"]:
                raise ConfigError(["%s: is for another unit; claim this one" % self._claim_path])
            secrets, public_keys = claim.get(CLAIM_SECRETS), claim.get(CLAIM_PUBLIC_KEYS)
            replace(path, dumps({SECRETS: secrets, PUBLIC_KEYS: public_keys}))
        held = read_map(path)
        return by_id(path, held.get(SECRETS)), by_id(path, held.get(PUBLIC_KEYS))

    def forget_claim(self) -> None:
        """Delete the claim, once what it brought is on the state medium."""
        claim = read(self._claim_path)
        if claim:
            with open(self._claim_path, "r+b") as file:
                file.write(bytes(len(claim)))
            os.remove(self._claim_path)


def join(folder: str, name: str) -> str:
    """Find a file from a folder; an absolute name stays as it is."""
    return name if name.startswith("/") else folder + "/" + name


def load_config(path: str) -> "Config":
    """Check a configuration; ConfigError names all that is wrong with it.

    The code that knows every setting is needed once, so it leaves the memory again: a twentieth of
    what a board has.
    """
    from firmware.config.load import load  # noqa: PLC0415 - it leaves again below

    config = load(cast("dict[str, object]", read_map(path)))
    package = sys.modules[CONFIG_CODE[:-1]]
    for name in list(sys.modules):
        if name.startswith(CONFIG_CODE) and name != CONFIG_KEPT:
            del sys.modules[name]
            delattr(package, name[len(CONFIG_CODE) :])
    return config


def read(path: str) -> bytes:
    """Read a file; b"" where there is none."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def by_id(path: str, found: "Value") -> "dict[bytes, bytes]":
    """Check a map of key id to key; ConfigError where it is something else."""
    pairs = found.items() if isinstance(found, dict) else ()
    keys = {
        key_id: key
        for key_id, key in pairs
        if isinstance(key_id, bytes) and isinstance(key, bytes)
    }
    if not isinstance(found, dict) or len(keys) != len(found):
        raise ConfigError(["%s: holds no keys by id; claim the unit again" % path])
    return keys


def read_map(path: str) -> "dict[int | str | bytes, Value]":
    """Read a CBOR map from a file; ConfigError where it is missing or is something else."""
    data = read(path)
    if not data:
        raise ConfigError(["%s: missing or empty; claim the unit, or name another file" % path])
    try:
        value = loads(data)
    except ProtocolError as error:
        raise ConfigError(["%s: %s; make it again with lamppost" % (path, error)])
    if not isinstance(value, dict):
        raise ConfigError(["%s: is no CBOR map; make it again with lamppost" % path])
    return value


def replace(path: str, data: bytes) -> None:
    """Write a file whole or not at all; flush is fsync on MicroPython."""
    part = path + ".part"
    with open(part, "wb") as file:
        file.write(data)
        file.flush()
    os.rename(part, path)
