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


def with_line(serial, **more):
    tree = good()
    tree["camera"][0]["ptz"] = {"serial": serial}
    tree["camera"][0]["ptz"].update(more)
    return tree


def test_a_line_may_be_one_url():
    table = (
        (
            "pelco-d+serial:///dev/ttyUSB0?baud=9600&address=7&profile=orlaco",
            ("/dev/ttyUSB0", "pelco-d", 9600, 7, "orlaco"),
        ),
        ("pelco-p+serial://dome", ("dome", "pelco-p", 4800, 1, "generic")),
        ("visca+socket://10.0.0.1:4001", ("socket://10.0.0.1:4001", "visca", 9600, 1, "generic")),
        (
            "pelco-d+rfc2217://server:2217?address=255",
            ("rfc2217://server:2217", "pelco-d", 2400, 255, "generic"),
        ),
        ("socket://10.0.0.1:4001", ("socket://10.0.0.1:4001", "pelco-d", 2400, 1, "generic")),
        ("/dev/ttyS1", ("/dev/ttyS1", "pelco-d", 2400, 1, "generic")),
    )
    for serial, want in table:
        ptz = load(with_line(serial)).cameras[0].ptz
        got = tuple(ptz[key] for key in ("serial", "protocol", "baud", "address", "profile"))
        assert got == want, serial
    assert load(with_line("dome", replies=False)).cameras[0].given == ("serial", "replies", "baud")


def test_a_wrong_line_url_is_named():
    table = (
        ("pelco-x+serial:///dev/a", {}, "begin with one of pelco-d"),
        ("pelco-d+parallel:///dev/a", {}, "begin with one of pelco-d"),
        ("pelco-d+serial:///dev/a?speed=9600", {}, "give baud=N"),
        ("pelco-d+serial:///dev/a?baud=fast", {}, "give baud=N"),
        ("pelco-d+serial:///dev/a?baud=2401", {}, "must be one of"),
        ("pelco-d+serial:///dev/a?profile=best", {}, "must be one of"),
        ("pelco-d+serial:///dev/a?baud=2400", {"baud": 9600}, "keep one of them"),
        ("pelco-p+serial:///dev/a?address=33", {}, "pelco-p has 1 to 32"),
        ("visca+serial:///dev/a", {"address": 8}, "visca has 1 to 7"),
        ("pelco-d+serial://", {}, "must be 1 to 200"),
    )
    for serial, more, said in table:
        faults = faults_of(with_line(serial, **more))
        assert len(faults) == 1, (serial, faults)
        assert said in faults[0], (serial, faults)


def test_domes_that_share_a_line_agree_on_it():
    def shared(*domes):
        tree = good()
        tree["camera"] = []
        for index, dome in enumerate(domes):
            section = {"serial": "bus", "address": index + 1}
            section.update(dome)
            camera = {"name": "dome-%d" % index, "source": "rtsp://127.0.0.1/a", "ptz": section}
            tree["camera"].append(camera)
        return tree

    assert len(load(shared({}, {}, {})).cameras) == 3
    table = (
        (({}, {"baud": 9600}), "camera[1].ptz.baud = 9600: camera[0] has 2400"),
        (({}, {"protocol": "pelco-p", "baud": 2400}), "camera[1].ptz.protocol"),
        (({}, {"address": 1}), "camera[1].ptz.address = 1: taken"),
        (({},) * 9, "9 domes; at most 8 at 2400"),
        (({"baud": 1200},) * 5, "5 domes; at most 4 at 1200"),
        (({"protocol": "visca"},) * 4, "4 domes; at most 3 at 9600"),
    )
    for domes, said in table:
        faults = faults_of(shared(*domes))
        assert len(faults) == 1 and said in faults[0], (said, faults)
