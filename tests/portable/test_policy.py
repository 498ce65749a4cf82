"""What a paper lacks is named with its clause, and what the Code does not allow is not done.

Clauses C02 C05 C07 C09 C11 C12 C21 C24 C34 C38 C39 C40 C46 C49 C81 C85.
"""

import hashlib

from firmware.cbor.encode import Tag, dumps
from firmware.cose import sign1
from firmware.errors import RemoteProtocolError
from firmware.policy import grant, permit, rules
from firmware.policy.decide import decide
from firmware.policy.fields import PaperError
from firmware.policy.grant import Grant
from firmware.policy.permit import DAY_MS, Permit

START_MS = 1_795_500_000_000
NOW_MS = START_MS + DAY_MS
PLACE = {"name": "Depot", "lat_udeg": 51_878_000, "lon_udeg": -420_000, "radius_m": 50}


def sign_fields():
    """Draw up one complete sign."""
    return {
        "id": "S1",
        "graphic": True,
        "owner": "Council",
        "purpose": "crime prevention",
        "phone": "01632 960123",
        "photo": bytes(32),
    }


def permit_fields():
    """Draw up a permit with nothing wrong."""
    return {
        "kind": "permit",
        "version": 1,
        "id": "P1",
        "unit": "unit-1",
        "owner": "Council",
        "class": "site",
        "place": dict(PLACE),
        "purposes": [1, 14],
        "assessment": "NA1",
        "dpia": {"id": "D1", "outcome": "yes", "conditions": []},
        "consultation": "CO1",
        "officer": "A. Officer",
        "phone": "01632 960123",
        "signs": [sign_fields()],
        "start_utc_ms": START_MS,
        "end_utc_ms": START_MS + 400 * DAY_MS,
        "review_utc_ms": START_MS + 365 * DAY_MS,
        "zones": [
            {"camera": "dome-1", "space": "dome", "rectangle": [35_000, -500, 1_000, 900]},
            {"camera": "yard-2", "space": "picture", "rectangle": [0, 0, 250, 1000]},
        ],
    }


def grant_fields():
    """Draw up a grant with nothing wrong."""
    return {
        "kind": "grant",
        "version": 1,
        "id": "G1",
        "unit": "unit-1",
        "camera": "yard-2",
        "permit": "P1",
        "class": "site",
        "place": dict(PLACE),
        "purpose": 6,
        "justification": "J1",
        "need": "assaults on staff",
        "alternatives": "lighting and patrols",
        "why_sound": "threats out of view",
        "design": "off by default",
        "quality": "speech at 4 m",
        "staff_consultation": "SC1",
        "dpia": {"id": "D2", "camera": "yard-2", "outcome": "yes", "conditions": []},
        "sign": "SS1",
        "start_utc_ms": START_MS,
        "end_utc_ms": START_MS + 30 * DAY_MS,
    }


PERMIT_CLAUSES = {
    "kind": "C09",
    "version": "C09",
    "id": "C09",
    "unit": "C09",
    "owner": "C04",
    "class": "C02",
    "place": "C09",
    "purposes": "C05",
    "assessment": "C09",
    "dpia": "C85",
    "consultation": "C09",
    "officer": "C09",
    "phone": "C24",
    "signs": "C24",
    "start_utc_ms": "C09",
    "end_utc_ms": "C09",
    "review_utc_ms": "C12",
    "zones": "C21",
}
GRANT_CLAUSES = {
    "kind": "C09",
    "version": "C09",
    "id": "C07",
    "unit": "C07",
    "camera": "C40",
    "permit": "C07",
    "class": "C38",
    "place": "C40",
    "purpose": "C05",
    "justification": "C07",
    "need": "C39",
    "alternatives": "C39",
    "why_sound": "C39",
    "design": "C39",
    "quality": "C39",
    "staff_consultation": "C39",
    "dpia": "C40",
    "sign": "C24",
    "start_utc_ms": "C07",
    "end_utc_ms": "C07",
}


class Sha256:
    """The hash of the platform."""

    def sha256(self, data):
        """Hash; 32 bytes."""
        return hashlib.sha256(data).digest()


