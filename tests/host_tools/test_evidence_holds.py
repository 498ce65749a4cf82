"""An accepted request has its unit hold the footage, however often links, units and CMCs fail."""

import random
from pathlib import Path

import pytest

from firmware.commands.message import DONE, REFUSED, Answer, Command, decode, encode
from firmware.keys.ratchet import LIFE_MS
from firmware.telemetry.messages import Birth, Heartbeat
from host_tools.cmc import centre
from host_tools.cmc.fleet import Fleet
from host_tools.cmc.footage import Footage, Person
from host_tools.cmc.hold_courier import HoldCourier
from host_tools.cmc.holds import hold_states
from host_tools.cmc.requests import Register
from host_tools.cmc.settings import CmcSettings, UnitEntry
from host_tools.keystore import Keystore
from tests.host_tools.test_evidence_register import KEYS, MANIFEST

NOW_UTC_MS = 1_800_000_000_000
HOUR_MS, DAY_MS = 3_600_000, 86_400_000
ADA, BOB, CY = Person("Ada", "operator"), Person("Bob", "keyholder"), Person("Cy", "supervisor")
UNIT = "unit-1"


class UnitWithHolds:
    """A unit at the other end of the CMC's controls, by docs/formats/telemetry.md.

    A hold that is told counts only after a second; a boot before that loses it.
    """

    def __init__(self, office: "Office") -> None:
        self.office = office
        self.boot = 1
        self.sequence = 0
        self.room = 2
        self.holds: dict[tuple[object, ...], int] = {}
        self.written: dict[tuple[object, ...], int] = {}
        self.commands: list[Command] = []
        self.is_deaf = self.is_dumb = self.knows_no_time = False
        self.writes = True

    def send(self, who, unit, command, take) -> int:
        """Stand where the CMC's controls do: number, encode, and answer at once."""
        assert unit == UNIT
        self.sequence += 1
        command.unit, command.sequence = unit, self.sequence
        command.issued_utc_ms, command.expires_utc_ms = 1, 2
        command.person, command.role = who.person, who.role
        command.purpose, command.reason = who.purpose, who.reason
        if not self.is_deaf:
            self.commands.append(decode(encode(command)))
            answer = self.answer(self.commands[-1])
            if not self.is_dumb:
                take(answer)
        return self.sequence

    def forget(self, _unit: str, sequence: int) -> None:
        """Nobody waits any more."""
        assert sequence

    def answer(self, command: Command) -> Answer:
        answer = Answer(UNIT, command.sequence, DONE)
        if command.act == "ring.release":
            found = [key for key, one in self.holds.items() if one == command.number("hold")]
            if not found:
                return refused(answer, "ring.no_hold", "it may be over")
            del self.holds[found[0]]
            self.written.pop(found[0], None)
            return answer
        key = tuple(command.arguments[name] for name in sorted(command.arguments))
        until_utc_ms = command.number("from_utc_ms") + LIFE_MS
        if self.knows_no_time:
            return refused(answer, "ring.no_time", "ask again when it does")
        if until_utc_ms <= self.office.utc_ms():
            return refused(answer, "ring.dead", "ask for a later start")
        if key not in self.holds and len(self.holds) >= self.room:
            return refused(answer, "ring.hold_full", "release one, or export")
        number = self.holds.setdefault(key, 1 + max([0, *self.holds.values()]))
        answer.detail = {"hold": number, "segments": 3, "until_utc_ms": until_utc_ms}
        return answer

    def reboot(self) -> None:
        """Forget what was not written yet."""
        self.boot += 1
        self.holds = dict(self.written)
        self.office.say_birth()


def refused(answer: Answer, code: str, remedy: str) -> Answer:
    answer.result, answer.code, answer.remedy = REFUSED, code, remedy
    return answer


