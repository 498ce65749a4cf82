"""Requests and reviews at the page in a real browser, with and without a roster."""

import json
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from firmware.keys.ratchet import EPOCH_MS, LIFE_MS
from firmware.telemetry import messages
from host_tools.cmc.controls import Controls
from host_tools.cmc.evidence_counter import EvidenceCounter
from host_tools.cmc.feed import Feed
from host_tools.cmc.fleet import Fleet
from host_tools.cmc.operator import Desk
from host_tools.cmc.store import Store
from host_tools.cmc.wallboard.server import PageServer
from tests.host_tools.centre import now_ms, utc_ms
from tests.host_tools.model_unit import Shared
from tests.host_tools.test_evidence_cli import UNIT, Site
from tests.host_tools.test_roster import Office

pytestmark = pytest.mark.slow
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for the whole file."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        yield chromium
        chromium.close()


class Counter:
    """The page on a site's folders, without a broker."""

    def __init__(self, site: Site) -> None:
        self.site = site
        cmc, keys = site.state / "cmc", Shared()
        self.store = Store(cmc / "cmc.sqlite")
        self.fleet = Fleet(now_ms, utc_ms)
        self.fleet.register(UNIT, "gateway", "Mill Lane", "R. Officer")
        birth = messages.Birth(1)
        birth.cameras = [messages.CameraInBirth("yard-2")]
        self.fleet.on_birth(self.fleet.units[UNIT], birth, is_retained=True)
        feed = Feed("mqtt://cmc:x@127.0.0.1:1", self.store, self.fleet, keys, lambda: 7)
        controls = Controls(feed, self.store, self.fleet, keys)
        self.server = PageServer(self.fleet, self.store, Desk(), controls, 0)
        self.server.offer(EvidenceCounter(cmc, site.state / "keys", utc_ms, now_ms))
        self.server.open()

    def sit_down(self, browser: Browser, person: str, role: str) -> Page:
        """Open the page in a browser of its own."""
        page = browser.new_context(viewport={"width": 1280, "height": 860}).new_page()
        page.goto(self.server.url)
        page.goto(self.server.url.partition("?")[0] + "evidence")
        expect(page.locator("#role option")).not_to_have_count(0)
        page.fill("#person", person)
        page.select_option("#role", role)
        return page

    def close(self) -> None:
        """Leave."""
        self.server.close()
        self.store.close()