class OneKey:
    """Takes SHA-256 of a prefix and the text, twice, for a signature: P-256 is not to be had."""

    def verify_es256(self, public_key, data, signature):
        """Compare with the only proof there is."""
        return signature == proof_of(public_key, data)


def proof_of(public_key, data):
    """Stand in for a signature."""
    return hashlib.sha256(public_key + data).digest() * 2


def faults_of(parse, fields):
    """Give (clause, field) of every fault; empty when the paper is taken."""
    try:
        parse(dumps(fields))
    except PaperError as error:
        assert str(error)
        return [(clause, name) for clause, name, _ in error.faults]
    return []


def without(fields, name):
    """Copy a map without one key."""
    return {key: fields[key] for key in fields if key != name}


def changed(fields, name, value):
    """Copy a map with one key set."""
    copy = dict(fields)
    copy[name] = value
    return copy


def test_a_whole_permit_and_grant_are_taken():
    paper = Permit.parse(dumps(permit_fields()))
    assert (paper.id, paper.unit, paper.scheme_class) == ("P1", "unit-1", "site")
    assert (paper.purposes, paper.owner, paper.phone) == ([1, 14], "Council", "01632 960123")
    zones = paper.zones("dome-1", "dome")
    assert [(zone.rectangle, zone.rule) for zone in zones] == [
        ((35_000, -500, 1_000, 900), "avoid")
    ]
    assert paper.zones("dome-1", "picture") == []
    zones = paper.zones("yard-2", "picture")
    assert [zone.rectangle for zone in zones] == [(0, 0, 250, 1000)]
    sound = Grant.parse(dumps(grant_fields()))
    assert (sound.id, sound.camera, sound.purpose) == ("G1", "yard-2", 6)
    assert permit.check(paper, "unit-1", "Depot", NOW_MS) == []
    assert grant.check(sound, paper, "unit-1", "yard-2", "Depot", NOW_MS) == []


def test_each_field_taken_away_is_named_with_its_clause():
    papers = (
        (Permit.parse, permit_fields(), PERMIT_CLAUSES),
        (Grant.parse, grant_fields(), GRANT_CLAUSES),
    )
    for parse, fields, clauses in papers:
        assert sorted(fields) == sorted(clauses)
        for name in fields:
            assert (clauses[name], name) in faults_of(parse, without(fields, name)), name
            for value in (None, b"bytes", [[]]):
                found = faults_of(parse, changed(fields, name, value))
                assert clauses[name] in [clause for clause, _ in found], (name, value)


def test_each_field_inside_taken_away_is_named():
    for name in ("id", "outcome", "conditions"):
        inner = without(permit_fields()["dpia"], name)
        assert "dpia." + name in [
            field for _, field in faults_of(Permit.parse, changed(permit_fields(), "dpia", inner))
        ], name
    for name in PLACE:
        inner = without(PLACE, name)
        for parse, fields, clause in (
            (Permit.parse, permit_fields(), "C09"),
            (Grant.parse, grant_fields(), "C09"),
        ):
            found = faults_of(parse, changed(fields, "place", inner))
            assert found == [(clause, "place." + name)], name
    for name in sign_fields():
        signs = [sign_fields(), without(sign_fields(), name)]
        found = faults_of(Permit.parse, changed(permit_fields(), "signs", signs))
        assert ("C24", "signs[1]." + name) in found, name
    for name in ("camera", "space", "rectangle"):
        zones = [without(permit_fields()["zones"][1], name)]
        found = faults_of(Permit.parse, changed(permit_fields(), "zones", zones))
        assert ("C21", "zones[0]." + name) in found, name


def test_all_faults_are_told_at_once():
    found = faults_of(Permit.parse, {"kind": "permit", "version": 1})
    named = [name for _, name in found]
    for name in without(without(permit_fields(), "kind"), "version"):
        assert name in named, name


