"""Who has a dome, what it does by itself, and what the page asks: in a real browser."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.host_tools.centre import until
from tests.host_tools.test_page import DOME, Seat

pytestmark = pytest.mark.slow
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="module")
def seat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seat]:
    """Ada at the page, for all tests of this file."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        seat = Seat(tmp_path_factory.mktemp("hands"), chromium)
        yield seat
        seat.close()
        chromium.close()


def free(seat: Seat) -> None:
    """Wait until nobody has the dome."""
    until(lambda: seat.unit.hold.left_ms(seat.unit.now_ms()) == 0, "the hold never ended")


def hold(page: Page) -> None:
    """Press the arrow to the left, and keep it down."""
    arrow = page.locator(f"{DOME} [data-pan='-1'][data-tilt='0']")
    expect(arrow).to_be_enabled()
    arrow.hover()
    page.mouse.down()
    expect(arrow).to_have_class(re.compile("held"))


def answer(page: Page, text: str) -> None:
    """Expect what the newest answer says."""
    expect(page.locator("#log li").first).to_contain_text(text)


@pytest.mark.clause("C67")
def test_one_has_the_dome_at_a_time_and_a_supervisor_takes_it(seat: Seat):
    other = seat.sit_down("Grace Hopper")
    chief = seat.sit_down("C. Chief", "supervisor")
    holder = other.locator(f"{DOME} [data-field='holder']")
    hold(seat.page)
    expect(holder).to_contain_text("Ada Lovelace (operator) has this dome, free in ")
    expect(seat.page.locator(f"{DOME} [data-field='holder']")).to_contain_text(
        "You have this dome"
    )
    other.click(f"{DOME} [data-preset='3']")
    answer(other, "refused, ptz.held, C67")
    answer(other, "Ada Lovelace (operator) has the dome; it is free in ")
    give = f"{DOME} [data-act='ptz.hand_over']"
    expect(other.locator(give)).to_be_hidden()
    expect(seat.page.locator(give)).to_be_visible()
    other.click(f"{DOME} .stop")
    answer(other, "dome-1 stop")
    expect(other.locator("#log li").first).to_have_attribute("data-result", "done")
    hold(chief)
    until(lambda: seat.unit.hold.pre_empted_count == 1, "the supervisor did not get it")
    seat.page.mouse.up()
    seat.page.click(f"{DOME} [data-preset='1']")
    answer(seat.page, "C. Chief (supervisor) has the dome")
    chief.mouse.up()
    chief.click(f"{DOME} [data-act='ptz.release']")
    seat.page.click(f"{DOME} [data-preset='1']")
    answer(seat.page, "done")
    seat.page.fill(f"{DOME} [data-field='hand-to']", "Grace Hopper")
    seat.page.click(f"{DOME} [data-act='ptz.hand_over']")
    expect(holder).to_contain_text("You have this dome")
    other.click(f"{DOME} [data-preset='3']")
    answer(other, "done")
    other.click(f"{DOME} [data-act='ptz.release']")
    free(seat)
    expect(seat.page.locator(f"{DOME} [data-field='hold']")).to_be_hidden()
    other.context.close()
    chief.context.close()


def bring(seat: Seat, host: str) -> Page:
    """Let a guest sit down beside somebody."""
    page = seat.browser.new_context().new_page()
    page.goto(seat.centre.server.url)
    page.fill("#person", "PC 117")
    page.select_option("#role", "guest")
    page.fill("#reason", "incident 1234")
    page.fill("#host", "Nobody")
    page.click("#sign-in-go")
    expect(page.locator("#sign-in-error")).to_contain_text("supervised by 'Nobody'")
    page.fill("#host", host)
    page.click("#sign-in-go")
    expect(page.locator("#sign-in")).to_be_hidden()
    expect(page.locator(f"{DOME} [data-pan='1'][data-tilt='0']")).to_be_enabled()
    return page


@pytest.mark.clause("C67")
def test_a_guest_stops_when_the_operator_beside_them_leaves(seat: Seat):
    free(seat)
    host = seat.sit_down("Grace Hopper")
    page = bring(seat, "Grace Hopper")
    hold(page)
    until(lambda: seat.unit.hold.person == "PC 117", "the guest moved nothing")
    count = len(seat.unit.commands)
    host.click("#leave")
    until(
        lambda: [one.act for one in seat.unit.commands[count:]].count("ptz.release") == 1,
        "what the guest moved was not stopped",
    )
    acts = [one.act for one in seat.unit.commands[count:] if one.person == "PC 117"]
    assert "ptz.stop" in acts[: acts.index("ptz.release")], acts
    expect(page.locator("#sign-in")).to_be_visible()
    count = seat.acts().count("ptz.move")
    page.mouse.up()
    assert seat.acts().count("ptz.move") == count, "a session that ended moves nothing"
    host.context.close()
    page.context.close()


