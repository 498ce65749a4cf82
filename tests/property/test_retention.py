"""No byte is readable after 31 days, whatever the clocks say: 400 days, a judge, many timelines.

`LAMPPOST_SAMPLES=2000` lives through a thousand of each kind; `-s` prints the figures.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from firmware.keys import epoch_clock
from firmware.keys.ratchet import Ratchet
from firmware.state.pages import StatePages
from hal.api.clock import UTC_SYNCED
from host_tools.cmc.keyholder import Keyholder
from tests.property.retention_judge import EPOCH_MS
from tests.property.retention_life import SLACK_MS, Life

SEED = int(os.environ.get("LAMPPOST_SEED", "20261124"))
SAMPLE_COUNT = int(os.environ.get("LAMPPOST_SAMPLES", "16"))
PLANTED_COUNT = 12
EARLY_MS = 600_000


def live(count: int, folder: Path, is_trusted: bool) -> dict[str, int]:
    """Live through timelines; returns figures, and says which seed went wrong."""
    told = {"records": 0, "looks": 0, "expired": 0, "least_margin_ms": 1 << 40, "early_ms": 0}
    for seed in range(SEED, SEED + count):
        life = Life(seed, folder, is_trusted)
        faults = life.run()
        assert not faults, f"seed {seed}, trusted {is_trusted}: {faults[:3]}"
        told["records"] += len(life.records())
        told["looks"] += life.judged_count
        told["expired"] += life.expired_count
        told["least_margin_ms"] = min(told["least_margin_ms"], life.least_margin_ms)
        told["early_ms"] = max(told["early_ms"], life.most_early_ms)
        life.keyholder_path.unlink()
    return told


@pytest.mark.slow
@pytest.mark.clause("C28")
@pytest.mark.clause("C10")
def test_no_clock_and_no_drawer_makes_a_recording_live_longer(tmp_path: Path):
    told = live(SAMPLE_COUNT // 2, tmp_path, is_trusted=False)
    print(f"\nbad clocks, {SAMPLE_COUNT // 2} timelines from seed {SEED}: {told}")
    assert told["least_margin_ms"] >= 0
    assert told["records"] > 50 * (SAMPLE_COUNT // 2)


@pytest.mark.slow
@pytest.mark.clause("C28")
def test_with_a_link_a_recording_dies_one_epoch_early_and_its_lag(tmp_path: Path):
    told = live(SAMPLE_COUNT - SAMPLE_COUNT // 2, tmp_path, is_trusted=True)
    print(f"\nwith a link, {SAMPLE_COUNT // 2} timelines from seed {SEED}: {told}")
    assert told["least_margin_ms"] >= 0
    assert EPOCH_MS < told["early_ms"] <= EPOCH_MS + SLACK_MS + 200 < EARLY_MS


def caught(folder: Path, is_trusted: bool) -> str:
    """Find the first fault that some timeline shows."""
    for seed in range(SEED, SEED + PLANTED_COUNT):
        faults = Life(seed, folder, is_trusted).run()
        if faults:
            return faults[0]
    return ""


Plant = Callable[[pytest.MonkeyPatch], None]


def _one_page(patch: pytest.MonkeyPatch) -> None:
    plan = StatePages.plan
    patch.setattr(StatePages, "plan", lambda pages, both=False: plan(pages))  # noqa: ARG005


PLANTED: tuple[tuple[str, bool, str, Plant], ...] = (
    (
        "a synchronised clock moves the epoch",
        False,
        "ahead of time",
        lambda patch: patch.setattr(epoch_clock, "UTC_PROVEN", UTC_SYNCED),
    ),
    (
        "what is still on its way is forgotten",
        True,
        "ahead of time",
        lambda patch: patch.setattr(epoch_clock, "CAPTURE_MS", 0),
    ),
    (
        "the monotonic clock is taken for right",
        False,
        "ahead of time",
        lambda patch: patch.setattr(epoch_clock, "DRIFT_DIVISOR", 1 << 40),
    ),
    (
        "the state pages keep the key of this boot",
        True,
        "a thief reads",
        lambda patch: patch.setattr(Ratchet, "to_map", lambda one: {1: one.epoch, 2: one._secret}),
    ),
    ("only one state page is rewritten", True, "a thief reads", _one_page),
    (
        "the keyholder does not step",
        True,
        "read at an age",
        lambda patch: patch.setattr(Keyholder, "step", lambda _: 0),
    ),
)


@pytest.mark.slow
def test_each_planted_bug_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name, is_trusted, wanted, plant in PLANTED:
        with monkeypatch.context() as patch:
            plant(patch)
            folder = tmp_path / name.replace(" ", "_")
            folder.mkdir()
            assert wanted in caught(folder, is_trusted), name
