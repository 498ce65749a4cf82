"""A command is done when all about it is right, and refused by name when anything is not."""

import hashlib

from firmware.cbor.encode import dumps
from firmware.commands import acts, message
from firmware.commands.message import Answer, Command
from firmware.commands.service import FUTURE_MS_MAX, LIFE_MS_MAX, CommandService
from firmware.cose import mac0
from firmware.cose.replay import ReplayGuard
from firmware.errors import RemoteProtocolError
from firmware.policy import rules
from firmware.policy.decide import Decision, decide

NOW_UTC_MS = 1_795_500_000_000
TOPIC = "lamp/unit-1/command"
CAMERA = {"camera": "dome-1"}
ARGUMENTS = {
    "ptz.move": {"camera": "dome-1", "pan": -1000, "tilt": 1000, "zoom": 0},
    "ptz.stop": CAMERA,
    "ptz.preset": {"camera": "dome-1", "do": "go", "number": 255},
    "ptz.go_to": {
        "camera": "dome-1",
        "pan_cdeg": 35_999,
        "tilt_cdeg": -9_000,
        "zoom_permille": 1000,
    },
    "ptz.step_by": {"camera": "dome-1", "pan_cdeg": -1, "tilt_cdeg": 1, "zoom_permille": 0},
    "ptz.home": CAMERA,
    "ptz.calibrate": {"camera": "dome-1", "do": "mark", "pan_cdeg": 0, "tilt_cdeg": -9_000},
    "ptz.aux": {"camera": "dome-1", "number": 1, "level": True},
    "ptz.lens": {"camera": "dome-1", "focus": -1, "iris": 1},
    "ptz.tour": {"camera": "dome-1", "plan": "1:20 2:15"},
    "ptz.tour_end": {"camera": "dome-1"},
    "ptz.tour_keep": {
        "camera": "dome-1",
        "name": "night",
        "plan": "1:20 2:15",
        "hours": "22:00-06:00",
    },
    "ptz.tour_drop": {"camera": "dome-1", "name": "night"},
    "ptz.tour_run": {"camera": "dome-1", "name": "night"},
    "ptz.tour_list": CAMERA,
    "ptz.pattern": {"camera": "dome-1", "do": "record", "number": 4, "preset": 255},
    "ptz.switch": {"camera": "dome-1", "what": "wiper", "level": True},
    "ptz.menu": {"camera": "dome-1", "do": "open"},
    "ptz.hand_over": {"camera": "dome-1", "to": "op-8"},
    "ptz.release": CAMERA,
    "ptz.reason": {"camera": "dome-1", "text": "a person on the roof"},
    "sound.on": CAMERA,
    "sound.off": CAMERA,
    "fault.acknowledge": {"fault": 7, "subject": "dome-1"},
    "still.take": CAMERA,
    "ring.hold": {"camera": "dome-1", "kind": "picture", "from_utc_ms": 1, "to_utc_ms": 2},
    "ring.release": {"hold": 1},
}


class Keys:
    """Two keys, as a unit and the CMC hold them."""

    def mac(self, key_id, data):
        """HMAC, or b"" where there is no such key."""
        if key_id not in (b"command", b"other"):
            return b""
        padded = key_id + bytes(64 - len(key_id))
        inner = hashlib.sha256(bytes([byte ^ 0x36 for byte in padded]) + data).digest()
        return hashlib.sha256(bytes([byte ^ 0x5C for byte in padded]) + inner).digest()


class Received:
    """A publication as the link hands it over."""

    def __init__(self, payload, is_retained=False):
        self.payload = payload
        self.is_retained = is_retained


class Bench:
    """A service with everything allowed and one function for every act."""

    def __init__(self, decision=None, result=("", None)):
        guard = ReplayGuard(0)
        guard.reserved(guard.wants_reserve())
        self.done = []
        self.result = result
        self.service = CommandService(
            "unit-1", Keys(), guard, lambda _command: decision or Decision()
        )
        for act in acts.ACTS:
            self.service.register(act, self.do)

    def do(self, command, now_ms):
        """Do an act: write it down."""
        self.done.append((command.sequence, command.act, now_ms))
        code, detail = self.result
        return code, dict(detail or {})

    def send(self, command, is_retained=False, quality=2, utc_ms=NOW_UTC_MS):
        """Seal a command and put it through the door."""
        received = Received(sealed(command), is_retained)
        return self.service.receive(TOPIC, received, utc_ms, quality, 5000)


