"""The CMC keeps what units tell of their days, and shows it to people and to programs."""

import json

import pytest
from playwright.sync_api import expect, sync_playwright
from typer.testing import CliRunner

from firmware.recorder.causes import NAMES
from firmware.telemetry.codes import code_of
from firmware.telemetry.messages import EventRecord
from host_tools.cli.main import app
from host_tools.cmc.continuity import WORDS, totals
from host_tools.cmc.store import Store
from tests.host_tools.centre import Centre

DAY = 20_700
PICTURE, SOUND = "dome-1/picture", "dome-1/sound"


def tell(store, sequence, day, is_full=True, stream=PICTURE, unit="unit-1", **seconds):
    """Store one event as the feed does."""
    record = EventRecord(1, sequence, code_of("recording.day"))
    record.previous_boot, record.previous_sequence = (1, sequence - 1) if sequence > 1 else (0, 0)
    record.is_head = True
    record.fields = {"stream": stream, "day": day, "is_full": is_full, **seconds}
    with store.batch():
        store.take(unit, record, 0)


def a_month(store, count=33):
    """Tell a month with something of everything."""
    for at in range(count):
        off_s = 60 * at
        rest = {"privacy_s": 1_800, "power_s": off_s, "disk_s": 40 if at % 7 == 0 else 0}
        rest["overwritten_s"] = 30_000 if at < 10 else 0
        recorded_s = 86_400 - sum(rest.values())
        tell(store, at + 1, DAY + at, recorded_s=recorded_s, **rest)
    tell(store, count + 1, DAY + count, is_full=False, recorded_s=3_000, camera_lost_s=600)
    tell(store, count + 2, DAY + count, is_full=False, stream=SOUND, sound_off_s=3_600)


def test_every_cause_has_a_word_for_people():
    assert sorted(WORDS) == sorted(NAMES)


def test_the_newest_word_on_a_day_counts_and_31_days_are_shown(tmp_path):
    store = Store(tmp_path / "cmc.sqlite")
    a_month(store)
    tell(store, 90, DAY + 32, recorded_s=86_000, overwritten_s=400)
    days = store.days("unit-1")
    assert [one.day for one in days[PICTURE]] == list(range(DAY + 3, DAY + 34))
    assert days[PICTURE][-2].seconds == {"recorded": 86_000, "overwritten": 400}
    assert all(one.told_s() == 86_400 for one in days[PICTURE] if one.is_full)
    assert days[PICTURE][0].date() == "2026-09-07"
    assert totals(days[SOUND]) == {"sound_off": 3_600}
    assert store.days("unit-2") == {}
    assert store.uneven_day_count == 0


def test_days_that_do_not_add_up_are_stored_as_events_only(tmp_path):
    store = Store(tmp_path / "cmc.sqlite")
    rows = (
        {"recorded_s": 86_399},
        {"recorded_s": 86_400, "power_s": 1},
        {"recorded_s": -1},
        {"recorded_s": "all"},
        {"day": "Monday", "recorded_s": 86_400},
        {"day": 10**12, "recorded_s": 86_400},
        {"stream": 7, "recorded_s": 86_400},
        {"is_full": 1, "recorded_s": 86_400},
    )
    for at, row in enumerate(rows):
        fields = {"day": DAY, **row}
        tell(store, at + 1, fields.pop("day"), **fields)
    assert store.uneven_day_count == len(rows)
    assert store.days("unit-1") == {}
    assert len(store.events("unit-1", 100)) == len(rows)


def test_the_command_line_tells_the_days_and_names_what_is_not_there(tmp_path):
    store = Store(tmp_path / "cmc.sqlite")
    for unit in ("unit-1", "unit-2"):
        store.register(unit, "gateway", "yard-7", "R. Officer")
    a_month(store)
    store.close()
    runner, folder = CliRunner(), ["days", "--cmc", str(tmp_path)]
    told = json.loads(runner.invoke(app, [*folder, "--json"]).stdout)
    assert [(one["unit"], one["stream"]) for one in told] == [
        ("unit-1", PICTURE), ("unit-1", SOUND),
    ]  # fmt: skip
    assert all(sum(one["seconds"].values()) == 86_400 for one in told[0]["days"][:-1])
    assert told[0]["totals"]["recorded"] == sum(
        one["seconds"]["recorded"] for one in told[0]["days"]
    )
    text = runner.invoke(app, [*folder, "--unit", "unit-1", "--camera", "dome-1"]).stdout
    assert "2026-09-07" in text and "so far" in text and "overwritten" in text
    assert "Nothing was told of unit-2" in runner.invoke(app, [*folder, "--unit", "unit-2"]).stdout
    for arguments, word in (
        ([*folder, "--unit", "unit-9"], "unit-9"),
        (["days", "--cmc", str(tmp_path / "none")], "--cmc"),
    ):
        refused = runner.invoke(app, arguments)
        assert refused.exit_code == 2 and word in refused.stderr, arguments


@pytest.mark.slow
@pytest.mark.clause("C26")
def test_the_page_shows_a_strip_and_a_table_that_say_the_same(tmp_path):
    centre = Centre(tmp_path, ["unit-1"])
    try:
        a_month(centre.store)
        centre.server.open()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
            )
            page = browser.new_page()
            page.goto(centre.server.url)
            expect(page.locator('a[href="/days"]')).to_be_visible()
            page.goto(centre.server.url.split("?")[0] + "days")
            stream = page.locator(f'[data-stream="unit-1/{PICTURE}"]')
            expect(stream.locator(".strip .day")).to_have_count(31)
            expect(stream.locator(".strip .today")).to_have_count(1)
            part = stream.locator(".strip .day").nth(0).locator(".c-overwritten")
            assert part.evaluate("one => one.getBoundingClientRect().height") > 15
            stream.locator("summary").click()
            table = stream.get_by_role("table", name="seconds by day")
            expect(table.locator("tbody tr")).to_have_count(31)
            cells = table.locator("tbody tr").nth(0).locator("th, td").all_inner_texts()
            assert cells[0] == "2026-09-07" and cells[-1] == "86,400", cells
            expect(table.locator("thead th").nth(1)).to_have_text("recorded")
            page.screenshot(path=str(tmp_path / "days.png"), full_page=True)
            stranger = browser.new_context().request.get(
                centre.server.url.split("?")[0] + "api/days"
            )
            assert stranger.status == 403
            browser.close()
    finally:
        centre.close()
