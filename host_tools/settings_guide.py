"""Writes docs/guides/settings.md from the schema, so that the guide cannot be wrong.

python -m host_tools.settings_guide
"""

from pathlib import Path

from firmware.config import schema
from firmware.config.schema import Setting
from host_tools.site import UNITS

GUIDE = Path(__file__).parents[1] / "docs" / "guides" / "settings.md"
TITLES = (
    ("[unit]", schema.UNIT),
    ("[link]", schema.LINK),
    ("[ring]", schema.RING),
    ("[[camera]]", schema.CAMERA),
    ("[camera.ptz]", schema.PTZ),
    ("[camera.sound]", schema.SOUND),
)
TABLE = "| setting | value | default | meaning |\n| --- | --- | --- | --- |\n"
HEAD = """# Settings of a unit

Written by `python -m host_tools.settings_guide` from `firmware/config/schema.py`. A quantity is
text with its unit, such as `"2.5 s"` or `"512 MiB"`. `lamppost config check FILE` names every
fault of a file at once.
"""


def guide() -> str:
    """Give the text of the guide."""
    parts = [HEAD]
    for title, settings in TITLES:
        parts.append(f"\n## `{title}`\n\n{TABLE}")
        parts += [_row(setting) for setting in settings]
    return "".join(parts)


def _row(setting: Setting) -> str:
    suffix = schema.QUANTITY_SUFFIX.get(setting.kind, "")
    key = setting.key.removesuffix(suffix)
    default = "required" if setting.default is None else f"`{_shown(setting, setting.default)}`"
    return f"| `{key}` | {_values(setting)} | {default} | {setting.meaning} |\n"


def _values(setting: Setting) -> str:
    """Say what may stand there."""
    if setting.kind in schema.QUANTITY_SUFFIX:
        return f"{_shown(setting, setting.low)} to {_shown(setting, setting.high)}"
    if setting.kind == schema.URL:
        return ", ".join(f"`{scheme}:`" for scheme in setting.choices)
    if setting.choices:
        return ", ".join(f"`{choice}`" for choice in setting.choices)
    if setting.kind == schema.NUMBER:
        return f"{setting.low} to {setting.high}"
    return {schema.FLAG: "true, false", schema.NAME: "1 to 32 of a-z 0-9 -"}.get(
        setting.kind, "text"
    )


def _shown(setting: Setting, value: int | str | bool) -> str:
    """Write a value as a person writes it in the file."""
    if setting.kind == schema.FLAG:
        return str(value).lower()
    if setting.kind not in schema.QUANTITY_SUFFIX:
        return f'"{value}"' if isinstance(value, str) else str(value)
    units = sorted(UNITS[setting.kind].items(), key=lambda entry: -entry[1])
    for name, size in units:
        if int(value) % int(size) == 0 and int(value) >= int(size):
            return f"{int(value) // int(size)} {name}"
    return f"{value} {units[-1][0]}"


if __name__ == "__main__":
    GUIDE.write_text(guide())
