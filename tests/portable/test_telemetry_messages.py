"""A payload that says anything unknown, missing or out of range is refused by name and value."""

from firmware.cbor.decode import loads
from firmware.cbor.encode import dumps
from firmware.errors import LocalProtocolError, RemoteProtocolError
from firmware.telemetry import messages, topics


def refused(decode, data):
    """The text of the refusal; "" when it was taken."""
    try:
        decode(data)
    except RemoteProtocolError as error:
        return str(error)
    return ""


def heartbeat():
    """A heartbeat with everything in it."""
    camera = messages.CameraState("dome-1")
    camera.dome_state, camera.pan_cdeg, camera.tilt_cdeg = "moving", 35999, -9000
    camera.zoom_permille, camera.is_position_known = 500, False
    payload = messages.Heartbeat(7)
    payload.cameras = [camera]
    payload.faults = [messages.FaultRow(101, "dome-1", 9, "raised")]
    payload.supply_mv = 12000
    payload.counters = {"dome-1.retries": 3}
    return payload


def test_what_was_written_is_read_back():
    found = messages.decode_heartbeat(messages.encode(heartbeat()))
    camera = found.cameras[0]
    assert (camera.name, camera.pan_cdeg, camera.tilt_cdeg) == ("dome-1", 35999, -9000)
    assert camera.is_position_known is False
    assert camera.sound_state is None
    assert found.board_temp_mdegc is None
    assert (found.faults[0].number, found.faults[0].state) == (101, "raised")
    assert found.counters == {"dome-1.retries": 3}
    event = messages.EventRecord(1, 2, 101)
    event.fields = {"text": "x", "number": -5, "flag": True, "bytes": b"y"}
    found = messages.decode_event(messages.encode(event))
    assert found.fields == event.fields
    assert found.fields["flag"] is True


def test_a_field_unknown_missing_or_wrong_is_named():
    cases = (
        ({99: "x"}, (), "unknown key 99 with value 'x'"),
        ({"a": 1}, (), "unknown key 'a' with value 1"),
        ({}, (2,), "heartbeat.number (key 2) is missing"),
        ({5: 4}, (), "heartbeat.utc_quality is 4; it must be an integer 0 to 3"),
        ({10: 1}, (), "heartbeat.is_armed is 1; it must be true or false"),
        ({2: True}, (), "heartbeat.number is True"),
        ({11: 1001}, (), "heartbeat.fill_permille is 1001"),
        ({7: [[0, "x", 1, "raised"]]}, (), "heartbeat.faults[0].number is 0"),
        ({7: [[101, "x", 1]]}, (), "it must be a row of 4"),
        ({6: [{1: ""}]}, (), "heartbeat.cameras[0].name is ''"),
        ({6: 5}, (), "heartbeat.cameras is 5"),
        ({15: {"x": -1}}, (), "heartbeat.counters is {'x': -1}"),
    )
    for changed, gone, want in cases:
        fields = loads(messages.encode(heartbeat()))
        for key in gone:
            del fields[key]
        for key in changed:
            fields[key] = changed[key]
        text = refused(messages.decode_heartbeat, dumps(fields))
        assert want in text, (changed, gone, text)


def test_a_birth_is_no_farewell():
    assert isinstance(messages.decode_state(messages.encode(messages.Birth(1))), messages.Birth)
    assert "farewell.reason" in refused(messages.decode_state, dumps({1: 1, 2: False, 3: "tired"}))
    assert "birth.version" in refused(messages.decode_state, dumps({1: 1, 2: True}))
    assert "must be a map" in refused(messages.decode_state, dumps([1]))


def test_a_still_is_a_jpeg():
    assert messages.decode_still(messages.encode(messages.Still(1, b"\xff\xd8x"))).jpeg[2:] == b"x"
    assert "JPEG" in refused(messages.decode_still, messages.encode(messages.Still(1, b"GIF89a")))


def test_every_cut_and_every_changed_byte_is_refused_or_read_but_never_a_crash():
    data = messages.encode(heartbeat())
    for cut in range(len(data)):
        assert refused(messages.decode_heartbeat, data[:cut]), cut
    for at in range(len(data)):
        for value in (0, 0x1F, 0x7F, 0xA0, 0xFF):
            changed = data[:at] + bytes([value]) + data[at + 1 :]
            refused(messages.decode_heartbeat, changed)


def test_nonsense_is_not_sent():
    for name, value in (("utc_quality", 4), ("is_armed", 1), ("supply_mv", -1), ("number", None)):
        payload = heartbeat()
        setattr(payload, name, value)
        try:
            messages.encode(payload)
            raise AssertionError(name)
        except LocalProtocolError as error:
            assert name in str(error), error


def test_topics_are_taken_apart_as_they_were_put_together():
    for kind in topics.KINDS:
        if kind != topics.STILL:
            assert topics.parse(topics.topic("unit-1", kind)) == ("unit-1", kind, "")
    assert topics.parse(topics.still("unit-1", "dome-1")) == ("unit-1", "still", "dome-1")
    for text in ("", "a/b", "/event", "unit-1/other", "unit-1/event/", "unit-1/still", "u+/event"):
        for prefix in ("", topics.PREFIX):
            assert "none of ours" in refused(topics.parse, prefix + text), prefix + text
    for name in ("", "a/b", "+", "#", "x" * 49, "\u00fcnit"):
        try:
            topics.topic(name, topics.EVENT)
            raise AssertionError(name)
        except LocalProtocolError as error:
            assert "unit name" in str(error)
