"""The page's joystick, gamepad, lens buttons and zone editor, in a real browser."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from firmware.ptz.model import PtzSettings, fov_cdeg
from firmware.ptz.privacy import View
from host_tools import authority
from tests.host_tools.centre import until
from tests.host_tools.test_page import DOME, Seat, degrees

pytestmark = pytest.mark.slow
PAD = """() => {
  window.pad = { connected: true, axes: [0, 0, 0, 0], buttons: [] };
  navigator.getGamepads = () => [window.pad];
}"""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seat]:
    """Somebody at the page, for all tests of this file."""
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=arguments)
        seat = Seat(tmp_path_factory.mktemp("stick"), chromium)
        yield seat
        seat.close()
        chromium.close()


def middle_of(seat: Seat, selector: str) -> tuple[float, float, float]:
    """Find the middle of something, and how wide it is."""
    place = seat.page.locator(selector)
    place.scroll_into_view_if_needed()
    box = place.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, box["width"]


def test_a_stick_is_as_fast_as_it_is_far_from_the_centre(desk: Seat):
    x, y, width = middle_of(desk, f"{DOME} [data-field='stick']")
    desk.page.mouse.move(x, y)
    desk.page.mouse.down()
    assert "ptz.move" not in desk.acts(), "a hand at rest moves nothing"
    desk.page.mouse.move(x + width * 0.2, y)
    until(lambda: desk.acts()[-1:] == ["ptz.move"], "the stick moved nothing")
    slow = desk.unit.commands[-1]
    assert 50 < slow.number("pan") < 400, slow.arguments
    assert slow.number("tilt") == 0
    desk.page.mouse.move(x, y - width * 0.49)
    until(lambda: desk.unit.commands[-1].number("tilt") > 900, "the far end is not full speed")
    desk.page.mouse.up()
    desk.wait_for_act("ptz.stop")


def test_a_gamepad_drives_the_chosen_dome_and_stops_when_let_go(desk: Seat):
    count = len(desk.unit.commands)
    desk.page.evaluate(PAD)
    desk.page.evaluate("window.pad.axes = [-1, 0, 0, 0]")
    until(lambda: len(desk.unit.commands) > count, "the gamepad moved nothing")
    assert desk.unit.commands[-1].number("pan") == -1000
    desk.page.evaluate("window.pad.axes = [0, 0, 0, -1]")
    until(lambda: desk.unit.commands[-1].number("zoom") == 1, "the right stick zoomed nothing")
    desk.page.evaluate("window.pad.axes = [0.05, 0.05, 0, 0]")
    desk.wait_for_act("ptz.stop")


def test_focus_is_held_like_a_move(desk: Seat):
    x, y, _ = middle_of(desk, f"{DOME} [aria-label='focus far']")
    desk.page.mouse.move(x, y)
    desk.page.mouse.down()
    until(lambda: desk.acts().count("ptz.lens") >= 2, "the held focus was not renewed")
    assert desk.unit.commands[-1].number("focus") == 1
    desk.page.mouse.up()
    desk.wait_for_act("ptz.stop")


def test_a_double_click_on_the_picture_looks_there(desk: Seat):
    picture = desk.page.locator(f"{DOME} .picture")
    picture.scroll_into_view_if_needed()
    box = picture.bounding_box()
    assert box is not None
    aim = (desk.unit.pan_cdeg, -750, 120)
    shown = degrees(desk.page, aim[0])
    expect(desk.page.locator(f"{DOME} [data-field='pan']")).to_have_text(shown)
    expect(desk.page.locator(f"{DOME} [data-field='dome']")).to_have_text("idle")
    picture.dblclick(position={"x": box["width"] * 0.75, "y": box["height"] * 0.4})
    desk.wait_for_act("ptz.go_to")
    asked = desk.unit.commands[-1]
    view = View(aim[0], aim[1], fov_cdeg(PtzSettings(), aim[2]))
    spot = view.place(asked.number("pan_cdeg") - aim[0], asked.number("tilt_cdeg"))
    assert spot is not None
    assert max(abs(spot[0] - 750), abs(spot[1] - 400)) <= 8, spot
    assert asked.number("zoom_permille") == aim[2]


def test_a_tour_is_started_and_ended_from_the_page(desk: Seat):
    desk.page.locator(f"{DOME} summary").click()
    desk.page.locator(f"{DOME} [data-field='plan']").fill("1:20 2:15")
    desk.page.locator(f"{DOME} [data-act='ptz.tour']").click()
    desk.wait_for_act("ptz.tour")
    assert desk.unit.commands[-1].text("plan") == "1:20 2:15"
    desk.page.locator(f"{DOME} [data-act='ptz.tour_end']").click()
    desk.wait_for_act("ptz.tour_end")


@pytest.mark.clause("C21")
def test_a_zone_drawn_on_a_still_becomes_text_for_the_authority(desk: Seat, tmp_path: Path):
    count = len(desk.unit.commands)
    aim = (desk.unit.pan_cdeg, -750, 120)
    shown = degrees(desk.page, aim[0])
    expect(desk.page.locator(f"{DOME} [data-field='pan']")).to_have_text(shown)
    desk.page.locator(f"{DOME} [data-field='draft']").click()
    picture = desk.page.locator("#zone-picture")
    expect(picture).to_be_visible()
    box = picture.bounding_box()
    assert box is not None
    for across, down in ((0.25, 0.25), (0.75, 0.25), (0.5, 0.75)):
        picture.click(position={"x": box["width"] * across, "y": box["height"] * down})
    zone = json.loads(desk.page.locator("#zone-text").input_value())
    assert (zone["camera"], zone["space"], zone["rule"]) == ("dome-1", "dome", "avoid")
    corners = list(zip(zone["polygon"][::2], zone["polygon"][1::2], strict=True))
    assert len(corners) == 6, "three corners and the middles of three sides"
    view = View(aim[0], aim[1], fov_cdeg(PtzSettings(), aim[2]))
    for index, (across, down) in enumerate(((250, 250), (750, 250), (500, 750))):
        pan, tilt = corners[2 * index]
        spot = view.place(pan - aim[0], tilt)
        assert spot is not None
        assert max(abs(spot[0] - across), abs(spot[1] - down)) <= 5, (spot, across, down)
    draft = authority.draft_permit("unit-1", "yard-7", 1_800_000_000_000)
    for shape in ("rectangle", "polygon"):
        desk.page.select_option("#zone-kind", shape)
        draft["zones"] = [json.loads(desk.page.locator("#zone-text").input_value())]
        authority.sign_permit(authority.Authority.make(), draft)
    desk.page.screenshot(path=str(tmp_path / "zone_editor.png"))
    desk.page.click("#zone-close")
    assert len(desk.unit.commands) == count, "drafting commands nothing"