def test_values_out_of_range_are_refused_with_their_clause():
    late_ms = START_MS + 367 * DAY_MS
    yes, no = "yes", "no"
    cases = (
        ("C09", "kind", "grant"),
        ("C09", "version", 2),
        ("C09", "id", ""),
        ("C09", "unit", "   "),
        ("C09", "officer", "x" * 161),
        ("C09", "speed", 1),
        ("C05", "purposes", []),
        ("C05", "purposes", [0]),
        ("C05", "purposes", [15]),
        ("C05", "purposes", [True]),
        ("C05", "purposes", ["1"]),
        ("C12", "review_utc_ms", late_ms),
        ("C12", "review_utc_ms", START_MS),
        ("C09", "end_utc_ms", START_MS),
        ("C09", "place", changed(PLACE, "radius_m", 4)),
        ("C09", "place", changed(PLACE, "lat_udeg", 90_000_001)),
        ("C85", "dpia", {"id": "D", "outcome": no, "conditions": []}),
        ("C85", "dpia", {"id": "D", "outcome": "perhaps", "conditions": []}),
        ("C85", "dpia", {"id": "D", "outcome": "conditions", "conditions": []}),
        ("C85", "dpia", {"id": "D", "outcome": "conditions", "conditions": ["no_rain"]}),
        ("C85", "dpia", {"id": "D", "outcome": yes, "conditions": ["no_ptz"]}),
        ("C24", "signs", []),
        ("C24", "signs", [5]),
        ("C24", "signs", [changed(sign_fields(), "graphic", False)]),
        ("C24", "signs", [changed(sign_fields(), "phone", "999")]),
        ("C24", "signs", [changed(sign_fields(), "photo", bytes(31))]),
        ("C24", "phone", "999"),
    )
    for clause, name, value in cases:
        found = faults_of(Permit.parse, changed(permit_fields(), name, value))
        assert clause in [fault for fault, _ in found], (name, value)


def test_zones_that_make_no_sense_are_refused():
    good = {"camera": "c", "space": "dome", "rectangle": [0, 0, 1, 1]}
    for space, rectangle in (
        ("dome", [0, 10, 1, 10]),
        ("dome", [5, 0, 5, 1]),
        ("dome", [-1, 0, 1, 1]),
        ("dome", [0, 0, 36_001, 1]),
        ("dome", [36_000, 0, 1, 1]),
        ("dome", [0, -9_001, 1, 1]),
        ("dome", [0, 0, 1]),
        ("dome", [0, 0, 1, True]),
        ("dome", [0, 0, 1, "1"]),
        ("picture", [0, 0, 1001, 1]),
        ("picture", [10, 0, 10, 1]),
        ("picture", [20, 0, 10, 1]),
        ("picture", [0, 5, 10, 5]),
        ("sphere", [0, 0, 1, 1]),
    ):
        zone = changed(changed(good, "space", space), "rectangle", rectangle)
        found = faults_of(Permit.parse, changed(permit_fields(), "zones", [zone]))
        assert [clause for clause, _ in found] == ["C21"], (space, rectangle)


def test_bytes_that_are_no_paper_are_refused():
    for payload in (b"", b"\xff", b"\x01", dumps([1]), dumps({})):
        for parse in (Permit.parse, Grant.parse):
            try:
                parse(payload)
            except PaperError:
                continue
            raise AssertionError(payload)


def test_a_class_that_nobody_knows_is_public_space():
    for name in ("park", "pss", "Site", "CMC_ROOM"):
        paper = Permit.parse(dumps(changed(permit_fields(), "class", name)))
        assert paper.scheme_class == "PSS", name
        sound = Grant.parse(dumps(grant_fields()))
        against = grant.check(sound, paper, "unit-1", "yard-2", "Depot", NOW_MS)
        assert ("C38", "grant.class") in against, name
    for name in (None, 5, b"site", True):
        assert rules.class_of(name) == "PSS", name


def test_a_permit_is_good_for_one_unit_place_and_period():
    paper = Permit.parse(dumps(permit_fields()))
    review_ms = START_MS + 365 * DAY_MS
    cases = (
        (("unit-1", "Depot", START_MS), []),
        (("unit-1", "Depot", review_ms - 1), []),
        (("unit-1", "Depot", 0), []),
        (("unit-2", "Depot", NOW_MS), [("C09", "permit.unit")]),
        (("unit-1", "Park", NOW_MS), [("C09", "permit.place")]),
        (("unit-1", "Depot", START_MS - 1), [("C09", "permit.not_begun")]),
        (("unit-1", "Depot", review_ms), [("C12", "permit.review")]),
        (
            ("unit-1", "Depot", START_MS + 400 * DAY_MS),
            [("C09", "permit.ended"), ("C12", "permit.review")],
        ),
    )
    for (unit, place, utc_ms), want in cases:
        assert permit.check(paper, unit, place, utc_ms) == want, (unit, place, utc_ms)
    assert paper.expires_utc_ms() == review_ms