def command_of(act="ptz.stop", sequence=1, **fields):
    """Make a command with nothing wrong, then change some fields."""
    command = Command(act, dict(ARGUMENTS.get(act, {})))
    command.unit = "unit-1"
    command.sequence = sequence
    command.issued_utc_ms = NOW_UTC_MS - 200
    command.expires_utc_ms = NOW_UTC_MS + 5000
    command.person = "Ada Lovelace"
    command.role = "operator"
    command.purpose = 2
    command.reason = "a call from the bus station"
    for name, value in fields.items():
        setattr(command, name, value)
    return command


def sealed(command, key_id=b"command", topic=TOPIC):
    return mac0.seal(Keys(), key_id, message.encode(command), topic.encode())


def test_every_act_is_done_and_answered_once():
    for act in sorted(acts.ACTS):
        bench = Bench()
        answer = bench.send(command_of(act))
        assert (answer.result, answer.code, answer.sequence) == ("done", "", 1), act
        assert bench.done == [(1, act, 5000)], act
        assert bench.service.accepted_count == 1, act
        (event,) = bench.service.events.take()
        assert event[:2] == ("command.accepted", 5000), act
        assert event[2]["person"] == "Ada Lovelace", act
        assert event[2]["act"] == act, act


def test_what_is_wrong_is_named_counted_and_not_done():
    cases = (
        ("command.foreign", {"unit": "unit-2"}, {}, ""),
        ("command.retained", {}, {"is_retained": True}, ""),
        ("command.no_clock", {"act": "sound.off", "arguments": CAMERA}, {"quality": 0}, ""),
        ("command.stale", {"expires_utc_ms": NOW_UTC_MS}, {}, ""),
        ("command.stale", {"expires_utc_ms": NOW_UTC_MS - 200 + LIFE_MS_MAX + 1}, {}, ""),
        ("command.stale", {"issued_utc_ms": NOW_UTC_MS + 6000}, {}, ""),
        (
            "command.future",
            {
                "issued_utc_ms": NOW_UTC_MS + FUTURE_MS_MAX + 1,
                "expires_utc_ms": NOW_UTC_MS + FUTURE_MS_MAX + 1000,
            },
            {},
            "",
        ),
        ("command.unstored", {"sequence": 65, "act": "sound.off"}, {}, ""),
        ("command.person", {"person": ""}, {}, "C14"),
        ("command.person", {"person": "  "}, {}, "C14"),
        ("command.unknown_act", {"act": "ptz.dance"}, {}, ""),
        ("command.arguments", {"arguments": {}}, {}, ""),
    )
    for code, fields, how, clause in cases:
        bench = Bench()
        answer = bench.send(command_of(**fields), **how)
        case = (code, fields)
        assert (answer.result, answer.code, answer.clause) == ("refused", code, clause), case
        assert answer.remedy, case
        assert bench.done == [], case
        assert bench.service.counts == {code: 1}, case
        assert bench.service.accepted_count == 0, case
        (event,) = bench.service.events.take()
        assert (event[0], event[2]["code"]) == ("command.refused", code), case


def test_what_is_not_proven_gets_no_answer_and_no_event():
    command = command_of()
    whole = sealed(command)
    cases = (
        ("command.unverified", whole[:-1] + bytes([whole[-1] ^ 1])),
        ("command.unverified", sealed(command, topic="lamp/unit-2/command")),
        ("command.unverified", sealed(command, key_id=b"other")),
        ("command.malformed", b""),
        ("command.malformed", b"\x00" * 70),
        ("command.malformed", whole + b"\x00"),
        ("command.malformed", mac0.seal(Keys(), b"command", b"\xa0", TOPIC.encode())),
        ("command.malformed", mac0.seal(Keys(), b"command", b"\x01", TOPIC.encode())),
    )
    for code, payload in cases:
        bench = Bench()
        got = bench.service.receive(TOPIC, Received(payload), NOW_UTC_MS, 2, 0)
        assert got is None, code
        assert bench.service.counts == {code: 1}, code
        assert bench.service.events.take() == [], code
        assert bench.done == [], code


def test_a_replayed_command_is_refused_though_everything_else_is_right():
    bench = Bench()
    command = command_of("ptz.move", 5)
    assert bench.send(command).result == "done"
    for sequence in (5, 4, 1):
        answer = bench.send(command_of("ptz.move", sequence))
        assert answer.code == "command.replayed", sequence
    assert len(bench.done) == 1
    assert bench.service.counts == {"command.replayed": 3}
    assert len(bench.service.events.take()) == 2, "replays leave one event a minute"


