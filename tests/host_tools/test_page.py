"""The page in a real browser: presses become commands, answers come back, old is called old."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from firmware.telemetry import messages
from tests.host_tools.centre import Centre, until
from tests.host_tools.model_unit import ModelUnit

pytestmark = pytest.mark.slow
DOME = '[data-camera="unit-1/dome-1"]'
YARD = '[data-camera="unit-1/yard-2"]'
STALE_LIMIT_S = 5.0


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for the whole file."""
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=[*arguments, "--no-first-run"]
        )
        yield chromium
        chromium.close()


class Seat:
    """A centre, a model unit, and a page at which somebody has signed in."""

    def __init__(self, folder: Path, browser: Browser) -> None:
        self.centre = Centre(folder, ["unit-1"])
        self.centre.server.open()
        broker = self.centre.broker
        self.unit = ModelUnit(broker.port, "unit-1", broker.passwords["unit-1"], self.centre.keys)
        self.unit.live()
        self.browser = browser
        self.page = self.sit_down("Ada Lovelace")

    def sit_down(self, person: str, role: str = "operator") -> Page:
        """Open the page in a browser of its own and sign in."""
        page = self.browser.new_context().new_page()
        page.goto(self.centre.server.url)
        page.fill("#person", person)
        page.select_option("#role", role)
        page.fill("#reason", "routine watch")
        page.click("#sign-in-go")
        expect(page.locator("#sign-in")).to_be_hidden()  # until then it takes every press
        expect(page.locator(f"{DOME} [data-pan='-1'][data-tilt='0']")).to_be_enabled()
        return page

    def acts(self) -> list[str]:
        """List what the unit was asked for."""
        return [command.act for command in self.unit.commands]

    def wait_for_act(self, act: str) -> None:
        """Wait until the unit was asked for something last."""
        until(lambda: self.acts()[-1:] == [act], f"{act} is not the last of {self.acts()[-5:]}")

    def close(self) -> None:
        """Leave."""
        for context in self.browser.contexts:
            context.close()
        self.unit.close()
        self.centre.close()


@pytest.fixture
def seat(tmp_path: Path, browser: Browser) -> Iterator[Seat]:
    """Somebody at the page."""
    seat = Seat(tmp_path, browser)
    yield seat
    seat.close()


def degrees(page: Page, cdeg: object) -> str:
    """Write an angle as the page does: a browser rounds a half up, Python to even."""
    return str(page.evaluate("cdeg => `${(cdeg / 100).toFixed(1)}°`", cdeg))


def _hold(page: Page, selector: str) -> None:
    page.locator(selector).hover()
    page.mouse.down()


def test_a_held_arrow_moves_the_dome_and_letting_go_stops_it(seat: Seat):
    pan = seat.page.locator(f"{DOME} [data-field='pan']")
    still = seat.page.locator(f"{DOME} img")
    expect(pan).to_have_text("45.0°")
    number = still.get_attribute("data-number")
    _hold(seat.page, f"{DOME} [data-pan='-1'][data-tilt='0']")
    expect(pan).not_to_have_text("45.0°")
    until(lambda: seat.acts().count("ptz.move") >= 3, "the held move was not renewed")
    seat.page.mouse.up()
    seat.wait_for_act("ptz.stop")
    expect(seat.page.locator("#log li").first).to_contain_text("dome-1 left")
    expect(seat.page.locator("#log li").first).to_have_attribute("data-result", "done")
    expect(still).not_to_have_attribute("data-number", number or "")
    move = seat.unit.commands[0]
    assert (move.person, move.role, move.purpose) == ("Ada Lovelace", "operator", 1)
    assert (move.number("pan"), move.number("tilt")) == (-500, 0)
    rows = seat.centre.store.commands("unit-1", 99)
    assert len(rows) == len(seat.unit.commands)
    until(
        lambda: all(row[4] == "done" for row in seat.centre.store.commands("unit-1", 99)),
        "an answer was not kept",
    )


def test_keys_move_and_losing_the_window_stops(seat: Seat):
    seat.page.keyboard.down("ArrowUp")
    seat.page.keyboard.down("ArrowRight")
    until(lambda: "ptz.move" in seat.acts(), "the key moved nothing")
    until(
        lambda: (
            (seat.unit.commands[-1].number("pan"), seat.unit.commands[-1].number("tilt"))
            == (500, 500)
        ),
        "two keys are no diagonal",
    )
    seat.page.evaluate("window.dispatchEvent(new Event('blur'))")
    seat.wait_for_act("ptz.stop")
    count = len(seat.unit.commands)
    seat.page.keyboard.up("ArrowUp")
    seat.page.keyboard.up("ArrowRight")
    seat.page.keyboard.down("+")
    until(lambda: len(seat.unit.commands) > count, "plus zoomed nothing")
    assert seat.unit.commands[count].number("zoom") == 1
    seat.page.keyboard.up("+")
    seat.wait_for_act("ptz.stop")


