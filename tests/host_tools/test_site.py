"""A site file's quantities become integers, and everything wrong in it is told at once."""

from pathlib import Path

import pytest

from firmware.errors import ConfigError
from host_tools import site

GOOD = """
[unit]
name = "gateway-1"
place = "yard-7"
[link]
url = "mqtt://127.0.0.1:1883"
heartbeat = "1 s"
[ring]
size = "0.5 GiB"
[[camera]]
name = "dome-1"
source = "rtsp://127.0.0.1:8554/dome-1"
still_every = "1.5 s"
[camera.ptz]
serial = "line"
lease = "800 ms"
"""


def test_quantities_become_integers(tmp_path: Path):
    path = tmp_path / "site.toml"
    path.write_text(GOOD)
    config = site.read(path)
    assert config.link["heartbeat_ms"] == 1000
    assert config.ring["size_bytes"] == 512 << 20
    assert config.cameras[0].picture["still_every_ms"] == 1500
    assert config.cameras[0].ptz is not None
    assert config.cameras[0].ptz["lease_ms"] == 800


def test_every_fault_is_told_once(tmp_path: Path):
    table = (
        ('heartbeat = "1 s"', 'heartbeat = "1"', "link.heartbeat"),
        ('heartbeat = "1 s"', "heartbeat = 5", "link.heartbeat"),
        ('heartbeat = "1 s"', 'heartbeat = "1 fortnight"', "link.heartbeat"),
        ('heartbeat = "1 s"', 'heartbeat = "0.0001 s"', "link.heartbeat"),
        ('heartbeat = "1 s"', 'heartbeat = "2 h"', "link.heartbeat_ms"),
        ('size = "0.5 GiB"', "", "ring.size_bytes"),
        ("[ring]", "[rings]", "rings"),
        ('name = "dome-1"', "name = 1", "camera[0].name"),
    )
    path = tmp_path / "site.toml"
    for old, new, where in table:
        path.write_text(GOOD.replace(old, new))
        with pytest.raises(ConfigError) as refused:
            site.read(path)
        assert any(fault.startswith(where) for fault in refused.value.faults), (new, refused.value)


def test_a_file_that_is_not_there_or_not_toml_is_told_with_the_remedy(tmp_path: Path):
    with pytest.raises(ConfigError, match=r"No such file or directory\); give a site file"):
        site.read(tmp_path / "nowhere.toml")
    path = tmp_path / "site.toml"
    path.write_text("[[[")
    with pytest.raises(ConfigError, match="not TOML"):
        site.read(path)