def test_warnings_come_30_7_and_1_days_before_the_end():
    paper = Permit.parse(dumps(permit_fields()))
    over_ms = paper.expires_utc_ms()
    seen = []
    for day in range(365):
        days = paper.warning_days(START_MS + day * DAY_MS)
        if days not in seen:
            seen.append(days)
    assert seen == [0, 30, 7, 1]
    for left_ms, days in ((30 * DAY_MS + 1, 0), (30 * DAY_MS, 30), (7 * DAY_MS, 7), (DAY_MS, 1)):
        assert paper.warning_days(over_ms - left_ms) == days, left_ms


def test_a_unit_outside_the_circle_is_elsewhere():
    paper = Permit.parse(dumps(permit_fields()))
    lat_udeg, lon_udeg = PLACE["lat_udeg"], PLACE["lon_udeg"]
    # A thousandth of a degree is 111.3 m north and, at 51.9 degrees, 68.7 m east.
    for north_udeg, east_udeg, is_here in (
        (0, 0, True),
        (440, 0, True),
        (460, 0, False),
        (-440, 0, True),
        (0, 715, True),
        (0, 745, False),
        (0, -715, True),
        (330, 540, False),
        (310, 500, True),
        (0, 180_000_000, False),
    ):
        position = (lat_udeg + north_udeg, lon_udeg + east_udeg)
        against = permit.check(paper, "unit-1", "Depot", NOW_MS, position)
        assert (against == []) == is_here, position
    fields = changed(permit_fields(), "place", changed(PLACE, "lon_udeg", 180_000_000))
    paper = Permit.parse(dumps(fields))
    assert paper.place.holds((lat_udeg, -179_999_900)), "over the date line"


def test_a_grant_is_good_for_one_unit_camera_place_permit_and_period():
    paper = Permit.parse(dumps(permit_fields()))
    end_ms = START_MS + 30 * DAY_MS
    here = ("unit-1", "yard-2", "Depot", NOW_MS)
    cases = (
        ({}, ("unit-2", "yard-2", "Depot", NOW_MS), ("C07", "grant.unit")),
        ({}, ("unit-1", "dome-1", "Depot", NOW_MS), ("C40", "grant.camera")),
        ({}, ("unit-1", "yard-2", "Park", NOW_MS), ("C40", "grant.place")),
        ({}, ("unit-1", "yard-2", "Depot", START_MS - 1), ("C07", "grant.not_begun")),
        ({}, ("unit-1", "yard-2", "Depot", 0), ("C07", "grant.not_begun")),
        ({}, ("unit-1", "yard-2", "Depot", end_ms), ("C07", "grant.ended")),
        ({"permit": "P2"}, here, ("C07", "grant.permit")),
        ({"class": "vehicle"}, here, ("C02", "grant.class")),
        (
            {
                "dpia": {
                    "id": "D2",
                    "camera": "yard-2",
                    "outcome": "conditions",
                    "conditions": ["no_sound"],
                }
            },
            here,
            ("C85", "grant.limit"),
        ),
    )
    for fields, place, want in cases:
        whole = grant_fields()
        for name in fields:
            whole[name] = fields[name]
        against = grant.check(Grant.parse(dumps(whole)), paper, *place)
        assert against == [want], (fields, place)


def test_a_grant_for_public_space_is_refused():
    for name in ("PSS", "park"):
        found = faults_of(Grant.parse, changed(grant_fields(), "class", name))
        assert found == [("C38", "class")], name
    other = {"id": "D2", "camera": "dome-1", "outcome": "yes", "conditions": []}
    assert faults_of(Grant.parse, changed(grant_fields(), "dpia", other)) == [
        ("C40", "dpia.camera")
    ]


