"""Who may see and do what at the page, asked without a browser."""

import asyncio
import secrets
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from firmware.commands.message import Command
from host_tools.cmc.controls import Controls
from host_tools.cmc.feed import Feed
from host_tools.cmc.fleet import Fleet
from host_tools.cmc.operator import GRACE_MS, OPERATOR_COUNT_MAX, SILENT_MS, Desk, SignInError
from host_tools.cmc.presets import PresetBook
from host_tools.cmc.store import Store
from host_tools.cmc.wallboard.page import PAGE_COOKIE, Page, Room
from tests.host_tools.model_unit import Shared

HOST = "http://127.0.0.1:8000"
TOKEN = secrets.token_urlsafe(8)
JSON = {"origin": HOST, "content-type": "application/json"}
SESSION = {"person": "Ada", "role": "operator", "purpose": 1, "reason": "watch"}


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.ms = 0

    def __call__(self) -> int:
        """Tell the time."""
        return self.ms


def _room(path: Path) -> Room:
    clock = Clock()
    store = Store(path / "cmc.sqlite")
    fleet = Fleet(clock, clock)
    fleet.register("unit-1", "gateway", "yard-7", "R. Officer")
    feed = Feed("mqtt://cmc:x@127.0.0.1:1", store, fleet, Shared(), lambda: 7)
    desk = Desk()
    controls = Controls(feed, store, fleet, Shared())
    return Room(fleet, store, desk, controls, PresetBook(path, fleet), TOKEN)


def _ask(room: Room, calls: list[tuple[str, str, Mapping[str, str], object]]) -> list[int]:
    """Make requests one after another with one cookie jar; returns their status codes."""

    async def ask() -> list[int]:
        transport = httpx.ASGITransport(app=Page(room).app)
        async with httpx.AsyncClient(transport=transport, base_url=HOST) as client:
            codes = []
            for method, path, headers, body in calls:
                if path == "in":
                    client.cookies.set(PAGE_COOKIE, TOKEN)
                    continue
                answer = await client.request(method, path, headers=dict(headers), json=body)
                codes.append(answer.status_code)
            return codes

    return asyncio.run(ask())


def test_nothing_is_served_without_the_token(tmp_path: Path):
    room = _room(tmp_path)
    paths = ("/", "/?token=wrong", "/?token=%C3%A9", "/events", "/still/unit-1/dome-1")
    calls = [("GET", path, {}, None) for path in (*paths, "/assets/page.js", "/api/choices")]
    calls += [("POST", path, JSON, {}) for path in ("/api/session", "/api/command")]
    assert set(_ask(room, calls)) == {403}
    assert _ask(room, [("GET", f"/?token={TOKEN}", {}, None)]) == [303]
    room.store.close()


def test_only_the_page_itself_may_change_things(tmp_path: Path):
    room = _room(tmp_path)
    come_in = ("", "in", {}, None)
    table = (
        (JSON, 200),
        ({**JSON, "origin": "http://evil.example"}, 403),
        ({**JSON, "origin": "http://127.0.0.1:9999"}, 403),
        ({"content-type": "application/json"}, 403),
        ({**JSON, "content-type": "text/plain"}, 403),
        ({**JSON, "host": "evil.example"}, 400),
    )
    for headers, code in table:
        got = _ask(room, [come_in, ("POST", "/api/session", headers, SESSION)])
        assert got == [code], headers
    assert _ask(room, [come_in, ("POST", "/api/command", JSON, {})]) == [401]
    assert _ask(room, [come_in, ("GET", "/still/unit-1/none", {}, None)]) == [404]
    room.store.close()


def test_junk_is_refused_and_nothing_is_sent(tmp_path: Path):
    room = _room(tmp_path)
    start: list[tuple[str, str, Mapping[str, str], object]] = [
        ("", "in", {}, None),
        ("POST", "/api/session", JSON, SESSION),
    ]
    bodies = (
        {},
        [],
        {"unit": "unit-1", "act": "ptz.move", "arguments": []},
        {"unit": "unit-1", "act": "ptz.move", "arguments": {"camera": {"a": 1}}},
        {"unit": "unit-1", "act": "ptz.move", "arguments": {}, "press": "x"},
        {"unit": "unit-1", "act": "x" * 9000, "arguments": {}},
    )
    for body in bodies:
        assert _ask(room, [*start, ("POST", "/api/command", JSON, body)])[1:] == [422], body
    acts = (
        ("unit-2", "ptz.stop", {"camera": "dome-1"}),
        ("unit-1", "door.open", {"camera": "dome-1"}),
        ("unit-1", "ptz.move", {"camera": "dome-1", "pan": 2000, "tilt": 0, "zoom": 0}),
        ("unit-1", "ptz.preset", {"camera": "dome-1", "do": "go", "number": True}),
    )
    operator = room.desk.sign_in("Ada", "operator", 1, "watch")
    for unit, act, arguments in acts:
        outcome = asyncio.run(room.controls.order(operator, unit, Command(act, arguments)))
        assert outcome["result"] == "refused", (unit, act)
    assert room.store.commands("unit-1", 9) == []
    stop = Command("ptz.stop", {"camera": "dome-1"})
    outcome = asyncio.run(room.controls.order(operator, "unit-1", stop))
    assert outcome["code"] == "no_link", "the broker was never there"
    room.store.close()