def test_a_refused_command_has_used_its_sequence():
    bench = Bench(Decision("C49", "command.not_permitted", "ask somebody else"))
    assert bench.send(command_of("ptz.move", 3)).clause == "C49"
    assert bench.send(command_of("ptz.move", 3)).code == "command.replayed"


def test_a_stop_waits_for_no_clock_and_no_medium():
    stop = command_of("ptz.stop", 1, expires_utc_ms=NOW_UTC_MS - 90_000)
    assert Bench().send(stop, quality=0, utc_ms=0).result == "done"
    assert Bench().send(stop, quality=1).result == "done"
    assert Bench().send(stop, quality=2).code == "command.stale"
    bench = Bench()
    assert bench.send(command_of("ptz.stop", 70)).result == "done"
    assert bench.send(command_of("ptz.stop", 70)).code == "command.replayed"


def test_the_functions_code_clause_and_remedy_are_passed_on():
    bench = Bench(result=("ptz.zone", {"clause": "C21", "remedy": "turn away", "zone": 3}))
    answer = bench.send(command_of("ptz.move"))
    assert (answer.result, answer.code) == ("refused", "ptz.zone")
    assert (answer.clause, answer.remedy, answer.detail) == ("C21", "turn away", {"zone": 3})
    answer = Bench(result=("port.lost", {})).send(command_of("ptz.move"))
    assert (answer.result, answer.code) == ("failed", "port.lost")


def test_an_act_that_nothing_can_do_is_refused():
    bench = Bench()
    bench.service._functions.clear()
    assert bench.send(command_of()).code == "command.not_fitted"


def test_a_move_held_on_leaves_one_event():
    bench = Bench()
    for sequence in range(1, 6):
        assert bench.send(command_of("ptz.move", sequence)).result == "done", sequence
    assert len(bench.done) == 5
    assert bench.service.renewed_count == 4
    other = dict(ARGUMENTS["ptz.move"])
    other["pan"] = 5
    bench.send(command_of("ptz.move", 6, arguments=other))
    bench.send(command_of("ptz.stop", 7))
    bench.send(command_of("ptz.move", 8, arguments=other))
    assert [event[2]["sequence"] for event in bench.service.events.take()] == [1, 6, 7, 8]


def test_the_policy_decides_for_every_role_act_and_class():
    for role in rules.ROLES:
        for act in sorted(acts.ACTS):
            for scheme_class in rules.CLASSES:
                conditions = ("armed", "granted")
                decision = decide(role, act, scheme_class, 2, conditions)
                answer = Bench(decision).send(command_of(act, role=role))
                is_allowed = rules.is_allowed(role, act, scheme_class)
                case = (role, act, scheme_class)
                assert (answer.result == "done") == is_allowed, case
                assert is_allowed == (answer.clause == ""), case


def test_a_role_or_purpose_that_is_not_on_the_list_is_refused():
    for role, purpose, clause in (("intruder", 2, "C49"), ("operator", 15, "C05")):
        decision = decide(role, "ptz.move", "site", purpose, ("armed",))
        answer = Bench(decision).send(command_of("ptz.move", role=role, purpose=purpose))
        assert (answer.result, answer.clause) == ("refused", clause), role


def test_every_argument_is_checked():
    wrong = {
        "camera": ("", "x" * 33, 5, True),
        "pan": (-1001, 1001, True, "1"),
        "tilt": (-1001, 1001, False),
        "zoom": (-2, 2),
        "pan_cdeg": (-36_000, 36_000, True),
        "tilt_cdeg": (-18_001, 18_001),
        "zoom_permille": (-1001, 1001),
        "do": ("", "Go", 1),
        "number": (0, 256, True),
        "level": (0, 1, "on"),
        "focus": (2, -2),
        "iris": (2, -2),
        "fault": (0, 65536, "7"),
        "subject": ("", "s" * 65),
        "plan": ("", "p" * 251, 5),
        "name": ("", "n" * 33, 5),
        "hours": ("", "h" * 17, 5),
        "kind": ("", "still", 1),
        "from_utc_ms": (0, 1 << 48, "1"),
        "to_utc_ms": (0, 1 << 48, "1"),
        "hold": (0, 1 << 32, "1"),
        "preset": (0, 256, True),
        "what": ("", "w" * 33, 5),
        "to": ("", "t" * 49, 5),
        "text": ("", "t" * 121, 5),
    }
    for act in acts.ACTS:
        assert acts.argument_faults(act, ARGUMENTS[act]) == [], act
        for name in ARGUMENTS[act]:
            without = {key: ARGUMENTS[act][key] for key in ARGUMENTS[act] if key != name}
            assert acts.argument_faults(act, without) == [name + ": missing"], (act, name)
            for value in wrong[name]:
                changed = dict(ARGUMENTS[act])
                changed[name] = value
                (fault,) = acts.argument_faults(act, changed)
                assert fault.startswith(name + " = "), (act, name, value)
        more = dict(ARGUMENTS[act])
        more["speed"] = 1
        assert acts.argument_faults(act, more) == ["speed: not known to " + act], act