@pytest.mark.clause("C67")
def test_a_guest_stops_when_the_page_of_their_operator_is_closed(seat: Seat):
    free(seat)
    host = seat.sit_down("Grace Hopper")
    guest = bring(seat, "Grace Hopper")
    expect(host.locator("#beside")).to_have_text("beside you: PC 117")
    expect(guest.locator("#beside")).to_have_text("beside Grace Hopper")
    hold(guest)
    until(lambda: seat.unit.hold.person == "PC 117", "the guest moved nothing")
    count = len(seat.unit.commands)
    host.close(run_before_unload=True)
    until(lambda: "ptz.release" in seat.acts()[count:], "the guest's move was not stopped")
    mine = [one for one in seat.unit.commands[count:] if one.person == "PC 117"]
    assert "ptz.stop" in [one.act for one in mine][:-1], "a stop first, and then let go"
    assert {one.reason for one in mine} == {"beside Grace Hopper: incident 1234"}
    expect(guest.locator("#beside")).to_contain_text("Grace Hopper is away")
    guest.mouse.up()
    count = len(seat.unit.commands)
    hold(guest)
    answer(guest, "refused, desk.unattended, C67")
    guest.mouse.up()
    guest.click(f"{DOME} .stop")
    until(lambda: len(seat.unit.commands) > count, "a stop was refused")
    assert {one.act for one in seat.unit.commands[count:]} == {"ptz.stop"}
    expect(guest.locator("#sign-in-error")).to_contain_text(
        "the page of Grace Hopper is closed", timeout=15_000
    )
    back = host.context.new_page()
    back.goto(seat.centre.server.url)
    expect(back.locator("#log")).to_contain_text("PC 117 is not beside you any more")
    host.context.close()
    guest.context.close()


def test_a_preset_gets_its_name_and_its_picture(seat: Seat):
    free(seat)
    tile = seat.page.locator(f"{DOME} [data-preset='5']")
    seat.page.check(f"{DOME} [data-field='store']")
    tile.click()
    seat.page.fill("#preset-name", "main gate")
    seat.page.click("#preset-store")
    expect(tile).to_contain_text("5 main gate")
    expect(tile.locator("img")).to_be_visible(timeout=10_000)
    picture = tile.locator("img")
    until(lambda: picture.evaluate("image => image.naturalWidth") == 640, "not the still itself")
    seat.page.reload()
    expect(tile).to_contain_text("5 main gate")
    tile.click()
    answer(seat.page, "dome-1 main gate go")
    seat.page.check(f"{DOME} [data-field='store']")
    tile.click()
    seat.page.click("#preset-clear")
    expect(tile).to_have_text("5")
    assert (seat.unit.commands[-1].text("do"), seat.unit.commands[-1].number("number")) == (
        "clear",
        5,
    )


@pytest.mark.clause("C16")
def test_a_long_look_is_asked_about_until_its_person_answers(seat: Seat):
    other = seat.sit_down("Grace Hopper")
    ask = seat.page.locator(f"{DOME} [data-field='ask']")
    expect(ask).to_be_hidden()
    seat.unit.debtor = "Ada Lovelace"
    expect(ask).to_be_visible()
    expect(other.locator(f"{DOME} [data-field='ask']")).to_be_hidden()
    ask.locator("button").click()
    assert "ptz.reason" not in seat.acts(), "nothing is no reason"
    ask.locator("input").fill("person on the roof")
    ask.locator("select").select_option("2")
    ask.locator("button").click()
    seat.wait_for_act("ptz.reason")
    assert seat.unit.commands[-1].text("text") == "2: person on the roof"
    expect(ask).to_be_hidden()
    other.context.close()


def test_tours_are_kept_run_and_dropped_from_the_page(seat: Seat):
    free(seat)
    page = seat.page
    page.locator(f"{DOME} summary").click()
    page.fill(f"{DOME} [data-field='plan']", "1:20 2:15")
    page.fill(f"{DOME} [data-field='tour-name']", "night")
    page.fill(f"{DOME} [data-field='tour-hours']", "22:00-06:00")
    page.click(f"{DOME} [data-act='ptz.tour_keep']")
    kept = page.locator(f"{DOME} [data-field='kept'] li")
    expect(kept).to_contain_text("22:00-06:00 1:20 2:15")
    kept.locator("[data-act='ptz.tour_run']").click()
    expect(page.locator(f"{DOME} [data-field='activity']")).to_have_text("tour night")
    kept.locator("[data-act='ptz.tour_drop']").click()
    expect(kept).to_have_count(0)
    page.select_option(f"{DOME} [data-field='pattern']", "2")
    page.click(f"{DOME} [data-pattern='record']")
    seat.wait_for_act("ptz.pattern")
    wish = {"camera": "dome-1", "do": "record", "number": 2, "preset": 1}
    assert seat.unit.commands[-1].arguments == wish


def test_an_engineer_marks_where_a_dome_looks_that_does_not_tell(seat: Seat):
    engineer = seat.sit_down("Eve Engineer", "engineer")
    for page, is_there in ((engineer, True), (seat.page, False)):
        if not page.locator(f"{DOME} details").evaluate("details => details.open"):
            page.locator(f"{DOME} summary").click()
        expect(page.locator(f"{DOME} [data-field='calibration']")).to_be_visible(visible=is_there)
    engineer.fill(f"{DOME} [data-field='mark-pan']", "123.45")
    engineer.fill(f"{DOME} [data-field='mark-tilt']", "-7.5")
    engineer.click(f"{DOME} [data-calibrate='mark']")
    seat.wait_for_act("ptz.calibrate")
    wish = {"camera": "dome-1", "do": "mark", "pan_cdeg": 12_345, "tilt_cdeg": -750}
    assert seat.unit.commands[-1].arguments == wish
    engineer.context.close()


def test_the_menu_shows_its_keys_while_it_is_open(seat: Seat):
    free(seat)
    keys = seat.page.locator(f"{DOME} [data-field='menu-keys']")
    expect(keys).to_be_hidden()
    seat.page.click(f"{DOME} [data-switch='menu']")
    expect(keys).to_be_visible()
    keys.locator("[data-menu='enter']").click()
    until(lambda: seat.unit.commands[-1].text("do") == "enter", "enter was not said")
    keys.locator("[data-menu='close']").click()
    expect(keys).to_be_hidden()
