"""A unit that records into a pool file, with the keyholder who can release its epochs."""

import hashlib
import hmac
import os
from pathlib import Path

from firmware.keys.ratchet import Ratchet, epoch_of
from firmware.recorder.service import RecorderService
from firmware.recorder.settings import RecorderSettings
from firmware.ring import layout, recovery
from hal.api.media import AccessUnit, StreamParameters
from hal.linux.cipher import KernelEntropy, OpenSslCipher
from host_tools.cmc.footage import Footage
from host_tools.evidence import export as made
from host_tools.evidence.export import ExportResult, Release
from host_tools.evidence.manifest import Papers
from host_tools.evidence.pool import SegmentName
from host_tools.evidence.signing import Signer

START_UTC_MS = 1_800_000_000_000
PICTURE, SOUND = "yard-2/picture", "yard-2/sound"
GRANT = "g-17"
SOUND_CHAIN = "sound:" + GRANT


class PoolRig:
    """Records into a file at once; time is what the units say."""

    def __init__(
        self, path: Path, segment_bytes: int = 1 << 20, slots: int = 16, spare_bytes: int = 0
    ) -> None:
        self.path = path
        self.cipher = OpenSslCipher()
        size = 2 * 4096 + 2 * slots * segment_bytes + spare_bytes
        wants = [(PICTURE, segment_bytes, 1), (SOUND, segment_bytes, 1)]
        planned = layout.plan_pool(self.cipher, os.urandom(16), "unit-7", size, wants)
        path.write_bytes(b"")
        os.truncate(path, size)
        self.size_bytes = size
        self._do(planned.format_plan(True))
        self.secrets = {"picture": bytes(32), SOUND_CHAIN: bytes([1]) * 32}
        self.first_epoch = epoch_of(START_UTC_MS) - 5
        self.boot = 0
        self.now_ms = 0
        self.base_utc_ms = START_UTC_MS
        self.released: list[str] = []
        self.start()

    def start(self, gap_ms: int = 0, quality: int = 2) -> None:
        """Boot, some time after the last end."""
        self.base_utc_ms += self.now_ms + gap_ms
        self.boot += 1
        self.now_ms = 0
        pool = layout.load(self.read, self.size_bytes)
        recovered = recovery.recover(self.read, pool)
        settings = RecorderSettings(65536)
        entropy = KernelEntropy()
        self.service = RecorderService(self.cipher, entropy, pool, recovered, self.boot, settings)
        self.ratchets = {
            chain: Ratchet(self.cipher, self.first_epoch, secret)
            for chain, secret in self.secrets.items()
        }
        self.tell_time(quality)

    def tell_time(self, quality: int = 2) -> None:
        """Set the clock; the epochs follow true time."""
        utc_ms = self.base_utc_ms + self.now_ms
        self.service.set_time(utc_ms if quality else 0, quality, self.now_ms)
        for chain, ratchet in self.ratchets.items():
            ratchet.advance(epoch_of(utc_ms))
            self.service.set_epoch(chain, ratchet)

    def read(self, offset_bytes: int, length_bytes: int) -> bytes:
        """Read the pool."""
        with self.path.open("rb") as file:
            file.seek(offset_bytes)
            return file.read(length_bytes)

    def _do(self, plan: list[tuple[str, int, bytes]]) -> None:
        with self.path.open("r+b") as file:
            for kind, offset, data in plan:
                if kind == "write":
                    file.seek(offset)
                    file.write(data)

    def turn(self) -> None:
        """Do what the recorder plans; everything completes at once."""
        plan, _ = self.service.step(self.now_ms)
        self._do(plan)
        tokens = [self.now_ms * 1000 + at + 1 for at in range(len(plan))]
        self.service.on_submitted(tokens)
        for token in tokens:
            self.service.on_completion(token, "", self.now_ms)

    def open(self, stream: str, parameters: StreamParameters) -> None:
        """Open a stream under its chain."""
        chain = "picture" if stream == PICTURE else SOUND_CHAIN
        assert self.service.open_stream(stream, parameters, self.now_ms, chain) == ""

    def give(self, stream: str, unit: AccessUnit) -> None:
        """Record a unit at the moment it was received."""
        self.now_ms = max(self.now_ms, unit.now_ms)
        self.service.receive(stream, unit, unit.now_ms)
        self.turn()

    def settle(self) -> None:
        """Let two seconds pass."""
        for _ in range(4):
            self.now_ms += 600
            self.turn()

    def release(self, chain: str, wanted: list[SegmentName]) -> dict[SegmentName, bytes]:
        """Hand over content keys as a keyholder does, of every epoch there was."""
        self.released.append(chain)
        secret = self.secrets[chain]
        keys: dict[SegmentName, bytes] = {}
        for _ in range(100):
            key_id = hmac.digest(secret, b"contentid", hashlib.sha256)[:16]
            for name in wanted:
                if name[0] == key_id:
                    keys[name] = hmac.digest(secret, b"content" + name[1], hashlib.sha256)
            secret = hmac.digest(secret, b"next", hashlib.sha256)
        return keys


def request(from_ms: int, to_ms: int, **values: object) -> Footage:
    """Ask for a range counted from the start of the rig."""
    fields: dict[str, object] = {
        "unit": "unit-7",
        "camera": "yard-2",
        "from_utc_ms": START_UTC_MS + from_ms,
        "to_utc_ms": START_UTC_MS + to_ms,
        "purpose": 1,
        "reason": "theft of a bicycle",
        "case": "C-2026-11",
    }
    fields.update(values)
    return Footage(**fields)  # type: ignore[arg-type]


def papers(**values: object) -> Papers:
    """The papers of an accepted request."""
    fields: dict[str, object] = {
        "owner": "Example Borough Council",
        "permit": "P-unit-7",
        "place": "Mill Lane",
        "responsible": "A. Officer",
        "request": {
            "id": "E-0001",
            "sha256": "00",
            "utc_ms": 1,
            "person": "A",
            "role": "operator",
        },
        "review": {
            "sha256": "01",
            "utc_ms": 2,
            "person": "B",
            "role": "supervisor",
            "reason": "c",
        },
        "export": {"utc_ms": 3, "person": "B", "role": "supervisor", "retention": "case"},
    }
    fields.update(values)
    return Papers(**fields)  # type: ignore[arg-type]


def export(
    path: Path,
    release: Release,
    footage: Footage,
    out: Path,
    rights: "Papers | None" = None,
) -> ExportResult:
    """Export at once, with a key of its own beside the folder."""
    signer = Signer.open(out.parent / "keys")
    with made.export(path, release, footage, rights or papers(), signer, out) as result:
        pass
    return result
