"""Pictures of presets on disk: each sealed, bound to the permit of its day, dead after 31 days.

A picture is sealed with a key of the epoch in which it was taken, from a chain of its own that
steps as the keyholder's do. When its epoch is stepped over nobody can open it again, in this file
or in a copy of it; the row is deleted as well. The chain is in a file of its own, which must not
be backed up: an old copy of it would bring back what has died.

A permit says which places are private. A picture is shown only while the unit has the permit under
which it was taken, and destroyed when the unit tells of another.
"""

import secrets
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

from firmware.cbor.encode import dumps
from firmware.keys.ratchet import Ratchet, epoch_of
from hal.api.cipher import NONCE_BYTES, SUITE_AES_256_GCM
from hal.linux.cipher import OpenSslCipher
from host_tools.cmc.keyholder import SECRET_BYTES, Keyholder
from host_tools.cmc.site_keyholder import CLOCK_FILE

KEYS_FILE = "preset_keys.sqlite"
CHAIN = ("", "preset pictures")
LABEL = b"preset picture"
STEP_EVERY_MS = 1_000
SCHEMA = """
CREATE TABLE IF NOT EXISTS pictures (
    unit TEXT NOT NULL, camera TEXT NOT NULL, number INTEGER NOT NULL, permit TEXT NOT NULL,
    utc_ms INTEGER NOT NULL, epoch INTEGER NOT NULL, sealed BLOB NOT NULL,
    PRIMARY KEY (unit, camera, number)
);
"""
Preset = tuple[str, str, int]
"""Unit, camera and number."""


class PictureKeys(Keyholder):
    """The chain under which pictures are sealed, and its clock.

    Where the folder is that of a site that stands alone, whose own store trusts no wall clock, the
    chain is made anew at each start: pictures then die with the process.

    Args:
        folder: of the CMC.
        utc_ms: its wall clock.
        now_ms: monotonic.

    Attributes:
        is_new: whether the chain was made at this start, so that nothing kept can be opened.
    """

    def __init__(self, folder: Path, utc_ms: Callable[[], int], now_ms: Callable[[], int]) -> None:
        super().__init__(folder / KEYS_FILE, utc_ms, now_ms)
        if (folder / CLOCK_FILE).exists():
            self.erase(*CHAIN)
        self.is_new = not self.chains(CHAIN[0])
        if self.is_new:
            self.add(*CHAIN, self.oldest_epoch(), secrets.token_bytes(SECRET_BYTES))
        self.step()

    def key(self, epoch: int) -> bytes:
        """Give the key of an epoch; b"" when it is dead or never was."""
        self.step()
        held = self._held(*CHAIN)
        if held is None or epoch < held[0]:
            return b""
        chain = Ratchet(OpenSslCipher(), *held)
        return chain.content_key(LABEL) if chain.advance(epoch) else b""


class PresetPictures:
    """The pictures of all presets; the caller holds the lock.

    Args:
        file: where they are kept.
        lock: that everybody who uses the file holds.
        keys: seals them.

    Attributes:
        damaged_count: pictures that could not be opened, though their time was not over.
    """

    def __init__(self, file: sqlite3.Connection, lock: threading.RLock, keys: PictureKeys) -> None:
        self._file = file
        self._lock = lock
        self._keys = keys
        self._cipher = OpenSslCipher()
        self.damaged_count = 0
        with lock:
            file.execute("PRAGMA secure_delete=ON")
            file.executescript(SCHEMA)
            if keys.is_new:
                file.execute("DELETE FROM pictures")

    def close(self) -> None:
        """Let go of the file of keys; idempotent."""
        self._keys.close()

    def put(self, preset: Preset, permit: str, utc_ms: int, jpeg: bytes) -> bool:
        """Keep a picture in place of the one before; False when it is too old to be kept.

        Args:
            preset: whose it is.
            permit: that the unit had when it was taken.
            utc_ms: when, the earlier of what unit and CMC say, so that a clock that is ahead does
                not lengthen a life.
            jpeg: the still, zones filled.
        """
        epoch = epoch_of(utc_ms)
        with self._lock:
            self.drop(preset)
            key = self._keys.key(epoch)
            if not key:
                return False
            nonce = secrets.token_bytes(NONCE_BYTES)
            bound = _bound(preset, permit, utc_ms)
            sealed = nonce + self._cipher.seal(key, nonce, bound, jpeg)
            row = (*preset, permit, utc_ms, epoch, sealed)
            self._file.execute("INSERT INTO pictures VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        return True

    def find(self, preset: Preset, permit: str) -> bytes:
        """Open the picture of a preset; b"" for none, or one of another permit or a dead epoch."""
        with self._lock:
            row = self._file.execute(
                "SELECT utc_ms, epoch, sealed FROM pictures"
                " WHERE unit = ? AND camera = ? AND number = ? AND permit = ?",
                (*preset, permit),
            ).fetchone()
            if row is None:
                return b""
            utc_ms, epoch, sealed = row
            key = self._keys.key(epoch)
            if not key:
                self.drop(preset)
                return b""
            jpeg = self._cipher.unseal(
                SUITE_AES_256_GCM,
                key,
                sealed[:NONCE_BYTES],
                _bound(preset, permit, utc_ms),
                sealed[NONCE_BYTES:],
            )
            if jpeg is None:
                self.damaged_count += 1
                self.drop(preset)
                return b""
            return jpeg

    def times(self, unit: str, permit: str) -> dict[tuple[str, int], int]:
        """Tell when the pictures of a unit were taken: camera and number to UTC milliseconds."""
        with self._lock:
            rows = self._file.execute(
                "SELECT camera, number, utc_ms FROM pictures WHERE unit = ? AND permit = ?",
                (unit, permit),
            ).fetchall()
        return {(str(camera), int(number)): int(utc_ms) for camera, number, utc_ms in rows}

    def drop(self, preset: Preset) -> int:
        """Destroy the picture of a preset; returns how many went."""
        return self._file.execute(
            "DELETE FROM pictures WHERE unit = ? AND camera = ? AND number = ?", preset
        ).rowcount

    def drop_others(self, unit: str, permit: str) -> int:
        """Destroy what was taken of a unit under another permit; returns how many went."""
        return self._file.execute(
            "DELETE FROM pictures WHERE unit = ? AND permit <> ?", (unit, permit)
        ).rowcount

    def step(self) -> int:
        """Step the chain, and destroy the pictures that are dead; returns how many went."""
        with self._lock:
            self._keys.step()
            return self._file.execute(
                "DELETE FROM pictures WHERE epoch < ?", (self._keys.oldest_epoch(),)
            ).rowcount


def _bound(preset: Preset, permit: str, utc_ms: int) -> bytes:
    """Write what a picture is bound to, so that no row can pass for another."""
    unit, camera, number = preset
    return dumps([unit, camera, number, permit, utc_ms])