def test_a_closed_page_renews_nothing(seat: Seat):
    _hold(seat.page, f"{DOME} [data-pan='1'][data-tilt='0']")
    until(lambda: seat.acts().count("ptz.move") >= 2, "nothing moved")
    seat.page.context.close()
    until(lambda: seat.unit.pan_speed == 0, "the dome went on", 2)
    until(lambda: seat.centre.server.page.listener_count == 0, "the stream went on")


def test_sound_presets_and_refusals_show_what_the_unit_said(seat: Seat):
    sound = seat.page.locator(f"{YARD} [data-field='sound']")
    expect(sound).to_have_text("off")
    seat.page.click(f"{YARD} [data-act='sound.on']")
    expect(sound).to_have_text("on")
    expect(seat.page.locator(f"{YARD} [data-field='sound-chip']")).to_have_attribute(
        "data-on", "yes"
    )
    seat.page.click(f"{YARD} [data-act='sound.off']")
    expect(sound).to_have_text("off")
    seat.page.check(f"{DOME} [data-field='store']")
    seat.page.click(f"{DOME} [data-preset='2']")
    seat.page.fill("#preset-name", "main gate")
    seat.page.click("#preset-store")
    seat.wait_for_act("ptz.preset")
    assert seat.unit.commands[-1].text("do") == "set"
    seat.page.click(f"{DOME} [data-preset='8']")
    refusal = seat.page.locator("#log li").first
    expect(refusal).to_contain_text("refused, ptz.zone, C21")
    expect(refusal).to_contain_text("Choose a preset outside every privacy zone.")
    seat.page.click(f"{DOME} [data-switch='wiper']")
    seat.wait_for_act("ptz.switch")
    assert seat.unit.commands[-1].arguments == {"camera": "dome-1", "what": "wiper", "level": True}
    expect(seat.page.locator(f"{DOME} [data-switch='wiper']")).to_have_class("on")


def test_a_fault_is_shown_and_acknowledged(seat: Seat):
    seat.unit.faults = [messages.FaultRow(101, "yard-2", 83_000, "raised")]
    fault = seat.page.locator("[data-fault='unit-1/101/yard-2']")
    expect(fault).to_contain_text("picture.lost")
    fault.locator("button").click()
    seat.wait_for_act("fault.acknowledge")
    assert seat.unit.commands[-1].arguments == {"fault": 101, "subject": "yard-2"}


def test_a_dead_broker_is_called_stale_within_5_s_and_recovers(seat: Seat):
    unit = seat.page.locator("article[data-unit='unit-1']")
    expect(unit).to_have_attribute("data-state", "live")
    start_s = time.monotonic()
    seat.centre.broker.kill()
    expect(unit).to_have_attribute("data-state", "stale", timeout=STALE_LIMIT_S * 1000)
    expect(seat.page.locator("#alarm")).to_contain_text("STALE", timeout=STALE_LIMIT_S * 1000)
    assert time.monotonic() - start_s < STALE_LIMIT_S
    expect(seat.page.locator(f"{DOME} .stale-mark")).to_be_visible()
    expect(seat.page.locator(f"{DOME} [data-preset='1']")).to_be_disabled()
    seat.centre.broker.restart()
    expect(unit).to_have_attribute("data-state", "live", timeout=15_000)
    expect(seat.page.locator("#alarm")).to_be_hidden()


def test_a_silent_unit_and_a_silent_server_are_called_stale(seat: Seat):
    unit = seat.page.locator("article[data-unit='unit-1']")
    seat.unit.is_deaf = True
    expect(unit).to_have_attribute("data-state", "stale", timeout=STALE_LIMIT_S * 1000)
    seat.unit.is_deaf = False
    expect(unit).to_have_attribute("data-state", "live", timeout=5_000)
    seat.centre.server.close()
    alarm = seat.page.locator("#alarm")
    expect(alarm).to_contain_text("has not heard the CMC", timeout=STALE_LIMIT_S * 1000)
    expect(unit).to_have_attribute("data-state", "stale")


@pytest.mark.clause("C32")
def test_footage_about_to_die_is_called_out_on_the_page_until_somebody_has_it(seat: Seat):
    box = seat.page.locator("#urgent")
    expect(box).to_be_hidden()
    dies_utc_ms = time.time_ns() // 1_000_000 + 3 * 3_600_000
    row = {"id": "E-0007", "state": "asked", "unit": "unit-1", "dies_utc_ms": dies_utc_ms}
    seat.centre.fleet.urgent_footage = [row]
    expect(box).to_contain_text("URGENT: footage of unit-1 for E-0007 begins to die in")
    expect(box).to_contain_text("another person must review it")
    seat.centre.fleet.urgent_footage = []
    expect(box).to_be_hidden()
