"""`lamppost demo`, whole: real processes, a real broker, a real browser, and the command line."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.host_tools.test_page import degrees

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
DOME = '[data-camera="gateway-1/dome-1"]'
YARD = '[data-camera="gateway-1/yard-2"]'
POST = '[data-camera="unit-3/post-3"]'
START_S, STOP_S, STALE_S = 60.0, 20.0, 5.0
PRIVATE_PAN_CDEG = (12_000, 14_500)
GARDEN_RIGHT_CDEG = 23_000


class Demo:
    """The command as a person starts it."""

    def __init__(self, folder: Path) -> None:
        self.state = folder / "state"
        self._log = (folder / "demo.log").open("wb+")
        command = [sys.executable, "-m", "host_tools.cli.main", "demo", "--state", str(self.state)]
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log
        )

    def log(self) -> str:
        return Path(self._log.name).read_text(errors="replace")

    def url(self) -> str:
        end_s = time.monotonic() + START_S
        while time.monotonic() < end_s:
            assert self.process.poll() is None, self.log()
            found = re.search(r"http://127\.0\.0\.1:\d+/\?token=\S+", self.log())
            if found:
                return found[0]
            time.sleep(0.05)
        raise AssertionError(self.log())

    def truth(self, camera: str) -> dict[str, object]:
        """Ask the simulator, not the product, how a camera is."""
        where = json.loads((self.state / "bridge" / "bridge.json").read_text())
        with urllib.request.urlopen(where["control"] + "/", timeout=5) as answer:  # noqa: S310
            return json.loads(answer.read())["cameras"][camera]

    def broker_pid(self) -> int:
        """Find the broker among the demo's own children."""
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                name, fields = stat.read_text().split(") ", 1)
            except OSError:
                continue
            if int(fields.split()[1]) == self.process.pid and "mosquitto" in name:
                return int(stat.parent.name)
        raise AssertionError("no broker among the children")

    def close(self) -> int:
        self._log.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.process.wait(STOP_S)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    demo = Demo(tmp_path_factory.mktemp("demo"))
    yield demo
    demo.close()


@pytest.fixture(scope="module")
def page(demo: Demo) -> Iterator[Page]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM)
        page = chromium.new_page(viewport={"width": 1500, "height": 1000})
        page.set_default_timeout(20_000)
        expect.set_options(timeout=20_000)
        page.goto(demo.url())
        page.fill("#person", "Ada Lovelace")
        page.select_option("#role", "operator")
        page.fill("#reason", "routine watch")
        page.click("#sign-in-go")
        expect(page.locator("#sign-in")).to_be_hidden()
        yield page
        chromium.close()


def hold(page: Page, selector: str, seconds: float) -> None:
    page.locator(selector).hover()
    page.mouse.down()
    time.sleep(seconds)
    page.mouse.up()


def moved_cdeg(before: object, after: object) -> int:
    """How far a pan turned, by the shorter way; positive to the right."""
    return (int(str(after)) - int(str(before)) + 18_000) % 36_000 - 18_000


def test_both_cameras_and_the_post_record(page: Page):
    for camera in (DOME, YARD, POST):
        recording = page.locator(f"{camera} [data-field='recording']")
        expect(recording).to_contain_text("REC")
        expect(page.locator(f"{camera} img")).to_have_attribute("data-number", re.compile(r"\d"))


@pytest.mark.clause("C56")
def test_pan_left_moves_the_dome_and_its_still(page: Page, demo: Demo):
    for camera, name in ((DOME, "dome-1"), (POST, "post-3")):
        page.locator(camera).scroll_into_view_if_needed()
        before = demo.truth(name)["pan_cdeg"]
        still = page.locator(f"{camera} img").evaluate("image => image.src")
        hold(page, f"{camera} [data-pan='-1'][data-tilt='0']", 1.5)
        expect(page.locator("#log li").first).to_have_attribute("data-result", "done")
        end_s = time.monotonic() + 5
        while demo.truth(name)["is_moving"] and time.monotonic() < end_s:
            time.sleep(0.05)
        turned = moved_cdeg(before, demo.truth(name)["pan_cdeg"])
        assert turned < -100, (name, turned)
        expect(page.locator(f"{camera} img")).not_to_have_attribute("src", still)
        shown = degrees(page, demo.truth(name)["pan_cdeg"])
        expect(page.locator(f"{camera} [data-field='pan']")).to_have_text(shown)


@pytest.mark.clause("C42")
def test_sound_is_switched_and_shown(page: Page, demo: Demo):
    page.locator(YARD).scroll_into_view_if_needed()
    sound = page.locator(f"{YARD} [data-field='sound']")
    for act, state in (("sound.on", "on"), ("sound.off", "off")):
        page.locator(f"{YARD} [data-act='{act}']").click()
        expect(sound).to_contain_text(state)
        assert demo.truth("yard-2")["gate"] is (state == "on")
    expect(page.locator(f"{YARD} [data-field='recording']")).to_contain_text("REC")


