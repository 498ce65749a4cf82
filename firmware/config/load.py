"""Checks a tree of settings against the schema and fills the defaults in."""

from firmware.config import line_url, schema
from firmware.config.settings import CameraConfig, Config
from firmware.errors import ConfigError
from hal.api._typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    Section = dict[str, int | str | bool]
    Table = dict[str, object]

__all__ = ("CameraConfig", "Config", "load")
NAME_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789-"
NAME_LETTERS_MAX = 32


def load(tree: "Table") -> Config:
    """Check a tree of settings.

    Args:
        tree: {"unit": {...}, "link": {...}, "ring": {...}, "camera": [{..., "ptz": {...},
            "sound": {...}}]} with integers where the schema has quantities.

    Raises:
        ConfigError: with every fault of the tree: key, value, range, remedy.
    """
    faults = [
        "%s: unknown section; remove it, or see the guide for its name" % key
        for key in tree
        if key not in schema.SECTIONS and key != "camera"
    ]
    sections = {
        name: _section(name, settings, tree.get(name, {}), (), faults)
        for name, settings in schema.SECTIONS.items()
    }
    cameras = _cameras(tree.get("camera", []), faults)
    if faults:
        raise ConfigError(faults)
    return Config(sections, cameras)


def _cameras(found: object, faults: "list[str]") -> "list[CameraConfig]":
    """Check the list of cameras; each may hold a dome and a sound section."""
    if not isinstance(found, list):
        found = []
    tables = cast("list[object]", found)
    if not 1 <= len(tables) <= schema.CAMERA_COUNT_MAX:
        faults.append("camera: give 1 to %d [[camera]] tables" % schema.CAMERA_COUNT_MAX)
    cameras: list[CameraConfig] = []
    names: list[object] = []
    for index, table in enumerate(tables):
        where = "camera[%d]" % index
        picture = _section(where, schema.CAMERA, table, ("ptz", "sound"), faults)
        parts: dict[str, Section | None] = {"ptz": None, "sound": None}
        given: tuple[str, ...] = ()
        for part, settings in schema.CAMERA_SECTIONS.items():
            inner = cast("Table", table).get(part) if isinstance(table, dict) else None
            if part == "ptz" and isinstance(inner, dict):
                inner = line_url.unfold(where + ".ptz", cast("Table", inner), faults)
                given = tuple(inner)
            if inner is not None:
                parts[part] = _section("%s.%s" % (where, part), settings, inner, (), faults)
        name = picture.get("name")
        if name in names:
            faults.append("%s.name = %r: taken by another camera; names differ" % (where, name))
        names.append(name)
        cameras.append(CameraConfig(picture, parts["ptz"], parts["sound"], given))
    line_url.check(cameras, faults)
    return cameras


def _section(
    where: str,
    settings: "tuple[schema.Setting, ...]",
    found: object,
    inner: "tuple[str, ...]",
    faults: "list[str]",
) -> "Section":
    """Check one table; returns it with the defaults filled in, and adds its faults."""
    if not isinstance(found, dict):
        faults.append("%s: %r is not a table of settings" % (where, found))
        return {}
    table = cast("Table", found)
    known = [setting.key for setting in settings]
    faults += [
        "%s.%s: unknown setting; known here: %s" % (where, key, ", ".join(known))
        for key in table
        if key not in known and key not in inner
    ]
    section: Section = {}
    for setting in settings:
        if setting.key in table:
            value = table[setting.key]
            fault = _fault(setting, value)
            if fault:
                told = (where, setting.key, value, fault, setting.meaning)
                faults.append("%s.%s = %r: %s; %s" % told)
            section[setting.key] = cast("int | str | bool", value)
        elif setting.default is not None:
            section[setting.key] = setting.default
        else:
            faults.append("%s.%s: missing; %s" % (where, setting.key, setting.meaning))
    return section


def _fault(setting: "schema.Setting", value: object) -> str:
    """Say what is wrong with one value; "" when nothing is."""
    if setting.kind == schema.FLAG:
        return "" if value is True or value is False else "must be true or false"
    if setting.kind in (schema.NUMBER, schema.MS, schema.CDEG, schema.BYTES):
        return _number_fault(setting, value)
    return _text_fault(setting, value)


def _number_fault(setting: "schema.Setting", value: object) -> str:
    """Say what is wrong with a number."""
    if value is True or value is False or not isinstance(value, int):
        return "must be a whole number"
    if setting.choices:
        return "" if value in setting.choices else "must be one of %s" % _listed(setting.choices)
    if not setting.low <= value <= setting.high:
        return "must be %d to %d" % (setting.low, setting.high)
    return ""


def _text_fault(setting: "schema.Setting", value: object) -> str:
    """Say what is wrong with a text."""
    if not isinstance(value, str):
        return "must be text"
    if setting.kind == schema.CHOICE:
        return "" if value in setting.choices else "must be one of %s" % _listed(setting.choices)
    if setting.kind == schema.NAME:
        fits = 1 <= len(value) <= NAME_LETTERS_MAX and all(c in NAME_CHARACTERS for c in value)
        return "" if fits else "must be 1 to %d of a-z, 0-9 and -" % NAME_LETTERS_MAX
    if not setting.low <= len(value) <= setting.high:
        return "must be %d to %d characters" % (setting.low, setting.high)
    if setting.kind == schema.URL and value.split(":", 1)[0] not in setting.choices:
        return "must begin with one of %s" % _listed(setting.choices, ":")
    return ""


def _listed(choices: "tuple[int | str, ...]", suffix: str = "") -> str:
    """Write choices as a person reads them."""
    return ", ".join("%s%s" % (choice, suffix) for choice in choices)
