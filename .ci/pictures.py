"""Takes every picture of docs/pictures anew, from a demo that it starts, in a real browser.

One command: `make pictures`. It takes some minutes, one of which is a long look at one view. Look
at each picture before it is committed.
"""

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Locator, Page, expect, sync_playwright

ROOT = Path(__file__).parent.parent
PICTURES = ROOT / "docs" / "pictures"
DOME = '[data-camera="gateway-1/dome-1"]'
YARD = '[data-camera="gateway-1/yard-2"]'
BROWSER = "/usr/bin/chromium"
WIDE = {"width": 1440, "height": 900}
WAIT_MS = 60_000
DWELL_MS = 90_000
NEAR_CDEG = 50
STORE_TRIES = 5
ANY = re.compile("done|refused|failed")
VIEWS = (  # preset, its name, and where it looks: pan and tilt in cdeg, zoom in permille
    (1, "main gate", 500, -600, 0),
    (2, "bus stop", 4_500, -1_200, 150),
    (3, "north wall", 31_500, -900, 0),
    (4, "car park", 27_000, -1_500, 0),
    (5, "corner shop", 22_500, -500, 0),
)
BESIDE_WINDOW = (8_000, -300, 0)  # no act goes to where the private window is in view
WINDOW_DEGREES = 116.0  # a hand on an arrow does
PANE = ((0.28, 0.65), (0.42, 0.65), (0.42, 0.82), (0.28, 0.82))  # corners of a zone on a still
GO = """async ([pan, tilt, zoom]) => (await (await fetch("/api/command", { method: "POST",
  headers: { "Content-Type": "application/json" }, body: JSON.stringify({ unit: "gateway-1",
  act: "ptz.go_to", arguments: { camera: "dome-1", pan_cdeg: pan, tilt_cdeg: tilt,
  zoom_permille: zoom } }) })).json())"""


@contextmanager
def demo(folder: Path) -> Iterator[str]:
    """Run a demo of its own; gives the page's address."""
    argv = [sys.executable, "-m", "host_tools.cli.main", "demo", "--state", str(folder)]
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                found = [word for word in line.split() if word.startswith("http://")]
                if found:
                    yield found[0]
                    return
            sys.exit("the demo did not start; its last words are above")
        finally:
            process.terminate()


def sit_down(page: Page, url: str) -> None:
    """Sign in, and wait until everything is live and shown."""
    page.goto(url)
    page.fill("#person", "Ada Lovelace")
    page.fill("#reason", "routine watch")
    page.click("#sign-in-go")
    expect(page.locator("#sign-in")).to_be_hidden()
    expect(page.locator("[data-count='live'] b")).to_have_text("2", timeout=WAIT_MS)
    for camera in (DOME, YARD):
        recording = page.locator(f"{camera} [data-field='recording']")
        expect(recording).to_have_attribute("data-on", "yes", timeout=WAIT_MS)


def look_at(page: Page, place: tuple[int, int, int]) -> None:
    """Turn the dome to a place and wait until it stands there."""
    deadline_s = time.monotonic() + WAIT_MS / 1000
    while (outcome := page.evaluate(GO, list(place)))["result"] != "done":
        assert time.monotonic() < deadline_s, (place, outcome)
        page.wait_for_timeout(1_000)
    while not stands_at(page, place[0]):
        assert time.monotonic() < deadline_s, f"the dome does not come to {place}"
        page.wait_for_timeout(200)


def stands_at(page: Page, pan_cdeg: int) -> bool:
    """Tell whether the dome is said to stand within half a degree of where it should look."""
    pan, state = (
        page.locator(f"{DOME} [data-field='{name}']").inner_text() for name in ("pan", "dome")
    )
    if state != "idle" or pan == "unknown":
        return False
    return abs(float(pan.removesuffix("°")) * 100 - pan_cdeg) < NEAR_CDEG


def is_grey(page: Page, selector: str) -> bool:
    """Tell whether nearly all of an image is the grey of what is filled."""
    return bool(
        page.locator(selector).evaluate(
            """image => { const canvas = new OffscreenCanvas(16, 9);
            const pen = canvas.getContext("2d"); pen.drawImage(image, 0, 0, 16, 9);
            const dots = pen.getImageData(0, 0, 16, 9).data; let grey = 0;
            for (let i = 0; i < dots.length; i += 4) {
              grey += Math.max(...[0, 1, 2].map((j) => Math.abs(dots[i + j] - 128))) < 6; }
            return grey > 130; }"""
        )
    )


def wait_for_picture(page: Page, selector: str) -> None:
    """Wait until a still shows something; the first ones after a move are filled as a whole."""
    deadline_s = time.monotonic() + WAIT_MS / 1000
    while is_grey(page, selector):
        assert time.monotonic() < deadline_s, f"{selector} stays grey"
        page.wait_for_timeout(200)


def store_presets(page: Page) -> None:
    """Store every view as a preset with a name, and wait for its picture."""
    for number, name, *place in VIEWS:
        look_at(page, (place[0], place[1], place[2]))
        wait_for_picture(page, f"{DOME} .picture img")
        tile = page.locator(f"{DOME} [data-preset='{number}']")
        store(page, tile, name)
        expect(tile.locator("img")).to_be_visible(timeout=WAIT_MS)


def store(page: Page, tile: Locator, name: str) -> None:
    """Store a preset, again if the unit was not sure just then of where the dome looks."""
    answer = page.locator("#log li").first
    for _ in range(STORE_TRIES):
        page.check(f"{DOME} [data-field='store']")
        tile.click()
        page.fill("#preset-name", name)
        page.click("#preset-store")
        expect(answer).to_contain_text("stored")
        expect(answer).to_have_attribute("data-result", ANY)
        if "refused" not in answer.inner_text():
            return
        page.wait_for_timeout(5_000)