@pytest.mark.clause("C21")
def test_a_private_window_is_never_shown_or_recorded(page: Page, demo: Demo):
    page.locator(DOME).scroll_into_view_if_needed()
    page.locator(f"{DOME} [data-field='speed']").fill("1000")
    middle = sum(PRIVATE_PAN_CDEG) // 2
    end_s = time.monotonic() + 30
    while abs(moved_cdeg(middle, demo.truth("dome-1")["pan_cdeg"])) > 1500:
        assert time.monotonic() < end_s, demo.truth("dome-1")
        hold(page, f"{DOME} [data-pan='1'][data-tilt='0']", 0.4)
    expect(page.locator(f"{DOME} [data-field='recording']")).not_to_contain_text("REC")
    expect(page.locator(f"{DOME} [data-field='zones']")).to_be_visible()


@pytest.mark.clause("C21")
def test_a_dome_stops_at_the_edge_of_a_garden_that_it_must_not_see(page: Page, demo: Demo):
    page.locator(POST).scroll_into_view_if_needed()
    page.locator(f"{POST} [data-field='speed']").fill("1000")
    end_s = time.monotonic() + 30
    last = page.locator("#log li").first
    while last.get_attribute("data-code") != "ptz.zone":
        assert time.monotonic() < end_s, demo.truth("post-3")
        hold(page, f"{POST} [data-pan='-1'][data-tilt='0']", 0.8)
        pan_cdeg = int(str(demo.truth("post-3")["pan_cdeg"]))
        assert moved_cdeg(GARDEN_RIGHT_CDEG, pan_cdeg) > 0 or pan_cdeg < 100, pan_cdeg
    expect(page.locator(f"{POST} [data-field='recording']")).to_contain_text("REC")
    expect(page.locator(f"{POST} [data-field='zones']")).to_be_hidden()


@pytest.mark.clause("C59")
def test_a_dead_broker_is_stale_within_five_seconds_and_comes_back(page: Page, demo: Demo):
    unit = page.locator('article[data-unit="gateway-1"]')
    expect(unit).to_have_attribute("data-state", "live")
    killed_s = time.monotonic()
    os.kill(demo.broker_pid(), signal.SIGKILL)
    expect(unit).to_have_attribute("data-state", "stale", timeout=STALE_S * 1000)
    print(f"stale after {time.monotonic() - killed_s:.1f} s")
    expect(unit).to_have_attribute("data-state", "live", timeout=60_000)


def evidence(demo: Demo, *words: str) -> str:
    command = [sys.executable, "-m", "host_tools.cli.main", "evidence", *words]
    command += ["--state", str(demo.state)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def hold_becomes(demo: Demo, state: str) -> dict[str, object]:
    """Wait until the gateway was told and has answered; the CMC does that by itself."""
    end_s = time.monotonic() + 20
    while time.monotonic() < end_s:
        told = json.loads(evidence(demo, "list", "--json"))["cases"][0]["holds"][0]
        if told["state"] == state:
            return told
    raise AssertionError(told)


@pytest.mark.clause("C31")
def test_evidence_comes_out_by_the_command_line_and_the_demo_stops_cleanly(demo: Demo):
    now_s = int(time.time())
    moments = [
        time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now_s - back_s)) for back_s in (20, 5)
    ]
    out = demo.state.parent / "evidence"
    acts = (
        ["request", "--unit", "gateway-1", "--camera", "yard-2", "--from", moments[0],
         "--to", moments[1], "--case", "CASE-7", "--purpose", "3", "--reason", "assault",
         "--person", "B. Officer"],
        ["review", "E-0001", "--accept", "--reason", "the case is known", "--person", "C. Other"],
        ["export", "E-0001", "--person", "B. Officer", "--out", str(out)],
    )  # fmt: skip
    for act in acts:
        evidence(demo, *act)
    assert hold_becomes(demo, "held")["until_utc_ms"] == (now_s - 20 + 31 * 86_400) * 1000
    evidence(demo, "withdraw", "E-0001", "--reason", "found elsewhere", "--person", "C. Other")
    hold_becomes(demo, "lifted")
    checked = subprocess.run(
        ["sh", str(out / "verify.sh"), str(out)], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr
    film = next(out.glob("*.mp4"))
    checked = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", str(film), "-fps_mode", "passthrough",
         "-enc_time_base", "1/90000", "-f", "null", "-"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert checked.stderr == ""
    assert demo.close() == 0
    assert "stopped cleanly" in (demo.state / "gateway-1" / "unit.log").read_text()
