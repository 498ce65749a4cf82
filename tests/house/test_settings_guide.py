"""The guide to the settings is what the schema says."""

from firmware.config import schema
from host_tools.settings_guide import guide
from tests.house.source import ROOT

GUIDE = ROOT / "docs" / "guides" / "settings.md"


def test_the_guide_is_the_schema():
    assert GUIDE.read_text() == guide(), "run: python -m host_tools.settings_guide"


def test_every_setting_is_read_somewhere():
    text = "\n".join(
        path.read_text()
        for folder in ("firmware/app", "hal/boot")
        for path in (ROOT / folder).rglob("*.py")
    )
    sections = (*schema.SECTIONS.values(), schema.CAMERA, *schema.CAMERA_SECTIONS.values())
    unread = [row.key for rows in sections for row in rows if f'"{row.key}"' not in text]
    assert unread == [], unread