def keep_tours(page: Page) -> None:
    """Keep two tours and run one of them."""
    page.locator(f"{DOME} summary").click()
    for name, plan, hours in (
        ("night", "1:20@300 2:15 5:10", "22:00-06:00"),
        ("patrol", "1:8 4:8", "by hand"),
    ):
        page.fill(f"{DOME} [data-field='plan']", plan)
        page.fill(f"{DOME} [data-field='tour-name']", name)
        page.fill(f"{DOME} [data-field='tour-hours']", hours)
        page.click(f"{DOME} [data-act='ptz.tour_keep']")
        expect(page.locator(f"{DOME} [data-field='kept']")).to_contain_text(name)
    page.locator(f"{DOME} [data-field='kept'] li").last.get_by_text("run").click()
    expect(page.locator(f"{DOME} [data-field='activity']")).to_have_text("tour patrol")


def scroll_up(page: Page) -> None:
    """Show the top of the page again."""
    page.locator("#units").evaluate("units => units.scrollTo(0, 0)")


def take(what: Locator | Page, name: str) -> None:
    """Take one picture."""
    what.screenshot(path=PICTURES / f"{name}.png")
    print(f"docs/pictures/{name}.png")


def take_part(page: Page, first: str, last: str, name: str) -> None:
    """Take the part of the page between the tops and bottoms of two elements."""
    boxes = [page.locator(one).bounding_box() for one in (first, last)]
    top, bottom = boxes
    assert top is not None
    assert bottom is not None
    left = min(top["x"], bottom["x"]) - 10
    right = max(top["x"] + top["width"], bottom["x"] + bottom["width"]) + 10
    height = bottom["y"] + bottom["height"] - top["y"] + 16
    clip = {"x": left, "y": top["y"] - 8, "width": right - left, "height": height}
    page.screenshot(path=PICTURES / f"{name}.png", clip=clip)
    print(f"docs/pictures/{name}.png")


def take_stick(page: Page) -> None:
    """Take the controls while the stick is held."""
    look_at(page, (VIEWS[0][2], VIEWS[0][3], VIEWS[0][4]))
    wait_for_picture(page, f"{DOME} .picture img")
    box = page.locator(f"{DOME} [data-field='stick']").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.7, box["y"] + box["height"] * 0.4)
    expect(page.locator(f"{DOME} [data-field='dome']")).to_have_text("moving", timeout=WAIT_MS)
    wait_for_picture(page, f"{DOME} .picture img")
    take(page.locator(DOME), "joystick")
    page.mouse.up()


def turn_to_window(page: Page) -> None:
    """Turn by hand to where the private window is in view, and wait for a still that shows it."""
    look_at(page, BESIDE_WINDOW)
    box = page.locator(f"{DOME} [data-pan='1'][data-tilt='0']").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 8, box["y"] + 8)
    page.mouse.down()
    pan = page.locator(f"{DOME} [data-field='pan']")
    deadline_s = time.monotonic() + WAIT_MS / 1000
    while not (text := pan.inner_text()).endswith("°") or float(text[:-1]) < WINDOW_DEGREES:
        assert time.monotonic() < deadline_s, f"the dome stays at {text}"
        page.wait_for_timeout(50)
    page.mouse.up()
    page.wait_for_timeout(4_000)
    wait_for_picture(page, f"{DOME} .picture img")


def take_zones(page: Page) -> None:
    """Take the zone editor with a window drawn around."""
    look_at(page, (VIEWS[0][2], VIEWS[0][3], VIEWS[0][4]))
    page.click(f"{DOME} [data-field='draft']")
    box = page.locator("#zone-picture").bounding_box()
    assert box is not None
    for across, down in PANE:
        page.mouse.click(box["x"] + box["width"] * across, box["y"] + box["height"] * down)
    wait_for_picture(page, "#zone-still")
    take(page.locator("#zone-editor"), "zone_editor")
    page.click("#zone-close")


def take_all(page: Page, url: str) -> None:
    """Take them all, in the order that costs the least waiting."""
    sit_down(page, url)
    store_presets(page)
    # The last view has been looked at for a while by now; a minute of it wants a reason.
    ask = page.locator(f"{DOME} [data-field='ask']")
    expect(ask).to_be_visible(timeout=DWELL_MS)
    page.fill(f"{DOME} [data-field='ask-text']", "person on the roof")
    take(ask, "reason")
    ask.locator("button").click()
    expect(ask).to_be_hidden(timeout=WAIT_MS)
    scroll_up(page)
    take(page, "page")
    turn_to_window(page)
    scroll_up(page)
    take_part(page, f"{DOME} .caption", f"{YARD} .facts", "privacy")
    take_zones(page)
    take_stick(page)
    keep_tours(page)
    page.locator(f"{DOME} details").scroll_into_view_if_needed()
    take_part(page, f"{DOME} .row.head", f"{DOME} details", "tours")


def main() -> None:
    """Start the demo and the browser, and take them all."""
    with (
        tempfile.TemporaryDirectory() as folder,
        demo(Path(folder)) as url,
        sync_playwright() as playwright,
    ):
        chromium = playwright.chromium.launch(
            executable_path=BROWSER, args=["--no-sandbox", "--disable-gpu"]
        )
        take_all(chromium.new_context(viewport=WIDE).new_page(), url)
        chromium.close()


if __name__ == "__main__":
    main()