class Office:
    """Register, fleet, unit and courier on clocks that a test moves."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "evidence.sqlite"
        self.now_ms = 1_000
        self.register = Register(self.path, self.utc_ms)
        self.unit = UnitWithHolds(self)
        self.fleet = Fleet(lambda: self.now_ms, self.utc_ms)
        self.fleet.register(UNIT, "gateway", "yard", "R")
        self.fleet.on_broker(is_up=True)
        self.number = 0
        self.is_away = False
        self.start()
        self.say_birth()

    def utc_ms(self) -> int:
        return NOW_UTC_MS + self.now_ms

    def start(self) -> None:
        """Begin as a CMC that was just started."""
        self.courier = HoldCourier(self.path, self.unit, self.fleet, self.utc_ms)

    def say_birth(self) -> None:
        view = self.fleet.units[UNIT]
        self.fleet.on_birth(view, Birth(self.unit.boot), is_retained=False)

    def run(self, seconds: int, step_s: int = 1) -> None:
        """Let time pass; the unit's heart beats and it writes while it is there."""
        for _ in range(0, seconds, step_s):
            self.now_ms += 1_000 * step_s
            if not self.is_away:
                beat = Heartbeat(self.unit.boot)
                self.number += 1
                beat.number = self.number
                self.fleet.on_heartbeat(self.fleet.units[UNIT], beat)
            self.courier.step()
            if self.unit.writes:
                self.unit.written = dict(self.unit.holds)

    def accepted(self, start_ms: int = -HOUR_MS, **values: object) -> str:
        start = NOW_UTC_MS + start_ms
        footage = Footage(UNIT, "dome-1", start, start + HOUR_MS // 2, 2, "r", "C-7", **values)
        request = self.register.request(ADA, footage)
        self.register.review(request, BOB, True, "fits")
        return request

    def states(self, request: str) -> list[str]:
        case = self.register.case(request)
        return [one.state for one in hold_states(case, self.utc_ms())]

    def told(self, request: str) -> list[object]:
        return [one.body["state"] for one in self.register.case(request).of_kind("hold")]


@pytest.mark.clause("C32")
def test_an_accepted_request_is_held_until_it_is_released_refused_or_withdrawn(tmp_path: Path):
    office = Office(tmp_path)
    start = NOW_UTC_MS - HOUR_MS
    footage = Footage(UNIT, "dome-1", start, start + 60_000, 2, "r", "C-7")
    asked, no = office.register.request(ADA, footage), office.register.request(ADA, footage)
    office.register.review(no, BOB, False, "no")
    office.run(200)
    assert office.unit.commands == [] and office.states(asked) == office.states(no) == []
    office.register.review(asked, BOB, True, "fits")
    assert office.states(asked) == ["pending"]
    office.run(2)
    assert office.states(asked) == ["held"] and office.told(asked) == ["sent", "held"]
    command = office.unit.commands[0]
    assert (command.act, command.person, command.role) == ("ring.hold", "Bob", "keyholder")
    assert (command.purpose, command.reason) == (2, f"evidence {asked}")
    assert command.arguments == {
        "camera": "dome-1", "kind": "picture",
        "from_utc_ms": start, "to_utc_ms": start + 60_000,
    }  # fmt: skip
    (state,) = hold_states(office.register.case(asked), office.utc_ms())
    assert state.until_utc_ms == start + LIFE_MS
    assert state.words(UNIT) == "held until 2027-02-15T07:00:00Z"
    office.run(600)
    assert len(office.unit.commands) == 2, "asked again once, and no more"
    office.register.note_keys(asked, CY, KEYS)
    office.register.note_export(asked, CY, {"manifest": MANIFEST})
    office.run(5)
    assert office.states(asked) == ["held"], "an export may have to be made again"
    copy = {"recipient": "Police", "legal_basis": "DPA", "fee": "none", "manifest": MANIFEST}
    office.register.release(asked, CY, copy)
    assert office.states(asked) == ["lifting"]
    office.run(3)
    assert office.states(asked) == ["lifted"] and office.unit.holds == {}
    assert office.unit.commands[-1].person == "Cy"
    back = office.accepted()
    office.run(3)
    assert len(office.unit.holds) == 1
    office.register.withdraw(back, CY, "mistake")
    office.run(3)
    assert office.unit.holds == {} and office.told(back) == ["sent", "held", "lifted"]
    assert office.register.check() == []


@pytest.mark.clause("C43")
def test_sound_is_held_where_it_was_asked_for_alone(tmp_path: Path):
    office = Office(tmp_path)
    sound = {"with_sound": True, "sound_reason": "threats", "grant": "G-1"}
    request = office.accepted(**sound)
    office.run(3)
    assert [one.text("kind") for one in office.unit.commands] == ["picture", "sound"]
    assert office.states(request) == ["held", "held"]


@pytest.mark.clause("C32")
def test_a_unit_that_is_away_deaf_or_dumb_is_asked_until_it_answers(tmp_path: Path):
    office = Office(tmp_path)
    office.is_away = True
    office.run(10)
    request = office.accepted()
    office.run(3600, 60)
    assert office.unit.commands == [] and office.states(request) == ["pending"]
    office.is_away, office.unit.is_deaf = False, True
    office.run(60)
    assert office.states(request) == ["pending"] and office.courier.unanswered_count >= 3
    office.unit.is_deaf, office.unit.is_dumb = False, True
    office.run(60)
    assert len(office.unit.holds) == 1 and office.states(request) == ["pending"]
    office.courier.close()
    office.start()  # a CMC that was started anew knows what it wanted
    office.register.withdraw(request, CY, "mistake")
    office.unit.is_dumb = False
    office.run(40)
    assert office.unit.holds == {}, "a hold whose number was never heard is found and lifted"
    assert office.told(request) == ["sent", "held", "lifted"]


@pytest.mark.clause("C32")
def test_what_the_unit_refuses_is_told_with_its_remedy_and_asked_again(tmp_path: Path):
    office = Office(tmp_path)
    office.unit.room = 1
    first, second = office.accepted(-2 * HOUR_MS), office.accepted()
    office.run(5)
    assert office.states(first) == ["held"] and office.states(second) == ["refused"]
    (state,) = hold_states(office.register.case(second), office.utc_ms())
    assert state.words(UNIT) == "hold refused (ring.hold_full): release one, or export"
    office.run(1200, 10)
    assert office.told(second) == ["sent", "refused"], "told once, however often it is asked"
    office.register.withdraw(first, CY, "mistake")
    office.run(1200, 10)
    assert office.states(second) == ["held"]
    office.unit.knows_no_time = True
    third = office.accepted(-3 * HOUR_MS)
    office.unit.room = 9
    office.run(5)
    assert office.states(third) == ["refused"] and office.states(second) == ["held"]
    office.unit.knows_no_time = False
    office.run(120)
    assert office.states(third) == ["held"]
    begun = office.accepted(-LIFE_MS + 2_000_000)
    office.run(5)
    (state,) = hold_states(office.register.case(begun), office.utc_ms())
    assert (state.state, state.code) == ("refused", "ring.dead")
    count = len(office.unit.commands)
    office.run(3600, 60)
    assert len(office.unit.commands) == count, "dead stays dead"
    long_name = Footage(
        UNIT, "c" * 40, NOW_UTC_MS - HOUR_MS, NOW_UTC_MS - HOUR_MS // 2, 2, "r", "C-7"
    )
    stranger = Footage(
        "unit-9", "dome-1", *(NOW_UTC_MS - HOUR_MS * one for one in (2, 1)), 2, "r", "C"
    )
    for footage, word in ((long_name, "1 to 32 letters"), (stranger, "CMC's settings")):
        request = office.register.request(ADA, footage)
        office.register.review(request, BOB, True, "fits")
        office.run(5)
        (state,) = hold_states(office.register.case(request), office.utc_ms())
        assert state.state == "refused" and word in state.why, state


@pytest.mark.clause("C32")
def test_a_hold_that_a_crash_took_is_set_anew_and_one_that_two_want_stays(tmp_path: Path):
    office = Office(tmp_path)
    request = office.accepted()
    office.unit.writes = False
    office.run(3)
    assert office.states(request) == ["held"]
    office.unit.reboot()
    assert office.unit.holds == {}
    office.unit.writes = True
    office.run(3)
    assert len(office.unit.holds) == 1, "asked for again after the boot"
    twin = office.accepted()
    office.run(3)
    assert office.states(twin) == ["held"] and len(office.unit.holds) == 1
    office.register.withdraw(request, CY, "mistake")
    office.run(3)
    assert office.states(request) == ["lifted"] and len(office.unit.holds) == 1
    office.register.withdraw(twin, CY, "mistake")
    office.run(3)
    assert office.unit.holds == {}


@pytest.mark.clause("C28")
def test_a_hold_lengthens_no_life(tmp_path: Path):
    office = Office(tmp_path)
    request = office.accepted(-LIFE_MS + DAY_MS)
    dies_utc_ms = office.register.case(request).footage.first_dies_utc_ms()
    office.run(3)
    (state,) = hold_states(office.register.case(request), office.utc_ms())
    assert 0 <= state.until_utc_ms - dies_utc_ms < 600_000
    office.run(26 * 3600, 3600)
    assert office.states(request) == ["over"]
    assert office.register.case(request).footage.first_dies_utc_ms() == dies_utc_ms
    assert office.unit.holds == {} and office.told(request) == ["sent", "held", "lifted"]
    office.register.withdraw(request, CY, "too late")
    count = len(office.unit.commands)
    office.run(60)
    assert len(office.unit.commands) == count, "nothing is left to lift"


@pytest.mark.clause("C32")
def test_random_failures_end_with_what_the_register_wants(tmp_path: Path):
    seed = 20_261_124
    rng = random.Random(seed)
    office = Office(tmp_path)
    office.unit.room = 99
    requests: list[str] = []
    for step in range(60):
        office.unit.is_deaf = rng.random() < 0.3
        office.unit.is_dumb = rng.random() < 0.3
        office.is_away = rng.random() < 0.2
        if rng.random() < 0.3 and len(requests) < 8:
            requests.append(office.accepted(-rng.randrange(1, 4) * HOUR_MS))
        elif requests and rng.random() < 0.2:
            request = rng.choice(requests)
            if office.register.case(request).state == "accepted":
                office.register.withdraw(request, CY, "mistake")
        if rng.random() < 0.2:
            office.unit.writes = rng.random() < 0.7
            office.unit.reboot()
        if rng.random() < 0.1:
            office.courier.close()
            office.start()
        office.run(rng.choice((1, 3, 20)))
        assert office.register.check() == [], (seed, step)
    office.unit.is_deaf = office.unit.is_dumb = office.is_away = False
    office.unit.writes = True
    office.run(300, 2)
    cases = [office.register.case(request) for request in requests]
    wanted = {case.footage.from_utc_ms for case in cases if case.state == "accepted"}
    held = {key[1] for key in office.unit.holds}
    assert held == wanted, seed
    for case in cases:
        state = "held" if case.state == "accepted" else "lifted"
        told = office.states(case.id)
        assert told == [state] or (case.state == "withdrawn" and told == []), (seed, case.id, told)


def test_a_register_that_cannot_be_read_leaves_the_cmc_running(tmp_path: Path):
    settings = CmcSettings(
        tmp_path / "cmc", tmp_path / "keys", "mqtt://cmc:x@127.0.0.1:1",
        units=[UnitEntry(UNIT, "gateway", "yard", "R")],
    )  # fmt: skip
    (tmp_path / "cmc").mkdir()
    (tmp_path / "cmc" / "evidence.sqlite").write_bytes(b"junk" * 1000)
    whole = centre.Centre(settings, Keystore(tmp_path / "keys"))
    whole.open()
    whole.step()
    whole.step()
    assert whole.register_failed_count == 2
    whole.close()