def test_a_command_comes_back_as_it_was_sent():
    command = command_of("ptz.aux", 2**40)
    back = message.decode(message.encode(command))
    for _, name, _ in message.COMMAND_FIELDS:
        assert getattr(back, name) == getattr(command, name), name
    assert back.text("camera") == "dome-1"
    assert (back.number("number"), back.number("level"), back.number("camera")) == (1, 1, 0)
    assert (back.text("number"), back.text("none"), back.number("none")) == ("", "", 0)


def test_an_answer_comes_back_as_it_was_sent():
    answer = Answer("unit-1", 9, "refused")
    answer.code, answer.clause, answer.remedy = "ptz.zone", "C21", "turn away"
    answer.detail = {"zone": 3}
    back = message.decode_answer(message.encode_answer(answer))
    for _, name, _ in message.ANSWER_FIELDS:
        assert getattr(back, name) == getattr(answer, name), name


def test_fields_that_are_missing_wrong_or_unknown_are_refused():
    good = {number: getattr(command_of(), name) for number, name, _ in message.COMMAND_FIELDS}
    cases = [good_without(good, number) for number in good]
    for number, value in (
        (1, 1),
        (1, "u" * 257),
        (2, "1"),
        (2, True),
        (2, 0),
        (2, -1),
        (3, -1),
        (3, None),
        (5, b"Ada"),
        (9, 4),
        (10, []),
        (10, {1: 2}),
        (10, {"a": [1]}),
        (10, {"a": b""}),
        (10, {"a": "x" * 257}),
        (10, {str(index): 0 for index in range(9)}),
        (11, "more"),
        ("unit", "unit-1"),
    ):
        changed = dict(good)
        changed[number] = value
        cases.append(changed)
    for case in cases:
        try:
            message.decode(dumps(case))
        except RemoteProtocolError:
            continue
        raise AssertionError(case)
    answer = {1: "u", 2: 1, 3: "perhaps", 4: "", 5: "", 6: {}, 7: ""}
    try:
        message.decode_answer(dumps(answer))
    except RemoteProtocolError:
        return
    raise AssertionError("taken")


def good_without(good, number):
    """Copy a map without one key."""
    return {key: good[key] for key in good if key != number}


def test_no_mutation_of_a_command_is_accepted():
    data = sealed(command_of("ptz.move"))
    bench = Bench()
    seed = 20_261_124
    for turn in range(500):
        changed = bytearray(data)
        for _ in range(1 + turn % 4):
            seed = (seed * 1_103_515_245 + 12_345) & 0x7FFFFFFF
            changed[(seed >> 8) % len(data)] ^= 1 << (seed & 7)
        if bytes(changed) == data:
            continue
        got = bench.service.receive(TOPIC, Received(bytes(changed)), NOW_UTC_MS, 2, 0)
        assert got is None, turn
    assert bench.done == []
    assert sum(bench.service.counts.values()) >= 490


JUNK = (0, -1, 2**64 - 1, True, None, b"", "", "ptz.move", [], {}, {"camera": "x"}, {1: 2}, [[]])


def test_junk_under_a_right_mac_is_answered_or_counted_and_never_done():
    good = {number: getattr(command_of(), name) for number, name, _ in message.COMMAND_FIELDS}
    for number in good:
        for junk in JUNK:
            changed = dict(good)
            changed[number] = junk
            bench = Bench()
            payload = mac0.seal(Keys(), b"command", dumps(changed), TOPIC.encode())
            answer = bench.service.receive(TOPIC, Received(payload), NOW_UTC_MS, 2, 0)
            case = (number, junk)
            if answer is not None and answer.result == "done":
                # Person and reason are anybody's words, role and purpose the policy's to judge.
                is_anybodys = number in (5, 6, 7, 8)
                assert is_anybodys or changed[10] == {"camera": "x"}, case
                continue
            assert bench.done == [], case
            assert sum(bench.service.counts.values()) == 1, case
