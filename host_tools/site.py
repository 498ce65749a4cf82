"""Reads a site's TOML: text with units in, the core's integers out, every fault at once."""

import re
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import cast

from firmware.cbor.encode import dumps
from firmware.config import schema
from firmware.config.load import Config, load
from firmware.errors import ConfigError

UNITS: dict[str, dict[str, Decimal]] = {
    schema.MS: {
        "ms": Decimal(1),
        "s": Decimal(1000),
        "min": Decimal(60_000),
        "h": Decimal(3_600_000),
        "days": Decimal(86_400_000),
    },
    schema.CDEG: {"deg": Decimal(100)},
    schema.BYTES: {
        "B": Decimal(1),
        "KiB": Decimal(1 << 10),
        "MiB": Decimal(1 << 20),
        "GiB": Decimal(1 << 30),
        "TiB": Decimal(1 << 40),
    },
}
Table = dict[str, object]
QUANTITY = re.compile(r"(-?[0-9]+(?:\.[0-9]+)?) *([A-Za-z]+)")


def quantity(kind: str, text: object) -> int | str:
    """Turn text such as "2.5 s" into the core's integer.

    Returns:
        the integer, or a sentence that says what is wrong with the text.
    """
    units = UNITS[kind]
    listed = ", ".join(units)
    if not isinstance(text, str):
        return f'must be text with a unit ({listed}), such as "5 {next(iter(units))}"'
    match = QUANTITY.fullmatch(text.strip())
    if not match or match[2] not in units:
        return f"must be a number and one of {listed}"
    value = Decimal(match[1]) * units[match[2]]
    if value != value.to_integral_value():
        return f"is finer than the unit can tell; the smallest step is 1 {next(iter(units))}"
    return int(value)


def read_tree(path: Path) -> Table:
    """Read a TOML file into the tree that the core's loader takes.

    Raises:
        ConfigError: not there, not TOML, or a quantity that cannot be read; every fault is named.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError([f"cannot be read ({error.strerror}); give a site file"]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(
            [f"is not TOML ({error}); mend that line, or give a site file"]
        ) from error
    faults: list[str] = []
    tree = {
        name: _core_keys(name, schema.SECTIONS.get(name, ()), value, faults)
        for name, value in raw.items()
        if name != "camera"
    }
    if "camera" in raw:
        tree["camera"] = _cameras(raw["camera"], faults)
    try:
        load(tree)
    except ConfigError as error:
        faults += [fault for fault in error.faults if not _is_told(fault, faults)]
    if faults:
        raise ConfigError(faults)
    return tree


def read(path: Path) -> Config:
    """Read and check a site file; raises ConfigError with every fault of it."""
    return load(read_tree(path))


def compile_config(path: Path) -> bytes:
    """Turn a site file into the CBOR a board reads; raises ConfigError with its faults."""
    return dumps(read_tree(path))


def _cameras(tables: object, faults: list[str]) -> object:
    if not isinstance(tables, list):
        return tables
    cameras: list[object] = []
    for index, table in enumerate(cast("list[object]", tables)):
        where = f"camera[{index}]"
        camera = _core_keys(where, schema.CAMERA, table, faults)
        parts = cast("Table", camera)
        if isinstance(camera, dict):
            for part, settings in schema.CAMERA_SECTIONS.items():
                if part in parts:
                    parts[part] = _core_keys(f"{where}.{part}", settings, parts[part], faults)
        cameras.append(parts)
    return cameras


def _core_keys(
    where: str, settings: tuple[schema.Setting, ...], table: object, faults: list[str]
) -> object:
    """Turn the quantities of one table into integers under the core's keys."""
    if not isinstance(table, dict):
        return table
    stems = {
        setting.key.removesuffix(schema.QUANTITY_SUFFIX[setting.kind]): setting
        for setting in settings
        if setting.kind in schema.QUANTITY_SUFFIX
    }
    result: Table = {}
    for key, value in cast("Table", table).items():
        if key not in stems:
            result[key] = value
            continue
        number = quantity(stems[key].kind, value)
        if isinstance(number, str):
            faults.append(f"{where}.{key} = {value!r}: {number}; {stems[key].meaning}")
            number = stems[key].low
        result[stems[key].key] = number
    return result


def _is_told(fault: str, faults: list[str]) -> bool:
    """Tell whether another fault about the same setting is already listed."""
    where = fault.split(" ", 1)[0].rstrip(":")
    return any(told.split(" ", 1)[0].rstrip(":") == where for told in faults)
