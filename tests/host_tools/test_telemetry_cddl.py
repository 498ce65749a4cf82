"""What the encoders write is what the schema and the AsyncAPI document say."""

from pathlib import Path

import cddl_verifier
import pycddl
import yaml

from firmware.cbor.decode import loads
from firmware.cbor.encode import dumps
from firmware.commands import message
from firmware.telemetry import messages, topics

FORMATS = Path(__file__).parents[2] / "docs" / "formats"
CDDL = (FORMATS / "telemetry.cddl").read_text("utf-8")
PAGE = (FORMATS / "telemetry.asyncapi.yaml").read_text("utf-8")
VERIFIER = cddl_verifier.Validator(CDDL)
RULES = ("state", "heartbeat", "event", "cursor", "still", "command", "answer")
SCHEMAS = {rule: pycddl.Schema(f"root = {rule}\n{CDDL}") for rule in RULES}


def judged(rule: str, payload: bytes) -> bool:
    """Ask both validators; they must agree."""
    try:
        SCHEMAS[rule].validate_cbor(payload)
        is_valid = True
    except pycddl.ValidationError:
        is_valid = False
    other = VERIFIER.validate(payload, rule, require_deterministic=True)
    assert other.valid == is_valid, (rule, payload.hex(), other.errors)
    return is_valid


def samples() -> "list[tuple[str, bytes]]":
    """Every payload, empty and full, with values at the ends of their ranges."""
    camera = messages.CameraInBirth("dome-1")
    camera.switches = "menu wiper"
    birth = messages.Birth(2**32 - 1)
    birth.cameras, birth.policy_hash, birth.place = [camera], bytes(32), "p" * 128
    plain = messages.CameraState("yard-2")
    dome = messages.CameraState("d" * 48)
    dome.dome_state, dome.pan_cdeg, dome.tilt_cdeg = "moving", 35999, -9000
    dome.zoom_permille, dome.is_position_known = 1000, True
    dome.sound_state, dome.sound_grant_id = "off", ""
    dome.holder, dome.holder_role, dome.free_in_ms = "\u20ac" * 48, "operator", 3000
    dome.activity, dome.debtor = "tour night", "op-7"
    full = messages.Heartbeat(7)
    full.cameras, full.faults = [plain, dome], [messages.FaultRow(101, "dome-1", 9, "raised")]
    full.supply_mv, full.board_temp_mdegc, full.counters = 12000, -40000, {"a.retries": 2**53 - 1}
    event = messages.EventRecord(1, 2**53 - 1, 65535)
    event.fields = {"text": "\u20ac" * 256, "number": -(2**63), "flag": True, "bytes": b"\0" * 256}
    command = message.Command("ptz.move", {"camera": "dome-1", "pan": -1000, "level": True})
    command.unit, command.sequence, command.purpose = "unit-1", 1, 14
    command.person, command.role = "op-7", "operator"
    return [
        ("state", messages.encode(messages.Birth())),
        ("state", messages.encode(birth)),
        ("state", messages.encode(messages.Farewell(1, messages.LOST))),
        ("state", messages.encode(messages.Farewell(1, messages.STOPPED))),
        ("heartbeat", messages.encode(messages.Heartbeat())),
        ("heartbeat", messages.encode(full)),
        ("event", messages.encode(messages.EventRecord(1, 1, 101))),
        ("event", messages.encode(event)),
        ("cursor", messages.encode(messages.Cursor(2**32 - 1, 2**53 - 1, 2**53 - 1, 2**53 - 1))),
        ("still", messages.encode(messages.Still(1, b"\xff\xd8"))),
        ("command", message.encode(command)),
        ("answer", message.encode_answer(message.Answer("unit-1", 1, message.DONE))),
    ]


def test_every_encoder_writes_what_both_validators_accept():
    assert {rule for rule, _payload in samples()} == set(RULES)
    for rule, payload in samples():
        assert judged(rule, payload), (rule, payload.hex())


def test_a_missing_an_unknown_and_a_wrong_field_are_refused():
    for rule, payload in samples():
        fields = loads(payload)
        assert isinstance(fields, dict)
        for key in fields:
            wrong = dict(fields)
            wrong[key] = None
            assert not judged(rule, dumps(wrong)), (rule, key)
            if rule != "heartbeat" or key not in (13, 14):
                without = {name: value for name, value in fields.items() if name != key}
                assert not judged(rule, dumps(without)), (rule, key)
        unknown = dict(fields)
        unknown[99] = 0
        assert not judged(rule, dumps(unknown)), rule


def test_the_document_names_exactly_our_topics():
    document = yaml.safe_load(PAGE)
    assert str(document["asyncapi"]).startswith("3.")
    wanted = {kind: topics.topic("UNIT", kind) for kind in topics.KINDS if kind != topics.STILL}
    wanted[topics.STILL] = topics.still("UNIT", "CAMERA")
    found = {
        name: channel["address"].replace("{unit}", "UNIT").replace("{camera}", "CAMERA")
        for name, channel in document["channels"].items()
    }
    assert found == wanted


def test_the_document_refers_only_to_what_there_is():
    document = yaml.safe_load(PAGE)
    rules = {line.split(" ")[0] for line in CDDL.splitlines() if " = " in line}
    used = set()
    for operation in document["operations"].values():
        assert operation["action"] in {"send", "receive"}
        used.add(operation["channel"]["$ref"].removeprefix("#/channels/"))
    assert used == set(document["channels"])
    assert set(document["components"]["messages"]) == used
    for one in document["components"]["messages"].values():
        assert one["payload"]["schema"]["$ref"].removeprefix("telemetry.cddl#") in rules
