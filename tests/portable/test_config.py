"""The loader fills defaults in, and names every fault of a tree at once."""

from firmware.config.load import load
from firmware.errors import ConfigError


def good():
    return {
        "unit": {"name": "gateway-1", "place": "yard-7"},
        "link": {"url": "mqtt://127.0.0.1:1883"},
        "ring": {"size_bytes": 64 << 20},
        "camera": [
            {"name": "dome-1", "source": "rtsp://127.0.0.1/dome", "ptz": {"serial": "line"}},
            {"name": "yard-2", "source": "rtsp://127.0.0.1/yard", "sound": {"grant": "g.cose"}},
        ],
    }


def faults_of(tree):
    try:
        load(tree)
    except ConfigError as error:
        return error.faults
    return []


def test_defaults_are_filled_in():
    config = load(good())
    assert config.unit["kind"] == "gateway"
    assert config.link["heartbeat_ms"] == 2000
    assert config.ring["segment_bytes"] == 4 << 20
    assert config.cameras[0].ptz["baud"] == 2400
    assert config.cameras[0].sound is None
    assert config.cameras[1].sound["gate"] == "session"


def test_each_wrong_value_is_named_with_its_range():
    table = (
        (("unit", "name"), "Gateway 1", "a-z"),
        (("unit", "name"), "x" * 33, "1 to 32"),
        (("unit", "kind"), "toaster", "gateway, redeployable"),
        (("link", "url"), "http://127.0.0.1", "mqtt:, mqtts:"),
        (("link", "heartbeat_ms"), 199, "200 to 60000"),
        (("link", "heartbeat_ms"), True, "whole number"),
        (("link", "heartbeat_ms"), "5", "whole number"),
        (("ring", "size_bytes"), 0, "4194304"),
        (("ring", "colour"), 1, "unknown setting"),
        (("unit", "place"), "", "1 to 200"),
    )
    for (section, key), value, said in table:
        tree = good()
        tree[section][key] = value
        faults = faults_of(tree)
        assert len(faults) == 1, (key, value, faults)
        assert key in faults[0], faults
        assert said in faults[0], faults


def test_all_faults_come_at_once():
    tree = good()
    tree["unit"]["name"] = ""
    tree["link"]["heartbeat_ms"] = 0
    tree["camera"][0]["ptz"]["baud"] = 2401
    tree["camera"][1]["name"] = "dome-1"
    tree["colour"] = {}
    faults = faults_of(tree)
    assert len(faults) == 5, faults


def test_cameras_are_required_and_bounded():
    for cameras in ([], None, [good()["camera"][0]] * 33):
        tree = good()
        tree["camera"] = cameras
        assert any("1 to 32" in fault for fault in faults_of(tree)), cameras


def test_tables_that_are_no_tables_are_refused():
    tree = good()
    tree["unit"] = 3
    tree["camera"][0]["ptz"] = "line"
    assert len(faults_of(tree)) == 2, faults_of(tree)