def fill(page: Page, site: Site, case: str = "C-7") -> None:
    """Fill the form for half a minute from the start of the pool."""
    page.fill("#unit", UNIT)
    page.fill("#camera", "yard-2")
    for name, at_ms in (("from", 0), ("to", 30_000)):
        moment = datetime.fromtimestamp((site.start_utc_ms + at_ms) // 1000, UTC)
        page.fill(f"#{name}", moment.strftime("%Y-%m-%dT%H:%M:%S"))
    page.select_option("#purpose", "3")
    page.fill("#case", case)
    page.fill("#reason", "assault at the gate")


def decide(page: Page, request: str, what: str, why: str) -> None:
    """Press one of the buttons of a request, with a reason."""
    case = page.locator(f"[data-case='{request}']")
    case.locator("[data-field='why']").fill(why)
    case.locator(f"[data-do='{what}']").click()


def key_by_openssl(folder: Path) -> tuple[Path, Path]:
    """Make a key as the guide has it: SEC 1, with openssl's block of parameters before it."""
    made, public = folder / "cy.pem", folder / "cy.pub"
    for command in (
        ["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-out", str(made)],
        ["openssl", "ec", "-in", str(made), "-pubout", "-out", str(public)],
    ):
        subprocess.run(command, check=True, capture_output=True)
    return made, public


@pytest.mark.clause("C43")
def test_a_request_is_made_at_the_page_or_refused_with_what_it_lacks(
    tmp_path: Path, browser: Browser
):
    site = Site(tmp_path / "state", LIFE_MS - 5 * 86_400_000)
    counter = Counter(site)
    ada = counter.sit_down(browser, "Ada Lovelace", "operator")
    expect(ada.locator("#no-roster")).to_be_visible()
    answer = ada.locator("#answer")
    fill(ada, site, "")
    ada.click("#ask-go")
    expect(answer).to_contain_text("Refused (C31): a request has no case; give one")
    ada.fill("#case", "C-7")
    ada.check("#with-sound")
    ada.click("#ask-go")
    expect(answer).to_contain_text("Refused (C43): sound needs a reason of its own and the grant")
    ada.fill("#sound-reason", "threats were shouted")
    ada.fill("#grant", "g-17")
    ada.click("#ask-go")
    expect(answer).to_contain_text("Request E-0001. Its footage dies ")
    expect(answer).to_contain_text("in 4 d 23 h")
    ada.click("#list-go")
    expect(answer).to_contain_text("Refused (C31): role 'operator' may not list")
    (told,) = json.loads(site.run("list --json"))["cases"]
    assert told["footage"]["from_utc_ms"] == site.start_utc_ms // 1000 * 1000
    assert (told["footage"]["with_sound"], told["footage"]["grant"]) == (True, "g-17")
    ada.context.close()
    counter.close()


@pytest.mark.clause("C31")
def test_another_person_accepts_refuses_and_takes_back_at_the_page(
    tmp_path: Path, browser: Browser
):
    site = Site(tmp_path / "state", LIFE_MS - 5 * 86_400_000)
    for sound in ("--sound --sound-reason threats --grant g-17", ""):
        site.run(f"{site.ask()} {sound}")
    counter = Counter(site)
    page = counter.sit_down(browser, "ada", "supervisor")
    page.click("#list-go")
    first, second = (page.locator(f"[data-case='E-000{number}']") for number in (1, 2))
    sound = first.locator("[data-field='sound']")
    expect(sound).to_have_text("asked for: threats (grant g-17)")
    warning = first.locator("[data-field='warning']")
    expect(warning).to_have_text("Less than 7 days left, and nobody has exported it.")
    decide(page, "E-0001", "accept", "it is mine")
    expect(page.locator("#answer")).to_contain_text("another person must review it")
    page.fill("#person", "Bob")
    decide(page, "E-0001", "accept", "")
    expect(page.locator("#answer")).to_contain_text("a review has no reason; give one")
    decide(page, "E-0001", "accept", "the case is known")
    expect(first.locator("[data-field='state']")).to_have_text("accepted")
    expect(first.locator(".hold")).to_have_count(2)
    expect(first.locator(".hold").first).to_contain_text(f"hold pending: {UNIT} has not answered")
    expect(first.locator("[data-do='accept']")).to_be_hidden()
    decide(page, "E-0002", "refuse", "no such case")
    decided = second.locator("[data-field='decided']")
    expect(decided).to_have_text("review by Bob (supervisor): no such case")
    expect(second.locator(".acts")).to_be_hidden()
    decide(page, "E-0001", "withdraw", "found elsewhere")
    expect(first.locator("[data-field='state']")).to_have_text("withdrawn")
    told = json.loads(site.run("list --json"))
    states = [case["state"] for case in sorted(told["cases"], key=lambda case: case["id"])]
    assert (states, told["faults"]) == (["withdrawn", "refused"], [])
    page.context.close()
    counter.close()


@pytest.mark.clause("C31")
def test_with_a_roster_keys_sign_in_the_browser(tmp_path: Path, browser: Browser):
    office = Office(tmp_path)
    counter = Counter(office.site)
    made, public = key_by_openssl(tmp_path)
    office.say("roster", "add", "Cy", str(public), "--role", "supervisor")
    office.say("roster", "workstation", "desk-1", office.public("desk"))
    ada = counter.sit_down(browser, "Ada", "operator")
    answer = ada.locator("#answer")
    sent: list[str] = []
    ada.on("request", lambda request: sent.append(request.post_data or ""))
    fill(ada, office.site)
    ada.click("#ask-go")
    expect(answer).to_contain_text("Refused (C31): that is not the key of Ada")
    ada.set_input_files("#person-key", office.keys["bob"])
    ada.click("#ask-go")
    expect(answer).to_contain_text("Refused (C31): that is not the key of Ada")
    ada.set_input_files("#person-key", office.keys["ada"])
    ada.click("#ask-go")
    expect(answer).to_contain_text("Refused (C31): this machine is not in the roster")
    ada.set_input_files("#workstation-key", office.keys["desk"])
    ada.click("#ask-go")
    expect(answer).to_contain_text("Request E-0001.")
    ada.set_input_files("#person-key", {"name": "x", "mimeType": "text/plain", "buffer": b"junk"})
    ada.click("#list-go")
    expect(answer).to_contain_text("Not done: x cannot sign")
    cy = counter.sit_down(browser, "Cy", "supervisor")
    cy.set_input_files("#person-key", made)
    cy.set_input_files("#workstation-key", office.keys["desk"])
    cy.click("#list-go")
    case = cy.locator("[data-case='E-0001']")
    decide(cy, "E-0001", "accept", "the case is known")
    expect(case.locator("[data-field='state']")).to_have_text("accepted")
    told = office.told()
    assert told[-2:] == [("view", "list", "Cy"), ("admitted", "review", "Cy")]
    assert told.count(("refused", "request", "Ada")) == 3
    assert not any("PRIVATE" in text for text in sent), "a private key left the browser"
    ada.context.close()
    cy.context.close()
    counter.close()


@pytest.mark.clause("C32")
def test_urgent_footage_is_exported_when_it_is_accepted_at_the_page(
    tmp_path: Path, browser: Browser
):
    site = Site(tmp_path / "state", LIFE_MS - 3_600_000 - EPOCH_MS)
    counter = Counter(site)
    page = counter.sit_down(browser, "Ada", "operator")
    fill(page, site)
    page.click("#ask-go")
    expect(page.locator("#answer")).to_contain_text("It is urgent")
    page.fill("#person", "Bob")
    page.select_option("#role", "supervisor")
    page.click("#list-go")
    case = page.locator("[data-case='E-0001']")
    expect(case).to_have_attribute("data-urgent", "yes")
    decide(page, "E-0001", "accept", "fits")
    expect(page.locator("#answer")).to_contain_text("It was urgent and is exported to")
    expect(case.locator("[data-field='state']")).to_have_text("exported")
    assert (site.state / "cmc" / "exports" / "E-0001" / "manifest.cose").exists()
    page.context.close()
    counter.close()