def test_every_cell_of_the_table():
    allowed_count = 0
    for role in rules.ROLES:
        for act, _, _ in rules.RULES:
            for scheme_class in rules.CLASSES:
                decision = decide(role, act, scheme_class, 1, ("armed", "granted"))
                case = (role, act, scheme_class)
                allowed_count += decision.is_allowed
                assert decision.is_allowed == (decision.clause == "" and decision.code == ""), case
                assert decision.is_allowed == rules.is_allowed(role, act, scheme_class), case
                if not decision.is_allowed:
                    assert decision.remedy, case
    # 3 drivers x 14 acts, 4 hands x 8 acts, 3 watchers' stills, a guest's 5,
    # an engineer's calibration, a reviewer's 2 holds of 3: 89 in 5 classes;
    # sound.on 3 in 3
    assert allowed_count == 89 * 5 + 3 * 3


def test_no_command_opens_a_microphone_in_public_space():
    for role in rules.ROLES:
        for scheme_class in ("PSS", "park", "", "Site"):
            for purpose in range(1, 15):
                decision = decide(role, "sound.on", scheme_class, purpose, ("armed", "granted"))
                assert decision.clause == "C38", (role, scheme_class)


def test_the_clause_behind_each_refusal():
    both = ("armed", "granted")
    for role, act, scheme_class, conditions, clause in (
        ("operator", "sound.on", "help_point", both, "C46"),
        ("engineer", "sound.on", "site", both, "C49"),
        ("engineer", "still.take", "site", both, "C34"),
        ("operator", "ring.hold", "site", both, "C32"),
        ("engineer", "ring.release", "site", both, "C32"),
        ("auditor", "ring.hold", "site", both, "C32"),
        ("keyholder", "ring.hold", "site", (), ""),
        ("keyholder", "ring.release", "PSS", (), ""),
        ("auditor", "ptz.stop", "site", both, "C81"),
        ("keyholder", "ptz.stop", "site", both, "C49"),
        ("operator", "ptz.dance", "site", both, "C49"),
        ("visitor", "ptz.stop", "site", both, "C49"),
        ("operator", "ptz.move", "site", (), "C09"),
        ("operator", "ptz.move", "site", ("granted",), "C09"),
        ("operator", "sound.on", "site", ("armed",), "C07"),
        ("operator", "still.take", "site", ("armed", "no_still"), "C85"),
        ("operator", "ptz.lens", "site", ("armed", "no_ptz"), "C85"),
        ("engineer", "ptz.move", "site", ("no_ptz",), "C85"),
        ("operator", "ptz.move", "site", ("armed", "no_night_ptz", "night"), "C85"),
        ("operator", "sound.on", "site", ("armed", "granted", "no_sound"), "C85"),
        ("operator", "ptz.move", "site", ("armed", "no_night_ptz"), ""),
        ("engineer", "ptz.move", "PSS", (), ""),
        ("operator", "ptz.stop", "PSS", ("no_ptz",), ""),
        ("operator", "sound.off", "PSS", (), ""),
    ):
        decision = decide(role, act, scheme_class, 2, conditions)
        assert decision.clause == clause, (role, act, conditions)
        assert decision.is_allowed == (clause == ""), (role, act, conditions)


def test_only_the_14_purposes_count():
    assert len(rules.PURPOSES) == 14
    for purpose in range(-3, 40):
        decision = decide("operator", "ptz.move", "site", purpose, ("armed",))
        assert decision.is_allowed == (1 <= purpose <= 14), purpose
    for purpose in (True, "1", None, b"\x01"):
        assert not rules.is_purpose(purpose), purpose


def test_the_policy_hash_changes_with_the_policy():
    before = rules.policy_hash(Sha256())
    assert len(before) == 32
    kept = rules.REASONS
    rules.REASONS = kept[1:]
    try:
        assert rules.policy_hash(Sha256()) != before
    finally:
        rules.REASONS = kept
    assert rules.policy_hash(Sha256()) == before