def test_a_move_that_its_stop_overtook_is_dropped(tmp_path: Path):
    room = _room(tmp_path)
    operator = room.desk.sign_in("Ada", "operator", 1, "watch")

    def order(act: str, press: int) -> object:
        speeds = {"pan": 100, "tilt": 0, "zoom": 0} if act == "ptz.move" else {}
        command = Command(act, {"camera": "dome-1", **speeds})
        return asyncio.run(room.controls.order(operator, "unit-1", command, press))["code"]

    table = (
        ("ptz.move", 5, "no_link"),
        ("ptz.stop", 5, "no_link"),
        ("ptz.move", 5, "overtaken"),
        ("ptz.move", 7, "no_link"),
        ("ptz.move", 6, "overtaken"),
        ("ptz.stop", 5, "no_link"),
        ("ptz.move", 7, "no_link"),
        ("ptz.move", 8, "no_link"),
    )
    for index, (act, press, code) in enumerate(table):
        assert order(act, press) == code, index
    assert room.controls.overtaken_count == 2
    room.store.close()


def test_a_desk_wants_to_know_who_and_why():
    desk = Desk()
    table = (
        ("", "operator", 1, "why", "name"),
        ("A" * 49, "operator", 1, "why", "name"),
        ("Ada\n", "operator", 1, "why\x00", "reason"),
        ("Ada", "auditor", 1, "why", "role"),
        ("Ada", "operator", 15, "why", "purpose"),
        ("Ada", "operator", 1, " ", "reason"),
    )
    for person, role, purpose, reason, word in table:
        with pytest.raises(SignInError, match=word):
            desk.sign_in(person, role, purpose, reason)


@pytest.mark.clause("C67")
def test_a_guest_sits_beside_an_operator_and_leaves_with_them():
    desk = Desk()
    with pytest.raises(SignInError, match="supervised by"):
        desk.sign_in("Constable", "guest", 2, "incident 7", "Ada")
    ada = desk.sign_in("Ada", "operator", 1, "watch")
    guest = desk.sign_in("Constable", "guest", 2, "incident 7", " Ada ")
    for host in ("", "Constable", "ada"):
        with pytest.raises(SignInError, match="supervised by"):
            desk.sign_in("Other", "guest", 2, "incident 7", host)
    assert guest.reason == "beside Ada: incident 7", "what the unit keeps with each command"
    with pytest.raises(SignInError, match="bytes; say it in fewer words"):
        desk.sign_in("Constable", "guest", 2, "\N{BELL}" * 62, "Ada")
    again = desk.sign_in("Ada", "operator", 1, "watch")
    assert desk.replace(ada.token, again) == []
    assert desk.find(guest.token) is not None, "a page that was loaded anew ends nothing"
    assert [one.person for one in desk.sign_out(again.token)] == ["Ada", "Constable"]
    assert desk.find(guest.token) is None
    assert desk.sign_out(again.token) == []


@pytest.mark.clause("C67")
def test_a_guest_acts_while_the_page_of_their_operator_is_open():
    desk = Desk()
    ada = desk.sign_in("Ada", "operator", 1, "watch")
    guest = desk.sign_in("Constable", "guest", 2, "incident 7", "Ada")
    assert not desk.is_attended(guest, 0), "the page never said that it is open"
    assert desk.is_attended(ada, 0)
    desk.see(ada.token, 1_000)
    desk.see("nobody's", 1_000)
    assert desk.is_attended(guest, 1_000 + SILENT_MS - 1)
    assert not desk.is_attended(guest, 1_000 + SILENT_MS), "a page that fell silent"
    desk.see(ada.token, 5_000)
    desk.miss(ada.token, 5_100)
    assert not desk.is_attended(guest, 5_100), "a page that was closed"
    desk.see(ada.token, 5_200)
    assert desk.is_attended(guest, 5_200), "another page of hers"
    desk.miss(ada.token, 6_000)
    assert desk.end_unattended(6_000 + GRACE_MS - 1) == []
    assert [one.person for one in desk.end_unattended(6_000 + GRACE_MS)] == ["Constable"]
    assert (desk.find(guest.token), desk.find(ada.token)) == (None, ada)
    assert "the page of Ada is closed" in desk.why_ended(guest.token)
    again = desk.sign_in("Ada", "operator", 1, "watch")
    desk.replace(ada.token, again)
    assert (desk.lost(again.token), desk.lost(again.token)) == (["Constable"], [])


@pytest.mark.clause("C67")
def test_a_guest_does_not_go_over_to_somebody_else():
    for person, role in (("Bob", "operator"), ("Ada", "engineer")):
        desk = Desk()
        ada = desk.sign_in("Ada", "operator", 1, "watch")
        guest = desk.sign_in("Constable", "guest", 2, "incident 7", "Ada")
        other = desk.sign_in(person, role, 1, "watch")
        assert desk.replace(ada.token, other) == [guest], person
        assert desk.find(guest.token) is None, person


@pytest.mark.clause("C67")
def test_a_session_that_is_crowded_out_takes_its_guests_along():
    desk = Desk()
    ada = desk.sign_in("Ada", "operator", 1, "watch")
    guest = desk.sign_in("Constable", "guest", 2, "incident 7", "Ada")
    desk.see(guest.token, 9_000)
    for number in range(OPERATOR_COUNT_MAX - 1):
        desk.see(desk.sign_in(f"Other {number}", "operator", 1, "watch").token, 9_000)
    assert (desk.find(ada.token), desk.find(guest.token)) == (None, guest)
    assert not desk.is_attended(guest, 9_000)
    assert desk.end_unattended(9_000) == [guest]
