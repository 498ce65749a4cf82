"""The keyholder can open the last 31 days, for those who may ask, and nothing older ever."""

import hashlib
import hmac
from pathlib import Path

import pytest

from firmware.keys.ratchet import EPOCH_MS, LIFE_MS
from host_tools.cmc.keyholder import Keyholder, ReleaseRefusedError, Request

START_EPOCH = 3_000_000
SECRET = bytes(range(32))
REQUEST = Request("Ada Lovelace", "supervisor", 1, "robbery at the gate", "CR/2026/17")


class Wall:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.utc_ms = START_EPOCH * EPOCH_MS

    def __call__(self) -> int:
        """Tell the time."""
        return self.utc_ms


def _secret_at(epoch: int) -> bytes:
    secret = SECRET
    for _ in range(epoch - START_EPOCH):
        secret = hmac.new(secret, b"next", hashlib.sha256).digest()
    return secret


def _holder(path: Path) -> tuple[Keyholder, Wall]:
    wall = Wall()
    holder = Keyholder(path / "keyholder.sqlite", wall)
    holder.add("unit-1", "picture", START_EPOCH, SECRET)
    return holder, wall


def test_a_range_of_living_epochs_is_released_and_written_down(tmp_path: Path):
    holder, wall = _holder(tmp_path)
    wall.utc_ms += 10 * EPOCH_MS
    got = holder.release("unit-1", "picture", START_EPOCH + 3, START_EPOCH + 5, REQUEST)
    assert got == {START_EPOCH + n: _secret_at(START_EPOCH + n) for n in (3, 4, 5)}
    assert holder.releases() == [
        ("unit-1", "picture", START_EPOCH + 3, START_EPOCH + 5, "Ada Lovelace", "CR/2026/17")
    ]
    holder.close()


def test_an_epoch_dies_when_its_first_millisecond_is_31_days_old(tmp_path: Path):
    holder, wall = _holder(tmp_path)
    wall.utc_ms += LIFE_MS - 1
    assert len(holder.release("unit-1", "picture", START_EPOCH, START_EPOCH, REQUEST)) == 1
    wall.utc_ms += 1
    with pytest.raises(ReleaseRefusedError, match="is dead since"):
        holder.release("unit-1", "picture", START_EPOCH, START_EPOCH, REQUEST)
    assert len(holder.releases()) == 1
    holder.close()


def test_no_file_of_the_keyholder_keeps_a_dead_secret(tmp_path: Path):
    holder, wall = _holder(tmp_path)
    wall.utc_ms += LIFE_MS + 40 * EPOCH_MS
    assert holder.step() == 1
    wall.utc_ms -= LIFE_MS
    assert holder.step() == 0
    with pytest.raises(ReleaseRefusedError):
        holder.release("unit-1", "picture", START_EPOCH + 40, START_EPOCH + 41, REQUEST)
    holder.close()
    for path in tmp_path.iterdir():
        data = path.read_bytes()
        for epoch in range(START_EPOCH, START_EPOCH + 41):
            assert _secret_at(epoch) not in data, (path.name, epoch)
        assert path.name != "keyholder.sqlite" or _secret_at(START_EPOCH + 41) in data


def test_a_restart_forgets_nothing_and_brings_nothing_back(tmp_path: Path):
    holder, wall = _holder(tmp_path)
    wall.utc_ms += LIFE_MS + EPOCH_MS
    holder.step()
    holder.close()
    again = Keyholder(tmp_path / "keyholder.sqlite", wall)
    epoch = START_EPOCH + 2
    assert again.release("unit-1", "picture", epoch, epoch, REQUEST) == {epoch: _secret_at(epoch)}
    again.add("unit-1", "picture", START_EPOCH, SECRET)
    with pytest.raises(ReleaseRefusedError):
        again.release("unit-1", "picture", START_EPOCH, epoch, REQUEST)
    again.close()


def test_who_does_not_say_why_gets_nothing(tmp_path: Path):
    holder, _ = _holder(tmp_path)
    holder.add("unit-1", "sound:grant-2", START_EPOCH, SECRET)
    sound = "sound:grant-2"
    table = (
        ("picture", Request("", "supervisor", 1, "why", "case"), "person"),
        ("picture", Request("Ada", "supervisor", 1, " ", "case"), "reason"),
        ("picture", Request("Ada", "supervisor", 1, "why", ""), "case"),
        ("picture", Request("Ada", "operator", 1, "why", "case"), "role"),
        ("picture", Request("Ada", "engineer", 1, "why", "case"), "role"),
        ("picture", Request("Ada", "supervisor", 0, "why", "case"), "purpose"),
        ("picture", Request("Ada", "supervisor", 15, "why", "case"), "purpose"),
        (sound, Request("Ada", "supervisor", 1, "why", "case", "", "grant-2"), "reason"),
        (sound, Request("Ada", "supervisor", 1, "why", "case", "threats", "grant-3"), "grant"),
        ("other", REQUEST, "held"),
    )
    for chain, request, word in table:
        with pytest.raises(ReleaseRefusedError, match=word):
            holder.release("unit-1", chain, START_EPOCH, START_EPOCH, request)
    for epochs in ((START_EPOCH - 1, START_EPOCH), (START_EPOCH + 1, START_EPOCH)):
        with pytest.raises(ReleaseRefusedError):
            holder.release("unit-1", "picture", *epochs, REQUEST)
    assert holder.releases() == []
    allowed = Request("Ada", "supervisor", 1, "why", "case", "threats were spoken", "grant-2")
    assert len(holder.release("unit-1", sound, START_EPOCH, START_EPOCH, allowed)) == 1
    holder.close()


def test_an_erased_chain_is_gone_and_another_cannot_take_its_place_unseen(tmp_path: Path):
    holder, _ = _holder(tmp_path)
    with pytest.raises(ReleaseRefusedError, match="held already"):
        holder.add("unit-1", "picture", START_EPOCH, bytes(32))
    assert holder.chains("unit-1") == ["picture"]
    assert holder.erase("unit-1", "picture")
    assert not holder.erase("unit-1", "picture")
    with pytest.raises(ReleaseRefusedError, match="no chain"):
        holder.release("unit-1", "picture", START_EPOCH, START_EPOCH, REQUEST)
    with pytest.raises(ValueError, match="32"):
        holder.add("unit-1", "picture", START_EPOCH, b"short")
    holder.close()