def test_no_mutation_of_a_signed_paper_is_accepted():
    authority = bytes(range(64))
    for module, fields in ((permit, permit_fields()), (grant, grant_fields())):
        payload = dumps(fields)
        signed = sign1.to_be_signed(payload, module.EXTERNAL_AAD, b"authority")
        data = sign1.assemble(payload, b"authority", proof_of(authority, signed))
        assert module.unseal(OneKey(), authority, data).id == fields["id"]
        seed = 20_261_124
        for turn in range(250):
            mutated = bytearray(data)
            for _ in range(1 + turn % 3):
                seed = (seed * 1_103_515_245 + 12_345) & 0x7FFFFFFF
                mutated[(seed >> 8) % len(data)] ^= 1 << (seed & 7)
            if bytes(mutated) == data:
                continue
            assert is_refused(module, authority, bytes(mutated)), turn
        other = grant if module is permit else permit
        assert is_refused(other, authority, data), "one kind of paper is not the other"
        assert is_refused(module, bytes(64), data), "another authority"


def is_refused(module, authority, data):
    """Tell whether a file is refused."""
    try:
        module.unseal(OneKey(), authority, data)
    except (RemoteProtocolError, PaperError):
        return True
    return False


JUNK = (0, -1, 2**64 - 1, True, None, b"", b"\xff" * 32, "", "site", [], [{}], {}, [1, 2])


def test_junk_in_any_field_is_refused_and_never_a_crash():
    for parse, whole in ((Permit.parse, permit_fields()), (Grant.parse, grant_fields())):
        for name in whole:
            for junk in JUNK:
                is_taken = not faults_of(parse, changed(whole, name, junk))
                # Free text takes any text, purposes a list of them, and there may be no zones.
                is_right = isinstance(junk, str) or (name, junk) in RIGHT_LISTS
                assert is_right or not is_taken, (name, junk)
            assert faults_of(parse, changed(whole, name, Tag(18, whole[name]))), name
            inner = whole[name][0] if isinstance(whole[name], list) else whole[name]
            for key in inner if isinstance(inner, dict) else ():
                for junk in JUNK:
                    value = changed(inner, key, junk)
                    value = [value] if isinstance(whole[name], list) else value
                    faults_of(parse, changed(whole, name, value))


RIGHT_LISTS = (("zones", []), ("purposes", [1, 2]))


def longer(numbers, *more):
    """Give a list with more at its end."""
    return numbers + list(more)


def test_zones_may_have_outlines_and_a_rule_and_wrong_ones_are_named():
    base = {"camera": "dome-1", "space": "dome"}
    corners = [35_900, 0, 100, 0, 0, 500]
    good = dict(base, polygon=corners, rule="withhold")
    paper = Permit.parse(dumps(changed(permit_fields(), "zones", [good])))
    zone = paper.zones("dome-1", "dome")[0]
    assert zone.outline == [(35_900, 0), (100, 0), (0, 500)]
    assert (zone.rectangle, zone.rule) == (None, "withhold")
    edges = [0, 0, 10, 10]
    picture = {"camera": "yard-2", "space": "picture"}
    wrong = (
        ("polygon", dict(base, polygon=[0, 0, 10, 10])),
        ("polygon", dict(base, polygon=longer(corners, 5))),
        ("polygon", dict(base, polygon=longer(corners, 36_000, 0))),
        ("polygon", dict(base, polygon=longer(corners, 0, 9_001))),
        ("polygon", dict(base, polygon=[0, 0] * 33)),
        ("polygon", dict(base, polygon=[0, 0, 10_000, 0, 20_000, 500])),
        ("polygon", dict(base, polygon=[0, 0, 100, 0, 200, 0])),
        ("polygon", dict(base, polygon=[0, 0, 0, 100, 0, 50])),
        ("polygon", dict(base, polygon=["a"] * 6)),
        ("rectangle", dict(base, polygon=corners, rectangle=edges)),
        ("rule", dict(base, rectangle=edges, rule="ask")),
        ("rule", dict(picture, rectangle=edges, rule="avoid")),
        ("polygon", dict(picture, rectangle=edges, polygon=corners)),
    )
    for field, zone in wrong:
        found = faults_of(Permit.parse, changed(permit_fields(), "zones", [zone]))
        assert ("C21", "zones[0]." + field) in found or ("C09", "zones[0]." + field) in found, (
            field,
            found,
        )
