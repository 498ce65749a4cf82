"""Exports what an accepted request names: native footage, a signed manifest, and two verifiers.

Source: docs/formats/evidence.md.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firmware.cbor.encode import dumps
from firmware.keys.ratchet import EPOCH_MS, LIFE_MS, epoch_of
from host_tools.cmc.footage import Footage
from host_tools.evidence import joined
from host_tools.evidence.errors import EmptyError, NoKeyError, NoStreamError
from host_tools.evidence.folder import new_folder
from host_tools.evidence.manifest import Gathered, Papers, manifest
from host_tools.evidence.moment import iso
from host_tools.evidence.onvif import OnvifSigner
from host_tools.evidence.pool import KeyBox, PoolFile, SegmentName, name_of
from host_tools.evidence.signing import SIGNER_FILE, Signer, seal
from host_tools.evidence.timeline import Timeline
from host_tools.evidence.track import Selector, TrackWriter

PICTURE_CHAIN = "picture"
SOUND_CHAIN = "sound:"
VERIFIERS = ("verify_alone.py", "verify.sh")
ONVIF_VERIFIER = "verify_onvif.py"

Release = Callable[[str, list[SegmentName]], dict[SegmentName, bytes]]
"""(chain, every segment of a stream) to the content keys of those in the range of the request."""


@dataclass(frozen=True)
class ExportResult:
    """What was exported.

    Attributes:
        folder: where it will be when it is complete.
        files: names of the footage, pictures first.
        manifest: as in docs/formats/evidence.md.
        manifest_sha256: of manifest.cbor, in hex.
    """

    folder: Path
    files: list[str]
    manifest: dict[str, Any]
    manifest_sha256: str

    def paths(self) -> list[Path]:
        """The footage, once the folder is there."""
        return [self.folder / name for name in self.files]

    def unit_count(self) -> int:
        """Access units that the ring gave."""
        return sum(record["unit_count"] for record in self.manifest["records"])

    def items(self) -> list[list[str]]:
        """Name and hash of each file of footage."""
        return [[file["name"], file["sha256"]] for file in self.manifest["files"]]


@contextmanager
def export(
    pool_path: Path,
    release: Release,
    footage: Footage,
    papers: Papers,
    signer: Signer,
    out_dir: Path,
) -> Generator[ExportResult]:
    """Export footage into a new folder, which is there only after the block that this opens.

    So the export can be written down before it exists: a copy that nobody knows of is worse than
    a line about a copy that is not there.

    Args:
        pool_path: the pool; the unit may be writing to it.
        release: hands over content keys; what it refuses is not caught here.
        footage: what the accepted request names.
        papers: by what right.
        signer: signs the manifest.
        out_dir: must not exist.
    """
    papers.check()
    with new_folder(out_dir) as partial, PoolFile(pool_path, footage.unit) as pool:
        got = Gathered()
        source = _Source(pool, release, footage, signer.onvif)
        tracks = [_stream(source, (partial, "picture", ""), got)]
        if footage.with_sound:
            tracks.append(_stream(source, (partial, "sound", "-sound"), got))
        if footage.is_joined:
            both = joined.join(partial, footage.camera, tracks[0], tracks[1], signer.onvif)
            got.files.extend(both)
        if signer.onvif is not None:
            got.certificate_sha256 = signer.onvif.fingerprint()
        told = manifest(pool, footage, papers, got)
        data = dumps(told)
        text = json.dumps(told, indent=1, ensure_ascii=False) + "\n"
        (partial / "manifest.json").write_text(text, "utf-8")
        (partial / "manifest.cbor").write_bytes(data)
        (partial / SIGNER_FILE).write_bytes(signer.public_pem())
        for name in (*VERIFIERS, *([ONVIF_VERIFIER] if signer.onvif is not None else [])):
            shutil.copyfile(Path(__file__).with_name(name), partial / name)
        seal(partial, data, signer)
        names = [file["name"] for file in got.files]
        yield ExportResult(out_dir, names, told, hashlib.sha256(data).hexdigest())


@dataclass(frozen=True)
class _Source:
    """Where footage comes from, and who signs its files."""

    pool: PoolFile
    release: Release
    footage: Footage
    onvif: OnvifSigner | None


def _stream(source: _Source, names: tuple[Path, str, str], got: Gathered) -> TrackWriter:
    folder, kind, suffix = names
    pool, footage = source.pool, source.footage
    stream = f"{footage.camera}/{kind}"
    partition = pool.layout.find(pool.cipher, stream)
    if partition is None:
        raise NoStreamError(
            f"the pool of unit {pool.layout.unit} has no partition for {stream!r}; check the "
            "camera's name in the unit's configuration"
        )
    keys = KeyBox()
    reader = pool.reader(keys)
    segments = reader.segments(partition)
    chain = PICTURE_CHAIN if kind == "picture" else SOUND_CHAIN + footage.grant
    keys.add(source.release(chain, [name_of(segment) for segment in segments]))
    for segment in segments:
        reader.open(segment)
    timeline = Timeline(reader, segments)
    if timeline.is_empty():
        raise NoKeyError(_why_no_key(stream, footage))
    selector = Selector(footage.from_utc_ms, footage.to_utc_ms)
    track = TrackWriter(folder, footage.camera + suffix, stream, source.onvif)
    try:
        for piece in timeline.pieces(footage.from_utc_ms, footage.to_utc_ms):
            for chosen in selector.take(piece):
                track.write(chosen)
                got.note(stream, chosen)
    finally:
        track.close()
    if not track.files:
        raise EmptyError(
            f"nothing of {stream} was recorded from {iso(footage.from_utc_ms)} to "
            f"{iso(footage.to_utc_ms)}, or it has been overwritten; ask for another range"
        )
    track.mark_edges(footage.from_utc_ms, footage.to_utc_ms)
    got.damaged_count += reader.damaged_count
    got.add_track(stream, track)
    return track


def _why_no_key(stream: str, footage: Footage) -> str:
    dead_ms = epoch_of(footage.to_utc_ms - 1) * EPOCH_MS + LIFE_MS
    return (
        f"no key was released that opens anything of {stream} in this range; from {iso(dead_ms)} "
        "on all of it is dead (31 days); before that the keyholder must hold its chain, and the "
        "unit must have recorded under it"
    )
