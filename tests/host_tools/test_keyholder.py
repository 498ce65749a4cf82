"""The keyholder can open the last 31 days, for those who may ask, and nothing older ever."""

import hashlib
import hmac
from pathlib import Path

import pytest

from firmware.keys.ratchet import EPOCH_MS, LIFE_MS
from host_tools.cmc.footage import Footage, Person, RefusedError
from host_tools.cmc.keyholder import Keyholder, ReleaseRefusedError
from host_tools.cmc.requests import Register

START_EPOCH = 3_000_000
SECRET = bytes(range(32))
ADA, BOB = Person("Ada", "operator"), Person("Bob", "supervisor")


class Wall:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.utc_ms = START_EPOCH * EPOCH_MS

        self.monotonic_ms = 0

    def __call__(self) -> int:
        """Tell the time."""
        return self.utc_ms

    def now_ms(self) -> int:
        """Tell how long it has been running."""
        return self.monotonic_ms


def _secret_at(epoch: int) -> bytes:
    secret = SECRET
    for _ in range(epoch - START_EPOCH):
        secret = hmac.new(secret, b"next", hashlib.sha256).digest()
    return secret


def _content_key(epoch: int, label: bytes) -> bytes:
    return hmac.new(_secret_at(epoch), b"content" + label, hashlib.sha256).digest()


def _name(epoch: int, number: int = 0) -> tuple[bytes, bytes]:
    """Name a segment of an epoch."""
    return _content_key(epoch, b"id")[:16], b"T" * 16 + number.to_bytes(8, "big") + bytes(16)


class Room:
    """A keyholder and a register on one clock."""

    def __init__(self, path: Path) -> None:
        self.wall = Wall()
        self.holder = Keyholder(path / "keyholder.sqlite", self.wall, self.wall.now_ms)
        self.register = Register(path / "evidence.sqlite", self.wall)
        self.holder.add("unit-1", "picture", START_EPOCH, SECRET)

    def accepted(self, first: int, last: int, **values: object) -> str:
        """Ask for a range of epochs counted from the start, and have it accepted."""
        footage = Footage(
            "unit-1",
            "dome-1",
            (START_EPOCH + first) * EPOCH_MS,
            (START_EPOCH + last + 1) * EPOCH_MS,
            1,
            "robbery at the gate",
            "CR/2026/17",
            **values,  # type: ignore[arg-type]
        )
        request_id = self.register.request(ADA, footage)
        self.register.review(request_id, BOB, True, "the case is known")
        return request_id

    def release(
        self, request_id: str, wanted: list[tuple[bytes, bytes]], chain: str = "picture"
    ) -> dict[tuple[bytes, bytes], bytes]:
        """Release as the export does."""
        return self.holder.release(self.register, request_id, BOB, chain, wanted)

    def close(self) -> None:
        """Let go of the files."""
        self.holder.close()
        self.register.close()


@pytest.mark.clause("C31")
def test_only_segments_of_the_range_get_their_key_and_it_is_written_down(tmp_path: Path):
    room = Room(tmp_path)
    room.wall.utc_ms += 20 * EPOCH_MS
    request_id = room.accepted(3, 5)
    every = [_name(START_EPOCH + epoch, epoch) for epoch in range(20)]
    got = room.release(request_id, every)
    assert got == {
        every[epoch]: _content_key(START_EPOCH + epoch, every[epoch][1]) for epoch in (2, 3, 4, 5)
    }
    values = set(got.values())
    assert not values & {_secret_at(START_EPOCH + epoch) for epoch in range(20)}
    told = room.register.case(request_id).record("keys").body
    assert (told["chain"], told["first_epoch"], told["last_epoch"], told["key_count"]) == (
        "picture",
        START_EPOCH + 2,
        START_EPOCH + 5,
        4,
    )
    assert told["person"] == "Bob"
    room.close()


@pytest.mark.clause("C28")
def test_an_epoch_dies_when_its_first_millisecond_is_31_days_old(tmp_path: Path):
    room = Room(tmp_path)
    room.wall.utc_ms += EPOCH_MS
    request_id = room.accepted(0, 0)
    room.wall.utc_ms = START_EPOCH * EPOCH_MS + LIFE_MS - 1
    assert len(room.release(request_id, [_name(START_EPOCH)])) == 1
    room.wall.utc_ms += 1
    with pytest.raises(ReleaseRefusedError, match="is dead since"):
        room.release(request_id, [_name(START_EPOCH)])
    kinds = [record.kind for record in room.register.case(request_id).records]
    assert kinds == ["request", "review", "keys"]
    room.close()


