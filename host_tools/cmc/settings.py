"""Settings of the CMC: its folder, its broker, and the register of its units."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from firmware.errors import ConfigError
from firmware.telemetry import topics

PORT_MAX = 65_535
KINDS = ("gateway", "redeployable")
TOP_KEYS = {"folder": str, "keys": str, "broker": str, "port": int}
UNIT_KEYS = {"name": str, "kind": str, "place": str, "responsible": str}
Table = dict[str, object]


@dataclass(frozen=True)
class UnitEntry:
    """One unit of the register: what it is, where it is, and who answers for it (C84)."""

    name: str
    kind: str
    place: str
    responsible: str


@dataclass(frozen=True)
class CmcSettings:
    """Everything the CMC is told.

    Attributes:
        folder: of its files.
        keys: folder of the keystore.
        broker: mqtt://user:password@host:port.
        port: loopback port of the page; 0 for any that is free.
        units: the register.
    """

    folder: Path
    keys: Path
    broker: str
    port: int = 0
    units: list[UnitEntry] = field(default_factory=list[UnitEntry])


def read(path: Path) -> CmcSettings:
    """Read a TOML file of settings.

    Raises:
        ConfigError: with every fault of the file: key, value, range, remedy.
    """
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError([f"{path}: {error.strerror}; give the CMC's settings"]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(
            [f"{path}: is not TOML ({error}); mend that line, or give another file"]
        ) from error
    faults: list[str] = []
    rows = tree.pop("unit", [])
    top = _checked("", tree, TOP_KEYS, {"port": 0, "folder": ".", "keys": "keys"}, faults)
    units = _units(rows, faults)
    broker = urlsplit(str(top.get("broker", "")))
    if "broker" in top and (broker.scheme != "mqtt" or not broker.hostname or not broker.username):
        faults.append("broker: must be mqtt://USER:PASSWORD@HOST:PORT")
    port = top.get("port", 0)
    if isinstance(port, int) and not 0 <= port <= PORT_MAX:
        faults.append(f"port = {port}: must be 0 to {PORT_MAX}; 0 takes any that is free")
    if faults:
        raise ConfigError([f"{path}: {fault}" for fault in faults])
    return CmcSettings(
        folder=path.parent / str(top["folder"]),
        keys=path.parent / str(top["keys"]),
        broker=str(top["broker"]),
        port=cast("int", port),
        units=units,
    )


def _units(rows: object, faults: list[str]) -> list[UnitEntry]:
    units: list[UnitEntry] = []
    if not isinstance(rows, list) or not rows:
        faults.append("unit: there is none; add a [[unit]] table for each unit")
        return units
    for index, row in enumerate(cast("list[object]", rows)):
        where = f"unit[{index}]."
        if not isinstance(row, dict):
            faults.append(f"{where[:-1]} = {row!r}: must be a table [[unit]]")
            continue
        entry = _checked(where, cast("Table", row), UNIT_KEYS, {"kind": "gateway"}, faults)
        name, kind = str(entry.get("name", "")), str(entry.get("kind", ""))
        if "name" in entry and not topics.is_name(name):
            faults.append(f"{where}name = {name!r}: must be 1 to 48 of A-Z a-z 0-9 - _")
        if kind not in KINDS:
            faults.append(f"{where}kind = {kind!r}: must be one of {', '.join(KINDS)}")
        if name in {unit.name for unit in units}:
            faults.append(f"{where}name = {name!r}: is there twice; rename one")
        place, responsible = str(entry.get("place", "")), str(entry.get("responsible", ""))
        units.append(UnitEntry(name, kind, place, responsible))
    return units


def _checked(
    where: str, table: Table, keys: Mapping[str, type], defaults: Table, faults: list[str]
) -> Table:
    """Take the known keys of a table, and name all that is wrong with it."""
    faults += [
        f"{where}{key}: unknown setting; known here: {', '.join(keys)}"
        for key in table
        if key not in keys
    ]
    found: Table = {}
    for key, kind in keys.items():
        value = table.get(key, defaults.get(key))
        if value is None:
            faults.append(f"{where}{key}: missing; it must be given")
        elif type(value) is not kind:
            noun = "text" if kind is str else "a whole number"
            faults.append(f"{where}{key} = {value!r}: must be {noun}")
        else:
            found[key] = value
    return found