def test_no_file_of_the_keyholder_keeps_a_dead_secret(tmp_path: Path):
    room = Room(tmp_path)
    room.wall.utc_ms += LIFE_MS + 40 * EPOCH_MS
    assert room.holder.step() == 1
    room.wall.utc_ms -= LIFE_MS
    assert room.holder.step() == 0
    request_id = room.accepted(39, 39)
    with pytest.raises(ReleaseRefusedError):
        room.release(request_id, [_name(START_EPOCH + 39)])
    room.close()
    for path in tmp_path.iterdir():
        data = path.read_bytes()
        for epoch in range(START_EPOCH, START_EPOCH + 41):
            assert _secret_at(epoch) not in data, (path.name, epoch)
        assert path.name != "keyholder.sqlite" or _secret_at(START_EPOCH + 41) in data


def test_a_restart_forgets_nothing_and_brings_nothing_back(tmp_path: Path):
    room = Room(tmp_path)
    room.wall.utc_ms += LIFE_MS + EPOCH_MS
    room.holder.step()
    request_id = room.accepted(2, 2)
    room.holder.close()
    room.holder = Keyholder(tmp_path / "keyholder.sqlite", room.wall, room.wall.now_ms)
    room.holder.add("unit-1", "picture", START_EPOCH, SECRET)
    name, dead = _name(START_EPOCH + 2), _name(START_EPOCH + 1)
    assert room.release(request_id, [name, dead]) == {name: _content_key(START_EPOCH + 2, name[1])}
    room.close()


@pytest.mark.clause("C28")
def test_a_clock_put_back_lengthens_no_life(tmp_path: Path):
    room = Room(tmp_path)
    room.wall.utc_ms += EPOCH_MS
    room.holder.step()
    request_id = room.accepted(0, 0)
    room.wall.utc_ms -= 400 * EPOCH_MS  # put back while it runs, and it runs on
    room.wall.monotonic_ms = LIFE_MS - 2 * EPOCH_MS
    assert len(room.release(request_id, [_name(START_EPOCH)])) == 1
    room.wall.monotonic_ms += EPOCH_MS
    with pytest.raises(RefusedError, match="is dead since"):
        room.release(request_id, [_name(START_EPOCH)])
    room.holder.close()
    room.wall.monotonic_ms = 0  # put back while it was off
    room.holder = Keyholder(tmp_path / "keyholder.sqlite", room.wall, room.wall.now_ms)
    assert room.holder.oldest_epoch() == START_EPOCH + 1
    room.close()


def test_what_is_not_of_the_request_is_not_released(tmp_path: Path):
    room = Room(tmp_path)
    for grant in ("grant-2", "grant-3"):
        room.holder.add("unit-1", f"sound:{grant}", START_EPOCH, SECRET)
    room.wall.utc_ms += 3 * EPOCH_MS
    silent = room.accepted(0, 0)
    sound = {"with_sound": True, "sound_reason": "threats", "grant": "grant-2"}
    loud = room.accepted(0, 0, **sound)
    name = _name(START_EPOCH)
    table = (
        (silent, "sound:grant-2", [name], "no sound"),
        (loud, "sound:grant-3", [name], "grant"),
        (loud, "other", [name], "grant"),
        (silent, "picture", [(b"", name[1])], "named by"),
        (silent, "picture", [(name[0], b"id")], "named by"),
        ("E-9999", "picture", [name], "E-9999"),
    )
    for request_id, chain, wanted, word in table:
        with pytest.raises(RefusedError, match=word):
            room.release(request_id, wanted, chain)
    cases = room.register.cases()
    assert [record.kind for case in cases for record in case.records] == ["request", "review"] * 2
    assert len(room.release(loud, [name], "sound:grant-2")) == 1
    room.holder.erase("unit-1", "sound:grant-2")
    with pytest.raises(RefusedError, match="no chain"):
        room.release(loud, [name], "sound:grant-2")
    room.close()


def test_a_chain_that_begins_after_the_range_says_so(tmp_path: Path):
    room = Room(tmp_path)
    room.wall.utc_ms += EPOCH_MS
    request_id = room.accepted(-3, -2)
    with pytest.raises(RefusedError, match="never under it"):
        room.release(request_id, [_name(START_EPOCH)])
    room.close()


def test_an_erased_chain_is_gone_and_another_cannot_take_its_place_unseen(tmp_path: Path):
    room = Room(tmp_path)
    holder = room.holder
    with pytest.raises(ReleaseRefusedError, match="held already"):
        holder.add("unit-1", "picture", START_EPOCH, bytes(32))
    assert holder.chains("unit-1") == ["picture"]
    assert holder.erase("unit-1", "picture")
    assert not holder.erase("unit-1", "picture")
    with pytest.raises(ValueError, match="32"):
        holder.add("unit-1", "picture", START_EPOCH, b"short")
    room.close()
